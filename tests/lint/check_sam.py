"""Holds what `make package` gives to SAM to what SAM's own parser makes of it. Runs with SAM's Python."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from samcli.cli.types import CfnParameterOverridesType

ROOT = Path(__file__).resolve().parents[2]
# A value that SAM would cut at its first blank.
VALUE = "Exempt=control=vpc-flow-logs account=111122223333; control=all region=eu-*"


def recipe(target: str, *given: str) -> str:
    """What make would run."""
    command = ["make", "--dry-run", "--no-print-directory", target, *given]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return ran.stdout.replace("\\\n", "")


def main() -> int:
    problems = []
    for line in recipe("package", "ARCH=x86_64", "REGION=eu-west-1", "PACKAGED=/a folder/x", f"PARAMETERS={VALUE}").splitlines():
        given = re.search(r"--parameter-overrides (.*)", line)
        if given:
            read = CfnParameterOverridesType().convert(tuple(shlex.split(given[1])), None, None)
            if read != {"Architecture": "x86_64"}:
                problems.append(f"`make package` gives SAM {read}")
    if "sam " in "\n".join(it for it in recipe("deploy", f"PARAMETERS={VALUE}").splitlines() if "pip" not in it and "venv" not in it):
        problems.append("`make deploy` gives values to SAM")
    print("\n".join(problems) or "SAM is told the architecture and nothing else")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
