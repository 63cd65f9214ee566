//! Whatever happens in whatever order, the chat keeps its promises.

use super::*;

fn key() -> impl Strategy<Value = String> {
    let names = [
        "<Enter>",
        "<C-j>",
        "<C-c>",
        "<C-d>",
        "<C-n>",
        "<A-n>",
        "<A-p>",
        "<A-w>",
        "<PgUp>",
        "<PgDn>",
        "<Home>",
        "<End>",
        "<F1>",
        "<Esc>",
        "<C-z>",
        "<C-l>",
        "<C-o>",
        "<C-r>",
        "<Del>",
        "<Up>",
        "<Down>",
        "<BS>",
        "<C-w>",
        "<C-_>",
        "<A-1>",
        "y",
        "n",
        "a",
        "?",
        " ",
        "/close<Enter>",
        "hi<Enter>",
    ];
    prop::sample::select(names.map(str::to_owned).to_vec())
}

fn reason() -> impl Strategy<Value = StopReason> {
    prop::sample::select(vec![
        StopReason::EndOfTurn,
        StopReason::Cancelled,
        StopReason::Failed(Fault::new("no")),
    ])
}

fn event() -> impl Strategy<Value = TurnEvent> {
    prop_oneof![
        (0..3_u32).prop_map(|ahead| TurnEvent::Token(TokenEvent::Queued(ahead))),
        any::<(u32, u32, u32)>().prop_map(|(done, total, cached)| {
            TurnEvent::Token(TokenEvent::Prefill { done, total, cached })
        }),
        ".{0,4}".prop_map(|text| TurnEvent::Token(TokenEvent::Delta(text))),
        reason().prop_map(|reason| {
            TurnEvent::Token(TokenEvent::Finished(reason, Usage::default()))
        }),
    ]
}

/// One step of a random run; the number is a time or a turn.
#[derive(Clone, Debug)]
enum Step {
    Keys(String),
    Paste(String),
    Turn(u64, TurnEvent),
    Wait(u64),
    Send(Msg),
}

fn step() -> impl Strategy<Value = Step> {
    let laid = (0..3_u128, 1..90_u16, 0..40_u16, 0..500_usize, 0..500_usize).prop_map(
        |(session, width, height, rows, top)| {
            let session = SessionId(session);
            Step::Send(Msg::Laid(Laid {
                session,
                width,
                height,
                rows,
                top,
                anchor: None,
                epoch: 0,
                composer_width: width,
                help_slack: height,
            }))
        },
    );
    prop_oneof![
        8 => key().prop_map(Step::Keys),
        1 => ".{0,20}".prop_map(Step::Paste),
        8 => (0..6_u64, event()).prop_map(|(turn, event)| Step::Turn(turn, event)),
        2 => (0..1500_u64).prop_map(Step::Wait),
        2 => laid,
        1 => Just(Step::Send(Msg::Lost(Fault::new("gone")))),
        1 => Just(Step::Send(Msg::Redraw)),
    ]
}

/// What must hold after every message.
fn hold(chat: &Chat, effects: &[Effect], deadline: bool) -> Result<(), TestCaseError> {
    let sessions = chat.model.sessions();
    prop_assert!(chat.model.current_index() < sessions.len());
    for session in sessions {
        let turns = session.turns();
        let earlier = &turns[..turns.len().saturating_sub(1)];
        prop_assert!(earlier.iter().all(|turn| !turn.is_open()), "two turns run in one session");
    }
    let exits = effects.iter().filter(|effect| **effect == Effect::Exit).count();
    let open = chat.model.open_turns().count();
    prop_assert!(exits == 0 || deadline || open == 0, "left with {open} open");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Any run keeps the invariants, a turn's end is final, and leaving always comes to an end.
    #[test]
    fn any_run_keeps_its_promises(steps in prop::collection::vec(step(), 0..80)) {
        let mut chat = Chat::new();
        let mut ended = std::collections::BTreeMap::new();
        let mut generated = Vec::new();
        let mut exits = 0;
        for step in steps {
            let effects = match step {
                Step::Keys(keys) => chat.keys(&keys),
                Step::Paste(text) => chat.send(Msg::Paste(text)),
                Step::Turn(turn, event) => {
                    chat.send(Msg::Turn { turn: TurnId(turn), event, at: chat.now })
                }
                Step::Wait(ms) => {
                    chat.wait(ms);
                    chat.send(Msg::Tick(chat.now))
                }
                Step::Send(msg) => chat.send(msg),
            };
            hold(&chat, &effects, false)?;
            exits += effects.iter().filter(|effect| **effect == Effect::Exit).count();
            for effect in &effects {
                if let Effect::Generate { turn, .. } = effect {
                    prop_assert!(!generated.contains(turn), "a turn is begun once");
                    generated.push(*turn);
                }
            }
            for turn in chat.model.sessions().iter().flat_map(Session::turns) {
                if let Phase::Finished(reason) = turn.phase() {
                    let first = ended.entry(turn.id()).or_insert_with(|| reason.clone());
                    prop_assert_eq!(&*first, reason, "an end is final");
                }
            }
        }
        chat.send(Msg::Quit(chat.now));
        let effects = chat.send(Msg::Deadline);
        hold(&chat, &effects, true)?;
        exits += effects.iter().filter(|effect| **effect == Effect::Exit).count();
        prop_assert!(exits <= 1);
        prop_assert_eq!(chat.model.open_turns().count(), 0);
        prop_assert!(chat.model.update(Msg::Redraw).is_empty());
        prop_assert_eq!(chat.model.next_deadline(), None);
    }
}
