//! The log: a file a week old at most in the state folder. Names of commands, kinds of errors and their causes go there;
//! nothing about customers does.

use tracing_appender::rolling::{RollingFileAppender, Rotation};

use super::place::Places;

/// Starts logging. Where there is no place for a log there is none, and nothing else changes.
pub(super) fn start(places: &Places) {
    let Some(folder) = places.state() else { return };
    // The appender looks through the folder at once and would complain about a missing one on standard error.
    let folder = folder.join("log");
    if std::fs::create_dir_all(&folder).and_then(|()| std::fs::read_dir(&folder)).is_err() {
        return;
    }
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("retain")
        .filename_suffix("log")
        .max_log_files(7)
        .build(folder);
    let Ok(file) = file else { return };
    // A second start within one process (a test) keeps the first log.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::sync::Mutex::new(file))
        .with_ansi(false)
        .with_target(false)
        .log_internal_errors(false)
        .try_init();
}
