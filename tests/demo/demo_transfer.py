"""The story of a server without logging: it gets a role with which it logs."""

from __future__ import annotations

import account
from demo_story import Run, State, Story, recorded
from local_aws.processes import Moto


class ServerWithoutLogging(Story):
    """CreateServer, as someone calls it who forgot about logging."""

    function = "transfer"
    title = "Someone creates an SFTP server without logging"
    fault = "the missing logging"

    def __init__(self, moto: Moto) -> None:
        self.moto = moto
        self.server_id = account.create_server(moto)
        self.event = recorded("transfer.create-server")
        self.event["detail"]["responseElements"]["serverId"] = self.server_id

    def state(self) -> State:
        """The server and every role, as the API describes them."""
        server = account.server(self.moto, self.server_id)
        roles = account.roles(self.moto)
        found: State = {
            "server": server["ServerId"],
            "LoggingRole": server.get("LoggingRole"),
            "structured logs": ", ".join(server.get("StructuredLogDestinations") or []) or None,
            "roles": ", ".join(role["arn"] for role in roles.values()) or None,
        }
        for name, role in roles.items():
            found[f"tags of {name}"] = role["tags"]
            found[f"trust of {name}"] = role["trust"]
            found |= {f"policy {policy}": document for policy, document in role["inline"].items()}
        return found

    def claims(self, fix: Run) -> dict[str, bool]:
        role = fix.after["LoggingRole"]
        there = (fix.after["roles"] or "").split(", ")
        return {"the server now has a logging role, and that role exists": role is not None and role in there}
