//! What kind of character one is, as far as cleaning and wrapping ask.
//!
//! Emoji and marks are asked of the segmentation tables by a sample, so that no second copy of
//! Unicode's tables can drift from the one that draws; the rest are blocks.

use unicode_segmentation::UnicodeSegmentation;

/// Zero width joiner.
pub(super) const ZWJ: char = '\u{200d}';
/// Zero width non-joiner.
pub(super) const ZWNJ: char = '\u{200c}';
/// Zero width space.
pub(super) const ZWSP: char = '\u{200b}';

fn is_one_grapheme(sample: &[char]) -> bool {
    let sample: String = sample.iter().collect();
    sample.graphemes(true).nth(1).is_none()
}

/// Says whether `c` has the property `Extended_Pictographic`: only two such characters are joined
/// by ZWJ (UAX #29, GB11).
pub(super) fn is_pictographic(c: char) -> bool {
    c >= '\u{a9}' && is_one_grapheme(&[c, ZWJ, '\u{231a}'])
}

/// Says whether `c` takes an emoji or text presentation selector.
pub(super) fn takes_presentation(c: char) -> bool {
    matches!(c, '0'..='9' | '#' | '*') || is_pictographic(c)
}

/// Says whether `c` extends the character before it: a combining mark, a skin tone.
pub(super) fn is_mark(c: char) -> bool {
    // The long runs of everyday text that hold none, for speed alone.
    let plain = matches!(c,
        '\0'..'\u{300}'
        | '\u{370}'..'\u{483}'
        | '\u{3030}'..'\u{3099}'
        | '\u{309b}'..'\u{a000}'
        | '\u{ac00}'..'\u{d7a4}'
    );
    !plain && is_one_grapheme(&['a', c])
}

/// Says whether `c` belongs to a script in which ZWJ and ZWNJ change the shape of words.
pub(super) fn needs_joiners(c: char) -> bool {
    matches!(c,
        '\u{600}'..='\u{109f}'        // Arabic, Syriac, N'Ko, Mandaic, Indic, Tibetan, Myanmar
        | '\u{1780}'..='\u{18af}'     // Khmer, Mongolian
        | '\u{1900}'..='\u{1cff}'     // Limbu to Vedic
        | '\u{2d30}'..='\u{2d7f}'     // Tifinagh
        | '\u{a800}'..='\u{a95f}'     // Syloti Nagri to Rejang
        | '\u{a980}'..='\u{aaff}'     // Javanese to Meetei Mayek
        | '\u{abc0}'..='\u{abff}'     // Meetei Mayek
        | '\u{fb50}'..='\u{fdff}'     // Arabic presentation forms
        | '\u{fe70}'..='\u{fefc}'
        | '\u{10a00}'..='\u{11fff}'   // Kharoshthi to Tamil supplement
        | '\u{1e900}'..='\u{1e95f}'   // Adlam
    )
}

/// Says whether `c` belongs to a script that is written without spaces and marks words by ZWSP.
pub(super) fn needs_zero_width_space(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

/// Says whether `c` takes an ideographic or standardised variation selector.
pub(super) fn is_ideographic(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Says whether `c` takes a Mongolian variation selector.
pub(super) fn is_mongolian_letter(c: char) -> bool {
    matches!(c, '\u{1820}'..='\u{18aa}')
}

/// Says whether `c` shows nothing of its own: Unicode's `Default_Ignorable_Code_Point`, and the
/// interlinear annotation marks.
///
/// Joiners and selectors are among them; what keeps them is decided before.
pub(super) fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_path_passes_no_mark() {
        let missed: Vec<char> = ('\0'..='\u{d7ff}')
            .filter(|c| !c.is_control() && !is_mark(*c) && is_one_grapheme(&['a', *c]))
            .collect();
        assert_eq!(missed, Vec::<char>::new());
    }

    #[test]
    fn emoji_are_told_from_letters() {
        for c in "👩❤☠🏳🌈©™ℹ‼㊗♀✔".chars() {
            assert!(is_pictographic(c), "{c}");
        }
        for c in "aéß漢한かक1🇩🏽→".chars() {
            assert!(!is_pictographic(c), "{c}");
        }
    }
}
