//! What a handler may ask for: steps as values, the context that collects them, and jobs on threads.

use std::any::Any;
use std::fmt;
use std::path::PathBuf;

use super::bench::Bench;
use super::drafts::Key;
use super::go::Go;
use super::look::Look;
use super::view::{Screen, View};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::time::Day;
use crate::error::Error;

/// A kind of message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// Done.
    Good,
    /// For information.
    Plain,
    /// Something is wrong.
    Bad,
}

/// Whether a view is the one that is meant.
pub type Fits = Box<dyn Fn(&dyn Any) -> bool>;

/// What is done in a view.
pub type Act = Box<dyn FnOnce(&mut dyn Any, &mut Cx)>;

/// What is done in the nearest view that fits; and what comes where there is none.
pub struct Tell {
    /// The view fits.
    pub fits: Fits,
    /// What it does.
    pub act: Act,
    /// What comes without one.
    pub or: Option<Incoming>,
}

/// What comes from outside the keys and wants to stand in front.
pub enum Incoming {
    /// A view, and what the sign calls it.
    View(String, Box<dyn View>),
    /// Another book.
    Book(PathBuf),
}

/// What a handler asks for; the app carries it out after the handler has returned.
pub enum Step {
    /// Runs a command; the ticket comes back to [`Screen::on_written`].
    Write(u64, Box<Command>),
    /// Puts a view on top.
    Open(Box<dyn View>),
    /// Opens a screen.
    Go(Go),
    /// Takes the acting view away.
    Close,
    /// Shows a message.
    Toast(Tone, String),
    /// Adds to the message that is shown.
    Also(String),
    /// Puts text on the clipboard; the word says what it is.
    Copy(String, String),
    /// Edits text in `$EDITOR`; it comes back to [`Screen::on_edited`] of the acting view.
    Editor(String),
    /// Has the nearest view of a type act.
    Tell(Tell),
    /// Something that was not asked for by a key wants to stand in front.
    Comes(Incoming),
    /// Begins a job.
    Run(Box<dyn AnyJob>),
    /// The next or previous customer of the list below, shown in the acting view ([`Screen::step`], [`Screen::show`]).
    Neighbour(i32),
    /// Runs the action with this id on whatever screen is on top after the acting view is gone.
    Act(String),
    /// Asks for [`Screen::quiet`] after 30 ms without keys.
    Quiet,
    /// A text draft that is not needed any more.
    Forget(Key),
    /// A text that is kept as the draft of something, in the place of what was kept there.
    Keep(Key, String),
    /// Of several drafts of one thing, the one that is offered next.
    Offer(Key),
    /// A text (what it is a draft of, and the text) that went into the writes beside this step: it is a draft again where they
    /// are refused.
    Sent(Key, String),
    /// What only the app can do: tabs, history, quitting.
    App(AppStep),
}

/// What only the app can do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AppStep {
    /// One step back; at the top: quits.
    Back,
    /// One step back; at the top: clears the filter, or does nothing.
    Escape,
    /// Quits; where something is being written it is asked first.
    Quit,
    /// Quits, whatever is lost by it.
    QuitNow,
    /// Shows the first of what came while somebody typed.
    Arrived,
    /// Stops the process (Ctrl-Z).
    Suspend,
    /// Draws everything anew.
    Repaint,
    /// A screen over the tab that is in front, in place of what stands over it.
    Over(Box<Go>),
    /// Where we were before, and back again.
    History(i32),
    /// Shows or hides the preview.
    Preview,
    /// Sets a bookmark on a customer, or takes it away.
    Bookmark(Id),
    /// Mouse on or off.
    Mouse,
    /// Opens another book.
    OpenBook(PathBuf),
    /// Shows everything as it was at the end of a day; `None`: as it is.
    Past(Option<Day>),
    /// The batch that `u` would take back next is left as it is: `u` goes on to the one before.
    PassOver(Id),
    /// Asks into which file what is shown goes.
    AskExport,
    /// Others' writes are not told one by one for so many milliseconds: a merge or an import says them all in one message.
    Hush(i64),
    /// A copy of the book is not beside it any more.
    PutAway(PathBuf),
    /// Puts text on the clipboard by the terminal's own way.
    CopyByTerminal(String),
}

/// The context in which a key's handler runs: it reads [`Look`] and collects steps; nothing happens before it returns.
pub struct Cx<'a> {
    /// What may be read.
    pub look: &'a Look,
    tickets: &'a mut u64,
    pub(super) steps: Vec<Step>,
}

impl<'a> Cx<'a> {
    /// A context over `look`. `tickets` counts the writes.
    pub fn new(look: &'a Look, tickets: &'a mut u64) -> Cx<'a> {
        Cx {
            look,
            tickets,
            steps: Vec::new(),
        }
    }

    /// Collects a step.
    pub fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Runs a command as one undo step. Every view of the stack hears of it at once ([`Screen::on_write`]), so that a list
    /// can take the handled rows away before the store has answered.
    pub fn write(&mut self, command: Command) -> u64 {
        *self.tickets += 1;
        self.push(Step::Write(*self.tickets, Box::new(command)));
        *self.tickets
    }

    /// Puts a view on top.
    pub fn open(&mut self, view: impl View + 'static) {
        self.push(Step::Open(Box::new(view)));
    }

    /// Opens a screen: `cx.go(Go::account(id))`.
    pub fn go(&mut self, to: Go) {
        self.push(Step::Go(to));
    }

    /// Has the nearest view of a type act: an answer for the view that asked.
    pub fn tell<V: Screen>(&mut self, act: impl FnOnce(&mut V, &mut Cx) + 'static) {
        self.tell_or(|_: &V| true, act, None);
    }

    /// Has the nearest view act that fits; without one something else comes.
    pub fn tell_or<V: Screen>(
        &mut self,
        fits: impl Fn(&V) -> bool + 'static,
        act: impl FnOnce(&mut V, &mut Cx) + 'static,
        or: Option<Incoming>,
    ) {
        self.push(Step::Tell(Tell {
            fits: Box::new(move |view| view.downcast_ref().is_some_and(&fits)),
            act: Box::new(move |view, cx| {
                if let Some(view) = view.downcast_mut() {
                    act(view, cx);
                }
            }),
            or,
        }));
    }

    /// Begins a job.
    pub fn run(&mut self, job: impl Job) {
        self.push(Step::Run(Box::new(job)));
    }

    /// A message that something was refused, with its hints.
    pub fn refused(&mut self, error: &Error) {
        self.bad(format!("{error}. {}", error.hints.join(". ")));
    }

    /// Takes the acting view away.
    pub fn close(&mut self) {
        self.push(Step::Close);
    }

    /// A message that something is done.
    pub fn good(&mut self, text: impl Into<String>) {
        self.push(Step::Toast(Tone::Good, text.into()));
    }

    /// A plain message.
    pub fn toast(&mut self, text: impl Into<String>) {
        self.push(Step::Toast(Tone::Plain, text.into()));
    }

    /// A message that something is wrong.
    pub fn bad(&mut self, text: impl Into<String>) {
        self.push(Step::Toast(Tone::Bad, text.into()));
    }
}

/// What runs on a thread of its own while keys go on: what it is to do, how, and what becomes of its answer.
pub trait Job: Clone + PartialEq + fmt::Debug + Send + 'static {
    /// What it comes back with.
    type Answer: Send + 'static;

    /// What would be lost with the program while it runs, as a word; `None`: nothing.
    fn writes(&self) -> Option<&'static str> {
        None
    }

    /// Ctrl-C stops it. While it writes, no second one that stops begins; while it only looks, a second look takes its place.
    fn stops(&self) -> bool {
        false
    }

    /// Does it, on the thread.
    fn run(&self, bench: &mut Bench) -> Self::Answer;

    /// What becomes of its answer. `here`: the book that was in front when it began still is.
    fn ended(self, answer: Self::Answer, here: bool, cx: &mut Cx);
}

/// The end of a job, to be heard by the screens.
pub struct Ended(Hear);

/// Hears an answer: whether the book of the job is still in front, and the screens.
type Hear = Box<dyn FnOnce(bool, &mut Cx) + Send>;

impl Ended {
    /// A job with its answer.
    pub fn of<J: Job>(job: J, answer: J::Answer) -> Ended {
        Ended(Box::new(move |here, cx| job.ended(answer, here, cx)))
    }

    /// Has it heard.
    pub fn heard(self, here: bool, cx: &mut Cx) {
        (self.0)(here, cx);
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ended")
    }
}

/// A [`Job`] without its type.
#[allow(missing_docs)]
pub trait AnyJob: Any + fmt::Debug + Send {
    fn writes(&self) -> Option<&'static str>;
    fn stops(&self) -> bool;
    fn run(self: Box<Self>, bench: &mut Bench) -> Ended;
    fn copied(&self) -> Box<dyn AnyJob>;
    fn equals(&self, other: &dyn Any) -> bool;
}

impl<J: Job> AnyJob for J {
    fn writes(&self) -> Option<&'static str> {
        Job::writes(self)
    }
    fn stops(&self) -> bool {
        Job::stops(self)
    }
    fn run(self: Box<Self>, bench: &mut Bench) -> Ended {
        let answer = Job::run(&*self, bench);
        Ended::of(*self, answer)
    }
    fn copied(&self) -> Box<dyn AnyJob> {
        Box::new(self.clone())
    }
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref() == Some(self)
    }
}

impl Clone for Box<dyn AnyJob> {
    fn clone(&self) -> Box<dyn AnyJob> {
        (**self).copied()
    }
}

impl PartialEq for Box<dyn AnyJob> {
    fn eq(&self, other: &Box<dyn AnyJob>) -> bool {
        let other: &dyn Any = &**other;
        (**self).equals(other)
    }
}
