//! AWS Config in the account of the game.

use crate::event::Dependency;
use crate::families::recorder::bucket::{BucketAccess, OwnBucket};
use crate::families::recorder::managed::{RECORDER, region_of_managed};
use crate::families::recorder::wants::NextRead;
use crate::families::recorder::{
    ChannelDestination, Recorder, RecorderStatus, RecorderStep, RecorderView, Scope, Step, View,
};
use crate::model::{CallError, Place, Region, Seen, Subject};
use crate::settings::Settings;
use crate::testing::game::account::{AwsAccount, Owned, refused};
use crate::testing::game::world::Played;
use std::collections::BTreeMap;

impl Played for Recorder {
    fn ids(_: &AwsAccount, _: &Place, _: Option<&Dependency>, _: &Settings) -> Vec<String> {
        vec![RECORDER.to_owned()]
    }

    fn view(account: &AwsAccount, subject: &Subject, settings: &Settings) -> Option<View> {
        let place = &subject.place;
        let here = account.config.get(&place.region).cloned().unwrap_or_default();
        let mut view = View {
            recorder: here.recorder.map_or(Seen::Absent, Seen::Present),
            channel: here.channel.map_or(Seen::Absent, Seen::Present),
            role: Seen::NotAsked,
            elsewhere: None,
            buckets: BTreeMap::new(),
        };
        while let Some(want) = view.wants(place, &settings.record_destinations) {
            match want {
                NextRead::Role => view.role = Seen::Present(()),
                NextRead::Elsewhere => view.elsewhere = Some(elsewhere(account, &place.region)),
                NextRead::Bucket(name, _) => {
                    let used = view.channel.present().is_some_and(|channel| channel.bucket == name);
                    let access = access(account, place, &name, used);
                    view.buckets.insert(name, access);
                }
            }
        }
        Some(view)
    }

    fn make(account: &mut AwsAccount, _: &Subject, step: &Step) -> Result<(), CallError> {
        match step {
            Step::Bucket(step) => return account.put_bucket(step),
            Step::Recorder(RecorderStep::CreateLinkedRole) => {}
            Step::Recorder(RecorderStep::PutRecorder { region, name, role, .. }) => {
                let here = account.config.entry(region.clone()).or_default();
                let idle = RecorderStatus { recording: false, failure: None };
                let status = here.recorder.as_ref().map_or(idle, |it| it.status.clone());
                let (name, role) = (name.clone(), role.clone());
                here.recorder = Some(RecorderView { name, arn: None, role, scope: Scope::All, status });
            }
            Step::Recorder(RecorderStep::PutChannel { region, channel, .. }) => {
                if !account.config_delivers(channel) {
                    return Err(refused("config:PutDeliveryChannel", "InsufficientDeliveryPolicyException"));
                }
                account.config.entry(region.clone()).or_default().channel = Some(channel.clone());
            }
            Step::Recorder(RecorderStep::Start { region, .. }) => {
                let here = account.config.entry(region.clone()).or_default();
                let action = "config:StartConfigurationRecorder";
                if here.channel.is_none() {
                    return Err(refused(action, "NoAvailableDeliveryChannelException"));
                }
                let recorder = here.recorder.as_mut();
                recorder.ok_or_else(|| refused(action, "NoSuchConfigurationRecorderException"))?.status.recording =
                    true;
            }
        }
        Ok(())
    }
}

fn elsewhere(account: &AwsAccount, than: &Region) -> Vec<ChannelDestination> {
    let others = account.config.iter().filter(|(region, _)| *region != than);
    let channels = others.filter_map(|(region, it)| {
        let channel = it.channel.as_ref()?;
        let (bucket, prefix, key) = (channel.bucket.clone(), channel.prefix.clone(), channel.key.clone());
        Some(ChannelDestination { region: region.clone(), bucket, prefix, key })
    });
    channels.collect()
}

fn access(account: &AwsAccount, place: &Place, name: &str, used: bool) -> BucketAccess {
    let region = match account.locate(name) {
        Owned::Here(region) => region,
        Owned::Elsewhere => return BucketAccess::OtherAccount,
        Owned::Gone => return BucketAccess::Gone,
    };
    let managed = region_of_managed(place, name).is_some();
    let config = account.buckets.get(name).map(|it| &it.config).filter(|_| managed);
    let policy = if managed || !used { account.bucket_policy(name) } else { Seen::NotAsked };
    let encryption = config.map_or(Seen::NotAsked, |it| it.encryption.clone().map(|_| ()));
    let blocks = config.map_or(Seen::NotAsked, |it| it.blocks.clone());
    let expires = if managed && !used { account.expires(name) } else { Seen::NotAsked };
    BucketAccess::ThisAccount(OwnBucket { region, policy, encryption, blocks, expires })
}
