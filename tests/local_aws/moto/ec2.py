"""EC2: VPCs, by the page, at times not visible yet, and those that another account shares.

Sources: Amazon EC2 API reference, DescribeVpcs; EC2 Developer Guide, "Eventual consistency",
"Error codes"; Amazon VPC User Guide, "Share your VPC subnets with other accounts". With which
code MaxResults beside VpcIds is refused is that of DescribeInstances.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.vpcs import VPC
from moto.ec2.responses.vpcs import VPCs
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix, is_filter_matching

from local_aws.moto import ec2_flow_logs
from local_aws.moto.ec2_pages import paged
from local_aws.moto.state import controls


def get_tags(self: Any) -> list[dict[str, str]]:
    """The tags of one resource; moto looks for them among those of all resources."""
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(self.id), "") if self.id else ""
    return [
        {"resource_id": self.id, "key": key, "value": value, "resource_type": kind}
        for key, value in self.ec2_backend.tags.get(self.id, {}).items()
    ]


def describe_vpcs(self: VPCs) -> ActionResult:
    """DescribeVpcs: by the page, or by their ids, which all must exist.

    "The Amazon EC2 API follows an eventual consistency model": one made a moment ago may not
    be found, as often as was ordered.
    """
    self.error_on_dryrun()
    filters = self._filters_from_querystring()
    asked = list(dict.fromkeys(self._get_param("VpcIds", [])))
    named = dict.fromkeys([*asked, *filters.get("vpc-id", [])])
    unseen = {vpc_id for vpc_id in named if controls.is_unseen(vpc_id)}
    known = {i: vpc for i, vpc in self.ec2_backend.vpcs.copy().items() if i not in unseen}
    for vpc_id in asked:
        if vpc_id not in known:
            raise EC2ClientError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
    if asked and self._get_int_param("MaxResults") is not None:
        raise EC2ClientError(
            "InvalidParameterCombination",
            "The parameter VpcIds cannot be used with the parameter MaxResults",
        )
    chosen = {vpc_id: known[vpc_id] for vpc_id in asked} if asked else known

    def fits(vpc: VPC) -> bool:
        return all(is_filter_matching(vpc, name, values) for name, values in filters.items())

    vpcs, more = paged(self, chosen, fits, whole=bool(asked))
    return ActionResult({"Vpcs": vpcs} | more)


def patch() -> None:
    """Puts the above into moto's service, and the flow logs with it."""

    def owner_id(self: VPC) -> str:
        """Vpc, ownerId: "The ID of the AWS account that owns the VPC"."""
        return controls.ec2.owners.get(self.id) or str(self.ec2_backend.account_id)

    TaggedEC2Resource.get_tags = get_tags
    VPC.owner_id = property(owner_id)
    VPCs.describe_vpcs = describe_vpcs
    ec2_flow_logs.patch()
