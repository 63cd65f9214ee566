//! What acting on text looks like, at three sizes, and the styles of two themes.

use ratatui::buffer::Cell;

use super::*;

const ANSWER: &str = "<think>\nThe user wants code.\n</think>\n\n# Two ways\n\nAs [the book](https://doc.rust-lang.org/book) \
    says, a *trait* has **methods**:\n\n```rust\nfn name(&self) -> String; // one\n```\n\n- [x] short\n- [ ] long[^1]\n\n\
    | kind | cost |\n|---|---:|\n| trait | `0` |\n\n[^1]: as long as it is\n";

fn marked(stage: &mut Stage) {
    stage.answered(0, "What is a trait?", ANSWER);
    stage.plain(KeyCode::Esc);
    stage.plain(KeyCode::Tab);
}

#[test]
fn a_marked_block() {
    snapshot("marked_block", marked);
}

#[test]
fn reasoning_unfolded() {
    snapshot("reasoning", |stage| {
        stage.answered(0, "What is a trait?", ANSWER);
        stage.key(Key::alt(KeyCode::Char('t')));
        stage.plain(KeyCode::Home);
    });
}

#[test]
fn the_source() {
    snapshot("source", |stage| {
        stage.answered(0, "What is a trait?", ANSWER);
        stage.key(Key::alt(KeyCode::Char('v')));
    });
}

#[test]
fn the_palette() {
    snapshot("palette", |stage| {
        stage.key(Key::ctrl('p'));
        for c in "ses".chars() {
            stage.plain(KeyCode::Char(c));
        }
    });
}

#[test]
fn a_command_being_completed() {
    snapshot("completing", |stage| {
        stage.answered(0, "Why is the sky blue?", RAYLEIGH);
        for c in "/se".chars() {
            stage.plain(KeyCode::Char(c));
        }
    });
}

#[test]
fn a_file_to_save_to() {
    snapshot("save_to", |stage| {
        marked(stage);
        stage.plain(KeyCode::Char('w'));
    });
}

/// Returns the runs of one look on the screen, each with its first words, a line each.
fn runs(stage: &Stage) -> String {
    let buffer = stage.terminal.backend().buffer();
    let mut lines = Vec::new();
    for y in 0..buffer.area().height {
        let cells: Vec<&Cell> = (0..buffer.area().width).map(|x| &buffer[(x, y)]).collect();
        for run in cells.chunk_by(|a, b| a.style() == b.style()) {
            let text: String = run.iter().map(|cell| cell.symbol()).collect();
            if !text.trim().is_empty() {
                let Cell { fg, bg, modifier, .. } = run[0];
                lines.push(format!("{y:>2} {fg} on {bg} {modifier:?}: {}", text.trim()));
            }
        }
    }
    lines.join("\n")
}

#[test]
fn two_themes() {
    for name in ["dark", "light"] {
        let mut stage = Stage::ready(80, 24);
        stage.theme = Theme::named(name).expect("built in");
        marked(&mut stage);
        insta::assert_snapshot!(format!("theme_{name}"), runs(&stage));
    }
}
