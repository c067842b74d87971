//! Generators of keys, for the laws.

use crate::families::key::view::{MultiRegion, View};
use crate::families::key::{Key, Step};
use crate::model::{Property, Subject};
use crate::testing::laws::Lawful;
use crate::testing::read::Shown;
use proptest::prelude::*;
use proptest::sample::select;

impl Lawful for Key {
    const ID: &'static str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    fn read(view: &View, property: &Property) -> Shown {
        super::read::read(view, property)
    }

    fn hostile(text: &str) -> Vec<Step> {
        super::hostile::steps(text)
    }

    fn named(view: View, text: &str) -> View {
        super::hostile::named(view, text)
    }

    fn views(_: Subject) -> BoxedStrategy<View> {
        let kind = (
            word(&["CUSTOMER", "AWS", ""]),
            word(&["SYMMETRIC_DEFAULT", "RSA_2048", ""]),
            word(&["ENCRYPT_DECRYPT", "SIGN_VERIFY", ""]),
            word(&["AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", ""]),
        );
        let key_store = select(vec![None, None, None, Some("cks-1".to_owned())]);
        let state = word(&["Enabled", "Disabled", "PendingDeletion", "Creating", "Updating", "Brandnew"]);
        (kind, key_store, state, multi_region(), any::<bool>())
            .prop_map(|((manager, spec, usage, origin), key_store, state, multi_region, on)| {
                let view = View { manager, spec, usage, origin, key_store, state, multi_region, rotates: None };
                // As in the reader, the rotation status is requested only for a key that can rotate.
                let rotates = (view.fit() == crate::families::key::Fit::Yes).then_some(on);
                View { rotates, ..view }
            })
            .boxed()
    }

    fn is_blind(_: &Step, view: &View) -> bool {
        view.rotates.is_none()
    }

    fn foreign(view: &View) -> String {
        let View { manager, spec, usage, origin, key_store, state, multi_region, rotates: _ } = view;
        format!("{manager} {spec} {usage} {origin} {key_store:?} {state} {multi_region:?}")
    }
}

/// Generates mostly the first of these words, so that keys that can rotate are common enough.
fn word(words: &'static [&'static str]) -> BoxedStrategy<String> {
    prop_oneof![8 => Just(words[0]), 2 => select(words)].prop_map(str::to_owned).boxed()
}

fn multi_region() -> impl Strategy<Value = Option<MultiRegion>> {
    let primary = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1";
    let kind = word(&["PRIMARY", "REPLICA", ""]).prop_map(move |kind| MultiRegion { kind, primary: primary.into() });
    prop_oneof![2 => Just(None), 1 => kind.prop_map(Some)]
}
