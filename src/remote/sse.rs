//! Server-sent events, after the WHATWG's HTML standard, section 9.2.6, without reconnecting.

use super::lines::DecodeError;
use super::lines::Lines;

/// The longest event, in bytes of its data.
pub(super) const EVENT_MAX: usize = 4 * 1024 * 1024;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// Its `event:` field; empty when it has none.
    pub(super) name: String,
    /// Its `data:` fields, joined by line breaks.
    pub(super) data: String,
}

/// Reads a stream of events. An event without data is none, and neither is one that the stream
/// ends in the middle of.
#[derive(Debug, Default)]
pub(super) struct Sse {
    lines: Lines,
    open: Open,
}

/// The event that is being read.
#[derive(Debug, Default)]
struct Open {
    name: String,
    data: Option<String>,
}

impl Sse {
    /// Takes a piece of the stream in and adds the events that it completes.
    ///
    /// # Errors
    /// A limit is passed or the bytes are no text; nothing more can be read. `events` has what
    /// came before.
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        events: &mut Vec<Event>,
    ) -> Result<(), DecodeError> {
        let open = &mut self.open;
        self.lines.push(piece, |line| {
            events.extend(open.line(line)?);
            Ok(())
        })
    }
}

impl Open {
    fn line(&mut self, line: &str) -> Result<Option<Event>, DecodeError> {
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            return Ok(self.data.take().map(|data| Event { name, data }));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                let held = self.data.as_ref().map_or(0, String::len);
                if held + value.len() >= EVENT_MAX {
                    return Err(DecodeError::Event);
                }
                match &mut self.data {
                    Some(data) => {
                        data.push('\n');
                        data.push_str(value);
                    }
                    None => self.data = Some(value.to_owned()),
                }
            }
            // Comments have no field; `id` and `retry` are for those who come again.
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &[u8]) -> Result<Vec<Event>, DecodeError> {
        let mut events = Vec::new();
        Sse::default().push(text, &mut events).map(|()| events)
    }

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn fields_are_read_as_the_standard_says() {
        let table: [(&str, &[Event]); 11] = [
            ("data: a\n\n", &[event("", "a")]),
            ("data:a\r\rdata:  b\r\n\r\n", &[event("", "a"), event("", " b")]),
            ("\u{feff}data: a\n\n", &[event("", "a")]),
            ("event: x\ndata: a\ndata: b\n\n", &[event("x", "a\nb")]),
            (": ping\n\n: ping\n\ndata: a\n\n", &[event("", "a")]),
            ("event: x\n\ndata: a\n\n", &[event("", "a")]),
            ("id: 1\nretry: soon\nfoo: bar\ndata: a\n\n", &[event("", "a")]),
            ("data\n\n", &[event("", "")]),
            ("data: a", &[]),
            ("data: a\n", &[]),
            ("data: a\0b\n\n", &[event("", "a\0b")]),
        ];
        for (text, expected) in table {
            assert_eq!(whole(text.as_bytes()).as_deref(), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn what_never_ends_is_given_up() {
        let line = vec![b'x'; super::super::lines::LINE_MAX + 1];
        assert_eq!(whole(&line), Err(DecodeError::Line));
        let data = format!("data: {}\n", "x".repeat(1000)).into_bytes();
        let mut sse = Sse::default();
        let failed = (0..=EVENT_MAX / 1000).find_map(|_| sse.push(&data, &mut Vec::new()).err());
        assert_eq!(failed, Some(DecodeError::Event));
        let mut sse = Sse::default();
        let pings = ": ping\n\n".repeat(1000).into_bytes();
        let failed = (0..=super::super::lines::STREAM_MAX / 8000)
            .find_map(|_| sse.push(&pings, &mut Vec::new()).err());
        assert_eq!(failed, Some(DecodeError::Stream));
        assert!(sse.lines.push(b"", |_| Ok(())).is_err());
        assert_eq!(whole(b"data: \xff\n\n"), Err(DecodeError::Utf8));
    }

    #[test]
    fn what_came_before_an_error_is_kept() {
        let mut events = Vec::new();
        let read = Sse::default().push(b"data: a\n\ndata: \xff\n\n", &mut events);
        assert_eq!((read, events), (Err(DecodeError::Utf8), vec![event("", "a")]));
    }

    #[test]
    fn a_million_empty_events_hold_nothing() {
        let mut sse = Sse::default();
        let empty = b"\n".repeat(1000);
        for _ in 0..1000 {
            let mut events = Vec::new();
            assert_eq!((sse.push(&empty, &mut events), events), (Ok(()), Vec::new()));
        }
    }

    proptest! {
        #[test]
        fn any_chunking_reads_as_the_whole(
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just("data: "), Just("event: x"), Just("\n"), Just("\r"), Just("\r\n"),
                    Just("\n\n"), Just(":"), Just(" "), Just("é"), Just("\u{feff}"), Just("abc"),
                ],
                0..40,
            ),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let text = pieces.concat().into_bytes();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            at.extend([0, text.len()]);
            at.sort_unstable();
            let mut sse = Sse::default();
            let mut events = Vec::new();
            for pair in at.windows(2) {
                sse.push(&text[pair[0]..pair[1]], &mut events).expect("within limits");
            }
            prop_assert_eq!(events, whole(&text).expect("within limits"));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            drop(whole(&bytes));
        }
    }
}
