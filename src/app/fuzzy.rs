//! Ranks texts by what was typed, loosely.

use nucleo_matcher::Config;
use nucleo_matcher::Matcher;
use nucleo_matcher::Utf32Str;
use nucleo_matcher::pattern::CaseMatching;
use nucleo_matcher::pattern::Normalization;
use nucleo_matcher::pattern::Pattern;

/// Returns the indices of the texts that match `query`, the best first; equals keep their order,
/// and nothing typed matches all. Parts of words will do, whatever their case.
pub(super) fn rank<T: AsRef<str>>(
    query: &str,
    texts: impl Iterator<Item = (usize, T)>,
) -> Vec<usize> {
    let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let scored = texts.filter_map(|(index, text)| {
        let text = Utf32Str::new(text.as_ref(), &mut buffer);
        Some((pattern.score(text, &mut matcher)?, index))
    });
    let mut scored: Vec<(u32, usize)> = scored.collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, index)| index).collect()
}
