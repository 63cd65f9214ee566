//! `/route`: where a session runs is said, pinned, freed and explained.

use crate::endpoint::Endpoint;
use crate::endpoint::Says;
use crate::home::ask;
use crate::home::configure;
use crate::home::exits;
use crate::home::stdout;
use crate::terminal::Home;
use crate::terminal::Pty;

const PREFER_LOCAL: &str = "privacy = \"open\"\nmode = \"prefer-local\"\nendpoint = \"lan\"";

#[test]
fn a_route_is_pinned_freed_and_explained() {
    let lan = Endpoint::start(vec![Says::Held("From the lan.")]);
    let home = Home::new();
    configure(&home, PREFER_LOCAL, &lan.table("lan"));
    let mut pty = Pty::start(&home, &["--max-tokens", "4"], &[]);
    pty.ready();
    // Pinned here, nobody is asked whether it may leave.
    pty.send("/route local\r");
    pty.see_text("every turn runs on this device");
    pty.ask("One?");
    let pinned = pty.see("the route", |frame| frame.has("local · SmolLM2"));
    assert!(pinned.has("pinned by you"), "{}", pinned.text);
    pty.see("its end", |frame| frame.has("length limit") && frame.has(" ready · "));
    // Pinned there, the route and the reason stand before the answer.
    pty.send("/route remote\r");
    pty.see_text("every turn runs on the profile's endpoint");
    pty.ask("Two?");
    pty.see_text("May this session leave this device?");
    pty.send("y");
    let pinned = pty.see("the route", |frame| frame.has("remote:lan · big"));
    assert!(pinned.has("pinned by you"), "{}", pinned.text);
    assert!(!pinned.has("From the lan."), "{}", pinned.text);
    lan.release();
    pty.see_text("From the lan.");
    // Once is once.
    pty.send("/route once local\r");
    pty.see_text("the next turn runs on this device");
    pty.ask("Three?");
    pty.see("its end", |frame| {
        frame.text.matches(" tok prefill ").count() == 2 && frame.has(" ready · ")
    });
    pty.ask("Four?");
    pty.see("a second answer", |frame| frame.text.matches("From the lan.").count() == 2);
    // Why: every route that was looked at, and what stands against it.
    pty.send("/route why\r");
    let why = pty.see("why", |frame| frame.has("remote:lan") && frame.has("pinned"));
    assert!(why.has("another route is pinned"), "{}", why.text);
    pty.send("\x1b");
    pty.see("the chat again", |frame| !frame.has("why the last turn ran"));
    pty.send("/route auto\r");
    pty.see_text("the mode decides again");
    pty.ask("Which of these is a fruit: apple, stone, cloud, river or chair?");
    pty.see("the mode's word", |frame| frame.has("prefer-local: "));
    let asked = lan.asked().len();
    assert!(asked >= 2, "{asked}");
}

#[test]
fn a_pin_to_an_endpoint_that_is_gone_fails_with_what_can_be_done() {
    let lan = Endpoint::start(vec![Says::Refusal("401 Unauthorized")]);
    let home = Home::new();
    configure(&home, PREFER_LOCAL, &lan.table("lan"));
    let mut pty = Pty::start(&home, &["--max-tokens", "4"], &[]);
    pty.ready();
    pty.send("/route remote lan\r");
    pty.see_text("every turn runs on lan");
    pty.ask("Anybody?");
    pty.see_text("May this session leave this device?");
    pty.send("y");
    pty.see_text("it does not accept the key (401)");
    let shown = pty.last();
    assert!(!shown.has("• "), "no other route answers a pinned turn:\n{}", shown.text);
}

#[test]
fn half_an_answer_that_nobody_else_may_end_is_kept_and_says_so() {
    let lan = Endpoint::start(vec![Says::Part("Half of it ")]);
    let home = Home::new();
    configure(&home, PREFER_LOCAL, &lan.table("lan"));
    let told = ask(&home, &["--mode", "remote-only", "All?"]);
    exits(&told, 3);
    assert_eq!(stdout(&told).trim_end(), "Half of it");
    assert_eq!(lan.asked().len(), 1, "nothing is asked twice behind its first word");
}
