//! What an empty session shows: what will answer, and how to ask.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::EngineState;
use crate::app::Model;
use crate::chat::ModelInfo;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::figures::bytes;
use crate::ui::figures::figure;
use crate::ui::figures::fit;
use crate::ui::figures::guess;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::style::style;
use crate::ui::transcript::GUTTER;
use crate::ui::transcript::labelled;
use crate::words::say;
use crate::words::word;

/// Says where the model is, and on what it computes.
fn place(info: &ModelInfo) -> String {
    match info.device.as_str() {
        "" => word("welcome-here").to_owned(),
        device => say!("welcome-here-on", device = device),
    }
}

/// Draws the welcome at the top of the transcript's room.
pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let inner = Rect { width: area.width.saturating_sub(GUTTER + 1), ..paint::after(area, GUTTER) };
    let row = |index| paint::row_of(inner, index);
    let settings = model.settings();
    let dim = style(theme, Role::Dim);
    let name = fit(vec![figure(1, settings.model.clone())], inner.width);
    paint::put(buf, row(1), Shown::all(&name), style(theme, Role::Accent));
    match model.engine().state() {
        EngineState::Loading(load) => {
            let left = load.left(model.now()).map(|left| say!("figure-left", time = guess(left)));
            let figures =
                vec![figure(1, format!("{} %", load.done)), figure(2, left.unwrap_or_default())];
            labelled(theme, (word("state-loading"), Some(load.share())), figures, row(2), buf);
        }
        EngineState::Ready(info) => {
            let figures = vec![
                figure(1, place(info)),
                figure(2, info.description.clone()),
                figure(3, bytes(info.weight_bytes)),
                figure(4, say!("welcome-context", count = model.context_limit())),
            ];
            paint::put(buf, row(2), Shown::all(&fit(figures, inner.width)), dim);
        }
        EngineState::Unused => {
            let figures = vec![figure(1, word("welcome-remote"))];
            paint::put(buf, row(2), Shown::all(&fit(figures, inner.width)), dim);
        }
        EngineState::Lost(fault) => {
            let told = fit(vec![figure(1, fault.message.clone())], inner.width);
            paint::put(buf, row(2), Shown::all(&told), style(theme, Role::Bad));
        }
    }
    let keys = vec![
        figure(1, word("welcome-send")),
        figure(3, word("welcome-newline")),
        figure(2, word("welcome-keys")),
        figure(4, word("welcome-sessions")),
    ];
    paint::put(buf, row(4), Shown::all(&fit(keys, inner.width)), dim);
}
