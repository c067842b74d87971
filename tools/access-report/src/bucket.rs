//! Log files on S3. They are listed and read, and nothing else is done.

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

/// How many files are asked for before it is their turn. Log files are small: the answer takes longer than the reading.
const AHEAD: usize = 8;

/// Bucket and prefix, where an input is on S3.
pub(crate) fn url(input: &OsStr) -> Option<(&str, &str)> {
    let rest = input.to_str()?.strip_prefix("s3://")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// Reads the files whose keys begin so, in the order of their keys.
pub(crate) async fn read(bucket: &str, prefix: &str, intake: &mut Intake<'_>) {
    let input = format!("s3://{bucket}/{prefix}");
    if !is_bucket_name(bucket) {
        return intake.unreadable(&input, "this is not the name of a bucket");
    }
    let aws = Aws::load().await;
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
            Ok(None) => return intake.unreadable(&input, "there is no file whose key begins so"),
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
