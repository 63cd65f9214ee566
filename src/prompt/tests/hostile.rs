//! Templates that mean harm: one clear line each, soon.

use crate::chat::Message;
use crate::chat::Role;
use crate::prompt::*;

fn failure(source: &str) -> String {
    let failed = match Template::new(source, &SpecialTexts::default()) {
        Ok(template) => template
            .render(&[Message::text(Role::User, "hi")], RenderOptions::default())
            .map(|rendered| rendered.pieces.concat().len())
            .expect_err("the template means harm"),
        Err(error) => error,
    };
    failed.to_string()
}

const ENDLESS: &str = "the model's chat template does not come to an end";

#[test]
fn what_does_not_parse() {
    let mut lines = Vec::new();
    lines.push(failure("a\n{% for x in %}"));
    lines.push(failure("{{ 'a' "));
    lines.push(failure("{% nonsense\u{1b} %}"));
    lines.push(failure(&"{{ (".repeat(50_000)));
    lines.push(failure(&format!("{{{{ {}1{} }}}}", "(".repeat(9_999), ")".repeat(9_999))));
    lines.push(failure(&"{% if 1 %}".repeat(9_999)));
    insta::assert_snapshot!(lines.join("\n"), @r"
    the model's chat template does not parse: line 2: syntax error: unexpected end of block
    the model's chat template does not parse: line 1: syntax error: unexpected end of input, expected end of variable block
    the model's chat template does not parse: line 1: syntax error: unknown statement nonsense
    the model's chat template does not parse: line 1: syntax error: template exceeds maximum recursion limits
    the model's chat template does not parse: line 1: syntax error: template exceeds maximum recursion limits
    the model's chat template does not parse: line 1: syntax error: template exceeds maximum recursion limits
    ");
}

#[test]
fn what_fails_on_the_way() {
    let lines = [
        failure("a\n\n{{ messages[0].nothing.at.all }}"),
        failure("{% macro m() %}\n{{ 1 + {} }}\n{% endmacro %}{{ m() }}"),
        failure("{% include 'other' %}"),
        failure("{{ nothing() }}"),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r"
    the model's chat template fails at line 3: undefined value: `messages[0].nothing` is undefined
    the model's chat template fails at line 2: invalid operation: tried to use + operator on unsupported types number and map
    the model's chat template fails at line 1: template not found: tried to include non-existing template 'other'
    the model's chat template fails at line 1: unknown function: nothing is unknown
    ");
}

#[test]
fn what_does_not_end() {
    // As deep as the fuel allows: compared, printed or only dropped, the stack must do.
    let nested = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
    assert_eq!(failure(nested), ENDLESS);
    assert_eq!(failure("{{ 'x' * 9999999999 }}"), ENDLESS);
    let doubling = "{% set ns = namespace(x='xx') %}{% for i in range(99) %}\
        {% set ns.x = ns.x + ns.x %}{% endfor %}";
    assert_eq!(failure(doubling), ENDLESS);
}

#[test]
fn what_writes_too_much() {
    let long = "{% for i in range(9999) %}{{ 'x' * 1000 }}{% endfor %}";
    assert_eq!(failure(long), "the model's chat template writes more than 1048696 bytes");
}

#[test]
fn what_nests_too_deep() {
    let mut lines = Vec::new();
    let macros = "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}";
    lines.push(failure(macros));
    let json = "{% set ns = namespace(x=[]) %}{% for i in range(999) %}\
        {% set ns.x = [ns.x] %}{% endfor %}{{ ns.x | tojson }}";
    lines.push(failure(json));
    let wide = "{% set ns = namespace(x=['xxxxxxxx']) %}{% for i in range(99) %}\
        {% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}";
    lines.push(failure(wide));
    // As deep as the fuel allows: compared, printed or only dropped, the stack must do.
    let nested = "{% set ns = namespace(x=[]) %}{% for i in range(N) %}\
        {% set ns.x = [[[[[[[[[[[[[[[ns.x]]]]]]]]]]]]]]] %}{% endfor %}";
    for tail in ["{{ ns.x == [ns.x] }}", "{{ ns.x }}", "{{ raise_exception('dropped') }}"] {
        for steps in ["1000", "2500", "90000"] {
            let source = nested.replace('N', steps) + tail;
            let template = Template::new(&source, &SpecialTexts::default()).unwrap();
            let outcome = template.render(&[], RenderOptions::default());
            lines.push(match outcome {
                Ok(rendered) => format!("{} bytes", rendered.pieces.concat().len()),
                Err(error) => error.to_string(),
            });
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    the model's chat template fails at line 1: invalid operation: recursion limit exceeded
    the model's chat template fails at line 1: could not serialize to value: the JSON is too large
    the model's chat template fails at line 1: could not serialize to value: the JSON is too large
    5 bytes
    the model's chat template does not come to an end
    the model's chat template does not come to an end
    30002 bytes
    the model's chat template does not come to an end
    the model's chat template does not come to an end
    the model's chat template refuses this conversation: dropped
    the model's chat template does not come to an end
    the model's chat template does not come to an end
    ");
}
