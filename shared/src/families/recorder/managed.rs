//! Resources that Trailkeeper creates for AWS Config: fixed names, and the regions in which IAM is recorded. Pure.

use crate::managed::bucket::name::{managed_names, region_in_name};
use crate::model::{Place, Region};

/// Id of every region's subject, and name of our recorders: AWS's own default.
pub(super) const RECORDER: &str = "default";
/// Name of our channels: AWS's own default.
pub(super) const CHANNEL: &str = "default";
/// Service principal of AWS Config in IAM.
pub(super) const SERVICE: &str = "config.amazonaws.com";
/// Path and name of the service-linked role of AWS Config.
pub const LINKED_ROLE: &str = "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";

const MANAGED_BUCKET: &str = "trailkeeper-config-";

/// Returns the names that the bucket may have that Trailkeeper creates if the account has none for AWS Config, in the
/// order in which they are tried.
pub(super) fn managed_buckets(place: &Place) -> Vec<String> {
    managed_names(MANAGED_BUCKET, place)
}

/// Returns the usual name of that bucket.
#[cfg(test)]
pub(super) fn managed_bucket(place: &Place) -> String {
    managed_buckets(place).swap_remove(0)
}

/// Returns whether a bucket has a name of our form, in any account.
pub(super) fn is_managed_name(bucket: &str) -> bool {
    bucket.starts_with(MANAGED_BUCKET)
}

/// Returns the region in the name of a bucket, if it is one of ours: our names contain the account, too.
pub(super) fn region_of_managed(place: &Place, bucket: &str) -> Option<Region> {
    region_in_name(MANAGED_BUCKET, &place.account, bucket).filter(|region| region.partition() == place.partition)
}

/// Regions in which IAM cannot be recorded, since AWS Config became available there after February 2022: those that the
/// API reference lists ([RecordingStrategy]), and those that have opened since.
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

/// Returns whether our recorder records IAM's resources, which look the same from every region: one copy is enough, and
/// every further one costs money.
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
        assert_eq!(region_of_managed(&place, &managed_bucket(&place)), Some(place.region.clone()));
        for other in [
            "trailkeeper-config-999999999999-eu-west-1",
            "trailkeeper-config-111122223333-moon",
            "trailkeeper-config-111122223333-cn-north-1",
            "trailkeeper-config-111122223333",
            "logs",
        ] {
            assert_eq!(region_of_managed(&place, other), None, "{other}");
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
