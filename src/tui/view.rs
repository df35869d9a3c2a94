//! What a screen is: its state, its keys, what it watches, how it draws, and the context in which its keys run.

use std::any::{Any, TypeId};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock, RwLockReadGuard};

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Hit};
use super::drafts::{Drafts, Key};
use super::keymap::{Action, Applies, KeyRow, Keymap, actions_of};
use super::say::Say;
use super::theme::{Glyphs, Theme};
use crate::domain::command::{Command, Receipt};
use crate::domain::config::Config;
use crate::domain::id::Id;
use crate::domain::query::{Counts, Page, Query};
use crate::domain::roster::Roster;
use crate::domain::time::{Day, Moment};
use crate::error::Error;
use crate::store::presence::Here;
use crate::transfer::import::{Report, Wanted};
use crate::tui::go::Go;

/// What every screen may read while it acts and draws. Only the app writes it.
pub struct Look {
    /// Now, in the book's zone.
    pub now: Moment,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The words.
    pub say: Say,
    /// The nine roles.
    pub theme: Theme,
    /// Box and sign characters, or their ASCII forms.
    pub glyphs: Glyphs,
    /// Every key that holds.
    pub keymap: Keymap,
    /// The shared roster, once the book is open.
    pub roster: Option<Arc<RwLock<Roster>>>,
    /// The book's config, once it is open.
    pub config: Arc<Config>,
    /// The book's file.
    pub book: PathBuf,
    /// The folder by which it exchanges, if it does.
    pub exchanges: Option<PathBuf>,
    /// Why nothing can be written.
    pub read_only: Option<String>,
    /// The day before today as of which everything is shown.
    pub past: Option<Day>,
    /// Counts for the tabs.
    pub counts: Counts,
    /// Who else has the book open.
    pub here: Vec<Here>,
    /// The customer whose page is open.
    pub looking: Option<Id>,
    /// Who "me" is.
    pub me: String,
    /// Rows that the list of the last frame could show: what a page key moves by.
    pub list_rows: usize,
    /// The preview is shown (`w`).
    pub preview: bool,
    /// Texts that were begun and not saved, by what they are of.
    pub drafts: Drafts,
    /// Customers with a bookmark, newest first.
    pub bookmarks: Vec<Id>,
    /// Customers whose page was open, newest first.
    pub visited: Vec<Id>,
    /// Ids of actions and customers that the palette ran last, newest first.
    pub recent: Vec<String>,
    /// The write that is begun or answered just now, while views hear of it.
    pub ticket: u64,
    /// The last command on customers, for `.`.
    pub last: Option<Command>,
    /// Copies of the book that a sync tool left beside it.
    pub copies: Vec<PathBuf>,
    /// Batches that somebody has changed since and that `u` passes over.
    pub passed: Vec<Id>,
    /// What the last look at a file to import has found, and which file it was.
    pub imported: Option<(PathBuf, Arc<Report>)>,
    /// What came while somebody typed, and waits.
    pub arrived: Vec<String>,
    /// What was done today in triage, newest first, for the end of the queue.
    pub handled: Vec<String>,
}

impl Look {
    /// The roster for reading, for the time of one drawing or one key. `None` before the book is open.
    pub fn read(&self) -> Option<RwLockReadGuard<'_, Roster>> {
        // A writer that panicked left the rows it was changing half-scored at worst; lists may still be read.
        self.roster
            .as_ref()
            .map(|r| r.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The customer at a row of the roster.
    pub fn id_of(&self, row: u32) -> Option<Id> {
        self.read().and_then(|r| r.ids.get(row as usize).copied())
    }

    /// The name of a customer; empty when it is not there.
    pub fn name_of(&self, id: Id) -> String {
        self.read()
            .and_then(|r| r.row_of_id(id).map(|at| r.name(at).to_owned()))
            .unwrap_or_default()
    }

    /// What belongs to the book goes with it; what is the person's stays.
    pub fn leave_book(&mut self) {
        self.roster = None;
        self.exchanges = None;
        self.read_only = None;
        self.past = None;
        self.counts = Counts::default();
        self.here.clear();
        self.looking = None;
        self.last = None;
        self.copies.clear();
        self.passed.clear();
        self.imported = None;
        self.handled.clear();
    }

    /// The words of an action: its own, or those that its label has on every screen.
    pub fn action_words(&self, action: &Action) -> String {
        let own = self.say.find(&format!("action.{}", action.id));
        own.or_else(|| self.say.find(&format!("action.*.{}", action.label)))
            .unwrap_or(&action.id)
            .to_owned()
    }
}

/// The line above a screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Title {
    /// Where we are: `Mine, at risk`.
    pub crumb: String,
    /// The filter that holds.
    pub filter: String,
    /// At the right: `4 done today  7/23`.
    pub counter: String,
}

/// How much of the screen a view takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Place {
    /// All of the body; what is below is not drawn.
    #[default]
    Full,
    /// A box in front of what is below.
    Box,
    /// A line (or a few) in place of the hint line; what is below stays visible.
    Line,
}

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

/// What the view that is told does.
pub type Tell = Box<dyn FnOnce(&mut dyn Any, &mut Cx)>;

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
    Tell(TypeId, Tell),
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
    /// Makes a demo book and opens it.
    Demo,
    /// Opens another book.
    OpenBook(PathBuf),
    /// Imports a file, or tells only what would come.
    Import(PathBuf, Box<Wanted>),
    /// Merges a copy of the book; `true`: tells only what would come.
    Merge(PathBuf, bool),
    /// Shows everything as it was at the end of a day; `None`: as it is.
    Past(Option<Day>),
    /// The batch that `u` would take back next is left as it is: `u` goes on to the one before.
    PassOver(Id),
    /// Asks into which file what is shown goes.
    AskExport,
    /// Writes the answer to a question into a file.
    Export(Query, PathBuf),
    /// Opens a mail to somebody: a `mailto:` link.
    Mail(String),
    /// Writes the brief of a handover into a file, then gives the customers to somebody.
    HandOver {
        customers: Vec<Id>,
        to: String,
        path: PathBuf,
    },
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
        let act: Tell = Box::new(move |view, cx| {
            if let Some(view) = view.downcast_mut() {
                act(view, cx);
            }
        });
        self.push(Step::Tell(TypeId::of::<V>(), act));
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

/// A screen. Everything but the title and the drawing has a default.
///
/// A screen declares what it watches and never refreshes: its own write, another process's write and a changed filter all come
/// back through [`Screen::on_page`].
pub trait Screen: 'static {
    /// How much of the screen it takes.
    fn place(&self) -> Place {
        Place::Full
    }

    /// The line above it.
    fn title(&self, look: &Look) -> Title;

    /// What it needs to know, each under a number of its own (0-15). Read after every update.
    fn watches(&self, look: &Look) -> Vec<(u8, Query)> {
        let _ = look;
        Vec::new()
    }

    /// A watched query's answer. A page for a question that is no longer asked never arrives.
    fn on_page(&mut self, part: u8, page: &Arc<Page>, cx: &mut Cx) {
        let _ = (part, page, cx);
    }

    /// A watched query failed.
    fn on_failed(&mut self, part: u8, error: &str, cx: &mut Cx) {
        let _ = part;
        cx.bad(error);
    }

    /// Somebody on the stack writes a command: the moment to show its effect before it has happened.
    fn on_write(&mut self, command: &Command, look: &Look) {
        let _ = (command, look);
    }

    /// A command's result. The app shows the message; a view only has to act where the result changes what it shows.
    fn on_written(&mut self, command: &Command, result: &Result<Receipt, Error>, cx: &mut Cx) {
        let _ = (command, result, cx);
    }

    /// False until it has what its keys need: keys and pastes wait for it in order.
    fn ready(&self) -> bool {
        true
    }

    /// The file that it shows.
    fn file(&self) -> Option<&Path> {
        None
    }

    /// It has sent this command, and waits for its end.
    fn is_sending(&self, command: &Command) -> bool {
        let _ = command;
        false
    }

    /// True while a text field has the keys: letters then go to [`Screen::type_key`], only other keys to the rows.
    fn typing(&self) -> bool {
        false
    }

    /// A key for the text field.
    fn type_key(&mut self, key: &KeyEvent, cx: &mut Cx) {
        let _ = (key, cx);
    }

    /// Pasted text; false when it is not wanted here.
    fn paste(&mut self, text: &str, cx: &mut Cx) -> bool {
        let _ = (text, cx);
        false
    }

    /// Text that comes back from `$EDITOR`.
    fn on_edited(&mut self, text: &str, cx: &mut Cx) {
        let _ = (text, cx);
    }

    /// A click (or a wheel step: `Hit::Wheel`) on something it drew.
    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        let _ = (hit, cx);
    }

    /// 30 ms have passed without a key since a handler asked for it: the moment for the preview to follow.
    fn quiet(&mut self, look: &Look) {
        let _ = look;
    }

    /// Moves to the next or previous customer of its list and names it.
    fn step(&mut self, by: i32, look: &Look) -> Option<Id> {
        let _ = (by, look);
        None
    }

    /// Shows another customer.
    fn show(&mut self, customer: Id, cx: &mut Cx) {
        let _ = (customer, cx);
    }

    /// The customers that a verb acts on: the marked ones, or the one under the cursor.
    fn subjects(&self, look: &Look) -> Vec<Id> {
        let _ = look;
        Vec::new()
    }

    /// How many customers [`Screen::subjects`] names. Asked several times a frame, so a list with many marks counts them itself.
    fn subject_count(&self, look: &Look) -> usize {
        self.subjects(look).len()
    }

    /// Text that the editor had saved when it failed or the terminal went: where it was typed it is there to be read, and answers
    /// nothing. False where it cannot stand.
    fn on_rescued(&mut self, text: &str) -> bool {
        let _ = text;
        false
    }

    /// The text that would be lost if the view went away now: what it is of, and the text. An empty one says that what was kept of
    /// it is not wanted any more.
    fn draft(&self) -> Option<(Key, String)> {
        None
    }

    /// What brings it back to this filter, sort, row and scroll; `None` for a view that is not brought back.
    fn save(&self, look: &Look) -> Option<Go> {
        let _ = look;
        None
    }

    /// Goes to a place.
    fn restore(&mut self, to: &Go) {
        let _ = to;
    }

    /// Draws into `area`.
    fn draw(&self, canvas: &mut Canvas, area: Rect);
}

/// A screen's line in the registry (`views::SCREENS`), which alone implements it.
pub trait Declared {
    /// The name: first part of its action ids, name of its saved state, key of its words in `[screen]`.
    const NAME: &'static str;
    /// The number of its tab (1-5), for roots.
    const TAB: Option<usize>;
}

/// A screen with its keys.
pub trait Keyed: Screen + Declared + Sized {
    /// Its keys, in groups so that shared rows (moving in lists, verbs on customers) can be mixed in.
    const KEYS: &'static [&'static [KeyRow<Self>]];
}

/// A screen without its type, so that different ones can stand on one stack: what depends on the type, its keys, goes by number.
pub trait View: Screen + Any {
    /// [`Declared::NAME`].
    fn name(&self) -> &'static str;
    /// Whether the row of keys with this number applies now.
    fn applies(&self, index: usize, look: &Look) -> Applies;
    /// Runs it.
    fn run(&mut self, index: usize, cx: &mut Cx);
}

fn nth<V: Keyed>(index: usize) -> Option<&'static KeyRow<V>> {
    V::KEYS.iter().flat_map(|group| group.iter()).nth(index)
}

impl<V: Keyed> View for V {
    fn name(&self) -> &'static str {
        V::NAME
    }
    fn applies(&self, index: usize, look: &Look) -> Applies {
        nth::<V>(index).map_or(Err("unknown"), |row| row.applies(self, look))
    }
    fn run(&mut self, index: usize, cx: &mut Cx) {
        if let Some(row) = nth::<V>(index) {
            (row.run)(self, cx);
        }
    }
}

/// One line of the registry: how a screen is made and what its keys are.
pub struct Registered {
    /// Its name.
    pub name: &'static str,
    /// Its tab, for roots.
    pub tab: Option<usize>,
    /// Makes one at a place.
    pub make: fn(&Go) -> Box<dyn View>,
    /// Its rows.
    pub actions: fn() -> Vec<Action>,
    /// The keys of its rows as they are written.
    pub keys: fn() -> Vec<&'static str>,
}

/// The registry line of a screen that can be made from nothing and brought to a place.
pub const fn screen<V: Keyed + Default>() -> Registered {
    Registered {
        name: V::NAME,
        tab: V::TAB,
        make: |to| {
            let mut view = V::default();
            view.restore(to);
            Box::new(view)
        },
        actions: actions_of::<V>,
        keys: || {
            let rows = V::KEYS.iter().flat_map(|group| group.iter());
            rows.flat_map(|row| row.keys).copied().collect()
        },
    }
}
