"""EC2: the orders of the control interface, at /_local/ec2/."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends

from local_aws.moto.ec2_delivery import make_group, works
from local_aws.moto.state import controls

STATUSES = ("SUCCESS", "FAILED")


def _backends(region: str | None = None) -> Iterator[EC2Backend]:
    """Those of every account, of one region or all."""
    for account in list(ec2_backends.values()):
        for name, backend in list(account.items()):
            if region in (None, name):
                yield backend


def _known(vpc: str, region: str | None) -> None:
    if not any(vpc in backend.vpcs for backend in _backends(region)):
        raise ValueError(f"no such VPC: {vpc}")


def vpc_owner(vpc: str, owner: str, region: str | None = None) -> None:
    """The VPC is shared by another account, and so are its subnets; "" takes that back."""
    _known(vpc, region)
    controls.ec2.owners[vpc] = owner


def vpc_unseen(vpc: str, calls: int, region: str | None = None) -> None:
    """So many calls that name the VPC do not find it."""
    _known(vpc, region)
    with controls.lock:
        controls.ec2.unseen[vpc] = calls


def flow_log_status(
    flow_log: str, status: str, message: str = "", region: str | None = None
) -> None:
    """What DescribeFlowLogs says of its delivery; status "" takes the order back."""
    if status and status not in STATUSES:
        raise ValueError(f"no such status: {status}")
    if not any(flow_log in backend.flow_logs for backend in _backends(region)):
        raise ValueError(f"no such flow log: {flow_log}")
    controls.ec2.statuses.pop(flow_log, None)
    if status:
        controls.ec2.statuses[flow_log] = (status, message or None)


def flow_log_exists(thrown: bool = False, by_destination: bool = False) -> None:
    """Whether FlowLogAlreadyExists refuses the call, and whether the destination alone counts."""
    controls.ec2.thrown, controls.ec2.by_destination = thrown, by_destination


def page_size(size: int, sparse: bool = False) -> None:
    """The most that a page holds, whatever is asked for; 0 takes that back.

    With `sparse`, filters are applied to each page.
    """
    if size < 0:
        raise ValueError(f"no such size: {size}")
    controls.ec2.page, controls.ec2.sparse = size, sparse


def traffic(flows: bool = True) -> None:
    """There is traffic in every VPC: records are delivered, or are refused."""
    controls.ec2.traffic = flows
    for backend in _backends() if flows else ():
        for flow_log in list(backend.flow_logs.values()):
            if works(flow_log, {}):
                make_group(flow_log)


ORDERS: dict[tuple[str, str], Callable[..., dict[str, Any] | None]] = {
    ("POST", "ec2/vpc-owner"): vpc_owner,
    ("POST", "ec2/vpc-unseen"): vpc_unseen,
    ("POST", "ec2/flow-log-status"): flow_log_status,
    ("POST", "ec2/flow-log-exists"): flow_log_exists,
    ("POST", "ec2/page-size"): page_size,
    ("POST", "ec2/traffic"): traffic,
}
