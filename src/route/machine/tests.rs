//! Stories first, then what holds for every story.

use proptest::prelude::*;

use super::*;
use crate::chat::Heat;

const TICK: Duration = Duration::from_millis(500);
const GIB: u64 = 1024 * 1024 * 1024;

/// A machine with a clock that goes one tick a sample.
#[derive(Default)]
struct Story {
    machine: DeviceMachine,
    now: Duration,
}

impl Story {
    /// Observes `sample` for `seconds` and returns the level.
    fn run(&mut self, sample: &DeviceSample, decode: Option<f64>, seconds: u64) -> DeviceLevel {
        let end = self.now + Duration::from_secs(seconds);
        while self.now < end {
            self.now += TICK;
            self.machine.observe(sample, decode, self.now);
        }
        self.machine.level()
    }

    /// Nothing is observed for `seconds`.
    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }
}

/// Threads that wanted the processor all the time and waited for `share` of it.
fn waiting(share: f64) -> DeviceSample {
    DeviceSample {
        run_wait: Some(TICK.mul_f64(share)),
        run_time: Some(TICK.mul_f64(1.0 - share)),
        ..roomy()
    }
}

/// Threads that wanted nothing, and memory enough.
fn idle() -> DeviceSample {
    DeviceSample { run_wait: Some(Duration::ZERO), run_time: Some(Duration::ZERO), ..roomy() }
}

fn roomy() -> DeviceSample {
    DeviceSample {
        memory_some_percent: Some(0.0),
        memory_full_percent: Some(0.0),
        available_bytes: Some(4 * GIB),
        total_bytes: Some(8 * GIB),
        ..DeviceSample::default()
    }
}

fn unknown() -> DeviceSample {
    DeviceSample::default()
}

#[test]
fn a_burst_is_no_strain_and_a_lasting_one_is() {
    let mut story = Story::default();
    assert_eq!(story.run(&waiting(0.5), None, 1), DeviceLevel::Normal);
    assert_eq!(story.run(&waiting(0.0), None, 1), DeviceLevel::Normal);
    assert_eq!(story.run(&waiting(0.2), None, 2), DeviceLevel::Normal);
    assert_eq!(story.run(&waiting(0.2), None, 1), DeviceLevel::Strained);
}

#[test]
fn a_slower_decode_strains_where_waiting_is_unknown() {
    let mut story = Story::default();
    assert_eq!(story.run(&unknown(), Some(0.6), 3), DeviceLevel::Strained);
    assert_eq!(story.run(&unknown(), Some(1.0), 9), DeviceLevel::Strained);
    assert_eq!(story.run(&unknown(), Some(1.0), 2), DeviceLevel::Normal);
}

#[test]
fn a_slow_answer_does_not_strain_the_silence_behind_it() {
    let mut story = Story::default();
    assert_eq!(story.run(&waiting(0.0), Some(0.6), 3), DeviceLevel::Strained);
    assert_eq!(story.run(&waiting(0.0), None, 60), DeviceLevel::Strained, "it runs, not decodes");
    assert_eq!(story.run(&idle(), None, 9), DeviceLevel::Strained);
    assert_eq!(story.run(&idle(), None, 60), DeviceLevel::Normal);
}

#[test]
fn strain_becomes_overload_only_when_it_is_severe_and_lasts() {
    let mut story = Story::default();
    assert_eq!(story.run(&waiting(0.2), None, 60), DeviceLevel::Strained);
    assert_eq!(story.run(&waiting(0.4), None, 5), DeviceLevel::Strained);
    assert_eq!(story.run(&waiting(0.4), None, 1), DeviceLevel::Overloaded);
}

#[test]
fn strain_ends_below_a_third_of_what_began_it() {
    let mut story = Story::default();
    story.run(&waiting(0.2), None, 3);
    assert_eq!(story.run(&waiting(0.08), None, 60), DeviceLevel::Strained);
    assert_eq!(story.run(&waiting(0.04), None, 9), DeviceLevel::Strained);
    assert_eq!(story.run(&waiting(0.04), None, 2), DeviceLevel::Normal);
}

#[test]
fn memory_pressure_counts_at_once() {
    let mut story = Story::default();
    let pressed = DeviceSample { memory_some_percent: Some(12.0), ..waiting(0.0) };
    assert_eq!(story.run(&pressed, None, 1), DeviceLevel::Strained);
    for bad in [
        DeviceSample { available_bytes: Some(GIB / 4), ..waiting(0.0) },
        DeviceSample { memory_full_percent: Some(6.0), ..waiting(0.0) },
    ] {
        let mut story = Story::default();
        assert_eq!(story.run(&bad, None, 1), DeviceLevel::Overloaded);
    }
}

#[test]
fn swapping_counts_when_it_lasts_and_critical_heat_at_once() {
    let swapping = DeviceSample { swapped_in_bytes: Some(GIB / 256), ..waiting(0.0) };
    let mut story = Story::default();
    assert_eq!(story.run(&swapping, None, 3), DeviceLevel::Normal);
    assert_eq!(story.run(&swapping, None, 1), DeviceLevel::Overloaded);
    let mut story = Story::default();
    let hot = DeviceSample { heat: Some(Heat::Hot), ..waiting(0.0) };
    assert_eq!(story.run(&hot, None, 30), DeviceLevel::Normal, "decode speed tells what it costs");
    let critical = DeviceSample { heat: Some(Heat::Critical), ..waiting(0.0) };
    assert_eq!(story.run(&critical, None, 1), DeviceLevel::Overloaded);
}

#[test]
fn an_old_overload_is_neither_believed_nor_forgotten() {
    let mut story = Story::default();
    assert_eq!(story.run(&waiting(0.5), None, 10), DeviceLevel::Overloaded);
    story.pass(30);
    assert_eq!(story.run(&idle(), None, 1), DeviceLevel::Overloaded, "it may just have begun");
    story.pass(600);
    assert_eq!(story.run(&waiting(0.5), None, 1), DeviceLevel::Overloaded, "it goes on");
    story.pass(600);
    assert_eq!(story.run(&idle(), None, 1), DeviceLevel::Recovering);
    assert_eq!(story.run(&waiting(0.2), None, 3), DeviceLevel::Overloaded, "a relapse");
}

/// A machine that was overloaded by waiting, then idle until it was recovering.
fn recovering() -> Story {
    let mut story = Story::default();
    assert_eq!(story.run(&waiting(0.5), None, 10), DeviceLevel::Overloaded);
    assert_eq!(story.run(&idle(), None, 10), DeviceLevel::Overloaded);
    assert_eq!(story.run(&idle(), None, 1), DeviceLevel::Recovering);
    story
}

#[test]
fn trust_takes_time_and_proof() {
    let mut story = recovering();
    assert_eq!(story.run(&waiting(0.05), None, 19), DeviceLevel::Recovering);
    assert_eq!(story.run(&waiting(0.05), None, 2), DeviceLevel::Normal);

    let mut story = recovering();
    assert_eq!(story.run(&idle(), None, 100), DeviceLevel::Recovering, "idle proves nothing");
    assert_eq!(story.run(&waiting(0.0), None, 2), DeviceLevel::Recovering);
    assert_eq!(story.run(&waiting(0.0), None, 1), DeviceLevel::Normal);

    let mut story = recovering();
    assert_eq!(story.run(&idle(), Some(0.6), 100), DeviceLevel::Overloaded);

    let mut story = recovering();
    story.run(&idle(), None, 100);
    assert_eq!(story.run(&waiting(0.0), Some(0.9), 1), DeviceLevel::Normal);
}

#[test]
fn each_relapse_doubles_the_time_up_to_its_most() {
    let mut story = recovering();
    for expected in [40, 80, 160, 300, 300] {
        assert_eq!(story.run(&waiting(0.2), None, 3), DeviceLevel::Overloaded);
        assert_eq!(story.run(&waiting(0.0), None, 11), DeviceLevel::Recovering);
        assert_eq!(story.machine.trust_after, Duration::from_secs(expected));
    }
    assert_eq!(story.run(&waiting(0.0), None, 298), DeviceLevel::Recovering);
    assert_eq!(story.run(&waiting(0.0), None, 3), DeviceLevel::Normal);
}

#[test]
fn a_streak_does_not_span_a_silence() {
    let mut story = Story::default();
    assert_eq!(story.run(&waiting(0.5), None, 2), DeviceLevel::Normal);
    story.pass(600);
    assert_eq!(story.run(&waiting(0.5), None, 1), DeviceLevel::Normal);
    assert_eq!(story.run(&waiting(0.5), None, 2), DeviceLevel::Strained);
}

#[test]
fn a_signal_that_tripped_and_vanished_is_not_fine() {
    let mut story = Story::default();
    story.run(&waiting(0.5), None, 10);
    let blind = DeviceSample { run_wait: None, run_time: None, ..roomy() };
    assert_eq!(story.run(&blind, Some(1.0), 600), DeviceLevel::Overloaded);
    assert_eq!(story.run(&waiting(0.0), Some(1.0), 11), DeviceLevel::Recovering);
}

fn maybe<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Option<T>> {
    prop_oneof![1 => Just(None), 6 => proptest::sample::select(values).prop_map(Some)]
}

prop_compose! {
    fn any_sample()(
        share in maybe(vec![0.0, 0.04, 0.08, 0.2, 0.5]),
        some in maybe(vec![0.0, 0.0, 0.0, 12.0]),
        full in maybe(vec![0.0, 0.0, 0.0, 0.0, 9.0]),
        available in maybe(vec![4 * GIB, 4 * GIB, 4 * GIB, 4 * GIB, GIB / 4]),
    ) -> DeviceSample {
        DeviceSample {
            run_wait: share.map(|share| TICK.mul_f64(share)),
            run_time: share.map(|share| TICK.mul_f64(1.0 - share)),
            memory_some_percent: some,
            memory_full_percent: full,
            available_bytes: available,
            total_bytes: Some(8 * GIB),
            ..DeviceSample::default()
        }
    }
}

/// Stretches of equal samples: what changes at every tick never lasts.
fn any_run() -> impl Strategy<Value = Vec<(DeviceSample, Option<f64>, u64)>> {
    let stretch = (any_sample(), maybe(vec![1.0, 0.8, 0.5, 0.2]), 1_u64..80);
    proptest::collection::vec(stretch, 1..30)
}

/// Each step of a run: the time, the sample, and the level before and after.
fn replay(
    run: &[(DeviceSample, Option<f64>, u64)],
) -> Vec<(Duration, DeviceSample, DeviceLevel, DeviceLevel)> {
    let mut story = Story::default();
    let mut steps = Vec::new();
    for (sample, decode, ticks) in run {
        for _ in 0..*ticks {
            let before = story.machine.level();
            story.now += TICK;
            let after = story.machine.observe(sample, *decode, story.now);
            steps.push((story.now, *sample, before, after));
        }
    }
    steps
}

proptest! {
    #[test]
    fn overload_ends_only_after_its_clear_time(run in any_run()) {
        let mut bad = Duration::ZERO;
        for (now, sample, before, after) in replay(&run) {
            let busy = sample.wait_share().is_some_and(|share| share > 0.10);
            let short = sample.available_bytes.is_some_and(|bytes| bytes < GIB / 2);
            if busy || short || before != DeviceLevel::Overloaded {
                bad = now;
            }
            if before == DeviceLevel::Overloaded && after != before {
                prop_assert_eq!(after, DeviceLevel::Recovering);
                prop_assert!(now >= bad + CLEAR_FOR, "left at {now:?}, bad at {bad:?}");
            }
        }
    }

    #[test]
    fn no_flapping_things_get_better_at_most_every_ten_seconds(run in any_run()) {
        let mut last: Option<Duration> = None;
        for (now, _, before, after) in replay(&run) {
            if after < before {
                prop_assert!(last.is_none_or(|last| now >= last + CLEAR_FOR));
                last = Some(now);
            }
        }
    }

    #[test]
    fn not_knowing_changes_nothing(run in any_run(), seconds in 1_u64..2000) {
        let mut story = Story::default();
        for (sample, decode, ticks) in &run {
            story.run(sample, *decode, ticks.div_ceil(2));
        }
        let level = story.machine.level();
        prop_assert_eq!(story.run(&unknown(), None, seconds), level);
    }
}
