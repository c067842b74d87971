//! Reads log files from S3. It lists and reads them, and makes no other calls.

use crate::Caller;
use crate::intake::Intake;
use futures_util::TryStreamExt;
use std::ffi::OsStr;
use std::fmt::Display;
use std::pin::pin;
use trailkeeper::access::{Files, Opened};
use trailkeeper::aws::Aws;
use trailkeeper::managed::bucket::name::is_bucket_name;
use trailkeeper::model::CallError;
use trailkeeper::model::Region;

/// Number of files requested ahead. Log files are small: waiting for the response takes longer than reading it.
const AHEAD: usize = 8;

/// Splits an input on S3 into bucket and prefix; `None` for any other input.
pub(crate) fn url(input: &OsStr) -> Option<(&str, &str)> {
    let rest = input.to_str()?.strip_prefix("s3://")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// Reads the files under a prefix, ordered by key.
pub(crate) async fn read(caller: &Caller, bucket: &str, prefix: &str, intake: &mut Intake<'_>) {
    let input = format!("s3://{bucket}/{prefix}");
    if !is_bucket_name(bucket) {
        return intake.unreadable(&input, "this is not the name of a bucket");
    }
    let aws = Aws::load_as(caller.profile.as_deref(), caller.region.as_ref()).await;
    let home = aws.config().region().and_then(|region| Region::parse(region.as_ref())).unwrap_or_else(Region::first);
    let files = Files::new(&aws);
    let listed = match files.list(&home, bucket, prefix).await {
        Ok(listed) => listed,
        Err(error) => return intake.unreadable(&input, error),
    };
    let opening = listed.map_ok(async |(file, _)| {
        let opened = files.open(&file, None).await;
        Ok((format!("s3://{}/{}", file.bucket, file.key), opened))
    });
    let (mut opening, mut there) = (pin!(opening.try_buffered(AHEAD)), false);
    loop {
        match opening.try_next().await {
            Ok(Some((name, opened))) => {
                there = true;
                if let Err(why) = one(&name, opened, intake).await {
                    intake.unreadable(&name, why);
                }
            }
            Ok(None) if there => return,
            Ok(None) => return intake.unreadable(&input, "there is no file with this prefix"),
            Err(error) => return intake.unreadable(&input, error),
        }
    }
}

async fn one(name: &str, opened: Result<Opened, CallError>, intake: &mut Intake<'_>) -> Result<(), String> {
    let told = |error: &dyn Display| error.to_string();
    let mut opened = opened.map_err(|error| told(&error))?;
    intake.begin(name);
    while let Some(chunk) = opened.next().await.map_err(|error| told(&error))? {
        intake.take(chunk.as_ref()).map_err(|error| told(&error))?;
    }
    intake.end().map_err(|error| told(&error))
}
