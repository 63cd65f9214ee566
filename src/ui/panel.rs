//! The panel of the device: its state, both speeds, the cache, and every signal with its source.

use crate::app::Model;
use crate::app::Turn;
use crate::chat::DeviceLevel;
use crate::chat::Health;
use crate::chat::Place;
use crate::chat::Prediction;
use crate::chat::Rates;
use crate::device;
use crate::device::Reading;
use crate::route;
use crate::route::Concern;
use crate::theme::Role;
use crate::ui::figures::DOT;
use crate::ui::figures::bars;
use crate::ui::figures::bytes;
use crate::ui::figures::rate;
use crate::ui::figures::time;
use crate::ui::overlay::Row;
use crate::ui::rows::Rows;

/// Bars of a history: as many as stand beside a name with the newest value.
const BARS_MOST: usize = 24;

/// Returns the panel as rows: beside their names where there is room, else below them.
pub(super) fn rows(model: &Model, beside: bool, columns: usize) -> Vec<Row> {
    let mut rows = Rows::new(beside, columns);
    rows.heading("engine");
    let health = model.engine().health();
    if let Some(health) = health {
        engine(health, &mut rows);
    } else {
        rows.add(Role::Dim, "not heard of yet", "the next question starts it");
    }
    speeds(model, &mut rows);
    cache(model.current().turns(), &mut rows);
    endpoints(model.places(), &mut rows);
    rows.heading("signals");
    let known = health.cloned().unwrap_or_default();
    let concerns = route::concerns(&known.sample, &known.rates);
    // The speeds stand above, with their history.
    let spoken = |reading: &Reading| reading.key.ends_with("_tps");
    let readings = device::readings(&known.sample, &known.rates);
    for reading in readings.into_iter().filter(|reading| !spoken(reading)) {
        let concern = concerns.iter().find(|(key, _)| *key == reading.key);
        signal(&reading, concern.map(|(_, concern)| *concern), &mut rows);
    }
    rows.done()
}

fn engine(health: &Health, rows: &mut Rows) {
    let role = match health.level {
        DeviceLevel::Normal => Role::Good,
        DeviceLevel::Strained | DeviceLevel::Recovering => Role::Warn,
        DeviceLevel::Overloaded => Role::Bad,
    };
    rows.add(role, "state", health.level.name());
    rows.add(Role::Text, "threads", &health.threads.to_string());
    rows.add(Role::Text, "memory", &bytes(health.resident_bytes));
    let pool = format!("{} of {} tokens", health.pool_used, health.pool_tokens);
    rows.add(Role::Text, "pool", &pool);
    let turns = format!("{} running{DOT}{} waiting", health.running, health.queued);
    rows.add(Role::Text, "turns", &turns);
}

fn speeds(model: &Model, rows: &mut Rows) {
    let speed = |of: fn(&Rates) -> Option<f64>| {
        let history: Vec<Option<f64>> = model.engine().history().map(of).collect();
        let newest = history.iter().rev().find_map(|rate| *rate);
        newest.map(|newest| format!("{} {} tok/s", bars(&history, BARS_MOST), rate(newest)))
    };
    for (name, of) in [
        ("decode", (|rates| rates.decode_tps) as fn(&Rates) -> Option<f64>),
        ("prefill", |rates| rates.prefill_tps),
    ] {
        match speed(of) {
            Some(words) => rows.add(Role::Text, name, &words),
            None => rows.add(Role::Dim, name, "not measured yet"),
        }
    }
}

/// What was measured of the endpoints, where there are any.
fn endpoints(places: &[Place], rows: &mut Rows) {
    if !places.is_empty() {
        rows.heading("endpoints");
    }
    for place in places {
        let (role, mut words) = match place.measured {
            None => (Role::Dim, "not measured yet".to_owned()),
            Some(Prediction { ttft, tbt, .. }) => {
                (Role::Text, format!("TTFT {}{DOT}{} between tokens", time(ttft), time(tbt)))
            }
        };
        if let Some(rejected) = place.rejected {
            words = format!("{words}{DOT}{}", rejected.words());
        }
        rows.add(role, &place.endpoint, &words);
    }
}

fn cache(turns: &[Turn], rows: &mut Rows) {
    let sum = |of: fn(&Turn) -> u32| turns.iter().map(|turn| u64::from(of(turn))).sum::<u64>();
    let prompt = sum(|turn| turn.usage().prompt_tokens);
    let cached = sum(|turn| turn.usage().cached_tokens);
    if prompt == 0 {
        return rows.add(Role::Dim, "cache", "no answer in this session yet");
    }
    let share = cached as f64 / prompt as f64 * 100.0;
    rows.add(Role::Text, "cache", &format!("{cached} of {prompt} prompt tokens{DOT}{share:.0} %"));
}

fn signal(reading: &Reading, concern: Option<Concern>, rows: &mut Rows) {
    let Some(value) = reading.value else {
        return rows.add(Role::Dim, reading.name, &format!("unknown{DOT}{}", reading.source));
    };
    let (role, what) = match concern {
        None => (Role::Text, String::new()),
        Some(concern @ Concern::Strains) => (Role::Warn, format!(", {}", concern.name())),
        Some(concern @ Concern::Overloads) => (Role::Bad, format!(", {}", concern.name())),
    };
    rows.add(role, reading.name, &format!("{value}{what}{DOT}{}", reading.source));
}
