//! Decodes the event that triggers the function: S3 has put a file into a bucket.
//!
//! The event only names the file. What it says about the uploader is not used.

use crate::event::{EventError, Origin};
use crate::managed::bucket::name::is_bucket_name;
use crate::model::{Region, sanitized};
use aws_lambda_events::eventbridge::EventBridgeEvent;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A file that S3 has announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Account in which the event occurred.
    pub account: String,
    /// Details of the event for the report.
    pub origin: Origin,
    /// The file, or else a description of the event.
    pub file: Result<File, String>,
}

/// A log file in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct File {
    /// Region of the bucket.
    #[cfg_attr(test, schemars(with = "String"))]
    pub region: Region,
    /// Name of the bucket.
    pub bucket: String,
    /// Key of the object.
    pub key: String,
    /// Version of the object, in a bucket with versioning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl File {
    /// Returns whether the key has the form that S3 gives access logs: `<prefix>2026-03-02-11-30-12-0123456789ABCDEF`
    /// ([the key format]). S3 chooses that name, so no requester can.
    ///
    /// [the key format]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html#server-log-keyname-format
    #[must_use]
    pub fn is_access_log(&self) -> bool {
        let parts: Vec<&str> = self.key.rsplitn(7, '-').collect();
        let [unique, second, minute, hour, day, month, before] = parts.as_slice() else { return false };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let year = before.len().checked_sub(4).and_then(|at| before.get(at..));
        let is_date = [second, minute, hour, day, month].iter().all(|part| part.len() == 2 && digits(part));
        let is_unique = !unique.is_empty() && unique.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_unique && is_date && year.is_some_and(digits)
    }
}

#[derive(Deserialize)]
struct Detail {
    bucket: NoticeBucket,
    object: Object,
}

#[derive(Deserialize)]
struct NoticeBucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
    #[serde(rename = "version-id")]
    version: Option<String>,
}

impl Notice {
    /// Decodes the JSON event that Lambda passes in ([the fields]).
    ///
    /// # Errors
    /// Returns an error if the JSON is not an EventBridge event, or is an S3 event that names no file.
    ///
    /// [the fields]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    pub fn decode(payload: &Value) -> Result<Self, EventError> {
        let envelope: EventBridgeEvent =
            Deserialize::deserialize(payload).map_err(|problem| EventError::Envelope(problem.to_string()))?;
        let origin = Origin {
            id: envelope.id.as_deref().map(sanitized),
            name: sanitized(&envelope.detail_type),
            time: payload.get("time").and_then(Value::as_str).map(sanitized),
            ..Origin::default()
        };
        let file = match (envelope.source.as_str(), envelope.detail_type.as_str()) {
            ("aws.s3", "Object Created") => {
                let region = envelope.region.as_deref().unwrap_or_default();
                let region = Region::parse(region).ok_or_else(|| EventError::File("invalid region".to_owned()))?;
                let Detail { bucket, object } = Deserialize::deserialize(&envelope.detail)
                    .map_err(|problem| EventError::File(format!("detail: {problem}")))?;
                if !is_bucket_name(&bucket.name) || object.key.is_empty() || object.key.len() > 1_024 {
                    return Err(EventError::File("it names no valid S3 object".to_owned()));
                }
                let version = object.version.filter(|version| !version.is_empty());
                Ok(File { region, bucket: bucket.name, key: object.key, version })
            }
            (source, kind) => Err(sanitized(&format!("{kind} from {source}"))),
        };
        Ok(Self { account: envelope.account.unwrap_or_default(), origin, file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(detail: &Value) -> Value {
        json!({"id": "e-1", "detail-type": "Object Created", "source": "aws.s3", "account": "111122223333",
            "time": "2026-03-02T11:31:02Z", "region": "eu-west-1", "detail": detail})
    }

    #[test]
    fn a_file_is_named_by_bucket_key_and_version() {
        let detail = json!({"version": "0", "bucket": {"name": "trailkeeper-access-logs-1-eu-west-1"}, "object": {
            "key": "logs/2026-03-02-11-30-12-0123456789ABCDEF", "size": 731, "etag": "d41d", "version-id": "v 1",
            "sequencer": "0064"}, "request-id": "R", "requester": "svc:logging.s3.amazonaws.com", "reason": "PutObject"});
        let notice = Notice::decode(&event(&detail)).expect("a notice");
        let file = notice.file.expect("a file");
        assert_eq!((notice.account.as_str(), file.region.as_str()), ("111122223333", "eu-west-1"));
        assert_eq!(file.key, "logs/2026-03-02-11-30-12-0123456789ABCDEF");
        assert_eq!(file.version.as_deref(), Some("v 1"));
    }

    #[test]
    fn access_logs_are_known_by_the_names_that_s3_gives_them() {
        let is = |key: &str| {
            let region = Region::parse("eu-west-1").expect("a region");
            File { region, bucket: "b".to_owned(), key: key.to_owned(), version: None }.is_access_log()
        };
        for key in [
            "2026-03-02-11-30-12-0123456789ABCDEF",
            "trail-logs/2026-03-02-11-30-12-0123456789ABCDEF",
            "no-slash-2026-03-02-11-30-12-0123456789ABCDEF",
            "p/111122223333/eu-west-1/trail-logs/2026/03/02/2026-03-02-11-30-12-0123456789ABCDEF",
        ] {
            assert!(is(key), "{key}");
        }
        for key in [
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/02/111122223333_CloudTrail_eu-west-1_20260302T1130Z_x.json.gz",
            "2026-03-02-11-30-12-0123456789ABCDEF.gz",
            "2026-03-02-11-30-12-",
            "26-03-02-11-30-12-0123",
            "2026-3-02-11-30-12-0123",
            "é26-03-02-11-30-12-0123",
            "report.csv",
            "",
        ] {
            assert!(!is(key), "{key}");
        }
    }

    #[test]
    fn what_names_no_file_is_an_error_and_what_is_none_of_ours_is_told() {
        for detail in [
            json!({}),
            json!({"bucket": {"name": "Logs"}, "object": {"key": "k"}}),
            json!({"bucket": {"name": "../logs"}, "object": {"key": "k"}}),
            json!({"bucket": {"name": "logs"}, "object": {"key": ""}}),
            json!({"bucket": {"name": "logs"}, "object": {"key": "k".repeat(1_025)}}),
            json!({"bucket": {"name": "logs"}, "object": {"key": 7}}),
        ] {
            assert!(Notice::decode(&event(&detail)).is_err(), "{detail}");
        }
        let other = json!({"detail-type": "Object Deleted", "source": "aws.s3", "detail": {}});
        assert_eq!(Notice::decode(&other).expect("a notice").file, Err("Object Deleted from aws.s3".to_owned()));
        assert!(Notice::decode(&json!([])).is_err());
    }
}
