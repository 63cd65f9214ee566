//! Why the last turn ran where it did: what every route promised, and what stood against it.

use crate::app::Model;
use crate::chat::Candidate;
use crate::chat::Decision;
use crate::chat::SwitchPrice;
use crate::theme::Role;
use crate::ui::figures::DOT;
use crate::ui::figures::bytes;
use crate::ui::figures::guess;
use crate::ui::overlay::Row;
use crate::ui::rows::Rows;
use crate::words;
use crate::words::say;
use crate::words::word;

/// Returns the reasons as rows: beside their names where there is room, else below them.
pub(super) fn rows(model: &Model, beside: bool, columns: usize) -> Vec<Row> {
    let mut rows = Rows::new(beside, columns);
    rows.heading(word("why"));
    let decision = model.current().turns().iter().rev().find_map(|turn| turn.decision());
    let Some(decision) = decision else {
        rows.add(Role::Dim, word("why-nothing"), word("why-undecided"));
        return rows.done();
    };
    let Decision { route, model, reason, considered, price, .. } = decision;
    rows.add(Role::Text, &route.to_string(), model);
    rows.add(Role::Text, word("why-reason"), reason);
    if let Some(price) = price {
        rows.add(Role::Warn, word("why-price"), &given_up(price));
    }
    rows.heading(word("why-routes"));
    if considered.is_empty() {
        rows.add(Role::Dim, word("why-not-kept"), word("why-only-now"));
    }
    for candidate in considered {
        promise(candidate, candidate.route == *route, &mut rows);
    }
    rows.done()
}

/// Words what leaving a route without need costs, and what for.
fn given_up(price: &SwitchPrice) -> String {
    let mut costs = vec![say!("why-again", count = price.tokens_again)];
    if price.bytes_out > 0 {
        costs.push(say!("why-sent", size = size(price.bytes_out)));
    }
    if price.cost_micros > 0 {
        costs.push(say!("why-costs", money = money(price.cost_micros)));
    }
    let costs = costs.join(", ");
    if price.gain.is_zero() {
        return costs;
    }
    say!("why-gains", costs = costs, time = guess(price.gain))
}

fn promise(candidate: &Candidate, chosen: bool, rows: &mut Rows) {
    let name = candidate.route.to_string();
    if let Some(reject) = candidate.rejected {
        return rows.add(Role::Dim, &name, words::reject_words(reject));
    }
    let role = if chosen { Role::Good } else { Role::Text };
    let Some(predicted) = candidate.predicted else {
        return rows.add(role, &name, word("why-unmeasured"));
    };
    let times = say!(
        "why-times",
        first = guess(predicted.ttft),
        worst = guess(predicted.ttft_risk),
        all = guess(predicted.total)
    );
    rows.add(role, &name, &times);
    let mut costs = vec![say!("why-tokens", count = candidate.new_tokens)];
    if candidate.upload_bytes > 0 {
        costs.push(say!("why-leaves", size = size(candidate.upload_bytes)));
    }
    if candidate.cost_micros > 0 {
        costs.push(say!("why-costs", money = money(candidate.cost_micros)));
    }
    rows.add(Role::Dim, "", &costs.join(DOT));
}

/// Words money: millionths of whatever currency the user's prices are in.
fn money(micros: u64) -> String {
    format!("{:.4}", micros as f64 / 1e6)
}

/// Words a size of text.
fn size(size: u64) -> String {
    match size {
        0..10_000 => say!("why-bytes", count = size),
        10_000..1_000_000 => format!("{} kB", size / 1000),
        size => bytes(size),
    }
}
