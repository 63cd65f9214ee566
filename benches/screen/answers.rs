//! Answers of 50,000 tokens: what a token costs with its share of a frame, and whether that grows.

use std::time::Duration;

use crate::now;
use crate::say;
use crate::stage::SIZE;
use crate::stage::Stage;
use crate::us;

const TOKENS: usize = 50_000;
/// A thousand tokens a second at 60 frames a second.
const TOKENS_PER_FRAME: usize = 16;
const WINDOW: usize = TOKENS_PER_FRAME * 125;

/// The most that a token may cost with its share of a frame, and a frame at its 99th percentile.
const TOKEN_MOST_US: f64 = 20.0;
const FRAME_MOST: Duration = Duration::from_millis(8);

/// The most that the last tokens may cost more than the first, as the line through all of them goes.
const GROWTH_MOST: f64 = 0.1;

/// An answer: what it begins with, and what is repeated until it is long enough.
struct Kind {
    name: &'static str,
    opening: &'static str,
    text: &'static str,
}

/// Everything that an answer may hold.
pub(crate) const MIXED: &str = "## A heading\n\nSome *words* of prose with `code` and a [link](https://example.org) in it, \
     long enough to be broken into rows on any screen that there is.\n\n- one thing\n- another \
     thing, **bold**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```rust\nfn main() {\n    let x = \
     vec![1, 2, 3];\n    println!(\"{x:?}\");\n}\n```\n\n";

const PROSE: &str = "and so the river went on and on between its hills and never reached the sea ";
const CODE: &str = "    let total = values.iter().map(|value| value * 2).sum::<u64>();\n";

const KINDS: [Kind; 11] = [
    Kind { name: "mixed Markdown", opening: "", text: MIXED },
    Kind {
        name: "paragraphs",
        opening: "",
        text: "The *river* went on between its hills, `on` \
        and on, and **never** reached the sea; nobody had seen it there.\n\n",
    },
    Kind { name: "one paragraph", opening: "", text: PROSE },
    Kind {
        name: "one paragraph, Chinese",
        opening: "",
        text: "河 流 在 山 间 一 直 往 前 ， 从 未 到 达 大 海 。 ",
    },
    Kind { name: "one block of code", opening: "```rust\n", text: CODE },
    Kind { name: "one line of code", opening: "```json\n", text: "[\"key\", 12, true], " },
    Kind { name: "one list", opening: "", text: "- a thing, **bold**, with `code` in it\n" },
    Kind {
        name: "one numbered item",
        opening: "1. all of it\n",
        text: "   - a thing below it, with words\n",
    },
    Kind {
        name: "one table",
        opening: "| name | what it is | how many |\n|---|:-:|--:|\n",
        text: "| `a` | some *words* about it | 42 |\n",
    },
    Kind { name: "one quote", opening: "", text: "> somebody said these words, more than once\n" },
    Kind { name: "reasoning", opening: "<think>\n", text: PROSE },
];

/// What a stretch of tokens cost, in microseconds: the middle one and its share of a frame.
#[derive(Clone, Copy)]
struct Cost {
    update: f64,
    frame: f64,
}

impl Cost {
    fn token(self) -> f64 {
        self.update + self.frame / TOKENS_PER_FRAME as f64
    }
}

/// Measures each kind and prints a row of it.
pub(crate) fn measure() {
    say(&format!("{} x {} cells, {TOKENS_PER_FRAME} tokens a frame", SIZE.0, SIZE.1));
    for kind in KINDS {
        let (costs, mut frames) = stream(&kind);
        let tokens: Vec<f64> = costs.iter().map(|cost| cost.token()).collect();
        let mean = tokens.iter().sum::<f64>() / tokens.len() as f64;
        let growth = slope(&tokens) * (tokens.len() - 1) as f64;
        let per_thousand = growth / (TOKENS as f64 / 1e3);
        frames.sort();
        let p99 = frames[frames.len() * 99 / 100];
        let well = mean <= TOKEN_MOST_US && growth <= GROWTH_MOST * mean && p99 <= FRAME_MOST;
        let middle = |of: fn(&Cost) -> f64| costs.iter().map(of).sum::<f64>() / costs.len() as f64;
        say(&format!(
            "{:22} {mean:6.2} us/token (update {:5.2}, frame {:6.1})  first {:6.2}  last {:6.2}  \
             slope {per_thousand:+.4} us per 1,000 tokens  frame p99 {:5.2} ms, most {:5.2}  {}",
            kind.name,
            middle(|cost| cost.update),
            middle(|cost| cost.frame),
            tokens[0],
            tokens[tokens.len() - 1],
            us(p99) / 1e3,
            us(frames[frames.len() - 1]) / 1e3,
            if well { "ok" } else { "too much" },
        ));
    }
    say(
        "(wanted: at most 20 us a token, the last at most a tenth more than the first, 8 ms at p99)",
    );
}

/// Streams an answer; returns the costs of its stretches, in order, and the times of all frames.
fn stream(kind: &Kind) -> (Vec<Cost>, Vec<Duration>) {
    let mut stage = Stage::asked();
    stage.say(kind.opening.to_owned());
    let pieces = tokens(kind.text);
    let mut pieces = pieces.iter().cycle();
    let (mut costs, mut all) = (Vec::new(), Vec::new());
    for _ in 0..TOKENS / WINDOW {
        let (mut updates, mut frames) = (Vec::new(), Vec::new());
        for _ in 0..WINDOW / TOKENS_PER_FRAME {
            let piece: Vec<String> = pieces.by_ref().take(TOKENS_PER_FRAME).cloned().collect();
            let begun = now();
            for piece in piece {
                stage.say(piece);
            }
            let between = now();
            stage.frame();
            frames.push(now() - between);
            updates.push(between - begun);
        }
        all.extend_from_slice(&frames);
        let mean = |times: &mut Vec<Duration>| {
            // What something else on the machine took is not ours: the dearest twentieth is left out.
            times.sort();
            times.truncate(times.len() * 19 / 20);
            us(times.iter().sum()) / times.len() as f64
        };
        let update = mean(&mut updates) / TOKENS_PER_FRAME as f64;
        costs.push(Cost { update, frame: mean(&mut frames) });
    }
    (costs, all)
}

/// The slope of the line through the values that is nearest to them, by least squares.
pub(crate) fn slope(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / count;
    let places = || values.iter().enumerate().map(|(at, value)| (at as f64 - middle, value - mean));
    let along: f64 = places().map(|(at, value)| at * value).sum();
    along / places().map(|(at, _)| at * at).sum::<f64>()
}

/// Cuts text as a tokenizer would: a word with the blank before it.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    text.split_inclusive([' ', '\n']).map(str::to_owned).collect()
}
