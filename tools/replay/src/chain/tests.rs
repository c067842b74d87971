//! Chains that are whole, changed, cut and forged.

use super::*;
use serde_json::json;

const FOLDER: &str = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2027/01/31";

fn object(hour: u32) -> String {
    format!("{FOLDER}/111122223333_CloudTrail-Digest_eu-west-1_main_eu-west-1_20270131T{hour:02}0000Z.json.gz")
}

/// The log file of an hour, delivered in its middle.
fn log(hour: u32) -> String {
    format!("111122223333_CloudTrail_eu-west-1_20270131T{hour:02}30Z_log{hour}.json.gz")
}

/// Makes a chain of digest files, each of one log file; a signature is the text that it signs, here.
fn chain(hours: u32) -> Vec<(String, String, String)> {
    let mut files: Vec<(String, String, String)> = Vec::new();
    for hour in 0..hours {
        let log = format!("AWSLogs/111122223333/CloudTrail/eu-west-1/2027/01/31/{}", log(hour));
        let mut file = json!({"digestStartTime": format!("2027-01-31T{hour:02}:00:00Z"),
            "digestEndTime": format!("2027-01-31T{:02}:00:00Z", hour + 1), "digestS3Bucket": "logs",
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
        let signed = format!("2027-01-31T{:02}:00:00Z\nlogs/{}\n{hash}\n{before}", hour + 1, object(hour));
        files.push((object(hour), text, hex(&Sha256::digest(signed.as_bytes()))));
    }
    files
}

fn sum(hour: u32) -> Sum {
    Sha256::digest(format!("log {hour}").as_bytes()).into()
}

fn validated(files: &[(String, String, String)], told: bool, hours: u32) -> Validation {
    validated_with(files, told, hours, &[])
}

/// Validates a chain with the log files of its hours, behind some others.
fn validated_with(files: &[(String, String, String)], told: bool, hours: u32, others: &[(String, Sum)]) -> Validation {
    let mut chain = Chain::default();
    for (path, text, signature) in files.iter().rev() {
        chain.digest(path, text.as_bytes(), told.then_some(signature));
    }
    for (path, sum) in others {
        chain.log(path, *sum);
    }
    (0..hours).for_each(|hour| chain.log(&format!("x/{}", log(hour)), sum(hour)));
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
    assert_eq!((changed.missing, changed.added, changed.unlisted), (1, 1, 0));
    let mut files = chain(5);
    files.remove(2);
    assert_eq!(validated(&files, true, 5).missing_digests, [object(2)]);
    let mut again = chain(3);
    let cut =
        again[2].1.replace(&format!("\"previousDigestS3Object\":\"{}\"", object(1)), "\"previousDigestS3Object\":null");
    again[2].1 = cut;
    let anew = validated(&again, false, 3);
    assert_eq!(anew.restarts, [object(2)]);
    assert!(!anew.is_wrong() && anew.said.iter().any(|said| said.contains("who stopped")), "{anew:?}");
    let mut there = Chain::default();
    for (path, text, _) in chain(2) {
        there.digest(&path, text.as_bytes(), None);
    }
    there.log(&log(0), sum(7));
    there.digest("broken.json.gz", b"{}", None);
    let found = there.validate(&|_, _, _, _| None);
    assert_eq!((found.changed_logs, found.missing), (vec![log(0)], 1));
    assert_eq!(found.changed_digests, ["broken.json.gz"]);
    assert!(found.said[1].contains("none was checked"), "{:?}", found.said);
}

#[test]
fn a_name_that_is_there_twice_with_other_content_is_wrong() {
    let forged = [(format!("AWSLogs/{}", log(2)), sum(7))];
    let found = validated_with(&chain(5), true, 5, &forged);
    assert_eq!((found.twice.clone(), found.changed_logs.clone(), found.logs), (vec![log(2)], vec![log(2)], 5));
    assert!(found.is_wrong() && found.said.iter().any(|said| said.contains("1 name")), "{found:?}");
    let copy = [(format!("copy/{}", log(2)), sum(2))];
    assert!(!validated_with(&chain(5), true, 5, &copy).is_wrong(), "a copy is as it was delivered");
    let unknown = [(log(9), sum(1)), (format!("copy/{}", log(9)), sum(2))];
    assert_eq!(validated_with(&chain(5), true, 5, &unknown).twice, [log(9)]);
    let mut files = chain(5);
    let (path, text, signature) = files[2].clone();
    files.push((format!("copy/{path}"), text.clone(), signature.clone()));
    assert!(!validated(&files, true, 5).is_wrong(), "nor is a copy of a digest file wrong");
    files.push((format!("other/{path}"), text.replace("log2", "logX"), signature));
    let found = validated(&files, true, 5);
    assert!(found.is_wrong() && found.twice == [base(&path)], "{found:?}");
}

#[test]
fn two_digest_files_that_disagree_on_a_log_file_are_wrong() {
    let mut files = chain(2);
    files[1].1 = files[1].1.replace(&log(1), &log(0));
    let found = validated(&files, false, 2);
    assert!(found.is_wrong() && found.twice == [log(0)], "{found:?}");
}

#[test]
fn a_file_that_the_digest_files_of_its_hour_do_not_list_is_wrong() {
    let planted = log(2).replace("log2", "planted");
    let elsewhere = planted.replace("eu-west-1", "us-east-1");
    let other = planted.replace("111122223333", "999999999999");
    let late = log(4).replace("T0430Z", "T0445Z");
    let before = log(0).replace("T0030Z", "T0010Z").replace("log0", "x");
    let unknown = [elsewhere, other, late, before].map(|name| (name, sum(7)));
    let found = validated_with(&chain(5), true, 5, &unknown);
    assert!(!found.is_wrong() && found.unlisted == 4, "no digest file would have them: {found:?}");
    let found = validated_with(&chain(5), true, 5, &[(planted.clone(), sum(7)), ("extra.json".to_owned(), sum(8))]);
    assert_eq!(
        (found.added, found.added_names.clone(), found.unlisted),
        (2, vec![planted.clone(), "extra.json".into()], 0)
    );
    assert!(found.is_wrong(), "{found:?}");
    assert!(found.said[0].contains("2 are not listed by the digest files of their hour"), "{:?}", found.said);
    // Between two chains, nothing says what was delivered.
    let mut files = chain(5);
    files.remove(2);
    files[2].1 =
        files[2].1.replace(&format!("\"previousDigestS3Object\":\"{}\"", object(2)), "\"previousDigestS3Object\":null");
    let found = validated_with(&files, false, 5, &[(planted, sum(7))]);
    assert_eq!((found.added, found.unlisted, found.restarts), (0, 2, vec![object(3)]));
}
