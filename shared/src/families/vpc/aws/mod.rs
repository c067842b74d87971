//! VPCs and their flow logs on AWS.

pub(crate) mod flow_log;
mod memo;
mod read;
mod write;

use super::Vpc;
use super::managed::MANAGED_GROUP;
use crate::aws::{Aws, Buckets, Connected, Groups, PerRegion, Roles};
use crate::settings::Settings;
use memo::VpcMemo;
use std::cell::RefCell;
use std::collections::HashMap;
use tokio::sync::Mutex;

/// VPCs of the account.
#[derive(Debug)]
pub struct Vpcs {
    ec2: PerRegion<aws_sdk_ec2::Client>,
    groups: Groups,
    roles: Roles,
    buckets: Buckets,
    settings: Settings,
    memo: VpcMemo,
    reading: SharedRead,
    /// Id of the current event.
    event: RefCell<String>,
    /// Ids of the flow logs that were made, by the token of the call.
    made: RefCell<HashMap<String, String>>,
}

/// Locks to hold while reading what many flow logs share.
#[derive(Debug, Default)]
struct SharedRead {
    groups: Mutex<()>,
    roles: Mutex<()>,
}

impl Connected for Vpc {
    type Io = Vpcs;

    fn connect(aws: &Aws, settings: &Settings) -> Vpcs {
        Vpcs {
            ec2: PerRegion::new(aws.config(), aws_sdk_ec2::Client::new),
            groups: Groups::new(aws).with_filters_of(MANAGED_GROUP),
            roles: Roles::new(aws),
            buckets: Buckets::new(aws),
            settings: settings.clone(),
            memo: VpcMemo::default(),
            reading: SharedRead::default(),
            event: RefCell::default(),
            made: RefCell::default(),
        }
    }
}
