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
use crate::ui::signals;
use crate::words;
use crate::words::say;
use crate::words::word;

/// Bars of a history: as many as stand beside a name with the newest value.
const BARS_MOST: usize = 24;

/// Returns the panel as rows: beside their names where there is room, else below them.
pub(super) fn rows(model: &Model, beside: bool, columns: usize) -> Vec<Row> {
    let mut rows = Rows::new(beside, columns);
    rows.heading(word("panel-engine"));
    let health = model.engine().health();
    if let Some(health) = health {
        engine(health, &mut rows);
    } else {
        rows.add(Role::Dim, word("panel-unheard"), word("panel-unheard-why"));
    }
    speeds(model, &mut rows);
    cache(model.current().turns(), &mut rows);
    endpoints(model.places(), &mut rows);
    rows.heading(word("panel-signals"));
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
    rows.add(role, word("panel-state"), words::level_name(health.level));
    rows.add(Role::Text, word("panel-threads"), &health.threads.to_string());
    rows.add(Role::Text, word("panel-memory"), &bytes(health.resident_bytes));
    let pool = say!("panel-pool-tokens", used = health.pool_used, all = health.pool_tokens);
    rows.add(Role::Text, word("panel-pool"), &pool);
    let turns = [
        say!("panel-running", count = health.running),
        say!("panel-queued", count = health.queued),
    ];
    rows.add(Role::Text, word("panel-turns"), &turns.join(DOT));
}

fn speeds(model: &Model, rows: &mut Rows) {
    let speed = |of: fn(&Rates) -> Option<f64>| {
        let history: Vec<Option<f64>> = model.engine().history().map(of).collect();
        let newest = history.iter().rev().find_map(|rate| *rate);
        newest.map(|newest| {
            let speed = say!("figure-decode", rate = rate(newest));
            format!("{} {speed}", bars(&history, BARS_MOST))
        })
    };
    for (name, of) in [
        (word("panel-decode"), (|rates| rates.decode_tps) as fn(&Rates) -> Option<f64>),
        (word("panel-prefill"), |rates| rates.prefill_tps),
    ] {
        match speed(of) {
            Some(words) => rows.add(Role::Text, name, &words),
            None => rows.add(Role::Dim, name, word("panel-unmeasured")),
        }
    }
}

/// What was measured of the endpoints, where there are any.
fn endpoints(places: &[Place], rows: &mut Rows) {
    if !places.is_empty() {
        rows.heading(word("panel-endpoints"));
    }
    for place in places {
        let (role, mut words) = match place.measured {
            None => (Role::Dim, word("panel-unmeasured").to_owned()),
            Some(Prediction { ttft, tbt, .. }) => {
                let figures =
                    [say!("figure-ttft", time = time(ttft)), say!("panel-tbt", time = time(tbt))];
                (Role::Text, figures.join(DOT))
            }
        };
        if let Some(rejected) = place.rejected {
            words = format!("{words}{DOT}{}", words::reject_words(rejected));
        }
        rows.add(role, &place.endpoint, &words);
    }
}

fn cache(turns: &[Turn], rows: &mut Rows) {
    let sum = |of: fn(&Turn) -> u32| turns.iter().map(|turn| u64::from(of(turn))).sum::<u64>();
    let prompt = sum(|turn| turn.usage().prompt_tokens);
    let cached = sum(|turn| turn.usage().cached_tokens);
    if prompt == 0 {
        return rows.add(Role::Dim, word("panel-cache"), word("panel-cache-none"));
    }
    let share = cached as f64 / prompt as f64 * 100.0;
    let told = say!("panel-cache-tokens", cached = cached, all = prompt);
    rows.add(Role::Text, word("panel-cache"), &format!("{told}{DOT}{share:.0} %"));
}

fn signal(reading: &Reading, concern: Option<Concern>, rows: &mut Rows) {
    let Some(value) = reading.value else {
        let told = format!("{}{DOT}{}", word("panel-unknown"), signals::source(reading));
        return rows.add(Role::Dim, signals::name(reading), &told);
    };
    let (role, what) = match concern {
        None => (Role::Text, String::new()),
        Some(Concern::Strains) => (Role::Warn, format!(", {}", word("panel-strains"))),
        Some(Concern::Overloads) => (Role::Bad, format!(", {}", word("panel-overloads"))),
    };
    let value = signals::value(value);
    rows.add(
        role,
        signals::name(reading),
        &format!("{value}{what}{DOT}{}", signals::source(reading)),
    );
}
