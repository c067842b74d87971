//! Keys in the account of the game.

use crate::event::Dependency;
use crate::exemption::Tags;
use crate::families::key::{Key, Step, View};
use crate::model::{CallError, Place, Seen, Subject};
use crate::settings::Settings;
use crate::testing::game::account::{AwsAccount, refused};
use crate::testing::game::world::Played;

impl Played for Key {
    fn ids(account: &AwsAccount, place: &Place, _: Option<&Dependency>, _: &Settings) -> Vec<String> {
        let start = format!("arn:aws:kms:{}:{}:", place.region, place.account);
        account.keys.keys().filter(|arn| arn.starts_with(&start)).cloned().collect()
    }

    fn view(account: &AwsAccount, subject: &Subject, _: &Settings) -> Option<View> {
        let key = account.keys.get(&subject.arn)?;
        Some(View {
            manager: "CUSTOMER".to_owned(),
            spec: "SYMMETRIC_DEFAULT".to_owned(),
            usage: "ENCRYPT_DECRYPT".to_owned(),
            origin: "AWS_KMS".to_owned(),
            state: key.state.to_owned(),
            rotates: (key.state == "Enabled").then_some(key.rotates),
            ..View::default()
        })
    }

    fn tags(account: &AwsAccount, subject: &Subject) -> Seen<Tags> {
        account.keys.get(&subject.arn).map_or(Seen::Absent, |key| Seen::Present(key.tags.clone()))
    }

    fn make(account: &mut AwsAccount, _: &Subject, step: &Step) -> Result<(), CallError> {
        let Step::EnableRotation { key, days: _ } = step;
        let key = account.keys.get_mut(key).ok_or_else(|| refused("kms:EnableKeyRotation", "NotFoundException"))?;
        key.rotates = true;
        Ok(())
    }
}
