//! Which languages a user wants, best first.

use unic_langid::LanguageIdentifier;

/// Returns the languages to look for, best first, out of a tag (`pt-BR`) or a locale of the system
/// (`pt_BR.UTF-8@latin`): the whole of it, then the language alone. `C` and `POSIX`, and what is no
/// tag, give none.
pub fn candidates(wanted: &str) -> Vec<LanguageIdentifier> {
    let tag = wanted.split(['.', '@']).next().unwrap_or_default();
    if tag == "C" || tag == "POSIX" {
        return Vec::new();
    }
    let Ok(whole) = tag.parse::<LanguageIdentifier>() else { return Vec::new() };
    let alone = LanguageIdentifier::from_parts(whole.language, None, None, &[]);
    if alone == whole { vec![whole] } else { vec![whole, alone] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_is_a_tag_with_more_behind_it() {
        let names = |wanted: &str| {
            candidates(wanted).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names("de"), "de");
        assert_eq!(names("pt_BR.UTF-8@latin"), "pt-BR pt");
        assert_eq!(names("zh-hant-tw"), "zh-Hant-TW zh");
        for none in ["C", "POSIX", "C.UTF-8", "", "../../etc/passwd", "de/../x", "not a tag"] {
            assert_eq!(names(none), "", "{none}");
        }
    }
}
