"""Transfer Family: the operations moto lacks, and what AWS refuses.

Sources: Transfer Family API reference (UpdateServer, ListServers, TagResource, UntagResource,
ListTagsForResource, DescribeServer); User Guide, "Creating, updating, and viewing logging for servers".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.transfer.responses import TransferResponse
from moto.transfer.types import Server, ServerState, prune_unset

from local_aws.moto.state import controls
from local_aws.moto.trust import may_assume

SERVICE = "transfer.amazonaws.com"
SERVER_ID = re.compile(r"s-[0-9a-f]{17}")
ROLE = re.compile(r"arn:.*role/\S+")
LOG_GROUP = re.compile(r"arn:[\w-]+:logs:([\w-]+):(\d{12}):log-group:([^:]+):\*")
DEFAULTS = {
    "EndpointType": "PUBLIC",
    "Domain": "S3",
    "IdentityProviderType": "SERVICE_MANAGED",
    "Protocols": ["SFTP"],
}
SIMPLE = {
    "Certificate": "certificate",
    "PostAuthenticationLoginBanner": "post_authentication_login_banner",
    "PreAuthenticationLoginBanner": "pre_authentication_login_banner",
    "Protocols": "protocols",
    "SecurityPolicyName": "security_policy_name",
}


class TransferError(JsonRESTError):
    """An error of AWS JSON 1.1: status 400, the code in __type."""

    code = 400


class NotFound(TransferError):
    def __init__(self, server_id: str) -> None:
        super().__init__("ResourceNotFoundException", f"Unknown server: {server_id}")
        told = json.loads(self.description)
        named = {"Resource": server_id, "ResourceType": "Server"}
        self.description = json.dumps(told | {"Message": told["message"]} | named)


def _invalid(member: str, value: object) -> TransferError:
    return TransferError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint",
    )


def _server(self: TransferResponse, given: dict[str, Any]) -> Server:
    server_id = str(given.get("ServerId"))
    if not SERVER_ID.fullmatch(server_id):
        raise _invalid("serverId", server_id)
    server = self.transfer_backend.servers.get(server_id)
    if server is None:
        raise NotFound(server_id)
    return server


def update_server(self: TransferResponse) -> str:
    """UpdateServer: members left out keep their value; nothing changes when one is refused.

    An empty LoggingRole clears the role, an empty StructuredLogDestinations the list. A
    server whose VPC endpoint is still being made answers ConflictException.
    """
    given = json.loads(self.body)
    server = _server(self, given)
    unknown = given.keys() - SIMPLE.keys() - {
        "ServerId", "LoggingRole", "StructuredLogDestinations", "WorkflowDetails"
    }
    if unknown:
        raise NotImplementedError(f"UpdateServer with {sorted(unknown)}")
    if controls.is_endpoint_pending(server.server_id):
        raise TransferError("ConflictException", "VPC Endpoint state is not yet available")
    if role := given.get("LoggingRole"):
        _check_role(role, server)
    for destination in given.get("StructuredLogDestinations") or []:
        _check_log_group(destination, server)
    if "LoggingRole" in given:
        server.logging_role = given["LoggingRole"] or None
    if "StructuredLogDestinations" in given:
        server.structured_log_destinations = given["StructuredLogDestinations"] or None
    if "WorkflowDetails" in given:
        server.workflow_details = _workflows(given["WorkflowDetails"])
    for member, attribute in SIMPLE.items():
        if member in given:
            setattr(server, attribute, given[member])
    return json.dumps({"ServerId": server.server_id})


def _check_role(arn: str, server: Server) -> None:
    """The role must exist in the account, and trust Transfer Family for this server.

    User Guide, "Configure CloudWatch logging role" gives the trust a role needs. That
    UpdateServer checks it, and the words of the refusal, are an assumption.
    """
    if len(arn) < 20 or not ROLE.fullmatch(arn):
        raise _invalid("loggingRole", arn)
    role = next((r for r in iam_backends[server.account_id]["aws"].get_roles() if r.arn == arn), None)
    trusted = role and may_assume(
        role.assume_role_policy_document, SERVICE, server.account_id, server.arn
    )
    if not trusted or controls.is_too_early(arn):
        raise TransferError("InvalidRequestException", f"Unable to assume role {arn}")


def _check_log_group(arn: str, server: Server) -> None:
    """StructuredLogDestinations: "you must provide the ARN for an existing log group"."""
    parts = LOG_GROUP.fullmatch(arn)
    if parts is None:
        raise TransferError("InvalidRequestException", f"Invalid log group ARN: {arn}")
    region, account, name = parts.groups()
    if (region, account) != (server.region_name, server.account_id) or (
        name not in logs_backends[account][region].groups
    ):
        raise TransferError("InvalidRequestException", f"Log group does not exist: {arn}")


def _workflows(given: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    return {
        attribute: [
            {"workflow_id": w["WorkflowId"], "execution_role": w["ExecutionRole"]}
            for w in given.get(member) or []
        ]
        for member, attribute in (("OnUpload", "on_upload"), ("OnPartialUpload", "on_partial_upload"))
    }


def describe_server(self: TransferResponse) -> str:
    """DescribeServer: an unknown server is ResourceNotFoundException."""
    return json.dumps({"Server": _server(self, json.loads(self.body)).to_dict()})


def list_servers(self: TransferResponse) -> str:
    """ListServers: MaxResults (1 to 1000) and NextToken; a listing names the LoggingRole."""
    given = json.loads(self.body or "{}")
    size, token = given.get("MaxResults", 1000), given.get("NextToken")
    if not 1 <= size <= 1000:
        raise _invalid("maxResults", size)
    servers = sorted(self.transfer_backend.servers.values(), key=lambda s: str(s.server_id))
    ids = [server.server_id for server in servers]
    if token is not None and token not in ids:
        raise TransferError("InvalidNextTokenException", "The NextToken parameter is invalid.")
    first = ids.index(token) if token else 0
    page = [prune_unset(server.to_short_dict()) for server in servers[first : first + size]]
    more = {"NextToken": ids[first + size]} if first + size < len(ids) else {}
    return json.dumps({"Servers": page} | more)


def list_tags_for_resource(self: TransferResponse) -> str:
    """ListTagsForResource of a server, by its ARN."""
    arn, server = _tagged(self)
    return json.dumps({"Arn": arn, "Tags": server.tags})


def tag_resource(self: TransferResponse) -> str:
    """TagResource of a server: a tag that it has already gets the new value."""
    _, server = _tagged(self)
    _retag(server, {tag["Key"]: tag["Value"] for tag in json.loads(self.body)["Tags"]})
    return "{}"


def untag_resource(self: TransferResponse) -> str:
    """UntagResource of a server: a tag that it does not have is no error."""
    _, server = _tagged(self)
    _retag(server, dict.fromkeys(json.loads(self.body)["TagKeys"]))
    return "{}"


def _tagged(self: TransferResponse) -> tuple[str, Server]:
    arn = str(json.loads(self.body).get("Arn"))
    return arn, _server(self, {"ServerId": arn.rpartition("/")[2]})


def _retag(server: Server, changes: Mapping[str, str | None]) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in server.tags} | changes
    server.tags = [{"Key": key, "Value": value} for key, value in tags.items() if value is not None]


def _to_state(state: str) -> Callable[[TransferResponse], str]:
    def change(self: TransferResponse) -> str:
        """StartServer and StopServer; the states in between are passed at once."""
        _server(self, json.loads(self.body)).state = ServerState(state)
        return "{}"

    return change


def patch() -> None:
    """Puts the operations above into moto's service."""
    create = TransferResponse.create_server

    def create_server(self: TransferResponse) -> str:
        """CreateServer: the defaults which the API reference names."""
        self.body = json.dumps(DEFAULTS | json.loads(self.body))
        return create(self)

    TransferResponse.create_server = create_server
    TransferResponse.update_server = update_server
    TransferResponse.describe_server = describe_server
    TransferResponse.list_servers = list_servers
    TransferResponse.list_tags_for_resource = list_tags_for_resource
    TransferResponse.tag_resource = tag_resource
    TransferResponse.untag_resource = untag_resource
    TransferResponse.start_server = _to_state("ONLINE")
    TransferResponse.stop_server = _to_state("OFFLINE")
