//! What a prompt is compared by: tokens and media, never text.

use crate::chat::MediaHash;

/// One unit of a prompt, as it lies in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A token of the vocabulary.
    Token(i32),
    /// The n-th position of an attachment.
    Media(MediaHash, u32),
}

/// Returns how many units `cached` and `wanted` begin with in common.
pub fn common_prefix(cached: &[Unit], wanted: &[Unit]) -> usize {
    cached.iter().zip(wanted).take_while(|(cached, wanted)| cached == wanted).count()
}
