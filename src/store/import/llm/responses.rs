//! The log up to `llm` 0.27: one row for each question and its answer.

use std::collections::BTreeMap;
use std::collections::HashMap;

use rusqlite::Connection;

use super::Logged;
use super::answer;
use super::message;
use super::session;
use crate::chat::Imported;
use crate::chat::Message;
use crate::chat::Node;
use crate::chat::NodeState;
use crate::chat::Role;
use crate::chat::Timestamp;
use crate::store::error::StoreError;
use crate::store::import::Parcel;

struct Response {
    id: String,
    prompt: String,
    text: String,
    conversation: String,
    name: Option<String>,
    at: Timestamp,
    logged: Logged,
}

/// Reads every response; those without a conversation are one each.
pub(super) fn read(db: &Connection, parcel: &mut Parcel) -> Result<(), StoreError> {
    let column = |name: &str| -> Result<&str, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM pragma_table_info('responses') WHERE name = ?1)";
        let there: bool = db.query_row(sql, [name], |row| row.get(0))?;
        Ok(if there { "r." } else { "NULL AS " })
    };
    let (input, output) = (column("input_tokens")?, column("output_tokens")?);
    let fragments = super::has(db, "prompt_fragments")?;
    let fragments = if fragments {
        "(SELECT group_concat(f.content, char(10) ORDER BY p.\"order\") FROM prompt_fragments p
          JOIN fragments f ON f.id = p.fragment_id WHERE p.response_id = r.id)"
    } else {
        "NULL"
    };
    let mut find = db.prepare(&format!(
        "SELECT r.id, r.model, coalesce(r.prompt, ''), coalesce(r.response, ''),
             coalesce(r.conversation_id, r.id), c.name, r.system, r.duration_ms,
             {input}input_tokens, {output}output_tokens, {fragments},
             CAST(coalesce(unixepoch(r.datetime_utc, 'subsec'), 0) * 1000 AS INTEGER)
         FROM responses r LEFT JOIN conversations c ON c.id = r.conversation_id
         ORDER BY r.datetime_utc, r.id"
    ))?;
    let rows = find.query_map([], |row| {
        let fragments: Option<String> = row.get(10)?;
        let prompt: String = row.get(2)?;
        Ok(Response {
            id: row.get(0)?,
            prompt: fragments.map(|text| text + "\n").unwrap_or_default() + &prompt,
            text: row.get(3)?,
            conversation: row.get(4)?,
            name: row.get(5)?,
            at: Timestamp(row.get(11)?),
            logged: Logged {
                model: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
                system: row.get(6)?,
                duration_ms: row.get(7)?,
                input_tokens: row.get(8)?,
                output_tokens: row.get(9)?,
            },
        })
    })?;
    let mut places: HashMap<String, usize> = HashMap::new();
    for response in rows {
        let response = response?;
        let at = *places.entry(response.conversation.clone()).or_insert_with(|| {
            let title = response.name.clone().unwrap_or_else(|| title(&response.prompt));
            let info = session(&response.conversation, title, response.at);
            let (nodes, classes) = (Vec::new(), BTreeMap::new());
            parcel.sessions.push(Imported { info, nodes, classes });
            parcel.sessions.len() - 1
        });
        push(&mut parcel.sessions[at], response);
    }
    Ok(())
}

fn title(prompt: &str) -> String {
    prompt.trim_start().lines().next().unwrap_or_default().to_owned()
}

/// Adds a question and its answer to the end of a session.
fn push(session: &mut Imported, response: Response) {
    let asked = Node {
        id: message(&format!("{} prompt", response.id)),
        parent: session.info.leaf,
        created: response.at,
        message: Message::text(Role::User, response.prompt),
        state: NodeState::Complete,
        answer: None,
    };
    let said = Node {
        id: message(&response.id),
        parent: Some(asked.id),
        created: response.at,
        message: Message::text(Role::Assistant, response.text),
        state: NodeState::Complete,
        answer: Some(answer(response.logged)),
    };
    session.info.leaf = Some(said.id);
    session.info.updated = session.info.updated.max(response.at);
    session.nodes.extend([asked, said]);
}
