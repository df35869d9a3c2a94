//! What a screen is: its state, its keys, what it watches, and how it draws.

use std::any::Any;
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Hit};
use super::drafts::Key;
use super::go::Go;
use super::key_row::{Applies, KeyRow};
use super::keymap::Action;
use super::look::Look;
use super::step::Cx;
use crate::domain::command::{Command, Receipt};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::error::Error;

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

/// The rows of a screen with their default keys.
pub fn actions_of<V: Keyed>() -> Vec<Action> {
    let rows = V::KEYS.iter().flat_map(|group| group.iter());
    rows.enumerate()
        .map(|(index, row)| Action {
            id: format!("{}.{}", V::NAME, row.label),
            screen: V::NAME,
            label: row.label,
            keys: row
                .keys
                .iter()
                .filter_map(|k| super::key::Key::parse_all(k))
                .collect(),
            hint: row.hint,
            types: row.types,
            index,
            cli: row.cli,
        })
        .collect()
}
