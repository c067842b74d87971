//! Progress on standard error, a bar for each region, and the wish to stop.

use crate::problem::INTERRUPTED;
use crate::terminal::open_question;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;
use trailkeeper::model::{CallError, ErrorKind, Region};

/// Whether Ctrl-C is listened to here.
static LISTENING: AtomicBool = AtomicBool::new(false);

/// Returns whether Ctrl-C ends a check with what it has.
pub(crate) fn is_progress_shown() -> bool {
    LISTENING.load(Ordering::Relaxed)
}

/// Progress of a check.
#[derive(Debug)]
pub(crate) struct Progress {
    bars: MultiProgress,
    regions: RefCell<BTreeMap<String, ProgressBar>>,
    stop: Arc<Stop>,
}

#[derive(Debug, Default)]
struct Stop {
    is_due: AtomicBool,
    notify: Notify,
}

impl Progress {
    /// Starts to show progress where standard error is a terminal, and to listen for Ctrl-C: the first ends the check with
    /// what it has, the second ends the process.
    pub(crate) fn start() -> Self {
        let target = if stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let stop = Arc::new(Stop::default());
        let listening = Arc::clone(&stop);
        // Where it cannot be listened for, Ctrl-C ends the process, as it does without this.
        if let Ok(mut signals) = Signals::new([SIGINT]) {
            LISTENING.store(true, Ordering::Relaxed);
            std::thread::spawn(move || {
                for _ in signals.forever() {
                    // The question answers it.
                    if open_question().is_some() {
                        continue;
                    }
                    if listening.is_due.swap(true, Ordering::Relaxed) {
                        std::process::exit(INTERRUPTED.into());
                    }
                    eprintln!("trailkeeper: ending with what was read so far; press Ctrl-C again to end at once");
                    listening.notify.notify_waiters();
                }
            });
        }
        let bars = MultiProgress::with_draw_target(target);
        Self { bars, regions: RefCell::default(), stop }
    }

    /// Begins an account.
    pub(crate) fn account(&self, id: &str, regions: &[Region]) {
        self.clear();
        let width = regions.iter().map(|it| it.as_str().len()).max().unwrap_or_default();
        let style = ProgressStyle::with_template("{prefix} {bar:24.cyan/dim} {pos}/{len} checked")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = |region: &Region| {
            let bar = self.bars.add(ProgressBar::no_length().with_style(style.clone()));
            bar.set_prefix(format!("{id} {:width$}", region.as_str()));
            (region.as_str().to_owned(), bar)
        };
        *self.regions.borrow_mut() = regions.iter().map(bar).collect();
    }

    /// Counts resources that were found.
    pub(crate) fn found(&self, region: &Region, count: usize) {
        if let Some(bar) = self.regions.borrow().get(region.as_str()) {
            // A bar without length is empty; one of nothing would be full.
            bar.set_length(bar.length().unwrap_or_default() + count as u64);
        }
    }

    /// Counts a resource that was read.
    pub(crate) fn read(&self, region: &Region) {
        if let Some(bar) = self.regions.borrow().get(region.as_str()) {
            bar.inc(1);
        }
    }

    /// Awaits an answer, unless the check is to stop before that.
    pub(crate) async fn unless_stopped<T>(
        &self,
        action: &'static str,
        answer: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let stopped = || CallError {
            action,
            kind: ErrorKind::Transient,
            code: "Interrupted".to_owned(),
            message: "the check was interrupted before this was read".to_owned(),
        };
        self.until_stopped(answer).await.unwrap_or_else(|| Err(stopped()))
    }

    /// Awaits the end of some work; `None` if the check is to stop before that.
    pub(crate) async fn until_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        // Who listens before looking misses nothing that happens in between.
        let notified = self.stop.notify.notified();
        if self.was_stopped() {
            return None;
        }
        tokio::select! {
            done = work => Some(done),
            () = notified => None,
        }
    }

    /// Returns whether somebody interrupted the check.
    pub(crate) fn was_stopped(&self) -> bool {
        self.stop.is_due.load(Ordering::Relaxed)
    }

    fn clear(&self) {
        self.regions.borrow().values().for_each(ProgressBar::finish_and_clear);
        // It draws on standard error alone, where nothing can be done about a failure.
        let _ = self.bars.clear();
    }

    /// Shows no progress any more.
    pub(crate) fn end(&self) {
        self.clear();
    }
}
