//! The list of routes and models, and what the panel says of endpoints.

use super::*;
use crate::chat::Place;
use crate::chat::Shelved;

fn places() -> Vec<Place> {
    let ms = Duration::from_millis;
    let measured = Prediction { ttft: ms(900), ttft_risk: ms(2000), tbt: ms(25), total: ms(6000) };
    let place = |endpoint: &str, model: &str, measured, rejected| Place {
        endpoint: endpoint.into(),
        model: model.into(),
        measured,
        rejected,
    };
    vec![
        place("work", "qwen3-32b", Some(measured), None),
        place("cloud", "big", None, None),
        place("old", "tiny", Some(measured), Some(Reject::Breaker)),
    ]
}

fn told(stage: &mut Stage) {
    let settings = Settings { privacy: chat::PrivacyClass::Open, ..stage.model.settings().clone() };
    stage.restart(settings);
    stage.load(LoadState::Ready(ModelInfo { pool_tokens: 4096, ..ModelInfo::default() }));
    stage.plain(KeyCode::F(4));
    stage.send(Msg::Places(places()));
    let model = |name: &str, bytes, fits, decode_tps, fault: Option<&str>| Shelved {
        name: name.into(),
        bytes,
        fits,
        decode_tps,
        fault: fault.map(str::to_owned),
    };
    stage.send(Msg::Shelved(vec![
        model("smollm2-135m-instruct", 98_362_432, Some(true), Some(96.2), None),
        model("Qwen3-0.6B-Q8_0", 639_446_688, Some(true), None, None),
        model("Qwen3-32B-Q4_K_M", 19_762_149_024, Some(false), None, None),
        model("half", 1000, None, None, Some("only 1 of 2 files of the model are there")),
    ]));
}

#[test]
fn routes_and_models() {
    snapshot("places", told);
}

#[test]
fn the_panel_tells_of_endpoints() {
    let mut stage = Stage::ready(80, 24);
    told(&mut stage);
    stage.plain(KeyCode::Esc);
    stage.plain(KeyCode::F(2));
    let shot = stage.shot();
    assert!(shot.contains("TTFT 900 ms · 25 ms between tokens"), "{shot}");
    assert!(shot.contains("not measured yet"), "{shot}");
    assert!(shot.contains("failed too often"), "{shot}");
}
