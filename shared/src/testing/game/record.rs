//! The judge: what of the account's record does not run as it did before the game. It looks at the account as AWS has
//! it, and knows nothing of what the families think.

use super::account::{
    ACCOUNT, Asked, AwsAccount, BUCKET, BucketHere, OTHER, SERVER, TopicHere, TrailHere, away, expiry, home, permits,
};
use super::called::MALLORY;
use crate::families::bucket::ReplicaOwner;
use crate::families::recorder::Scope;
use crate::families::vpc::Traffic;
use crate::managed::log_group::LogSubscription;
use crate::managed::log_group::account_policy::{AccountPolicy, AccountPolicyEffect};
use crate::model::Arn;
use serde_json::Value;
use std::collections::BTreeMap;

/// What can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Facet {
    /// Everything that is done in the account is recorded, and the files arrive in it.
    Trail,
    /// They arrive where they did before.
    Place,
    /// Digests prove that nobody changed them.
    Digests,
    /// What has arrived stays, and nobody else may read it.
    Files,
    /// Who touches the files is logged.
    Access,
    /// The record arrives in a log group, too.
    Logs,
    /// A person hears the alarms on it.
    Alarms,
    /// Nobody outside the account receives it.
    Hearers,
    FlowLogs,
    Config,
    Server,
}

impl Facet {
    /// Returns whether the controls of it are of medium severity at most: whom a tag exempts from them is told nothing
    /// of it.
    pub(crate) fn may_be_exempt(self) -> bool {
        matches!(self, Self::Digests | Self::Access | Self::Logs | Self::Alarms | Self::FlowLogs)
    }
}

/// Shortest time in days for which files must stay.
const SHORTEST: u64 = 90;

/// The record as it was before the game.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    before: AwsAccount,
}

impl Record {
    pub(crate) fn of(before: &AwsAccount) -> Self {
        Self { before: before.clone() }
    }

    pub(crate) fn is_as_before(&self, now: &AwsAccount) -> bool {
        self.before == *now
    }

    /// Returns what does not run as it did, and why.
    pub(crate) fn ends(&self, now: &AwsAccount) -> BTreeMap<Facet, String> {
        let found = [
            (Facet::Trail, trail(now)),
            (Facet::Place, self.place(now)),
            (Facet::Digests, self.digests(now)),
            (Facet::Files, self.files(now)),
            (Facet::Access, self.access(now)),
            (Facet::Logs, self.logs(now)),
            (Facet::Alarms, self.alarms(now)),
            (Facet::Hearers, hearers(now)),
            (Facet::FlowLogs, flow_logs(now)),
            (Facet::Config, config(now)),
            (Facet::Server, server(now)),
        ];
        found.into_iter().filter_map(|(facet, why)| Some((facet, why.err()?))).collect()
    }

    fn at_its_place<'a>(&'a self, now: &'a AwsAccount) -> impl Iterator<Item = (&'a String, &'a TrailHere)> {
        let before = recording(&self.before).next().map(|(_, it)| (&it.bucket, &it.prefix));
        recording(now).filter(move |(_, it)| before == Some((&it.bucket, &it.prefix)))
    }

    fn place(&self, now: &AwsAccount) -> Result<(), String> {
        self.at_its_place(now).next().map(|_| ()).ok_or_else(|| "the files go elsewhere".to_owned())
    }

    fn digests(&self, now: &AwsAccount) -> Result<(), String> {
        self.at_its_place(now).find(|(_, it)| it.validation).map(|_| ()).ok_or_else(|| "no digests".to_owned())
    }

    fn files(&self, now: &AwsAccount) -> Result<(), String> {
        let (Some(was), Some(is)) = (self.before.buckets.get(BUCKET), now.buckets.get(BUCKET)) else {
            return Err("the bucket is gone".to_owned());
        };
        let rules = is.config.rules.present().map_or(&[][..], |it| &it.rules);
        if let Some(days) = expiry(rules).filter(|days| *days < SHORTEST) {
            return Err(format!("files expire after {days} days"));
        }
        let object = format!("arn:aws:s3:::{BUCKET}/AWSLogs/x");
        for action in ["s3:GetObject", "s3:DeleteObject", "s3:PutLifecycleConfiguration"] {
            let resource =
                if action.ends_with("Object") { object.as_str() } else { object.split('/').next().unwrap_or("") };
            let asked = Asked { who: ("AWS", OTHER), action, resource, known: &[("aws:SecureTransport", "true")] };
            if permits(is.config.policy.present(), asked) {
                return Err(format!("another account may {action}"));
            }
        }
        let may = |bucket: &BucketHere, action: &str| {
            let known = &[("aws:SecureTransport", "true")];
            let asked = Asked { who: ("AWS", MALLORY), action, resource: &object, known };
            permits(bucket.config.policy.present(), asked)
        };
        if let Some(action) = ["s3:GetObject", "s3:DeleteObject"].iter().find(|it| may(is, it) && !may(was, it)) {
            return Err(format!("somebody else of the account may {action}"));
        }
        match (is.versioned == was.versioned, is.config.blocks == was.config.blocks) {
            (false, _) => Err("versions are not kept".to_owned()),
            (_, false) => Err("it is not closed to the public".to_owned()),
            _ => Ok(()),
        }
    }

    fn access(&self, now: &AwsAccount) -> Result<(), String> {
        let logging = |account: &AwsAccount| account.buckets.get(BUCKET)?.config.logging.present().cloned();
        let Some(to) = logging(now).filter(|_| logging(now) == logging(&self.before)) else {
            return Err("access is logged elsewhere".to_owned());
        };
        let arrives = now.buckets.get(&to.target).is_some_and(|it| {
            let object = format!("arn:aws:s3:::{}/{}x", to.target, to.prefix);
            let source = format!("arn:aws:s3:::{BUCKET}");
            let known =
                [("aws:SourceArn", source.as_str()), ("aws:SourceAccount", ACCOUNT), ("aws:SecureTransport", "true")];
            let who = ("Service", "logging.s3.amazonaws.com");
            let asked = Asked { who, action: "s3:PutObject", resource: &object, known: &known };
            permits(it.config.policy.present(), asked)
        });
        if arrives { Ok(()) } else { Err("the log of accesses does not arrive".to_owned()) }
    }

    fn logs(&self, now: &AwsAccount) -> Result<(), String> {
        let kept = |it: &TrailHere| self.before.groups.get(&(home(), group_of(it)?))?.retention;
        let before = recording(&self.before).find_map(|(_, it)| kept(it));
        if now.group_policies.iter().any(|it| it.effect == AccountPolicyEffect::Masks) {
            return Err("parts of the events are masked".to_owned());
        }
        let feeds = |(arn, it): &(&String, &TrailHere)| {
            let Some(name) = group_of(it) else { return false };
            let Some(group) = now.groups.get(&(home(), name.clone())) else { return false };
            let long = group.retention.is_none() || before.is_some_and(|days| group.retention >= Some(days));
            let role = it.logs.as_ref().map_or("", |(_, role)| role.as_str());
            long && now.role_writes(role, "cloudtrail.amazonaws.com", arn, &name)
        };
        recording(now).find(feeds).map(|_| ()).ok_or_else(|| "no log group is fed".to_owned())
    }

    /// Each alarm of before rings: a filter of the same pattern feeds it, and somebody hears it.
    fn alarms(&self, now: &AwsAccount) -> Result<(), String> {
        let group = |account: &AwsAccount| {
            let name = recording(account).find_map(|(_, it)| group_of(it))?;
            account.groups.get(&(home(), name)).cloned()
        };
        let filters = group(now).map(|group| group.filters).unwrap_or_default();
        for wanted in group(&self.before).map(|group| group.filters).unwrap_or_default() {
            let fed =
                filters.iter().filter(|it| it.pattern.text == wanted.pattern.text && it.transformation.value == "1");
            let rings = |metric| {
                now.alarms.iter().any(|((region, name), alarm)| {
                    let arn = format!("arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{name}");
                    let goes_off = alarm.evaluation_periods == 1 && alarm.threshold <= 1.0 && alarm.actions_enabled;
                    let muted = now.mute_rules.get(name).into_iter().flatten().any(|rule| rule.active || rule.endless);
                    let heard = !muted && alarm.alarm_actions.iter().any(|topic| now.is_heard(&arn, topic));
                    alarm.metric == metric && goes_off && heard
                })
            };
            if !fed.map(|it| it.transformation.metric.clone()).any(rings) {
                return Err(format!("nobody hears of {}", wanted.name));
            }
        }
        Ok(())
    }
}

/// Nobody outside receives what the log groups and buckets of trails receive.
fn hearers(now: &AwsAccount) -> Result<(), String> {
    let overhears = |it: &&AccountPolicy| matches!(&it.effect, AccountPolicyEffect::HandsOn(to) if to.contains(OTHER));
    if let Some(it) = now.group_policies.iter().find(overhears) {
        return Err(format!("by policy {} somebody receives the events of every log group", it.name));
    }
    let ends = |arn: &str, topic: &TopicHere| {
        let asked = Asked { who: ("AWS", OTHER), action: "sns:DeleteTopic", resource: arn, known: &[] };
        permits([&topic.policy], asked)
    };
    let used = |arn: &String| now.alarms.values().any(|alarm| alarm.alarm_actions.contains(arn));
    let ours = |topic: &TopicHere| topic.key.is_some();
    if let Some((arn, _)) = now.topics.iter().find(|(arn, it)| used(arn) && ours(it) && ends(arn, it)) {
        return Err(format!("another account may delete {arn}"));
    }
    for (arn, trail) in recording(now) {
        let group = group_of(trail).and_then(|name| now.groups.get(&(home(), name)));
        let hears = |it: &&LogSubscription| it.destination.contains(OTHER);
        if let Some(it) = group.and_then(|group| group.subscriptions.iter().find(hears)) {
            return Err(format!("{} receives the events of {arn}", it.destination));
        }
        if let Some(it) = now.buckets.get(&trail.bucket).and_then(|it| it.config.replicas.present())
            && let Some(it) = it.iter().find(|it| matches!(it.owner, ReplicaOwner::OtherAccount(_)))
        {
            return Err(format!("bucket {} gets the files of {arn}", it.bucket));
        }
    }
    Ok(())
}

fn group_of(trail: &TrailHere) -> Option<String> {
    let arn = Arn::parse(&trail.logs.as_ref()?.0)?;
    Some(arn.resource.strip_prefix("log-group:")?.trim_end_matches(":*").to_owned())
}

fn recording(account: &AwsAccount) -> impl Iterator<Item = (&String, &TrailHere)> {
    account.trails.iter().filter(|(arn, it)| records(account, arn, it).is_ok())
}

fn trail(now: &AwsAccount) -> Result<(), String> {
    let whys = now.trails.iter().map(|(arn, it)| records(now, arn, it).map_err(|why| format!("{arn} {why}")));
    let whys: Vec<_> = whys.collect();
    if whys.iter().any(Result::is_ok) {
        return Ok(());
    }
    let whys: Vec<String> = whys.into_iter().filter_map(Result::err).collect();
    Err(if whys.is_empty() { "there is no trail".to_owned() } else { whys.join("; ") })
}

fn records(account: &AwsAccount, arn: &str, trail: &TrailHere) -> Result<(), String> {
    let owner = account.buckets.get(&trail.bucket).map(|it| it.owner);
    let foreign = |key: &String| Arn::parse(key).is_some_and(|arn| arn.account != ACCOUNT);
    let checks = [
        ("has one region", trail.multi_region && trail.global_events),
        ("is stopped", trail.logging),
        ("leaves events out", is_whole(&trail.selectors.basic, &trail.selectors.advanced)),
        ("goes to another account", owner == Some(ACCOUNT)),
        ("is encrypted with another account's key", !trail.key.as_ref().is_some_and(foreign)),
    ];
    if let Some((why, _)) = checks.iter().find(|(_, fine)| !fine) {
        return Err((*why).to_owned());
    }
    account.delivery_error(arn, trail).map_or(Ok(()), |error| Err(format!("fails: {error}")))
}

/// Returns whether event selectors take every management event.
fn is_whole(basic: &[Value], advanced: &[Value]) -> bool {
    let all = |it: &Value| {
        let none_excluded = it.get("ExcludeManagementEventSources").and_then(Value::as_array).is_none_or(Vec::is_empty);
        it["ReadWriteType"] == "All" && it["IncludeManagementEvents"] == true && none_excluded
    };
    let whole = |it: &Value| {
        let fields = it["FieldSelectors"].as_array().map_or(&[][..], Vec::as_slice);
        fields.len() == 1
            && fields[0]["Field"] == "eventCategory"
            && fields[0]["Equals"] == serde_json::json!(["Management"])
    };
    basic.is_empty() && advanced.is_empty() || basic.iter().any(all) || advanced.iter().any(whole)
}

fn flow_logs(now: &AwsAccount) -> Result<(), String> {
    for vpc in now.vpcs.keys() {
        let ours = |arn: &str| {
            let name = Arn::parse(arn).map_or("", |arn| arn.resource).split('/').next().unwrap_or_default();
            now.buckets.get(name).is_some_and(|it| it.owner == ACCOUNT)
        };
        let fine = now.flow_logs.iter().filter(|it| it.vpc == *vpc && it.traffic != Traffic::Accept).any(|it| {
            let here = match &it.to {
                super::account::FlowLogTo::Elsewhere(arn) => ours(arn),
                super::account::FlowLogTo::Group { .. } => true,
            };
            here && now.flow_log_delivers(&it.id, &it.to)
        });
        if !fine {
            return Err(format!("{vpc} has no flow log"));
        }
    }
    Ok(())
}

fn config(now: &AwsAccount) -> Result<(), String> {
    for region in [home(), away()] {
        let here = now.config.get(&region).cloned().unwrap_or_default();
        let Some(recorder) = here.recorder else { return Err(format!("no recorder in {region}")) };
        let Some(channel) = here.channel else { return Err(format!("no channel in {region}")) };
        let owner = now.buckets.get(&channel.bucket).map(|it| it.owner);
        if !recorder.status.recording || recorder.scope != Scope::All {
            return Err(format!("the recorder in {region} does not record everything"));
        }
        if owner != Some(ACCOUNT) || !now.config_delivers(&channel) {
            return Err(format!("the channel in {region} delivers to {}", channel.bucket));
        }
    }
    Ok(())
}

fn server(now: &AwsAccount) -> Result<(), String> {
    let role = now.servers.get(SERVER).and_then(|it| it.role.as_deref());
    let arn = format!("arn:aws:transfer:{}:{ACCOUNT}:server/{SERVER}", home());
    let group = format!("/aws/transfer/{SERVER}");
    let writes = role.is_some_and(|role| now.role_writes(role, "transfer.amazonaws.com", &arn, &group));
    if writes { Ok(()) } else { Err("the server logs nothing".to_owned()) }
}
