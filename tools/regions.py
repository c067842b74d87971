"""Deploys regions.yaml, which forwards calls to the home bus, to every region that is swept, except the home region."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError
from home import ROOT, Home, arguments, run
from refusal import cause, listed
from stacks import CLOSED, FAILED, put, take

AT_ONCE = 8


def wanted(given: str | None, home: Home, remove: bool) -> list[str]:
    """The regions: those that were named, those that the stack sweeps, or all. What is removed may be anywhere."""
    named = listed(given) or ([] if remove else listed(home.parameter("Regions"))) or home.regions
    return [region for region in named if region != home.region]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--regions", help="separated by commas (default: the stack's parameter Regions, or all enabled ones)")
    parser.add_argument("--remove", action="store_true", help="remove it again")
    given = parser.parse_args()
    home = Home(given)
    stack = {
        "StackName": f"{home.name}-regions",
        "TemplateBody": (ROOT / "regions.yaml").read_text(),
        "Parameters": [
            {"ParameterKey": "Bus", "ParameterValue": home.output("Bus")},
            {"ParameterKey": "AccessTargets", "ParameterValue": home.parameter("AccessTargets") or "none"},
        ],
        "Tags": [{"Key": "managed-by", "Value": "trailkeeper"}],
    }

    def work(region: str) -> str:
        client = home.client("cloudformation", region)
        try:
            return take(client, stack["StackName"]) if given.remove else put(client, stack)
        except (BotoCoreError, ClientError) as refused:
            return f"{FAILED}{cause(refused)}"

    regions = wanted(given.regions, home, given.remove)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        became = dict(zip(regions, pool.map(work, regions), strict=True))
    closed = [region for region, what in became.items() if CLOSED in what]
    for region, what in became.items():
        if region not in closed:
            print(f"{region:<16}{what}")
    failed = sum(what.startswith(FAILED) for what in became.values())
    print(f"{len(regions) - failed} of {len(regions)} regions done")
    if closed:
        print(f"Closed by a service control policy: {', '.join(closed)}. Nothing can be forwarded from there, nor done there")
    # What was named was meant.
    return 1 if failed > (0 if given.regions else len(closed)) else 0


if __name__ == "__main__":
    run(main)
