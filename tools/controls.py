"""Switches controls of the stack on, to dry-run or off, keeps the others, and builds nothing."""

from __future__ import annotations

from home import Home, arguments, run
from refusal import Refused
from values import controls, meant, modes, problems

USUAL = "as Mode says"


def asked_for(given: dict[str, str | None]) -> dict[str, str]:
    """The mode that is wanted of each control that was named; an empty one takes its exception away."""
    found: dict[str, str] = {}
    for mode, ids in given.items():
        for control in (ids or "").replace(",", " ").split():
            if found.setdefault(control, mode) != mode:
                raise Refused(f"{control} is named twice, with different modes")
    return found


def checked(wanted: dict[str, str], old: dict[str, str]) -> None:
    """Whether each control is there. An exception that is none any more can be taken away all the same."""
    known = controls()
    for control, mode in wanted.items():
        if control not in known and (mode or control not in old):
            raise Refused(f"There is no control {control}{meant(control, known)}")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--on", help="controls to fix what they find, separated by commas")
    parser.add_argument("--dry", help="controls to report only")
    parser.add_argument("--off", help="controls not to look at all")
    parser.add_argument("--usual", help="controls to do as the parameter Mode says")
    given = parser.parse_args()
    wanted = asked_for({"enforce": given.on, "dry-run": given.dry, "off": given.off, "": given.usual})
    home = Home(given)
    old = modes(home.parameter("Controls"))
    checked(wanted, old)
    new = {control: mode for control, mode in (old | wanted).items() if mode}
    print(f"Mode {home.parameter('Mode')}{', but stopped: `make start`' if home.parameter('Stopped') == 'true' else ''}")
    for control in sorted(old.keys() | wanted.keys()):
        before, after = old.get(control, USUAL), new.get(control, USUAL)
        lost = "" if control in controls() else " (this version has no such control: USUAL= takes it away)"
        print(f"  {control:<36}{before}{f' -> {after}' if after != before else ''}{lost}")
    if new == old:
        print("Nothing to change")
        return 0
    value = ",".join(f"{control}={mode}" for control, mode in new.items())
    wrong = [it for it in problems({"Controls": value}, home.region) if "there is no control" not in it]
    if wrong:
        raise Refused("\n".join(wrong))
    home.set(Controls=value)
    print(f"Controls = `{value}`")
    if home.parameter("Organization") and home.parameter("Mode") != "enforce" and bool(new) != bool(old):
        print("Next: `make members`, so that the roles in the accounts have the rights for it")
    return 0


if __name__ == "__main__":
    run(main)
