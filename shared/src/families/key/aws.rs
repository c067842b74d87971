//! KMS keys on AWS: the reads of a view and the call of the step.

use super::permit::explained;
use super::view::{Fit, MultiRegion, View};
use super::{Key, Step};
use crate::aws::{Aws, Connected, Pace, PerRegion, Us, YOUNG, anew, call, write_call};
use crate::event::{Dependency, Identity};
use crate::exemption::{Tags, tags};
use crate::family::Family as _;
use crate::model::{CallError, ErrorKind, Place, Seen, Subject};
use crate::reconcile::ports::{Page, Read, Write};
use crate::settings::Settings;
use aws_sdk_kms::Client;
use aws_sdk_kms::types::{
    KeyManagerType, KeyMetadata, KeySpec, KeyState, KeyUsageType, MultiRegionKeyType, OriginType,
};
use std::time::Duration;
use tokio::time::sleep;

/// Maximum number of keys that `ListKeys` returns at once ([ListKeys], Limit).
///
/// [ListKeys]: https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html
const LIMIT: i32 = 1_000;

/// Minimum interval between calls: KMS allows 15 `EnableKeyRotation` a second per account and region, for all callers
/// together ([request quotas]).
///
/// [request quotas]: https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html
const APART: Duration = Duration::from_millis(70);

/// Keys of the account.
#[derive(Debug)]
pub struct AccountKeys {
    clients: PerRegion<Client>,
    pace: Pace,
    us: Us,
}

impl Connected for Key {
    type Io = AccountKeys;

    fn connect(aws: &Aws, _: &Settings) -> AccountKeys {
        AccountKeys { clients: PerRegion::new(aws.config(), Client::new), pace: Pace::of(APART), us: Us::new(aws) }
    }
}

impl Read<Key> for AccountKeys {
    /// Lists one page at a time, since an account may have thousands of keys. Nothing that keys depend on is watched.
    async fn list(&self, place: &Place, _: Option<&Dependency>, after: Option<&str>) -> Result<Page, CallError> {
        let list = self.clients.of(&place.region).list_keys().limit(LIMIT).set_marker(after.map(str::to_owned));
        let page = call("kms:ListKeys", Box::pin(list.send())).await?;
        let ids = page.keys.unwrap_or_default().into_iter().filter_map(|key| key.key_id);
        Ok(Page {
            subjects: ids.map(|id| Key::subject(place.clone(), &id)).collect(),
            next: page.next_marker.filter(|_| page.truncated),
        })
    }

    /// Reads a key, waiting if it is not found or not ready: a new key becomes visible everywhere after a few seconds
    /// ([eventual consistency]).
    ///
    /// [eventual consistency]: https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html
    async fn observe(&self, subject: &Subject) -> Result<Option<View>, CallError> {
        let mut seen = self.look(subject).await?;
        for wait in YOUNG {
            if seen.as_ref().is_some_and(|key| !key.is_being_made()) {
                break;
            }
            sleep(wait).await;
            seen = anew(self.look(subject)).await?;
        }
        Ok(seen)
    }

    async fn tags(&self, subject: &Subject, _: &View) -> Result<Seen<Tags>, CallError> {
        let sent = self.clients.of(&subject.place.region).list_resource_tags().key_id(&subject.arn).send();
        let answer = call("kms:ListResourceTags", Box::pin(sent)).await;
        Seen::from_call(answer.map(|it| tags(it.tags().iter().map(|tag| (tag.tag_key(), tag.tag_value())))))
    }
}

impl Write<Key> for AccountKeys {
    async fn apply(&self, subject: &Subject, step: &Step) -> Result<(), CallError> {
        let Step::EnableRotation { key, days } = step;
        let region = &subject.place.region;
        self.pace.turn(region, "EnableKeyRotation").await;
        let enable = self.clients.of(region).enable_key_rotation().key_id(key);
        let sent = enable.rotation_period_in_days(days.cast_signed()).send();
        let answer = write_call("kms:EnableKeyRotation", Box::pin(sent)).await;
        answer.map(|_| ()).map_err(|error| match error.code.as_str() {
            // Somebody has changed the key's state since it was read.
            "DisabledException" | "KMSInvalidStateException" => CallError { kind: ErrorKind::Exists, ..error },
            _ => self.explain(subject, error),
        })
    }
}

impl AccountKeys {
    async fn look(&self, subject: &Subject) -> Result<Option<View>, CallError> {
        match self.read(subject).await {
            Err(error) if error.kind == ErrorKind::Gone => Ok(None),
            answer => answer.map_err(|error| self.explain(subject, error)),
        }
    }

    /// Reads a key. Its rotation status is requested only if rotation can be enabled.
    async fn read(&self, subject: &Subject) -> Result<Option<View>, CallError> {
        let client = self.clients.of(&subject.place.region);
        let sent = client.describe_key().key_id(&subject.arn).send();
        let key = call("kms:DescribeKey", Box::pin(sent)).await?.key_metadata;
        let Some(mut view) = key.as_ref().map(seen) else { return Ok(None) };
        if view.fit() == Fit::Yes {
            let sent = client.get_key_rotation_status().key_id(&subject.arn).send();
            let status = call("kms:GetKeyRotationStatus", Box::pin(sent)).await?;
            view.rotates = Some(status.key_rotation_enabled);
        }
        Ok(Some(view))
    }

    fn explain(&self, subject: &Subject, error: CallError) -> CallError {
        let principals = self.us.known().map(Identity::principal_arns);
        explained(error, &subject.place, &principals.unwrap_or_default())
    }
}

fn seen(key: &KeyMetadata) -> View {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let multi_region = key.multi_region().unwrap_or_default().then(|| {
        let told = key.multi_region_configuration();
        MultiRegion {
            kind: text(told.and_then(|it| it.multi_region_key_type()).map(MultiRegionKeyType::as_str)),
            primary: text(told.and_then(|it| it.primary_key()?.arn())),
        }
    });
    View {
        manager: text(key.key_manager().map(KeyManagerType::as_str)),
        spec: text(key.key_spec().map(KeySpec::as_str)),
        usage: text(key.key_usage().map(KeyUsageType::as_str)),
        origin: text(key.origin().map(OriginType::as_str)),
        key_store: key.custom_key_store_id().map(str::to_owned),
        state: text(key.key_state().map(KeyState::as_str)),
        multi_region,
        rotates: None,
    }
}
