//! What of a session the model is given.

use crate::app::settings::Settings;
use crate::app::turn::Turn;
use crate::chat::Message;
use crate::chat::Role;

/// Returns the system prompt, the earlier turns and the new question.
///
/// A partial answer, failed, interrupted or cancelled, is part of the conversation: the user saw
/// it and refers to it. A turn without any answer is left out whole, and its label says so: two
/// user messages in a row are refused by many chat templates.
pub(super) fn messages(settings: &Settings, turns: &[Turn], question: &str) -> Vec<Message> {
    let system = settings.system.iter().map(|text| Message::text(Role::System, text));
    let answered = turns.iter().filter(|turn| turn.is_remembered());
    let earlier = answered.flat_map(|turn| {
        [Message::text(Role::User, turn.question()), Message::text(Role::Assistant, turn.answer())]
    });
    let asked = std::iter::once(Message::text(Role::User, question));
    system.chain(earlier).chain(asked).collect()
}
