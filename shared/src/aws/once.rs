//! Reader and writer of a family that ask AWS each question once during an event, and the same for whoever only reads.

use super::Aws;
use super::memory::{Memory, anew};
use super::texts::Texts;
use crate::event::Dependency;
use crate::exemption::Tags;
use crate::family::Family;
use crate::model::{CallError, Place, Property, Region, Seen, Step, Subject};
use crate::reconcile::ports::{Page, Read, Write};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// Family's reader and writer, with the memory of its account. What is read to prove a change, or right before one, is
/// read anew. The memory ends with this.
#[derive(Debug)]
pub struct Once<'a, Io> {
    io: &'a Io,
    memory: &'a Memory,
    texts: &'a Texts,
}

impl<'a, Io> Once<'a, Io> {
    /// Creates it for one event.
    #[must_use]
    pub fn new(io: &'a Io, aws: &'a Aws) -> Self {
        Self { io, memory: &aws.memory, texts: &aws.texts }
    }
}

impl<Io> Drop for Once<'_, Io> {
    fn drop(&mut self) {
        self.memory.close();
        self.texts.clear();
    }
}

/// Time in which each question of an account is asked once, by whichever family, for who only reads.
#[derive(Debug)]
pub struct Remembering<'a>(&'a Memory);

impl<'a> Remembering<'a> {
    /// Begins it; it ends with this.
    #[must_use]
    pub fn begin(aws: &'a Aws) -> Self {
        aws.memory.open();
        Self(&aws.memory)
    }
}

impl Drop for Remembering<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<F: Family, Io: Read<F>> Read<F> for Once<'_, Io> {
    fn begin(&self, event: &str) {
        self.memory.open();
        self.texts.clear();
        self.io.begin(event);
    }

    fn calls_were_made_by(&self, time: DateTime<Utc>) {
        self.io.calls_were_made_by(time);
    }

    async fn list(&self, place: &Place, using: Option<&Dependency>, after: Option<&str>) -> Result<Page, CallError> {
        self.io.list(place, using, after).await
    }

    async fn locate(&self, place: &Place, id: &str) -> Result<Option<Region>, CallError> {
        self.io.locate(place, id).await
    }

    async fn observe(&self, subject: &Subject) -> Result<Option<F::View>, CallError> {
        self.io.observe(subject).await
    }

    async fn observe_anew(&self, subject: &Subject) -> Result<Option<F::View>, CallError> {
        anew(self.io.observe(subject)).await
    }

    /// Two log buckets of a region have the same target, and both plan to create it.
    fn is_own_conflict(&self, subject: &Subject, step: &F::Step) -> bool {
        step.property(&subject.place).bucket().is_some_and(|bucket| self.memory.has_written(bucket))
    }

    async fn tags(&self, subject: &Subject, view: &F::View) -> Result<Seen<Tags>, CallError> {
        self.io.tags(subject, view).await
    }
}

impl<F: Family, Io: Write<F>> Write<F> for Once<'_, Io> {
    async fn apply(&self, subject: &Subject, step: &F::Step) -> Result<(), CallError> {
        anew(self.io.apply(subject, step)).await
    }

    fn made(&self, step: &F::Step) -> Option<String> {
        self.io.made(step)
    }

    fn text(&self, property: &Property, value: &Value) -> Option<String> {
        self.texts.of(property, value)
    }
}
