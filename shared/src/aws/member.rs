//! Access to other accounts of the organization.

use super::{Aws, call};
use crate::event::Identity;
use crate::model::{CallError, ErrorKind};
use crate::settings::Organization;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result as Provided, SharedCredentialsProvider, future};
use aws_sdk_sts::Client;
use aws_sdk_sts::types::Tag;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

impl Aws {
    /// Enters another account of the organization with Trailkeeper's role there, for this family.
    ///
    /// # Errors
    /// Returns an error if the role could not be assumed.
    pub(crate) async fn enter(
        &self,
        organization: &Organization,
        partition: &str,
        account: &str,
        family: &str,
    ) -> Result<Self, CallError> {
        self.enter_by(Door {
            sts: Client::new(&self.config),
            role: format!("arn:{partition}:iam::{account}:role/{}", Organization::ROLE),
            external_id: Some(organization.external_id.clone()),
            family: Some(family.to_owned()),
            fresh: Mutex::default(),
        })
        .await
    }

    /// Enters another account with a role there that a person may assume.
    ///
    /// # Errors
    /// Returns an error if the role could not be assumed.
    pub async fn enter_as(
        &self,
        partition: &str,
        account: &str,
        role: &str,
        external_id: Option<&str>,
    ) -> Result<Self, CallError> {
        self.enter_by(Door {
            sts: Client::new(&self.config),
            role: format!("arn:{partition}:iam::{account}:role/{role}"),
            external_id: external_id.map(str::to_owned),
            family: None,
            fresh: Mutex::default(),
        })
        .await
    }

    async fn enter_by(&self, door: Door) -> Result<Self, CallError> {
        let (credentials, us) = door.open().await?;
        door.keep(Some(credentials));
        let config = self.config.clone().into_builder().http_client(self.http.clone());
        let config = config.credentials_provider(SharedCredentialsProvider::new(door));
        let aws = Self::of(config.build(), self.share);
        // Nobody has asked yet, so the cell is empty.
        let _ = aws.identity.set(us);
        Ok(aws)
    }
}

/// Role of another account, and the parameters to assume it.
#[derive(Debug)]
struct Door {
    sts: Client,
    role: String,
    external_id: Option<String>,
    /// Family whose function enters; `None` for a person.
    family: Option<String>,
    /// Credentials from the first assumption of the role, until somebody takes them.
    fresh: Mutex<Option<Credentials>>,
}

impl Door {
    async fn open(&self) -> Result<(Credentials, Identity), CallError> {
        let unreadable = |what: &str| CallError {
            action: "sts:AssumeRole",
            kind: ErrorKind::Rejected,
            code: "UnreadableAnswer".to_owned(),
            message: format!("the answer has no {what}"),
        };
        let name = self.family.as_deref().unwrap_or("check");
        let mut assume = self
            .sts
            .assume_role()
            .role_arn(&self.role)
            .role_session_name(format!("trailkeeper-{name}"))
            .set_external_id(self.external_id.clone());
        if let Some(family) = &self.family {
            let tag = Tag::builder().key(Organization::TAG).value(family).build().map_err(|_| unreadable("tag"))?;
            assume = assume.tags(tag);
        }
        let answer = call("sts:AssumeRole", assume.send()).await?;
        let (Some(got), Some(user)) = (answer.credentials, answer.assumed_role_user) else {
            return Err(unreadable("credentials"));
        };
        let us = Identity::of(&user.arn, &user.assumed_role_id).ok_or_else(|| unreadable("role"))?;
        let until = SystemTime::try_from(got.expiration).map_err(|_| unreadable("expiration"))?;
        let credentials =
            Credentials::new(got.access_key_id, got.secret_access_key, Some(got.session_token), Some(until), "member");
        Ok((credentials, us))
    }

    /// Stores credentials for the next caller and returns those stored before.
    fn keep(&self, credentials: Option<Credentials>) -> Option<Credentials> {
        std::mem::replace(&mut *self.fresh.lock().unwrap_or_else(PoisonError::into_inner), credentials)
    }

    async fn credentials(&self) -> Provided {
        if let Some(credentials) = self.keep(None) {
            return Ok(credentials);
        }
        self.open().await.map(|(credentials, _)| credentials).map_err(CredentialsError::provider_error)
    }
}

impl ProvideCredentials for Door {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}
