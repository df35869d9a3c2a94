//! Keys as rows: each screen declares its keys once, and the hint line, help, palette, `retain keys` and `keys.toml` read the rows.

use std::collections::BTreeMap;

use super::key::{Key, show};
use super::view::{Cx, Keyed, Look};

/// Whether a row applies now; the error is the code of a word in `[why_not]` that says why it does not.
pub type Applies = Result<(), &'static str>;

/// One thing a person can do on a screen of type `V`. Its id is `<screen>.<label>`, its words are those of the id in `[action]`
/// (or of `*.<label>`, for what means the same on every screen).
pub struct KeyRow<V: ?Sized + 'static> {
    /// The part of the id behind the screen's name.
    pub label: &'static str,
    /// Keys as [`Key::parse_all`] reads them; empty for what only the palette offers.
    pub keys: &'static [&'static str],
    /// When it applies.
    pub when: fn(&V, &Look) -> Applies,
    /// What it does.
    pub run: fn(&mut V, &mut Cx),
    /// Stands in the hint line. The line is filled in the order of the rows, so the most used come first.
    pub hint: bool,
    /// Does not apply where nothing can be written.
    pub writes: bool,
    /// Leads to something that is typed.
    pub types: bool,
    /// The subcommand that does the same; `None` for what is of the screen only ([`SCREEN_ONLY`]).
    pub cli: Option<&'static str>,
}

/// Labels of what a script has no use for: moving about, marking, copying, asking on the screen, and how it looks. Every other
/// row names the subcommand that does the same, and a test looks whether it is there.
pub const SCREEN_ONLY: &[&str] = &[
    "again",
    "all_mine",
    "all_theirs",
    "arrived",
    "as_of",
    "back",
    "bookmark",
    "bookmarks",
    "both",
    "card",
    "choose",
    "clear_filter",
    "close",
    "closed_too",
    "column_left",
    "column_right",
    "complete",
    "copy_email",
    "copy_id",
    "copy_name",
    "copy_row",
    "copy_table",
    "copy_text",
    "discard",
    "done_too",
    "down",
    "drafts",
    "editor",
    "enter",
    "escape",
    "everybody",
    "facts",
    "filter",
    "first",
    "fold",
    "form",
    "half_down",
    "half_up",
    "history_back",
    "history_forward",
    "kind_back",
    "kind_next",
    "kinds_all",
    "kinds_money",
    "kinds_notes",
    "kinds_nps",
    "kinds_rules",
    "kinds_stage",
    "kinds_tickets",
    "kinds_touch",
    "last",
    "leave",
    "left",
    "less",
    "let_go",
    "longer",
    "mark",
    "mark_all",
    "mark_none",
    "mine",
    "mode",
    "more",
    "mouse",
    "narrow",
    "next",
    "next_file",
    "next_stage",
    "number",
    "on",
    "open",
    "open_other",
    "older",
    "others",
    "own",
    "page_down",
    "page_up",
    "pane",
    "period",
    "plain",
    "preview",
    "previous",
    "previous_file",
    "previous_stage",
    "quit",
    "register",
    "repaint",
    "reverse",
    "right",
    "run",
    "save",
    "shorter",
    "split",
    "stage_left",
    "stage_right",
    "suspend",
    "take_up",
    "theirs",
    "today",
    "toggle",
    "turn",
    "unfold",
    "unroll",
    "up",
    "who",
];

/// A row that always applies and is not in the hint line.
pub const fn row<V: ?Sized>(
    label: &'static str,
    keys: &'static [&'static str],
    run: fn(&mut V, &mut Cx),
) -> KeyRow<V> {
    KeyRow {
        label,
        keys,
        when: |_, _| Ok(()),
        run,
        hint: false,
        writes: false,
        types: false,
        cli: None,
    }
}

impl<V: ?Sized> KeyRow<V> {
    /// Applies only where `when` says so.
    #[must_use]
    pub const fn when(mut self, when: fn(&V, &Look) -> Applies) -> KeyRow<V> {
        self.when = when;
        self
    }

    /// Leads to a write, as the subcommand `cli` does: applies only where the book can be written, and says so before anything is
    /// typed.
    #[must_use]
    pub const fn writes(mut self, cli: &'static str) -> KeyRow<V> {
        self.writes = true;
        if cli.is_empty() { self } else { self.cli(cli) }
    }

    /// Leads to something that is typed: where it does not apply, the words that a person types behind it must not act as keys.
    #[must_use]
    pub const fn types(mut self) -> KeyRow<V> {
        self.types = true;
        self
    }

    /// The subcommand that does the same.
    #[must_use]
    pub const fn cli(mut self, cli: &'static str) -> KeyRow<V> {
        self.cli = Some(cli);
        self
    }

    /// Whether it applies on this view now.
    pub fn applies(&self, view: &V, look: &Look) -> Applies {
        match (&look.read_only, look.past) {
            (Some(_), Some(_)) if self.writes => Err("past"),
            (Some(_), None) if self.writes => Err("read_only"),
            _ => (self.when)(view, look),
        }
    }

    /// Shown in the hint line.
    #[must_use]
    pub const fn hint(mut self) -> KeyRow<V> {
        self.hint = true;
        self
    }
}

/// A row without its types: what help, palette and the tests read.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// `triage.done`.
    pub id: String,
    /// The screen it belongs to.
    pub screen: &'static str,
    /// The id without the screen.
    pub label: &'static str,
    /// Key sequences, the user's or the defaults.
    pub keys: Vec<Vec<Key>>,
    /// Stands in the hint line.
    pub hint: bool,
    /// Leads to something that is typed.
    pub types: bool,
    /// Its number among the screen's rows.
    pub index: usize,
    /// The subcommand that does the same.
    pub cli: Option<&'static str>,
}

impl Action {
    /// The first key sequence as a person reads it; empty when it has none.
    pub fn key(&self) -> String {
        self.keys.first().map(|k| show(k)).unwrap_or_default()
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
            keys: row.keys.iter().filter_map(|k| Key::parse_all(k)).collect(),
            hint: row.hint,
            types: row.types,
            index,
            cli: row.cli,
        })
        .collect()
}

/// What typed keys lead to on a screen.
#[derive(Debug, PartialEq)]
pub enum Reached<'a> {
    /// This action.
    Action(&'a Action),
    /// The beginning of these.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Every action of every screen with the keys that hold now.
#[derive(Default)]
pub struct Keymap {
    screens: BTreeMap<&'static str, Vec<Action>>,
}

impl Keymap {
    /// The default keys of all `screens`.
    pub fn new(screens: impl IntoIterator<Item = Vec<Action>>) -> Keymap {
        let mut map = BTreeMap::new();
        for actions in screens {
            if let Some(first) = actions.first() {
                map.insert(first.screen, actions);
            }
        }
        Keymap { screens: map }
    }

    /// The actions of a screen.
    pub fn of(&self, screen: &str) -> &[Action] {
        self.screens.get(screen).map_or(&[], Vec::as_slice)
    }

    /// All actions, by screen.
    pub fn all(&self) -> impl Iterator<Item = &Action> {
        self.screens.values().flatten()
    }

    /// The action with an id.
    pub fn get(&self, id: &str) -> Option<&Action> {
        self.all().find(|a| a.id == id)
    }

    /// The key of the action with an id, as it is shown; empty without one.
    pub fn key_of(&self, id: &str) -> String {
        self.get(id).map(Action::key).unwrap_or_default()
    }

    /// What `typed` leads to on `screen`.
    pub fn reach(&self, screen: &str, typed: &[Key]) -> Reached<'_> {
        let actions = self.of(screen);
        if let Some(action) = actions.iter().find(|a| a.keys.iter().any(|k| k == typed)) {
            return Reached::Action(action);
        }
        if actions
            .iter()
            .any(|a| a.keys.iter().any(|k| k.starts_with(typed)))
        {
            Reached::Prefix
        } else {
            Reached::Nothing
        }
    }

    /// Puts the keys of a `keys.toml` in place of the defaults and says what is wrong with it, one sentence a mistake, with
    /// its line. What is right holds even when something is wrong.
    pub fn overlay(&mut self, text: &str) -> Vec<String> {
        #[derive(serde::Deserialize)]
        struct File {
            #[serde(default)]
            keys: BTreeMap<String, toml::Spanned<Vec<String>>>,
        }
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(e) => {
                let line = e.span().map_or(1, |s| line_at(text, s.start));
                return vec![format!("keys.toml line {line}: {}", e.message())];
            }
        };
        let mut wrong = Vec::new();
        for (id, keys) in file.keys {
            let line = line_at(text, keys.span().start);
            let named = |a: &Action| {
                a.id == id || id.strip_prefix("*.").is_some_and(|label| a.label == label)
            };
            if !self.all().any(named) {
                wrong.push(format!(
                    "keys.toml line {line}: there is no action \"{id}\" (retain keys lists them)"
                ));
                continue;
            }
            let mut sequences = Vec::new();
            for key in keys.get_ref() {
                match Key::parse_all(key) {
                    Some(keys) => sequences.push(keys),
                    None => wrong.push(format!("keys.toml line {line}: \"{key}\" is not a key")),
                }
            }
            for action in self.screens.values_mut().flatten().filter(|a| named(a)) {
                action.keys.clone_from(&sequences);
            }
        }
        wrong.extend(
            self.conflicts()
                .into_iter()
                .map(|c| format!("keys.toml: {c}")),
        );
        wrong
    }

    /// Keys that two actions of one screen share, or that are the beginning of another's.
    pub fn conflicts(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (screen, actions) in &self.screens {
            let all: Vec<(&Action, &Vec<Key>)> = actions
                .iter()
                .flat_map(|a| a.keys.iter().map(move |k| (a, k)))
                .collect();
            for (i, (a, one)) in all.iter().enumerate() {
                for (b, two) in &all[i + 1..] {
                    if one.starts_with(two) || two.starts_with(one) {
                        out.push(format!(
                            "{} and {} of {screen} conflict ({} and {})",
                            a.id,
                            b.id,
                            show(one),
                            show(two)
                        ));
                    }
                }
            }
        }
        out
    }
}

fn line_at(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
}
