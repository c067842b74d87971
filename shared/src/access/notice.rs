//! Decodes the event that triggers the function: S3 has put a file into a bucket.
//!
//! The event names the file and says what S3 put there and for whom: that decides only whether the file is read. What
//! stands in a report about the logs comes from the file.

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
    /// The announced file, or else a description of the event.
    pub announced: Result<Announced, String>,
}

/// A new file, as S3 announces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// The file.
    pub file: File,
    /// What S3 put there, and for whom.
    pub put: Put,
}

impl Announced {
    /// Returns the file as the notes about what was reported name it. S3's log service never writes a key twice; what
    /// somebody else writes there is another file each time.
    #[must_use]
    pub fn noted(&self) -> File {
        let Self { file, put } = self;
        let etag = put.etag.clone().filter(|_| !put.is_by_log_service());
        File { version: file.version.clone().or(etag), ..file.clone() }
    }

    /// Returns the name of the note about all files that this writer puts into the bucket on one day since 1970. S3's log
    /// service has no part in them, so one letter says it all, however many there are.
    #[must_use]
    pub fn noted_by_writer(&self, day: u64) -> File {
        let Self { file, put } = self;
        // No access log has such a name.
        File { key: format!("written by {} on day {day}", put.writer()), version: None, ..file.clone() }
    }
}

/// What S3 says that it put into a bucket ([the fields]).
///
/// [the fields]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Put {
    /// Size of the object in bytes.
    pub size: Option<u64>,
    /// `ETag` of the object, without quotes.
    pub etag: Option<String>,
    /// Account id or service principal that wrote the object.
    pub requester: Option<String>,
    /// Operation that created the object, such as `PutObject`.
    pub reason: Option<String>,
}

impl Put {
    /// Returns the writer, as people and settings name it; `unknown` if S3 names none.
    #[must_use]
    pub fn writer(&self) -> &str {
        self.requester.as_deref().unwrap_or("unknown")
    }

    /// Returns whether S3's log service wrote the object. It puts access logs as the principal
    /// `logging.s3.amazonaws.com` ([permissions for log delivery]), and S3 names a requester by account id or service
    /// principal; access logs write a service principal with the prefix `svc:`. Nobody else can write as it. An event that
    /// names nobody is none of S3's own, which tells of every put by whom it is; it accuses nobody.
    ///
    /// [permissions for log delivery]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html#grant-log-delivery-permissions-general
    #[must_use]
    pub fn is_by_log_service(&self) -> bool {
        self.requester.as_deref().is_none_or(|it| it.strip_prefix("svc:").unwrap_or(it) == "logging.s3.amazonaws.com")
    }
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
    #[serde(default)]
    requester: Option<Value>,
    #[serde(default)]
    reason: Option<Value>,
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
    #[serde(default)]
    size: Option<Value>,
    #[serde(default)]
    etag: Option<Value>,
}

/// Returns a text of the event, sanitized. Anything else than a text counts as missing.
fn told(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(sanitized).filter(|text| !text.is_empty())
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
        let announced = match (envelope.source.as_str(), envelope.detail_type.as_str()) {
            ("aws.s3", "Object Created") => {
                let region = envelope.region.as_deref().unwrap_or_default();
                let region = Region::parse(region).ok_or_else(|| EventError::File("invalid region".to_owned()))?;
                let Detail { bucket, object, requester, reason } = Deserialize::deserialize(&envelope.detail)
                    .map_err(|problem| EventError::File(format!("detail: {problem}")))?;
                if !is_bucket_name(&bucket.name) || object.key.is_empty() || object.key.len() > 1_024 {
                    return Err(EventError::File("it names no valid S3 object".to_owned()));
                }
                let version = object.version.filter(|version| !version.is_empty());
                let put = Put {
                    size: object.size.as_ref().and_then(Value::as_u64),
                    etag: told(object.etag.as_ref()).map(|etag| etag.trim_matches('"').to_owned()),
                    requester: told(requester.as_ref()),
                    reason: told(reason.as_ref()),
                };
                Ok(Announced { file: File { region, bucket: bucket.name, key: object.key, version }, put })
            }
            (source, kind) => Err(sanitized(&format!("{kind} from {source}"))),
        };
        Ok(Self { account: envelope.account.unwrap_or_default(), origin, announced })
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
        let Announced { file, put } = notice.announced.expect("a file");
        assert_eq!((notice.account.as_str(), file.region.as_str()), ("111122223333", "eu-west-1"));
        assert_eq!(file.key, "logs/2026-03-02-11-30-12-0123456789ABCDEF");
        assert_eq!(file.version.as_deref(), Some("v 1"));
        assert_eq!(
            (put.size, put.etag.as_deref(), put.reason.as_deref()),
            (Some(731), Some("d41d"), Some("PutObject"))
        );
        assert!(put.is_by_log_service());
    }

    #[test]
    fn only_the_log_service_is_the_log_service() {
        let by = |requester: Value| {
            let detail = json!({"bucket": {"name": "logs"}, "object": {"key": "k", "etag": 7, "size": "x"},
                "requester": requester});
            Notice::decode(&event(&detail)).expect("a notice").announced.expect("a file").put
        };
        for service in ["logging.s3.amazonaws.com", "svc:logging.s3.amazonaws.com"] {
            assert!(by(json!(service)).is_by_log_service(), "{service}");
        }
        for other in
            ["111122223333", "s3.amazonaws.com", "logging.s3.amazonaws.com.example", "xlogging.s3.amazonaws.com"]
        {
            assert!(!by(json!(other)).is_by_log_service(), "{other}");
        }
        let noted = |requester: &str, version: Option<&str>| {
            let file = File {
                region: Region::parse("eu-west-1").expect("a region"),
                bucket: "b".into(),
                key: "k".into(),
                version: version.map(str::to_owned),
            };
            let put = Put { etag: Some("e".into()), requester: Some(requester.into()), ..Put::default() };
            Announced { file, put }.noted().version
        };
        assert_eq!(noted("logging.s3.amazonaws.com", None), None);
        assert_eq!(noted("111122223333", None).as_deref(), Some("e"));
        assert_eq!(noted("111122223333", Some("v")).as_deref(), Some("v"));
        assert!(by(json!("")).is_by_log_service(), "it accuses nobody");
        let nobody = by(json!(["logging.s3.amazonaws.com"]));
        assert_eq!((nobody.is_by_log_service(), nobody.writer()), (true, "unknown"));
        assert_eq!((nobody.size, nobody.etag), (None, None));
        assert_eq!(by(json!("a\nb")).writer(), "a b");
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
        assert_eq!(Notice::decode(&other).expect("a notice").announced, Err("Object Deleted from aws.s3".to_owned()));
        assert!(Notice::decode(&json!([])).is_err());
    }
}
