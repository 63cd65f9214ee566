//! What endpoints taught earlier runs.

use crate::route::Lesson;
use crate::store::Store;

/// Reads what `store` remembers of endpoints: nothing, where it cannot be read, which costs no more
/// than what a first turn does not know.
pub(super) fn recalled(store: &Store) -> Vec<Lesson> {
    store.reader().and_then(|reader| reader.lessons()).unwrap_or_default()
}
