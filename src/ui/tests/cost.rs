//! What the draft would cost, on the rule above it.

use super::*;
use crate::app::Effect;
use crate::chat::Outlook;
use crate::chat::Promise;

/// Types a draft, lets it rest, and answers what it would cost.
fn counted(stage: &mut Stage) {
    stage.answered(0, "Why is the sky blue?", RAYLEIGH);
    "And why is it red at sunset?".chars().for_each(|c| stage.plain(KeyCode::Char(c)));
    stage.ms += 300;
    let effects = stage.model.update(Msg::Tick(stage.at()));
    let number = effects.iter().find_map(|effect| match effect {
        Effect::Foresee { number, .. } => Some(*number),
        _ => None,
    });
    let ms = Duration::from_millis;
    let promise = |route, ttft, total, measured| Promise {
        route,
        predicted: Some(Prediction {
            ttft: ms(ttft),
            ttft_risk: ms(ttft * 2),
            tbt: ms(20),
            total: ms(total),
        }),
        measured,
    };
    let routes = vec![
        promise(Route::Local, 210, 2300, true),
        promise(Route::Remote("work".into()), 900, 4000, true),
        promise(Route::Remote("cloud".into()), 800, 6000, false),
    ];
    let outlook = Outlook { prompt_tokens: 634, blank_tokens: Some(626), exact: true, routes };
    stage.send(Msg::Foreseen { number: number.expect("it is asked"), outlook });
}

#[test]
fn a_counted_draft() {
    snapshot("counted", counted);
}

#[test]
fn what_is_only_estimated_is_marked_and_an_empty_draft_costs_nothing() {
    let mut stage = Stage::ready(80, 24);
    counted(&mut stage);
    assert!(stage.shot().contains(" 8 tok · device 0.2 s · work 0.9 s · cloud ~0.8 s "));
    stage.plain(KeyCode::Char('x'));
    assert!(stage.shot().contains("~9 tok · device ~0.2 s "), "{}", stage.shot());
    stage.key(Key::ctrl('u'));
    let shot = stage.shot();
    assert!(!shot.contains("device 0") && !shot.contains(" tok · device"), "{shot}");
}

#[test]
fn the_cost_makes_way_for_what_is_below() {
    let mut stage = Stage::ready(40, 12);
    counted(&mut stage);
    stage.plain(KeyCode::PageUp);
    let shot = stage.shot();
    let rule = shot.lines().find(|row| row.contains(" below ")).expect("the rule");
    assert!(rule.contains(" 8 tok ") && !rule.contains("work"), "{shot}");
}
