//! Links in a frame's bytes, joined.

use std::ops::Range;

const BEGIN: &[u8] = b"\x1b]8;;";
const END: &[u8] = b"\x1b\\";

/// Returns the bytes without the ends and beginnings of links between neighbours of one link.
pub(super) fn joined(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut open): (usize, &[u8]) = (0, b"");
    while let Some((mark, address)) = next(bytes, at) {
        out.extend_from_slice(&bytes[at..mark.start]);
        at = mark.end;
        let address = &bytes[address];
        let again = next(bytes, at).filter(|(next, _)| next.start == at);
        match again {
            // The same link goes on at once.
            Some((next, same)) if address.is_empty() && bytes[same.clone()] == *open => {
                at = next.end;
            }
            _ => {
                out.extend_from_slice(&bytes[mark]);
                open = address;
            }
        }
    }
    out.extend_from_slice(&bytes[at..]);
    out
}

/// Finds the next beginning or end of a link from `from` on: all of it, and its address.
fn next(bytes: &[u8], from: usize) -> Option<(Range<usize>, Range<usize>)> {
    let start = from + memchr::memmem::find(&bytes[from..], BEGIN)?;
    let address = start + BEGIN.len();
    let end = address + memchr::memmem::find(&bytes[address..], END)?;
    Some((start..end + END.len(), address..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &str) -> String {
        String::from_utf8(joined(bytes.as_bytes())).expect("text")
    }

    fn cell(address: &str, symbol: &str) -> String {
        format!("\x1b]8;;{address}\x1b\\{symbol}\x1b]8;;\x1b\\")
    }

    #[test]
    fn neighbours_of_one_link_are_one() {
        let (a, b) = ("https://a.example", "https://b.example");
        let frame = format!("x{}{}{}y{}", cell(a, "1"), cell(a, "2"), cell(b, "3"), cell(b, "4"));
        let wanted = format!("x{}{}y{}", cell(a, "12"), cell(b, "3"), cell(b, "4"));
        assert_eq!(text(&frame), wanted);
        assert_eq!(text("no link"), "no link");
        assert_eq!(text("\x1b]8;;cut"), "\x1b]8;;cut");
    }
}
