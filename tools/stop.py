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
    if given.start:
        controls = home.parameter("Controls")
        said = "Started" if changed else "Already started"
        print(f"{said}: Mode {home.parameter('Mode')}{f', {controls}' if controls else ''}")
    else:
        said = "Stopped" if changed else "Already stopped"
        print(f"{said}: nothing is fixed until `make start`; what is found is reported")
    return 0


if __name__ == "__main__":
    run(main)
