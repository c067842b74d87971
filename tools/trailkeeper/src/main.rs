//! The command of Trailkeeper: says what is wrong in an account, puts it right, looks up what was changed, and takes it back,
//! with the credentials of who runs it.
//!
//! Exit codes: 0 for success; 1 if something is wrong, or was not fixed or taken back completely; 2 if an argument is
//! unusable, or something could not be read.

mod arguments;
mod changes;
mod check;
mod control_ids;
mod explain;
mod fix;
mod history;
mod problem;
mod replay;
mod resource;
mod resume;
mod shells;
mod show;
mod terminal;
mod undo;
mod when;
mod who;

use arguments::{Arguments, LedgerPlace, Task};
use changes::Changes;
use problem::Problem;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Arguments { place, task } = Arguments::take();
    let task = match task {
        // It has a runtime of its own.
        Task::Access(mut given) => {
            let (profile, region) = (place.profile, place.region);
            let caller = access_report::Caller { name: "trailkeeper", profile, region };
            return access_report::run(&mut given, caller)
                .unwrap_or_else(|problem| arguments::unusable("access", &problem).exit());
        }
        task => task,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(&place, &task)),
        Err(error) => Err(Problem::unusable(error.to_string())),
    };
    done.unwrap_or_else(|problem| {
        let problem = problem.of_profile(place.profile.as_deref());
        eprintln!("trailkeeper: {problem}");
        problem.code()
    })
}

async fn run(place: &LedgerPlace, task: &Task) -> Result<ExitCode, Problem> {
    let changes = || Box::pin(Changes::open(place));
    match task {
        Task::Check(asked) => Box::pin(check::run(place, asked)).await,
        Task::Explain(asked) => Box::pin(explain::run(place, asked)).await,
        Task::Fix(asked) => Box::pin(fix::run(place, asked)).await,
        Task::Replay(asked) => Box::pin(replay::run(place, asked)).await,
        Task::History(asked) => history::run(&changes().await?, asked).await,
        Task::Show(asked) => show::run(&changes().await?, asked).await,
        Task::Undo(asked) => Box::pin(undo::run(&changes().await?, asked)).await,
        Task::Resume(asked) => resume::run(&changes().await?, asked).await,
        Task::Completions(shell) => shells::print_completions(arguments::command(), *shell),
        Task::Manual | Task::Access(_) => shells::print_manual(&arguments::command()),
    }
}
