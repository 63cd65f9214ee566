//! Why the last turn ran where it did: what every route promised, and what stood against it.

use crate::app::Model;
use crate::chat::Candidate;
use crate::chat::Decision;
use crate::route::price_words;
use crate::theme::Role;
use crate::ui::figures::DOT;
use crate::ui::figures::bytes;
use crate::ui::figures::guess;
use crate::ui::overlay::Row;
use crate::ui::rows::Rows;

/// Returns the reasons as rows: beside their names where there is room, else below them.
pub(super) fn rows(model: &Model, beside: bool, columns: usize) -> Vec<Row> {
    let mut rows = Rows::new(beside, columns);
    rows.heading("why the last turn ran where it did");
    let decision = model.current().turns().iter().rev().find_map(|turn| turn.decision());
    let Some(decision) = decision else {
        rows.add(Role::Dim, "nothing yet", "no turn of this session was decided");
        return rows.done();
    };
    let Decision { route, model, reason, considered, price } = decision;
    rows.add(Role::Text, &route.to_string(), model);
    rows.add(Role::Text, "reason", reason);
    if let Some(price) = price {
        rows.add(Role::Warn, "price of the change", &price_words(price));
    }
    rows.heading("routes");
    if considered.is_empty() {
        rows.add(Role::Dim, "not kept", "only of turns of this run");
    }
    for candidate in considered {
        promise(candidate, candidate.route == *route, &mut rows);
    }
    rows.done()
}

fn promise(candidate: &Candidate, chosen: bool, rows: &mut Rows) {
    let name = candidate.route.to_string();
    if let Some(reject) = candidate.rejected {
        return rows.add(Role::Dim, &name, reject.words());
    }
    let role = if chosen { Role::Good } else { Role::Text };
    let Some(predicted) = candidate.predicted else {
        return rows.add(role, &name, "nothing measured yet");
    };
    let times = format!(
        "token in {} ({} at worst), all in {}",
        guess(predicted.ttft),
        guess(predicted.ttft_risk),
        guess(predicted.total)
    );
    rows.add(role, &name, &times);
    let mut costs = vec![format!("{} tokens to evaluate", candidate.new_tokens)];
    if candidate.upload_bytes > 0 {
        costs.push(format!("{} leave", size(candidate.upload_bytes)));
    }
    if candidate.cost_micros > 0 {
        costs.push(money(candidate.cost_micros));
    }
    rows.add(Role::Dim, "", &costs.join(DOT));
}

/// Words money: millionths of whatever currency the user's prices are in.
fn money(micros: u64) -> String {
    format!("costs {:.4}", micros as f64 / 1e6)
}

/// Words a size of text.
fn size(size: u64) -> String {
    match size {
        0..10_000 => format!("{size} bytes"),
        10_000..1_000_000 => format!("{} kB", size / 1000),
        size => bytes(size),
    }
}
