//! The command of Trailkeeper: says what is wrong in an account, puts it right, looks up what was changed, and takes it back,
//! with the credentials of who runs it.
//!
//! Exit codes: 0 for success; 1 if something is wrong, or was not fixed or taken back completely; 2 if an argument is
//! unusable, or something could not be read.

mod arguments;
mod changes;
mod check;
mod explain;
mod fix;
mod history;
mod problem;
mod resource;
mod resume;
mod shells;
mod show;
mod terminal;
mod undo;
mod when;

use arguments::{Arguments, Task};
use changes::Changes;
use problem::Problem;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::take();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(&arguments)),
        Err(error) => Err(Problem::unusable(error.to_string())),
    };
    done.unwrap_or_else(|problem| {
        eprintln!("trailkeeper: {problem}");
        problem.code()
    })
}

async fn run(arguments: &Arguments) -> Result<ExitCode, Problem> {
    let Arguments { place, task } = arguments;
    match task {
        Task::Check(asked) => return Box::pin(check::run(place, asked)).await,
        Task::Explain(asked) => return Box::pin(explain::run(place, asked)).await,
        Task::Fix(asked) => return Box::pin(fix::run(place, asked)).await,
        Task::Completions(shell) => return shells::print_completions(arguments::command(), *shell),
        Task::Manual => return shells::print_manual(&arguments::command()),
        Task::History(_) | Task::Show(_) | Task::Undo(_) | Task::Resume(_) => {}
    }
    let changes = Box::pin(Changes::open(place)).await?;
    match task {
        Task::History(asked) => history::run(&changes, asked).await,
        Task::Show(asked) => show::run(&changes, asked).await,
        Task::Undo(asked) => Box::pin(undo::run(&changes, asked)).await,
        Task::Resume(asked) => resume::run(&changes, asked).await,
        Task::Check(_) | Task::Explain(_) | Task::Fix(_) | Task::Completions(_) | Task::Manual => Ok(ExitCode::SUCCESS),
    }
}
