//! Carries out effects: the terminal, the worker, `$EDITOR`, the clipboard, the state file. The only place of the screens that acts.

use std::collections::VecDeque;
use std::io::stdout;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::careful::Careful;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, after, never, select, unbounded};
use crossterm::event::Event;
use crossterm::{event, execute};
use ratatui::Terminal;

use super::app::App;
use super::bench::{Bench, JobNo};
use super::effect::{EditorFailed, Effect, Generation, Msg};
use super::pasted::joined;
use super::state::Kept;
use super::step::AnyJob;
use super::terminal::{Frame, Guard};
use super::{Start, clock};
use crate::domain::query::BatchPage;
use crate::error::{Error, Result};
use crate::store::worker::{Answer, Ask, Worker};
use crate::transfer::hooks;

/// What comes into the loop: a message, or a batch of input that the input thread waits to see handled.
enum In {
    Msg(Msg),
    Batch(Vec<Event>),
}

/// The loop with everything that it owns.
pub struct Runner {
    start: Start,
    guard: Guard,
    terminal: Terminal<Careful<Frame>>,
    worker: Worker,
    inbox: Receiver<In>,
    out: Sender<In>,
    go_on: Sender<()>,
    // What came in while an editor had the terminal.
    held: VecDeque<In>,
    state: Kept,
    quit: bool,
    repaint: bool,
    // Workers of books that are not in front any more, at their last writes.
    ending: Vec<JoinHandle<()>>,
    // Jobs, and how each is stopped.
    stops: Vec<(JobNo, Arc<AtomicBool>)>,
    // Tells the thread that looks at `keys.toml` about the focus.
    keys: Option<Sender<bool>>,
}

/// The folder of the person's hooks, where there are any.
fn hooks_of(start: &Start) -> Option<PathBuf> {
    let folder = start.config_dir.clone();
    folder.filter(|folder| folder.join(hooks::FILE).exists())
}

fn worker(start: &Start, book: PathBuf, of: Generation, out: &Sender<In>) -> Worker {
    let out = out.clone();
    let hooks = hooks_of(start).map(|folder| Hooks::start(folder, book.clone(), out.clone()));
    let tells = hooks.is_some();
    let worker = Worker::start(book, start.options.clone(), clock, move |answer| {
        match (answer, &hooks) {
            (Answer::Batch(page), Some(hooks)) => hooks.give(page),
            (answer, _) => {
                let _ = out.send(In::Msg(Msg::Answer(of, answer)));
            }
        }
    });
    if tells {
        worker.ask(Ask::Tell);
    }
    worker
}

/// The thread that gives batches to the person's hooks, so that nothing on the screen waits for them.
struct Hooks {
    batches: Option<Sender<Box<BatchPage>>>,
    ended: Receiver<()>,
}

/// How long it is waited for our own end behind that of an editor which failed.
const OURS_TOO: std::time::Duration = std::time::Duration::from_millis(100);

/// How long the end of the program waits for hooks that are still at work.
const LAST_HOOKS: std::time::Duration = std::time::Duration::from_secs(2);

impl Hooks {
    fn start(folder: PathBuf, book: PathBuf, out: Sender<In>) -> Hooks {
        let (batches, inbox) = unbounded::<Box<BatchPage>>();
        let (end, ended) = unbounded();
        std::thread::spawn(move || {
            let book = std::fs::canonicalize(&book).unwrap_or(book);
            for page in inbox {
                tell_hooks(&folder, &book, &page, &out);
            }
            let _ = end.send(());
        });
        Hooks {
            batches: Some(batches),
            ended,
        }
    }

    fn give(&self, page: Box<BatchPage>) {
        if let Some(batches) = &self.batches {
            let _ = batches.send(page);
        }
    }
}

/// Gives a batch to the hooks of a folder, and says what they have to say.
fn tell_hooks(folder: &Path, book: &Path, page: &BatchPage, out: &Sender<In>) {
    let told = match hooks::read(folder) {
        Ok(all) => hooks::give(&all, &hooks::payload(page, book)),
        Err(error) => vec![error.message.to_string()],
    };
    for words in told {
        let _ = out.send(In::Msg(Msg::Told(words)));
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.batches = None;
        let _ = self.ended.recv_timeout(LAST_HOOKS);
    }
}

impl Runner {
    /// Takes the terminal and starts the worker, the input thread and the signal thread.
    pub fn new(start: Start, guard: Guard, state: Kept) -> Result<Runner> {
        let (out, inbox) = unbounded();
        let told = out.clone();
        crate::store::locks::tell_waits(move |words| {
            let _ = told.send(In::Msg(Msg::Told(words.to_owned())));
        });
        // The book is what takes longest, so it is begun with.
        let worker = worker(&start, start.book.clone(), 0, &out);
        let frame = Frame::default();
        let backend = if super::ascii_letters(&start) {
            Careful::ascii(frame)
        } else {
            Careful::new(frame)
        };
        let terminal = Terminal::new(backend)
            .map_err(|e| Error::failed(say!("runner.terminal_no_size")).because(e))?;
        let (go_on, wait) = unbounded();
        spawn_input(out.clone(), wait);
        spawn_signals(out.clone())?;
        let keys = start
            .config_dir
            .as_ref()
            .map(|dir| spawn_keys(dir.join("keys.toml"), out.clone()));
        Ok(Runner {
            start,
            guard,
            terminal,
            worker,
            inbox,
            out,
            go_on,
            held: VecDeque::new(),
            state,
            quit: false,
            repaint: false,
            ending: Vec::new(),
            stops: Vec::new(),
            keys,
        })
    }

    /// Runs until the app quits, or until the terminal is gone: then what was typed is kept all the same.
    pub fn run(&mut self, app: &mut App) -> Result<()> {
        let done = self.go(app);
        if done.is_err() {
            let effects = app.update(Msg::Leave, clock());
            self.carry_out(app, effects);
        }
        self.settle(app);
        // What was written in a book of before ends like what is written in this one.
        for thread in self.ending.drain(..) {
            let _ = thread.join();
        }
        done
    }

    /// What was typed for a write that has no answer yet is kept until it stands: the worker ends with it anyway.
    fn settle(&mut self, app: &mut App) {
        if !app.waits() {
            return;
        }
        self.guard.lend();
        while app.waits() {
            match self
                .held
                .pop_front()
                .map_or_else(|| self.inbox.recv_timeout(LAST_ANSWERS), Ok)
            {
                Ok(In::Msg(Msg::Answer(of, answer @ Answer::Written { .. }))) => {
                    app.update(Msg::Answer(of, answer), clock());
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        let effects = app.update(Msg::Leave, clock());
        self.carry_out(app, effects);
    }

    fn go(&mut self, app: &mut App) -> Result<()> {
        let effects = app.start();
        self.carry_out(app, effects);
        self.paint(app)?;
        while !self.quit {
            let first = match (self.held.pop_front(), app.deadline()) {
                (Some(held), _) => held,
                (None, Some(at)) => {
                    let ms = u64::try_from(at.0 - clock().0).unwrap_or(0);
                    self.inbox
                        .recv_timeout(std::time::Duration::from_millis(ms))
                        .unwrap_or(In::Msg(Msg::Timer))
                }
                (None, None) => self
                    .inbox
                    .recv()
                    .map_err(|e| Error::failed(say!("runner.input_ended")).because(e))?,
            };
            // Everything that waits is applied before one frame is drawn.
            let mut batches = self.apply(app, first);
            while let Some(next) = self.held.pop_front().or_else(|| self.inbox.try_recv().ok()) {
                batches += self.apply(app, next);
                if self.quit {
                    break;
                }
            }
            if !self.quit {
                self.paint(app)?;
            }
            for _ in 0..batches {
                let _ = self.go_on.send(());
            }
        }
        Ok(())
    }

    /// Applies one message; returns how many batches of input it was.
    fn apply(&mut self, app: &mut App, what: In) -> usize {
        match what {
            In::Msg(msg) => {
                let effects = app.update(msg, clock());
                self.carry_out(app, effects);
                0
            }
            In::Batch(events) => {
                for event in joined(events) {
                    self.repaint |= matches!(event, Event::Resize(..));
                    let effects = app.update(Msg::Input(event), clock());
                    self.carry_out(app, effects);
                    if self.quit {
                        break;
                    }
                }
                1
            }
        }
    }

    fn paint(&mut self, app: &mut App) -> Result<()> {
        let failed =
            |e: std::io::Error| Error::failed(say!("runner.terminal_could_not_written")).because(e);
        let size = self.terminal.size().map_err(failed)?;
        if std::mem::take(&mut self.repaint) {
            // Not `clear`: that asks the terminal where the cursor is, and one that does not answer (or is being resized again)
            // would end the program.
            self.terminal.resize(size.into()).map_err(failed)?;
        }
        if app.look.size != (size.width, size.height) {
            app.update(Msg::Input(Event::Resize(size.width, size.height)), clock());
        }
        let mut drawn = None;
        self.terminal
            .draw(|frame| {
                let seen = app.draw(frame.buffer_mut());
                if let Some((x, y)) = seen.cursor {
                    frame.set_cursor_position((x, y));
                }
                drawn = Some(seen);
            })
            .map_err(failed)?;
        if let Some(drawn) = drawn {
            app.seen(drawn);
        }
        Ok(())
    }

    fn carry_out(&mut self, app: &mut App, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Write { ticket, command } => self.worker.ask(Ask::Write {
                    ticket,
                    command,
                    now: clock(),
                }),
                Effect::GiveUp => self.worker.give_up(),
                Effect::Watch { slot, query } => self.worker.ask(Ask::Watch { slot, query }),
                Effect::Unwatch { slot } => self.worker.ask(Ask::Unwatch { slot }),
                Effect::Looking(customer) => self.worker.ask(Ask::Looking(customer)),
                Effect::Past(day) => self.worker.ask(Ask::Past(day)),
                Effect::Focus(on) => {
                    self.focus(on);
                    // What another console has kept meanwhile is offered here too. It is read only where it is taken.
                    if on && let Some(kept) = self.state.news(app.state()) {
                        app.update(Msg::Kept(kept), clock());
                    }
                }
                Effect::Editor { view, text } => {
                    let msg = self.edit(view, &text);
                    let effects = app.update(msg, clock());
                    self.carry_out(app, effects);
                }
                Effect::CopyByTerminal(text) => {
                    let _ = execute!(
                        stdout(),
                        crossterm::clipboard::CopyToClipboard::to_clipboard_from(text)
                    );
                }
                Effect::Suspend => self.suspend(),
                Effect::Repaint => self.repaint = true,
                Effect::Mouse(on) => {
                    let _ = self.guard.set_mouse(on);
                }
                Effect::SaveState(text) => {
                    if let Some(kept) = self.state.write(&text) {
                        app.update(Msg::Kept(kept), clock());
                    }
                }
                Effect::Run(no, job) => self.begin(app, no, job),
                Effect::OpenBook(of, path) => self.open_book(of, path),
                Effect::Stop(job) => {
                    for (_, stop) in self.stops.iter().filter(|(of, _)| *of == job) {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                Effect::Quit => self.quit = true,
            }
        }
    }

    /// Begins a job on a thread. Hooks hear of what it wrote once its answer is given.
    fn begin(&mut self, app: &App, no: JobNo, job: Box<dyn AnyJob>) {
        let (out, told) = (self.out.clone(), self.out.clone());
        let hooks = hooks_of(&self.start);
        let stop = Arc::new(AtomicBool::new(false));
        self.stops.retain(|(_, stop)| Arc::strong_count(stop) > 1);
        self.stops.push((no, stop.clone()));
        let mut bench = Bench {
            book: app.look.book.clone(),
            past: app.look.past,
            started_with: self.start.book.clone(),
            options: self.start.options.clone(),
            clock,
            stop,
            tell: Box::new(move |reading| {
                let _ = told.send(In::Msg(Msg::Reading(no, reading)));
            }),
            has_hooks: hooks.is_some(),
            batches: Vec::new(),
        };
        std::thread::spawn(move || {
            let ended = job.run(&mut bench);
            let _ = out.send(In::Msg(Msg::Done(no, ended)));
            if let Some(folder) = hooks {
                let book = std::fs::canonicalize(&bench.book).unwrap_or(bench.book);
                for page in &bench.batches {
                    tell_hooks(&folder, &book, page, &out);
                }
            }
        });
    }

    /// The worker of before ends on a thread: it may have to wait for a lock with its last write, and keys do not.
    fn open_book(&mut self, of: Generation, path: PathBuf) {
        let before = std::mem::replace(&mut self.worker, worker(&self.start, path, of, &self.out));
        self.ending.retain(|thread| !thread.is_finished());
        self.ending.push(std::thread::spawn(move || drop(before)));
    }

    fn suspend(&mut self) {
        self.guard.lend();
        // To the whole group, as the terminal would: a shell sees its job stop. Where no shell could let us go on, nothing stops.
        let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
        self.take_back();
    }

    fn focus(&self, on: bool) {
        self.worker.ask(Ask::Focus(on));
        if let Some(keys) = &self.keys {
            let _ = keys.send(on);
        }
    }

    /// Takes the terminal again. Whoever ends what was in it looks at it, and no report says so.
    fn take_back(&mut self) {
        let _ = self.guard.enter();
        self.focus(true);
        self.repaint = true;
    }

    /// Runs the editor on a file of its own with the terminal given back. What it has saved is never lost: where it fails or the
    /// terminal goes, the file stays beside what was read from it.
    fn edit(&mut self, view: u32, text: &str) -> Msg {
        let editor = std::env::var("VISUAL")
            .or_else(|_| std::env::var("EDITOR"))
            .unwrap_or_else(|_| "vi".to_owned());
        let dir = self
            .start
            .state_dir
            .clone()
            .unwrap_or_else(std::env::temp_dir);
        let said = |file: &Path, e: std::io::Error| Msg::Said {
            good: false,
            text: say!("runner.could_not_written", file = file.display(), e = e).to_string(),
        };
        let file = match edit_file(&dir, text) {
            Ok(file) => file,
            Err(e) => return said(&dir, e),
        };
        self.guard.lend();
        // The setting may carry arguments (`code -w`), so the shell splits it; the file is handed on as an argument of its own.
        let begun = Process::new("sh")
            .arg("-c")
            .arg(format!("{editor} \"$1\""))
            .arg("sh")
            .arg(&file)
            .spawn();
        let (status, leaves) = match begun {
            Ok(mut child) => {
                let (end, ended) = unbounded();
                std::thread::spawn(move || {
                    let _ = end.send(child.wait());
                });
                self.editor_ends(ended)
            }
            Err(e) => (Some(Err(e)), false),
        };
        if !leaves {
            self.take_back();
        }
        let after = std::fs::read_to_string(&file).ok();
        let another = after
            .clone()
            .filter(|after| !after.trim().is_empty() && after.trim_end() != text.trim_end());
        let remove = || {
            let _ = std::fs::remove_file(&file);
        };
        let (ended, killed) = match &status {
            Some(Ok(status)) if status.success() && !leaves => {
                remove();
                return Msg::Edited {
                    view,
                    text: after.filter(|t| !t.trim().is_empty()),
                };
            }
            Some(Ok(status)) => (status.to_string(), leaves || was_killed(*status)),
            Some(Err(e)) => (e.to_string(), false),
            // It goes on, and may save more.
            None => (String::new(), true),
        };
        let stays = another.is_some() || status.is_none();
        if !stays {
            remove();
        }
        let failed = EditorFailed {
            editor,
            status: (!leaves).then_some(ended),
            saved: another.filter(|_| killed),
            file: stays.then_some(file),
        };
        Msg::EditorFailed { view, failed }
    }

    /// Waits for the end of an editor, or of ourselves: nothing else is done meanwhile, and nothing that comes in is lost.
    fn editor_ends(
        &mut self,
        mut ended: Receiver<std::io::Result<ExitStatus>>,
    ) -> (Option<std::io::Result<ExitStatus>>, bool) {
        let (mut status, mut leaves, mut enough) = (None, false, never());
        loop {
            select! {
                recv(ended) -> done => {
                    status = done.ok();
                    // What ends both of us may have reached the editor first, also as the end of its input.
                    if leaves || matches!(&status, Some(Ok(status)) if status.success()) {
                        break;
                    }
                    (ended, enough) = (never(), after(OURS_TOO));
                }
                recv(self.inbox) -> what => match what {
                    Ok(what) => {
                        let leave = matches!(what, In::Msg(Msg::Leave));
                        self.held.push_back(what);
                        if leave && status.is_some() {
                            leaves = true;
                            break;
                        } else if leave && !leaves {
                            (leaves, enough) = (true, after(LAST_WORDS));
                        }
                    }
                    Err(_) => break,
                },
                recv(enough) -> _ => break,
            }
        }
        (status, leaves)
    }
}

/// How long an editor that is ended with us may take to save what it has.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_millis(300);

/// How long the end of the program waits for writes that have no answer: longer than they wait for a lock.
const LAST_ANSWERS: std::time::Duration = std::time::Duration::from_secs(12);

/// Ended by a signal, as the system says it or as a shell does.
fn was_killed(status: ExitStatus) -> bool {
    status.code().is_none_or(|code| code > 128)
}

/// A new file with a text for an editor; those that stay from before are left.
fn edit_file(dir: &Path, text: &str) -> std::io::Result<PathBuf> {
    crate::files::make_own(dir)?;
    let folder = crate::files::Folder::open(&std::fs::canonicalize(dir)?)?;
    let names = (0..1000).map(|n| {
        if n == 0 {
            format!("edit-{}.txt", std::process::id())
        } else {
            format!("edit-{}-{n}.txt", std::process::id())
        }
    });
    let name = names
        .into_iter()
        .find(|name| folder.is_free(name))
        .ok_or(std::io::ErrorKind::AlreadyExists)?;
    let mut out = folder.create(&name, 0o600)?;
    std::io::Write::write_all(&mut out, text.as_bytes())?;
    Ok(folder.path().join(name))
}

/// Reads input. After each batch it waits until the loop has handled and drawn it: so a program that is lent the terminal gets
/// every key itself, and keys that come while a frame is drawn are one batch.
fn spawn_input(out: Sender<In>, go_on: Receiver<()>) {
    std::thread::spawn(move || {
        while let Ok(first) = event::read() {
            let mut batch = vec![first];
            while batch.len() < 4096 && event::poll(AT_ONCE).unwrap_or(false) {
                match event::read() {
                    Ok(next) => batch.push(next),
                    Err(_) => break,
                }
            }
            if out.send(In::Batch(batch)).is_err() || go_on.recv().is_err() {
                return;
            }
        }
        let _ = out.send(In::Msg(Msg::Leave));
    });
}

/// How long more input is waited for that is there already. Not zero: crossterm would not look at all.
const AT_ONCE: std::time::Duration = std::time::Duration::from_micros(100);

/// Looks once a second, while the terminal is looked at, whether `keys.toml` is another than before. Not in the loop: a file on
/// a slow disk must not hold up a key.
fn spawn_keys(file: PathBuf, out: Sender<In>) -> Sender<bool> {
    let (focus, heard) = unbounded();
    std::thread::spawn(move || {
        let read = || std::fs::read_to_string(&file).unwrap_or_default();
        let stamp = || {
            std::fs::metadata(&file)
                .and_then(|m| Ok((m.modified()?, m.len())))
                .ok()
        };
        let (mut known, mut text) = (stamp(), read());
        let mut focused = true;
        loop {
            let said = if focused {
                heard.recv_timeout(KEYS_LOOK)
            } else {
                heard.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match said {
                Ok(on) => focused = on,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = stamp();
            if !focused || now == known {
                continue;
            }
            known = now;
            let new = read();
            if new != text {
                text.clone_from(&new);
                if out.send(In::Msg(Msg::Keys(new))).is_err() {
                    return;
                }
            }
        }
    });
    focus
}

/// How often `keys.toml` is looked at.
const KEYS_LOOK: std::time::Duration = std::time::Duration::from_secs(1);

fn spawn_signals(out: Sender<In>) -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT])
        .map_err(|e| Error::failed(say!("runner.signals_could_not_listened")).because(e))?;
    std::thread::spawn(move || {
        for _ in signals.forever() {
            if out.send(In::Msg(Msg::Leave)).is_err() {
                return;
            }
        }
    });
    Ok(())
}
