//! The rules of EventBridge: those on the bus, which wake the functions, and those of a region, which send calls to it.

use super::fill::{fill, indent, title};
use super::yaml::{Yaml, entries};
use crate::event::{Lane, Watch};
use crate::families::families;
use crate::guard::watch::{IN_REGION, ON_THE_BUS as GUARDED};
use std::collections::BTreeSet;

const ON_THE_BUS: &str = "
<note>
<Rule>:
  Type: EventBridgeRule
  Properties:
    <bus>
    Pattern:
      <pattern>
";

const TO_THE_QUEUE: &str = "
<note>
<Rule>:
  Type: AWS::Events::Rule
  <after>
  Properties:
    EventBusName: !Ref Bus
    EventPattern:
      <pattern>
    Targets: [{ Id: queue, Arn: !GetAtt <Name>Queue.Arn }]
";

const OF_A_REGION: &str = "
<note>
<Rule>:
  Type: AWS::Events::Rule
  Properties:
    Description: What Trailkeeper watches of <service>
    EventPattern:
      <pattern>
    Targets:
      - Id: bus
        Arn: !Ref Bus
        RoleArn: !Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:role/TrailkeeperForwarder
";

/// Returns the comment above a rule on calls of a service, where there is something to know.
fn note(service: &str) -> &'static str {
    match service {
        "iam.amazonaws.com" => {
            "# IAM is global: its calls are events of one region, us-east-1 in the commercial partition."
        }
        _ => "",
    }
}

/// Calls of a watch that come by one lane.
struct LaneRule {
    name: String,
    service: &'static str,
    calls: Vec<&'static str>,
    /// Names of the buckets that they are about, where these decide about the lane.
    buckets: Option<Yaml>,
}

/// Returns what comes by a lane.
fn by_lane(watches: &[Watch], lane: Lane) -> Vec<LaneRule> {
    let rules = watches.iter().flat_map(|watch| {
        let Watch { rule, service, .. } = *watch;
        let whatever = LaneRule { name: rule.to_owned(), service, calls: watch.calls_by(lane), buckets: None };
        let buckets = Some(buckets(lane));
        [whatever, LaneRule { name: format!("{rule}ByName"), service, calls: watch.calls_by_name(), buckets }]
    });
    rules.filter(|rule| !rule.calls.is_empty()).collect()
}

/// Returns what the name of a bucket is like for a call on it to come by a lane. What names no bucket is one of the many:
/// `anything-but` alone would match no event that has no name at all.
fn buckets(lane: Lane) -> Yaml {
    let map = |name: &str, value: Yaml| Yaml::Map(vec![(name.to_owned(), value)]);
    match lane {
        Lane::Urgent => {
            let usual = Lane::LOG_BUCKETS.iter().map(|name| Yaml::Text((*name).to_owned()));
            let own = (0..Lane::OWN_LOG_BUCKETS).map(own_log_bucket);
            Yaml::List(usual.chain(own).map(|name| map("prefix", name)).collect())
        }
        Lane::Many => {
            let names = format!("!Split [\",\", !Sub \"{},${{LogBuckets}}\"]", Lane::LOG_BUCKETS.join(","));
            let is_other = map("anything-but", map("prefix", Yaml::Long(names)));
            Yaml::List(vec![is_other, map("exists", Yaml::Short("false".to_owned()))])
        }
    }
}

/// Returns one of the names in `LogBuckets`. Where it has fewer, this is how no bucket's name begins.
fn own_log_bucket(number: usize) -> Yaml {
    let none: Vec<String> = (1..Lane::OWN_LOG_BUCKETS).map(|number| format!("/{number}")).collect();
    Yaml::Short(format!("!Select [{number}, !Split [\",\", !Sub \"${{LogBuckets}},{}\"]]", none.join(",")))
}

/// Renders the rules on the bus that wake a function at once, for a place `deep` columns in.
pub(super) fn on_the_bus(watches: &[Watch], deep: usize) -> String {
    let rule = |it: &LaneRule| {
        let pattern = pattern_of(it.service, &it.calls, it.buckets.as_ref(), deep + 6);
        of_a_function(&it.name, it.service, &pattern, true)
    };
    by_lane(watches, Lane::Urgent).iter().map(rule).collect()
}

/// Renders the rules that send the many calls of a family to its queue, each with its name.
pub(super) fn to_the_queue(watches: &[Watch], family: &str) -> Vec<(String, String)> {
    let rule = |it: &LaneRule| {
        let name = format!("{family}Queue{}", it.name);
        let pattern = pattern_of(it.service, &it.calls, it.buckets.as_ref(), 6);
        // A name that is new is taken by the urgent lane before the queue leaves it out: rather by both than by none.
        let after = it.buckets.as_ref().map(|_| format!("DependsOn: {family}Function{}", it.name)).unwrap_or_default();
        let gaps =
            [("note", note(it.service)), ("Rule", &*name), ("after", &after), ("Name", family), ("pattern", &pattern)];
        (name.clone(), fill(TO_THE_QUEUE.trim_start(), &gaps))
    };
    by_lane(watches, Lane::Many).iter().map(rule).collect()
}

/// Renders the rules that wake the guard: those of the default bus, and those of ours.
pub(super) fn of_the_guard(deep: usize) -> String {
    let pattern = |service, calls| pattern(service, calls, deep + 6);
    let here = IN_REGION.iter().map(|it| of_a_function(it.rule, it.service, &pattern(it.service, it.calls), false));
    let by_the_bus = GUARDED.iter().map(|it| of_a_function(it.rule, it.service, &pattern(it.service, it.calls), true));
    here.chain(by_the_bus).collect()
}

fn of_a_function(rule: &str, service: &str, pattern: &str, on_our_bus: bool) -> String {
    let bus = if on_our_bus { "EventBusName: !Ref Bus" } else { "" };
    fill(ON_THE_BUS.trim_start(), &[("note", note(service)), ("Rule", rule), ("bus", bus), ("pattern", pattern)])
}

/// Renders the rules of a region: one for each service, with the calls of all functions together.
pub(super) fn of_a_region() -> String {
    let mut watches: Vec<(&str, &[&str])> = Vec::new();
    for family in families() {
        watches.extend(family.watches.iter().map(|watch| (watch.service, watch.calls)));
    }
    watches.extend(GUARDED.iter().map(|it| (it.service, it.calls)));
    let mut services: Vec<&str> = Vec::new();
    for (service, _) in &watches {
        if !services.contains(service) {
            services.push(service);
        }
    }
    let rule = |service: &&str| {
        let of_service = watches.iter().filter(|(other, _)| other == service);
        let calls: BTreeSet<&str> = of_service.flat_map(|(_, calls)| *calls).copied().collect();
        let pattern = pattern(service, &calls.into_iter().collect::<Vec<_>>(), 8);
        let gaps = [("note", note(service)), ("Rule", &rule_of(service)), ("service", service), ("pattern", &pattern)];
        indent(&fill(OF_A_REGION.trim_start(), &gaps), 2)
    };
    services.iter().map(rule).collect::<Vec<_>>().join("\n")
}

/// Returns the label of a service, by which EventBridge calls its source.
fn label(service: &str) -> &str {
    service.split('.').next().expect("a label")
}

/// Returns the name of a service's rule: the service's own, as AWS spells it.
fn rule_of(service: &str) -> String {
    match label(service) {
        "cloudtrail" => "CloudTrail".to_owned(),
        "monitoring" => "CloudWatch".to_owned(),
        label => title(label),
    }
}

/// Renders the pattern of calls of a service that did not fail.
fn pattern(service: &str, calls: &[&str], deep: usize) -> String {
    pattern_of(service, calls, None, deep)
}

/// Renders the same of calls on buckets whose names are like this.
fn pattern_of(service: &str, calls: &[&str], buckets: Option<&Yaml>, deep: usize) -> String {
    let key = |name: &str, value: Yaml| (name.to_owned(), value);
    let text = |it: &str| Yaml::Text(it.to_owned());
    let one = |it: &str| Yaml::List(vec![text(it)]);
    // CloudTrail adds an API version to the names of Lambda's calls; who watches one without says so for all of them.
    let call = |it: &&str| match service {
        "lambda.amazonaws.com" if !it.ends_with(|last: char| last.is_ascii_digit()) => {
            Yaml::Map(vec![key("prefix", text(it))])
        }
        _ => text(it),
    };
    let absent = Yaml::Map(vec![key("exists", Yaml::Short("false".to_owned()))]);
    let mut detail = vec![
        key("eventType", one("AwsApiCall")),
        key("eventSource", one(service)),
        key("eventName", Yaml::List(calls.iter().map(call).collect())),
        key("errorCode", Yaml::List(vec![absent])),
    ];
    if let Some(names) = buckets {
        detail.push(key("requestParameters", Yaml::Map(vec![key("bucketName", names.clone())])));
    }
    let outer = [
        key("source", one(&format!("aws.{}", label(service)))),
        key("detail-type", one("AWS API Call via CloudTrail")),
    ];
    format!("{}detail:\n{}", entries(&outer, deep), indent(&entries(&detail, deep + 2), 2))
}

#[test]
fn the_rules_of_a_function_have_names_of_their_own() {
    for family in families() {
        let names: BTreeSet<&str> = family.watches.iter().map(|watch| watch.rule).collect();
        assert_eq!(names.len(), family.watches.len(), "{}: {names:?}", family.name);
        assert!(!names.contains("Sweep") && !names.contains("Schedule"), "{}: {names:?}", family.name);
    }
}
