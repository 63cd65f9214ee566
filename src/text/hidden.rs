//! Counts what of a text cannot be seen and may mislead whoever has only seen the text.

use std::fmt;

use super::cleaner::Cleaner;

/// How many characters of a text are shown as their numbers by [`Clean`](crate::text::Clean): what
/// writing needs where it stands is not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Characters that turn the direction of writing.
    pub bidirectional: usize,
    /// Characters without a width between others.
    pub zero_width: usize,
    /// Tags: an alphabet that nobody sees, and models read.
    pub tags: usize,
    /// Fillers, selectors out of place, and the rest.
    pub others: usize,
}

impl Hidden {
    /// Counts in a whole text.
    pub fn of(raw: &str) -> Self {
        let mut cleaner = Cleaner::new();
        drop(cleaner.push(raw));
        cleaner.end().1
    }

    /// Returns how many there are.
    pub fn total(&self) -> usize {
        let Self { bidirectional, zero_width, tags, others } = self;
        bidirectional + zero_width + tags + others
    }

    pub(super) fn count(&mut self, c: char) {
        let kind = match c {
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => {
                &mut self.bidirectional
            }
            '\u{2066}'..='\u{2069}' => &mut self.bidirectional,
            '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => &mut self.zero_width,
            '\u{e0000}'..='\u{e007f}' => &mut self.tags,
            _ => &mut self.others,
        };
        *kind += 1;
    }
}

/// The kinds that there are, each with its count.
impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bidirectional, zero_width, tags, others } = *self;
        let kinds = [
            (bidirectional, "bidirectional"),
            (zero_width, "zero-width"),
            (tags, "tags"),
            (others, "others"),
        ];
        let mut apart = "";
        for (count, name) in kinds.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{apart}{count} {name}")?;
            apart = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_counted() {
        let smuggled: String = "ignore".chars().map(tag).collect();
        let text = format!("a\u{202e}b\u{2066}c\u{200b}d\u{feff}{smuggled}\u{3164}\u{e0101}");
        let hidden = Hidden::of(&text);
        let expected = Hidden { bidirectional: 2, zero_width: 2, tags: 6, others: 2 };
        assert_eq!(hidden, expected);
        assert_eq!(hidden.to_string(), "2 bidirectional, 2 zero-width, 6 tags, 2 others");
        assert_eq!(hidden.total(), 12);
    }

    fn tag(c: char) -> char {
        char::from_u32(0xe0000 + u32::from(c)).expect("a tag")
    }

    #[test]
    fn what_writing_needs_is_not_hidden() {
        let family = "👨\u{200d}👩\u{200d}👧";
        let persian = "می\u{200c}خواهم";
        let text = format!("\u{feff}plain\r\n{family} {persian} ❤\u{fe0f} soft\u{ad}hyphen");
        assert_eq!(Hidden::of(&text), Hidden::default());
        assert_eq!(Hidden::of("").to_string(), "");
        // The last one waits for a neighbour that does not come.
        assert_eq!(Hidden::of("end\u{200d}").zero_width, 1);
    }
}
