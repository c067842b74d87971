"""Stops every fix within a minute, or starts them again as they were; reports go on, and nothing is built."""

from __future__ import annotations

from home import Home, arguments, run
from refusal import Refused


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--start", action="store_true", help="start again")
    given = parser.parse_args()
    home = Home(given)
    if not home.parameter("Stopped"):
        cure = "deploy it again, or say `make deploy PARAMETERS='Mode=dry-run Controls='`"
        raise Refused(f"Stack {home.name} in {home.region} has no parameter Stopped: {cure}")
    changed = home.set(Stopped="false" if given.start else "true")
    said = "" if changed else "already "
    if given.start:
        controls = home.parameter("Controls")
        print(f"{said}started: Mode {home.parameter('Mode')}{f', {controls}' if controls else ''}".capitalize())
    else:
        print(f"{said}stopped: nothing is fixed until `make start`; what is found is reported".capitalize())
    return 0


if __name__ == "__main__":
    run(main)
