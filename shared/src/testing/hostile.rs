//! Names that an attacker might choose, in each step of each family: what people are given to paste, and what they read.

use super::laws::{Lawful, steps as planned, subject};
use super::shell::{HOSTILE, words};
use crate::event::Origin;
use crate::families::known;
use crate::managed::bucket::Blocks;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::managed::key::step::KeyStep;
use crate::managed::log_group::step::GroupStep;
use crate::managed::role::step::RoleStep;
use crate::managed::topic::step::TopicStep;
use crate::model::is_command;
use crate::model::{
    CallError, Command as AwsCommand, ErrorKind, OneLine, Place, Region, Remedy, Step, Subject, Undo, Verdict,
};
use crate::reconcile::history::step_report;
use crate::report::mail::MailContext;
use crate::report::{ControlResult, Report, Status, StepStatus};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Name that harms nobody. It occurs in no other value.
const HARMLESS: &str = "harmless";

/// Returns all texts to try: hostile, long, and both.
fn texts() -> Vec<String> {
    let long = ["x".repeat(3_000), "';\n$(a)".repeat(400)];
    HOSTILE.iter().map(|text| (*text).to_owned()).chain(long).collect()
}

/// Returns every kind of call on a role, with this text in each value that is read.
pub(crate) fn roles(text: &str) -> Vec<RoleStep> {
    let (name, document) = ("trailkeeper-role", json!({ "Statement": [{ "Sid": text }] }));
    let put = |replaces| RoleStep::PutPolicy { name, policy_name: text.to_owned(), policy: document.clone(), replaces };
    let bound = |replaces| RoleStep::Bound { name, boundary: text.to_owned(), document: document.clone(), replaces };
    vec![
        RoleStep::Create { name, arn: text.to_owned(), purpose: "logs", trust: document.clone(), instead_of: None },
        bound(None),
        bound(Some(text.to_owned())),
        RoleStep::RepairTrust { name, trust: json!({}), replaces: document.clone() },
        put(None),
        put(Some(document.clone())),
    ]
}

/// Returns every kind of call on a key, with this text in each value that is read.
pub(crate) fn keys(text: &str) -> Vec<KeyStep> {
    let (alias, document) = (|| text.to_owned(), json!({ "Id": text }));
    let region = || Region::parse("eu-west-1").expect("a region");
    vec![
        KeyStep::Create {
            region: region(),
            alias: alias(),
            purpose: "logs",
            policy: document.clone(),
            passed: vec![text.to_owned()],
        },
        KeyStep::Name { region: region(), alias: alias(), alias_arn: text.to_owned(), policy: document.clone() },
        KeyStep::Rotate { region: region(), alias: alias(), key: text.to_owned() },
        KeyStep::PutPolicy { key: arn("kms", text), document: json!({}), replaces: document },
    ]
}

/// Returns every kind of call on a topic, with this text in each value that is read.
pub(crate) fn topics(text: &str) -> Vec<TopicStep> {
    let (arn, key, document) = (self::arn("sns", text), text.to_owned(), json!({ "Id": text }));
    vec![
        TopicStep::Create { arn: arn.clone(), policy: document.clone(), key: key.clone() },
        TopicStep::PutPolicy { arn: arn.clone(), service: "CloudTrail", document: json!({}), replaces: document },
        TopicStep::SetKey { arn, key: key.clone(), replaces: key },
        TopicStep::Subscribe { topic: self::arn("sns", text), protocol: "email", endpoint: text.to_owned() },
    ]
}

/// Returns every kind of call on a log group. All values are ours.
pub(crate) fn groups() -> Vec<GroupStep> {
    let keep = |replaces| GroupStep::Keep { name: "/trailkeeper", days: 90, replaces };
    vec![GroupStep::Create { name: "/trailkeeper" }, keep(None), keep(Some(7))]
}

/// Returns every kind of call on a bucket, with this text in each value that is read.
pub(crate) fn buckets(text: &str) -> Vec<BucketStep> {
    let region = Region::parse("eu-west-1").expect("a region");
    let policy = |read| Act::PutPolicy { read, removed: vec![], added: vec![json!({ "Sid": text })] };
    let block = |replaces| Act::Block { blocks: Blocks::ALL, replaces };
    let old = policy(Some(json!({ "Statement": [{ "Sid": text }] })));
    [Act::Create, Act::Encrypt, policy(None), old, block(None), block(Some(Blocks::ALL))]
        .map(|act| BucketStep::new(text, &region, act))
        .into()
}

/// Returns an ARN that ends with this text.
pub(crate) fn arn(service: &str, text: &str) -> String {
    format!("arn:aws:{service}:eu-west-1:111122223333:{text}")
}

/// The account and region that all steps are for.
pub(crate) fn home() -> Place {
    let region = Region::parse("eu-west-1").expect("a region");
    Place { partition: "aws".into(), account: "111122223333".into(), region }
}

/// Texts to try, and any others.
pub(crate) fn names() -> impl Strategy<Value = String> {
    prop_oneof![1 => select(texts()), 1 => "[^\0]{1,40}|[ '\"\\\\\n;$()-]{1,12}"]
}

/// Returns what each control says of a resource with these names: what is wrong, and what to do.
fn said<F: Lawful>(view: &F::View, text: &str) -> Vec<String> {
    let (view, place) = (F::named(view.clone(), text), subject::<F>().place);
    let subject = F::subject(place, text);
    let judged = F::CONTROLS.iter().map(|control| (control.judge)(&view, &subject, &F::settings()));
    judged
        .flat_map(|verdict| match verdict {
            Verdict::Violation { because, remedy: Remedy::Advise(advice) } => vec![because, advice],
            Verdict::Violation { because, remedy: Remedy::Fix(_) }
            | Verdict::NotApplicable { because }
            | Verdict::Elsewhere { because, .. } => vec![because],
            Verdict::Unknown { needs } => vec![needs],
            Verdict::Compliant => vec![],
        })
        .collect()
}

/// Returns the command that advice ends with.
fn advised<F: Lawful>(said: &str) -> Option<(&'static str, &str)> {
    let starts = said.match_indices(": aws ").find_map(|(at, _)| {
        let command = said.get(at + 2..)?;
        let operation = command.split(' ').nth(2)?;
        Some((*F::ADVISED.iter().find(|it| **it == operation)?, command))
    });
    assert!(starts.is_some() || !said.contains(": aws "), "no command of {:?}: {said}", F::ADVISED);
    starts
}

/// Whatever is said is one line, and the command that advice ends with is one command of as many words as ever.
pub(crate) fn advice_is_one_line<F: Lawful>(view: &F::View, text: &str) {
    let of = |said: &[String]| -> Vec<Vec<String>> {
        let commands = said.iter().filter_map(|it| advised::<F>(it)).map(|(_, command)| {
            assert_eq!(OneLine::from(command), *command, "an odd character");
            words(command).unwrap_or_else(|| panic!("not one command: {command}"))
        });
        commands.collect()
    };
    let hostile = said::<F>(view, text);
    for line in hostile.iter().map(|it| OneLine::from(it.as_str())) {
        assert!(!line.chars().any(char::is_control), "{line}");
    }
    // A name may itself look like a command, which nobody can take for ours.
    if text.contains(": aws ") {
        return;
    }
    for command in of(&hostile) {
        let operation = command.get(2).expect("an operation");
        let meant = of(&said::<F>(view, HARMLESS)).into_iter().find(|it| it.get(2) == Some(operation));
        let Some(meant) = meant else { continue };
        match command.last().filter(|_| command.iter().any(|word| word == "--cli-input-json")) {
            Some(whole) => assert!(serde_json::from_str::<Value>(whole).is_ok_and(|it| it.is_object()), "{whole}"),
            None if text.trim_start().starts_with(['-', '[', '{']) => {}
            None => {
                let as_one = |words: &[String]| words.iter().map(|word| put(word, text)).collect::<Vec<_>>();
                assert_eq!(as_one(&command), as_one(&meant));
            }
        }
    }
}

/// Every command that advice can end with is among those that are tried.
pub(crate) fn every_advised_command_is_tried<F: Lawful>() {
    let (views, mut runner) = (F::views(subject::<F>()), TestRunner::deterministic());
    let mut tried = BTreeSet::new();
    for _ in 0..4_000 {
        let view = views.new_tree(&mut runner).expect("a view").current();
        tried.extend(
            said::<F>(&view, HARMLESS).iter().filter_map(|it| advised::<F>(it)).map(|(operation, _)| operation),
        );
        if tried.len() == F::ADVISED.len() {
            break;
        }
    }
    assert_eq!(tried, F::ADVISED.iter().copied().collect());
}

/// What a step is undone with: the call, and the operation of the command, if it is one.
fn kind<S: Step>(step: &S) -> (&'static str, Option<Vec<String>>) {
    let operation = match step.undo(&home()) {
        Undo::Command { command, .. } => Some(command.words().into_iter().take(3).collect()),
        Undo::Words(_) => None,
    };
    (step.actions().first().copied().unwrap_or_default(), operation)
}

/// Every step that a plan can have is among those that are tried here.
pub(crate) fn every_step_is_tried<F: Lawful>(view: &F::View, subject: &Subject) {
    let tried: BTreeSet<_> = F::hostile(HARMLESS).iter().map(kind).collect();
    for step in planned::<F>(view, subject) {
        assert!(tried.contains(&kind(&step)), "{step}: {:?}", step.undo(&home()));
    }
}

/// The command that undoes a step is one line, and one command with exactly its arguments.
pub(crate) fn undo_is_one_command<F: Lawful>(text: &str) {
    for (step, meant) in F::hostile(text).iter().zip(F::hostile(HARMLESS)) {
        let (undo, meant) = (step.undo(&home()), meant.undo(&home()));
        let (Undo::Command { command, .. }, Undo::Command { command: meant, .. }) = (&undo, &meant) else {
            assert!(matches!((&undo, &meant), (Undo::Words(_), Undo::Words(_))), "{undo}");
            continue;
        };
        is_one_command(command, meant, text);
    }
}

/// The command that makes the call of a step is one line, and one command with exactly its arguments.
pub(crate) fn by_hand_is_one_command<F: Lawful>(text: &str) {
    for (step, meant) in F::hostile(text).iter().zip(F::hostile(HARMLESS)) {
        let [command, meant] = [step, &meant].map(|step| step.property(&home()).set(&step.after()));
        if let (Some(command), Some(meant)) = (&command, &meant) {
            is_one_command(command, meant, text);
        }
    }
}

fn is_one_command(command: &AwsCommand, meant: &AwsCommand, text: &str) {
    let line = command.to_string();
    let global = ["iam", "s3api"].map(str::to_owned);
    let placed = command.words().iter().any(|word| word == "--region");
    assert!(placed || command.words().get(1).is_some_and(|service| global.contains(service)), "{line}");
    assert_eq!(OneLine::from(line.as_str()), *line, "an odd character");
    assert_eq!(words(&line).as_ref(), Some(&command.words()), "{line}");
    let meant: Vec<String> = meant.words().iter().map(|word| put(word, text)).collect();
    let whole = command.words().get(3..).is_some_and(|it| it.iter().any(|word| word == "--cli-input-json"));
    if !whole && !text.trim_start().starts_with(['-', '[', '{']) {
        let words: Vec<String> = command.words().iter().map(|word| put(word, text)).collect();
        assert_eq!(words, meant, "{line}");
    }
    let values: Vec<Value> = command.words().iter().filter_map(|word| serde_json::from_str(word).ok()).collect();
    let had = meant.iter().any(|word| word.contains(text) || word.contains(&*json!(text).to_string()));
    let has = command.words().iter().any(|word| word.contains(text)) || values.iter().any(|it| holds(it, text));
    assert!(has || !had, "{line}");
}

/// Returns a word with the text in place of the harmless name, JSON in a canonical form.
fn put(word: &str, text: &str) -> String {
    match serde_json::from_str::<Value>(word) {
        Ok(value) if word.starts_with(['{', '[']) => filled(value, text).to_string(),
        _ => word.replace(HARMLESS, text),
    }
}

/// Returns JSON with the text in place of the harmless name, documents in its strings included.
fn filled(value: Value, text: &str) -> Value {
    match value {
        Value::String(it) => {
            Value::String(if it.starts_with('{') { put(&it, text) } else { it.replace(HARMLESS, text) })
        }
        Value::Array(items) => items.into_iter().map(|it| filled(it, text)).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, it)| (name.replace(HARMLESS, text), filled(it, text))).collect()
        }
        other => other,
    }
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(it) => it.contains(text) || serde_json::from_str(it).is_ok_and(|it: Value| holds(&it, text)),
        Value::Array(items) => items.iter().any(|it| holds(it, text)),
        Value::Object(members) => members.iter().any(|(name, it)| name.contains(text) || holds(it, text)),
        _ => false,
    }
}

/// A mail about the steps, with this text wherever something can be told.
fn mail<F: Lawful>(text: &str) -> String {
    let error = CallError { action: "iam:GetRole", kind: ErrorKind::Denied, code: text.into(), message: text.into() };
    let steps = F::hostile(text);
    let report = |step, (status, error)| step_report(step, &home(), status, error);
    let made = [(StepStatus::Applied, None), (StepStatus::Failed, Some(&error)), (StepStatus::Planned, None)];
    // A name that is all asterisk is that of all resources.
    let resource = arn("s3", &format!("b{text}"));
    let (about, because) = (("a-control", crate::model::Severity::High), format!("bucket {text} is wrong"));
    let outcome = ControlResult {
        advice: Some(format!("Look at {text}.").into()),
        steps: steps.iter().flat_map(|step| made.map(|made| report(step, made))).collect(),
        ..ControlResult::new(about, &resource, "eu-west-1", Status::Failed, &because)
    };
    let event = Origin {
        id: Some(text.into()),
        name: "StopLogging".into(),
        time: Some("2026-03-02T09:32:51Z".into()),
        actor: Some(format!("arn:aws:iam::111122223333:user/b{text}")),
        source_ip: Some(text.into()),
        user_agent: Some(text.into()),
    };
    let report = Report { event, account: Some("111122223333".into()), ..Report::default() };
    let (control, known) = (F::CONTROLS.first().map(|control| control.about.id), known);
    let outcome = ControlResult { control: control.unwrap_or_default().to_owned(), ..outcome };
    let context = MailContext { control: known, log_group: Some("/aws/lambda/x"), request_id: Some("r") };
    crate::report::mail::text(&report, &[outcome], &context)
}

/// A mail has the same lines whatever the names are, each with the same beginning.
pub(crate) fn mail_has_its_own_lines<F: Lawful>(text: &str) {
    let (mail, meant) = (mail::<F>(text), mail::<F>(HARMLESS));
    assert!(mail.chars().all(|c| c == '\n' || !c.is_control()));
    // A command that is too long for a mail is a remark in its place.
    let start = |line: &str| line.replacen("# too long", "aws", 1).chars().take(4).collect::<String>();
    let lines = |mail: &str| mail.split('\n').map(start).collect::<Vec<_>>();
    assert_eq!(lines(&mail), lines(&meant), "{mail}");
}

/// Every command of a mail is one that bash parses, remarks included: pasted as a whole, it does nothing else.
pub(crate) fn mail_can_be_pasted<F: Lawful>(text: &str) {
    let mail = mail::<F>(text);
    let is_command = |line: &&str| line.starts_with("  ") && is_command(line.trim_start());
    let is_remark = |line: &&str| line.starts_with("  ") && line.trim_start().starts_with("# ");
    let script = mail.lines().filter(|it| is_command(it) || is_remark(it)).collect::<Vec<_>>().join(
        "
",
    ) + "
";
    assert!(script.lines().filter(is_command).count() > 2, "{mail}");
    let mut bash = Command::new("bash");
    let mut bash = bash.args(["-n", "-s"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bash");
    bash.stdin.take().expect("an input").write_all(script.as_bytes()).expect("bash reads");
    let read = bash.wait_with_output().expect("bash");
    assert!(read.status.success() && read.stderr.is_empty(), "{}\n{script}", String::from_utf8_lossy(&read.stderr));
}

/// Tries all texts on the steps of a family.
pub(crate) fn hold<F: Lawful>() {
    for text in texts() {
        undo_is_one_command::<F>(&text);
        by_hand_is_one_command::<F>(&text);
        mail_can_be_pasted::<F>(&text);
        mail_has_its_own_lines::<F>(&text);
    }
    shell_agrees::<F>();
}

/// Bash reads each command as the words that it was made of.
fn shell_agrees<F: Lawful>() {
    let steps: Vec<F::Step> = texts().iter().flat_map(|text| F::hostile(text)).collect();
    let command = |step: &F::Step| match step.undo(&home()) {
        Undo::Command { command, .. } => Some(command),
        Undo::Words(_) => None,
    };
    let by_hand = |step: &F::Step| step.property(&home()).set(&step.after());
    let commands: Vec<_> = steps.iter().filter_map(command).chain(steps.iter().filter_map(by_hand)).collect();
    let script = commands.iter().map(|command| format!("{command}\n"));
    let script = format!(
        "set -eu; PATH=\naws() {{ printf '%s\\0' aws \"$@\"; printf '\\n\\0'; }}\n{}",
        script.collect::<String>()
    );
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-s"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut bash = bash.spawn().expect("bash");
    let mut input = bash.stdin.take().expect("an input");
    let writes = std::thread::spawn(move || input.write_all(script.as_bytes()));
    let ran = bash.wait_with_output().expect("bash");
    writes.join().expect("a thread").expect("bash reads all");
    assert!(ran.status.success() && ran.stderr.is_empty(), "{}", String::from_utf8_lossy(&ran.stderr));
    let meant = commands.iter().flat_map(|command| command.words().into_iter().chain(["\n".to_owned()]));
    let meant: String = meant.flat_map(|word| [word, "\0".to_owned()]).collect();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), meant);
}
