//! Own minimal templates with the constructs of the known families. What is expected was printed
//! by Jinja2 (`tests/fixtures/templates/oracle.py`), so these compare two implementations.

use serde_json::Value as Json;
use time::macros::date;

use crate::chat::MediaHash;
use crate::chat::Message;
use crate::chat::Part;
use crate::chat::Role;
use crate::prompt::*;

macro_rules! fixture {
    ($folder:literal, $name:ident, $end:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/templates/",
            $folder,
            stringify!($name),
            $end
        ))
    };
}

macro_rules! families {
    ($($name:ident($bos:expr, $eos:expr);)*) => {$(
        #[test]
        fn $name() {
            let source = fixture!("", $name, ".jinja");
            compare(source, fixture!("expected/", $name, ".txt"), $bos, $eos);
            a_long_conversation_has_fuel_enough(source);
        }
    )*};
}

families! {
    chatml("", "<|im_end|>");
    llama3("<|begin_of_text|>", "<|eot_id|>");
    gemma("<bos>", "<eos>");
    mistral("<s>", "</s>");
    qwen("", "<|im_end|>");
    phi("<s>", "<|endoftext|>");
    smollm2("", "<|im_end|>");
    deepseek("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>");
}

fn compare(source: &str, expected: &str, bos: &str, eos: &str) {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let tokens = SpecialTexts { specials: Vec::new(), bos: some(bos), eos: some(eos) };
    let template = Template::new(source, &tokens).unwrap();
    let mut out = String::new();
    for (name, messages) in cases() {
        for (add_generation_prompt, state) in [(true, "open"), (false, "closed")] {
            let options =
                RenderOptions { add_generation_prompt, date: Some(date!(2026 - 03 - 05)) };
            let text = match template.render(&messages, options) {
                Ok(rendered) => {
                    let text = rendered.pieces.concat();
                    assert_eq!(rendered.pieces.len(), 1, "{text}");
                    assert_eq!(rendered.starts_with_bos, !bos.is_empty() && text.starts_with(bos));
                    text
                }
                Err(TemplateError::Refused(reason)) => format!("refused: {reason}"),
                Err(other) => panic!("{other}"),
            };
            out.extend(["=== ", &name, ", ", state, "\n", &text, "\n"]);
        }
    }
    assert!(out == expected, "ours:\n{out}\nexpected:\n{expected}");
}

/// 400 turns, of which one holds most of the text.
fn a_long_conversation_has_fuel_enough(source: &str) {
    let turn = |n: usize| {
        let role = if n.is_multiple_of(2) { Role::User } else { Role::Assistant };
        Message::text(role, "words ".repeat(if n == 7 { 100_000 } else { 50 }))
    };
    let system = Message::text(Role::System, "Be brief.");
    let messages: Vec<Message> = [system].into_iter().chain((0..401).map(turn)).collect();
    let text = render(source, &messages).unwrap();
    assert!(text.len() > 100_000 * 6 + 400 * 50 * 6 - 1000 && text.contains("Be brief."));
}

fn cases() -> Vec<(String, Vec<Message>)> {
    let cases: Json = serde_json::from_str(fixture!("", cases, ".json")).unwrap();
    let case = |case: &Json| {
        let messages = case["messages"].as_array().unwrap().iter().map(message).collect();
        (text(&case["name"]), messages)
    };
    cases.as_array().unwrap().iter().map(case).collect()
}

fn message(value: &Json) -> Message {
    let roles = [Role::System, Role::User, Role::Assistant, Role::Tool];
    let role = *roles.iter().find(|role| value["role"] == role.name()).unwrap();
    if role == Role::Tool {
        let (id, content) = (text(&value["tool_call_id"]), text(&value["content"]));
        return Message { role, parts: vec![Part::ToolResult { id, content }] };
    }
    let mut message = Message::text(role, text(&value["content"]));
    if let Some(thought) = value["reasoning_content"].as_str() {
        message.parts.insert(0, Part::Reasoning(thought.to_owned()));
    }
    for call in value["tool_calls"].as_array().into_iter().flatten() {
        let (id, name) = (text(&call["id"]), text(&call["function"]["name"]));
        let arguments = call["function"]["arguments"].to_string();
        message.parts.push(Part::ToolCall { id, name, arguments });
    }
    message
}

fn text(value: &Json) -> String {
    value.as_str().unwrap().to_owned()
}

fn user(content: &str) -> Message {
    Message::text(Role::User, content)
}

fn render(source: &str, messages: &[Message]) -> Result<String, TemplateError> {
    let template = Template::new(source, &SpecialTexts::default())?;
    let rendered = template.render(messages, RenderOptions::default())?;
    Ok(rendered.pieces.concat())
}

#[test]
fn without_a_template_chatml_is_written() {
    let template = Template::chatml(&SpecialTexts::default());
    let options = RenderOptions { add_generation_prompt: true, date: None };
    let rendered = template.render(&[user("Hi")], options).unwrap();
    let expected = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n";
    assert_eq!(rendered, Rendered { pieces: vec![expected.to_owned()], starts_with_bos: false });
}

#[test]
fn without_a_day_there_is_no_clock() {
    let source = "{{ strftime_now is defined }}";
    assert_eq!(render(source, &[]).unwrap(), "False");
}

#[test]
fn the_day_is_written_as_python_writes_it() {
    let source = "{{ strftime_now('%d %-d %m %Y %y %j %B %b %A %a %F %H:%M:%S %I %p %% %q %') }}";
    let template = Template::new(source, &SpecialTexts::default()).unwrap();
    let options = RenderOptions { date: Some(date!(2026 - 03 - 05)), ..RenderOptions::default() };
    assert_eq!(
        template.render(&[], options).unwrap().pieces,
        ["05 5 03 2026 26 064 March Mar Thursday Thu 2026-03-05 00:00:00 12 AM % %q %"]
    );
}

#[test]
fn a_system_message_left_out_without_a_word_goes_to_the_user() {
    let source = "{% for m in messages if m.role == 'user' %}[{{ m.content }}]{% endfor %}";
    let system = Message::text(Role::System, " Rhyme. ");
    let messages = [system.clone(), user("a"), user("b")];
    assert_eq!(render(source, &messages).unwrap(), "[Rhyme.\n\na][b]");
    assert_eq!(render(source, &[system]).unwrap(), "[Rhyme.]");
    assert_eq!(render(source, &[Message::text(Role::System, " "), user("a")]).unwrap(), "[a]");
}

#[test]
fn a_system_message_told_in_other_words_stays_where_it_is() {
    let source = "{% for m in messages %}{{ m.role }} {{ m.content | tojson }}\n{% endfor %}";
    let messages = [Message::text(Role::System, "a\nb"), user("c\nd")];
    assert_eq!(render(source, &messages).unwrap(), "system \"a\\nb\"\nuser \"c\\nd\"\n");
}

#[test]
fn a_system_message_that_ends_like_a_special_text_is_merged_too() {
    let source = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}\
        {% endif %}[{{ m.content }}]{% endfor %}";
    let specials = vec!["<end>".to_owned()];
    let tokens = SpecialTexts { specials, ..SpecialTexts::default() };
    let template = Template::new(source, &tokens).unwrap();
    let messages = [Message::text(Role::System, "a\u{fdd0} <"), user("b")];
    let rendered = template.render(&messages, RenderOptions::default()).unwrap();
    assert_eq!(rendered.pieces, ["[a\u{fffd} <\n\nb]"]);
}

#[test]
fn a_refusal_that_merging_does_not_help_is_told() {
    let source = "{{ raise_exception('never\\x1b[31m ' + messages|length|string) }}";
    let messages = [Message::text(Role::System, "s"), user("a")];
    assert_eq!(
        render(source, &messages).unwrap_err().to_string(),
        r"the model's chat template refuses this conversation: never\u{1b}[31m 2"
    );
}

#[test]
fn attachments_are_refused() {
    let result = Part::ToolResult { id: "1".into(), content: "see".into() };
    let media = Part::Media(MediaHash([0; 32]));
    for parts in [vec![media.clone()], vec![result, media]] {
        let message = Message { role: Role::User, parts };
        let error = render("{{ messages }}", &[message]).unwrap_err();
        assert_eq!(error.to_string(), "this model takes text only");
    }
}

#[test]
fn arguments_that_are_no_json_stay_text() {
    let call = Part::ToolCall { id: "1".into(), name: "f".into(), arguments: "{\"a\": ".into() };
    let message = Message { role: Role::Assistant, parts: vec![call] };
    let source = "{{ messages[0].tool_calls[0].function.arguments }}";
    assert_eq!(render(source, &[message]).unwrap(), "{\"a\": ");
}

#[test]
fn the_longest_common_prefix_is_over_tokens_and_media() {
    let media = |n| Unit::Media(MediaHash([7; 32]), n);
    let cached = [Unit::Token(1), media(0), media(1), Unit::Token(2)];
    assert_eq!(common_prefix(&cached, &cached), 4);
    assert_eq!(common_prefix(&cached, &cached[..2]), 2);
    assert_eq!(common_prefix(&cached, &[Unit::Token(1), media(1)]), 1);
    assert_eq!(common_prefix(&cached, &[Unit::Media(MediaHash([8; 32]), 0)]), 0);
    assert_eq!(common_prefix(&[], &cached), 0);
}
