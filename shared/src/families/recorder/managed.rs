//! What we make for AWS Config, by names that are fixed in advance, and where IAM is recorded. Pure.

use crate::model::{Place, Region};

/// The id of every region's subject, and the name of the recorders that we make: AWS's own default.
pub(super) const RECORDER: &str = "default";
/// The name of the channels that we make: AWS's own default.
pub(super) const CHANNEL: &str = "default";
/// The service that records, as IAM knows it.
pub(super) const SERVICE: &str = "config.amazonaws.com";
/// The path and name of the service-linked role of AWS Config.
pub const LINKED_ROLE: &str = "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";

const MANAGED_BUCKET: &str = "trailkeeper-config-";

/// The bucket that we make where the account has none for AWS Config.
pub(super) fn managed_bucket(place: &Place) -> String {
    format!("{MANAGED_BUCKET}{}-{}", place.account, place.region)
}

/// Whether a bucket has a name as we give it, in whatever account.
pub(super) fn is_managed_name(bucket: &str) -> bool {
    bucket.starts_with(MANAGED_BUCKET)
}

/// The region in the name of a bucket, if it is one that we give: names of ours carry the account, too.
pub(super) fn region_of_ours(place: &Place, bucket: &str) -> Option<Region> {
    let rest = bucket.strip_prefix(MANAGED_BUCKET)?.strip_prefix(&place.account)?.strip_prefix('-')?;
    Region::parse(rest).filter(|region| region.partition() == place.partition)
}

/// The regions where IAM cannot be recorded, since AWS Config came there after February 2022: those that the API
/// reference lists ([RecordingStrategy]), and those that have opened since.
///
/// [RecordingStrategy]: https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingStrategy.html
const WITHOUT_IAM: [&str; 12] = [
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "mx-central-1",
];

/// Whether a recorder that we make records IAM's resources, which are the same seen from every region: once is enough,
/// and every further copy is paid for.
pub(super) fn records_iam(region: &Region, home: &Region) -> bool {
    region == home && !WITHOUT_IAM.contains(&region.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::Recorder;
    use super::*;
    use crate::testing::laws::subject;

    #[test]
    fn a_bucket_of_ours_is_known_by_its_name() {
        let place = subject::<Recorder>().place;
        assert_eq!(managed_bucket(&place), "trailkeeper-config-111122223333-eu-west-1");
        assert_eq!(region_of_ours(&place, &managed_bucket(&place)), Some(place.region.clone()));
        for other in [
            "trailkeeper-config-999999999999-eu-west-1",
            "trailkeeper-config-111122223333-moon",
            "trailkeeper-config-111122223333-cn-north-1",
            "trailkeeper-config-111122223333",
            "logs",
        ] {
            assert_eq!(region_of_ours(&place, other), None, "{other}");
        }
    }

    #[test]
    fn iam_is_recorded_at_home_alone_and_where_it_can_be() {
        let region = |name| Region::parse(name).expect("a region");
        assert!(records_iam(&region("us-east-1"), &region("us-east-1")));
        assert!(!records_iam(&region("eu-west-1"), &region("us-east-1")));
        assert!(!records_iam(&region("il-central-1"), &region("il-central-1")));
    }
}
