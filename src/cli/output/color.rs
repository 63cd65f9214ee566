//! Whether a stream gets colours.

use clap::ValueEnum;

use crate::config::Env;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorFlag {
    /// Colours where a terminal shows them.
    #[default]
    Auto,
    /// Colours everywhere.
    Always,
    /// No colours.
    Never,
}

/// Tells whether a stream gets colours: flag, then `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`,
/// and last whether it is a terminal.
pub fn use_color(flag: ColorFlag, env: &Env, stream_is_terminal: bool) -> bool {
    match flag {
        ColorFlag::Always => return true,
        ColorFlag::Never => return false,
        ColorFlag::Auto => {}
    }
    if env.get("NO_COLOR").is_some() {
        return false;
    }
    if env.get("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    stream_is_terminal && env.get("TERM").is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Vars = &'static [(&'static str, &'static str)];

    #[test]
    fn the_stronger_word_wins() {
        use ColorFlag::Always;
        use ColorFlag::Auto;
        use ColorFlag::Never;
        const ALL: Vars = &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1"), ("TERM", "dumb")];
        const FORCED: Vars = &[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")];
        const DUMB: Vars = &[("TERM", "dumb")];
        let table: [(ColorFlag, Vars, bool, bool); 13] = [
            (Always, ALL, false, true),
            (Never, &[("CLICOLOR_FORCE", "1")], true, false),
            (Auto, ALL, true, false),
            (Auto, &[("NO_COLOR", "")], true, true),
            (Auto, &[("NO_COLOR", "0")], true, false),
            (Auto, FORCED, false, true),
            (Auto, &[("CLICOLOR_FORCE", "0")], false, false),
            (Auto, &[("CLICOLOR_FORCE", "")], false, false),
            (Auto, &[("CLICOLOR_FORCE", "0")], true, true),
            (Auto, DUMB, true, false),
            (Auto, &[("TERM", "xterm")], true, true),
            (Auto, &[("TERM", "xterm")], false, false),
            (Auto, &[], true, true),
        ];
        for (flag, vars, terminal, expected) in table {
            let env = Env::from_pairs(vars.iter().copied());
            assert_eq!(use_color(flag, &env, terminal), expected, "{flag:?} {vars:?} {terminal}");
        }
    }
}
