//! API calls that can remove a server's logging, and how each identifies the server.

use crate::event::dependency::{CHANGES_OF_LOG_GROUPS, CHANGES_OF_POLICIES, CHANGES_OF_ROLES};
use crate::event::{ApiCall, Elements, Target, Watch};
use crate::exemption::TAG;
use crate::family::{Tell, When};
use crate::model::Arn;

pub(super) const WATCHES: &[Watch] = &[
    Watch {
        rule: "ServerCalls",
        service: "transfer.amazonaws.com",
        calls: &["CreateServer", "StartServer", "TagResource", "UpdateServer"],
        target: server,
    },
    CHANGES_OF_ROLES,
    CHANGES_OF_POLICIES,
    Watch { calls: &["DeleteLogGroup"], ..CHANGES_OF_LOG_GROUPS },
];

pub(super) const TELLS: &[Tell] = &[
    Tell {
        service: "transfer.amazonaws.com",
        calls: &["CreateServer", "UpdateServer"],
        when: When::Exempted,
        effect: |_| Some("leaves a server without logs that is exempt"),
    },
    Tell {
        service: "transfer.amazonaws.com",
        calls: &["TagResource"],
        when: When::Exempted,
        effect: |call| call.request.may_hold(TAG).then_some("exempts a server"),
    },
];

/// Returns the server of a call. `CreateServer` contains the id only in the response, the others in the request as
/// well.
fn server(call: &ApiCall) -> Result<Target, String> {
    // Tags can be put on users and workflows, too.
    let tagged = || {
        let arn = call.request.text("arn").and_then(Arn::parse).filter(|arn| arn.service == "transfer")?;
        arn.resource.strip_prefix("server/")
    };
    let asked = || call.request.text("serverId").or_else(tagged);
    match call.response.text("serverId").or_else(asked) {
        None if call.name == "TagResource" && call.request != Elements::Omitted => {
            Err("the tags are not those of a server".to_owned())
        }
        Some(id) if is_server_id(id) => Ok(Target::One(call.region()?.clone(), id.to_owned())),
        Some(_) => Err(format!("{} does not name a valid server id", call.name)),
        None if call.response == Elements::Omitted => Ok(Target::region(call.region()?.clone())),
        None => Err(format!("the record of {} names no server", call.name)),
    }
}

/// Returns whether an id is `s-` and 17 letters or digits, as in the API model; the length is not checked.
fn is_server_id(id: &str) -> bool {
    id.len() <= 64
        && id.strip_prefix("s-").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}
