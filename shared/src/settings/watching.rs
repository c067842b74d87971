//! What is watched in access logs, and what is normal there: the settings of the judge.

use crate::documents::principals::Principals;
use ipnet::IpNet;
use std::collections::BTreeSet;

/// What is watched, and what is normal. The default watches every bucket and takes nobody for a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watching {
    /// The account that the buckets belong to, in twelve digits. Empty where it is not known.
    pub account: String,
    /// The buckets with logs in them; where empty, all that the access logs tell of.
    pub buckets: BTreeSet<String>,
    /// Who may read and list logs.
    pub readers: Vec<Principals>,
    /// Who may change how the buckets are set up.
    pub keepers: Vec<Principals>,
    /// Who may write objects, besides the services.
    pub writers: Vec<Principals>,
    /// Who delivers logs; see [`deliverers`].
    pub deliverers: Vec<Principals>,
    /// Trailkeeper's own roles, which read and keep, from wherever Lambda runs them.
    pub own: Vec<Principals>,
    /// Where requests may come from; where empty, from anywhere.
    pub networks: Vec<IpNet>,
    /// How many refused requests of one requester are a burst.
    pub burst: u32,
    /// Within how many seconds.
    pub burst_seconds: u32,
}

impl Default for Watching {
    fn default() -> Self {
        Self {
            account: String::new(),
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

/// The services that deliver logs, by the names that S3 writes: CloudTrail, Config, S3's log writer and `CloudFront` (by
/// their service principals, and by the canonical ids that they had before), vended logs such as flow logs, load
/// balancers. A role is none of them, as anybody may make one of its name: Config's may not write, and its own role that
/// somebody has given it is one of the writers.
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
