//! What is remembered of an endpoint's turns. Times are since the Unix epoch.

use std::time::Duration;

use crate::route::Breaker;
use crate::route::Lesson;
use crate::route::Met;
use crate::route::Ring;
use crate::route::Risk;

/// The past of one endpoint, and what of it is news to whoever keeps it.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub(super) breaker: Breaker,
    pub(super) ring: Ring,
    pub(super) risk: Risk,
    /// It asked to be left alone until then.
    pub(super) rests_until: Duration,
    /// How the newest turn there went wrong, in a word; for this run only.
    pub(super) trouble: Option<&'static str>,
    /// Answers that nobody was told of, at most as many as are kept.
    fresh: Vec<Met>,
    changed: bool,
}

impl Past {
    /// Makes the past of what an earlier run learned, at `now`: nothing of it is later than that,
    /// and no rest is longer than `longest`, however the clock was set meanwhile.
    pub(super) fn recalled(lesson: &Lesson, now: Duration, longest: Duration) -> Self {
        let mut past = Self {
            breaker: Breaker::restored(&lesson.fuse, now),
            rests_until: lesson.rests_until.min(now.saturating_add(longest)),
            ..Self::default()
        };
        for met in &lesson.answers {
            past.met(Met {
                sample: crate::route::Sample { at: met.sample.at.min(now), ..met.sample },
                ..*met
            });
        }
        past
    }

    /// Returns whether nothing is known yet.
    pub(super) fn is_blank(&self) -> bool {
        !self.changed && self.ring.samples().len() == 0 && self.breaker == Breaker::default()
    }

    /// Returns whether a turn's outcome counts: while a trial is due or under way, only that of
    /// the `trial` does. Another one was sent before.
    fn counts(&self, trial: bool) -> bool {
        trial || !self.breaker.is_on_trial()
    }

    /// Takes note of an answer; `draw` is between 0 and 1.
    pub(super) fn answered(&mut self, met: Met, trial: bool, draw: f64) {
        let sample = met.sample;
        if self.counts(trial) {
            self.breaker.answered(Some(sample.ttft), sample.at, draw);
        }
        self.rests_until = Duration::ZERO;
        self.trouble = None;
        self.met(met);
        if self.fresh.len() == Ring::MOST {
            self.fresh.remove(0);
        }
        self.fresh.push(met);
        self.changed = true;
    }

    fn met(&mut self, Met { sample, promised }: Met) {
        self.ring.push(sample);
        if let Some(promised) = promised {
            self.risk.push(promised, sample.ttft);
        }
    }

    /// Takes note of a failure that is the endpoint's or the network's.
    pub(super) fn failed(&mut self, now: Duration, trial: bool, draw: f64) {
        if self.counts(trial) {
            self.breaker.failed(now, draw);
        }
        self.changed = true;
    }

    /// Takes note of an end that tells nothing of the endpoint.
    pub(super) fn undecided(&mut self, trial: bool) {
        if trial {
            self.breaker.undecided();
        }
    }

    /// Takes note that it asked to be left alone until then: it is there, so that a trial has come
    /// to no end.
    pub(super) fn rests(&mut self, until: Duration, trial: bool) {
        self.undecided(trial);
        self.rests_until = until;
        self.changed = true;
    }

    /// Takes note that the breaker has changed.
    pub(super) fn touched(&mut self) {
        self.changed = true;
    }

    /// Returns what was learned since it was last asked, without a name.
    pub(super) fn news(&mut self) -> Option<Lesson> {
        std::mem::take(&mut self.changed).then(|| Lesson {
            fuse: self.breaker.saved(),
            rests_until: self.rests_until,
            answers: std::mem::take(&mut self.fresh),
            ..Lesson::default()
        })
    }
}
