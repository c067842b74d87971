"""Takes the picture of the access report that the README shows: a real run over a made day, in a real browser."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from access_lines import ADMIN, Line, day, text
from access_report import KNOWN, run
from chromium import Browser, chromium
from repository import ROOT

PICTURE = ROOT / "docs" / "access-report.png"
WIDTH, HEIGHT = 1000, 900


def main() -> int:
    program = chromium()
    if not program:
        print("Missing: Chromium: on Debian and Ubuntu, apt install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as place, Browser(program) as browser:
        folder = Path(place)
        gone = [Line(ADMIN, "REST.DELETE.OBJECT", 6_200 + 15 * n, key=f"AWSLogs/{n}.json.gz") for n in range(24)]
        (folder / "log").write_text(text(*(line for line in [*day(), *gone] if isinstance(line, Line))))
        done = run("log", "--html", "report.html", *KNOWN, folder=folder)
        if done.code:
            print(done.err, file=sys.stderr)
            return done.code
        browser.call("Emulation.setScrollbarsHidden", hidden=True)
        browser.open(folder / "report.html", WIDTH, HEIGHT)
        browser.screenshot(PICTURE, whole=False)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
