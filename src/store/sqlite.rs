//! What SQLite says, in our words, and how a transaction ends.

use rusqlite::{Connection, ErrorCode};

use crate::error::{Error, Kind, Result};

/// Full disk, busy, damage and the rest, each in a sentence.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        let made = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Error::new(Kind::Busy, "the book is busy: another is writing").hint("try again; nothing was saved")
            }
            Some(ErrorCode::DiskFull) => Error::failed("the disk is full; nothing was saved").hint("free some space and try again"),
            Some(ErrorCode::ReadOnly) => {
                Error::new(Kind::Busy, "the book cannot be written here").hint("ask for write access to the file and its folder")
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Error::failed("the book is damaged").hint("retain doctor says where; a backup is beside the book")
            }
            Some(ErrorCode::OperationInterrupted) => Error::failed("interrupted"),
            Some(ErrorCode::TooBig) => Error::usage("a text is larger than 16 MB"),
            Some(ErrorCode::SystemIoFailure) => Error::failed("the disk failed to read or write the book; nothing was saved")
                .hint("look at the disk and its cable or connection; `retain doctor` examines the book afterwards"),
            Some(ErrorCode::CannotOpen) => Error::failed("the book's files cannot be opened; nothing was saved")
                .hint("look whether its folder is still there and can be written to, then try again"),
            Some(ErrorCode::OutOfMemory) => Error::failed("there is not enough memory").hint("close other programs and try again"),
            _ => Error::failed(format!("the book did not answer: {}", said(&error)))
                .hint("`retain doctor` examines the book; a backup may lie beside it"),
        };
        made.because(error)
    }
}

/// The error in one line, without the statement that met it.
fn said(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

/// Takes a transaction back after an error. SQLite has done so by itself after some of them, and what is told is that error.
pub fn roll_back(conn: &Connection) {
    if !conn.is_autocommit() {
        let _ = conn.execute_batch("ROLLBACK");
    }
}

/// Ends a transaction as its work ended. A commit that fails leaves none open.
pub fn end<T>(conn: &Connection, work: Result<T>) -> Result<T> {
    let ended = work.and_then(|done| {
        conn.execute_batch("COMMIT")
            .map(|()| done)
            .map_err(Into::into)
    });
    if ended.is_err() {
        roll_back(conn);
    }
    ended
}

/// What SQLite said, when an error came from it.
pub fn sqlite_error(error: &Error) -> Option<&rusqlite::Error> {
    error.source.as_ref()?.downcast_ref()
}
