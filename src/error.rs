//! One error for every layer: what kind, one sentence, hints. The exit code follows from the kind.

use std::fmt;

use crate::sentence::Sentence;

/// What went wrong, as a person or a script has to tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something failed that nobody asked wrongly for (a full disk, a damaged file). Exit code 1.
    Failed,
    /// Wrong use, bad input, or a name that fits several things. Exit code 2.
    Usage,
    /// The named thing does not exist. Exit code 3.
    NotFound,
    /// Somebody else changed the same thing; nothing was overwritten. Exit code 4.
    Conflict,
    /// The book is busy or read-only. Exit code 5.
    Busy,
}

/// A sentence for a person, with hints, and the error underneath for the log.
#[derive(Debug, thiserror::Error)]
pub struct Error {
    /// Decides the exit code.
    pub kind: Kind,
    /// One sentence without a full stop at the end.
    pub message: Sentence,
    /// What to do about it, one sentence each.
    pub hints: Vec<Sentence>,
    /// The cause, for the log only.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What every fallible function of the crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` that says `message`.
    pub fn new(kind: Kind, message: impl Into<Sentence>) -> Error {
        Error {
            kind,
            message: message.into(),
            hints: Vec::new(),
            source: None,
        }
    }

    /// Wrong use or bad input.
    pub fn usage(message: impl Into<Sentence>) -> Error {
        Error::new(Kind::Usage, message)
    }

    /// The named thing is not there.
    pub fn not_found(message: impl Into<Sentence>) -> Error {
        Error::new(Kind::NotFound, message)
    }

    /// Something failed underneath.
    pub fn failed(message: impl Into<Sentence>) -> Error {
        Error::new(Kind::Failed, message)
    }

    /// Adds one hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Sentence>) -> Error {
        self.hints.push(hint.into());
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn because(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Error {
        self.source = Some(Box::new(source));
        self
    }

    /// The process's exit code for this error.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::NotFound => 3,
            Kind::Conflict => 4,
            Kind::Busy => 5,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
