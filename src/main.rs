//! The program: wires the subcommands to the screens and gives the exit code.

use std::process::ExitCode;

use retain::cli::{Wiring, run};
use retain::error::Error;

fn main() -> ExitCode {
    // A second install (which cannot happen here) would be the only failure; errors still print without the hooks.
    let _ = color_eyre::install();
    let open = |_| Err(Error::failed("no screens"));
    run(std::env::args_os(), &Wiring { open: &open, keys: &String::new })
}
