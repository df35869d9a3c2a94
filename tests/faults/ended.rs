//! Runs the program with a deadline and says how it ended.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// A program that has not ended by then hangs. Far above what any run takes, because the machine may be busy.
const DEADLINE: Duration = Duration::from_secs(120);

/// Address space, in KiB, with which every run has to do: a stand-in for its memory that the kernel enforces.
const MEMORY: u32 = 300 << 10;

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it wrote.
    pub stdout: String,
    /// What it said besides.
    pub stderr: String,
}

impl Ended {
    /// What is wrong with how it ended: a signal, a panic, or a failure without one sentence and its hints.
    pub fn fault(&self) -> Option<String> {
        if self.signal.is_some() || self.code == Some(101) || self.stderr.contains("panicked") {
            return Some(format!("it crashed: {self:?}"));
        }
        if self.code == Some(0) {
            return None;
        }
        if let Ok(error) = serde_json::from_str::<serde_json::Value>(&self.stderr) {
            let words = error["error"]["message"].as_str().unwrap_or_default();
            return (words.len() < 10 || words.contains('\n'))
                .then(|| format!("no sentence: {self:?}"));
        }
        let mut lines = self.stderr.lines();
        if lines.next().is_none_or(|l| l.len() < 10) {
            return Some(format!("it ended without a word: {self:?}"));
        }
        (!lines.all(|l| l.starts_with("hint: ")))
            .then(|| format!("more than a sentence and its hints: {self:?}"))
    }

    /// Whether it says what to do.
    pub fn has_hint(&self) -> bool {
        let hints = || {
            Some(
                !serde_json::from_str::<serde_json::Value>(&self.stderr).ok()?["error"]["hints"]
                    .as_array()?
                    .is_empty(),
            )
        };
        hints().unwrap_or_else(|| self.stderr.contains("\nhint: "))
    }

    /// Asserts that it ended by itself and without a panic, and if it failed, that it said so in one sentence.
    pub fn assert_civil(&self, what: &str) {
        assert_eq!(self.fault(), None, "{what}");
    }

    /// The same, and that a failure tells what to do about it.
    pub fn assert_helpful(&self, what: &str) {
        self.assert_civil(what);
        assert!(
            self.code == Some(0) || self.has_hint(),
            "{what}: no hint: {self:?}"
        );
    }
}

/// Runs the program to its end.
pub fn within(command: Command) -> Ended {
    let said = format!("{command:?}");
    within_or(command).unwrap_or_else(|| panic!("hangs: {said}"))
}

/// Runs the program to its end; `None` when it was killed for hanging.
pub fn within_or(mut command: Command) -> Option<Ended> {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .expect("a running program has a number");
    let (tell, told) = channel();
    std::thread::spawn(move || tell.send(child.wait_with_output()));
    if let Ok(output) = told.recv_timeout(DEADLINE) {
        return Some(ended(output.expect("it ended")));
    }
    // It may have ended just now, and its number is nobody's until it is waited for, which is after the answer.
    let _ = kill_process(pid, Signal::KILL);
    let _ = told.recv();
    None
}

fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code(),
        signal: output.status.signal(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The program on the book with little memory, not started yet.
pub fn frugal(desk: &crate::terminal::Desk, args: &[&str]) -> Command {
    let mut command = desk.tool("sh");
    command.args([
        "-c",
        &format!("ulimit -v {MEMORY} && exec \"$@\""),
        "sh",
        env!("CARGO_BIN_EXE_retain"),
    ]);
    command.args(args).arg("--book").arg(&desk.book);
    command
}
