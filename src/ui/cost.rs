//! What the draft would cost: its tokens, and when each route would begin to answer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Cost;
use crate::app::Model;
use crate::chat::Promise;
use crate::chat::Route;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::figures::Figure;
use crate::ui::figures::figure;
use crate::ui::figures::fit_whole;
use crate::ui::figures::guess;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::style::style;

/// The narrowest rule that says when the whole answer would be there.
const WIDE: u16 = 100;

/// The lowest rank of a route.
const ROUTES: u8 = 2;

/// Writes it into a row, as much as fits with a blank on either side; nothing where the tokens alone do
/// not.
pub(super) fn draw(model: &Model, theme: &Theme, row: Rect, buf: &mut Buffer) {
    let Some(cost) = model.cost() else { return };
    let told = fit_whole(figures(cost, row.width >= WIDE), row.width.saturating_sub(2));
    if told.is_empty() {
        return;
    }
    let blank = Shown::literal(" ");
    let dim = style(theme, Role::Dim);
    let rest = paint::put(buf, row, blank, dim);
    let rest = paint::put(buf, rest, Shown::all(&told), dim);
    paint::put(buf, rest, blank, dim);
}

fn figures(cost: Cost<'_>, wide: bool) -> Vec<Figure> {
    let about = if cost.exact { "" } else { "~" };
    let mut figures = vec![figure(1, format!("{about}{} tok", cost.tokens))];
    for (rank, promise) in (ROUTES..).zip(cost.routes) {
        figures.push(figure(rank, promised(promise, cost.exact, wide)));
    }
    if let Some(all) = cost.prompt_tokens.filter(|_| wide) {
        figures.push(figure(u8::MAX, format!("prompt {all} tok")));
    }
    figures
}

/// Says when a route would begin to answer, and where there is room when it would be done. What does
/// not come of turns that ran there, or of the draft as it stands, is marked.
fn promised(promise: &Promise, exact: bool, wide: bool) -> String {
    let name = match &promise.route {
        Route::Local => "device",
        Route::Remote(name) => name,
    };
    let Some(predicted) = promise.predicted else { return format!("{name} not measured") };
    let about = if exact && promise.measured { "" } else { "~" };
    let first = guess(predicted.ttft);
    let all = if wide { format!(", all {}", guess(predicted.total)) } else { String::new() };
    format!("{name} {about}{first}{all}")
}
