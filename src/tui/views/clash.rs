//! Somebody was there first: each field with what was seen, theirs and mine. One key chooses, and nothing is written before.

#[cfg(test)]
mod tests;

use ratatui::layout::Rect;
use serde_json::{Value, json};

use super::log_line::Line;
use crate::domain::clash::{By, Clash, Clashing, Joined, join};
use crate::domain::command::{Change, Command};
use crate::domain::money;
use crate::domain::time::{Stamp, words};
use crate::tui::canvas::{Canvas, Hit, centred};
use crate::tui::keymap::{Applies, KeyRow, row};
use crate::tui::measure::{cells, wrap};
use crate::tui::theme::Role;
use crate::tui::view::{Cx, Look, Place, Screen, Step, Title};

/// What was chosen for a field.
#[derive(Clone, Debug, PartialEq)]
enum Choice {
    Theirs,
    Mine,
    /// Another value, or both together.
    Own(Value),
}

/// The dialog.
#[derive(Default)]
pub struct ClashBox {
    clash: Clash,
    command: Option<Command>,
    choices: Vec<Option<Choice>>,
    // Texts that both changed, brought together.
    joined: Vec<Option<Joined>>,
    // The row that was removed is to come back.
    back: bool,
    // The form that it came from is below, with what was typed.
    form: bool,
    at: usize,
}

/// Most lines of one value.
const LINES: usize = 4;

impl ClashBox {
    /// The dialog for a write that was refused. `form`: one is open below.
    pub fn new(clash: Clash, command: Command, form: bool, look: &Look) -> ClashBox {
        let joined = clash.fields.iter().map(|f| joined(f, look)).collect();
        ClashBox { choices: vec![None; clash.fields.len()], joined, clash, command: Some(command), form, ..ClashBox::default() }
    }

    /// Something is taken back, and not edited: that is done as a whole or not at all.
    fn takes_back(&self) -> bool {
        !matches!(self.command, Some(Command::Edit { .. }))
    }

    /// The row is removed, and what becomes of it is not decided yet.
    fn is_gone(&self) -> bool {
        self.clash.removed.is_some() && !self.back
    }

    fn by(&mut self, by: isize) {
        self.at = self.at.saturating_add_signed(by).min(self.choices.len().saturating_sub(1));
    }

    fn choose(&mut self, choice: Choice, cx: &mut Cx) {
        if self.takes_back() {
            return self.decide_undo(&choice, cx);
        }
        if let Some(place) = self.choices.get_mut(self.at) {
            *place = Some(choice);
        }
        match self.choices.iter().position(Option::is_none) {
            Some(open) => self.at = open,
            None => self.finish(cx),
        }
    }

    fn choose_all(&mut self, choice: &Choice, cx: &mut Cx) {
        if self.takes_back() {
            return self.decide_undo(choice, cx);
        }
        self.choices.fill(Some(choice.clone()));
        self.finish(cx);
    }

    fn both(&mut self, cx: &mut Cx) {
        if let Some(joined) = self.joined.get(self.at).and_then(Option::as_ref) {
            let text = Value::from(joined.text());
            self.choose(Choice::Own(text), cx);
        }
    }

    fn bring_back(&mut self, cx: &mut Cx) {
        self.back = true;
        if self.choices.iter().all(Option::is_some) {
            self.finish(cx);
        }
    }

    /// Leaves it removed. What was typed stays as the form's draft.
    fn let_go(&mut self, cx: &mut Cx) {
        cx.push(Step::Tell("form", json!({"close": true})));
        cx.toast(cx.look.say.word("clash.let_go").to_owned());
        cx.close();
    }

    /// Another value: short ones in a line here, long ones where they were typed.
    fn edit(&mut self, cx: &mut Cx) {
        let Some(field) = self.clash.fields.get(self.at) else { return };
        let joined = self.joined.get(self.at).and_then(Option::as_ref);
        let text = joined.map_or_else(|| said(field, &field.mine, cx.look), |j| j.text().to_owned());
        if field.field == "text" && self.form {
            cx.push(Step::Tell("form", json!({"field": field.field, "text": text, "base": field.theirs})));
            return cx.close();
        }
        if field.field == "text" {
            return cx.push(Step::Editor(text));
        }
        let line = Line::new(format!("{}:", label(&field.field, cx.look)), |text, cx| {
            cx.push(Step::Tell("clash", json!({"value": text.trim()})));
            Ok(())
        });
        cx.open(line.text(&text));
    }

    fn decide_undo(&mut self, choice: &Choice, cx: &mut Cx) {
        cx.close();
        if *choice == Choice::Theirs {
            return cx.toast(cx.look.say.word("clash.left").to_owned());
        }
        let forced = match (&self.command, self.clash.batch) {
            (Some(Command::PutBack { edit, .. }), _) => Command::PutBack { edit: *edit, force: true },
            (Some(Command::TakeBack { batch, .. }), _) => Command::TakeBack { batch: *batch, force: true },
            // The batch is named: the latest one may be another by now.
            (_, batch) => Command::Undo { batch, force: true },
        };
        cx.write(forced);
    }

    /// Writes what was chosen: each value over the one that is shown here as theirs, so that a third person is not overwritten.
    fn finish(&mut self, cx: &mut Cx) {
        if self.is_gone() {
            return;
        }
        let Some(Command::Edit { entity, rows, changes }) = &self.command else { return };
        let mut changes = changes.clone();
        for (field, choice) in self.clash.fields.iter().zip(&self.choices) {
            if *choice == Some(Choice::Theirs) {
                changes.retain(|c| c.field != field.field);
            } else if let Some(change) = changes.iter_mut().find(|c| c.field == field.field) {
                change.base = Some(field.theirs.clone());
                if let Some(Choice::Own(value)) = choice {
                    change.value = value.clone();
                }
            }
        }
        cx.close();
        if changes.is_empty() {
            cx.push(Step::Tell("form", json!({"drop": true})));
            return cx.toast(cx.look.say.word("clash.kept_theirs").to_owned());
        }
        if self.back {
            changes.insert(0, Change::set("removed", 0));
        }
        let command = Command::Edit { entity: *entity, rows: rows.clone(), changes };
        cx.push(Step::Tell("form", json!({"sent": command})));
        cx.write(command);
    }

    fn lines(&self, look: &Look, width: usize) -> Vec<(String, Role)> {
        let mut lines = Vec::new();
        if let Some(by) = &self.clash.removed {
            let words = look.say.fill("clash.removed", &[("who", &who(by, look)), ("when", &when(by.at, look))]);
            lines.extend(wrap(&words, width).into_iter().map(|l| (l, Role::Danger)));
            lines.push((look.say.word(if self.back { "clash.comes_back" } else { "clash.ask_removed" }).to_owned(), Role::Text));
            lines.push((String::new(), Role::Text));
        }
        for (at, field) in self.clash.fields.iter().enumerate() {
            self.field_lines(at, field, look, width, &mut lines);
        }
        for other in &self.clash.others {
            lines.extend(wrap(other, width).into_iter().map(|l| (l, Role::Text)));
        }
        lines
    }

    fn field_lines(&self, at: usize, field: &Clashing, look: &Look, width: usize, lines: &mut Vec<(String, Role)>) {
        let choice = self.choices.get(at).and_then(Option::as_ref);
        let here = at == self.at && !self.takes_back();
        let mark = if here { ">" } else { " " };
        lines.push((format!("{mark} {}", label(&field.field, look)), if here { Role::Accent } else { Role::Text }));
        let by = field.by.as_ref().map(|by| format!("{}, {}", who(by, look), when(by.at, look))).unwrap_or_default();
        let back = self.takes_back();
        let mut values = vec![
            (' ', if back { "clash.wrote" } else { "clash.base" }, &field.base, String::new(), false),
            ('t', if back { "clash.now" } else { "clash.theirs" }, &field.theirs, by, choice == Some(&Choice::Theirs)),
            ('m', if back { "clash.before" } else { "clash.mine" }, &field.mine, String::new(), choice == Some(&Choice::Mine)),
        ];
        if back {
            values[1].0 = ' ';
            values[2].0 = ' ';
        }
        for (key, word, value, by, chosen) in values {
            put_value(lines, look, (key, word), &said(field, value, look), &by, chosen, width);
        }
        match (self.joined.get(at).and_then(Option::as_ref), choice) {
            (_, Some(Choice::Own(value))) => put_value(lines, look, (' ', "clash.own"), &said(field, value, look), "", true, width),
            (Some(joined), _) => {
                let word = if matches!(joined, Joined::Whole(_)) { "clash.both" } else { "clash.both_marked" };
                put_value(lines, look, ('b', word), joined.text(), "", false, width);
            }
            _ => {}
        }
        lines.push((String::new(), Role::Text));
    }

    /// The keys, those that decide before the one that does not.
    fn keys(&self, look: &Look) -> Vec<String> {
        let several = self.clash.fields.len() > 1;
        let joins = self.joined.get(self.at).is_some_and(Option::is_some);
        let keys: Vec<&str> = match () {
            () if self.takes_back() => vec!["clash.keys_undo"],
            () if self.is_gone() => vec!["clash.keys_removed"],
            () => {
                let mut keys = if joins { vec!["clash.keys_both"] } else { Vec::new() };
                keys.push("clash.keys");
                if several {
                    keys.push("clash.keys_all");
                }
                keys
            }
        };
        let dot = format!(" {} ", look.glyphs.dot);
        vec![
            keys.into_iter().map(|k| look.say.word(k)).collect::<Vec<_>>().join(&dot),
            look.say.word(if self.takes_back() { "clash.keys_esc_undo" } else { "clash.keys_esc" }).to_owned(),
        ]
    }
}

/// A value behind its key and what it is, in at most a few lines.
fn put_value(lines: &mut Vec<(String, Role)>, look: &Look, (key, word): (char, &str), value: &str, by: &str, chosen: bool, width: usize) {
    let head = format!("  {key} {:<8} ", look.say.word(word));
    let indent = cells(&head);
    let nothing = look.say.word("account.no_value");
    let value = if value.trim().is_empty() { nothing } else { value };
    let role = match (chosen, key) {
        (true, _) => Role::Ok,
        (_, ' ') => Role::Muted,
        _ => Role::Text,
    };
    let all = wrap(value, width.saturating_sub(indent).max(8));
    let more = all.len().saturating_sub(LINES);
    let last = all.len().min(LINES) - 1;
    for (i, line) in all.into_iter().take(LINES).enumerate() {
        let mut text = if i == 0 { format!("{head}{line}") } else { format!("{}{line}", " ".repeat(indent)) };
        if i == last && more > 0 {
            text.push_str(&look.say.fill("clash.more", &[("n", &more.to_string())]));
        }
        if i == last && !by.is_empty() {
            text.push_str("   ");
            text.push_str(by);
        }
        if i == last && chosen {
            text.push(' ');
            text.push_str(look.glyphs.tick);
        }
        lines.push((text, role));
    }
}

/// Who it was; oneself in another window too.
fn who(by: &By, look: &Look) -> String {
    match by.person.as_str() {
        "" => look.say.word("clash.somebody").to_owned(),
        me if me == look.me => look.say.word("clash.yourself").to_owned(),
        other => other.to_owned(),
    }
}

/// When something was done: the time of today's, the day with older ones.
pub fn when(at: Stamp, look: &Look) -> String {
    let zone = look.now.zone;
    if zone.day(at) == look.now.today { zone.time(at).format("%H:%M").to_string() } else { words::show_moment(at, &look.now) }
}

/// What a field is called.
pub fn label(field: &str, look: &Look) -> String {
    if let Some(words) = look.say.find(&format!("field.{field}")) {
        return words.to_owned();
    }
    match field.split_once('.') {
        Some(("attr", code)) => look.config.attribute(code).map_or_else(|| code.to_owned(), |a| a.label.clone()),
        Some(("tag", tag)) => format!("#{tag}"),
        _ => field.to_owned(),
    }
}

/// A value as a person reads it.
fn said(field: &Clashing, value: &Value, look: &Look) -> String {
    use crate::domain::config::AttributeType;
    let kind = field.field.strip_prefix("attr.").and_then(|code| look.config.attribute(code)).map(|a| a.kind);
    match (kind, value) {
        (_, Value::Null) => String::new(),
        (Some(AttributeType::Money), v) if v.is_i64() => money::full(v.as_i64().unwrap_or_default(), look.config.currency),
        (Some(AttributeType::Bool), v) => {
            let yes = v.as_bool().unwrap_or(v.as_i64() == Some(1) || v.as_str() == Some("1"));
            look.say.word(if yes { "word.yes" } else { "word.no" }).to_owned()
        }
        (_, Value::String(text)) => text.clone(),
        (_, v) if field.field == "removed" => {
            look.say.word(if v.as_i64() == Some(1) { "clash.is_removed" } else { "clash.is_there" }).to_owned()
        }
        (_, v) => v.to_string(),
    }
}

/// Two texts of several lines brought together.
fn joined(field: &Clashing, look: &Look) -> Option<Joined> {
    if field.field != "text" {
        return None;
    }
    let (base, mine, theirs) = (field.base.as_str()?, field.mine.as_str()?, field.theirs.as_str()?);
    let other = field.by.as_ref().map_or_else(|| look.say.word("clash.somebody").to_owned(), |by| by.person.clone());
    Some(join(base, mine, theirs, (&look.me, &other)))
}

fn choosing(v: &ClashBox, _: &Look) -> Applies {
    if v.is_gone() || (v.clash.fields.is_empty() && !v.takes_back()) { Err("decide_first") } else { Ok(()) }
}

fn fields(v: &ClashBox, look: &Look) -> Applies {
    if v.takes_back() { Err("whole_only") } else { choosing(v, look) }
}

fn gone(v: &ClashBox, _: &Look) -> Applies {
    if v.is_gone() { Ok(()) } else { Err("not_removed") }
}

impl Screen for ClashBox {
    const NAME: &'static str = "clash";
    const KEYS: &'static [&'static [KeyRow<ClashBox>]] = &[&[
        row("both", &["b"], ClashBox::both).when(|v, look| {
            fields(v, look)?;
            v.joined.get(v.at).and_then(Option::as_ref).map(|_| ()).ok_or("no_text")
        }),
        row("theirs", &["t"], |v: &mut Self, cx| v.choose(Choice::Theirs, cx)).when(choosing),
        row("mine", &["m"], |v: &mut Self, cx| v.choose(Choice::Mine, cx)).when(choosing),
        row("own", &["e"], ClashBox::edit).when(fields),
        row("all_theirs", &["T"], |v: &mut Self, cx| v.choose_all(&Choice::Theirs, cx)).when(choosing),
        row("all_mine", &["M"], |v: &mut Self, cx| v.choose_all(&Choice::Mine, cx)).when(choosing),
        row("bring_back", &["r"], ClashBox::bring_back).cli("remove").when(gone),
        row("let_go", &["x"], ClashBox::let_go).when(gone),
        row("down", &["j", "down", "tab"], |v: &mut Self, _| v.by(1)),
        row("up", &["k", "up", "shift-tab"], |v: &mut Self, _| v.by(-1)),
        row("close", &["esc", "q"], |_, cx| cx.close()),
    ]];

    fn place(&self) -> Place {
        Place::Box
    }

    fn title(&self, look: &Look) -> Title {
        Title { crumb: look.say.word("screen.clash").to_owned(), ..Title::default() }
    }

    fn on_edited(&mut self, text: &str, cx: &mut Cx) {
        self.choose(Choice::Own(Value::from(text.trim_end())), cx);
    }

    fn told(&mut self, what: &Value, cx: &mut Cx) {
        if let Some(value) = what.get("value") {
            self.choose(Choice::Own(value.clone()), cx);
        }
    }

    fn on_hit(&mut self, hit: Hit, _cx: &mut Cx) {
        if let Hit::Wheel(by) = hit {
            self.by(by.signum() as isize);
        }
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let width = area.width.saturating_sub(4).clamp(20, 92);
        let inside = usize::from(width.saturating_sub(4));
        let lines = self.lines(look, inside);
        let keys: Vec<String> = self.keys(look).iter().flat_map(|line| wrap(line, inside)).collect();
        let title = look.say.word(if self.takes_back() { "clash.title_undo" } else { "screen.clash" }).to_owned();
        let outer = centred(area, width, lines.len() as u16 + keys.len() as u16 + 2);
        let inner = canvas.frame(outer, &title, "", true);
        let body = usize::from(inner.height).saturating_sub(keys.len());
        // The field that is asked for stays in sight.
        let head = lines.iter().position(|(line, _)| line.starts_with('>')).unwrap_or(0);
        let top = if lines.len() > body { head.min(lines.len() - body) } else { 0 };
        let x = inner.x + 1;
        for (y, (text, role)) in (inner.top()..).zip(lines.iter().skip(top).take(body)) {
            canvas.text(x, y, inner.width.saturating_sub(2), text, *role);
        }
        for (i, line) in keys.iter().enumerate() {
            canvas.text(x, inner.top() + (body + i) as u16, inner.width.saturating_sub(2), line, Role::Accent);
        }
    }
}
