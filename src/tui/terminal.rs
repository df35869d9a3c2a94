//! The terminal: taken once, given back on every way out, lent to other programs in between.

use std::io::{self, IsTerminal, Write, stdout};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::{cursor, event, execute, queue, style, terminal};

use crate::error::{Error, Result};

/// True while the modes are ours: whoever leaves (drop, panic, signal) gives back once.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Collects a frame and hands it to the terminal as one write. What was not finished when a panic came is never written: the
/// terminal has been given back by then.
#[derive(Default)]
pub struct Frame(Vec<u8>);

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut out = stdout().lock();
        let written = out.write_all(&self.0).and_then(|()| out.flush());
        self.0.clear();
        written
    }
}

/// Holds the terminal's modes; dropping it gives them back.
pub struct Guard {
    mouse: bool,
}

impl Guard {
    /// Takes the terminal. An error when standard input or output is none.
    pub fn take(mouse: bool) -> Result<Guard> {
        if !io::stdin().is_terminal() || !stdout().is_terminal() {
            return Err(Error::usage(say!("terminal.screens_need_terminal"))
                .hint(say!("terminal.every_list_also_subcommand")));
        }
        let guard = Guard { mouse };
        guard
            .enter()
            .map_err(|e| Error::failed(say!("terminal.terminal_could_not_taken")).because(e))?;
        Ok(guard)
    }

    /// Takes the modes (again).
    pub fn enter(&self) -> io::Result<()> {
        terminal::enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let mut out = stdout();
        queue!(
            out,
            terminal::EnterAlternateScreen,
            event::EnableBracketedPaste,
            event::EnableFocusChange,
            cursor::Hide
        )?;
        if self.mouse {
            queue!(out, event::EnableMouseCapture)?;
        }
        queue!(out, terminal::Clear(terminal::ClearType::All))?;
        out.flush()
    }

    /// Gives the modes back for the time that another program has the terminal.
    pub fn lend(&self) {
        give_back();
    }

    /// Switches mouse reports.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on {
            execute!(stdout(), event::EnableMouseCapture)
        } else {
            execute!(stdout(), event::DisableMouseCapture)
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives every mode back, once; harmless when nothing was taken.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = stdout();
    // Each may fail on a terminal that is gone (HUP); the others are still tried.
    let _ = execute!(out, terminal::EndSynchronizedUpdate);
    let _ = execute!(
        out,
        event::DisableMouseCapture,
        event::DisableFocusChange,
        event::DisableBracketedPaste
    );
    let _ = execute!(
        out,
        style::ResetColor,
        style::SetAttribute(style::Attribute::Reset),
        terminal::LeaveAlternateScreen,
        cursor::Show
    );
    let _ = terminal::disable_raw_mode();
}

/// On a panic in any thread: gives the terminal back first, writes a crash file, names it, then lets the hook before it speak.
pub fn on_panic(state_dir: Option<PathBuf>) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        give_back();
        let text = format!(
            "retain {}\n{info}\n\n{}\n",
            env!("CARGO_PKG_VERSION"),
            std::backtrace::Backtrace::force_capture()
        );
        let dir = state_dir.clone().unwrap_or_else(std::env::temp_dir);
        let _ = std::fs::create_dir_all(&dir);
        let file = dir.join(format!("crash-{}.txt", std::process::id()));
        before(info);
        if crate::files::draft(&file)
            .and_then(|mut out| out.write_all(text.as_bytes()))
            .is_ok()
        {
            // Not `eprintln!`: standard error may be gone as well, and a panic in here would end the process silently.
            let _ = writeln!(io::stderr(), "The details are in {}", file.display());
        }
        // The loop would draw on over a terminal that is not ours any more, and without its worker it is of no use.
        if std::thread::current().name() != Some("main") {
            std::process::exit(101);
        }
    }));
}
