//! View of one server, and of the roles that its logging depends on.

use crate::documents::policy::{compiled, document};
use crate::exemption::Tags;
use crate::managed::log_group::LogGroup;
use crate::managed::role::wanted::ManagedRole;
use crate::managed::role::{Role, RoleNeed, streams_of};
use crate::model::{Arn, Place, Seen, Subject};

/// Name of the role that Trailkeeper creates for servers without logging: one per account, shared by all regions.
pub const MANAGED_ROLE: &str = "trailkeeper-transfer-logging";
/// Names that this role may have: the second if the first is somebody else's.
pub const MANAGED_ROLES: [&str; 2] = [MANAGED_ROLE, "trailkeeper-transfer-logging-2"];
/// Name of the role's inline policy.
pub const MANAGED_POLICY: &str = "write-transfer-logs";

/// Transfer Family server.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct View {
    /// Logging role, from `LoggingRole`: the older of the two ways to log, and the only one for managed workflows.
    pub logging_role: Option<String>,
    /// Log groups for JSON logs, from `StructuredLogDestinations`.
    pub structured_destinations: Vec<StructuredDestination>,
    /// Whether managed workflows are attached.
    pub workflows: bool,
    /// Tags of the server.
    pub tags: Tags,
    /// Role that `logging_role` names; absent if none is named or it is gone.
    pub role: Seen<Role>,
    /// Our own role; not asked unless something is to be repaired.
    pub managed_role: Seen<Role>,
    /// Whether the first name of our role is somebody else's, so that ours has the second.
    pub role_taken: bool,
}

/// Log group that a server writes JSON logs to. The server does not create it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StructuredDestination {
    /// ARN of the log group, with `:*` at its end.
    pub arn: String,
    /// The log group; not asked if it is in another account or region.
    pub group: Seen<LogGroup>,
}

impl StructuredDestination {
    /// Returns the name of the log group if it lies in this place.
    #[must_use]
    pub fn group_in(arn: &str, place: &Place) -> Option<String> {
        let arn = Arn::parse(arn).filter(|arn| arn.service == "logs" && arn.account == place.account)?;
        arn.log_group().filter(|_| arn.region == place.region.as_str()).map(str::to_owned)
    }
}

impl View {
    /// Returns what the server's logging requires of a role.
    #[must_use]
    pub fn need(subject: &Subject) -> RoleNeed<'_> {
        let Place { partition, account, region } = &subject.place;
        let group = format!("arn:{partition}:logs:{region}:{account}:log-group:/aws/transfer/{}", subject.id);
        RoleNeed {
            service: "transfer.amazonaws.com",
            known: vec![("aws:SourceAccount", account), ("aws:SourceArn", &subject.arn)],
            actions: &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources: vec![streams_of(&group)],
        }
    }

    /// Returns whether any of the server's logging depends on a role.
    #[must_use]
    pub fn leans_on_role(&self) -> bool {
        self.structured_destinations.is_empty() || self.workflows
    }

    /// Returns whether the server logs with our role.
    #[must_use]
    pub fn logs_with_managed(&self, place: &Place) -> bool {
        let ours = self.managed_role(place).name;
        self.logging_role.as_deref() == Some(place.role_arn(ours).as_str())
    }

    /// Returns whether the server logs with a role that has a name of ours, whosever it is.
    #[must_use]
    pub fn logs_by_our_name(&self, place: &Place) -> bool {
        self.logging_role.as_ref().is_some_and(|arn| managed_role(place).at(place, arn).is_some())
    }

    /// Returns our role, with the name that it has in the account.
    #[must_use]
    pub(super) fn managed_role(&self, place: &Place) -> ManagedRole {
        managed_role(place).unless(self.role_taken)
    }
}

/// Returns whether a logging role belongs to this account. A role elsewhere is unreadable, and its name may mean
/// another here.
#[must_use]
pub(super) fn is_of(place: &Place, role: &str) -> bool {
    Arn::parse(role).is_some_and(|arn| arn.service == "iam" && arn.account == place.account)
}

/// Returns our role.
#[must_use]
pub(super) fn managed_role(place: &Place) -> ManagedRole {
    let policy = compiled(document!("transfer-logging.permissions.json"), place);
    ManagedRole {
        names: MANAGED_ROLES,
        name: MANAGED_ROLE,
        purpose: "Lets AWS Transfer Family servers of this account write their logs. Made by Trailkeeper.",
        trust: compiled(document!("transfer-logging.trust.json"), place),
        policy_name: MANAGED_POLICY.to_owned(),
        widest: policy.clone(),
        policy,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Transfer;
    use super::*;
    use crate::family::Family;
    use crate::managed::role::Serves;
    use crate::model::Region;
    use crate::testing::roles::made;

    /// Checks that our own role meets what we require of others, in every partition.
    #[test]
    fn our_documents_serve_every_server() {
        for (partition, region) in [("aws", "us-east-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")] {
            let region = Region::parse(region).expect("a region");
            let place = Place { partition: partition.into(), account: "111122223333".into(), region };
            let subject = Transfer::subject(place.clone(), "s-0123456789abcdef0");
            let role = made(&managed_role(&place), &place);
            assert_eq!(role.serves(&View::need(&subject)), Serves::Yes, "{partition}");
            assert!(!role.trust.to_string().contains("${"), "{}", role.trust);
            assert_eq!(Transfer::arn(&place, "*"), subject.arn.replace("s-0123456789abcdef0", "*"));
        }
    }
}
