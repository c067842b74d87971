//! Files that services deliver to a bucket, by the shapes of their ARNs.

use super::uses::folder;
use crate::documents::policy::{Class, Shape};
use crate::model::Place;

/// Returns the files of a trail ([log file names], [digest file names]): of one account, or without one of every account
/// of an organization. `home` is the folder of these accounts, such as `arn:aws:s3:::logs/AWSLogs/`.
///
/// [log file names]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
/// [digest file names]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
pub(super) fn of_trail(home: &str, account: Option<&str>) -> Vec<Shape> {
    let owner = |shape: Shape| match account {
        Some(account) => shape.text(account),
        None => shape.exactly(12, Class::Digit),
    };
    let of = |kind: &str| {
        let dated = date(owner(Shape::from(home)).text(&format!("/{kind}/")).region().text("/"));
        owner(dated.text("/")).text(&format!("_{kind}_")).region().text("_")
    };
    vec![
        of("CloudTrail")
            .exactly(8, Class::Digit)
            .text("T")
            .exactly(4, Class::Digit)
            .text("Z_")
            .some(Class::Word)
            .text(".json.gz"),
        of("CloudTrail-Digest").some(Class::Word).text("_").region().text("_").some(Class::Word).text(".json.gz"),
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
            .exactly(4, Class::Digit)
            .text("/")
            .some(Class::Digit)
            .text("/")
            .some(Class::Digit);
        dated.text(&format!("/{kind}/{account}_Config_{region}_{kind}_")).some(Class::Segment).text(".json.gz")
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
    vec![file.region().text("_fl-").some(Class::Word).text(".log.gz")]
}

/// Returns the files of server access logs under a prefix ([log object keys]), partitioned by date or not.
///
/// [log object keys]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
pub(super) fn of_access_logs(prefix: Shape, partition: Option<&str>) -> Vec<Shape> {
    let folder = match partition {
        Some(partition) => date(prefix.text(partition)).text("/"),
        None => prefix,
    };
    let day = folder.exactly(4, Class::Digit).text("-").exactly(2, Class::Digit).text("-").exactly(2, Class::Digit);
    let time = (0..3).fold(day, |shape, _| shape.text("-").exactly(2, Class::Digit));
    vec![time.text("-").exactly(16, Class::Word)]
}

/// Appends a date as `2026/01/31`.
fn date(shape: Shape) -> Shape {
    shape.exactly(4, Class::Digit).text("/").exactly(2, Class::Digit).text("/").exactly(2, Class::Digit)
}
