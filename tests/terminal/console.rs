//! One program in a PTY: what it wrote, what is seen of it, how it ended.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// No condition takes longer, even with a debug build on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

/// The size that every console starts with.
pub const SIZE: (u16, u16) = (120, 36);

/// A running program with its terminal.
pub struct Console {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    output: Receiver<Vec<u8>>,
    hang_up: Arc<AtomicBool>,
    parser: vt100::Parser,
    /// How the line was set before the program started.
    line: String,
    /// Every byte that the program wrote.
    pub sent: Vec<u8>,
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a terminal has cells")
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

impl Console {
    /// Starts a program.
    pub fn start(command: CommandBuilder) -> Console {
        let pair = native_pty_system().openpty(pty_size(SIZE)).expect("a PTY");
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let keys = pair.master.take_writer().expect("its input");
        let line = format!("{:?}", pair.master.get_termios());
        let child = pair
            .slave
            .spawn_command(command)
            .expect("the program starts");
        let (tell, output) = channel();
        let hang_up = Arc::new(AtomicBool::new(false));
        let gone = hang_up.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            // An error is the end: nobody has the other side open any more.
            while let Ok(n) = reader.read(&mut buffer) {
                if n == 0 || gone.load(Ordering::SeqCst) || tell.send(buffer[..n].to_vec()).is_err()
                {
                    break;
                }
            }
        });
        let parser = vt100::Parser::new(cells(SIZE.1), cells(SIZE.0), 0);
        Console {
            child,
            master: Some(pair.master),
            keys: Some(keys),
            output,
            hang_up,
            parser,
            line,
            sent: Vec::new(),
        }
    }

    /// What is seen.
    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// Whether this is seen.
    pub fn shows(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    /// The first cell of a row in which these words begin.
    pub fn column_of(&self, row: u16, words: &str) -> Option<u16> {
        let screen = self.parser.screen();
        let sign = |column: u16| {
            screen
                .cell(row, column)
                .map_or("", |c| if c.has_contents() { c.contents() } else { " " })
        };
        (0..SIZE.0).find(|column| {
            (0..)
                .zip(words.chars())
                .all(|(n, c)| sign(column + n) == c.to_string())
        })
    }

    /// The last line: messages.
    pub fn message(&self) -> String {
        self.parser
            .screen()
            .rows(0, SIZE.0)
            .last()
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// The name under the cursor: the beginning of the row that is drawn reversed, behind its priority.
    pub fn under_cursor(&self) -> String {
        let screen = self.parser.screen();
        let row = (0..SIZE.1)
            .find(|row| screen.cell(*row, 4).is_some_and(vt100::Cell::inverse))
            .expect("a row is selected");
        screen.contents_between(row, 9, row, 32).trim().to_owned()
    }

    /// Reads until the condition holds. It is asked between frames only: half a frame is nobody's picture.
    pub fn wait(&mut self, what: &str, holds: impl Fn(&Console) -> bool) {
        self.wait_for(DEADLINE, what, holds);
    }

    /// Reads until the condition holds, for so long at most.
    pub fn wait_for(&mut self, deadline: Duration, what: &str, holds: impl Fn(&Console) -> bool) {
        let end = Instant::now() + deadline;
        while !self.between_frames() || !holds(self) {
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take(&bytes),
                Err(_) => panic!(
                    "not seen: {what}. Ended: {:?}. On the screen:\n{}",
                    self.child.try_wait(),
                    self.text()
                ),
            }
        }
    }

    /// Reads until the condition holds or so long has gone by: for keys that may change nothing.
    pub fn read_for(&mut self, most: Duration, holds: impl Fn(&Console) -> bool) {
        let end = Instant::now() + most;
        while !holds(self) {
            match self
                .output
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(bytes) => self.take(&bytes),
                Err(_) => return,
            }
        }
    }

    fn between_frames(&self) -> bool {
        last(&self.sent, b"\x1b[?2026h") <= last(&self.sent, b"\x1b[?2026l")
    }

    fn take(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.sent.extend_from_slice(bytes);
    }

    /// Presses keys, as the bytes that a terminal sends for them.
    pub fn press(&mut self, keys: &str) {
        let to = self.keys.as_mut().expect("the terminal is there");
        to.write_all(keys.as_bytes())
            .and_then(|()| to.flush())
            .expect("keys are taken");
    }

    /// Sends keys from a thread of their own, as much as the program takes; nothing can be pressed behind them.
    pub fn pour(&mut self, keys: String) {
        let mut to = self.keys.take().expect("the terminal is there");
        std::thread::spawn(move || to.write_all(keys.as_bytes()).and_then(|()| to.flush()));
    }

    /// The same where the program may have ended; `false`: it has.
    pub fn try_press(&mut self, keys: &str) -> bool {
        let to = self.keys.as_mut().expect("the terminal is there");
        to.write_all(keys.as_bytes())
            .and_then(|()| to.flush())
            .is_ok()
            && matches!(self.child.try_wait(), Ok(None))
    }

    /// Resizes and reads until a frame for it is whole; `false`: the program has ended. One that does neither fails the test.
    pub fn answers(&mut self, size: (u16, u16)) -> bool {
        let before = self.sent.len();
        self.resize(size);
        let end = Instant::now() + DEADLINE;
        while !has(&self.sent[before..], b"\x1b[?2026l") {
            match self
                .output
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(bytes) => self.take(&bytes),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return false,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    panic!("it hangs. On the screen:\n{}", self.text())
                }
            }
        }
        true
    }

    /// Gives the terminal another size, in cells.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.parser
            .screen_mut()
            .set_size(cells(size.1), cells(size.0));
        self.master
            .as_ref()
            .expect("the terminal is there")
            .resize(pty_size(size))
            .expect("a size");
    }

    /// Resizes and reads until the frame for it is whole.
    pub fn resize_and_draw(&mut self, size: (u16, u16)) {
        let before = self.sent.len();
        self.resize(size);
        self.wait(&format!("a frame of {size:?}"), |c| {
            has(&c.sent[before..], b"\x1b[?2026l")
        });
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("a signal");
    }

    fn pid(&self) -> Pid {
        let id = self
            .child
            .process_id()
            .and_then(|id| i32::try_from(id).ok());
        id.and_then(Pid::from_raw).expect("the program runs")
    }

    /// Reads to the end; gives the exit code.
    pub fn end(&mut self) -> u32 {
        let end = Instant::now() + DEADLINE;
        loop {
            match self
                .output
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(bytes) => self.take(&bytes),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    panic!("does not end. On the screen:\n{}", self.text())
                }
            }
        }
        self.child.wait().expect("it ended").exit_code()
    }

    /// Takes the terminal away while the program runs, as a closed window does, and waits for the end.
    pub fn hang_up(mut self) {
        self.hang_up.store(true, Ordering::SeqCst);
        // The reader has the terminal open too: it leaves at the next output.
        self.press("?");
        while self.output.recv_timeout(DEADLINE).is_ok() {}
        drop((self.keys.take(), self.master.take()));
        self.child.wait().expect("it ended");
    }

    /// Asserts that the terminal is as it was before: modes by the model and by the bytes, and the line by the kernel.
    pub fn assert_given_back(&self) {
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert_eq!(
            format!(
                "{:?}",
                self.master
                    .as_ref()
                    .expect("the terminal is there")
                    .get_termios()
            ),
            self.line
        );
        for mode in [
            "1049", "2004", "1006", "1003", "1002", "1000", "1004", "2026",
        ] {
            let (on, off) = (format!("\x1b[?{mode}h"), format!("\x1b[?{mode}l"));
            let (on, off) = (
                last(&self.sent, on.as_bytes()),
                last(&self.sent, off.as_bytes()),
            );
            assert!(off.is_some() && on < off, "mode {mode} is left on");
        }
        assert!(
            last(&self.sent, b"\x1b[?25l") < last(&self.sent, b"\x1b[?25h"),
            "the cursor is left hidden"
        );
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind; one that ended has nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the bytes have these in them.
pub fn has(bytes: &[u8], part: &[u8]) -> bool {
    last(bytes, part).is_some()
}

fn last(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).rposition(|w| w == part)
}
