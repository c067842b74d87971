//! Transfer family: AWS Transfer Family servers (SFTP, FTPS, FTP, AS2) and their logging.

#[cfg(feature = "transfer")]
mod aws;
mod controls;
mod step;
mod tests;
mod view;
mod watch;

#[cfg(feature = "transfer")]
pub use aws::Servers;
pub use step::{ServerStep, Step};
pub use view::{MANAGED_POLICY, MANAGED_ROLE, MANAGED_ROLES, StructuredDestination, View};

use crate::event::Watch;
use crate::family::{Control, Family, Tell};
use crate::model::Place;

/// Family of AWS Transfer Family servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer;

impl Family for Transfer {
    const NAME: &'static str = "transfer";
    type View = View;
    type Step = Step;
    const CONTROLS: &'static [Control<Self>] = &[controls::logging::CONTROL];
    const WATCHES: &'static [Watch] = watch::WATCHES;
    const TELLS: &'static [Tell] = watch::TELLS;
    const OWN_CALLS: &'static [&'static str] =
        &["CreateRole", "PutRolePermissionsBoundary", "PutRolePolicy", "UpdateAssumeRolePolicy", "UpdateServer"];
    const INDEPENDENT: bool = true;

    fn arn(place: &Place, id: &str) -> String {
        format!("arn:{}:transfer:{}:{}:server/{id}", place.partition, place.region, place.account)
    }
}
