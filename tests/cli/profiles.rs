//! The configuration and the flags over it, as far as they can be seen from outside.

use edgewise::config::EngineSettings;
use edgewise::config::Env;
use edgewise::config::Layer;
use edgewise::config::Settings;

use crate::answers::LONG;
use crate::events::Events;
use crate::home::Home;
use crate::running::Running;

#[test]
fn a_mistake_in_the_file_names_the_line_and_the_nearest_key() {
    let home = Home::new();
    let table = [
        ("[profiles.quick]\nmodell = \"x\"\n", ":6:1: ", "did you mean `model`?"),
        ("[profiles.quick]\nn_ctx = \"many\"\n", ":6:9: ", "n_ctx"),
        ("[profiles.quick]\nn_ctx = 0\n", ":6:9: ", "n_ctx"),
        ("[profiles.quick]\nmode = \"prefer-locl\"\n", ":6:8: ", "did you mean `prefer-local`?"),
        ("[engin]\n", ":5:2: ", "did you mean `engine`?"),
        ("[profiles.a]\nextends = \"a\"\n", ":6:11: ", "circle"),
        ("[profiles.a\n", ":5:", "error: "),
    ];
    for (text, place, hint) in table {
        let file = home.config(text).display().to_string();
        let ran = home.run(&["ask", "Hi"]).exits(2).answers_nothing();
        ran.says(&[&format!("{file}{place}"), hint]);
        let json = home.run(&["ask", "--json", "Hi"]).exits(2);
        assert_eq!(json.stderr, "");
        assert_eq!(Events::read(&json).finish()["error"]["kind"], "usage");
    }
    assert!(!home.had_an_engine());
}

#[test]
fn an_unknown_profile_or_endpoint_names_the_nearest() {
    let home = Home::new();
    home.config("[profiles.quick]\nextends = \"default\"\n");
    let ran = home.run(&["ask", "-p", "qick", "Hi"]).exits(2).answers_nothing();
    ran.says(&["no profile `qick`", "did you mean `quick`?"]);
    let json = home.run(&["ask", "--json", "-p", "\u{1b}[31m", "Hi"]).exits(2);
    assert_eq!(Events::read(&json).finish()["error"]["kind"], "usage");
    let odd = home.run(&["ask", "-p", "\u{1b}]0;title\u{7}x", "Hi"]).exits(2);
    assert!(!odd.stderr.contains(['\u{1b}', '\u{7}']), "{odd:?}");
    home.run(&["ask", "--endpoint", "lan", "Hi"]).exits(2).says(&["no endpoint `lan`"]);
    assert!(!home.had_an_engine());
}

#[test]
fn only_an_endpoint_is_no_route_and_preferring_one_is() {
    let home = Home::new();
    home.config("[profiles.far]\nmode = \"remote-only\"\n");
    let table: [(&[&str], &str, &str); 4] = [
        (&["--mode", "remote-only"], "", "remote-only"),
        (&["-p", "far"], "", "there is no endpoint"),
        (&["--mode", "remote-only", "--offline"], "", "--offline"),
        (&["--mode", "remote-only"], "1", "EDGEWISE_NO_REMOTE"),
    ];
    for (flags, switch, word) in table {
        let call = |more: &[&str]| {
            let args = [&["ask"], flags, more, &["Hi"]].concat();
            let mut command = home.command(&args);
            command.env("EDGEWISE_NO_REMOTE", switch);
            Running::start(command).end().exits(4)
        };
        call(&[]).answers_nothing().says(&[word, "hint: "]);
        let json = call(&["--json"]);
        assert_eq!(json.stderr, "");
        let events = Events::read(&json);
        assert_eq!(events.finish()["error"]["kind"], "no_route");
        assert!(events.finish()["route"].is_null(), "{events:?}");
    }
    // Said before a model is looked for.
    Home::without_model().run(&["ask", "--mode", "remote-only", "Hi"]).exits(4);
    assert!(!home.had_an_engine());
    let mut command = home.command(&["ask", "--offline", "--temp", "0", "Hi"]);
    command.env("EDGEWISE_NO_REMOTE", "1");
    Running::start(command).end().exits(0);
    let preferred = home.run(&["ask", "--mode", "prefer-remote", "--json", "--temp", "0", "Hi"]);
    let events = Events::read(&preferred.exits(0));
    assert_eq!(
        events.finish()["route"]["kind"],
        "local",
        "the device is there when nothing else is"
    );
}

#[test]
fn a_profile_and_what_it_extends_reach_the_turn() {
    let home = Home::new();
    home.config(
        "[profiles.parent]\nextends = \"default\"\nmax_tokens = 3\nsystem = \"Be kind.\"\n\
         sampling = { temp = 0.0 }\n\
         [profiles.child]\nextends = \"parent\"\n\
         [profiles.other]\nextends = \"child\"\nmax_tokens = 5\n\
         system = \"Be kind, and say everything in as few words as there can be.\"\n",
    );
    let ask = |args: &[&str]| {
        let args = [&["ask", "--json"], args, &[LONG]].concat();
        Events::read(&home.run(&args).exits(0))
    };
    let child = ask(&["-p", "child"]);
    let other = ask(&["-p", "other"]);
    assert_eq!((child.generated(), other.generated()), (3, 5));
    assert!(other.prompt() > child.prompt() + 5, "{other:?}");
    // The draw of both is the likeliest: the temperature is the grandparent's too.
    let flags = ask(&["--temp", "0", "--max-tokens", "3", "--system", "Be kind."]);
    assert_eq!((flags.prompt(), flags.text()), (child.prompt(), child.text()));
    // A flag is stronger than the profile.
    assert_eq!(ask(&["-p", "other", "--max-tokens", "2"]).generated(), 2);
}

#[test]
fn the_default_profile_is_the_one_that_is_named() {
    let home = Home::new();
    let text = "default_profile = \"two\"\n[profiles.two]\nthreads = 1\nmax_tokens = 2\n";
    std::fs::write(home.path("config/config.toml"), text).expect("a file is written");
    let events = Events::read(&home.run(&["--json", LONG]).exits(0));
    assert_eq!(events.generated(), 2);
}

#[test]
fn the_example_of_a_configuration_is_one_with_all_that_is_commented_out() {
    let text = include_str!("../../assets/config.toml");
    let settings = |text: &str| {
        let layer = Layer::parse("assets/config.toml", text)?;
        Settings::from_layers(&[layer], &Env::default())
    };
    let plain = settings(text).expect("the example");
    assert_eq!(plain.default_profile, "quick");
    // What stands there commented out is an assignment or a table's name.
    let uncomment = |line: &str| {
        let code = line.strip_prefix("# ").filter(|code| {
            let name = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            code.starts_with('[') || code.split_once(" = ").is_some_and(|(key, _)| name(key))
        });
        code.unwrap_or(line).to_owned() + "\n"
    };
    let whole: String = text.lines().map(uncomment).collect();
    assert_ne!(whole, text);
    let all = settings(&whole).expect("the example with everything in it");
    assert!(all.endpoints.contains_key("lan"));
    // What is commented out and no example is what holds anyway; how long an engine stays depends
    // on who asks.
    let engine = EngineSettings { keep_alive: plain.engine.keep_alive, ..all.engine };
    assert_eq!((engine, all.profiles), (plain.engine, plain.profiles));
    let home = Home::new();
    let file = home.path("config/config.toml");
    std::fs::write(&file, text.replace("threads = \"auto\"", "threads = 1"))
        .expect("a file is written");
    home.run(&["ask", "-p", "exact", "--max-tokens", "3", "Hi"]).exits(0);
}
