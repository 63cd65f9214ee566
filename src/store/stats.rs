//! Counts over everything that is saved.

use crate::store::error::StoreError;
use crate::store::read::Reader;

/// What is saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Sessions, archived ones included.
    pub sessions: u64,
    /// Archived ones.
    pub archived: u64,
    /// Messages, all branches included.
    pub messages: u64,
    /// Answers by route and model, the most used first.
    pub answers: Vec<Used>,
}

/// What one model was used for on one route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// The route.
    pub route: String,
    /// The model.
    pub model: String,
    /// Answers.
    pub answers: u64,
    /// Tokens in their prompts.
    pub prompt_tokens: u64,
    /// Those of them that were cached.
    pub cached_tokens: u64,
    /// Tokens generated.
    pub completion_tokens: u64,
}

impl Reader {
    /// Counts what is saved.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn stats(&self) -> Result<Stats, StoreError> {
        let count = |sql: &str| -> Result<u64, StoreError> {
            Ok(u64::try_from(self.db.query_row(sql, [], |row| row.get::<_, i64>(0))?).unwrap_or(0))
        };
        let mut used = self.db.prepare(
            "SELECT route, model, count(*), sum(answer ->> 'prompt_tokens'),
                 sum(answer ->> 'cached_tokens'), sum(answer ->> 'completion_tokens')
             FROM message WHERE route IS NOT NULL AND model IS NOT NULL
             GROUP BY route, model ORDER BY count(*) DESC, route, model",
        )?;
        let answers = used.query_map([], |row| {
            let number = |at| -> rusqlite::Result<u64> {
                let value: Option<i64> = row.get(at)?;
                Ok(value.and_then(|value| u64::try_from(value).ok()).unwrap_or(0))
            };
            Ok(Used {
                route: row.get(0)?,
                model: row.get(1)?,
                answers: number(2)?,
                prompt_tokens: number(3)?,
                cached_tokens: number(4)?,
                completion_tokens: number(5)?,
            })
        })?;
        Ok(Stats {
            sessions: count("SELECT count(*) FROM session")?,
            archived: count("SELECT count(*) FROM session WHERE archived")?,
            messages: count("SELECT count(*) FROM message")?,
            answers: answers.collect::<Result<_, _>>()?,
        })
    }
}
