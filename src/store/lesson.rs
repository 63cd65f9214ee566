//! What is remembered of endpoints, as rows.

use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::params;

use crate::route::Fuse;
use crate::route::Lesson;
use crate::route::Met;
use crate::route::Ring;
use crate::route::Sample;
use crate::store::error::StoreError;

/// Takes a lesson in: the breaker is the newest word, samples are added to what is there. Another
/// server under the same name begins anew.
pub(super) fn learn(db: &Connection, lesson: &Lesson) -> Result<(), StoreError> {
    let Lesson { endpoint, server, fuse, rests_until, answers } = lesson;
    let known: Option<String> = db
        .prepare_cached("SELECT server FROM endpoint WHERE name = ?1")?
        .query_row([endpoint], |row| row.get(0))
        .optional()?;
    if known.is_some_and(|known| known != *server) {
        db.prepare_cached("DELETE FROM sample WHERE endpoint = ?1")?.execute([endpoint])?;
    }
    db.prepare_cached(
        "INSERT INTO endpoint (name, server, open_until, opened, failed, baseline, rests_until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (name) DO UPDATE SET server = excluded.server, open_until = excluded.open_until,
         opened = excluded.opened, failed = excluded.failed, baseline = excluded.baseline,
         rests_until = excluded.rests_until",
    )?
    .execute(params![
        endpoint,
        server,
        fuse.open_until.map(millis),
        fuse.opened,
        letters(&fuse.failed),
        fuse.baseline.map(micros),
        millis(*rests_until),
    ])?;
    for Met { sample, promised } in answers {
        db.prepare_cached(
            "INSERT OR IGNORE INTO sample (endpoint, at, prompt_tokens, ttft, tbt, promised)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            endpoint,
            millis(sample.at),
            sample.prompt_tokens,
            micros(sample.ttft),
            sample.tbt.map(micros),
            promised.map(micros),
        ])?;
    }
    let most = i64::try_from(Ring::MOST).unwrap_or(i64::MAX);
    db.prepare_cached(
        "DELETE FROM sample WHERE endpoint = ?1 AND at NOT IN
         (SELECT at FROM sample WHERE endpoint = ?1 ORDER BY at DESC LIMIT ?2)",
    )?
    .execute(params![endpoint, most])?;
    Ok(())
}

/// Reads all that is remembered.
pub(super) fn all(db: &Connection) -> Result<Vec<Lesson>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT name, server, open_until, opened, failed, baseline, rests_until FROM endpoint
         ORDER BY name",
    )?;
    let lessons = find.query_map([], |row| {
        let failed: String = row.get(4)?;
        let fuse = Fuse {
            open_until: row.get::<_, Option<i64>>(2)?.map(from_millis),
            opened: row.get(3)?,
            failed: failed.chars().map(|letter| letter == FAILED).collect(),
            baseline: row.get::<_, Option<i64>>(5)?.map(from_micros),
        };
        let rests_until = from_millis(row.get(6)?);
        let (endpoint, server) = (row.get(0)?, row.get(1)?);
        Ok(Lesson { endpoint, server, fuse, rests_until, answers: Vec::new() })
    })?;
    let mut lessons = lessons.collect::<Result<Vec<_>, _>>()?;
    for lesson in &mut lessons {
        lesson.answers = answers(db, &lesson.endpoint)?;
    }
    Ok(lessons)
}

fn answers(db: &Connection, endpoint: &str) -> Result<Vec<Met>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT at, prompt_tokens, ttft, tbt, promised FROM sample WHERE endpoint = ?1 ORDER BY at",
    )?;
    let rows = find.query_map([endpoint], |row| {
        let sample = Sample {
            at: from_millis(row.get(0)?),
            prompt_tokens: row.get(1)?,
            ttft: from_micros(row.get(2)?),
            tbt: row.get::<_, Option<i64>>(3)?.map(from_micros),
        };
        Ok(Met { sample, promised: row.get::<_, Option<i64>>(4)?.map(from_micros) })
    })?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

/// What stands for a turn that failed, and for one that did not.
const FAILED: char = 'x';
const ANSWERED: char = '.';

fn letters(failed: &[bool]) -> String {
    failed.iter().map(|failed| if *failed { FAILED } else { ANSWERED }).collect()
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn from_millis(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

fn from_micros(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}
