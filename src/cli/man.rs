//! `man`: the manual page of every command, in one.

use std::io;

use clap_mangen::Man;

use crate::chat::Fault;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;

/// Prints the page as roff.
///
/// # Errors
/// The page cannot be made.
pub(super) fn run() -> Result<Exit, Fault> {
    let page = page().map_err(|error| Fault::new(format!("no manual page: {error}")))?;
    Ok(super::give(String::from_utf8_lossy(&page).into_owned()))
}

/// Makes the page: the program's own, with its commands' before the version.
fn page() -> io::Result<Vec<u8>> {
    let mut grammar = Cli::grammar();
    grammar.build();
    let (mut page, man) = (Vec::new(), Man::new(grammar.clone()));
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    commands(&grammar, &mut page)?;
    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// Writes what every visible command below `above` takes; what all share stands once, at the top.
fn commands(above: &clap::Command, page: &mut Vec<u8>) -> io::Result<()> {
    let told = |command: &&clap::Command| !command.is_hide_set() && command.get_name() != "help";
    for command in above.get_subcommands().filter(told) {
        let name = command.get_bin_name().unwrap_or(command.get_name()).to_uppercase();
        let own = command.clone().mut_args(|arg| {
            let shared = arg.is_global_set() || arg.get_id() == "help";
            arg.hide(shared)
        });
        let man = Man::new(own);
        // Each writes its own headings; the command's name is the one above them.
        page.extend(format!(".SH \"{name}\"\n").bytes());
        let mut sections = Vec::new();
        man.render_synopsis_section(&mut sections)?;
        man.render_description_section(&mut sections)?;
        if command.get_arguments().any(|arg| !arg.is_global_set() && arg.get_id() != "help") {
            man.render_options_section(&mut sections)?;
        }
        if command.get_after_help().is_some() {
            man.render_extra_section(&mut sections)?;
        }
        page.extend(String::from_utf8_lossy(&sections).replace("\n.SH ", "\n.SS ").bytes());
        commands(command, page)?;
    }
    Ok(())
}
