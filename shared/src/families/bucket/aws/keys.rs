//! Keys of default encryption: their state and their policies.

use crate::aws::{Aws, PerRegion, call};
use crate::families::bucket::view::DefaultKey;
use crate::model::{CallError, Region, Seen};
use aws_sdk_kms::Client;
use aws_sdk_kms::types::KeyManagerType;

/// Keys of the account, as far as buckets use them.
#[derive(Debug)]
pub(super) struct DefaultKeys(PerRegion<Client>);

impl DefaultKeys {
    pub(super) fn new(aws: &Aws) -> Self {
        Self(PerRegion::new(aws.config(), Client::new))
    }

    /// Reads a key by its ARN, id or alias.
    pub(super) async fn read(&self, region: &Region, id: &str) -> Result<Seen<DefaultKey>, CallError> {
        let client = self.0.of(region);
        let answer = Box::pin(call("kms:DescribeKey", client.describe_key().key_id(id).send())).await;
        let found = Seen::from_call(answer)?.and_then(|it| it.key_metadata);
        let key = match found.into_present() {
            Ok(key) => key,
            Err(none) => return Ok(none),
        };
        let arn = key.arn.clone().unwrap_or_else(|| key.key_id.clone());
        // `GetKeyPolicy` does not accept an alias.
        let answer = Box::pin(call("kms:GetKeyPolicy", client.get_key_policy().key_id(&arn).send())).await;
        let text = answer.map(|it| it.policy.unwrap_or_default());
        Ok(Seen::Present(DefaultKey {
            enabled: key.key_state().is_none_or(|state| state.as_str() == "Enabled"),
            customers: key.key_manager() == Some(&KeyManagerType::Customer),
            policy: Seen::from_call(text.map(|text| crate::documents::policy::parsed(&text)))?,
            arn,
        }))
    }
}
