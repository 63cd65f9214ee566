//! What is remembered of endpoints.

use super::*;
use crate::route::Fuse;
use crate::route::Met;
use crate::route::Ring;
use crate::route::Sample;

fn met(at: u64) -> Met {
    let sample = Sample {
        at: Duration::from_millis(at),
        prompt_tokens: 90,
        ttft: Duration::from_micros(412_345),
        tbt: at.is_multiple_of(2).then_some(Duration::from_micros(30_001)),
    };
    Met { sample, promised: at.is_multiple_of(3).then_some(Duration::from_millis(300)) }
}

/// A lesson with one answer.
pub(super) fn lesson(at: u64) -> Lesson {
    Lesson {
        endpoint: "lan".to_owned(),
        server: "http://127.0.0.1:1/v1 m".to_owned(),
        fuse: Fuse {
            open_until: Some(Duration::from_millis(1_790_000_000_123)),
            opened: 3,
            failed: vec![false, true, true],
            baseline: Some(Duration::from_micros(350_001)),
        },
        rests_until: Duration::from_millis(1_790_000_000_456),
        answers: vec![met(at)],
    }
}

/// Remembers a lesson.
#[track_caller]
pub(super) fn learn(store: &Store, lesson: Lesson) {
    assert_eq!(store.learn(lesson).wait(), Saved::Durable);
}

fn known(store: &Store) -> Vec<Lesson> {
    store.reader().expect("a reader").lessons().expect("read")
}

#[test]
fn lessons_add_up_to_a_ring_and_outlast_the_store() {
    let home = Home::new();
    let store = home.open().store;
    let most = Ring::MOST as u64;
    for at in 1..=most + 5 {
        learn(&store, lesson(at));
    }
    // A change may be applied twice.
    learn(&store, lesson(most + 5));
    store.close();
    drop(store);
    let newest = Lesson { answers: (6..=most + 5).map(met).collect(), ..lesson(1) };
    assert_eq!(known(&home.open().store), [newest]);
}

#[test]
fn another_server_under_the_same_name_begins_anew() {
    let home = Home::new();
    let store = home.open().store;
    learn(&store, lesson(1));
    let other = Lesson { server: "https://far.example m".to_owned(), ..lesson(2) };
    learn(&store, other.clone());
    let well = Lesson { endpoint: "wan".to_owned(), fuse: Fuse::default(), ..lesson(3) };
    learn(&store, well.clone());
    assert_eq!(known(&store), [other, well]);
}
