//! Answers remembered within one event, so that AWS is asked each question once.
//!
//! A call that only reads is answered from memory if it was made before with the same arguments and credentials, and
//! nothing was written since; callers that ask the same at the same time share one call. Remembered is what AWS says of a
//! resource: an answer, or that there is none. Errors are not. A write ends all that is remembered, but for what was read
//! of other buckets if it is a write to one: S3 keeps nothing of one bucket in another's configuration.

use super::answer::Answer;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// Maximum age of a remembered answer: what is decided from several answers is decided from none older than this.
const FRESH: Duration = Duration::from_secs(30);

/// Size of the answers in bytes after which those that were not used for longest are forgotten, twice over: more than
/// what a few hundred resources share, and little beside the memory of a function.
const ROOM: usize = 1 << 20;

tokio::task_local! {
    /// Time before which no answer counts.
    static SINCE: Instant;
}

/// Awaits reads whose answers must be of now: what was remembered before does not count, since it may have changed.
pub async fn anew<T>(reads: impl Future<Output = T>) -> T {
    SINCE.scope(Instant::now(), reads).await
}

/// Digest of a request: two with the same digest ask the same.
pub(super) type Question = [u8; 32];

/// Memory of one account's answers. It is closed, and then remembers nothing, except during an event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Remembered>>);

#[derive(Debug, Default)]
struct Remembered {
    open: bool,
    /// Answers that were used lately, and their size.
    lately: HashMap<Question, Arc<Asked>>,
    size: usize,
    /// Answers that were not used since `lately` was last full.
    before: HashMap<Question, Arc<Asked>>,
    /// Buckets that were written during the event.
    written: BTreeSet<String>,
}

/// Question that was asked, and its answer as soon as it has come.
#[derive(Debug)]
pub(super) struct Asked {
    at: Instant,
    /// Bucket that it is about.
    bucket: Option<String>,
    answer: OnceCell<Answer>,
}

impl Memory {
    /// Opens the memory for an event, empty.
    pub(crate) fn open(&self) {
        *self.state() = Remembered { open: true, ..Remembered::default() };
    }

    /// Closes the memory at the end of an event.
    pub(crate) fn close(&self) {
        *self.state() = Remembered::default();
    }

    /// Forgets what may change, since something is being written, to this bucket if it is one.
    fn forget(&self, written: Option<&str>) {
        let mut state = self.state();
        let stays = |asked: &Asked| written.is_some() && asked.bucket.is_some() && asked.bucket.as_deref() != written;
        state.lately.retain(|_, asked| stays(asked));
        state.before.retain(|_, asked| stays(asked));
    }

    /// Notes that a call that writes has succeeded.
    pub(super) fn wrote(&self, bucket: Option<&str>) {
        let mut state = self.state();
        if state.open {
            state.written.extend(bucket.map(str::to_owned));
        }
    }

    /// Returns whether a call of this event has written to a bucket.
    pub(super) fn has_written(&self, bucket: &str) -> bool {
        self.state().written.contains(bucket)
    }

    /// Returns the place of a question's answer, which is there already if it was asked; `None` if nothing is remembered.
    pub(super) fn place(&self, question: Question, bucket: Option<&str>) -> Option<Arc<Asked>> {
        let now = Instant::now();
        let since = SINCE.try_with(|since| *since).ok();
        let counts = |asked: &&Arc<Asked>| asked.at + FRESH > now && since.is_none_or(|since| asked.at >= since);
        let mut state = self.state();
        if !state.open {
            return None;
        }
        if let Some(known) = state.lately.get(&question).filter(counts) {
            return Some(Arc::clone(known));
        }
        let earlier = state.before.remove(&question).filter(|asked| counts(&asked));
        let new = || Asked { at: now, bucket: bucket.map(str::to_owned), answer: OnceCell::new() };
        let asked = earlier.unwrap_or_else(|| Arc::new(new()));
        let size = asked.answer.get().map_or(0, Answer::size);
        state.lately.insert(question, Arc::clone(&asked));
        state.grow(size);
        Some(asked)
    }

    /// Returns the answer to a question: the one that is there, or that of this call.
    pub(super) async fn answer(
        &self,
        question: Question,
        asked: &Arc<Asked>,
        call: impl Future<Output = Result<HttpResponse, ConnectorError>>,
    ) -> Result<HttpResponse, ConnectorError> {
        let whole = async {
            let answer = Answer::of(call.await?).await?;
            self.settle(question, asked, &answer);
            Ok::<_, ConnectorError>(answer)
        };
        asked.answer.get_or_try_init(|| whole).await?.response()
    }

    /// Accounts for an answer that has come, and forgets it if it is no fact.
    fn settle(&self, question: Question, asked: &Arc<Asked>, answer: &Answer) {
        let mut state = self.state();
        let same = |known: &Arc<Asked>| Arc::ptr_eq(known, asked);
        if answer.is_fact() {
            state.grow(answer.size());
        } else if state.lately.get(&question).is_some_and(same) {
            state.lately.remove(&question);
        } else if state.before.get(&question).is_some_and(same) {
            state.before.remove(&question);
        }
    }

    fn state(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    fn grow(&mut self, by: usize) {
        self.size += by;
        if self.size > ROOM {
            self.before = std::mem::take(&mut self.lately);
            self.size = 0;
        }
    }
}

/// Write that is under way. When it has ended, however it ended, what may have changed is forgotten again.
#[derive(Debug)]
pub(super) struct Writing {
    memory: Memory,
    bucket: Option<String>,
}

impl Writing {
    /// Begins a write, to this bucket if it is one.
    pub(super) fn begin(memory: &Memory, bucket: Option<String>) -> Self {
        memory.forget(bucket.as_deref());
        Self { memory: memory.clone(), bucket }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.memory.forget(self.bucket.as_deref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::byte_stream::ByteStream;
    use futures_util::future::join;
    use std::cell::Cell;

    const QUESTION: Question = [7; 32];

    /// Asks with an answer that tells how many calls were made.
    async fn ask(memory: &Memory, status: u16, calls: &Cell<u32>) -> String {
        let call = async {
            calls.set(calls.get() + 1);
            let text = calls.get().to_string();
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok(HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(text)))
        };
        let answer = match memory.place(QUESTION, Some("logs")) {
            Some(asked) => memory.answer(QUESTION, &asked, call).await,
            None => call.await,
        };
        let body = ByteStream::new(answer.expect("an answer").take_body()).collect().await.expect("a body");
        String::from_utf8(body.to_vec()).expect("text")
    }

    fn open() -> (Memory, Cell<u32>) {
        let memory = Memory::default();
        memory.open();
        (memory, Cell::new(0))
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_is_asked_once_and_by_those_who_ask_together() {
        let (memory, calls) = open();
        let both = join(ask(&memory, 200, &calls), ask(&memory, 200, &calls)).await;
        assert_eq!((both.0.as_str(), both.1.as_str()), ("1", "1"));
        assert_eq!(ask(&memory, 200, &calls).await, "1");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_remembered_over_a_write_nor_beyond_the_event() {
        let (memory, calls) = open();
        assert_eq!(ask(&memory, 200, &calls).await, "1");
        let writing = Writing::begin(&memory, None);
        assert_eq!(ask(&memory, 200, &calls).await, "2");
        drop(writing);
        assert_eq!(ask(&memory, 200, &calls).await, "3");
        memory.open();
        assert_eq!(ask(&memory, 200, &calls).await, "4");
        memory.close();
        assert_eq!((ask(&memory, 200, &calls).await, ask(&memory, 200, &calls).await), ("5".into(), "6".into()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_was_on_its_way_during_a_write_is_not_remembered() {
        let (memory, calls) = open();
        let write = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            drop(Writing::begin(&memory, None));
        };
        let (old, ()) = join(ask(&memory, 200, &calls), write).await;
        assert_eq!((old.as_str(), ask(&memory, 200, &calls).await.as_str()), ("1", "2"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_to_another_bucket_leaves_what_is_known_of_this_one() {
        let (memory, calls) = open();
        ask(&memory, 200, &calls).await;
        drop(Writing::begin(&memory, Some("other".to_owned())));
        assert_eq!(ask(&memory, 200, &calls).await, "1");
        drop(Writing::begin(&memory, Some("logs".to_owned())));
        assert_eq!(ask(&memory, 200, &calls).await, "2");
    }

    #[test]
    fn who_has_written_to_a_bucket_is_known_for_the_event() {
        let (memory, _) = open();
        memory.wrote(Some("logs"));
        memory.wrote(None);
        assert!(memory.has_written("logs") && !memory.has_written("other"));
        memory.open();
        assert!(!memory.has_written("logs"));
        memory.close();
        memory.wrote(Some("logs"));
        assert!(!memory.has_written("logs"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_proof_is_read_anew_and_then_remembered() {
        let (memory, calls) = open();
        assert_eq!(ask(&memory, 200, &calls).await, "1");
        tokio::time::sleep(Duration::from_millis(1)).await;
        let twice = async { (ask(&memory, 200, &calls).await, ask(&memory, 200, &calls).await) };
        assert_eq!(anew(twice).await, ("2".to_owned(), "2".to_owned()));
        assert_eq!(ask(&memory, 200, &calls).await, "2");
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_is_no_fact_and_absence_is_one() {
        for (status, second) in [(403, "2"), (500, "2"), (429, "2"), (404, "1"), (301, "1")] {
            let (memory, calls) = open();
            ask(&memory, status, &calls).await;
            assert_eq!(ask(&memory, status, &calls).await, second, "{status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_asked_for_again_when_it_is_old() {
        let (memory, calls) = open();
        ask(&memory, 200, &calls).await;
        tokio::time::sleep(FRESH).await;
        assert_eq!(ask(&memory, 200, &calls).await, "2");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_used_makes_room() {
        let (memory, calls) = open();
        ask(&memory, 200, &calls).await;
        for _ in 0..3 {
            memory.state().grow(ROOM + 1);
            assert_eq!(ask(&memory, 200, &calls).await, "1", "it was used in between");
        }
        memory.state().grow(ROOM + 1);
        memory.state().grow(ROOM + 1);
        assert_eq!(ask(&memory, 200, &calls).await, "2");
    }
}
