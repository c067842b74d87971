//! View of one key, and whether KMS can rotate its material automatically.

use crate::model::Arn;

/// KMS key: the result of `DescribeKey` in KMS's own words, and whether it rotates.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct View {
    /// Manager of the key, from `KeyManager`: `CUSTOMER` or `AWS`.
    pub manager: String,
    /// Key spec, from `KeySpec`: `SYMMETRIC_DEFAULT`, `RSA_2048`, `HMAC_256`, ...
    pub spec: String,
    /// Key usage, from `KeyUsage`: `ENCRYPT_DECRYPT`, `SIGN_VERIFY`, ...
    pub usage: String,
    /// Origin of the material, from `Origin`: `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM`, `EXTERNAL_KEY_STORE`.
    pub origin: String,
    /// Id of a custom key store, from `CustomKeyStoreId`.
    pub key_store: Option<String>,
    /// State of the key, from `KeyState`: `Enabled`, `Disabled`, `PendingDeletion`, ...
    pub state: String,
    /// Role of a multi-region key, from `MultiRegionConfiguration`.
    pub multi_region: Option<MultiRegion>,
    /// Whether the key rotates, from `KeyRotationEnabled`; `None` if it was not requested, since rotation cannot be
    /// enabled.
    pub rotates: Option<bool>,
}

/// Role of a multi-region key among its related keys.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct MultiRegion {
    /// Type of the key, from `MultiRegionKeyType`: `PRIMARY` or `REPLICA`.
    pub kind: String,
    /// ARN of the primary key.
    pub primary: String,
}

/// Whether rotation can be enabled for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// Rotation can be enabled.
    Yes,
    /// Rotation cannot be enabled, with the reason.
    No(String),
    /// Cannot be determined, with the reason.
    Unclear(String),
}

impl View {
    /// Returns whether rotation can be enabled, by the key's properties and its state ([eligible keys], [key states]).
    ///
    /// [eligible keys]: https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
    /// [key states]: https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    #[must_use]
    pub fn fit(&self) -> Fit {
        match self.by_kind() {
            Fit::Yes => self.by_state(),
            other => other,
        }
    }

    /// Returns whether the key is still being created, and can rotate once it exists.
    #[must_use]
    pub fn is_being_made(&self) -> bool {
        self.state == "Creating" && self.by_kind() == Fit::Yes
    }

    fn by_kind(&self) -> Fit {
        let Self { manager, spec, usage, origin, key_store, state: _, multi_region, rotates: _ } = self;
        match manager.as_str() {
            "CUSTOMER" => {}
            "AWS" => return Fit::No("it is managed by AWS, which rotates it every year".to_owned()),
            other => return Fit::Unclear(format!("its key manager is `{other}`")),
        }
        if spec.is_empty() || usage.is_empty() || origin.is_empty() {
            return Fit::Unclear("KMS does not return its key spec, usage and origin".to_owned());
        }
        if spec != "SYMMETRIC_DEFAULT" || usage != "ENCRYPT_DECRYPT" {
            return Fit::No(format!(
                "it is a key of spec {spec} for {usage}: KMS rotates only symmetric encryption keys automatically"
            ));
        }
        match (key_store, origin.as_str()) {
            (Some(store), _) => Fit::No(format!("its material is in the custom key store {store}")),
            (None, "AWS_KMS") => by_region(multi_region.as_ref()),
            (None, "EXTERNAL") => Fit::No("its material was imported: only whoever has it can replace it".to_owned()),
            (None, other) => Fit::No(format!("its material is of origin {other}, not made by KMS")),
        }
    }

    fn by_state(&self) -> Fit {
        let because = match self.state.as_str() {
            "Enabled" => return Fit::Yes,
            "Disabled" => "it is disabled",
            "PendingDeletion" => "it is scheduled for deletion",
            "PendingReplicaDeletion" => "it is scheduled for deletion once its replicas are deleted",
            "PendingImport" => "its material has not been imported yet",
            "Creating" => "it is still being created",
            "Updating" => "its primary region is being changed",
            "Unavailable" => "its key store is not connected",
            other => return Fit::Unclear(format!("Trailkeeper does not know its state `{other}`")),
        };
        Fit::No(format!("{because} (state {})", self.state))
    }
}

/// Returns whether rotation can be enabled by region: the keys of a multi-region key share this property, which is set
/// on the primary ([multi-region keys]).
///
/// [multi-region keys]: https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
fn by_region(multi_region: Option<&MultiRegion>) -> Fit {
    let Some(MultiRegion { kind, primary }) = multi_region else { return Fit::Yes };
    match kind.as_str() {
        "PRIMARY" => Fit::Yes,
        "REPLICA" => {
            let region = Arn::parse(primary).map_or("another region", |arn| arn.region);
            Fit::No(format!("it is a replica: it is rotated by its primary key {primary} in {region}"))
        }
        other => Fit::Unclear(format!("it is a multi-region key of the unknown type `{other}`")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns a key that can rotate and does not.
    pub(in crate::families::key) fn idle() -> View {
        View {
            manager: "CUSTOMER".into(),
            spec: "SYMMETRIC_DEFAULT".into(),
            usage: "ENCRYPT_DECRYPT".into(),
            origin: "AWS_KMS".into(),
            key_store: None,
            state: "Enabled".into(),
            multi_region: None,
            rotates: Some(false),
        }
    }

    /// Returns a multi-region key that can rotate and does not.
    fn multi_region(kind: &str) -> View {
        let primary = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1".to_owned();
        View { multi_region: Some(MultiRegion { kind: kind.into(), primary }), ..idle() }
    }

    #[test]
    fn symmetric_keys_that_kms_made_for_customers_can_rotate() {
        assert_eq!(idle().fit(), Fit::Yes);
        assert_eq!(multi_region("PRIMARY").fit(), Fit::Yes);
    }

    #[test]
    fn all_others_cannot_and_say_why() {
        for (view, why) in [
            (View { manager: "AWS".into(), ..idle() }, "managed by AWS"),
            (View { spec: "RSA_2048".into(), ..idle() }, "RSA_2048"),
            (View { spec: "HMAC_256".into(), usage: "GENERATE_VERIFY_MAC".into(), ..idle() }, "HMAC_256"),
            (View { usage: "SIGN_VERIFY".into(), ..idle() }, "SIGN_VERIFY"),
            (View { origin: "EXTERNAL".into(), ..idle() }, "imported"),
            (View { origin: "EXTERNAL_KEY_STORE".into(), ..idle() }, "EXTERNAL_KEY_STORE"),
            (View { key_store: Some("cks-1".into()), origin: "AWS_CLOUDHSM".into(), ..idle() }, "cks-1"),
            (multi_region("REPLICA"), "key/mrk-1 in eu-central-1"),
        ] {
            assert!(matches!(view.fit(), Fit::No(because) if because.contains(why)), "{view:?}");
        }
        for state in
            ["Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Updating", "Unavailable"]
        {
            let view = View { state: state.into(), ..idle() };
            assert!(matches!(view.fit(), Fit::No(because) if because.contains(state)), "{state}");
            assert!(!view.is_being_made());
        }
    }

    #[test]
    fn what_kms_does_not_tell_is_not_guessed() {
        for view in [
            View { manager: String::new(), ..idle() },
            View { spec: String::new(), ..idle() },
            View { origin: String::new(), ..idle() },
            View { state: "Brandnew".into(), ..idle() },
            View { multi_region: Some(MultiRegion::default()), ..idle() },
        ] {
            assert!(matches!(view.fit(), Fit::Unclear(_)), "{view:?}");
        }
    }

    #[test]
    fn only_what_will_be_able_to_rotate_is_waited_for() {
        let made = |view: View| View { state: "Creating".into(), ..view }.is_being_made();
        assert!(made(idle()));
        assert!(!made(multi_region("REPLICA")));
        assert!(!made(View { spec: "RSA_2048".into(), ..idle() }));
    }
}
