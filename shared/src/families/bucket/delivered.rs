//! Files that services deliver to a bucket, by the shapes of their ARNs.

use super::uses::folder;
use crate::documents::policy::{CharacterClass, Shape};
use crate::model::Place;

/// Returns the files of a trail ([log file names], [digest file names]): of one account, or without one of every account
/// of an organization. `home` is the folder of these accounts, such as `arn:aws:s3:::logs/AWSLogs/`.
///
/// [log file names]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
/// [digest file names]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
pub(super) fn of_trail(home: impl Into<Shape>, account: Option<&str>) -> Vec<Shape> {
    let home = home.into();
    let owner = |shape: Shape| match account {
        Some(account) => shape.text(account),
        None => shape.exactly(12, CharacterClass::Digit),
    };
    let of = |kind: &str| {
        let dated = date(owner(home.clone()).text(&format!("/{kind}/")).region().text("/"));
        owner(dated.text("/")).text(&format!("_{kind}_")).region().text("_")
    };
    vec![
        of("CloudTrail")
            .exactly(8, CharacterClass::Digit)
            .text("T")
            .exactly(4, CharacterClass::Digit)
            .text("Z_")
            .some(CharacterClass::Word)
            .text(".json.gz"),
        of("CloudTrail-Digest")
            .some(CharacterClass::Word)
            .text("_")
            .region()
            .text("_")
            .some(CharacterClass::Word)
            .text(".json.gz"),
    ]
}

/// Returns the files of a Config channel ([delivery channel]), among them the one that it writes to see whether it may.
///
/// [delivery channel]: https://docs.aws.amazon.com/config/latest/developerguide/view-manage-resource.html
pub(super) fn of_channel(place: &Place, region: &str, bucket: &str, prefix: Option<&str>) -> Vec<Shape> {
    let Place { partition, account, .. } = place;
    let home = format!("arn:{partition}:s3:::{bucket}/{}AWSLogs/{account}/Config/", folder(prefix));
    let of = |kind: &str| {
        // Months and days have no leading zeros.
        let dated = Shape::from(format!("{home}{region}/"))
            .exactly(4, CharacterClass::Digit)
            .text("/")
            .some(CharacterClass::Digit)
            .text("/")
            .some(CharacterClass::Digit);
        dated.text(&format!("/{kind}/{account}_Config_{region}_{kind}_")).some(CharacterClass::Segment).text(".json.gz")
    };
    vec![Shape::from(format!("{home}ConfigWritabilityCheckFile")), of("ConfigHistory"), of("ConfigSnapshot")]
}

/// Returns the files of flow logs in every region ([flow log files]).
///
/// [flow log files]: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
pub(super) fn of_flow_logs(place: &Place, bucket: &str, prefix: &str) -> Vec<Shape> {
    let Place { partition, account, .. } = place;
    let home = format!("arn:{partition}:s3:::{bucket}/{prefix}AWSLogs/{account}/vpcflowlogs/");
    let file = date(Shape::from(home).region().text("/")).text(&format!("/{account}_vpcflowlogs_"));
    vec![file.region().text("_fl-").some(CharacterClass::Word).text(".log.gz")]
}

/// Returns the files of server access logs under a prefix ([log object keys]), partitioned by date or not.
///
/// [log object keys]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
pub(super) fn of_access_logs(prefix: Shape, partition: Option<&str>) -> Vec<Shape> {
    let folder = match partition {
        Some(partition) => date(prefix.text(partition)).text("/"),
        None => prefix,
    };
    let day = folder
        .exactly(4, CharacterClass::Digit)
        .text("-")
        .exactly(2, CharacterClass::Digit)
        .text("-")
        .exactly(2, CharacterClass::Digit);
    let time = (0..3).fold(day, |shape, _| shape.text("-").exactly(2, CharacterClass::Digit));
    vec![time.text("-").exactly(16, CharacterClass::Word)]
}

/// Appends a date as `2026/01/31`.
fn date(shape: Shape) -> Shape {
    shape
        .exactly(4, CharacterClass::Digit)
        .text("/")
        .exactly(2, CharacterClass::Digit)
        .text("/")
        .exactly(2, CharacterClass::Digit)
}
