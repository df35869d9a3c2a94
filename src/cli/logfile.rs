//! The log: a file a week old at most in the state folder. Names of commands, kinds of errors and of their causes go there, and the
//! line in which a text cannot be read. No text goes there, because most of it is about customers or was written by somebody.

use std::path::Path;

use tracing_appender::rolling::{RollingFileAppender, Rotation};

use super::place::Places;
use crate::domain::clash::Clash;
use crate::error::Error;
use crate::store;

/// Removes all but the newest seven. The appender could do so itself, but complains on standard error where it cannot.
fn keep_a_week(folder: &Path) -> std::io::Result<()> {
    let names =
        std::fs::read_dir(folder)?.filter_map(|file| file.ok()?.file_name().into_string().ok());
    let mut logs: Vec<String> = names
        .filter(|name| name.starts_with("retain.") && name.ends_with(".log"))
        .collect();
    // A name has its day in it.
    logs.sort();
    let old = logs.len().saturating_sub(7);
    logs[..old]
        .iter()
        .try_for_each(|name| std::fs::remove_file(folder.join(name)))
}

/// Starts logging. Where there is no place for a log there is none, and nothing else changes.
pub(super) fn start(places: &Places) {
    let Some(folder) = places.state() else { return };
    let folder = folder.join("log");
    if std::fs::create_dir_all(&folder).is_err() {
        return;
    }
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("retain")
        .filename_suffix("log")
        .build(&folder);
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

/// What of an error's cause may stand in the log: what kind it is, a number of the system, a place in a text.
pub(super) fn cause(error: &Error) -> String {
    let Some(cause) = &error.source else {
        return "none".to_owned();
    };
    if let Some(io) = cause.downcast_ref::<std::io::Error>() {
        return match io.raw_os_error() {
            Some(number) => format!("io: {:?}, {number}", io.kind()),
            None => format!("io: {:?}", io.kind()),
        };
    }
    if let Some(json) = cause.downcast_ref::<serde_json::Error>() {
        return format!(
            "json: {:?}, line {}, column {}",
            json.classify(),
            json.line(),
            json.column()
        );
    }
    if let Some(toml) = cause.downcast_ref::<toml::de::Error>() {
        return line_of(&toml.to_string())
            .map_or_else(|| "toml".to_owned(), |line| format!("toml: line {line}"));
    }
    if let Some(csv) = cause.downcast_ref::<csv::Error>() {
        return csv
            .position()
            .map_or_else(|| "csv".to_owned(), |at| format!("csv: line {}", at.line()));
    }
    if cause.is::<Clash>() {
        return "clash".to_owned();
    }
    store::cause(cause.as_ref()).unwrap_or_else(|| "another".to_owned())
}

/// The line that a message of the TOML reader begins with; what follows is the text itself.
fn line_of(said: &str) -> Option<u64> {
    said.strip_prefix("TOML parse error at line ")?
        .split(',')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_without_a_word_of_the_text_that_they_are_about() {
        let secret = "Dana Zappa";
        let toml =
            toml::from_str::<toml::Table>(&format!("a = 1\nb = \"{secret}")).expect_err("no end");
        let json = serde_json::from_str::<u8>(&format!("\"{secret}\"")).expect_err("no number");
        let io = std::io::Error::new(std::io::ErrorKind::NotFound, secret);
        let number: Result<u8, _> = secret.parse();
        let causes: [(Error, &str); 5] = [
            (Error::usage(secret).because(toml), "toml: line 2"),
            (
                Error::usage(secret).because(json),
                "json: Data, line 1, column 12",
            ),
            (Error::usage(secret).because(io), "io: NotFound"),
            (
                Error::usage(secret).because(number.expect_err("no number")),
                "another",
            ),
            (Error::usage(secret), "none"),
        ];
        for (error, told) in causes {
            assert_eq!(cause(&error), told);
        }
        assert_eq!(
            cause(&Error::failed("x").because(std::io::Error::from_raw_os_error(28))),
            "io: StorageFull, 28"
        );
    }

    #[test]
    fn seven_logs_stay_and_nothing_else_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str| std::fs::write(folder.path().join(name), "").expect("written");
        (1..=9).for_each(|day| write(&format!("retain.2026-11-0{day}.log")));
        write("mine.txt");
        keep_a_week(folder.path()).expect("removed");
        let mut left: Vec<_> = std::fs::read_dir(folder.path())
            .expect("list")
            .map(|f| f.expect("a file").file_name())
            .collect();
        left.sort();
        assert_eq!(
            (left.len(), left[0].to_str(), left[1].to_str()),
            (8, Some("mine.txt"), Some("retain.2026-11-03.log"))
        );
    }
}
