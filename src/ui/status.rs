//! The last line: what runs and how fast on the left, the context on the right.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::EngineState;
use crate::app::Model;
use crate::app::Phase;
use crate::app::Turn;
use crate::chat::DeviceLevel;
use crate::theme::Role;
use crate::theme::Theme;
use crate::ui::figures::Figure;
use crate::ui::figures::bars;
use crate::ui::figures::figure;
use crate::ui::figures::fit;
use crate::ui::figures::fit_whole;
use crate::ui::figures::meter;
use crate::ui::figures::rate;
use crate::ui::figures::time;
use crate::ui::paint;
use crate::ui::paint::Shown;
use crate::ui::style::style;
use crate::words;
use crate::words::say;
use crate::words::word;

/// Columns between the two halves.
const GAP: u16 = 3;

/// The narrowest line that has a history behind a speed and a meter behind the context.
const WIDE: u16 = 110;

/// Columns of the history, and of the meter.
const SPARKS: usize = 8;
const METER: u16 = 10;

/// Draws the status line.
pub(super) fn draw(model: &Model, theme: &Theme, row: Rect, buf: &mut Buffer) {
    let dim = style(theme, Role::Dim);
    let row = Rect { width: row.width.saturating_sub(2), ..paint::after(row, 1) };
    let wide = row.width >= WIDE;
    // The right half is sure of a third, the left half has its choice of the others.
    let sure = paint::columns(&fit_whole(resources(model, wide), row.width / 3));
    let left =
        fit(activity(model, wide), row.width.saturating_sub(if sure > 0 { sure + GAP } else { 0 }));
    let rest = paint::after(paint::put(buf, row, Shown::all(&left), dim), GAP);
    let (used, total) = (model.current().context_tokens(), model.context_limit());
    let warns = total > 0 && is_nearly_full(used, total);
    let look = if warns { style(theme, Role::Warn) } else { dim };
    paint::put_right(buf, rest, &fit_whole(resources(model, wide), rest.width), look);
}

fn activity(model: &Model, wide: bool) -> Vec<Figure> {
    let open = model.open_turns().count();
    if model.is_leaving() {
        return vec![
            figure(1, word("status-leaving")),
            figure(2, say!("status-stopping-still", count = open)),
        ];
    }
    if model.current().reading().is_some() && model.overlay().is_none() {
        let keys = if model.current().block().is_some() {
            [
                word("status-block-copy"),
                word("status-block-save"),
                word("status-block-next"),
                word("status-block-message"),
                word("status-block-back"),
                "",
            ]
        } else {
            [
                word("status-reading-copy"),
                word("status-reading-edit"),
                word("status-reading-again"),
                word("status-reading-code"),
                word("status-reading-keys"),
                word("status-reading-back"),
            ]
        };
        return (1..).zip(keys).map(|(rank, key)| figure(rank, key)).collect();
    }
    if model.current().is_summarising() {
        return vec![figure(1, word("status-summing-up")), figure(2, word("status-stops-it"))];
    }
    match (model.current().running(), model.engine().state()) {
        (Some(turn), _) if turn.is_stopping() => vec![figure(1, word("state-stopping"))],
        (Some(turn), _) if *turn.phase() == Phase::Streaming => streaming(model, turn, wide),
        (Some(turn), state) => {
            vec![figure(1, waiting(turn, state)), figure(2, word("status-stops-it"))]
        }
        (None, EngineState::Loading(load)) => {
            vec![
                figure(1, say!("status-loading", percent = load.done)),
                figure(2, model.settings().model.clone()),
            ]
        }
        (None, EngineState::Ready(_) | EngineState::Unused) => resting(model, wide),
        (None, EngineState::Lost(_)) => {
            vec![figure(1, word("status-engine-stopped")), figure(2, word("status-starts-again"))]
        }
    }
}

/// What stands there between two answers: where the next one comes from, and what the last one took.
fn resting(model: &Model, wide: bool) -> Vec<Figure> {
    let mut figures = vec![figure(1, word("status-ready"))];
    let settings = model.settings();
    let last = model.current().turns().iter().rev().find(|turn| turn.decision().is_some());
    let Some(last) = last else {
        let unused = *model.engine().state() == EngineState::Unused;
        let name = if unused { String::new() } else { settings.model.clone() };
        figures.extend([figure(3, name), figure(4, settings.profile.clone())]);
        figures.push(figure(2, word("status-help")));
        return figures;
    };
    figures.extend(place(model, last, 4));
    if let Some(ttft) = last.timings().ttft {
        figures.push(figure(3, say!("figure-ttft", time = time(ttft))));
    }
    if let Some(speed) = last.prefill_tps() {
        figures.push(figure(6, say!("figure-prefill", rate = rate(speed))));
    }
    if let Some(speed) = last.decode_tps() {
        figures
            .push(figure(2, with_history(model, say!("figure-decode", rate = rate(speed)), wide)));
    }
    figures
}

/// Says where a turn runs: the route, the model, the profile, the first the most important.
fn place(model: &Model, turn: &Turn, rank: u8) -> Vec<Figure> {
    let Some(decision) = turn.decision() else { return Vec::new() };
    vec![
        figure(rank, decision.route.to_string()),
        figure(rank + 1, decision.model.clone()),
        figure(rank + 3, model.settings().profile.clone()),
    ]
}

/// Puts the history of the engine's decode speed behind the newest, where there is room for it.
fn with_history(model: &Model, speed: String, wide: bool) -> String {
    let history: Vec<Option<f64>> = model.engine().history().map(|it| it.decode_tps).collect();
    let sparks = bars(&history, SPARKS);
    if wide && !sparks.trim().is_empty() { format!("{speed} {}", sparks.trim()) } else { speed }
}

fn waiting(turn: &Turn, state: &EngineState) -> String {
    match (turn.phase(), turn.prefill(), state) {
        (Phase::Prefill, Some(prefill), _) => {
            say!("status-prefill", done = prefill.progress.done, total = prefill.progress.total)
        }
        (Phase::Waiting(left, _), ..) => {
            say!("status-waiting-seconds", seconds = left.as_secs_f64().ceil())
        }
        (Phase::Queued(ahead), ..) => say!("status-waiting-ahead", count = *ahead),
        _ if turn.is_remote() => word("state-waiting").into(),
        (_, _, EngineState::Loading(load)) => say!("status-loading", percent = load.done),
        _ => word("state-waiting").into(),
    }
}

fn streaming(model: &Model, turn: &Turn, wide: bool) -> Vec<Figure> {
    let mut figures = place(model, turn, 5);
    let spoken = figures.len();
    if let Some(ttft) = turn.timings().ttft {
        figures.push(figure(2, say!("figure-ttft", time = time(ttft))));
    }
    if let Some(speed) = turn.prefill_tps() {
        figures.push(figure(4, say!("figure-prefill", rate = rate(speed))));
    }
    if let Some(speed) = turn.rate().current(model.now()) {
        figures
            .push(figure(1, with_history(model, say!("figure-decode", rate = rate(speed)), wide)));
    }
    if let Some(speed) = turn.decode_tps() {
        figures.push(figure(3, say!("status-mean", rate = rate(speed))));
    }
    if figures.len() == spoken {
        figures.push(figure(1, word("status-streaming")));
    }
    figures
}

/// Says whether the next turn or the one after it may not fit any more.
fn is_nearly_full(used: u32, total: u32) -> bool {
    // Seven eighths: about where a question and an answer of usual length no longer fit 4096.
    u64::from(used) * 8 >= u64::from(total) * 7
}

fn resources(model: &Model, wide: bool) -> Vec<Figure> {
    let mut figures = Vec::new();
    let (used, total) = (model.current().context_tokens(), model.context_limit());
    if total > 0 {
        let mut told = say!("status-context", used = used, total = total);
        if wide {
            let share = f64::from(used) / f64::from(total);
            write!(told, " {} {:.0} %", meter(share, METER), share * 100.0).ok();
        }
        figures.push(figure(1, told));
        if is_nearly_full(used, total) {
            figures.push(figure(2, word("status-nearly-full")));
        }
    }
    // That the device does well is said only where there is room for it.
    let health = model.engine().health();
    let told = health.filter(|it| wide || it.level != DeviceLevel::Normal);
    if let Some(health) = told {
        figures
            .insert(0, figure(3, say!("status-device", level = words::level_name(health.level))));
    }
    figures
}
