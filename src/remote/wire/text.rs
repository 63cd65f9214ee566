//! Text of messages out, text of servers in.

use super::cannot_send;
use crate::chat::Fault;
use crate::chat::Message;
use crate::chat::Part;
use crate::text::Clean;

/// The longest piece of a server's own words that is shown, in graphemes.
const SAID_GRAPHEMES: usize = 200;

/// Returns the text of a message; what a model thought stays here.
///
/// # Errors
/// There is an attachment or a tool's part in it.
pub(super) fn content(message: &Message) -> Result<String, Fault> {
    let mut text = String::new();
    for part in &message.parts {
        match part {
            Part::Text(piece) => text.push_str(piece),
            Part::Reasoning(_) => {}
            Part::Media(_) => return Err(cannot_send("an attachment")),
            Part::ToolCall { .. } | Part::ToolResult { .. } => {
                return Err(cannot_send("a tool's call or result"));
            }
        }
    }
    Ok(text)
}

/// Makes one clean line of a server's own words.
pub(in crate::remote) fn said(raw: &str) -> String {
    Clean::one_line(raw.trim().trim_end_matches('.'), SAID_GRAPHEMES).into_string()
}
