//! Somebody was there first: each field with what was seen, theirs and mine. One key chooses, and nothing is written before.

#[cfg(test)]
mod tests;

use std::ops::Range;

use ratatui::layout::Rect;
use serde_json::Value;

use super::log_line::Line;
use crate::domain::clash::{By, Clash, Clashing, Joined, changed, join};
use crate::domain::command::{Change, Command};
use crate::domain::money;
use crate::domain::time::{Stamp, words};
use crate::tui::canvas::{Canvas, Hit, centred};
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::{cells, wrap};
use crate::tui::step::{AppStep, Cx, Step};
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Place, Screen, Title};
use crate::tui::views::form::Form;

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
    // The first line that is shown; `None`: that of the field that is asked for.
    top: Option<usize>,
}

/// A line in its pieces.
type Pieces = Vec<(String, Role)>;

/// Most lines of a value of another field than the one that is asked for.
const LINES: usize = 4;

impl ClashBox {
    /// The dialog for a write that was refused. `form`: one is open below.
    pub fn new(clash: Clash, command: Command, form: bool) -> ClashBox {
        // What is taken back is not joined with anything.
        let edits = matches!(command, Command::Edit { .. });
        let joined = clash
            .fields
            .iter()
            .map(|field| joined(field).filter(|_| edits))
            .collect();
        ClashBox {
            choices: vec![None; clash.fields.len()],
            joined,
            clash,
            command: Some(command),
            form,
            ..ClashBox::default()
        }
    }

    /// Something is taken back, and not edited: that is done as a whole or not at all.
    fn takes_back(&self) -> bool {
        !matches!(self.command, Some(Command::Edit { .. }))
    }

    /// The row is removed, and what becomes of it is not decided yet.
    fn is_gone(&self) -> bool {
        self.clash.removed.is_some() && !self.back
    }

    fn by(&mut self, by: isize, look: &Look) {
        if self.choices.len() < 2 || self.takes_back() {
            return self.scroll(by, look);
        }
        self.top = None;
        self.at = self
            .at
            .saturating_add_signed(by)
            .min(self.choices.len().saturating_sub(1));
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

    /// Goes on by so many lines, as far as there are any.
    fn scroll(&mut self, by: isize, look: &Look) {
        let lines = self.lines(look, inside(look.size.0));
        let most = lines.len().saturating_sub(look.list_rows);
        self.top = Some(
            first(&lines, self.top, look.list_rows)
                .saturating_add_signed(by)
                .min(most),
        );
    }

    /// Both together, to be read and changed before it is saved.
    fn both(&mut self, cx: &mut Cx) {
        if let Some(joined) = self.joined.get(self.at).and_then(Option::as_ref) {
            let text = joined.text.clone();
            self.write_out(text, cx);
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
        cx.tell(|_: &mut Form, cx| cx.close());
        cx.toast(cx.look.say.word("clash.let_go").to_owned());
        cx.close();
    }

    /// Another value: short ones in a line here, long ones where they were typed.
    fn edit(&mut self, cx: &mut Cx) {
        if let Some(field) = self.clash.fields.get(self.at) {
            let text = said(field, &field.mine, cx.look);
            self.write_out(text, cx);
        }
    }

    fn write_out(&mut self, text: String, cx: &mut Cx) {
        let Some(field) = self.clash.fields.get(self.at) else {
            return;
        };
        if field.field == "text" && self.form {
            let by = field
                .by
                .as_ref()
                .map(|by| who(by, cx.look))
                .unwrap_or_default();
            let news = cx.look.say.fill("clash.joined", &[("who", &by)]);
            let (code, base) = (field.field.clone(), field.theirs.clone());
            cx.tell(move |form: &mut Form, cx| form.take_joined(&code, &text, base, news, cx.look));
            return cx.close();
        }
        if field.field == "text" {
            return cx.push(Step::Editor(text));
        }
        let line = Line::new(format!("{}:", label(&field.field, cx.look)), |text, cx| {
            let value = Value::from(text.trim());
            cx.tell(|v: &mut ClashBox, cx| v.choose(Choice::Own(value), cx));
            Ok(())
        });
        cx.open(line.text(&text));
    }

    fn decide_undo(&mut self, choice: &Choice, cx: &mut Cx) {
        if *choice == Choice::Theirs {
            return self.leave(cx);
        }
        cx.close();
        let forced = match (&self.command, self.clash.batch) {
            (Some(Command::PutBack { edit, .. }), _) => Command::PutBack {
                edit: *edit,
                force: true,
            },
            (Some(Command::TakeBack { batch, .. }), _) => Command::TakeBack {
                batch: *batch,
                force: true,
            },
            // The batch is named: the latest one may be another by now.
            (_, batch) => Command::Undo { batch, force: true },
        };
        cx.write(forced);
    }

    /// Takes back what nobody has changed since.
    fn rest(&mut self, cx: &mut Cx) {
        cx.close();
        if let Some(batch) = self.clash.batch {
            cx.write(Command::UndoRest { batch });
        }
    }

    /// Nothing is decided or taken back. Where `u` came upon it, it goes on to what is before it, and does not ask this again.
    fn leave(&mut self, cx: &mut Cx) {
        cx.close();
        if !self.takes_back() {
            return;
        }
        let word = match (&self.command, self.clash.batch) {
            (Some(Command::Undo { batch: None, .. } | Command::UndoPast { .. }), Some(batch)) => {
                cx.push(Step::App(AppStep::PassOver(batch)));
                "clash.passed"
            }
            _ => "clash.left",
        };
        let key = |id| cx.look.keymap.key_of(id);
        let words = cx.look.say.fill(
            word,
            &[
                ("undo", &key("app.undo")),
                ("activity", &key("app.activity")),
            ],
        );
        cx.toast(words);
    }

    /// Writes what was chosen: each value over the one that is shown here as theirs, so that a third person is not overwritten.
    fn finish(&mut self, cx: &mut Cx) {
        if self.is_gone() {
            return;
        }
        let Some(Command::Edit {
            entity,
            rows,
            changes,
        }) = &self.command
        else {
            return;
        };
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
            cx.tell(Form::drop_typed);
            return cx.toast(cx.look.say.word("clash.kept_theirs").to_owned());
        }
        if self.back {
            changes.insert(0, Change::set("removed", 0));
        }
        let command = Command::Edit {
            entity: *entity,
            rows: rows.clone(),
            changes,
        };
        let sent = command.clone();
        cx.tell(|form: &mut Form, _| form.sends(sent));
        cx.write(command);
    }

    fn lines(&self, look: &Look, width: usize) -> Vec<Pieces> {
        let mut lines: Vec<Pieces> = Vec::new();
        if let Some(by) = &self.clash.removed {
            let words = look.say.fill(
                "clash.removed",
                &[("who", &who(by, look)), ("when", &when(by.at, look))],
            );
            lines.extend(
                wrap(&words, width)
                    .into_iter()
                    .map(|l| vec![(l, Role::Danger)]),
            );
            lines.push(vec![(
                look.say
                    .word(if self.back {
                        "clash.comes_back"
                    } else {
                        "clash.ask_removed"
                    })
                    .to_owned(),
                Role::Text,
            )]);
            lines.push(Vec::new());
        }
        for (at, field) in self.clash.fields.iter().enumerate() {
            self.field_lines(at, field, look, width, &mut lines);
        }
        for other in &self.clash.others {
            lines.extend(
                wrap(other, width)
                    .into_iter()
                    .map(|l| vec![(l, Role::Text)]),
            );
        }
        lines
    }

    fn field_lines(
        &self,
        at: usize,
        field: &Clashing,
        look: &Look,
        width: usize,
        lines: &mut Vec<Pieces>,
    ) {
        let choice = self.choices.get(at).and_then(Option::as_ref);
        let here = at == self.at && !self.takes_back();
        let mark = if here { ">" } else { " " };
        let mut head = format!("{mark} {}", label(&field.field, look));
        if self.takes_back() {
            let kind = look
                .say
                .find(&format!("thing.{}", field.kind))
                .unwrap_or(field.kind);
            let name = match &field.customer {
                Some(customer) if field.name.is_empty() => customer.clone(),
                Some(customer) => format!("{customer}: {}", field.name),
                None => field.name.clone(),
            };
            head = format!("{head} {dot} {kind} {dot} {name}", dot = look.glyphs.dot);
        }
        let role = if here || self.takes_back() {
            Role::Accent
        } else {
            Role::Text
        };
        lines.extend(wrap(&head, width).into_iter().map(|l| vec![(l, role)]));
        let by = field
            .by
            .as_ref()
            .map(|by| format!("{}, {}", who(by, look), when(by.at, look)))
            .unwrap_or_default();
        let back = self.takes_back();
        let mut values = vec![
            (
                ' ',
                if back { "clash.wrote" } else { "clash.base" },
                &field.base,
                String::new(),
                false,
            ),
            (
                't',
                if back { "clash.now" } else { "clash.theirs" },
                &field.theirs,
                by,
                choice == Some(&Choice::Theirs),
            ),
            (
                'm',
                if back { "clash.before" } else { "clash.mine" },
                &field.mine,
                String::new(),
                choice == Some(&Choice::Mine),
            ),
        ];
        if back {
            values[1].0 = ' ';
            values[2].0 = ' ';
        }
        let most = if here || self.takes_back() {
            usize::MAX
        } else {
            LINES
        };
        let base = said(field, &field.base, look);
        for (key, word, value, by, chosen) in values {
            let value = said(field, value, look);
            let new = if base.contains(' ') {
                changed(&base, &value)
            } else {
                Vec::new()
            };
            put_value(
                lines,
                look,
                &Told {
                    key,
                    word,
                    value: &value,
                    new: &new,
                    by: &by,
                    chosen,
                    most,
                },
                width,
            );
        }
        let told = |key, word, value, chosen| Told {
            key,
            word,
            value,
            new: &[],
            by: "",
            chosen,
            most,
        };
        match (self.joined.get(at).and_then(Option::as_ref), choice) {
            (_, Some(Choice::Own(value))) => put_value(
                lines,
                look,
                &told(' ', "clash.own", &said(field, value, look), true),
                width,
            ),
            (Some(joined), _) => {
                let word = if joined.twice {
                    "clash.both_twice"
                } else {
                    "clash.both"
                };
                put_value(lines, look, &told('b', word, &joined.text, false), width);
            }
            _ => {}
        }
        lines.push(Vec::new());
    }

    /// The keys, those that decide before the one that does not.
    fn keys(&self, look: &Look) -> Vec<String> {
        let several = self.clash.fields.len() > 1;
        let joins = self.joined.get(self.at).is_some_and(Option::is_some);
        let keys: Vec<&str> = match () {
            () if self.takes_back() && self.clash.batch.is_some() => {
                vec!["clash.keys_undo", "clash.keys_rest"]
            }
            () if self.takes_back() => vec!["clash.keys_undo"],
            () if self.is_gone() => vec!["clash.keys_removed"],
            () => {
                let mut keys = if joins {
                    vec!["clash.keys_both"]
                } else {
                    Vec::new()
                };
                keys.push("clash.keys");
                if several {
                    keys.push("clash.keys_all");
                }
                keys
            }
        };
        let dot = format!(" {} ", look.glyphs.dot);
        vec![
            keys.into_iter()
                .map(|k| look.say.word(k))
                .collect::<Vec<_>>()
                .join(&dot),
            look.say
                .word(if self.takes_back() {
                    "clash.keys_esc_undo"
                } else {
                    "clash.keys_esc"
                })
                .to_owned(),
        ]
    }
}

/// A value as the dialog tells it.
struct Told<'a> {
    /// The key that takes it; a blank for none.
    key: char,
    /// What it is.
    word: &'static str,
    value: &'a str,
    /// What of it the value that was seen does not have, bytes.
    new: &'a [Range<usize>],
    /// Who wrote it, and when.
    by: &'a str,
    chosen: bool,
    /// Most lines of it.
    most: usize,
}

/// A value behind its key and what it is, with what is new in it marked.
fn put_value(lines: &mut Vec<Pieces>, look: &Look, told: &Told<'_>, width: usize) {
    let head = format!("  {} {:<8} ", told.key, look.say.word(told.word));
    let indent = cells(&head);
    let nothing = look.say.word("account.no_value");
    let value = if told.value.trim().is_empty() {
        nothing
    } else {
        told.value
    };
    let role = match (told.chosen, told.key) {
        (true, _) => Role::Ok,
        (_, ' ') => Role::Muted,
        _ => Role::Text,
    };
    let all = wrap(value, width.saturating_sub(indent).max(8));
    let more = all.len().saturating_sub(told.most);
    let last = all.len().min(told.most) - 1;
    let mut at = 0;
    for (i, line) in all.iter().take(told.most).enumerate() {
        let mut pieces = vec![(
            if i == 0 {
                head.clone()
            } else {
                " ".repeat(indent)
            },
            role,
        )];
        pieces.extend(marked(line, value, &mut at, told.new, role));
        if i == last {
            let mut end = String::new();
            if more > 0 {
                end.push_str(&look.say.fill("clash.more", &[("n", &more.to_string())]));
            }
            if !told.by.is_empty() {
                end.push_str("   ");
                end.push_str(told.by);
            }
            if told.chosen {
                end.push(' ');
                end.push_str(look.glyphs.tick);
            }
            pieces.push((end, role));
        }
        lines.push(pieces);
    }
}

/// A line of a wrapped text, from byte `at` of it on: words that are new have a role of their own.
fn marked(line: &str, text: &str, at: &mut usize, new: &[Range<usize>], role: Role) -> Pieces {
    let mut pieces: Pieces = Vec::new();
    for (i, word) in line.split(' ').enumerate() {
        let found = text
            .get(*at..)
            .and_then(|rest| rest.find(word))
            .map(|found| *at + found);
        let (start, end) = found.map_or((*at, *at), |start| (start, start + word.len()));
        *at = end;
        let is_new = new
            .get(new.partition_point(|r| r.end <= start))
            .is_some_and(|r| r.start < end);
        let role = if is_new { Role::Warn } else { role };
        let blank = if i == 0 { "" } else { " " };
        match pieces.last_mut() {
            Some((text, last)) if *last == role => text.push_str(&format!("{blank}{word}")),
            _ => pieces.push((format!("{blank}{word}"), role)),
        }
    }
    pieces
}

/// The cells of a line in the dialog, of so many columns of the terminal.
fn inside(columns: u16) -> usize {
    usize::from(columns.saturating_sub(4).clamp(20, 92).saturating_sub(4))
}

/// Lines that a page key goes on by.
fn page(look: &Look) -> isize {
    (look.list_rows.saturating_sub(1)).max(1) as isize
}

/// The first line that is shown of `body`: what was gone to, else that of the field that is asked for.
fn first(lines: &[Pieces], top: Option<usize>, body: usize) -> usize {
    let head = || {
        lines
            .iter()
            .position(|line| line.first().is_some_and(|p| p.0.starts_with('>')))
            .unwrap_or(0)
    };
    top.unwrap_or_else(head)
        .min(lines.len().saturating_sub(body))
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
    if zone.day(at) == look.now.today {
        zone.time(at).format("%H:%M").to_string()
    } else {
        words::show_moment(at, &look.now)
    }
}

/// What a field is called.
pub fn label(field: &str, look: &Look) -> String {
    if let Some(words) = look.say.find(&format!("field.{field}")) {
        return words.to_owned();
    }
    match field.split_once('.') {
        Some(("attr", code)) => look
            .config
            .attribute(code)
            .map_or_else(|| code.to_owned(), |a| a.label.clone()),
        Some(("tag", tag)) => format!("#{tag}"),
        _ => field.to_owned(),
    }
}

/// A value as a person reads it.
fn said(field: &Clashing, value: &Value, look: &Look) -> String {
    use crate::domain::config::AttributeType;
    let kind = field
        .field
        .strip_prefix("attr.")
        .and_then(|code| look.config.attribute(code))
        .map(|a| a.kind);
    match (kind, value) {
        (_, Value::Null) => String::new(),
        (Some(AttributeType::Money), v) if v.is_i64() => {
            money::full(v.as_i64().unwrap_or_default(), look.config.currency)
        }
        (Some(AttributeType::Bool), v) => {
            let yes = v
                .as_bool()
                .unwrap_or(v.as_i64() == Some(1) || v.as_str() == Some("1"));
            look.say
                .word(if yes { "word.yes" } else { "word.no" })
                .to_owned()
        }
        (_, Value::String(text)) => text.clone(),
        (_, v) if field.field == "removed" => look
            .say
            .word(if v.as_i64() == Some(1) {
                "clash.is_removed"
            } else {
                "clash.is_there"
            })
            .to_owned(),
        (_, v) => v.to_string(),
    }
}

/// Two texts brought together.
fn joined(field: &Clashing) -> Option<Joined> {
    if field.field != "text" {
        return None;
    }
    Some(join(
        field.base.as_str()?,
        field.mine.as_str()?,
        field.theirs.as_str()?,
    ))
}

fn choosing(v: &ClashBox, _: &Look) -> Applies {
    if v.is_gone() || (v.clash.fields.is_empty() && !v.takes_back()) {
        Err("decide_first")
    } else {
        Ok(())
    }
}

fn fields(v: &ClashBox, look: &Look) -> Applies {
    if v.takes_back() {
        Err("whole_only")
    } else {
        choosing(v, look)
    }
}

fn gone(v: &ClashBox, _: &Look) -> Applies {
    if v.is_gone() {
        Ok(())
    } else {
        Err("not_removed")
    }
}

impl Keyed for ClashBox {
    const KEYS: &'static [&'static [KeyRow<ClashBox>]] = &[&[
        row("both", &["b"], ClashBox::both).when(|v, look| {
            fields(v, look)?;
            v.joined
                .get(v.at)
                .and_then(Option::as_ref)
                .map(|_| ())
                .ok_or("no_text")
        }),
        row("theirs", &["t"], |v: &mut Self, cx| {
            v.choose(Choice::Theirs, cx)
        })
        .when(choosing),
        row("mine", &["m"], |v: &mut Self, cx| {
            v.choose(Choice::Mine, cx)
        })
        .when(choosing),
        row("own", &["e"], ClashBox::edit).when(fields),
        row("all_theirs", &["T"], |v: &mut Self, cx| {
            v.choose_all(&Choice::Theirs, cx)
        })
        .when(choosing),
        row("all_mine", &["M"], |v: &mut Self, cx| {
            v.choose_all(&Choice::Mine, cx)
        })
        .when(choosing),
        row("rest", &["o"], ClashBox::rest)
            .cli("undo")
            .when(|v, _| {
                if v.takes_back() && v.clash.batch.is_some() {
                    Ok(())
                } else {
                    Err("takes_nothing_back")
                }
            }),
        row("bring_back", &["r"], ClashBox::bring_back)
            .cli("remove")
            .when(gone),
        row("let_go", &["x"], ClashBox::let_go).when(gone),
        row("down", &["j", "down", "tab"], |v: &mut Self, cx| {
            v.by(1, cx.look)
        }),
        row("up", &["k", "up", "shift-tab"], |v: &mut Self, cx| {
            v.by(-1, cx.look)
        }),
        row("page_down", &["pgdn", "space"], |v: &mut Self, cx| {
            v.scroll(page(cx.look), cx.look)
        }),
        row("page_up", &["pgup"], |v: &mut Self, cx| {
            v.scroll(-page(cx.look), cx.look)
        }),
        row("close", &["esc", "q"], ClashBox::leave),
    ]];
}

impl Screen for ClashBox {
    fn place(&self) -> Place {
        Place::Box
    }

    fn title(&self, look: &Look) -> Title {
        Title {
            crumb: look.say.word("screen.clash").to_owned(),
            ..Title::default()
        }
    }

    fn on_edited(&mut self, text: &str, cx: &mut Cx) {
        self.choose(Choice::Own(Value::from(text.trim_end())), cx);
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        if let Hit::Wheel(by) = hit {
            self.scroll(by as isize, cx.look);
        }
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let inside = inside(area.width);
        let lines = self.lines(look, inside);
        let mut keys: Vec<String> = self
            .keys(look)
            .iter()
            .flat_map(|line| wrap(line, inside))
            .collect();
        let all = lines.len() + keys.len() + 2 > usize::from(area.height);
        keys.extend(all.then(String::new));
        let title = look
            .say
            .word(if self.takes_back() {
                "clash.title_undo"
            } else {
                "screen.clash"
            })
            .to_owned();
        let outer = centred(
            area,
            inside as u16 + 4,
            lines.len() as u16 + keys.len() as u16 + 2,
        );
        let inner = canvas.frame(outer, &title, "", true);
        let body = usize::from(inner.height).saturating_sub(keys.len());
        canvas.drawn.list_rows = body.max(1);
        let top = first(&lines, self.top, body);
        if let Some(last) = keys.last_mut().filter(|_| all) {
            let shown = [
                ("from", top + 1),
                ("to", (top + body).min(lines.len())),
                ("n", lines.len()),
            ]
            .map(|(k, n)| (k, n.to_string()));
            *last = look.say.fill(
                "clash.scroll",
                &shown.each_ref().map(|(k, n)| (*k, n.as_str())),
            );
        }
        let x = inner.x + 1;
        for (y, line) in (inner.top()..).zip(lines.iter().skip(top).take(body)) {
            let pieces: Vec<(&str, Role)> = line
                .iter()
                .map(|(text, role)| (text.as_str(), *role))
                .collect();
            canvas.pieces(x, y, inner.width.saturating_sub(2), &pieces);
        }
        for (i, line) in keys.iter().enumerate() {
            canvas.text(
                x,
                inner.top() + (body + i) as u16,
                inner.width.saturating_sub(2),
                line,
                Role::Accent,
            );
        }
    }
}
