//! IAM roles that services assume: reading and creating them.

use super::texts::Texts;
use super::{Aws, Us, anew, call, write_call};
use crate::documents::policy::parsed;
use crate::event::Identity;
use crate::managed::role::step::RoleStep;
use crate::managed::role::wanted::ManagedRole;
use crate::managed::role::{Bounds, Role};
use crate::managed::tag::MANAGED_TAG;
use crate::model::{CallError, Place, Property, Seen};
use aws_sdk_iam::types::Tag;
use futures_util::future::{join, try_join, try_join_all, try_join3};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;
use tokio::sync::OnceCell;

/// Maximum number of repeated reads after an inconsistent one.
const TORN: usize = 3;

/// Tag of a function's role, and of [`Organization::ROLE`](crate::settings::Organization::ROLE), with the ARN of the
/// permissions boundary that the stack made in the account for the roles that Trailkeeper creates.
const BOUNDARY_TAG: &str = "trailkeeper-logging-boundary";

/// Version with which a managed policy is created (IAM user guide, versioning IAM policies).
const FIRST_VERSION: &str = "v1";

/// Role with its boundary, its inline policies and its attached ones.
type RoleParts = (Seen<(aws_sdk_iam::types::Role, Seen<Value>)>, Seen<BTreeMap<String, Value>>, Seen<Vec<Value>>);

/// IAM client, one for all regions.
#[derive(Debug, Clone)]
pub struct Roles {
    iam: aws_sdk_iam::Client,
    us: Us,
    texts: Texts,
    /// Boundary of the roles that we create, as soon as it was looked up.
    boundary: Rc<OnceCell<Option<String>>>,
}

impl Roles {
    /// Creates access to the roles of the account.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        let (iam, texts) = (aws_sdk_iam::Client::new(aws.config()), aws.texts.clone());
        Self { iam, us: Us::new(aws), texts, boundary: Rc::default() }
    }

    /// Reads a role that something refers to, with all its policies. A role with that name but another ARN (another
    /// path) does not count.
    ///
    /// # Errors
    /// Returns an error if the call fails for any reason other than "denied" or "gone".
    pub async fn read(&self, arn: &str) -> Result<Seen<Role>, CallError> {
        let name = name(arn);
        let read_once =
            || Box::pin(try_join3(self.role(name), self.inline_policies(name), self.attached_policies(name)));
        let mut read = read_once().await?;
        // The three reads are not atomic: a role that was created or deleted in between appears in one but not in
        // another.
        for _ in 0..TORN {
            let (role, inline, attached) = &read;
            let torn = matches!(role, Seen::Present(_)) && (*inline == Seen::Absent || *attached == Seen::Absent);
            if !torn {
                break;
            }
            read = anew(read_once()).await?;
        }
        self.within(self.whole(arn, read)).await
    }

    /// Reads a role that may well not exist: its policies are read only if it does.
    ///
    /// # Errors
    /// Returns the same errors as [`Self::read`].
    pub async fn look_for(&self, arn: &str) -> Result<Seen<Role>, CallError> {
        let name = name(arn);
        let role = self.role(name).await?;
        let (inline, attached) = match role {
            Seen::Present(_) => Box::pin(try_join(self.inline_policies(name), self.attached_policies(name))).await?,
            Seen::Absent | Seen::Unreadable(_) | Seen::NotAsked => (Seen::NotAsked, Seen::NotAsked),
        };
        self.within(self.whole(arn, (role, inline, attached))).await
    }

    /// Finds a role of ours: the first of its names that is free or ours, and whether the first of all is somebody else's. If
    /// all are, it is the first, which then says whose it is.
    ///
    /// # Errors
    /// Returns the same errors as [`Self::read`].
    pub async fn ours(&self, place: &Place, wanted: &ManagedRole) -> Result<(Seen<Role>, bool), CallError> {
        let [first, second] = wanted.names;
        let is_taken = |seen: &Seen<Role>| seen.present().is_some_and(|role| wanted.stranger(place, role).is_some());
        let role = Box::pin(self.of_that_name(&place.role_arn(first))).await?;
        if !is_taken(&role) {
            return Ok((role, false));
        }
        let other = Box::pin(self.of_that_name(&place.role_arn(second))).await?;
        Ok(if is_taken(&other) { (role, false) } else { (other, true) })
    }

    /// Finds our role for something that has a role: that one, if it has a name of ours and is ours or could not be read, and
    /// otherwise the one that it should have, as [`Self::ours`] does.
    ///
    /// # Errors
    /// Returns the same errors as [`Self::read`].
    pub async fn ours_for(
        &self,
        place: &Place,
        wanted: &ManagedRole,
        (arn, role): (&str, &Seen<Role>),
    ) -> Result<(Seen<Role>, bool), CallError> {
        if let Some(named) = wanted.clone().at(place, arn) {
            let stays = match role {
                Seen::Present(role) => named.stranger(place, role).is_none(),
                Seen::Absent => false,
                Seen::Unreadable(_) | Seen::NotAsked => true,
            };
            if stays {
                return Ok((role.clone(), named.name != wanted.names[0]));
            }
        }
        Box::pin(self.ours(place, wanted)).await
    }

    /// Reads the role of this name, under whatever path: there can be only one in an account.
    async fn of_that_name(&self, arn: &str) -> Result<Seen<Role>, CallError> {
        let found = self.role(name(arn)).await?.present().map(|(role, _)| role.arn.clone());
        Box::pin(self.look_for(found.as_deref().unwrap_or(arn))).await
    }

    /// Returns whether a service may have a role: the role is one of ours, or its trust names the service, or everybody, or
    /// cannot be told. What may be done with a role changes nothing for a service that cannot have it; a call that lets it
    /// in or out is another.
    pub async fn may_serve(&self, name: &str, service: &str) -> bool {
        if name.to_ascii_lowercase().starts_with("trailkeeper-") {
            return true;
        }
        let answer = call("iam:GetRole", self.iam.get_role().role_name(name).send()).await;
        let trust = answer.ok().and_then(|it| it.role?.assume_role_policy_document);
        let Some(trust) = trust.map(|text| document(&text)).filter(Value::is_object) else { return true };
        let trust = trust.to_string().to_ascii_lowercase();
        [service, "\"*\"", "notprincipal"].iter().any(|named| trust.contains(named))
    }

    /// Adds to a role with our tag which boundary it is to have.
    async fn within(&self, role: Seen<Role>) -> Result<Seen<Role>, CallError> {
        let Seen::Present(mut role) = role else { return Ok(role) };
        if role.managed {
            role.bounds.ours = self.boundary().await?;
        }
        Ok(Seen::Present(role))
    }

    /// Returns the permissions boundary of the roles that we create: our own role names it in a tag. A person's shell has
    /// none, and neither has a role whose stack made none.
    async fn boundary(&self) -> Result<Option<String>, CallError> {
        let ask = async {
            let Some(name) = self.us.known().and_then(Identity::role_name) else { return Ok(None) };
            let answer = Box::pin(call("iam:GetRole", self.iam.get_role().role_name(name).send())).await;
            let role = Seen::from_call(answer.map(|answer| answer.role))?.and_then(|role| role);
            let tags = role.present().map(aws_sdk_iam::types::Role::tags).unwrap_or_default();
            Ok(tags.iter().find(|tag| tag.key() == BOUNDARY_TAG).map(|tag| tag.value().to_owned()))
        };
        self.boundary.get_or_try_init(|| ask).await.cloned()
    }

    async fn role(&self, name: &str) -> Result<Seen<(aws_sdk_iam::types::Role, Seen<Value>)>, CallError> {
        let answer = call("iam:GetRole", self.iam.get_role().role_name(name).send()).await;
        let answer = Seen::from_call(answer.map(|answer| answer.role))?;
        let role = match answer.and_then(|role| role).into_present() {
            Ok(role) => role,
            Err(none) => return Ok(none),
        };
        let boundary = match role.permissions_boundary().and_then(|it| it.permissions_boundary_arn()) {
            Some(arn) => self.managed_policy(arn).await?,
            None => Seen::Absent,
        };
        Ok(Seen::Present((role, boundary)))
    }

    async fn inline_policies(&self, role: &str) -> Result<Seen<BTreeMap<String, Value>>, CallError> {
        let mut pages = self.iam.list_role_policies().role_name(role).into_paginator().items().send();
        let mut names = Vec::new();
        loop {
            let next = call("iam:ListRolePolicies", async { pages.next().await.transpose() }).await;
            match Seen::from_call(next)?.into_present() {
                Ok(Some(name)) => names.push(name),
                Ok(None) => break,
                Err(none) => return Ok(none),
            }
        }
        let read = try_join_all(names.iter().map(|name| self.inline_policy(role, name))).await?;
        Ok(all(names.into_iter().zip(read)).map(|policies| policies.into_iter().collect()))
    }

    async fn inline_policy(&self, role: &str, name: &str) -> Result<Seen<Value>, CallError> {
        let answer =
            call("iam:GetRolePolicy", self.iam.get_role_policy().role_name(role).policy_name(name).send()).await;
        let property = || Property::RolePolicy { role: role.to_owned(), policy: name.to_owned() };
        Seen::from_call(answer.map(|answer| self.texts.parsed(property(), &decoded(answer.policy_document()))))
    }

    async fn attached_policies(&self, role: &str) -> Result<Seen<Vec<Value>>, CallError> {
        let mut pages = self.iam.list_attached_role_policies().role_name(role).into_paginator().items().send();
        let mut arns = Vec::new();
        loop {
            let next = call("iam:ListAttachedRolePolicies", async { pages.next().await.transpose() }).await;
            match Seen::from_call(next)?.into_present() {
                Ok(Some(policy)) => arns.extend(policy.policy_arn),
                Ok(None) => break,
                Err(none) => return Ok(none),
            }
        }
        let read = try_join_all(arns.iter().map(|arn| self.managed_policy(arn))).await?;
        Ok(all(read.into_iter().map(|seen| ((), seen)))
            .map(|policies| policies.into_iter().map(|((), it)| it).collect()))
    }

    /// Reads the default version of a managed policy.
    ///
    /// Finding out which version that is takes a call. A policy that was never edited, like most of AWS's own, has its
    /// first version, which is requested concurrently: one sequential read less for most, one more call for the others.
    async fn managed_policy(&self, arn: &str) -> Result<Seen<Value>, CallError> {
        let policy = call("iam:GetPolicy", self.iam.get_policy().policy_arn(arn).send());
        let (answer, first) = Box::pin(join(policy, self.policy_version(arn, FIRST_VERSION))).await;
        let version = Seen::from_call(answer)?.and_then(|it| it.policy?.default_version_id);
        match version.into_present() {
            Ok(version) if version == FIRST_VERSION => first,
            Ok(version) => self.policy_version(arn, &version).await,
            Err(none) => Ok(none),
        }
    }

    async fn policy_version(&self, arn: &str, version: &str) -> Result<Seen<Value>, CallError> {
        let sent = self.iam.get_policy_version().policy_arn(arn).version_id(version).send();
        let answer = call("iam:GetPolicyVersion", sent).await;
        let text = answer.map(|it| it.policy_version.and_then(|it| it.document).unwrap_or_default());
        Seen::from_call(text.map(|text| document(&text)))
    }
}

impl Roles {
    /// Assembles the role with this ARN.
    fn whole(&self, arn: &str, (role, inline, attached): RoleParts) -> Seen<Role> {
        role.and_then(|(found, boundary)| {
            let managed = found.tags().iter().any(|tag| (tag.key(), tag.value()) == MANAGED_TAG);
            let property = Property::RoleTrust { role: name(arn).to_owned() };
            let trust = found.assume_role_policy_document().unwrap_or_default();
            let trust = self.texts.parsed(property, &decoded(trust));
            let has = found.permissions_boundary().and_then(|it| it.permissions_boundary_arn()).map(str::to_owned);
            let bounds = Bounds { has, ours: None };
            (found.arn == arn).then_some(Role { arn: found.arn, managed, trust, inline, attached, boundary, bounds })
        })
    }

    /// Makes one call on one of our roles.
    ///
    /// # Errors
    /// Returns an error if the call fails; [`ErrorKind::Exists`](crate::model::ErrorKind) if the name is already taken.
    pub async fn apply(&self, step: &RoleStep) -> Result<(), CallError> {
        match step {
            RoleStep::Create { name, arn: _, purpose, trust, instead_of: _ } => {
                let tag = Tag::builder().key(MANAGED_TAG.0).value(MANAGED_TAG.1).build().ok();
                let create = self.iam.create_role().role_name(*name).description(*purpose);
                let create = create.assume_role_policy_document(trust.to_string()).set_tags(tag.map(|tag| vec![tag]));
                // IAM lets a function create no role without it.
                let create = create.set_permissions_boundary(self.boundary().await?);
                write_call("iam:CreateRole", create.send()).await.map(|_| ())
            }
            RoleStep::Bound { name, boundary, document: _, replaces: _ } => {
                let put = self.iam.put_role_permissions_boundary().role_name(*name).permissions_boundary(boundary);
                write_call("iam:PutRolePermissionsBoundary", put.send()).await.map(|_| ())
            }
            RoleStep::RepairTrust { name, trust, replaces: _ } => {
                let put = self.iam.update_assume_role_policy().role_name(*name).policy_document(trust.to_string());
                write_call("iam:UpdateAssumeRolePolicy", put.send()).await.map(|_| ())
            }
            RoleStep::PutPolicy { name, policy_name, policy, replaces: _ } => {
                let put = self.iam.put_role_policy().role_name(*name).policy_name(policy_name);
                write_call("iam:PutRolePolicy", put.policy_document(policy.to_string()).send()).await.map(|_| ())
            }
        }
    }
}

/// Returns the name of a role, which is the end of its ARN.
fn name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

/// Decodes a document of IAM, which is percent-encoded (RFC 3986).
pub(crate) fn document(encoded: &str) -> Value {
    parsed(&decoded(encoded))
}

/// Returns the text of a document of IAM.
pub(crate) fn decoded(encoded: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(encoded).decode_utf8_lossy()
}

/// Collects all items, or the reason why one is missing. An item that has vanished in the meantime is skipped.
fn all<K, T>(items: impl Iterator<Item = (K, Seen<T>)>) -> Seen<Vec<(K, T)>> {
    let mut present = Vec::new();
    for (key, seen) in items {
        match seen.into_present() {
            Ok(value) => present.push((key, value)),
            Err(Seen::Absent) => {}
            Err(unread) => return unread,
        }
    }
    Seen::Present(present)
}
