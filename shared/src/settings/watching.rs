//! Settings of the judge: what is watched in access logs, and what is normal there.

use crate::documents::principals::Principals;
use ipnet::IpNet;
use std::collections::BTreeSet;

/// Buckets to watch, and normal activity. The default watches every bucket and recognizes no readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watching {
    /// Account that owns the buckets, twelve digits. Empty if it is not known.
    pub account: String,
    /// Canonical user id of that account, by which access logs name the owner of a bucket. `None` if it is not known.
    pub owner: Option<String>,
    /// Buckets that contain logs; an empty set means all that appear in the access logs.
    pub buckets: BTreeSet<String>,
    /// Principals that may read and list logs.
    pub readers: Vec<Principals>,
    /// Principals that may change the configuration of the buckets.
    pub keepers: Vec<Principals>,
    /// Principals that may write objects, besides the services.
    pub writers: Vec<Principals>,
    /// Principals that deliver logs; see [`deliverers`].
    pub deliverers: Vec<Principals>,
    /// Roles of Trailkeeper itself, which may read and configure from any address that Lambda uses.
    pub own: Vec<Principals>,
    /// Networks that requests may come from; an empty list allows all.
    pub networks: Vec<IpNet>,
    /// Number of refused requests by one requester that counts as a burst.
    pub burst: u32,
    /// Period of a burst in seconds.
    pub burst_seconds: u32,
}

impl Default for Watching {
    fn default() -> Self {
        Self {
            account: String::new(),
            owner: None,
            buckets: BTreeSet::new(),
            readers: Vec::new(),
            keepers: Vec::new(),
            writers: Vec::new(),
            deliverers: deliverers(),
            own: Vec::new(),
            networks: Vec::new(),
            burst: 10,
            burst_seconds: 300,
        }
    }
}

/// Returns the services that deliver logs, by the names that S3 logs: CloudTrail, Config, S3's log writer and
/// `CloudFront` (by their service principals, and by the canonical ids that they had before), vended logs such as flow
/// logs, load balancers. Roles are not included, since anybody may create one with a matching name: Config's role may
/// not write, and a customer's own role for it is one of the writers.
#[must_use]
pub fn deliverers() -> Vec<Principals> {
    let services = [
        "svc:cloudtrail.amazonaws.com",
        "svc:config.amazonaws.com",
        "svc:delivery.logs.amazonaws.com",
        "svc:logdelivery.elasticloadbalancing.amazonaws.com",
        "svc:logdelivery.elb.amazonaws.com",
        "svc:logging.s3.amazonaws.com",
        "3272ee65a908a7677109fedda345db8d9554ba26398b2ca10581de88777e2b61",
        "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0",
    ];
    services.map(str::to_owned).into_iter().map(Principals).collect()
}
