//! What may leave: classes of sessions and of what is said in them, the user's word, the scripts'.

use crate::endpoint::Endpoint;
use crate::endpoint::Says;
use crate::endpoint::Speaks;
use crate::home::ask;
use crate::home::configure;
use crate::home::exits;
use crate::home::run;
use crate::home::stderr;
use crate::home::stdout;
use crate::terminal::Home;
use crate::terminal::Pty;

const OPEN: &str = "privacy = \"open\"\nmode = \"prefer-remote\"\nendpoint = \"lan\"";

/// A profile that lets nothing leave, and stays here.
const PRIVATE: &str = "[profiles.private]\nextends = \"default\"\nprivacy = \"local-only\"\nmode = \"prefer-local\"\n";

fn home(endpoint: &Endpoint) -> Home {
    let home = Home::new();
    configure(&home, OPEN, &format!("{}{PRIVATE}", endpoint.table("lan")));
    home
}

#[test]
fn a_script_may_leave_by_its_profiles_word_alone() {
    let lan = Endpoint::start(vec![Says::All("From there.")]);
    let home = home(&lan);
    let told = ask(&home, &["Where?"]);
    exits(&told, 0);
    assert_eq!(stdout(&told).trim_end(), "From there.");
    assert_eq!(lan.asked().len(), 1);
    configure(&home, &OPEN.replace("\"open\"", "\"local-only\""), &lan.table("lan"));
    let refused = ask(&home, &["--mode", "remote-only", "Where?"]);
    exits(&refused, 4);
    assert!(stderr(&refused).contains("may not leave this device"), "{}", stderr(&refused));
    assert_eq!(lan.asked().len(), 1, "nothing more was sent");
}

#[test]
fn what_was_said_in_private_stays_here_until_it_is_left_out() {
    let lan = Endpoint::start(vec![Says::All("From there.")]);
    let home = home(&lan);
    exits(&ask(&home, &["-s", "new", "An open word."]), 0);
    assert_eq!(lan.asked().len(), 1);
    // A private word makes the session private, whatever its profile and later ones say.
    exits(&ask(&home, &["-s", "last", "-p", "private", "--max-tokens", "2", "A secret."]), 0);
    let list = run(&home, &["sessions", "list", "--json"]);
    assert!(stdout(&list).contains("\"privacy\":\"local-only\""), "{}", stdout(&list));
    exits(&ask(&home, &["-s", "last", "-p", "default", "--max-tokens", "2", "And now?"]), 0);
    let pinned = ask(&home, &["-s", "last", "-p", "default", "--mode", "remote-only", "And now?"]);
    exits(&pinned, 4);
    assert_eq!(lan.asked().len(), 1, "{}", lan.heard());
    // A copy is as private as what it was made of; one without the private words is free.
    exits(&run(&home, &["sessions", "fork", "last"]), 0);
    exits(&ask(&home, &["-s", "last", "-p", "default", "--mode", "remote-only", "Free?"]), 4);
    let fork = run(&home, &["sessions", "fork", "last", "--redacted"]);
    exits(&fork, 0);
    let fork = stdout(&fork);
    let again = ask(&home, &["-s", fork.trim(), "-p", "default", "--mode", "remote-only", "Free?"]);
    exits(&again, 0);
    let heard = lan.asked().pop().expect("it was asked").to_string();
    assert!(heard.contains("An open word.") && heard.contains("From there."), "{heard}");
    assert!(!lan.heard().contains("secret"), "{}", lan.heard());
    // Of a session that was private from the beginning nothing is left.
    exits(&ask(&home, &["-s", "new", "-p", "private", "--max-tokens", "2", "A secret."]), 0);
    let none = run(&home, &["sessions", "fork", "last", "--redacted"]);
    exits(&none, 1);
    assert!(stderr(&none).contains("nothing of the session may leave"), "{}", stderr(&none));
}

/// Waits until the program is back at its prompt with an answer.
fn answered(pty: &mut Pty, text: &str) {
    pty.see(&format!("{text:?} as the answer"), |frame| frame.has(text) && frame.has(" ready · "));
}

#[test]
fn a_private_session_is_opened_under_an_open_profile_and_stays_here() {
    let lan = Endpoint::start(vec![Says::All("From there.")]);
    let home = home(&lan);
    exits(&ask(&home, &["-s", "new", "-p", "private", "--max-tokens", "2", "A secret."]), 0);
    let mut pty = Pty::start(&home, &["-s", "last", "--max-tokens", "4"], &[]);
    pty.see("the session", |frame| frame.has("A secret.") && frame.has("› "));
    pty.ask("Go on.");
    // Nobody is asked whether it may leave: it may not.
    let routed = pty.see("the route", |frame| frame.has("local · SmolLM2"));
    assert!(!routed.has("leave this device?"), "{}", routed.text);
    pty.see("the answer", |frame| frame.has("length limit"));
    pty.send("/route remote\r");
    pty.see_text("every turn runs on the profile's endpoint");
    pty.ask("And there?");
    pty.see("the refusal", |frame| {
        frame.has("something of this conversation") && frame.has("hint: /route auto")
    });
    assert_eq!(lan.asked().len(), 0, "{}", lan.heard());
    // Only what was said in the open is in a copy, and here nothing was.
    pty.send("/redact\r");
    pty.see_text("nothing of the session may leave");
}

#[test]
fn each_endpoint_is_asked_about_once_and_no_is_an_answer() {
    let lan = Endpoint::start(vec![Says::All("From the lan.")]);
    let far = Endpoint::start(vec![Says::All("From afar.")]);
    let home = Home::new();
    let tables = format!("{}{}", lan.table("lan"), far.table("far"));
    configure(&home, &OPEN.replace("\"lan\"", "[\"lan\", \"far\"]"), &tables);
    let mut pty = Pty::start(&home, &[], &[]);
    pty.see("the chat", |frame| frame.alternate && frame.has("› "));
    pty.ask("Where to?");
    let asks = pty.see_text("May this session leave this device?");
    assert!(asks.has(&format!("to lan ({})", lan.origin())), "{}", asks.text);
    assert!(lan.asked().is_empty() && far.asked().is_empty(), "nothing leaves before the word");
    pty.send("n");
    pty.see("the next one", |frame| frame.has(&format!("to far ({})", far.origin())));
    pty.send("y");
    answered(&mut pty, "From afar.");
    assert!(lan.asked().is_empty(), "{}", lan.heard());
    // The session is not asked again.
    pty.ask("And now?");
    pty.see("a second answer", |frame| frame.text.matches("From afar.").count() == 2);
    assert_eq!((lan.asked().len(), far.asked().len()), (0, 2));
    // Another session is.
    pty.send("\x0e");
    pty.see_text(" 2 new");
    pty.ask("Me too?");
    pty.see_text("May this session leave this device?");
    // Whoever pins what was refused is asked about it again.
    pty.send("n");
    pty.see("the next one", |frame| frame.has(&format!("to far ({})", far.origin())));
    pty.send("n");
    pty.see("an answer of this device", |frame| frame.has("local · SmolLM2"));
    pty.see("its end", |frame| frame.has(" tok prefill ") && frame.has(" ready · "));
    pty.send("/route remote lan\r");
    pty.see_text("every turn runs on lan");
    pty.ask("There, then.");
    pty.see("the question", |frame| frame.has(&format!("to lan ({})", lan.origin())));
    pty.send("y");
    answered(&mut pty, "From the lan.");
}

#[test]
fn a_server_on_this_device_that_passes_on_is_no_part_of_it() {
    let near = Endpoint::speaking(Speaks::OllamaElsewhere, vec![Says::All("From far away.")]);
    let home = home(&near);
    // What may not leave does not go there either, however near it is.
    exits(&ask(&home, &["-p", "private", "--mode", "remote-only", "A secret."]), 4);
    for off in [&["--offline"][..], &["--mode", "local-only"]] {
        ask(&home, &[off, &["--max-tokens", "1", "Hi."]].concat());
    }
    assert_eq!(near.asked().len(), 0, "{}", near.heard());
    let told = ask(&home, &["-v", "Where?"]);
    exits(&told, 0);
    let said = stderr(&told);
    assert!(
        said.contains("remote:lan: huge: ") && said.contains("passes it on to https://far.example"),
        "{said}"
    );
    let json = ask(&home, &["--json", "Where?"]);
    let lines = stdout(&json);
    let finish = lines.lines().last().expect("an end");
    assert!(finish.contains("\"model\":\"huge\""), "{finish}");
    let audit = stdout(&run(&home, &["audit", "list", "--json", "-n", "1"]));
    assert!(audit.contains("\"served_model\":\"huge\""), "{audit}");
}
