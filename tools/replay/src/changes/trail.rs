//! What calls to CloudTrail set.

use super::{Change, Fact, Leaves, Made, Matters, Of, truth};
use trailkeeper::families::families;
use trailkeeper::model::Arn;

const LOGGING: &str = "cloudtrail-logging";

/// What `UpdateTrail` switches: parameter, control, whether it is right, and what it does if not.
const SWITCHES: [(&str, &str, &str); 3] = [
    ("isMultiRegionTrail", "cloudtrail-multi-region", "takes the other regions from a trail"),
    ("enableLogFileValidation", "cloudtrail-log-validation", "ends the validation of log files"),
    ("includeGlobalServiceEvents", "cloudtrail-multi-region", "takes the calls to global services from a trail"),
];

/// What `UpdateTrail` names, which an empty text takes away.
const NAMED: [(&str, &str, &str); 2] = [
    ("kmsKeyId", "cloudtrail-kms", "ends the encryption with a key of the account"),
    ("cloudWatchLogsLogGroupArn", "cloudtrail-cloudwatch-logs", "ends the delivery to CloudWatch Logs"),
];

pub(super) fn changes(made: &Made<'_>) -> Vec<Change> {
    let Some(resource) = arn(made) else { return Vec::new() };
    let trail = Of { resource, matters: Matters::Always };
    match made.call.name.as_str() {
        "StopLogging" => vec![trail.change(LOGGING, "logging", Leaves::Less("stops a trail"))],
        "StartLogging" => vec![trail.change(LOGGING, "logging", Leaves::Right)],
        "DeleteTrail" => vec![trail.change(LOGGING, "trail", Leaves::Less("deletes a trail"))],
        "CreateTrail" => vec![trail.change(LOGGING, "trail", Leaves::Right)],
        "PutEventSelectors" => {
            let less = "narrows what a trail records";
            vec![trail.either("cloudtrail-management-events", "selectors", !narrows(made), less)]
        }
        "UpdateTrail" => updated(made, &trail),
        _ => Vec::new(),
    }
}

/// Returns whether the new selectors leave out management events, as the family judges that.
fn narrows(made: &Made<'_>) -> bool {
    let tells = families().into_iter().flat_map(|family| family.tells);
    tells.into_iter().any(|tell| tell.change(made.call).is_some())
}

fn updated(made: &Made<'_>, trail: &Of) -> Vec<Change> {
    let switched = SWITCHES.iter().filter_map(|(name, control, less)| {
        let on = truth(made.asked(&[name])?)?;
        Some(trail.either(control, name, on, less))
    });
    let named = NAMED.iter().filter_map(|(name, control, less)| {
        let value = made.asked(&[name])?.as_str()?;
        // What was not there before takes nothing away: that is known only where it was set in the time looked at.
        Some(match value {
            "" if made.call.response.text(name).is_none() => trail.change(control, name, Leaves::Wrong),
            "" => trail.change(control, name, Leaves::Less(less)),
            _ => trail.change(control, name, Leaves::Right),
        })
    });
    switched.chain(named).collect()
}

/// Returns the ARN of the trail: the response has it, the request its name or ARN.
fn arn(made: &Made<'_>) -> Option<String> {
    let asked = || ["name", "trailName"].iter().find_map(|name| made.text(name));
    let named = made.call.response.text("trailARN").or_else(asked)?;
    let is_trail = |arn: Arn<'_>| arn.service == "cloudtrail" && arn.resource.starts_with("trail/");
    if named.starts_with("arn:") {
        return Arn::parse(named).is_some_and(is_trail).then(|| named.to_owned());
    }
    Some(made.arn("cloudtrail", &format!("trail/{named}")))
}

/// Returns the bucket and key of a trail, which the response names.
pub(super) fn facts(made: &Made<'_>) -> Vec<Fact> {
    if !["CreateTrail", "UpdateTrail"].contains(&made.call.name.as_str()) {
        return Vec::new();
    }
    let named = |name: &str| made.call.response.text(name).or_else(|| made.text(name)).map(str::to_owned);
    let bucket = named("s3BucketName").map(Fact::LogBucket);
    bucket.into_iter().chain(named("kmsKeyId").map(Fact::TrailKey)).collect()
}
