//! Decides requests that it reads from its input, so that tests can compare the decisions with another evaluator's.
//!
//! Each line is `{"documents": [..], "service": "..", "action": "..", "resources": [..], "known": {"key": ["value"]}}`,
//! where `service` is `null` for a role's own policies and `resources` is empty for a trust policy; or it is
//! `{"delivery": "trail", "bucket": "..", "source": "..", "document": {..}}`: whether a service may deliver its files to a
//! bucket. The answer is a line with `Allowed`, `Denied`, `NotAllowed` or `Unclear`.
//!
//! usage: `cargo run --package trailkeeper --example policy_decisions < REQUESTS`

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use trailkeeper::documents::policy::{Decision, Request, Shape, decide};
use trailkeeper::families::bucket::grants;
use trailkeeper::model::{Place, Region};

#[derive(Deserialize)]
#[serde(untagged)]
enum Question {
    Delivery(Delivery),
    Request(Asked),
}

/// Whether a service may deliver.
#[derive(Deserialize)]
struct Delivery {
    #[serde(rename = "delivery")]
    kind: String,
    bucket: String,
    /// ARN of a trail, or anything.
    source: String,
    document: Value,
}

/// One request.
#[derive(Deserialize)]
struct Asked {
    documents: Vec<Value>,
    service: Option<String>,
    action: String,
    resources: Vec<String>,
    known: BTreeMap<String, Vec<String>>,
}

fn main() -> ExitCode {
    match answer_all() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn answer_all() -> Result<(), Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let decision = match serde_json::from_str(&line?)? {
            Question::Delivery(delivery) => delivered(&delivery)?,
            Question::Request(asked) => decided(&asked),
        };
        writeln!(output, "{decision:?}")?;
    }
    Ok(())
}

fn decided(asked: &Asked) -> Decision {
    let resources: Vec<Shape> = asked.resources.iter().map(Shape::from).collect();
    let values = |(key, values): (&'_ String, &'_ Vec<String>)| -> Vec<(String, String)> {
        values.iter().map(|value| (key.clone(), value.clone())).collect()
    };
    let known: Vec<(String, String)> = asked.known.iter().flat_map(values).collect();
    let known: Vec<(&str, &str)> = known.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let request =
        Request { service: asked.service.as_deref(), action: &asked.action, resources: &resources, known: &known };
    decide(&asked.documents, request)
}

/// Returns whether statements are lacking for a delivery in the account 111122223333.
fn delivered(asked: &Delivery) -> Result<Decision, String> {
    let Delivery { kind, bucket, source, document } = asked;
    let region = Region::parse("us-east-1").ok_or("no region")?;
    let place = Place { partition: "aws".into(), account: "111122223333".into(), region };
    let lacking = match kind.as_str() {
        "trail" => grants::for_trail(&place, bucket, source, Some(document)),
        "channel" => grants::for_channel(&place, bucket, None, Some(document)),
        "flow-logs" => grants::for_flow_logs(&place, bucket, "", Some(document)),
        other => return Err(format!("{other} is no delivery")),
    };
    Ok(if lacking.is_empty() { Decision::Allowed } else { Decision::NotAllowed })
}
