//! Steps with names that an attacker might choose, for the laws.

use crate::families::recorder::Step;
use crate::families::recorder::step::RecorderStep;
use crate::families::recorder::view::{Channel, View};
use crate::model::{Region, Seen};
use crate::testing::hostile::buckets;

/// Returns every kind of step, with this text in each value that is read from AWS or an event.
pub(super) fn steps(text: &str) -> Vec<Step> {
    let region = || Region::parse("eu-west-1").expect("a region");
    let name = || text.to_owned();
    let some = || Some(text.to_owned());
    let channel =
        || Channel { name: name(), bucket: name(), prefix: some(), key: some(), topic: some(), frequency: some() };
    let put = |replaces| RecorderStep::PutChannel { region: region(), channel: channel(), replaces, own: true };
    let recorder = [
        RecorderStep::CreateLinkedRole,
        RecorderStep::PutRecorder { region: region(), name: name(), role: name(), iam: true },
        put(None),
        put(Some(channel())),
        RecorderStep::Start { region: region(), name: name() },
    ];
    buckets(text).into_iter().map(Step::Bucket).chain(recorder.map(Step::Recorder)).collect()
}

/// Returns the view with this text in each name that advice may quote.
pub(super) fn named(mut view: View, text: &str) -> View {
    if let Seen::Present(recorder) = &mut view.recorder {
        recorder.name.push_str(text);
        recorder.role.push_str(text);
        recorder.status.failure.iter_mut().for_each(|failure| failure.push_str(text));
    }
    if let Seen::Present(channel) = &mut view.channel {
        let bucket = channel.bucket.clone();
        channel.name.push_str(text);
        channel.bucket.push_str(text);
        [&mut channel.prefix, &mut channel.key, &mut channel.topic]
            .into_iter()
            .flatten()
            .for_each(|it| it.push_str(text));
        let there = view.buckets.remove(&bucket).map(|access| (channel.bucket.clone(), access));
        view.buckets.extend(there);
    }
    view
}
