//! The program: lends the screens to the subcommands and gives the exit code.

use std::process::ExitCode;

use retain::cli::{Color, Open, Wiring, run};
use retain::tui::{self, Start, theme::Colour};

fn main() -> ExitCode {
    // A second install would be the only failure, and this is the first.
    let _ = color_eyre::install();
    run(
        std::env::args_os(),
        &Wiring {
            open: &|open| tui::run(start(open)),
            keys: &tui::key_table,
        },
    )
}

fn start(open: Open) -> Start {
    Start {
        book: open.book,
        options: open.options,
        state_dir: open.state,
        config_dir: open.config,
        colour: match open.color {
            Color::Auto => None,
            Color::Never => Some(Colour::Never),
            Color::Sixteen => Some(Colour::Sixteen),
            Color::TwoFiftySix => Some(Colour::Cube),
            Color::True => Some(Colour::True),
        },
        ascii: open.ascii.then_some(true),
        theme: open.theme,
        mouse: true,
        first_run: open.first_run,
    }
}
