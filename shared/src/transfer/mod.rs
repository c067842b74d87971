//! The transfer family: AWS Transfer Family servers (SFTP, FTPS, FTP, AS2) and their logging.

#[cfg(feature = "transfer")]
mod aws;
#[cfg(test)]
mod laws;
mod logging;
mod step;
mod view;
mod watch;
#[cfg(test)]
#[cfg(feature = "transfer")]
mod wire;

#[cfg(feature = "transfer")]
pub use aws::Servers;
pub use step::Step;
pub use view::{OUR_POLICY, OUR_ROLE, View};

use crate::model::{Control, Family, Watch};
use crate::place::Place;

/// AWS Transfer Family servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer;

impl Family for Transfer {
    const NAME: &'static str = "transfer";
    type View = View;
    type Step = Step;
    const CONTROLS: &'static [Control<Self>] = &[logging::CONTROL];
    const WATCHES: &'static [Watch] = watch::WATCHES;
    const OWN_CALLS: &'static [&'static str] =
        &["CreateRole", "PutRolePolicy", "UpdateAssumeRolePolicy", "UpdateServer"];
    const INDEPENDENT: bool = true;

    fn arn(place: &Place, id: &str) -> String {
        format!("arn:{}:transfer:{}:{}:server/{id}", place.partition, place.region, place.account)
    }
}
