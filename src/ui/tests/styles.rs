//! The looks of a screen in two themes, beside its text: one table for both.

use std::fmt::Write as _;

use ratatui::buffer::Cell;

use super::*;

/// One for dark terminals, one for light ones.
const THEMES: [&str; 2] = ["dark", "light"];

/// Draws the stage from nothing in a theme.
fn drawn(stage: &Stage, theme: &str) -> Buffer {
    let area = *stage.terminal.backend().buffer().area();
    let mut buf = Buffer::empty(area);
    let theme = Theme::named(theme).expect("built in");
    draw(&stage.model, &theme, &mut View::default(), area, &mut buf);
    buf
}

fn look(cell: &Cell) -> String {
    let Cell { fg, bg, modifier, .. } = cell;
    let modifier = if modifier.is_empty() { String::new() } else { format!(" {modifier:?}") };
    format!("{fg} on {bg}{modifier}")
}

/// Returns which look each run of cells has, row by row, and what the looks are in both themes;
/// rows of nothing but the first look are left out.
pub(super) fn styles(stage: &Stage) -> String {
    let [dark, light] = THEMES.map(|theme| drawn(stage, theme));
    let Rect { width, height, .. } = dark.area;
    let mut looks: Vec<[String; 2]> = Vec::new();
    let mut rows = String::new();
    for y in 0..height {
        let mut runs: Vec<(usize, u16)> = Vec::new();
        for x in 0..width {
            let both = [&dark[(x, y)], &light[(x, y)]];
            assert_eq!(both[0].symbol(), both[1].symbol(), "a theme changes no text");
            let both = both.map(look);
            let known = looks.iter().position(|known| *known == both);
            let index = known.unwrap_or_else(|| {
                looks.push(both);
                looks.len() - 1
            });
            match runs.last_mut().filter(|(last, _)| *last == index) {
                Some((_, cells)) => *cells += 1,
                None => runs.push((index, 1)),
            }
        }
        if runs != [(0, width)] {
            let runs: Vec<String> =
                runs.iter().map(|(index, cells)| format!("{}{cells}", letter(*index))).collect();
            writeln!(rows, "{y:>3}: {}", runs.join(" ")).expect("memory takes it");
        }
    }
    let mut legend = String::new();
    for (index, [dark, light]) in looks.iter().enumerate() {
        writeln!(legend, "  {}: {dark} | {light}", letter(index)).expect("memory takes it");
    }
    format!("looks in {}\n{legend}runs of cells\n{rows}", THEMES.join(" | "))
}

fn letter(index: usize) -> char {
    char::from(b'a' + u8::try_from(index).expect("few looks"))
}
