"""What a local run needs and this machine lacks, each with its cure, in one line. Runs with any Python 3, and no package.

`python3 needs.py GIBIBYTES` exits with 1 where something is missing.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = (3, 11)
GIBIBYTE = 1 << 30


def lacking(target, gibibytes):
    """Each thing that is missing, and what to do."""
    found = []
    if sys.version_info < PYTHON:
        found.append(f"Python {PYTHON[0]}.{PYTHON[1]} or newer: python3 is {sys.version.split()[0]}")
    absent = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if absent:
        found.append(f"Python's module {' and '.join(absent)}: on Debian and Ubuntu, apt install python3-venv")
    found += rust()
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        found.append("a C compiler, which Rust links with: on Debian and Ubuntu, apt install build-essential")
    return found + space(Path(target), gibibytes)


def rust():
    """Cargo, of the version that Cargo.toml asks for."""
    cure = "install Rust from https://rustup.rs, or run `rustup update`"
    wanted = re.search(r'^rust-version = "(\d+)\.(\d+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    words = ".".join(wanted.groups())
    if not shutil.which("cargo"):
        return [f"cargo {words} or newer: {cure}"]
    said = subprocess.run(["cargo", "--version"], capture_output=True, text=True).stdout
    there = re.search(r"(\d+)\.(\d+)", said)
    if not there or tuple(map(int, there.groups())) < tuple(map(int, wanted.groups())):
        return [f"cargo {words} or newer: here is {said.strip() or 'one that does not start'}; {cure}"]
    return []


def space(target, gibibytes):
    """Room for what is compiled, where nothing is compiled yet."""
    if (target / "debug" / "trail").exists():
        return []
    there = next(folder for folder in (target, *target.resolve().parents) if folder.exists())
    free = shutil.disk_usage(there).free / GIBIBYTE
    if free >= gibibytes:
        return []
    return [f"disk space: {gibibytes} GB for {target}, and {free:.1f} GB are free; CARGO_TARGET_DIR puts it elsewhere"]


def main():
    missing = lacking(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target", int(sys.argv[1]))
    for thing in missing:
        print(f"Missing: {thing}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
