"""Transfer Family for ministack: what its own lacks of the API, and iam:PassRole.

Sources: Transfer Family API reference (UpdateServer, DescribeServer, ListServers,
ListTagsForResource); Service Authorization Reference, AWS Transfer Family.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.app import _enforce_data_plane
from ministack.core.responses import error_response_json, get_account_id, json_response
from ministack.services import iam, transfer

from local_aws.moto.trust import may_assume

SERVICE = "transfer.amazonaws.com"
KEPT = ("LoggingRole", "StructuredLogDestinations", "WorkflowDetails", "SecurityPolicyName")
CHANGED = (*KEPT, "Protocols")
LISTED = (
    "Arn", "Domain", "EndpointType", "IdentityProviderType",
    "LoggingRole", "ServerId", "State", "UserCount",
)

Response = tuple[int, dict[str, str], bytes]


def _refused(code: str, message: str) -> Response:
    return error_response_json(code, message, 400)


def _changed(server: dict[str, Any], given: dict[str, Any], members: tuple[str, ...]) -> None:
    """Members left out keep their value; an empty one is cleared."""
    for member in members:
        if given.get(member):
            server[member] = given[member]
        elif member in given:
            server.pop(member, None)


def _passed(role_arn: str, headers: dict[str, str], query: dict[str, Any]) -> Response | None:
    """The refusal to whoever may not pass the role, as AWS checks it when a service gets one.

    IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
    """
    context = {"iam:PassedToService": SERVICE}
    denied = _enforce_data_plane(
        "iam", "iam:PassRole", headers, query, "pass-role", role_arn, service_context=context
    )
    if denied is None:
        return None
    message = f"User is not authorized to perform: iam:PassRole on resource: {role_arn}"
    return _refused("AccessDeniedException", message)


def _update(
    server: dict[str, Any], given: dict[str, Any], headers: dict[str, str], query: dict[str, Any]
) -> Response:
    """UpdateServer; that the role's trust is checked here already is an assumption."""
    if arn := given.get("LoggingRole"):
        if denied := _passed(arn, headers, query):
            return denied
        role = next((r for r in iam._roles.values() if r["Arn"] == arn), None)
        document = role["AssumeRolePolicyDocument"] if role else "{}"
        if not may_assume(document, SERVICE, get_account_id(), server["Arn"]):
            return _refused("InvalidRequestException", f"Unable to assume role {arn}")
    _changed(server, given, CHANGED)
    return json_response({"ServerId": server["ServerId"]})


def _list(given: dict[str, Any]) -> Response:
    """ListServers, with the LoggingRole, and no server lost between two pages."""
    servers = sorted(transfer._servers.values(), key=lambda server: server["ServerId"])
    ids = [server["ServerId"] for server in servers]
    token, size = given.get("NextToken"), given.get("MaxResults", 1000)
    if token is not None and token not in ids:
        return _refused("InvalidNextTokenException", "The NextToken parameter is invalid.")
    first = ids.index(token) if token else 0
    page = [{m: s[m] for m in LISTED if m in s} for s in servers[first : first + size]]
    more = {"NextToken": ids[first + size]} if first + size < len(ids) else {}
    return json_response({"Servers": page} | more)


def patch() -> None:
    """Answers these operations in place of ministack, and the others after it."""
    elsewhere = transfer.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        """One request to Transfer Family; whether it may be made is decided already."""
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        given = json.loads(body) if body else {}
        if operation == "ListServers":
            return _list(given)
        if operation == "CreateServer":
            answer: Response = await elsewhere(method, path, headers, body, query)
            server_id = json.loads(answer[2])["ServerId"]
            server = transfer._servers[server_id]
            _changed(server, given, KEPT)
            transfer._servers[server_id] = server
            return answer
        server_id = given.get("ServerId") or given.get("Arn", "").rpartition("/")[2]
        server = transfer._servers.get(server_id)
        if server is None:
            return _refused("ResourceNotFoundException", f"Unknown server: {server_id}")
        if operation == "UpdateServer":
            answer = _update(server, given, headers, query)
            transfer._servers[server_id] = server
            return answer
        if operation == "DescribeServer":
            return json_response({"Server": {k: v for k, v in server.items() if k != "DateCreated"}})
        if operation == "ListTagsForResource":
            return json_response({"Arn": server["Arn"], "Tags": server["Tags"]})
        return await elsewhere(method, path, headers, body, query)

    transfer.handle_request = handle_request
