"""What is shown while something takes its time: that it goes on, how far it is, and how long it took.

`python3 -m waiting TEXT COMMAND` runs a command of the shell so, and shows what it said only where it fails.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from screen import COLOUR, WIDTH

EACH = 2.0
"""Seconds between two signs of life."""
OFTEN = 15
"""How many of them there are at most before it says again how far it is."""


class Waiting:
    """A line that lives while the block runs: "Building the function trail ... 40 % ... 80 % 95 s".

    `progress` says how far it is, as in "120 of 340 crates, about 3 min left", and its share in percent. On a
    terminal that stands behind the text and changes; elsewhere there are dots, and each tenth of the way or half a minute.
    """

    def __init__(self, text: str, progress: Callable[[], tuple[int, str]] | None = None) -> None:
        self.text = text
        self.progress = progress
        self._begun = time.monotonic()
        self._over = threading.Event()
        self._tenths = 0
        self._column = len(text)
        self._thread = threading.Thread(target=self._live, daemon=True)

    def __enter__(self) -> Self:
        print(self.text, end="", flush=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if COLOUR and self.progress:
            print(f"\r\x1b[K{self.text}", end="")
        print(" failed" if kind else f" {time.monotonic() - self._begun:.0f} s", flush=True)

    def _live(self) -> None:
        for turn in itertools.count(1):
            if self._over.wait(EACH):
                return
            if self.progress is None:
                self._add(".")
                continue
            percent, told = self.progress()
            if COLOUR:
                print(f"\r\x1b[K{f'{self.text} {told}'[: WIDTH - 1]}", end="", flush=True)
            elif percent // 10 > self._tenths or turn % OFTEN == 0:
                self._tenths = percent // 10
                self._add(f" {told} ")
            else:
                self._add(".")

    def _add(self, text: str) -> None:
        """Goes on in the line, or begins another where it is full."""
        if self._column + len(text) > WIDTH:
            print("\n  ", end="")
            self._column = 2
        self._column += len(text)
        sys.stdout.write(text)
        sys.stdout.flush()


def main(text: str, command: str) -> int:
    """Runs the command, and returns its exit code."""
    try:
        with Waiting(text):
            subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError as failed:
        print(failed.stdout + failed.stderr, file=sys.stderr)
        return failed.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
