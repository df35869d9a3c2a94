//! Where a subcommand's file goes: to the file that was named, whole or not at all, or to standard output.

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use super::Cx;
use super::fail::{Done, Stop};
use super::out::one_line;
use crate::error::{Error, Result};
use crate::transfer::replace::replace;

/// What the bytes are to a terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bytes {
    /// Lines that a person can read; on a terminal what came from outside is made safe.
    Text,
    /// Nothing for a terminal.
    Data,
}

/// Writes by `work` into `output`, or to standard output.
pub(super) fn deliver<T>(
    cx: &mut Cx<'_>,
    output: Option<&Path>,
    bytes: Bytes,
    work: impl FnOnce(&mut dyn Write) -> Result<T>,
) -> Done<T> {
    match output {
        Some(path) => Ok(replace(path, work)?),
        None if !io::stdout().is_terminal() => work(cx.out.raw()).map_err(stopped),
        None if bytes == Bytes::Data => {
            Err(Error::usage(say!("deliver.this_nothing_for_terminal"))
                .hint(say!("deliver.name_file_with_output"))
                .into())
        }
        None => {
            let mut held = Vec::new();
            let done = work(&mut held)?;
            for line in String::from_utf8_lossy(&held).lines() {
                cx.out.line(&one_line(line))?;
            }
            Ok(done)
        }
    }
}

/// Whoever reads our output may have read enough.
fn stopped(error: Error) -> Stop {
    let cause = error
        .source
        .as_ref()
        .and_then(|e| e.downcast_ref::<io::Error>());
    if cause.is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
        Stop::Closed
    } else {
        Stop::Error(error)
    }
}
