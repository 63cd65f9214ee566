//! The nearest of the names that would have been valid.

/// Returns the one of `names` that `word` most likely meant, if any is near enough.
///
/// Near is a Damerau-Levenshtein distance of at most a third of the longer name, at least 1:
/// `modle` means `model`, `colour` does not mean `model`. Letters' case does not count.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = names.into_iter().filter_map(|name| {
        let distance = strsim::damerau_levenshtein(&word, &name.to_lowercase());
        let allowed = (word.chars().count().max(name.chars().count()) / 3).max(1);
        (distance <= allowed).then_some((distance, name))
    });
    near.min().map(|(_, name)| name)
}

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
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("", names), None);
    }
}
