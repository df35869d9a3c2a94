//! What a call asks for, so that it is known again: the words of the command line by the flags that they belong to, and what came on
//! standard input. Flags that say how to answer, or for whom, are no part of it, nor is the order.

use std::io::{Cursor, Read};
use std::sync::OnceLock;

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::error::{Error, Result};

/// What a call asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    words: Vec<String>,
}

/// More than this on standard input is a mistake (a wrong file).
const LONGEST: u64 = 64 << 20;

/// What was read of standard input before a subcommand asked for it.
static INPUT: OnceLock<Vec<u8>> = OnceLock::new();

/// Standard input, from its beginning.
pub(super) fn input() -> Box<dyn Read> {
    match INPUT.get() {
        Some(bytes) => Box::new(Cursor::new(bytes)),
        None => Box::new(std::io::stdin()),
    }
}

/// The call of a parsed command line.
pub(super) fn of(command: &clap::Command, matches: &ArgMatches) -> Call {
    let mut words = Vec::new();
    let (mut command, mut matches) = (command, matches);
    while let Some((name, of)) = matches.subcommand() {
        let Some(inner) = command.find_subcommand(name) else {
            break;
        };
        (command, matches) = (inner, of);
        words.push(name.to_owned());
        let mut given: Vec<&str> = command
            .get_arguments()
            .filter(|arg| !arg.is_global_set())
            .map(|arg| arg.get_id().as_str())
            .filter(|id| matches.value_source(id) == Some(ValueSource::CommandLine))
            .collect();
        given.sort_unstable();
        for id in given {
            words.push(format!("{id}="));
            words.extend(
                matches
                    .get_raw(id)
                    .into_iter()
                    .flatten()
                    .map(|value| value.to_string_lossy().into_owned()),
            );
        }
    }
    Call { words }
}

impl Call {
    /// Reads standard input where a word stands for it: another text is another call.
    pub(super) fn read_input(&mut self) -> Result<()> {
        if self.words.iter().any(|word| word == "-") && INPUT.get().is_none() {
            let mut bytes = Vec::new();
            let read = std::io::stdin()
                .lock()
                .take(LONGEST)
                .read_to_end(&mut bytes);
            read.map_err(|e| Error::failed(say!("call.standard_input_could_not")).because(e))?;
            self.words
                .push(format!("input {}", blake3::hash(&bytes).to_hex()));
            let _ = INPUT.set(bytes);
        }
        Ok(())
    }

    /// All of it as one text; no two calls have the same.
    pub(super) fn text(&self) -> String {
        self.words.iter().fold(String::new(), |text, word| {
            format!("{text}{} {word}\n", word.len())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(line: &str) -> String {
        let mut command = crate::cli::command();
        let matches = command
            .try_get_matches_from_mut(line.split(' '))
            .expect(line);
        of(&command, &matches).text()
    }

    #[test]
    fn a_call_is_known_by_what_it_asks_and_not_by_how() {
        let first = call("retain task acme renew --due +7d --owner ana");
        for same in [
            "retain --json task acme renew --owner=ana --due +7d",
            "retain task acme renew --due=+7d --owner ana --idempotency-key k --me bo --book other.db --no-outbox",
        ] {
            assert_eq!(call(same), first, "{same}");
        }
        for other in [
            "retain task acme renewed --due +7d --owner ana",
            "retain task acmerenew --due +7d --owner ana",
            "retain task acme renew --due +8d --owner ana",
            "retain task acme renew --due +7d",
            "retain note acme renew",
        ] {
            assert_ne!(call(other), first, "{other}");
        }
        assert_eq!(
            call("retain purge acme --yes"),
            call("retain forget acme --yes")
        );
    }
}
