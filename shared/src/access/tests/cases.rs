//! Access log lines for tests: a normal one, and ways to change it. All ids are invented.

use crate::access::read::line::Line;
use crate::access::read::trailing_fields::Tail;

pub(in crate::access) const OWNER: &str = "5ba1e0de15ba1e0de15ba1e0de15ba1e0de15ba1e0de15ba1e0de15ba1e0de15";
pub(in crate::access) const READER: &str = "arn:aws:sts::111122223333:assumed-role/SiemReader/collector-3";
pub(in crate::access) const ADMIN: &str = "arn:aws:sts::111122223333:assumed-role/Admin/bob@example.com";

/// Fields of a line, as S3 would write them.
#[derive(Debug, Clone)]
pub(in crate::access) struct Case {
    pub(in crate::access) bucket: String,
    pub(in crate::access) time: String,
    pub(in crate::access) ip: String,
    pub(in crate::access) requester: String,
    pub(in crate::access) id: String,
    pub(in crate::access) operation: String,
    pub(in crate::access) key: String,
    /// Request URI with its quotes.
    pub(in crate::access) uri: String,
    pub(in crate::access) status: String,
    pub(in crate::access) error: String,
    pub(in crate::access) sent: String,
    /// Referer and user agent, with their quotes.
    pub(in crate::access) headers: String,
    pub(in crate::access) version: String,
    pub(in crate::access) cipher: String,
    pub(in crate::access) tls: String,
    pub(in crate::access) later: String,
}

impl Default for Case {
    /// Returns a log file that is read by the configured reader.
    fn default() -> Self {
        Self {
            bucket: "trail-logs".into(),
            time: "02/Mar/2026:11:20:48 +0000".into(),
            ip: "192.0.2.10".into(),
            requester: READER.into(),
            id: "K7Q2M0TRAIL00001".into(),
            operation: "REST.GET.OBJECT".into(),
            key: "AWSLogs/111122223333/CloudTrail/eu-west-1/a.json.gz".into(),
            uri: "\"GET /AWSLogs/111122223333/CloudTrail/eu-west-1/a.json.gz HTTP/1.1\"".into(),
            status: "200".into(),
            error: "-".into(),
            sent: "5120".into(),
            headers: "\"-\" \"siem/4.1\"".into(),
            version: "-".into(),
            cipher: "TLS_AES_128_GCM_SHA256".into(),
            tls: "TLSv1.3".into(),
            later: String::new(),
        }
    }
}

impl Case {
    /// Returns an operation by a requester that is not a reader.
    pub(in crate::access) fn by(requester: &str, operation: &str) -> Self {
        Self { requester: requester.into(), operation: operation.into(), ..Self::default() }
    }

    /// Makes S3 refuse the request.
    pub(in crate::access) fn refused(self) -> Self {
        Self { status: "403".into(), error: "AccessDenied".into(), sent: "243".into(), ..self }
    }

    /// Returns the line without its line break.
    pub(in crate::access) fn line(&self) -> String {
        let Self { bucket, time, ip, requester, id, operation, key, uri, status, error, sent, .. } = self;
        let Self { headers, version, cipher, tls, later, .. } = self;
        format!(
            "{OWNER} {bucket} [{time}] {ip} {requester} {id} {operation} {key} {uri} {status} {error} {sent} 5120 31 17 \
             {headers} {version} hostIdOf/{id}= SigV4 {cipher} AuthHeader {bucket}.s3.eu-west-1.amazonaws.com {tls} - - \
             eu-west-1{later}"
        )
    }
}

/// Writes a line as S3 would, so that parsing it again must give the same.
pub(in crate::access) fn print(line: &Line<'_>) -> Vec<u8> {
    let word = |word: Option<&[u8]>| word.map_or_else(|| b"-".to_vec(), <[u8]>::to_vec);
    let quoted = |text: Option<&[u8]>| [b"\"", text.unwrap_or(b"-"), b"\""].concat();
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string()).into_bytes();
    let day = line.time.to_string();
    let (date, clock) = day.trim_end_matches('Z').split_once('T').expect("a date and a time");
    let [year, month, day] = date.split('-').collect::<Vec<_>>()[..] else { panic!("{date} is no date") };
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months[month.parse::<usize>().expect("a month") - 1];
    let Tail { version, host_id, signature, cipher, authentication, host, .. } = line.trailing_fields;
    let Tail { tls, access_point, acl_required, region, known, later, .. } = line.trailing_fields;
    let mut words = vec![
        word(line.owner),
        word(line.bucket),
        format!("[{day}/{month}/{year}:{clock} +0000]").into_bytes(),
        word(line.remote_ip),
        word(line.requester),
        word(line.request_id),
        word(line.operation),
        word(line.key.map(|key| key.0)),
        quoted(line.uri.map(|uri| uri.0)),
        number(line.reply.status.map(u64::from)),
        word(line.reply.error),
        number(line.reply.sent),
        number(line.reply.size),
        number(line.reply.total),
        number(line.reply.turn_around),
        quoted(line.referer.map(|referer| referer.0)),
        quoted(line.agent.map(|agent| agent.0)),
    ];
    let trailing_fields =
        [version, host_id, signature, cipher, authentication, host, tls, access_point, acl_required, region].map(word);
    words.extend(trailing_fields.into_iter().take(known));
    words.extend((!later.is_empty()).then(|| later.to_vec()));
    words.join(&b' ')
}
