//! What others do to the row while a form on it is open: untouched fields follow, typed ones keep what was typed and say so.

use std::collections::HashSet;

use super::Form;
use super::cell::tags;
use crate::domain::clash::Clash;
use crate::domain::id::Id;
use crate::domain::query::EditRow;
use crate::tui::look::Look;
use crate::tui::views::clash::when;

/// What is known of others' changes.
#[derive(Default)]
pub struct Abroad {
    // Edits that were there when the form was opened, or that were told.
    known: Option<HashSet<(Id, String)>>,
    // Who changed which untouched field since.
    meanwhile: Vec<(String, String)>,
}

impl Abroad {
    /// What to add to the message of a save: who changed something else meanwhile.
    pub fn meanwhile(&self, look: &Look) -> Option<String> {
        let (person, _) = self.meanwhile.first()?;
        let mut fields: Vec<&str> = self
            .meanwhile
            .iter()
            .filter(|(p, _)| p == person)
            .map(|(_, f)| f.as_str())
            .collect();
        fields.dedup();
        Some(look.say.fill(
            "form.meanwhile",
            &[("person", person), ("fields", &fields.join(", "))],
        ))
    }
}

impl Form {
    /// Takes up what the history of the row says, newest first.
    pub(super) fn hear(&mut self, edits: &[EditRow], look: &Look) {
        let first = self.abroad.known.is_none();
        let known = self.abroad.known.get_or_insert_default();
        let new: Vec<&EditRow> = edits
            .iter()
            .filter(|e| known.insert((e.batch, e.field.clone())))
            .collect();
        if first {
            // The page that the form was filled from, or the draft, may be older than the history.
            return self.catch_up(edits, look);
        }
        for edit in new.into_iter().rev() {
            self.take_up(edit, look);
        }
    }

    fn catch_up(&mut self, edits: &[EditRow], look: &Look) {
        let mut seen = HashSet::new();
        for edit in edits.iter().filter(|e| seen.insert(e.field.as_str())) {
            let cell = self.cells.iter().find(|c| c.code == edit.field);
            if cell.is_some_and(|c| c.typed(&edit.value, look).trim() != c.base.trim()) {
                self.take_up(edit, look);
            }
        }
    }

    fn take_up(&mut self, edit: &EditRow, look: &Look) {
        let person = if edit.person == look.me {
            look.say.word("clash.yourself").to_owned()
        } else {
            edit.person.clone()
        };
        if edit.field == "removed" {
            self.removed = (edit.value.as_i64() == Some(1)).then_some(person);
            return;
        }
        if let Some(tag) = edit.field.strip_prefix("tag.") {
            return self.take_up_tag(tag, edit.value.as_i64() == Some(1), &person, look);
        }
        let Some(cell) = self.cells.iter_mut().find(|c| c.code == edit.field) else {
            return;
        };
        let (typed, text) = (cell.is_typed(), cell.typed(&edit.value, look));
        let when = when(edit.at, look);
        let shown = text.lines().next().unwrap_or_default();
        let shown = if shown.is_empty() {
            look.say.word("account.no_value")
        } else {
            shown
        };
        let values = [
            ("person", person.as_str()),
            ("value", shown),
            ("when", &when),
        ];
        if typed && cell.text().trim() != text.trim() {
            // The base stays: saving asks which of the two holds.
            cell.news = look.say.fill("form.theirs", &values);
            return;
        }
        cell.rebase(edit.value.clone(), look);
        cell.news = look
            .say
            .fill(if typed { "form.same" } else { "form.changed" }, &values);
        if !typed {
            self.abroad.meanwhile.push((person, cell.label.clone()));
        }
    }

    fn take_up_tag(&mut self, tag: &str, on: bool, person: &str, look: &Look) {
        let Some(cell) = self.cells.iter_mut().find(|c| c.code == "tags") else {
            return;
        };
        let with = |text: &str| {
            let mut all = tags(text);
            all.retain(|t| t != tag);
            if on {
                all.push(tag.to_owned());
            }
            all.join(", ")
        };
        // Tags are changed one by one, so both people's changes hold; what was typed stays as it is.
        if !cell.is_typed() {
            let text = with(cell.text());
            cell.set(&text);
            cell.base = text;
            self.abroad
                .meanwhile
                .push((person.to_owned(), cell.label.clone()));
        }
        let word = if on { "form.tag_on" } else { "form.tag_off" };
        cell.news = look.say.fill(word, &[("person", person), ("tag", tag)]);
    }

    /// Marks the fields that a save was refused for, and puts the cursor on the first.
    pub(super) fn blame_clash(&mut self, clash: &Clash, look: &Look) {
        for field in clash.fields.iter().rev() {
            if let Some(at) = self.cells.iter().position(|c| c.code == field.field) {
                self.at = at;
                let cell = &mut self.cells[at];
                let text = cell.typed(&field.theirs, look);
                let who = field.by.as_ref().map_or_else(
                    || look.say.word("clash.somebody").to_owned(),
                    |by| by.person.clone(),
                );
                let when = field
                    .by
                    .as_ref()
                    .map(|by| when(by.at, look))
                    .unwrap_or_default();
                let shown = text.lines().next().unwrap_or_default();
                cell.news = look.say.fill(
                    "form.theirs",
                    &[("person", &who), ("value", shown), ("when", &when)],
                );
            }
        }
    }
}
