//! CloudTrail's public keys, and whether a signature was made with the private one.

use super::taking::Taking;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use std::collections::HashMap;
use trailkeeper::aws::{Aws, CloudTrail, call};
use trailkeeper::model::Region;
use trailkeeper_replay::chain::Chain;

/// Public keys by region and fingerprint.
#[derive(Debug, Default)]
pub(super) struct PublicKeys(HashMap<(String, String), Vec<u8>>);

/// Asks each region of the digest files for the keys of their time. What cannot be asked is said, and not checked.
pub(super) async fn of(aws: &Aws, chain: &Chain, taking: &mut Taking) -> PublicKeys {
    let mut keys = PublicKeys::default();
    let Some((regions, first, last)) = chain.keys() else { return keys };
    let cloudtrail = CloudTrail::new(aws);
    for region in regions.iter().filter_map(|name| Region::parse(name)) {
        let time = |text: &str| DateTime::from_str(text, Format::DateTime).ok();
        let asked = cloudtrail.of(&region).list_public_keys().set_start_time(time(&first)).set_end_time(time(&last));
        let mut pages = asked.into_paginator().items().send();
        loop {
            match call("cloudtrail:ListPublicKeys", async { pages.next().await.transpose() }).await {
                Ok(Some(key)) => {
                    if let (Some(fingerprint), Some(value)) = (key.fingerprint, key.value) {
                        keys.0.insert((region.to_string(), fingerprint), value.into_inner());
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    taking.unread(&format!("the public keys of {region}"), &error);
                    break;
                }
            }
        }
    }
    keys
}

impl PublicKeys {
    /// Checks a signature: RSA with SHA-256, and keys in the form of PKCS #1 ([PublicKey]). `None` if there is no such key.
    ///
    /// [PublicKey]: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PublicKey.html
    pub(super) fn verify(&self, region: &str, fingerprint: &str, signed: &[u8], signature: &[u8]) -> Option<bool> {
        let key = self.0.get(&(region.to_owned(), fingerprint.to_owned()))?;
        Some(UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(signed, signature).is_ok())
    }
}
