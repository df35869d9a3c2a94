//! The log: a file a week old at most in the state folder. Names of commands, kinds of errors and their causes go there;
//! nothing about customers does.

use std::path::Path;

use tracing_appender::rolling::{RollingFileAppender, Rotation};

use super::place::Places;

/// Removes all but the newest seven. The appender could do so itself, but complains on standard error where it cannot.
fn keep_a_week(folder: &Path) -> std::io::Result<()> {
    let names = std::fs::read_dir(folder)?.filter_map(|file| file.ok()?.file_name().into_string().ok());
    let mut logs: Vec<String> = names.filter(|name| name.starts_with("retain.") && name.ends_with(".log")).collect();
    // A name has its day in it.
    logs.sort();
    let old = logs.len().saturating_sub(7);
    logs[..old].iter().try_for_each(|name| std::fs::remove_file(folder.join(name)))
}

/// Starts logging. Where there is no place for a log there is none, and nothing else changes.
pub(super) fn start(places: &Places) {
    let Some(folder) = places.state() else { return };
    let folder = folder.join("log");
    if std::fs::create_dir_all(&folder).is_err() {
        return;
    }
    let file = RollingFileAppender::builder().rotation(Rotation::DAILY).filename_prefix("retain").filename_suffix("log").build(&folder);
    let Ok(file) = file else { return };
    let _ = keep_a_week(&folder);
    // A second start within one process (a test) keeps the first log.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::sync::Mutex::new(file))
        .with_ansi(false)
        .with_target(false)
        .log_internal_errors(false)
        .try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_logs_stay_and_nothing_else_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str| std::fs::write(folder.path().join(name), "").expect("written");
        (1..=9).for_each(|day| write(&format!("retain.2026-11-0{day}.log")));
        write("mine.txt");
        keep_a_week(folder.path()).expect("removed");
        let mut left: Vec<_> = std::fs::read_dir(folder.path()).expect("list").map(|f| f.expect("a file").file_name()).collect();
        left.sort();
        assert_eq!((left.len(), left[0].to_str(), left[1].to_str()), (8, Some("mine.txt"), Some("retain.2026-11-03.log")));
    }
}
