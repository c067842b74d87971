//! How a person takes back what was done.

use super::group::groups;
use crate::ledger::ChangeId;
use crate::model::is_command;
use crate::report::{ControlResult, StepReport, StepStatus};
use std::fmt::Write as _;

/// Size of a command, in bytes, up to which a mail has it. Policies fit.
const INLINE: usize = 8 * 1024;

/// Maximum number of commands, and of changes.
const COMMANDS: usize = 12;

/// Number of changes, and of commands of many resources, that stand for all of them.
const FEW: usize = 3;

/// Returns how to undo the calls that were made, or nothing if none were.
pub(super) fn undo(results: &[ControlResult]) -> String {
    let cases: Vec<_> = groups(results).into_iter().flat_map(|group| group.cases).collect();
    let mut made: Vec<(&StepReport, Option<ChangeId>)> = Vec::new();
    // A resource may have been made right for one control and not for another.
    for case in &cases {
        let change = case.results.iter().find_map(|result| result.change);
        for step in case.steps().filter(|step| step.status == StepStatus::Applied) {
            if made.iter().all(|(known, _)| (&known.undo, &known.summary) != (&step.undo, &step.summary)) {
                made.push((step, change));
            }
        }
    }
    if made.is_empty() {
        return String::new();
    }
    made.reverse();
    let resources = cases.iter().filter(|case| case.steps().any(|step| step.status == StepStatus::Applied)).count();
    if resources > 1 {
        // What several resources share goes last: once nothing uses it.
        made.sort_by_key(|(step, _)| step.undo_once.is_some());
    }
    let mut changes: Vec<ChangeId> = Vec::new();
    for change in results.iter().filter_map(|result| result.change) {
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    let again = if says_vital(results) {
        "Trailkeeper will put it right again, and nothing exempts from it"
    } else {
        "Trailkeeper will put it right again, unless it is exempt"
    };
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "To undo it ({again}):");
    for change in changes.iter().take(FEW) {
        let _ = writeln!(text, "  trailkeeper undo {change}");
    }
    if let Some(more) = changes.len().checked_sub(FEW).filter(|more| *more > 0) {
        let _ = writeln!(text, "  # and {more} more: trailkeeper history");
    }
    if !changes.is_empty() {
        let _ = writeln!(text, "{}", if made.len() == 1 { "or:" } else { "or, in this order:" });
    }
    let own = made.iter().filter(|(step, _)| step.undo_once.is_none()).count();
    // Of many resources, some are shown, and all that they share.
    let left_out = if resources > 1 && made.len() > COMMANDS { own.saturating_sub(FEW) } else { 0 };
    let shown_of = made.iter().enumerate().filter(|(at, _)| left_out == 0 || *at < FEW || *at >= own);
    for (at, (step, change)) in shown_of.take(COMMANDS) {
        if left_out > 0 && at == own {
            let _ = writeln!(text, "  # and {left_out} more calls: the JSON report has the command for each");
        }
        if let Some(condition) = &step.undo_once {
            let _ = writeln!(text, "  # once {condition}:");
        }
        let _ = writeln!(text, "  {}", shown(&step.undo, *change));
    }
    if left_out > 0 && own == made.len() {
        let _ = writeln!(text, "  # and {left_out} more calls: the JSON report has the command for each");
    }
    if let Some(more) = (made.len() - left_out).checked_sub(COMMANDS).filter(|more| *more > 0) {
        let _ = writeln!(text, "  # and {more} more calls: the JSON report has the command for each");
    }
    text
}

/// Whether what is said of the undo also says that nothing exempts from these results.
pub(super) fn says_vital(results: &[ControlResult]) -> bool {
    let was_made = |it: &ControlResult| it.steps.iter().any(|step| step.status == StepStatus::Applied);
    results.iter().all(|it| it.hints.vital) && results.iter().any(was_made)
}

/// Returns a command as a mail has it: words as a comment, and what is too long by where it is to be had.
pub(super) fn shown(command: &str, change: Option<ChangeId>) -> String {
    match change {
        _ if !is_command(command) => format!("# {command}"),
        _ if command.len() <= INLINE => command.to_owned(),
        Some(change) => format!("# too long for a mail: trailkeeper undo {change}"),
        None => "# too long for a mail: the JSON report has the command".to_owned(),
    }
}
