//! `kms-key-rotation`: no key material is used for encryption for ever.

use crate::families::key::Key;
use crate::families::key::step::Step;
use crate::families::key::view::{Fit, View};
use crate::family::Control;
use crate::model::{About, Remedy, Severity, Subject, Verdict, permanent};
use crate::settings::Settings;

pub(in crate::families::key) const CONTROL: Control<Key> = Control {
    about: About {
        id: "kms-key-rotation",
        wrong: "without rotation",
        title: "KMS keys rotate if KMS can rotate their material",
        why: "A key that never rotates encrypts everything with the same material for years: anyone who obtains it \
              once can read it all. Keys are created without rotation unless you ask for it, and anyone who may manage \
              a key can turn rotation off again without anything failing.",
        compliant: "Automatic rotation is on, whatever its period. Only enabled, customer managed, symmetric \
                    encryption keys with material made by KMS, outside custom key stores, can rotate automatically, \
                    and of a multi-region key only the primary. All others are not applicable, with the reason.",
        fix: "EnableKeyRotation with the period from `TRAILKEEPER_KEY_ROTATION_DAYS`. A key that already rotates is \
              never touched, because the same call would change its period. A key whose policy does not let \
              Trailkeeper read it or turn on rotation is reported as failed, with the statement that the policy needs.",
        risk: "Nothing that uses the key is affected: its id and ARN stay the same, and KMS keeps all earlier material \
               for decryption. AWS charges monthly for the first and second rotation of a key.",
        guard: "Key policies are never changed, disabled keys are never enabled, and scheduled deletions are never \
                cancelled. Nothing is re-encrypted: earlier data stays under the earlier material.",
        permanent: permanent!("key", "kms-key-rotation"),
        severity: Severity::Medium,
        opt_in: false,
        references: &[
            "AWS KMS developer guide, rotate AWS KMS keys: \
             https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
            "AWS KMS API reference, EnableKeyRotation: \
             https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html",
        ],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    match (view.fit(), view.rotates) {
        (Fit::No(because), _) => Verdict::NotApplicable { because },
        (Fit::Unclear(needs), _) => Verdict::Unknown { needs },
        (Fit::Yes, None) => Verdict::Unknown { needs: "its rotation status was not read".to_owned() },
        (Fit::Yes, Some(true)) => Verdict::Compliant,
        (Fit::Yes, Some(false)) => Verdict::Violation {
            because: "automatic rotation is off".to_owned(),
            remedy: Remedy::Fix(vec![Step::EnableRotation {
                key: subject.arn.clone(),
                days: settings.key_rotation_days,
            }]),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::key::view::tests::idle;
    use crate::testing::laws::{settings, subject};

    #[test]
    fn a_key_that_does_not_rotate_is_to_rotate_by_the_setting() {
        let settings = Settings { key_rotation_days: 180, ..settings() };
        let Verdict::Violation { remedy: Remedy::Fix(steps), .. } = judge(&idle(), &subject::<Key>(), &settings) else {
            panic!("no fix")
        };
        assert_eq!(steps, [Step::EnableRotation { key: subject::<Key>().arn, days: 180 }]);
    }

    #[test]
    fn a_key_that_rotates_is_right_and_one_that_cannot_is_no_matter_of_ours() {
        let verdict = |view: View| judge(&view, &subject::<Key>(), &settings());
        assert_eq!(verdict(View { rotates: Some(true), ..idle() }), Verdict::Compliant);
        // While deletion is pending, KMS reports every key as not rotating.
        for rotates in [None, Some(false), Some(true)] {
            let going = View { state: "PendingDeletion".into(), rotates, ..idle() };
            assert!(matches!(verdict(going), Verdict::NotApplicable { .. }));
        }
        assert!(matches!(verdict(View { rotates: None, ..idle() }), Verdict::Unknown { .. }));
        assert!(matches!(verdict(View { state: "Brandnew".into(), ..idle() }), Verdict::Unknown { .. }));
    }
}
