//! The command of Trailkeeper: looks up what was changed, and takes it back with the credentials of who runs it.
//!
//! Exit codes: 0 for success; 1 if a change is not taken back, or only in part; 2 if an argument is unusable, or the ledger
//! cannot be read.

mod arguments;
mod changes;
mod history;
mod problem;
mod replay;
mod resume;
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
    if let Task::Replay(asked) = &arguments.task {
        return Box::pin(replay::run(&arguments.place, asked)).await;
    }
    let changes = Box::pin(Changes::open(&arguments.place)).await?;
    match &arguments.task {
        Task::History(asked) => history::run(&changes, asked).await,
        Task::Show(asked) => show::run(&changes, asked).await,
        Task::Undo(asked) => Box::pin(undo::run(&changes, asked)).await,
        Task::Resume(asked) => resume::run(&changes, asked).await,
        Task::Replay(asked) => Box::pin(replay::run(&arguments.place, asked)).await,
    }
}
