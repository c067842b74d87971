//! Servers in the account of the game.

use crate::event::Dependency;
use crate::exemption::Tags;
use crate::families::transfer::step::ServerStep;
use crate::families::transfer::view::managed_role;
use crate::families::transfer::{Step, Transfer, View};
use crate::model::{Arn, CallError, Place, Seen, Subject};
use crate::settings::Settings;
use crate::testing::game::account::{AwsAccount, home, refused};
use crate::testing::game::world::Played;

impl Played for Transfer {
    fn ids(account: &AwsAccount, place: &Place, using: Option<&Dependency>, _: &Settings) -> Vec<String> {
        let leans = |role: Option<&String>| match using {
            None => true,
            Some(Dependency::Role(name) | Dependency::RolePolicies(name)) => {
                role.and_then(|role| Arn::parse(role)).is_some_and(|role| role.name().eq_ignore_ascii_case(name))
            }
            Some(Dependency::Policy(_)) => role.is_some(),
            Some(Dependency::Key(_) | Dependency::LogGroup(_)) => false,
        };
        let here = account.servers.iter().filter(|_| place.region == home());
        here.filter(|(_, server)| leans(server.role.as_ref())).map(|(id, _)| id.clone()).collect()
    }

    fn view(account: &AwsAccount, subject: &Subject, _: &Settings) -> Option<View> {
        let server = account.servers.get(&subject.id)?;
        let mut view = View {
            logging_role: server.role.clone(),
            structured_destinations: vec![],
            workflows: false,
            tags: server.tags.clone(),
            role: server.role.as_ref().map_or(Seen::Absent, |role| account.role(role)),
            managed_role: Seen::NotAsked,
            role_taken: false,
        };
        if view.logs_by_our_name(&subject.place) || view.role == Seen::Absent {
            let used = (view.logging_role.as_deref().unwrap_or_default(), &view.role);
            let (role, taken) = account.our_role(&subject.place, &managed_role(&subject.place), used);
            (view.managed_role, view.role_taken) = (role, taken);
        }
        Some(view)
    }

    fn tags(account: &AwsAccount, subject: &Subject) -> Seen<Tags> {
        account.servers.get(&subject.id).map_or(Seen::Absent, |server| Seen::Present(server.tags.clone()))
    }

    fn make(account: &mut AwsAccount, _: &Subject, step: &Step) -> Result<(), CallError> {
        match step {
            Step::Role(step) => account.put_role(step),
            Step::Server(ServerStep::SetLoggingRole { server, role, .. }) => {
                let server = account.servers.get_mut(server);
                server.ok_or_else(|| refused("transfer:UpdateServer", "ResourceNotFoundException"))?.role =
                    Some(role.clone());
                Ok(())
            }
        }
    }
}
