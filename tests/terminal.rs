//! The screens in a real terminal: keys and resizes go into a PTY, a terminal's model says what is seen, and the bytes tell what
//! the terminal was asked for. Nothing waits for a time: each step reads until a condition holds or a deadline fails it.

pub mod console;
mod leaving;
mod places;
mod prompts;
mod seeing;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use portable_pty::CommandBuilder;

use console::Console;

/// A machine of one's own: a home, and a book in it.
pub struct Desk {
    home: tempfile::TempDir,
    /// The book.
    pub book: PathBuf,
}

/// The demo book that each test gets a copy of, written once.
fn demo() -> &'static Path {
    static DEMO: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = DEMO.get_or_init(|| {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("demo.db");
        let desk = Desk {
            book: path.clone(),
            home,
        };
        let args = ["demo", "--customers", "40", "--into"]
            .map(String::from)
            .into_iter()
            .chain([path.display().to_string()]);
        let done = desk
            .command()
            .args(args)
            .output()
            .expect("the program starts");
        assert!(done.status.success(), "{done:?}");
        (desk.home, path)
    });
    path
}

impl Desk {
    /// One with a copy of the demo book.
    pub fn with_demo() -> Desk {
        let desk = Desk::empty();
        std::fs::copy(demo(), &desk.book).expect("a copy");
        desk
    }

    /// One whose book does not exist yet.
    pub fn empty() -> Desk {
        let home = tempfile::tempdir().expect("a folder");
        Desk {
            book: home.path().join("book.db"),
            home,
        }
    }

    /// A file in the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The environment that both the screens and the subcommands get; nothing is inherited.
    fn environment(&self) -> Vec<(&'static str, String)> {
        let home = self.home.path().display().to_string();
        let mut all = vec![
            ("PATH", "/usr/bin:/bin"),
            ("USER", "ana"),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("TZ", "UTC"),
        ];
        all.push(("RUST_BACKTRACE", "0"));
        let own = [
            ("HOME", ""),
            ("XDG_DATA_HOME", "/data"),
            ("XDG_STATE_HOME", "/state"),
            ("XDG_CONFIG_HOME", "/config"),
        ];
        let own = own
            .into_iter()
            .map(|(name, part)| (name, format!("{home}{part}")));
        all.into_iter()
            .map(|(name, value)| (name, value.to_owned()))
            .chain(own)
            .collect()
    }

    /// A subcommand, not started yet; without the book.
    pub fn command(&self) -> Command {
        self.tool(env!("CARGO_BIN_EXE_retain"))
    }

    /// Another program, in the same surroundings.
    pub fn tool(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.environment())
            .current_dir(self.home.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a subcommand on the book as `me`.
    pub fn run_as(&self, me: &str, args: &[&str]) -> Output {
        self.command()
            .args(args)
            .arg("--book")
            .arg(&self.book)
            .args(["--me", me])
            .output()
            .expect("the program starts")
    }

    /// The JSON that a subcommand on the book prints.
    pub fn json(&self, args: &[&str]) -> serde_json::Value {
        let output = self.run_as("ana", &[args, &["--json"]].concat());
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// The screens, not started yet.
    pub fn screens(&self) -> CommandBuilder {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_retain"));
        command.env_clear();
        for (name, value) in self.environment() {
            command.env(name, value);
        }
        command.cwd(self.home.path());
        command.arg("--book");
        command.arg(&self.book);
        command
    }

    /// The screens of the demo book with their first picture complete, the cursor on the first of the queue.
    pub fn open(&self) -> Console {
        self.open_as("ana")
    }

    /// The same, as somebody.
    pub fn open_as(&self, me: &str) -> Console {
        let mut command = self.screens();
        command.args(["--me", me]);
        let mut console = Console::start(command);
        console.wait("the queue with its preview", |c| {
            c.shows("Queue (") && c.shows("Customers 40") && c.shows("│ Last")
        });
        console
    }
}
