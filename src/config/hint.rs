//! The nearest of the names that would have been valid.

/// Returns the one of `names` that `word` most likely meant, if any is near enough.
///
/// Near is a Damerau-Levenshtein distance of at most a third of the longer name, at least 1, or
/// the beginning of a name: `modle` means `model`, `ttft` means `ttft_ms`, `colour` means nothing.
/// Of two as near, the one as long as `word` wins. Letters' case does not count.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let near = names.into_iter().filter_map(|name| {
        let lower = name.to_lowercase();
        let name_length = lower.chars().count();
        let distance = strsim::damerau_levenshtein(&word, &lower);
        let allowed = (length.max(name_length) / 3).max(1);
        let begins = length >= SHORTEST_BEGINNING && lower.starts_with(&word);
        let rank = (distance, length.abs_diff(name_length));
        (distance <= allowed || begins).then_some((rank, name))
    });
    near.min().map(|(_, name)| name)
}

/// Quotes what the user wrote for a message: one line, short, no control character.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    let escape =
        |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    let shown: String = text.chars().take(SHOWN).map(escape).collect();
    let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("`{shown}{more}`")
}

/// A shorter beginning fits too many names.
const SHORTEST_BEGINNING: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = ["model", "mode", "endpoint", "n_ctx"];
        assert_eq!(nearest("modle", names), Some("model"));
        assert_eq!(nearest("MODEL", names), Some("model"));
        assert_eq!(nearest("end-point", names), Some("endpoint"));
        assert_eq!(nearest("nctx", names), Some("n_ctx"));
        assert_eq!(nearest("end", names), Some("endpoint"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("", names), None);
    }
}
