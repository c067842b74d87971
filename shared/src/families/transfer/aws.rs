//! Transfer Family servers on AWS: the reads of a view and the calls of the steps.

use super::view::{StructuredDestination, View};
use super::{Step, Transfer, view};
use crate::aws::{Aws, Connected, Groups, PerRegion, Roles, call, write_call};
use crate::event::Dependency;
use crate::exemption::{Tags, tags};
use crate::families::transfer::step::ServerStep;
use crate::family::Family as _;
use crate::managed::log_group::LogGroup;
use crate::model::{Arn, CallError, ErrorKind, Place, Seen, Subject};
use crate::reconcile::ports::{Page, Read, Write};
use crate::settings::Settings;
use aws_sdk_transfer::types::{DescribedServer, ListedServer};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Servers of the account.
#[derive(Debug)]
pub struct Servers {
    transfer: PerRegion<aws_sdk_transfer::Client>,
    roles: Roles,
    groups: Groups,
    /// Log groups read during this event, by ARN: servers often share one.
    found: RefCell<BTreeMap<String, Seen<LogGroup>>>,
}

impl Connected for Transfer {
    type Io = Servers;

    fn connect(aws: &Aws, _: &Settings) -> Servers {
        let transfer = PerRegion::new(aws.config(), aws_sdk_transfer::Client::new);
        Servers { transfer, roles: Roles::new(aws), groups: Groups::new(aws), found: RefCell::default() }
    }
}

impl Read<Transfer> for Servers {
    fn begin(&self, _: &str) {
        self.found.borrow_mut().clear();
    }

    /// Lists servers. An entry in the list includes the logging role, so that only servers using a certain role must be
    /// read.
    async fn list(&self, place: &Place, using: Option<&Dependency>, after: Option<&str>) -> Result<Page, CallError> {
        if let Some(Dependency::RolePolicies(role)) = using
            && !self.roles.may_serve(role, "transfer.amazonaws.com").await
        {
            return Ok(Page::default());
        }
        let list = self.transfer.of(&place.region).list_servers().set_next_token(after.map(str::to_owned));
        let page = call("transfer:ListServers", Box::pin(list.send())).await?;
        let leans = |server: &ListedServer| match using {
            // An entry in the list does not say where the server's JSON logs go.
            None | Some(Dependency::LogGroup(_)) => true,
            Some(Dependency::Role(name) | Dependency::RolePolicies(name)) => {
                let role = server.logging_role().and_then(Arn::parse);
                role.is_some_and(|role| role.name().eq_ignore_ascii_case(name))
            }
            Some(Dependency::Policy(_)) => server.logging_role().is_some_and(|role| !role.is_empty()),
            Some(Dependency::Key(_)) => false,
        };
        let ids = page.servers.into_iter().filter(leans).filter_map(|server| server.server_id);
        Ok(Page { subjects: ids.map(|id| Transfer::subject(place.clone(), &id)).collect(), next: page.next_token })
    }

    async fn observe(&self, subject: &Subject) -> Result<Option<View>, CallError> {
        let client = self.transfer.of(&subject.place.region);
        let server = match call("transfer:DescribeServer", client.describe_server().server_id(&subject.id).send()).await
        {
            Ok(answer) => answer.server,
            Err(error) if error.kind == ErrorKind::Gone => None,
            Err(error) => return Err(error),
        };
        let Some(server) = server else { return Ok(None) };
        let mut view = seen(&server);
        let place = &subject.place;
        for StructuredDestination { arn, group } in &mut view.structured_destinations {
            let Some(name) = StructuredDestination::group_in(arn, place) else { continue };
            let known = self.found.borrow().get(arn).cloned();
            *group = match known {
                Some(known) => known,
                None => self.groups.find(&place.region, &name).await?,
            };
            self.found.borrow_mut().insert(arn.clone(), group.clone());
        }
        if let Some(arn) = view.logging_role.as_ref().filter(|arn| view::is_of(place, arn) && view.leans_on_role()) {
            view.role = self.roles.read(arn).await?;
        }
        if view.leans_on_role() && (view.logs_by_our_name(place) || view.role == Seen::Absent) {
            let used = (view.logging_role.as_deref().unwrap_or_default(), &view.role);
            let (role, taken) = Box::pin(self.roles.ours_for(place, &view::managed_role(place), used)).await?;
            (view.managed_role, view.role_taken) = (role, taken);
        }
        Ok(Some(view))
    }

    async fn tags(&self, _: &Subject, view: &View) -> Result<Seen<Tags>, CallError> {
        Ok(Seen::Present(view.tags.clone()))
    }
}

impl Write<Transfer> for Servers {
    async fn apply(&self, subject: &Subject, step: &Step) -> Result<(), CallError> {
        match step {
            Step::Role(step) => self.roles.apply(step).await,
            // Only the role is sent: `UpdateServer` keeps everything else.
            Step::Server(ServerStep::SetLoggingRole { server, role, replaces: _ }) => {
                let client = self.transfer.of(&subject.place.region);
                let sent = client.update_server().server_id(server).logging_role(role).send();
                write_call("transfer:UpdateServer", sent).await.map(|_| ())
            }
        }
    }
}

fn seen(server: &DescribedServer) -> View {
    let workflows =
        server.workflow_details().is_some_and(|it| !it.on_upload().is_empty() || !it.on_partial_upload().is_empty());
    View {
        // Cleared settings are returned as empty strings.
        logging_role: server.logging_role().filter(|role| !role.is_empty()).map(str::to_owned),
        structured_destinations: server
            .structured_log_destinations()
            .iter()
            .map(|arn| StructuredDestination { arn: arn.clone(), group: Seen::NotAsked })
            .collect(),
        workflows,
        tags: tags(server.tags().iter().map(|tag| (tag.key(), tag.value()))),
        role: Seen::Absent,
        managed_role: Seen::NotAsked,
        role_taken: false,
    }
}
