//! How a subcommand ends when it does not succeed: one sentence and its hints on standard error, and the exit code.

use std::io;
use std::process::ExitCode;

use serde_json::json;

use crate::error::{Error, Kind};
use crate::text;
use crate::transfer::rows::SCHEMA;

/// Why a subcommand stopped early.
#[derive(Debug)]
pub(super) enum Stop {
    /// An error for the person.
    Error(Error),
    /// Whoever read our output has read enough (`retain list | head`).
    Closed,
}

/// What a subcommand's `run` returns.
pub(super) type Done<T = ()> = Result<T, Stop>;

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Error(error)
    }
}

impl From<io::Error> for Stop {
    /// Errors of writing the output. This is the one place that knows about closed pipes.
    fn from(error: io::Error) -> Stop {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Stop::Closed
        } else {
            Stop::Error(
                Error::failed(say!("fail.output_cannot_written", error = error)).because(error),
            )
        }
    }
}

/// The name of a kind in JSON.
pub(super) fn kind_code(kind: Kind) -> &'static str {
    match kind {
        Kind::Failed => "failed",
        Kind::Usage => "usage",
        Kind::NotFound => "not_found",
        Kind::Conflict => "conflict",
        Kind::Busy => "busy",
    }
}

/// Says the error on standard error and gives the exit code.
pub(super) fn report(error: &Error, as_json: bool) -> ExitCode {
    let text = if as_json {
        in_json(error)
    } else {
        in_words(error)
    };
    // Standard error may be closed; there is nobody left to tell then.
    let _ = io::Write::write_all(&mut io::stderr(), text.as_bytes());
    ExitCode::from(error.exit_code())
}

fn in_words(error: &Error) -> String {
    let mut text = format!("{}\n", sentence(error));
    for hint in &error.hints {
        text.push_str(&format!("hint: {}\n", text::safe(hint)));
    }
    text
}

fn in_json(error: &Error) -> String {
    let value = json!({
        "schema": SCHEMA,
        "error": { "kind": kind_code(error.kind), "message": sentence(error), "hints": error.hints, "exit": error.exit_code() },
    });
    format!("{value}\n")
}

/// What clap refuses, in our form: its first paragraph is the sentence, its tips are the hints.
pub(super) fn from_clap(error: &clap::Error) -> Error {
    let text = error.to_string();
    let mut paragraphs = text.trim_start_matches("error: ").split("\n\n");
    let first = paragraphs.next().unwrap_or_default();
    let sentence = first
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let mut out = Error::usage(capital(sentence.trim_end_matches('.')));
    for line in text.lines().map(str::trim) {
        if let Some(tip) = line.strip_prefix("tip: ") {
            out = out.hint(tip);
        } else if let Some(usage) = line.strip_prefix("Usage: ") {
            out = out.hint(format!("usage: {usage}"));
        }
    }
    out.hint(say!("fail.see_retain_help"))
}

/// The error's sentence as it is shown: harmless, and with a capital in front however its layer wrote it.
fn sentence(error: &Error) -> String {
    capital(&text::safe(&error.message))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_no_error() {
        assert!(matches!(
            Stop::from(io::Error::from(io::ErrorKind::BrokenPipe)),
            Stop::Closed
        ));
        assert!(matches!(
            Stop::from(io::Error::from(io::ErrorKind::StorageFull)),
            Stop::Error(_)
        ));
    }

    #[test]
    fn an_error_is_one_sentence_and_its_hints() {
        let error = Error::not_found("No customer is called \u{1b}[31mx").hint("try `retain list`");
        let words = in_words(&error);
        assert!(words.ends_with("\nhint: try `retain list`\n"), "{words}");
        assert!(!words.contains('\u{1b}'));
        let value: serde_json::Value = serde_json::from_str(&in_json(&error)).expect("json");
        assert_eq!(
            (value["schema"].as_u64(), value["error"]["exit"].as_u64()),
            (Some(1), Some(3))
        );
    }
}
