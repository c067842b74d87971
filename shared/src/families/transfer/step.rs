//! Calls that repair a server's logging.

use super::view::View;
use crate::managed::role::step::RoleStep;
use crate::model::{self, Call, CallError, ErrorKind, Place, Property};
use serde_json::{Value, json};
use std::fmt;

/// Call with all its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Call that creates or repairs our role.
    Role(RoleStep),
    /// Call on the server.
    Server(ServerStep),
}

/// Call on a server.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerStep {
    /// `transfer:UpdateServer` with only the logging role.
    SetLoggingRole {
        /// Id of the server.
        server: String,
        /// ARN of the role.
        role: String,
        /// Current logging role of the server: one that is gone.
        replaces: Option<String>,
    },
}

impl fmt::Display for ServerStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetLoggingRole { server, role, replaces: None } => {
                write!(f, "set the logging role of {server} to {role}")
            }
            Self::SetLoggingRole { server, role, replaces: Some(old) } => {
                write!(f, "set the logging role of {server} to {role}, replacing {old}, which no longer exists")
            }
        }
    }
}

impl Call for ServerStep {
    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::SetLoggingRole { .. } => &["transfer:UpdateServer", "iam:PassRole"],
        }
    }

    /// Returns the rank, behind those of the role's calls: a server must never refer to a role that is not ready.
    fn rank(&self) -> u8 {
        match self {
            Self::SetLoggingRole { .. } => 10,
        }
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::SetLoggingRole { replaces, .. } => Some(json!({ "LoggingRole": replaces })),
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::SetLoggingRole { role, .. } => json!({ "LoggingRole": role }),
        }
    }

    fn property(&self, place: &Place) -> Property {
        let Self::SetLoggingRole { server, .. } = self;
        Property::ServerLoggingRole { region: place.region.clone(), server: server.clone() }
    }

    fn retries_on(&self, error: &CallError) -> bool {
        // A server with a VPC endpoint refuses changes while AWS is creating the endpoint: "VPC Endpoint state is not
        // yet available" (Transfer API, ConflictException). It arrives as a transient error and takes minutes.
        let endpoint = error.code == "ConflictException";
        // A newly created or repaired role is not visible everywhere yet. Transfer does not document its error for
        // that, so any rejection that mentions the role is retried for a minute, and no longer.
        let role = error.kind == ErrorKind::Rejected && error.message.to_ascii_lowercase().contains("role");
        endpoint || role
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        model::Step::call(self).fmt(f)
    }
}

impl model::Step for Step {
    type View = View;

    fn call(&self) -> &dyn Call {
        match self {
            Self::Role(step) => step,
            Self::Server(step) => step,
        }
    }

    fn effect(&self, view: &mut View) {
        match self {
            Self::Role(step) => view.change_managed(step),
            Self::Server(ServerStep::SetLoggingRole { server: _, role, replaces: _ }) => {
                view.logging_role = Some(role.clone());
                view.role = view.managed_role.clone();
            }
        }
    }
}

impl View {
    /// Changes our role wherever it appears in the view.
    fn change_managed(&mut self, step: &RoleStep) {
        if let RoleStep::Create { arn, .. } = step {
            if self.logging_role.as_ref() == Some(arn) {
                step.effect(&mut self.role);
            }
            return step.effect(&mut self.managed_role);
        }
        for seen in [&mut self.role, &mut self.managed_role] {
            if seen.present().is_some_and(|role| role.managed && step.is_on(&role.arn)) {
                step.effect(seen);
            }
        }
    }
}
