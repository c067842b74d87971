"""The functions of the demo, built as `cargo build` does, with how far it is and how long it still takes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from local_aws.running import Running
from local_aws.server import WORK
from repository import ROOT
from waiting import Waiting

MANIFEST = str(ROOT / "Cargo.toml")
LEAST = 20_000
"""What a crate counts for at least, in bytes of source: cargo starts a compiler for the smallest, too."""
OURS = 2
"""How much longer a byte of our own source takes than one of an SDK, most of which is data types."""


class BuildError(RuntimeError):
    """Cargo could not build a function; its own words."""


class Building(Running):
    """Builds groups of functions one after the other, while others are told about already.

    What one `cargo build` names shares the features of its dependencies: what is named together is
    compiled once.
    """

    def __init__(self, groups: Iterable[tuple[str, ...]]) -> None:
        self.groups = [Group(names) for names in groups]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._build, daemon=True)

    def start(self) -> None:
        """Begins with the first group."""
        self._thread.start()

    def stop(self) -> None:
        """Ends what is still being built."""
        self._ended.set()
        for group in self.groups:
            group.end()

    def _build(self) -> None:
        for group in self.groups:
            if not self._ended.is_set():
                group.build()

    def executable(self, function: str) -> Path:
        """Where the function is, once it is built; says how long that takes."""
        (group,) = (group for group in self.groups if function in group.names)
        if not group.done.wait(0.5):
            named = ", ".join(group.names)
            with Waiting(f"Building the function{'s' * (len(group.names) > 1)} {named}:", group.progress):
                group.done.wait()
        if group.error:
            raise BuildError(group.error)
        return group.executables[function]


class Group:
    """Functions that are built together."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.executables: dict[str, Path] = {}
        self.error = ""
        self.done = threading.Event()
        self._cargo: subprocess.Popen[bytes] | None = None
        self._sizes: dict[str, int] = {}
        self._seen: set[str] = set()
        self._compiled = 0
        self._begun = 0.0

    @property
    def log(self) -> Path:
        """What cargo says."""
        return WORK / "logs" / f"cargo-{'-'.join(self.names)}.log"

    def build(self) -> None:
        """Builds them, and returns when it is done or has failed."""
        try:
            self._run()
        except OSError as failed:
            self.error = str(failed)
        finally:
            self.done.set()

    def _run(self) -> None:
        packages = [word for name in self.names for word in ("--package", name)]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = ["cargo", "build", "--locked", "--manifest-path", MANIFEST, *packages]
        self._begun = time.monotonic()
        sizes = threading.Thread(target=self._measure, args=(packages,), daemon=True)
        with self.log.open("wb") as log:
            self._cargo = subprocess.Popen(
                [*command, "--message-format", "json-render-diagnostics"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                # A group of its own, so that the compilers that cargo started end with it.
                process_group=0,
            )
            sizes.start()
            assert self._cargo.stdout
            self._read(self._cargo.stdout)
        if self._cargo.wait():
            self.error = f"`{' '.join(command)}` failed:\n{self.log.read_text(errors='replace')[-3000:]}"

    def _read(self, messages: IO[bytes]) -> None:
        for line in messages:
            message = json.loads(line)
            if message["reason"] != "compiler-artifact":
                continue
            if message["executable"] and message["target"]["name"] in self.names:
                self.executables[message["target"]["name"]] = Path(message["executable"])
            if "custom-build" not in message["target"]["kind"]:
                name = _crate(message["package_id"])
                self._seen.add(name)
                self._compiled += 0 if message["fresh"] else self._sizes.get(name, LEAST)

    def _measure(self, packages: list[str]) -> None:
        """How much source each crate has, which is about how long it takes to compile."""
        command = ["cargo", "tree", "--locked", "--manifest-path", MANIFEST, *packages]
        listed = subprocess.run(
            [*command, "--edges", "normal,build", "--prefix", "none", "--format", "{p}"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )
        home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
        sources = {folder.name: folder for folder in home.glob("registry/src/*/*")}
        sizes = {}
        for line in listed.stdout.splitlines():
            name, version, *ours = line.split()
            crate = f"{name}-{version.removeprefix('v')}"
            folder = sources.get(crate, Path(ours[0].strip("()")) if ours else None)
            # Ours come last, with all that they have made of the others.
            sizes[crate] = (OURS if crate not in sources else 1) * _size(folder) if folder else LEAST
        self._sizes = sizes

    def progress(self) -> tuple[int, str]:
        """The share that is built, in percent, and the same in words with the time that is left."""
        spent = time.monotonic() - self._begun
        all_of, seen = len(self._sizes), set(self._seen)
        if not all_of or not seen:
            return 0, f"cargo looks for what is missing, {_time(spent)} so far"
        whole = sum(self._sizes.values())
        left = sum(size for name, size in self._sizes.items() if name not in seen)
        share = 100 * (whole - left) // whole
        told = f"{share} %, {min(len(seen), all_of)} of {all_of} crates, {_time(spent)} so far"
        if self._compiled * 20 > whole and left:
            told += f", about {_time(left * spent / self._compiled)} left"
        return share, told

    def end(self) -> None:
        """Ends cargo and its compilers."""
        if self._cargo and self._cargo.poll() is None:
            os.killpg(self._cargo.pid, signal.SIGTERM)
            self._cargo.wait()


def _crate(package_id: str) -> str:
    """The name and version in cargo's id of a package, as in ".../crates.io-index#serde@1.0.1" and ".../trail#0.1.0"."""
    place, _, named = package_id.rpartition("#")
    name, _, version = named.rpartition("@")
    return f"{name or place.rpartition('/')[2]}-{version}"


def _size(folder: Path) -> int:
    source = sum(file.stat().st_size for file in (folder / "src").rglob("*.rs"))
    return max(source, LEAST)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
