//! Recorded frames of every protocol, and what is wrong with others.

use super::*;
use crate::chat::Limits;
use crate::chat::Message;
use crate::chat::Part;
use crate::chat::Priority;
use crate::chat::PrivacyClass;
use crate::chat::Role;
use crate::chat::Sampling;
use crate::chat::SessionId;

fn generation() -> Generation {
    Generation {
        session: SessionId(1),
        class: PrivacyClass::Open,
        messages: vec![
            Message::text(Role::System, "Be brief."),
            Message::text(Role::User, "Hi"),
            Message {
                role: Role::Assistant,
                parts: vec![Part::Reasoning("secret".into()), Part::Text("Hello".into())],
            },
            Message::text(Role::User, "Bye \"é\""),
        ],
        sampling: Sampling { temp: 0.7, seed: Some(7), ..Sampling::default() },
        limits: Limits { max_tokens: Some(64), stop: vec!["###".into()], n_ctx: 2048 },
        priority: Priority::default(),
        ephemeral: true,
        constraint: Constraint::Free,
    }
}

fn json(protocol: Protocol, strict: bool) -> Value {
    let generation = generation();
    let ask = Ask { generation: &generation, model: Some("m"), strict };
    let bytes = body(protocol, ask).expect("it can be sent");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn bodies_say_what_was_asked() {
    let all: Vec<Value> = [
        (Protocol::OpenAi, false),
        (Protocol::OpenAi, true),
        (Protocol::Anthropic, false),
        (Protocol::Anthropic, true),
        (Protocol::Ollama, false),
    ]
    .map(|(protocol, strict)| json(protocol, strict))
    .into();
    assert!(all.iter().all(|body| !body.to_string().contains("secret")), "thoughts stay here");
    insta::assert_snapshot!("bodies", serde_json::to_string_pretty(&all).expect("JSON"));
}

#[test]
fn a_schema_goes_along_in_every_protocols_own_words_and_a_grammar_in_none() {
    let text =
        r#"{"type":"object","properties":{"why":{"type":"string"},"answer":{"type":"integer"}}}"#;
    let held = |protocol, constraint| {
        let generation = Generation { constraint, ..generation() };
        body(protocol, Ask { generation: &generation, model: Some("m"), strict: false })
    };
    let wanted: Value = serde_json::from_str(text).expect("JSON");
    let table = [
        (Protocol::OpenAi, "/response_format/json_schema/schema"),
        (Protocol::Anthropic, "/output_config/format/schema"),
        (Protocol::Ollama, "/format"),
    ];
    for (protocol, place) in table {
        let body = held(protocol, Constraint::JsonSchema(text.into())).expect("it can be sent");
        let sent: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(sent.pointer(place), Some(&wanted), "{sent}");
        let body = String::from_utf8(body).expect("text");
        assert!(body.contains(text), "in the order in which it was written: {body}");
        assert!(json(protocol, false).pointer(place).is_none(), "nobody asked for it");
        let fault = held(protocol, Constraint::Grammar("root ::= \"a\"".into()));
        assert_eq!(fault.expect_err("nobody knows it").kind, FaultKind::NoRoute);
    }
}

#[test]
fn an_answer_that_is_to_be_continued_is_sent_to_where_it_can_be() {
    let able = |strict| Protocol::NAMES.map(|(name, protocol)| (name, continues(protocol, strict)));
    assert_eq!(able(false), [("openai", true), ("anthropic", false), ("ollama", true)]);
    assert_eq!(able(true), [("openai", false), ("anthropic", true), ("ollama", true)]);
    for (protocol, sent) in [
        (Protocol::OpenAi, "Once upon \n"),
        (Protocol::Anthropic, "Once upon"),
        (Protocol::Ollama, "Once upon \n"),
    ] {
        let mut generation = generation();
        generation.messages.push(Message::text(Role::Assistant, "Once upon \n"));
        let ask = Ask { generation: &generation, model: Some("m"), strict: false };
        let bytes = body(protocol, ask).expect("it can be sent");
        let body: Value = serde_json::from_slice(&bytes).expect("JSON");
        let last = body["messages"].as_array().and_then(|all| all.last()).expect("a message");
        assert_eq!(last["content"], sent);
        assert_eq!(sent.to_owned() + unsent(protocol, "Once upon \n"), "Once upon \n");
    }
}

#[test]
fn what_cannot_be_sent_is_said() {
    for part in [
        Part::Media(crate::chat::MediaHash([0; 32])),
        Part::ToolResult { id: "1".into(), content: "x".into() },
    ] {
        let mut generation = generation();
        generation.messages.push(Message { role: Role::User, parts: vec![part] });
        for (_, protocol) in Protocol::NAMES {
            let ask = Ask { generation: &generation, model: None, strict: false };
            let fault = body(protocol, ask).expect_err("not yet");
            assert_eq!(fault.kind, FaultKind::NoRoute);
        }
    }
}

#[test]
fn an_address_without_a_path_gets_the_usual_one() {
    assert_eq!(path(Protocol::OpenAi, "", What::Chat), "v1/chat/completions");
    assert_eq!(path(Protocol::OpenAi, "/api/v1", What::Chat), "chat/completions");
    assert_eq!(path(Protocol::Anthropic, "/v1", What::Chat), "messages");
    assert_eq!(path(Protocol::Ollama, "", What::Models), "api/tags");
    assert_eq!(path(Protocol::Ollama, "/api", What::Chat), "chat");
}

fn steps(protocol: Protocol, stream: &str) -> (Vec<Step>, Result<(), WireError>) {
    let mut reader = Reader::new(protocol);
    let mut steps = Vec::new();
    let read = reader.push(stream.as_bytes(), &mut steps);
    let read = read.and_then(|()| reader.end(&mut steps));
    (steps, read)
}

fn text(steps: &[Step]) -> String {
    let texts = steps.iter().filter_map(|step| match step {
        Step::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

const OPENAI: &str = concat!(
    "data: {\"id\":\"1\",\"model\":\"big\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null},\"finish_reason\":null}]}\n\n",
    "data: {\"model\":\"big\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"hm\"},\"finish_reason\":null}]}\n\n",
    ": keep-alive\n\n",
    "data: {\"model\":\"big\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"},\"finish_reason\":null},{\"index\":1,\"delta\":{\"content\":\"X\"}}]}\n\n",
    "data: {\"model\":\"big\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\n",
    "data: [DONE]\n\n",
);

const ANTHROPIC: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"big\",\"usage\":{\"input_tokens\":5,\"cache_read_input_tokens\":4,\"output_tokens\":0}}}\n\n",
    "event: ping\ndata: {\"type\":\"ping\"}\n\n",
    "event: new\ndata: {\"type\":\"of_tomorrow\",\"x\":1}\n\n",
    "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\"}}\n\n",
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\n",
    "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hel\"}}\n\n",
    "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"lo\"}}\n\n",
    "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n",
    "data: {\"type\":\"message_stop\"}\n\n",
);

const OLLAMA: &str = concat!(
    "{\"model\":\"big\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"hm\"},\"done\":false}\n",
    "{\"model\":\"big\",\"message\":{\"role\":\"assistant\",\"content\":\"Hel\"},\"done\":false}\n",
    "{\"model\":\"big\",\"message\":{\"role\":\"assistant\",\"content\":\"lo\"},\"done\":false}\n",
    "{\"model\":\"big\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":9,\"eval_count\":2}\n",
);

#[test]
fn a_whole_answer_is_read_from_every_protocol() {
    for (protocol, stream, cached) in [
        (Protocol::OpenAi, OPENAI, Some(4)),
        (Protocol::Anthropic, ANTHROPIC, Some(4)),
        (Protocol::Ollama, OLLAMA, None),
    ] {
        let (steps, read) = steps(protocol, stream);
        assert_eq!(read, Ok(()), "{protocol:?}");
        assert_eq!(text(&steps), "Hello", "{protocol:?}");
        assert!(steps.contains(&Step::Served { model: "big".into(), host: None }), "{steps:?}");
        assert!(steps.contains(&Step::Stop(StopReason::EndOfTurn)), "{steps:?}");
        assert_eq!(steps.last(), Some(&Step::End), "{protocol:?}");
        let served = steps.iter().filter(|step| matches!(step, Step::Served { .. })).count();
        assert_eq!(served, 1, "{protocol:?}");
        let mut sum = Tokens::default();
        for step in &steps {
            if let Step::Tokens(tokens) = step {
                sum.prompt = tokens.prompt.or(sum.prompt);
                sum.cached = tokens.cached.or(sum.cached);
                sum.completion = tokens.completion.or(sum.completion);
            }
        }
        assert_eq!(sum, Tokens { prompt: Some(9), cached, completion: Some(2) }, "{protocol:?}");
    }
}

#[test]
fn without_its_own_end_nothing_is_whole() {
    for (protocol, stream) in
        [(Protocol::OpenAi, OPENAI), (Protocol::Anthropic, ANTHROPIC), (Protocol::Ollama, OLLAMA)]
    {
        let lines: Vec<&str> = stream.split_inclusive('\n').collect();
        for cut in 0..lines.len() - 1 {
            let (steps, _) = steps(protocol, &lines[..cut].concat());
            assert!(!steps.contains(&Step::End), "{protocol:?} cut at {cut}");
        }
    }
}

#[test]
fn a_failure_in_the_stream_keeps_what_came_before() {
    let table = [
        (
            Protocol::OpenAi,
            "data: {\"error\":{\"message\":\"over\\u001b[2J loaded.\",\"type\":\"server_error\"}}\n\n",
        ),
        (Protocol::OpenAi, "data: {\"error\":{\"message\":\"over loaded\",\"code\":503}}\n\n"),
        (
            Protocol::Anthropic,
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"over loaded\"}}\n\n",
        ),
    ];
    for (protocol, error) in table {
        let whole = if protocol == Protocol::OpenAi { OPENAI } else { ANTHROPIC };
        let before = &whole[..whole.find("lo\\\"").unwrap_or(whole.find("\"lo\"").expect("it"))];
        let before = &before[..before.rfind("data: ").expect("an event")];
        let (steps, read) = steps(protocol, &format!("{before}{error}"));
        assert_eq!(text(&steps), "Hel");
        let message = "over loaded".to_owned();
        assert_eq!(read, Err(WireError::Refused { message, transient: true }));
    }
    let (_, read) = steps(Protocol::Ollama, "{\"error\":\"model 'x' not found\"}\n");
    let message = "model 'x' not found".to_owned();
    assert_eq!(read, Err(WireError::Refused { message, transient: false }));
}

#[test]
fn what_is_none_of_the_protocols_is_named() {
    let table = [
        (Protocol::OpenAi, "data: {\"choices\":[{\"delta\":\n\n"),
        (Protocol::OpenAi, "data: 1\n\n"),
        (
            Protocol::Anthropic,
            "data: {\"type\":\"content_block_delta\",\"index\":3,\"delta\":{\"text\":\"x\"}}\n\n",
        ),
        (Protocol::Anthropic, "data: {\"type\":\"message_stop\"}\n\n"),
        (Protocol::Anthropic, "data: {}\n\n"),
        (Protocol::Ollama, "{\"message\":{\"content\":\"x\n"),
        (Protocol::Ollama, "[]\n"),
    ];
    for (protocol, stream) in table {
        let (steps, read) = steps(protocol, stream);
        assert!(matches!(read, Err(WireError::Malformed(_))), "{stream}: {read:?} {steps:?}");
    }
    let deep = format!("data: {}{}\n\n", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(steps(Protocol::OpenAi, &deep).1, Err(WireError::Malformed(_))));
}

#[test]
fn a_server_that_passes_the_question_on_is_told() {
    let line = "{\"model\":\"x\",\"remote_model\":\"gpt\",\"remote_host\":\"https://ollama.com:443\",\"message\":{\"content\":\"a\"}}\n";
    let served = |stream| steps(Protocol::Ollama, stream).0.remove(0);
    let host = Some("https://ollama.com:443".to_owned());
    assert_eq!(served(line), Step::Served { model: "gpt".into(), host });
    let cloud = "{\"model\":\"qwen3:480b-cloud\",\"message\":{\"content\":\"a\"}}\n";
    let host = Some("elsewhere".to_owned());
    assert_eq!(served(cloud), Step::Served { model: "qwen3:480b-cloud".into(), host });
}

#[test]
fn models_are_read_from_every_protocol() {
    let openai = br#"{"object":"list","data":[{"id":"a","object":"model"},{"id":"b\u001b[2J"}]}"#;
    let ollama = br#"{"models":[{"name":"a"},{"name":"b"}]}"#;
    assert_eq!(models(Protocol::OpenAi, openai), Ok(vec!["a".into(), "b".into()]));
    assert_eq!(models(Protocol::Anthropic, openai), Ok(vec!["a".into(), "b".into()]));
    assert_eq!(models(Protocol::Ollama, ollama), Ok(vec!["a".into(), "b".into()]));
    assert!(models(Protocol::OpenAi, b"<html>").is_err());
}
