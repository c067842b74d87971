//! Reads and lists of VPCs and their flow logs.

use super::Vpcs;
use super::flow_log::group_of;
use super::memo::{Itself, Listed};
use crate::aws::{Located, YOUNG, anew, call};
use crate::event::Dependency;
use crate::exemption::{Tags, tags};
use crate::families::vpc::controls::flow_logs;
use crate::families::vpc::elsewhere::bucket_of;
use crate::families::vpc::managed::managed_role;
use crate::families::vpc::view::{FlowLogBucket, FlowLogDestination, FlowLogResources, View};
use crate::families::vpc::{MANAGED_GROUP, Vpc};
use crate::family::Family as _;
use crate::managed::log_group::LogGroup;
use crate::managed::role::Role;
use crate::model::{Arn, CallError, ErrorKind, Place, Seen, Subject};
use crate::reconcile::ports::{Page, Read};
use aws_sdk_ec2::types::{Filter, FlowLog, Vpc as Described};
use futures_util::future::{try_join, try_join_all};
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::sleep;

/// Maximum number of VPCs per page: "The maximum number of filter values is 200 per request" ([EC2 user guide,
/// filters]).
///
/// [EC2 user guide, filters]: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
const PAGE: i32 = 200;

impl Read<Vpc> for Vpcs {
    fn begin(&self, event: &str) {
        event.clone_into(&mut self.event.borrow_mut());
        self.memo.clear();
    }

    async fn list(&self, place: &Place, using: Option<&Dependency>, after: Option<&str>) -> Result<Page, CallError> {
        match using {
            None => self.page(place, after).await,
            Some(Dependency::RolePolicies(role))
                if !self.roles.may_serve(role, "vpc-flow-logs.amazonaws.com").await =>
            {
                Ok(Page::default())
            }
            Some(dependency) => self.leaning(place, dependency).await.map(Page::from),
        }
    }

    async fn observe(&self, subject: &Subject) -> Result<Option<View>, CallError> {
        let listed = match (self.memo.take(subject), self.memo.kept(subject)) {
            (Some(listed), _) => Some(listed),
            (None, Some(itself)) => Some((itself, self.flow_logs_of(subject).await?)),
            (None, None) => self.look(subject).await?,
        };
        let Some((Itself { owner, tags }, described)) = listed else { return Ok(None) };
        let place = &subject.place;
        let mut view = View {
            owner,
            tags,
            flow_logs: Vec::new(),
            managed: FlowLogResources::default(),
            foreign_buckets: BTreeSet::new(),
        };
        if view.owner != place.account {
            return Ok(Some(view));
        }
        view.flow_logs = try_join_all(described.iter().map(|it| self.flow_log(place, it))).await?;
        for it in &view.flow_logs {
            if let FlowLogDestination::Elsewhere(arn) = &it.destination
                && let Some((bucket, _)) = bucket_of(arn)
                && self.is_foreign(place, bucket).await?
            {
                view.foreign_buckets.insert(bucket.to_owned());
            }
        }
        // One of our flow logs is only as good as the policy of its bucket.
        let goes_there = |wanted: &str| view.flow_logs.iter().any(|it| it.managed && it.goes_to(wanted));
        if let Some(wanted) = &self.settings.flow_logs.bucket
            && (goes_there(&wanted.arn(&place.partition)) || !flow_logs::needs_nothing(&view, subject, &self.settings))
        {
            view.managed.bucket = Some(self.bucket(place, &wanted.name).await?);
        }
        if flow_logs::needs_nothing(&view, subject, &self.settings) {
            self.memo.forget(subject);
            return Ok(Some(view));
        }
        self.memo.keep(subject, Itself { owner: view.owner.clone(), tags: view.tags.clone() });
        if self.settings.flow_logs.bucket.is_none() {
            let reads = try_join(self.group(place, MANAGED_GROUP), self.our_role(place));
            let (group, (role, taken)) = Box::pin(reads).await?;
            (view.managed.group, view.managed.role, view.managed.role_taken) = (group, role, taken);
        }
        Ok(Some(view))
    }

    async fn tags(&self, _: &Subject, view: &View) -> Result<Seen<Tags>, CallError> {
        Ok(Seen::Present(view.tags.clone()))
    }
}

impl Vpcs {
    /// Returns a page of the region's VPCs, with all their flow logs.
    async fn page(&self, place: &Place, after: Option<&str>) -> Result<Page, CallError> {
        let sent =
            self.ec2.of(&place.region).describe_vpcs().max_results(PAGE).set_next_token(after.map(str::to_owned));
        let answer = call("ec2:DescribeVpcs", Box::pin(sent.send())).await?;
        let found = answer.vpcs().iter().filter_map(|vpc| Some((vpc.vpc_id()?.to_owned(), itself(place, vpc))));
        let vpcs: BTreeMap<String, Itself> = found.collect();
        let mut flow_logs: BTreeMap<String, Vec<FlowLog>> = BTreeMap::new();
        if !vpcs.is_empty() {
            for it in self.flow_logs(place, Some(vpcs.keys().cloned().collect())).await? {
                flow_logs.entry(it.resource_id().unwrap_or_default().to_owned()).or_default().push(it);
            }
        }
        let mut subjects = Vec::new();
        for (id, itself) in vpcs {
            let subject = Vpc::subject(place.clone(), &id);
            self.memo.list(&subject, (itself, flow_logs.remove(&id).unwrap_or_default()));
            subjects.push(subject);
        }
        Ok(Page { subjects, next: answer.next_token.filter(|token| !token.is_empty()) })
    }

    /// Returns the VPCs of the region with a flow log that depends on this resource.
    async fn leaning(&self, place: &Place, dependency: &Dependency) -> Result<Vec<Subject>, CallError> {
        let leans = |it: &FlowLog| match dependency {
            Dependency::Role(name) | Dependency::RolePolicies(name) => {
                let role = it.deliver_logs_permission_arn().and_then(Arn::parse);
                role.is_some_and(|role| role.name().eq_ignore_ascii_case(name))
            }
            Dependency::LogGroup(name) => group_of(it) == *name,
            Dependency::Policy(_) => it.deliver_logs_permission_arn().is_some(),
            Dependency::Key(_) => false,
        };
        let all = self.flow_logs(place, None).await?;
        let ids: BTreeSet<&str> = all.iter().filter(|it| leans(it)).filter_map(FlowLog::resource_id).collect();
        let vpcs = ids.into_iter().filter(|id| id.starts_with("vpc-"));
        Ok(vpcs.map(|id| Vpc::subject(place.clone(), id)).collect())
    }

    /// Returns the flow logs of these resources, or all of the region.
    async fn flow_logs(&self, place: &Place, of: Option<Vec<String>>) -> Result<Vec<FlowLog>, CallError> {
        let filter = of.map(|ids| Filter::builder().name("resource-id").set_values(Some(ids)).build());
        let describe = self.ec2.of(&place.region).describe_flow_logs().set_filter(filter.map(|it| vec![it]));
        let mut pages = describe.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(it) = call("ec2:DescribeFlowLogs", async { pages.next().await.transpose() }).await? {
            found.push(it);
        }
        Ok(found)
    }

    async fn flow_logs_of(&self, subject: &Subject) -> Result<Vec<FlowLog>, CallError> {
        self.flow_logs(&subject.place, Some(vec![subject.id.clone()])).await
    }

    /// Reads one VPC; `None` if it is gone.
    async fn look(&self, subject: &Subject) -> Result<Option<Listed>, CallError> {
        let mut waits = YOUNG.iter();
        loop {
            let sent = self.ec2.of(&subject.place.region).describe_vpcs().vpc_ids(&subject.id);
            let vpc = async {
                match call("ec2:DescribeVpcs", Box::pin(sent.send())).await {
                    Ok(answer) => Ok(answer.vpcs().first().map(|vpc| itself(&subject.place, vpc))),
                    Err(error) if error.kind == ErrorKind::Gone => Ok(None),
                    Err(error) => Err(error),
                }
            };
            if let (Some(itself), flow_logs) = anew(Box::pin(try_join(vpc, self.flow_logs_of(subject)))).await? {
                return Ok(Some((itself, flow_logs)));
            }
            match waits.next() {
                Some(wait) => sleep(*wait).await,
                None => return Ok(None),
            }
        }
    }

    /// Reads a log group. If many flow logs share it, one of them reads it while the others wait.
    pub(super) async fn group(&self, place: &Place, name: &str) -> Result<Seen<LogGroup>, CallError> {
        let _reading = self.reading.groups.lock().await;
        if let Some(known) = self.memo.group(&place.region, name) {
            return Ok(known);
        }
        let since = self.memo.now();
        let group = self.groups.find(&place.region, name).await?;
        self.memo.keep_group(since, &place.region, &group);
        Ok(group)
    }

    /// Reads a role with its policies.
    pub(super) async fn role(&self, arn: &str) -> Result<Seen<Role>, CallError> {
        let _reading = self.reading.roles.lock().await;
        if let Some(known) = self.memo.role(arn) {
            return Ok(known);
        }
        let since = self.memo.now();
        let role = self.roles.read(arn).await?;
        self.memo.keep_role(since, arn, &role);
        Ok(role)
    }

    /// Finds our role, and whether its first name is somebody else's.
    async fn our_role(&self, place: &Place) -> Result<(Seen<Role>, bool), CallError> {
        let wanted = managed_role(place);
        let first = place.role_arn(wanted.name);
        let role = self.role(&first).await?;
        // One that is absent may be there under another path, and then its name is taken.
        let is_ours = role.present().is_some_and(|role| wanted.stranger(place, role).is_none());
        if is_ours || role.known().is_err() {
            return Ok((role, false));
        }
        Box::pin(self.roles.ours(place, &wanted)).await
    }

    /// Returns whether a bucket belongs to another account. Its name is looked up once for each event.
    async fn is_foreign(&self, place: &Place, name: &str) -> Result<bool, CallError> {
        if let Some(known) = self.memo.owner(name) {
            return Ok(known);
        }
        // Whoever created the flow log chose the name; an invalid one never becomes part of a URL.
        if !crate::managed::bucket::name::is_bucket_name(name) {
            return Ok(false);
        }
        let is_foreign = matches!(Box::pin(self.buckets.locate(place, name)).await?, Located::OtherAccount);
        self.memo.keep_owner(name, is_foreign);
        Ok(is_foreign)
    }

    /// Reads the bucket that the settings name, with its policy.
    async fn bucket(&self, place: &Place, name: &str) -> Result<FlowLogBucket, CallError> {
        if let Some(known) = self.memo.bucket() {
            return Ok(known);
        }
        let since = self.memo.now();
        let bucket = match Box::pin(self.buckets.locate(place, name)).await? {
            Located::ThisAccount(region) => {
                let policy = self.buckets.at(place, &region, name).policy().await?;
                FlowLogBucket::FlowLogResources(name.to_owned(), region, policy)
            }
            Located::OtherAccount | Located::Closed => FlowLogBucket::Closed,
            Located::Gone => FlowLogBucket::Gone,
        };
        self.memo.keep_bucket(since, &bucket);
        Ok(bucket)
    }
}

fn itself(place: &Place, vpc: &Described) -> Itself {
    let pairs = vpc.tags().iter().map(|tag| (tag.key().unwrap_or_default(), tag.value().unwrap_or_default()));
    Itself { owner: vpc.owner_id().unwrap_or(&place.account).to_owned(), tags: tags(pairs) }
}
