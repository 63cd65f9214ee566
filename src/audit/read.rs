//! Reads the record back.

use std::fs;
use std::io;

use serde_json::Value;

use crate::audit::file::Log;

/// Which records are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of a session whose id begins like this.
    pub session: Option<String>,
    /// That ran on a route that begins like this: `local`, `remote`, `remote:lan`.
    pub route: Option<String>,
    /// Not before this many milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// That did not end as they should: failed, interrupted, or without a route.
    pub failed: bool,
    /// The newest so many.
    pub last: Option<usize>,
}

impl Filter {
    fn takes(&self, record: &Value) -> bool {
        let begins = |key: &str, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| {
                record[key].as_str().is_some_and(|value| value.starts_with(wanted.as_str()))
            })
        };
        let finish = record["actual"]["finish"].as_str();
        let since = self.since_ms.is_none_or(|since| record["ts_ms"].as_i64() >= Some(since));
        begins("session", &self.session)
            && begins("chosen", &self.route)
            && since
            && (!self.failed || matches!(finish, Some("failed" | "interrupted")))
    }
}

/// Returns the records that a filter takes, oldest first, and how many lines were none: a program
/// that was killed may leave half a line.
///
/// # Errors
/// A file is there and cannot be read.
pub fn read(log: &Log, filter: &Filter) -> io::Result<(Vec<Value>, usize)> {
    let (mut records, mut broken) = (Vec::new(), 0);
    for path in log.files() {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            bytes => bytes?,
        };
        for line in String::from_utf8_lossy(&bytes).lines() {
            match serde_json::from_str::<Value>(line) {
                Ok(record) if record.is_object() && filter.takes(&record) => records.push(record),
                Ok(record) if record.is_object() => {}
                Ok(_) | Err(_) => broken += 1,
            }
        }
    }
    let skip = filter.last.map_or(0, |last| records.len().saturating_sub(last));
    records.drain(..skip);
    Ok((records, broken))
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write as _;

    use super::*;
    use crate::audit::record::tests::record;
    use crate::chat::Route;

    fn times(log: &Log, filter: &Filter) -> Vec<i64> {
        let (records, _) = read(log, filter).expect("readable");
        records.iter().filter_map(|record| record["ts_ms"].as_i64()).collect()
    }

    #[test]
    fn filters_take_what_they_say_over_all_files_in_order() {
        let data = tempfile::tempdir().expect("a directory");
        let log = Log::small(data.path(), 3000);
        let lan = || Route::Remote("lan".into());
        for at in 0..8 {
            let route = if at % 2 == 0 { Route::Local } else { lan() };
            log.append(&record(at, u128::from(at < 6), route)).expect("written");
        }
        let all = Filter::default();
        assert_eq!(times(&log, &all), (0..8).collect::<Vec<_>>());
        let route = |route: &str| Filter { route: Some(route.into()), ..Filter::default() };
        assert_eq!(times(&log, &route("remote")), [1, 3, 5, 7]);
        assert_eq!(times(&log, &route("remote:wan")), Vec::<i64>::new());
        let session = Filter { session: Some(format!("{:032x}", 0)), ..Filter::default() };
        assert_eq!(times(&log, &session), [6, 7]);
        assert_eq!(times(&log, &Filter { since_ms: Some(5), ..all.clone() }), [5, 6, 7]);
        assert_eq!(times(&log, &Filter { last: Some(2), ..route("local") }), [4, 6]);
        assert!(times(&log, &Filter { failed: true, ..all }).is_empty());
    }

    #[test]
    fn half_a_line_is_counted_and_no_file_is_no_record() {
        let data = tempfile::tempdir().expect("a directory");
        let log = Log::new(data.path());
        assert_eq!(read(&log, &Filter::default()).expect("nothing"), (Vec::new(), 0));
        log.append(&record(1, 1, Route::Local)).expect("written");
        let file = OpenOptions::new().append(true).open(log.newest());
        file.expect("there").write_all(b"{\"v\":1,\"ts").expect("written");
        let (records, broken) = read(&log, &Filter::default()).expect("readable");
        assert_eq!((records.len(), broken), (1, 1));
    }
}
