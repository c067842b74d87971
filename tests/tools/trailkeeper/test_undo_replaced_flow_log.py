"""A flow log that was replaced is there again."""

from __future__ import annotations

import pytest
from conftest import StartFunction
from local_aws.processes import Moto
from undoing import Desk, all_undone, fixed, kinds, ledger
from vpcs import create_vpc, failing_ours, flow_logs

NAMED = ("FlowLogId", "CreationTime", "DeliverLogsStatus", "DeliverLogsErrorMessage")


@pytest.fixture
def desk(moto: Moto) -> Desk:
    """A person with the ledger of the account."""
    ledger(moto)
    return Desk(moto.endpoint)


def test_a_flow_log_that_was_replaced_is_made_again(function: StartFunction, moto: Moto, desk: Desk) -> None:
    one, old = failing_ours(function, moto)
    before = {key: value for key, value in flow_logs(moto, one)[old].items() if key not in NAMED}
    fixed(function, moto, "vpc", create_vpc(one))
    assert kinds(desk) == {"flow-log"} and old not in flow_logs(moto, one)
    said = all_undone(desk)
    (now,) = flow_logs(moto, one).values()
    assert {key: value for key, value in now.items() if key not in NAMED} == before, said
