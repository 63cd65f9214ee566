//! The conversation: only the rows that are on the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Action;
use crate::app::EngineState;
use crate::app::Model;
use crate::app::Phase;
use crate::app::Placed;
use crate::app::Turn;
use crate::chat;
use crate::chat::MessageId;
use crate::chat::Route;
use crate::chat::StopReason;
use crate::text::Address;
use crate::text::Clean;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::bar;
use crate::ui::figures::Figure;
use crate::ui::figures::figure;
use crate::ui::figures::fit;
use crate::ui::figures::guess;
use crate::ui::figures::rate;
use crate::ui::figures::time;
use crate::ui::layout::Before;
use crate::ui::layout::Layout;
use crate::ui::layout::Line;
use crate::ui::layout::Row;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::style::looked;
use crate::ui::style::style;
use crate::ui::view::Found;
use crate::ui::view::Stats;
use crate::words::say;
use crate::words::word;

/// Columns before the text: a mark and a blank.
pub(super) const GUTTER: u16 = 2;

/// The longest line of text, in columns: longer ones are hard to read.
const MEASURE: u16 = 120;

/// About so many bytes are a token.
const TOKEN_BYTES: usize = 4;

/// The least room for a bar beside its figures.
const LEAST_BAR: u16 = 8;

/// Returns the columns that text is wrapped to in an area.
pub(super) fn text_width(area: Rect) -> u16 {
    area.width.saturating_sub(GUTTER + 1).clamp(1, MEASURE)
}

/// What drawing rows needs beside the buffer.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) model: &'a Model,
    pub(super) theme: &'a Theme,
}

/// Draws the rows of the session in front from `top` on.
pub(super) fn draw(
    scene: Scene<'_>,
    (layout, top): (&Layout, usize),
    area: Rect,
    buf: &mut Buffer,
    (found, stats): (&mut Found, &mut Stats),
) {
    let turns = scene.model.current().turns();
    for (y, (index, row)) in (0..area.height).zip(layout.visible(top)) {
        let Some(turn) = turns.get(index) else { return };
        stats.drawn_rows += 1;
        let line = Rect { width: text_width(area) + GUTTER + 1, ..paint::row_of(area, y) };
        let line = line.intersection(area);
        if let Some(message) = message(turn, &row) {
            let block = if let Row::Answer(_, _, block) = row { block } else { None };
            found.rows.push((paint::row_of(area, y), message, block));
        }
        draw_row(scene, turn, &row, line, (buf, &mut found.links));
    }
}

fn draw_row(
    scene: Scene<'_>,
    turn: &Turn,
    row: &Row<'_>,
    area: Rect,
    (buf, links): (&mut Buffer, &mut Vec<(Rect, Address)>),
) {
    let theme = scene.theme;
    let text = paint::after(area, GUTTER);
    let marked = scene.model.current().reading();
    let in_block = match (scene.model.current().block(), row) {
        (Some((_, marked)), Row::Answer(_, _, block)) => *block == Some(marked),
        (Some(_), _) => false,
        (None, _) => true,
    };
    let is_marked = marked.is_some() && marked == message(turn, row) && in_block;
    if is_marked {
        paint::put(buf, Rect { width: 1, ..area }, Shown::literal("▌"), style(theme, Role::Accent));
    }
    match row {
        Row::Blank(before) => {
            draw_edge(scene, turn, *before, (text, buf));
            draw_place(turn, *before, text, theme, buf);
        }
        Row::Question(range, first) => {
            let user = turn.asker() == chat::Role::User;
            let look = style(theme, if user { Role::User } else { Role::Dim });
            if *first && !is_marked {
                let mark = if user { "›" } else { "≡" };
                paint::put(buf, area, Shown::literal(mark), look);
            }
            paint::put(buf, text, Shown::row(turn.shown_question(), range.clone()), look);
        }
        Row::Fold => draw_fold(scene, turn, text, buf),
        Row::Gap => {}
        Row::Thought(range) => {
            let shown = Shown::row(turn.shown_thought(), range.clone());
            paint::put(buf, text, shown, style(theme, Role::Quote));
        }
        Row::Source(range, first) => {
            if *first && !is_marked {
                paint::put(buf, area, Shown::literal("•"), style(theme, Role::Assistant));
            }
            let shown = Shown::row(turn.shown_answer(), range.clone());
            paint::put(buf, text, shown, style(theme, Role::Text));
        }
        Row::Answer(row, first, _) => {
            if *first && !is_marked {
                paint::put(buf, area, Shown::literal("•"), style(theme, Role::Assistant));
            }
            let mut rest = text;
            for piece in *row {
                let look = looked(style(theme, piece.role), piece.look);
                let before = rest;
                rest = paint::put(buf, rest, Shown::all(&piece.text), look);
                if let Some(address) = &piece.link {
                    let place = Rect { width: rest.x - before.x, ..before };
                    links.push((place, address.clone()));
                }
            }
        }
        Row::Line(line) => draw_line(scene, turn, line, text, buf),
    }
}

/// Says above the first question that is sent that those before it are not.
fn draw_edge(scene: Scene<'_>, turn: &Turn, before: Before, (text, buf): (Rect, &mut Buffer)) {
    let from = scene.model.current().sent_from();
    if before == Before::Question && from.is_some() && from == message_asked(turn) {
        let told = Clean::one_line(&format!("↑ {}", word("turn-not-sent")), text.width.into());
        let look = style(scene.theme, Role::Warn);
        paint::put(buf, paint::after(text, 6), Shown::all(&told), look);
    }
}

/// Returns the message that a row belongs to.
fn message(turn: &Turn, row: &Row<'_>) -> Option<MessageId> {
    let placed = match row {
        Row::Blank(_) | Row::Gap => None,
        Row::Question(..) => turn.asked(),
        Row::Fold | Row::Thought(_) | Row::Answer(..) | Row::Source(..) | Row::Line(_) => {
            turn.replied().or(turn.asked())
        }
    };
    placed.map(|placed| placed.id)
}

fn message_asked(turn: &Turn) -> Option<MessageId> {
    turn.asked().map(|placed| placed.id)
}

/// Says that there is reasoning: for how long, how much, and how it is shown.
fn draw_fold(scene: Scene<'_>, turn: &Turn, row: Rect, buf: &mut Buffer) {
    let shown = scene.model.shows_thoughts();
    let mark = if shown { "▾" } else { "▸" };
    let told = match (turn.is_thinking(), turn.thought_for()) {
        (true, None) => word("turn-reasons").to_owned(),
        (true, Some(took)) => say!("turn-reasons-for", time = time(took)),
        (false, None) => word("turn-reasoned").to_owned(),
        (false, Some(took)) => say!("turn-reasoned-for", time = time(took)),
    };
    let tokens = turn.shown_thought().len().div_ceil(TOKEN_BYTES);
    let key = scene.model.settings().keys.shown(Action::Thoughts);
    let mut figures = vec![
        figure(1, format!("{mark} {told}")),
        figure(2, say!("figure-tokens-about", count = tokens)),
    ];
    figures.extend(
        (!key.is_empty())
            .then(|| figure(3, say!("turn-thought-key", key = key.as_str())))
            .filter(|_| !shown),
    );
    let told = fit(figures, row.width.saturating_sub(1));
    paint::put(buf, row, Shown::all(&told), style(scene.theme, Role::Dim));
}

/// Says above a message which of how many it is, where there are others in its place.
fn draw_place(turn: &Turn, before: Before, row: Rect, theme: &Theme, buf: &mut Buffer) {
    let placed = match before {
        Before::Question => turn.asked().or(turn.replied()),
        Before::Answer => turn.replied(),
    };
    if let Some(Placed { place, of, .. }) = placed.filter(|placed| placed.of > 1) {
        let told = Clean::one_line(&format!("‹{place}/{of}›"), usize::from(row.width));
        paint::put(buf, row, Shown::all(&told), style(theme, Role::Dim));
    }
}

fn draw_line(scene: Scene<'_>, turn: &Turn, line: &Line, area: Rect, buf: &mut Buffer) {
    let dim = style(scene.theme, Role::Dim);
    let width = area.width.saturating_sub(1);
    match line {
        Line::Note(role, text) => {
            paint::put(buf, area, Shown::all(text), style(scene.theme, *role));
        }
        Line::Figures => {
            paint::put(buf, area, Shown::all(&fit(finished(turn), width)), dim);
        }
        Line::Progress => progress(scene, turn, Rect { width, ..area }, buf),
    }
}

/// Names the routes of an answer that more than one gave, in order.
pub(super) fn origins(turn: &Turn) -> Option<String> {
    let origins: Vec<String> = turn.origins().into_iter().map(Route::to_string).collect();
    (origins.len() > 1).then(|| origins.join(" → "))
}

/// What a finished answer cost.
fn finished(turn: &Turn) -> Vec<Figure> {
    let usage = turn.usage();
    let mut figures = Vec::new();
    if let Some(decision) = turn.decision() {
        figures.push(figure(3, origins(turn).unwrap_or_else(|| decision.route.to_string())));
        figures.push(figure(7, decision.model.clone()));
    }
    if let Some(ttft) = turn.timings().ttft {
        figures.push(figure(2, say!("figure-ttft", time = time(ttft))));
    }
    if let (true, Some(speed)) = (usage.prompt_tokens > 0, turn.prefill_tps()) {
        let evaluated = usage.prompt_tokens.saturating_sub(usage.cached_tokens);
        figures.push(figure(4, say!("turn-prefill", count = evaluated, rate = rate(speed))));
    }
    if usage.cached_tokens > 0 {
        figures.push(figure(5, say!("figure-cached", count = usage.cached_tokens)));
    }
    let tokens = usage.completion_tokens.max(turn.rate().count());
    if let Some(speed) = turn.decode_tps() {
        figures.push(figure(1, say!("turn-decode", count = tokens, rate = rate(speed))));
    } else if tokens > 0 {
        figures.push(figure(1, say!("figure-tokens", count = tokens)));
    }
    if let Phase::Finished(reason) = turn.phase() {
        // That it simply ended is what everybody expects.
        let rank = if *reason == StopReason::EndOfTurn { 6 } else { 3 };
        figures.push(figure(rank, ended(reason)));
    }
    figures
}

/// Says in words why an answer ended; a fault has its own line.
fn ended(reason: &StopReason) -> &'static str {
    match reason {
        StopReason::EndOfTurn => word("end-of-turn"),
        StopReason::Stop => word("end-stop"),
        StopReason::Length => word("end-length"),
        StopReason::ContextFull => word("end-full"),
        StopReason::Cancelled => word("end-cancelled"),
        StopReason::Interrupted(_) | StopReason::Failed(_) => "",
    }
}

/// What is being waited for: a bar where an end is known.
fn progress(scene: Scene<'_>, turn: &Turn, area: Rect, buf: &mut Buffer) {
    let now = scene.model.now();
    let left = |left: Option<std::time::Duration>| {
        left.map_or_else(String::new, |left| say!("figure-left", time = guess(left)))
    };
    let waited = || figure(2, guess(turn.elapsed(now)));
    let (state, share, figures) = match (turn.phase(), scene.model.engine().state(), turn.prefill())
    {
        _ if turn.is_stopping() => (word("state-stopping"), None, Vec::new()),
        (Phase::Prefill, _, Some(prefill)) => {
            let progress = prefill.progress;
            let counted = figure(1, format!("{}/{}", progress.done, progress.total));
            let cached = figure(3, say!("figure-cached", count = prefill.cached));
            let left = figure(2, left(progress.left(now)));
            (word("state-prefill"), Some(progress.share()), vec![counted, cached, left])
        }
        (Phase::Waiting(left, _), ..) => {
            let left = figure(1, format!("{} s", left.as_secs_f64().ceil()));
            (word("state-waiting"), None, vec![left, waited()])
        }
        _ if turn.is_remote() => (word("state-waiting"), None, vec![waited()]),
        (Phase::Queued(ahead), ..) => {
            let ahead = figure(1, say!("turn-ahead", count = *ahead));
            (word("state-waiting"), None, vec![ahead, waited()])
        }
        (_, EngineState::Loading(load), _) => {
            let figures =
                vec![figure(1, format!("{} %", load.done)), figure(2, left(load.left(now)))];
            (word("state-loading"), Some(load.share()), figures)
        }
        (_, EngineState::Lost(_), _) => (word("turn-restarts"), None, vec![waited()]),
        _ => (word("state-waiting"), None, vec![waited()]),
    };
    labelled(scene.theme, (state, share), figures, area, buf);
}

/// Draws the word of a state, a bar if there is a share to show, and figures.
pub(super) fn labelled(
    theme: &Theme,
    (state, share): (&'static str, Option<f64>),
    figures: Vec<Figure>,
    area: Rect,
    buf: &mut Buffer,
) {
    let dim = style(theme, Role::Dim);
    let mut rest = paint::after(paint::put(buf, area, Shown::literal(state), dim), 2);
    if let Some(share) = share {
        let figures_room = rest.width.saturating_sub(LEAST_BAR + 2);
        let text = fit(figures.clone(), figures_room);
        let room = rest.width.saturating_sub(paint::columns(&text) + 2);
        let width = room.min(bar::MAX_COLUMNS);
        bar::draw(buf, Rect { width, ..rest }, share, theme);
        rest = paint::after(rest, width + 2);
    }
    paint::put(buf, rest, Shown::all(&fit(figures, rest.width)), dim);
}
