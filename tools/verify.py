"""Looks whether Trailkeeper is alive: its functions, queues, subscribers, schedules, and the rules in every region."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from alive import Line, Looks
from botocore.exceptions import BotoCoreError, ClientError
from home import Home, arguments, run
from probe import Probe
from refusal import cause


def looked(title: str, look: Callable[[], Iterator[Line]]) -> bool:
    """Prints what one look finds; whether all of it is well. What may not be seen is not well, and stops nothing."""
    print(title)
    well = True
    try:
        for line in look():
            print(f"  {'ok' if line.well else '!!'}  {line.about}", flush=True)
            well &= line.well
    except (BotoCoreError, ClientError) as error:
        print(f"  !!  not seen: {cause(error)}")
        return False
    return well


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--regions", help="separated by commas (default: the stack's parameter Regions, or all enabled ones)")
    parser.add_argument("--probe", action="store_true", help="prove with a call and a test event of its own that reports come")
    given = parser.parse_args()
    home = Home(given)
    looks = Looks(home)
    parts: list[tuple[str, Callable[[], Iterator[Line]]]] = [
        ("Settings", looks.state),
        ("Functions", looks.functions),
        ("Queues", looks.letters),
        ("Subscribers", looks.hearers),
        ("Schedules", looks.schedules),
        ("Rules", lambda: looks.rules(looks.swept(given.regions))),
        ("Alarms", looks.alarms),
    ]
    if given.probe:
        parts.append(("Probe", Probe(home).run))
    well = [looked(title, look) for title, look in parts]
    print("Alive" if all(well) else "Not all is well: see the lines with !!")
    return 0 if all(well) else 1


if __name__ == "__main__":
    run(main)
