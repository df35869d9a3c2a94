//! Which keys hold: the actions of every screen, what typed keys lead to, and the keys of a `keys.toml` over the defaults.

use std::collections::BTreeMap;

use super::key::{Key, show};

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
                return vec![
                    say!("keymap.keys_toml_line", line = line, message = e.message()).to_string(),
                ];
            }
        };
        let mut wrong = Vec::new();
        for (id, keys) in file.keys {
            let line = line_at(text, keys.span().start);
            let named = |a: &Action| {
                a.id == id || id.strip_prefix("*.").is_some_and(|label| a.label == label)
            };
            if !self.all().any(named) {
                wrong.push(say!("keymap.keys_toml_line_there", line = line, id = id).to_string());
                continue;
            }
            let mut sequences = Vec::new();
            for key in keys.get_ref() {
                match Key::parse_all(key) {
                    Some(keys) => sequences.push(keys),
                    None => wrong.push(
                        say!("keymap.keys_toml_line_not", line = line, key = key).to_string(),
                    ),
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
                        out.push(
                            say!(
                                "keymap.conflict",
                                id = a.id,
                                id_2 = b.id,
                                screen = screen,
                                one = show(one),
                                two = show(two)
                            )
                            .to_string(),
                        );
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
