//! What a person reads of the plan.

use serde_json::{Value, json};
use std::fmt::Write as _;
use trailkeeper::ledger::{ChangeId, Difference, LedgerEntry, PlannedReversal, Reversal};
use trailkeeper::model::{OneLine, Undo};

/// Returns the plan of taking a change back.
pub(super) fn plan(entry: &LedgerEntry, planned: &[PlannedReversal<'_>]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, entry, planned);
    text
}

/// Returns the plan as JSON: for each call what is done about it, and why. `taken_back` is the change that did it.
pub(super) fn json(entry: &LedgerEntry, planned: &[PlannedReversal<'_>], taken_back: Option<ChangeId>) -> Value {
    let call = |PlannedReversal { step, reversal }: &PlannedReversal<'_>| {
        let (outcome, command, because, differences) = match reversal {
            Reversal::Restore { shown } => ("restore", Some(shown.to_string()), None, &[] as &[Difference]),
            Reversal::Nothing(why) => ("nothing", None, Some(why), [].as_slice()),
            Reversal::Stays(why) | Reversal::Waits(why) => ("stays", None, Some(why), [].as_slice()),
            Reversal::Refused(differences) => ("refused", None, None, differences.as_slice()),
        };
        json!({
            "action": step.action, "summary": step.summary, "property": step.property, "outcome": outcome,
            "command": command, "because": because, "differences": differences,
        })
    };
    json!({
        "change": entry.id, "account": entry.account, "region": entry.region, "resource": entry.resource,
        "calls": planned.iter().map(call).collect::<Vec<_>>(), "taken_back": taken_back,
    })
}

fn write(text: &mut String, entry: &LedgerEntry, planned: &[PlannedReversal<'_>]) -> std::fmt::Result {
    let resource = OneLine::from(entry.resource.as_str());
    writeln!(text, "Change {} of {resource}, from the last call to the first:", entry.id)?;
    for (number, PlannedReversal { step, reversal }) in planned.iter().enumerate() {
        writeln!(text, "  {}. {}", number + 1, OneLine::from(step.summary.as_str()))?;
        match reversal {
            Reversal::Restore { shown: Undo::Command { command, .. } } => writeln!(text, "     back: {command}")?,
            Reversal::Restore { shown: Undo::Words(words) } => {
                writeln!(text, "     back: {}", OneLine::from(words.as_str()))?;
            }
            Reversal::Nothing(why) => writeln!(text, "     nothing to do: {}", OneLine::from(why.as_str()))?,
            Reversal::Stays(why) => writeln!(text, "     stays: {}", OneLine::from(why.as_str()))?,
            Reversal::Waits(why) => writeln!(text, "     stays for now: {}", OneLine::from(why.as_str()))?,
            Reversal::Refused(differences) => {
                writeln!(text, "     refused: it is no longer what Trailkeeper wrote")?;
                differences.iter().try_for_each(|it| write_difference(text, it))?;
            }
        }
    }
    Ok(())
}

fn write_difference(text: &mut String, it: &Difference) -> std::fmt::Result {
    let Difference { path, before, written, now } = it;
    if !path.is_empty() {
        writeln!(text, "       {}", OneLine::from(path.as_str()))?;
    }
    for (name, value) in [("before", before), ("written", written), ("now", now)] {
        writeln!(text, "         {name:7}  {}", value.as_ref().map_or_else(|| "nothing".to_owned(), one_line))?;
    }
    Ok(())
}

fn one_line(value: &Value) -> String {
    OneLine::from(value.to_string()).to_string()
}
