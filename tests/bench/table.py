"""The tables: medians with their extremes, ratios, and what we aim at."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from bench.measure import Round

Cells = list[list[str]]


@dataclass(frozen=True)
class Row:
    """One measure of all contenders. `aim` is the least ratio that we want, the yardstick's figure to ours."""

    name: str
    value: Callable[[Round], float | None]
    aim: float | None = None


def start(round_: Round) -> float | None:
    """Milliseconds until it asked for an event, if it is one that asks."""
    return None if round_.first_next is None else round_.first_next * 1e3


def peak(round_: Round) -> float:
    """The most memory that it had, in MB."""
    return round_.peak_kib * 1024 / 1e6


def rows(
    cold: tuple[str, float],
    warm: tuple[str, float | None],
    first: float | None = None,
    memory: float | None = None,
) -> list[Row]:
    """The measures of a bench: what its cold and its warm event are, and the aims."""
    return [
        Row("start: exec to the first request for an event, ms", start, first),
        Row(f"cold event: {cold[0]}, ms", lambda r: r.cold.wall * 1e3, cold[1]),
        Row("  of it CPU time of the process", lambda r: r.cold.cpu * 1e3),
        Row("  of it CPU time of the local AWS", lambda r: r.cold.aws_cpu * 1e3),
        Row(f"warm event: {warm[0]}, ms", lambda r: r.warm.wall * 1e3, warm[1]),
        Row("  of it CPU time of the process", lambda r: r.warm.cpu * 1e3),
        Row("  of it CPU time of the local AWS", lambda r: r.warm.aws_cpu * 1e3),
        Row("peak memory, MB", peak, memory),
    ]


def spread(values: list[float]) -> str:
    """A median with its extremes."""
    return f"{statistics.median(values):.1f} ({min(values):.1f}..{max(values):.1f})" if values else ""


def verdict(met: bool) -> str:
    """A word for it."""
    return "met" if met else "MISSED"


def table(measured: list[Row], names: list[str], rounds: list[list[Round]]) -> Cells:
    """The cells: the measure, ours, the yardstick's, their ratio, what we aim at, and whatever else was measured."""
    cells = [["measure", *names[:2], "ratio", "aim", *names[2:]]]
    for row in measured:
        values = [[it for it in map(row.value, of) if it is not None] for of in rounds]
        ratio, aim = "", ""
        if values[0] and values[1]:
            times = statistics.median(values[1]) / statistics.median(values[0])
            ratio = f"{times:.1f}"
            aim = "" if row.aim is None else f">= {row.aim:g}: {verdict(times >= row.aim)}"
        shown = [spread(it) for it in values]
        cells.append([row.name, *shown[:2], ratio, aim, *shown[2:]])
    return cells


def counts(name: str, numbers: list[int]) -> list[str]:
    """A row of bare numbers."""
    shown = [str(number) for number in numbers]
    return [name, *shown[:2], "", "", *shown[2:]]


def plain(cells: Cells) -> str:
    """The table for a terminal."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def markdown(cells: Cells) -> str:
    """The table for a document."""
    lines = ["| " + " | ".join(cell.replace("  ", "&nbsp; ") for cell in row) + " |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * len(cells[0]), *lines[1:]])
