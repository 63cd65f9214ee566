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
use crate::words::say;
use crate::words::word;

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
    let mut figures =
        vec![figure(1, about(cost.exact) + &say!("figure-tokens", count = cost.tokens))];
    for (rank, promise) in (ROUTES..).zip(cost.routes) {
        figures.push(figure(rank, promised(promise, cost.exact, wide)));
    }
    if let Some(all) = cost.prompt_tokens.filter(|_| wide) {
        figures.push(figure(u8::MAX, say!("cost-prompt", count = all)));
    }
    figures
}

/// Says when a route would begin to answer, and where there is room when it would be done. What does
/// not come of turns that ran there, or of the draft as it stands, is marked.
fn promised(promise: &Promise, exact: bool, wide: bool) -> String {
    let name = match &promise.route {
        Route::Local => word("cost-device"),
        Route::Remote(name) => name,
    };
    let Some(predicted) = promise.predicted else { return say!("cost-unmeasured", route = name) };
    let first = about(exact && promise.measured) + &guess(predicted.ttft);
    if wide {
        return say!("cost-route-all", route = name, first = first, all = guess(predicted.total));
    }
    say!("cost-route", route = name, first = first)
}

/// Marks what is a guess.
fn about(exact: bool) -> String {
    if exact { String::new() } else { "~".to_owned() }
}
