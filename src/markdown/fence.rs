//! Fenced code that stands outermost, read line by line.

/// The most blanks before a fence.
const MAX_INDENT: usize = 3;
/// The fewest marks of a fence.
const MIN_MARKS: usize = 3;

/// The line that opens a fenced code block (`CommonMark` 0.31.2, section 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fence {
    mark: u8,
    marks: usize,
    indent: usize,
}

impl Fence {
    /// Reads an opening line; returns the fence and what stands behind it.
    pub(super) fn open(line: &str) -> Option<(Self, &str)> {
        let (indent, rest) = indent(line)?;
        let mark = *rest.as_bytes().first().filter(|byte| matches!(byte, b'`' | b'~'))?;
        let marks = rest.bytes().take_while(|byte| *byte == mark).count();
        let info = rest[marks..].trim();
        let fits = marks >= MIN_MARKS && !(mark == b'`' && info.contains('`'));
        fits.then_some((Self { mark, marks, indent }, info))
    }

    /// Returns whether `line` ends the block.
    pub(super) fn is_closed_by(&self, line: &str) -> bool {
        let Some((_, rest)) = indent(line) else { return false };
        let marks = rest.bytes().take_while(|byte| *byte == self.mark).count();
        marks >= self.marks && rest[marks..].trim().is_empty()
    }

    /// Returns what of a line belongs to the code: blanks up to the fence's own indent do not.
    pub(super) fn content<'a>(&self, line: &'a str) -> &'a str {
        let blanks = line.bytes().take_while(|byte| *byte == b' ').count();
        &line[blanks.min(self.indent)..]
    }
}

fn indent(line: &str) -> Option<(usize, &str)> {
    let rest = line.trim_start_matches(' ');
    let indent = line.len() - rest.len();
    (indent <= MAX_INDENT).then_some((indent, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_opens_with_three_marks() {
        let info = |line| Fence::open(line).map(|(_, info)| info);
        assert_eq!(info("```rust ignore\n"), Some("rust ignore"));
        assert_eq!(info("   ~~~~\n"), Some(""));
        assert_eq!(info("~~~ a`b\n"), Some("a`b"));
        assert_eq!(info("    ```\n"), None, "that is indented code");
        assert_eq!(info("``\n"), None);
        assert_eq!(info("```a`b\n"), None, "that is a code span");
    }

    #[test]
    fn it_closes_with_as_many_marks_and_nothing_behind() {
        let (fence, _) = Fence::open("  ~~~~\n").expect("a fence");
        assert!(fence.is_closed_by("~~~~~ \n") && fence.is_closed_by("   ~~~~"));
        assert!(!fence.is_closed_by("~~~\n") && !fence.is_closed_by("~~~~ x\n"));
        assert!(!fence.is_closed_by("    ~~~~\n") && !fence.is_closed_by("````\n"));
        assert_eq!(fence.content("   x\n"), " x\n");
        assert_eq!(fence.content(" x\n"), "x\n");
    }
}
