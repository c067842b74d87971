//! Chains that are whole, changed, cut and forged.

use super::*;
use serde_json::json;

const FOLDER: &str = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2027/01/31";

fn object(hour: u32) -> String {
    format!("{FOLDER}/111122223333_CloudTrail-Digest_eu-west-1_main_eu-west-1_20270131T{hour:02}0000Z.json.gz")
}

/// Makes a chain of digest files, each of one log file; a signature is the text that it signs, here.
fn chain(hours: u32) -> Vec<(String, String, String)> {
    let mut files: Vec<(String, String, String)> = Vec::new();
    for hour in 0..hours {
        let log = format!("AWSLogs/1/CloudTrail/eu-west-1/2027/01/31/log{hour}.json.gz");
        let mut file = json!({"digestEndTime": format!("2027-01-31T{hour:02}:00:00Z"), "digestS3Bucket": "logs",
            "digestS3Object": object(hour), "digestPublicKeyFingerprint": "f",
            "previousDigestS3Object": null, "previousDigestHashValue": null, "previousDigestSignature": null,
            "logFiles": [{"s3Object": log, "hashValue": hex(&sum(hour))}]});
        let mut before = "null".to_owned();
        if let Some((object, text, signature)) = files.last() {
            file["previousDigestS3Object"] = json!(object);
            file["previousDigestHashValue"] = json!(hex(&Sha256::digest(text.as_bytes())));
            file["previousDigestSignature"] = json!(signature);
            before.clone_from(signature);
        }
        let text = file.to_string();
        let hash = hex(&Sha256::digest(text.as_bytes()));
        let signed = format!("2027-01-31T{hour:02}:00:00Z\nlogs/{}\n{hash}\n{before}", object(hour));
        files.push((object(hour), text, hex(&Sha256::digest(signed.as_bytes()))));
    }
    files
}

fn sum(hour: u32) -> Sum {
    Sha256::digest(format!("log {hour}").as_bytes()).into()
}

fn validated(files: &[(String, String, String)], told: bool, hours: u32) -> Validation {
    let mut chain = Chain::default();
    for (path, text, signature) in files.iter().rev() {
        chain.digest(path, text.as_bytes(), told.then_some(signature));
    }
    (0..hours).for_each(|hour| chain.log(&format!("x/log{hour}.json.gz"), sum(hour)));
    chain.validate(&|region, fingerprint, signed, signature| {
        (region == "eu-west-1" && fingerprint == "f").then(|| signature == Sha256::digest(signed).as_slice())
    })
}

#[test]
fn a_chain_that_is_whole_is_valid() {
    let from_s3 = validated(&chain(5), true, 5);
    assert!(!from_s3.is_wrong(), "{from_s3:?}");
    assert_eq!((from_s3.digests, from_s3.logs, from_s3.signed, from_s3.unsigned), (5, 5, 5, 0));
    let from_disk = validated(&chain(5), false, 6);
    assert_eq!((from_disk.signed, from_disk.unsigned, from_disk.unlisted), (4, 1, 1), "the last one is not known");
    assert!(!from_disk.is_wrong() && from_disk.restarts.is_empty());
    assert!(validated(&[], false, 1).said[0].contains("nothing could be validated"));
}

#[test]
fn what_was_changed_taken_away_or_forged_is_named() {
    let mut files = chain(5);
    files[2].1 = files[2].1.replace("log2", "logX");
    let changed = validated(&files, true, 5);
    assert_eq!((changed.changed_digests, changed.forged), (vec![object(2)], vec![object(2)]));
    assert_eq!((changed.missing, changed.unlisted), (1, 1));
    let mut files = chain(5);
    files.remove(2);
    assert_eq!(validated(&files, true, 5).missing_digests, [object(2)]);
    let mut again = chain(3);
    let cut =
        again[2].1.replace(&format!("\"previousDigestS3Object\":\"{}\"", object(1)), "\"previousDigestS3Object\":null");
    again[2].1 = cut;
    assert_eq!(validated(&again, false, 3).restarts, [object(2)]);
    let mut there = Chain::default();
    for (path, text, _) in chain(2) {
        there.digest(&path, text.as_bytes(), None);
    }
    there.log("log0.json.gz", sum(7));
    there.digest("broken.json.gz", b"{}", None);
    let found = there.validate(&|_, _, _, _| None);
    assert_eq!((found.changed_logs, found.missing), (vec!["log0.json.gz".to_owned()], 1));
    assert_eq!(found.changed_digests, ["broken.json.gz"]);
    assert!(found.said[1].contains("none was checked"), "{:?}", found.said);
}
