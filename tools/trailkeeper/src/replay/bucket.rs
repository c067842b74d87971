//! Reads CloudTrail's files from S3. It lists and reads them, and makes no other calls.

use super::taking::Taking;
use futures_util::StreamExt;
use std::ffi::OsStr;
use std::pin::pin;
use trailkeeper::access::{File, Files};
use trailkeeper::aws::{Aws, Buckets, call};
use trailkeeper::managed::bucket::name::is_bucket_name;
use trailkeeper::model::{CallError, ErrorKind, Region};
use trailkeeper_replay::read::name::FileKind;

/// Number of files that are fetched ahead. They are small: waiting for an answer takes longer than reading it.
const AHEAD: usize = 8;

/// Number of packed bytes that a file may have: CloudTrail's have a few million at most.
const LONGEST: usize = 256 * 1024 * 1024;

/// Splits a source on S3 into bucket and prefix; `None` for any other source.
pub(super) fn url(source: &OsStr) -> Option<(&str, &str)> {
    let rest = source.to_str()?.strip_prefix("s3://")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// Reads the files under a prefix.
pub(super) async fn read(aws: &Aws, bucket: &str, prefix: &str, taking: &mut Taking) {
    let source = format!("s3://{bucket}/{prefix}");
    if !is_bucket_name(bucket) {
        return taking.unread(&source, &"this is not the name of a bucket");
    }
    let home = aws.config().region().and_then(|region| Region::parse(region.as_ref())).unwrap_or_else(Region::first);
    let (files, buckets) = (Files::new(aws), Buckets::new(aws));
    let listed = match files.list(&home, bucket, prefix).await {
        Ok(listed) => listed,
        Err(error) => return taking.unread(&source, &told(&error)),
    };
    // The bucket whose files are read is one.
    taking.intake.holds(Some(bucket), None);
    let before = taking.so_far();
    let mut listed = pin!(listed.chunks(AHEAD * 8));
    while let Some(some) = listed.next().await {
        let mut wanted = Vec::new();
        for file in some {
            match file {
                Ok((file, _)) if taking.wants(&file.key) => wanted.push(file),
                Ok(_) => {}
                Err(error) => taking.unread(&source, &told(&error)),
            }
        }
        let fetched = wanted.into_iter().map(async |file| {
            let fetched = Box::pin(fetch(&files, &buckets, &file)).await;
            (file.key, fetched)
        });
        let mut fetched = pin!(futures_util::stream::iter(fetched).buffered(AHEAD));
        while let Some((key, fetched)) = fetched.next().await {
            match fetched {
                Ok(Fetched { bytes, signature }) => taking.take(&key, bytes.as_slice(), signature.as_deref()),
                Err(error) => taking.unread(&format!("s3://{bucket}/{key}"), &error),
            }
        }
    }
    taking.closed(&source, before, "there is no file with this prefix");
}

/// Returns an error for people: what may not be read, with what allows it.
fn told(error: &CallError) -> String {
    let cure = if error.kind == ErrorKind::Denied {
        ": allow s3:ListBucket on the bucket, s3:GetObject on its files and kms:Decrypt on their key to these credentials, in \
         their account and in the policies of bucket and key"
    } else {
        ""
    };
    format!("{error}{cure}")
}

struct Fetched {
    bytes: Vec<u8>,
    signature: Option<String>,
}

async fn fetch(files: &Files, buckets: &Buckets, file: &File) -> Result<Fetched, String> {
    let mut bytes = Vec::new();
    let mut opened = files.open(file, None).await.map_err(|error| told(&error))?;
    while let Some(chunk) = opened.next().await.map_err(|error| told(&error))? {
        bytes.extend_from_slice(chunk.as_ref());
        if bytes.len() > LONGEST {
            return Err("it is longer than CloudTrail's files are".to_owned());
        }
    }
    let signature = match FileKind::of(&file.key) {
        FileKind::Digest => signature(buckets, file).await.map_err(|error| told(&error))?,
        FileKind::Records | FileKind::Insight | FileKind::Other => None,
    };
    Ok(Fetched { bytes, signature })
}

/// Returns the signature of a digest file, which S3 keeps as metadata of the object.
async fn signature(buckets: &Buckets, file: &File) -> Result<Option<String>, CallError> {
    let head = buckets.of(&file.region).head_object().bucket(&file.bucket).key(&file.key);
    let answer = call("s3:GetObject", Box::pin(head.send())).await?;
    Ok(answer.metadata().and_then(|named| named.get("signature")).cloned())
}
