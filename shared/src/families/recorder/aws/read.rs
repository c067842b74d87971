//! Reads of AWS Config in one region, and of what its channel depends on: only what the judgement asks for.

use super::Recorders;
use crate::aws::{Located, anew, call};
use crate::event::Dependency;
use crate::exemption::{Tags, tags};
use crate::families::recorder::Recorder;
use crate::families::recorder::bucket::{BucketAccess, OwnBucket};
use crate::families::recorder::managed::{LINKED_ROLE, RECORDER, region_of_managed};
use crate::families::recorder::scope::Scope;
use crate::families::recorder::view::{Channel, RecorderStatus, RecorderView, View};
use crate::families::recorder::wants::NextRead;
use crate::family::Family as _;
use crate::model::{CallError, ErrorKind, Place, Region, Seen, Subject};
use crate::reconcile::ports::{Page, Read};
use aws_sdk_config::types::{
    ConfigurationRecorder, ConfigurationRecorderStatus, DeliveryChannel, RecordingGroup, RecordingStrategyType,
};
use futures_util::future::{try_join, try_join3};
use std::collections::BTreeMap;

/// Maximum number of repeated reads after an inconsistent one.
const TORN: usize = 3;

/// Prefix of recorder names that is reserved for other services (AWS Config developer guide, service-linked
/// configuration recorders).
const OF_SERVICES: &str = "AWSConfigurationRecorderFor";

impl Read<Recorder> for Recorders {
    fn begin(&self, _: &str) {
        self.elsewhere.forget();
        self.buckets.forget();
    }

    /// Lists each region as one subject, whatever it contains. Only one that the organization closes is not listed.
    async fn list(&self, place: &Place, _: Option<&Dependency>, _: Option<&str>) -> Result<Page, CallError> {
        self.buckets.expect_many();
        // Any other error comes up again where the region is observed; the answer is remembered until then.
        match self.described(&place.region).await {
            Err(error) if error.by_organization() => return Err(error),
            Ok(_) | Err(_) => {}
        }
        Ok(vec![Recorder::subject(place.clone(), RECORDER)].into())
    }

    async fn observe(&self, subject: &Subject) -> Result<Option<View>, CallError> {
        let place = &subject.place;
        let (recorder, channel) = self.look(&place.region).await?;
        let mut view = View { recorder, channel, role: Seen::NotAsked, elsewhere: None, buckets: BTreeMap::new() };
        while let Some(want) = view.wants(place, &self.destinations) {
            match want {
                NextRead::Role => view.role = self.linked_role(place).await?,
                NextRead::Elsewhere => view.elsewhere = Some(self.elsewhere.than(&place.region).await?),
                NextRead::Bucket(name, near) => {
                    let used = view.channel.present().is_some_and(|channel| channel.bucket == name);
                    let access = Box::pin(self.access(place, &near, &name, used)).await?;
                    view.buckets.insert(name, access);
                }
            }
        }
        Ok(Some(view))
    }

    /// Without a recorder there is nothing that could carry a tag.
    async fn tags(&self, subject: &Subject, view: &View) -> Result<Seen<Tags>, CallError> {
        let arn = view.recorder.present().and_then(|recorder| recorder.arn.as_ref());
        let Some(arn) = arn else { return Ok(Seen::Absent) };
        let sent = self.config.of(&subject.place.region).list_tags_for_resource().resource_arn(arn).send();
        let answer = Box::pin(call("config:ListTagsForResource", sent)).await;
        Seen::from_call(answer.map(|it| {
            tags(it.tags().iter().map(|tag| (tag.key().unwrap_or_default(), tag.value().unwrap_or_default())))
        }))
    }
}

impl Recorders {
    /// Reads the recorder and the channel. The three reads are not atomic: a recorder created in between has no status
    /// yet.
    async fn look(&self, region: &Region) -> Result<(Seen<RecorderView>, Seen<Channel>), CallError> {
        let mut tries = TORN;
        loop {
            let reads = try_join3(self.recorders(region), self.statuses(region), self.channels(region));
            let reads = Box::pin(reads);
            let (recorders, statuses, channels) = if tries < TORN { anew(reads).await? } else { reads.await? };
            let channel = channels.and_then(|all| all.into_iter().next()).map(seen_channel);
            let recorder = recorders.and_then(|all| all.into_iter().find(is_customers));
            let status_of = |statuses: Vec<ConfigurationRecorderStatus>, name: Option<&str>| {
                statuses.into_iter().find(|status| status.name() == name)
            };
            let recorder = match (recorder, statuses) {
                (Seen::Unreadable(action), _) | (_, Seen::Unreadable(action)) => Seen::Unreadable(action),
                (Seen::NotAsked, _) | (_, Seen::NotAsked) => Seen::NotAsked,
                (Seen::Absent, _) => Seen::Absent,
                (Seen::Present(recorder), statuses) => {
                    let status = statuses.and_then(|all| status_of(all, recorder.name()));
                    if status == Seen::Absent && tries > 0 {
                        tries -= 1;
                        continue;
                    }
                    Seen::Present(seen_recorder(recorder, status.present()))
                }
            };
            return Ok((recorder, channel));
        }
    }

    async fn recorders(&self, region: &Region) -> Result<Seen<Vec<ConfigurationRecorder>>, CallError> {
        Seen::from_call(self.described(region).await)
    }

    async fn described(&self, region: &Region) -> Result<Vec<ConfigurationRecorder>, CallError> {
        let sent = self.config.of(region).describe_configuration_recorders().send();
        let answer = call("config:DescribeConfigurationRecorders", sent).await;
        Ok(answer?.configuration_recorders.unwrap_or_default())
    }

    async fn statuses(&self, region: &Region) -> Result<Seen<Vec<ConfigurationRecorderStatus>>, CallError> {
        let sent = self.config.of(region).describe_configuration_recorder_status().send();
        let answer = call("config:DescribeConfigurationRecorderStatus", sent).await;
        Seen::from_call(answer.map(|it| it.configuration_recorders_status.unwrap_or_default()))
    }

    async fn channels(&self, region: &Region) -> Result<Seen<Vec<DeliveryChannel>>, CallError> {
        let sent = self.config.of(region).describe_delivery_channels().send();
        let answer = call("config:DescribeDeliveryChannels", sent).await;
        Seen::from_call(answer.map(|it| it.delivery_channels.unwrap_or_default()))
    }

    /// Returns whether the service-linked role exists. A role with that name under another path does not count. IAM
    /// does not know the path of a missing role, so the function's policy names it with its path and without.
    async fn linked_role(&self, place: &Place) -> Result<Seen<()>, CallError> {
        let name = LINKED_ROLE.rsplit('/').next().unwrap_or_default();
        let answer = call("iam:GetRole", self.iam.get_role().role_name(name).send()).await;
        let role = Seen::from_call(answer.map(|answer| answer.role))?;
        let expected = place.role_arn(LINKED_ROLE);
        Ok(role.and_then(|role| role.filter(|role| role.arn == expected).map(|_| ())))
    }

    /// Reads our access to a bucket. For one that a channel already uses and that is not ours by its name, all that
    /// matters is whether it exists.
    async fn access(&self, place: &Place, near: &Region, name: &str, used: bool) -> Result<BucketAccess, CallError> {
        // The channel's creator chose the bucket's name; an invalid name never becomes part of a URL.
        if !crate::managed::bucket::name::is_bucket_name(name) {
            return Ok(BucketAccess::Gone);
        }
        let near = Place { region: near.clone(), ..place.clone() };
        match self.accessed(place, self.buckets.locate(&near, name).await?, name, used).await {
            // It may have been listed when it was deleted.
            Err(error) if error.kind == ErrorKind::Gone => {
                self.buckets.gone(name);
                let located = anew(self.buckets.locate(&near, name)).await?;
                match self.accessed(place, located, name, used).await {
                    Err(error) if error.kind == ErrorKind::Gone => Ok(BucketAccess::Gone),
                    read => read,
                }
            }
            read => read,
        }
    }

    async fn accessed(
        &self,
        place: &Place,
        located: Located,
        name: &str,
        used: bool,
    ) -> Result<BucketAccess, CallError> {
        let region = match located {
            Located::ThisAccount(region) => region,
            Located::OtherAccount => return Ok(BucketAccess::OtherAccount),
            Located::Closed => return Ok(BucketAccess::Closed),
            Located::Gone => return Ok(BucketAccess::Gone),
        };
        let at = self.buckets.at(place, &region, name);
        let managed = region_of_managed(place, name).is_some();
        let policy = if managed || !used { at.policy().await? } else { Seen::NotAsked };
        let (encryption, blocks) = if managed {
            let (encryption, blocks) = try_join(at.encryption(), at.blocks()).await?;
            (encryption.map(|_| ()), blocks)
        } else {
            (Seen::NotAsked, Seen::NotAsked)
        };
        let expires = if managed && !used { at.expires().await? } else { Seen::NotAsked };
        Ok(BucketAccess::ThisAccount(OwnBucket { region, policy, encryption, blocks, expires }))
    }
}

/// Returns whether a recorder is the customer's, and not reserved by a service, whose recorders nobody else may change.
fn is_customers(recorder: &ConfigurationRecorder) -> bool {
    recorder.service_principal().is_none() && !recorder.name().is_some_and(|name| name.starts_with(OF_SERVICES))
}

fn seen_recorder(recorder: ConfigurationRecorder, status: Option<&ConfigurationRecorderStatus>) -> RecorderView {
    RecorderView {
        name: recorder.name.unwrap_or_default(),
        arn: set(recorder.arn),
        role: recorder.role_arn.unwrap_or_default(),
        scope: recorder.recording_group.as_ref().map_or(Scope::All, scope),
        status: RecorderStatus {
            recording: status.is_some_and(|status| status.recording),
            failure: status.and_then(failure),
        },
    }
}

/// Returns the failure of a recorder. The API reference spells it `Failure`, the developer guide shows `FAILURE`.
fn failure(status: &ConfigurationRecorderStatus) -> Option<String> {
    status.last_status().filter(|it| it.as_str().eq_ignore_ascii_case("failure"))?;
    let (code, message) = (status.last_error_code(), status.last_error_message());
    let told: Vec<&str> = [code, message].into_iter().flatten().filter(|it| !it.is_empty()).collect();
    Some(if told.is_empty() { "AWS gives no reason".to_owned() } else { crate::model::sanitized(&told.join(": ")) })
}

fn scope(group: &RecordingGroup) -> Scope {
    if group.all_supported {
        return Scope::All;
    }
    let names = |types: &[aws_sdk_config::types::ResourceType]| types.iter().map(|it| it.as_str().to_owned()).collect();
    let strategy = group.recording_strategy().and_then(|it| it.use_only());
    match strategy {
        Some(RecordingStrategyType::ExclusionByResourceTypes) => {
            Scope::AllBut(group.exclusion_by_resource_types().map(|it| names(it.resource_types())).unwrap_or_default())
        }
        Some(RecordingStrategyType::AllSupportedResourceTypes) => Scope::All,
        _ => Scope::Only(names(group.resource_types())),
    }
}

pub(crate) fn seen_channel(channel: DeliveryChannel) -> Channel {
    let properties = channel.config_snapshot_delivery_properties;
    Channel {
        name: channel.name.unwrap_or_default(),
        bucket: channel.s3_bucket_name.unwrap_or_default(),
        prefix: set(channel.s3_key_prefix),
        key: set(channel.s3_kms_key_arn),
        topic: set(channel.sns_topic_arn),
        frequency: properties.and_then(|it| it.delivery_frequency).map(|it| it.as_str().to_owned()),
    }
}

/// Returns a non-empty setting. Cleared settings may be returned as empty strings.
pub(super) fn set(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
