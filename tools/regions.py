"""Deploys regions.yaml, which forwards calls to the home bus, to every enabled region except the home region."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError
from home import ROOT, Home, arguments, run
from stacks import FAILED, put, take

AT_ONCE = 8


def main() -> int:
    parser = arguments(__doc__)
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
            return f"{FAILED}{refused}"

    regions = [region for region in home.regions if region != home.region]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        became = dict(zip(regions, pool.map(work, regions), strict=True))
    for region, what in became.items():
        print(f"{region:<16}{what}")
    failed = sum(what.startswith(FAILED) for what in became.values())
    print(f"{len(regions) - failed} of {len(regions)} regions done")
    return 1 if failed else 0


if __name__ == "__main__":
    run(main)
