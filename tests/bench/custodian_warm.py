"""Runs a policy of Cloud Custodian once for each line of input, as a warm Lambda would: loaded once, kept in memory.

usage: custodian_warm.py POLICY OUTPUT_FOLDER

Answers each line with the seconds that the run took. Runs with Cloud Custodian's own interpreter.
"""

from __future__ import annotations

import os
import sys
import time

from c7n.config import Config
from c7n.policy import load
from c7n.resources.aws import AWS


def main(policy_file: str, output: str) -> None:
    region = os.environ["AWS_REGION"]
    options = AWS().initialize(Config.empty(region=region, regions=[region], output_dir=output))
    (policy,) = load(options, policy_file)
    policy.expand_variables(policy.get_variables())
    policy.validate()
    for _ in sys.stdin:
        began = time.perf_counter()
        found = policy.run()
        took = time.perf_counter() - began
        if len(found) != 1:
            sys.exit(f"one resource was expected: {found}")
        print(took, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
