//! KMS keys: aliases, policies and rotation. A key itself is never taken away.

use super::{Properties, parse, region_of, unclear};
use crate::aws::{call, write_call};
use crate::documents::policy::text_of;
use crate::model::{CallError, ErrorKind, Property, Region, Seen};
use aws_sdk_kms::types::KeyMetadata;
use serde_json::{Value, json};

impl Properties {
    /// Puts the ARN of a key in place of that of its alias.
    pub(super) async fn resolve(&self, value: &mut Value) -> Result<(), CallError> {
        let Some(alias) = value.as_str().filter(|text| text.contains(":alias/")).map(str::to_owned) else {
            return Ok(());
        };
        let Some(region) = Region::of_arn(&alias) else { return Ok(()) };
        if let Seen::Present(arn) = self.key(&region, &alias).await? {
            *value = Value::String(arn);
        }
        Ok(())
    }

    /// Returns the ARN of a key, by its id or an alias.
    async fn key(&self, region: &Region, id: &str) -> Result<Seen<String>, CallError> {
        Ok(self.metadata(region, id).await?.and_then(|it| it.arn))
    }

    async fn metadata(&self, region: &Region, id: &str) -> Result<Seen<KeyMetadata>, CallError> {
        let sent = self.kms.of(region).describe_key().key_id(id).send();
        let answer = Seen::from_call(call("kms:DescribeKey", Box::pin(sent)).await)?;
        Ok(answer.and_then(|it| it.key_metadata))
    }

    /// Returns whether there is no such key, or none that can be used: one that is disabled or is being deleted.
    pub(super) async fn is_key_gone(&self, region: &Region, key: &str) -> Result<bool, CallError> {
        let metadata = self.metadata(region, key).await?;
        Ok(matches!(metadata, Seen::Absent) || metadata.present().is_some_and(|it| !it.enabled()))
    }

    pub(super) async fn read_alias(&self, region: &Region, alias: &str) -> Result<Seen<Value>, CallError> {
        Ok(self.key(region, alias).await?.map(|_| json!({ "AliasName": alias })))
    }

    pub(super) async fn delete_alias(&self, region: &Region, alias: &str) -> Result<(), CallError> {
        let sent = self.kms.of(region).delete_alias().alias_name(alias).send();
        write_call("kms:DeleteAlias", sent).await.map(|_| ())
    }

    pub(super) async fn read_key_policy(&self, key: &str, property: &Property) -> Result<Seen<Value>, CallError> {
        let region = region_of(key)?;
        let key = match self.key(&region, key).await?.into_present() {
            Ok(key) => key,
            Err(none) => return Ok(none),
        };
        let sent = self.kms.of(&region).get_key_policy().key_id(key).send();
        let answer = call("kms:GetKeyPolicy", Box::pin(sent)).await;
        Ok(Seen::from_call(answer)?.and_then(|it| it.policy).map(|text| self.texts.parsed(property.clone(), &text)))
    }

    pub(super) async fn set_key_policy(&self, key: &str, value: Option<&Value>) -> Result<(), CallError> {
        let value = value.ok_or_else(|| unclear("kms:PutKeyPolicy"))?;
        let region = region_of(key)?;
        let put = self.kms.of(&region).put_key_policy().key_id(self.must_be(&region, key).await?);
        write_call("kms:PutKeyPolicy", put.policy(text_of(value)).send()).await.map(|_| ())
    }

    pub(super) async fn read_rotation(&self, region: &Region, key: &str) -> Result<Seen<Value>, CallError> {
        let key = match self.key(region, key).await?.into_present() {
            Ok(key) => key,
            Err(none) => return Ok(none),
        };
        let sent = self.kms.of(region).get_key_rotation_status().key_id(key).send();
        let answer = Seen::from_call(call("kms:GetKeyRotationStatus", Box::pin(sent)).await)?;
        Ok(answer.map(|it| {
            json!({ "KeyRotationEnabled": it.key_rotation_enabled, "RotationPeriodInDays": it.rotation_period_in_days })
        }))
    }

    pub(super) async fn set_rotation(
        &self,
        region: &Region,
        key: &str,
        value: Option<&Value>,
    ) -> Result<(), CallError> {
        let id = self.must_be(region, key).await?;
        let client = self.kms.of(region);
        if value.and_then(|it| parse::flag(it, "KeyRotationEnabled")) == Some(true) {
            let days = value.and_then(|it| parse::number(it, "RotationPeriodInDays"));
            let enable = client.enable_key_rotation().key_id(id).set_rotation_period_in_days(days);
            write_call("kms:EnableKeyRotation", enable.send()).await.map(|_| ())
        } else {
            let sent = client.disable_key_rotation().key_id(id).send();
            write_call("kms:DisableKeyRotation", sent).await.map(|_| ())
        }
    }

    async fn must_be(&self, region: &Region, key: &str) -> Result<String, CallError> {
        let known = self.key(region, key).await?;
        known.present().cloned().ok_or_else(|| CallError {
            action: "kms:DescribeKey",
            kind: ErrorKind::Gone,
            code: "NotFoundException".to_owned(),
            message: format!("there is no key {}", crate::model::sanitized(key)),
        })
    }
}
