//! What SQLite says, in our words, and how a transaction ends.

use rusqlite::{Connection, ErrorCode};

use crate::error::{Error, Kind, Result};

/// Full disk, busy, damage and the rest, each in a sentence.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        let made = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Error::new(Kind::Busy, say!("sqlite.book_busy_another_writing"))
                    .hint(say!("sqlite.try_again_nothing_saved"))
            }
            Some(ErrorCode::DiskFull) => Error::failed(say!("sqlite.disk_full_nothing_saved"))
                .hint(say!("sqlite.free_some_space_try")),
            Some(ErrorCode::ReadOnly) => {
                Error::new(Kind::Busy, say!("sqlite.book_cannot_written_here"))
                    .hint(say!("sqlite.ask_for_write_access"))
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Error::failed(say!("sqlite.book_damaged"))
                    .hint(say!("sqlite.retain_doctor_says_where"))
            }
            Some(ErrorCode::OperationInterrupted) => Error::failed("interrupted"),
            Some(ErrorCode::TooBig) => Error::usage(say!("sqlite.text_larger_than_16")),
            Some(ErrorCode::SystemIoFailure) => Error::failed(say!("sqlite.disk_failed_read_or"))
                .hint(say!("sqlite.look_at_disk_its")),
            Some(ErrorCode::CannotOpen) => Error::failed(say!("sqlite.book_s_files_cannot"))
                .hint(say!("sqlite.look_whether_its_folder")),
            Some(ErrorCode::OutOfMemory) => Error::failed(say!("sqlite.there_not_enough_memory"))
                .hint(say!("sqlite.close_other_programs_try")),
            _ => Error::failed(say!("sqlite.book_did_not_answer", error = said(&error)))
                .hint(say!("sqlite.retain_doctor_examines_book")),
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
