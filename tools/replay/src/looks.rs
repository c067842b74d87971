//! Whether a function that is woken looks at a resource, as its own `route` decides.

use trailkeeper::event::{Body, Event, Identity};
use trailkeeper::families::bucket::Bucket;
use trailkeeper::families::key::Key;
use trailkeeper::families::monitoring::Monitoring;
use trailkeeper::families::recorder::Recorder;
use trailkeeper::families::trail::Trail;
use trailkeeper::families::transfer::Transfer;
use trailkeeper::families::vpc::Vpc;
use trailkeeper::family::{Family, Identities, Route, route};

/// Returns whether a function, once woken, looks at a resource. The guard looks at its own parts, which are not there yet.
pub(crate) fn looks(function: &str, event: &Event, account: &str) -> bool {
    let region = match &event.body {
        Body::ApiCall(call) => call.region.as_ref().map_or("aws", |region| region.partition()),
        Body::Schedule | Body::Sweep(_) | Body::Other(_) => "aws",
    };
    let arn = format!("arn:{region}:sts::{account}:assumed-role/trailkeeper/replay");
    let Some(us) = Identity::of(&arn, "AROATRAILKEEPER:replay") else { return false };
    let who = Some(Identities::at_home(&us));
    let is_check = |route: Route<'_>| matches!(route, Route::Check(..));
    match function {
        Transfer::NAME => is_check(route::<Transfer>(event, who)),
        Trail::NAME => is_check(route::<Trail>(event, who)),
        Bucket::NAME => is_check(route::<Bucket>(event, who)),
        Vpc::NAME => is_check(route::<Vpc>(event, who)),
        Key::NAME => is_check(route::<Key>(event, who)),
        Recorder::NAME => is_check(route::<Recorder>(event, who)),
        Monitoring::NAME => is_check(route::<Monitoring>(event, who)),
        _ => false,
    }
}
