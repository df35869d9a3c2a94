//! One customer: its facts, and its timeline folded by month, filtered by kind and searched.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::form::{self, Form, Target};
use super::pick::{Item, Pick};
use crate::domain::command::{Command, Receipt};
use crate::domain::event::{Event, EventKind};
use crate::domain::id::Id;
use crate::domain::query::{Account as Facts, ActionAsk, Page, PlayAsk, Query, TimelineAsk};
use crate::error::Error;
use crate::transfer::mail::mailto;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::clipboard::Mail;
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::step::{Cx, Step};
use crate::tui::verbs::{self, Queue, Verbs};
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::list::Lister;

mod facts;
pub mod past;
mod telling;
#[cfg(test)]
mod tests;
mod timeline;
mod work;

use crate::tui::go::{AccountAt, ChecklistAt, Go, StakeholdersAt};
pub use facts::held_words;
use past::Past;
use work::Work;

/// Groups of kinds that a digit shows or hides: code of its words, and the kinds. The first one is all of them.
const GROUPS: &[(&str, &[EventKind])] = &[
    ("all", &[]),
    ("notes", &[EventKind::Note]),
    ("tickets", &[EventKind::Ticket, EventKind::Csat]),
    (
        "nps",
        &[
            EventKind::Nps,
            EventKind::Ces,
            EventKind::Survey,
            EventKind::Invite,
        ],
    ),
    ("touch", &[EventKind::Touch]),
    ("stage", &[EventKind::Stage, EventKind::Churn]),
    (
        "money",
        &[
            EventKind::Subscription,
            EventKind::Order,
            EventKind::Invoice,
            EventKind::Usage,
        ],
    ),
    ("rules", &[EventKind::Rule]),
];

/// Events that are asked for at first.
const FIRST: usize = 60;
/// Newest months that are open before the person has folded anything.
const OPEN_MONTHS: usize = 3;

/// A month: year, and month 1-12.
type Month = (i32, u32);

/// What a row of the timeline is, whatever its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Month(Month),
    Event(Id),
}

/// The customer page.
#[derive(Default)]
pub struct Account {
    customer: Option<Id>,
    page: Option<Box<Facts>>,
    work: Work,
    // A page has come for this customer: `page` is `None` only when it is gone.
    known: bool,
    // Bits of the shown groups; 0 is all.
    groups: u8,
    search: String,
    searching: Option<(Field, String)>,
    limit: usize,
    folds: BTreeMap<Month, bool>,
    unrolled: HashSet<Id>,
    cursor: usize,
    top: usize,
    at: Option<Key>,
    in_facts: bool,
    facts_top: usize,
}

fn has_event(v: &Account, _: &Look) -> Applies {
    if v.event().is_some() {
        Ok(())
    } else {
        Err("no_event")
    }
}

fn has_text(v: &Account, _: &Look) -> Applies {
    if v.event().is_some_and(|e| !e.text.is_empty()) {
        Ok(())
    } else {
        Err("no_text")
    }
}

fn has_page(v: &Account, _: &Look) -> Applies {
    if v.page.is_some() {
        Ok(())
    } else {
        Err("no_customer")
    }
}

/// Asks for a score, its last day and why; where one holds already, nothing but a reason lets the measures hold again.
fn hold(account: &Account, cx: &mut Cx) {
    let Some(page) = &account.page else { return };
    verbs::hold(page.customer.id, page.health.held.is_some(), cx);
}

impl Account {
    fn query(&self) -> Option<Query> {
        let kinds = GROUPS
            .iter()
            .enumerate()
            .filter(|(i, _)| self.groups >> i & 1 == 1)
            .flat_map(|(_, g)| g.1.iter().copied());
        let timeline = TimelineAsk {
            kinds: kinds.collect(),
            search: crate::text::fold(&self.search),
            limit: self.limit.max(FIRST),
        };
        self.customer
            .map(|customer| Query::Account { customer, timeline })
    }

    /// The event under the cursor.
    fn event(&self) -> Option<&Event> {
        let Some(Key::Event(id)) = self.at else {
            return None;
        };
        self.page.as_ref()?.events.iter().find(|e| e.id == id)
    }

    fn on_customer(&mut self, customer: Id) {
        let (groups, in_facts) = (self.groups, self.in_facts);
        *self = Account {
            customer: Some(customer),
            groups,
            in_facts,
            ..Account::default()
        };
    }

    fn toggle_group(&mut self, group: usize) {
        self.groups = if group == 0 {
            0
        } else {
            self.groups ^ (1 << group)
        };
        self.limit = FIRST;
    }

    /// Folds or unfolds the month under the cursor, or that of the event under it.
    fn fold(&mut self, to: Option<bool>) {
        let month = match self.at {
            Some(Key::Month(month)) => month,
            Some(Key::Event(_)) => match self.event() {
                Some(event) => timeline::month_of(event),
                None => return,
            },
            None => return,
        };
        let open = to.unwrap_or(!self.is_open(month));
        self.folds.insert(month, open);
        if !open {
            self.at = Some(Key::Month(month));
        }
        self.settle();
    }

    fn enter(&mut self, cx: &mut Cx) {
        if let Some((field, _)) = self.searching.take() {
            field.text().clone_into(&mut self.search);
            return;
        }
        match self.at {
            Some(Key::Month(_)) => self.fold(None),
            Some(Key::Event(_)) => self.unroll(),
            None => cx.go(Go::Triage(None)),
        }
    }

    /// Shows all lines of the text under the cursor, or the first ones again.
    fn unroll(&mut self) {
        if let Some(Key::Event(id)) = self.at
            && !self.unrolled.remove(&id)
        {
            self.unrolled.insert(id);
        }
    }

    fn tab(&mut self, cx: &mut Cx) {
        if timeline::is_wide(cx.look) {
            self.unroll()
        } else {
            self.in_facts = !self.in_facts
        }
    }

    fn escape(&mut self) {
        if let Some((_, before)) = self.searching.take() {
            self.search = before;
        } else if self.in_facts {
            self.in_facts = false;
        } else {
            self.search.clear();
            self.groups = 0;
        }
    }

    fn target(&self) -> Option<Target> {
        let account = self.page.as_deref()?;
        Some(Target {
            customer: Some(account.customer.id),
            row: None,
            account: Some(Arc::new(account.clone())),
            ..Target::default()
        })
    }

    fn open_form(&mut self, code: &'static str, row: Option<Id>, cx: &mut Cx) {
        if let Some(target) = self.target() {
            cx.open(Form::new(code, Target { row, ..target }, cx.look));
        }
    }

    /// The text of the event under the cursor, or else the customer: also where the cursor is in the facts.
    fn edit_here(&mut self, cx: &mut Cx) {
        match self
            .event()
            .filter(|_| !self.in_facts)
            .filter(|e| matches!(e.kind, EventKind::Note | EventKind::Touch))
            .cloned()
        {
            Some(event) => {
                let target = Target {
                    row: Some(event.id),
                    event: Some(event),
                    ..self.target().unwrap_or_default()
                };
                cx.open(Form::new("text", target, cx.look));
            }
            None => self.open_form("customer", self.customer, cx),
        }
    }

    /// A note at the date of the event under the cursor.
    fn dated_note(&mut self, cx: &mut Cx) {
        let (Some(event), Some(target)) = (self.event().cloned(), self.target()) else {
            return;
        };
        cx.open(Form::new(
            "note",
            Target {
                event: Some(event),
                ..target
            },
            cx.look,
        ));
    }

    /// Picks one of the people or the open tasks and opens its form.
    fn pick(&mut self, form: &'static str, cx: &mut Cx) {
        let (Some(account), Some(target)) = (&self.page, self.target()) else {
            return;
        };
        let items: Vec<Item> = if form == "contact" {
            account
                .contacts
                .iter()
                .map(|c| Item {
                    label: c.name.clone(),
                    detail: c.role.clone(),
                    code: c.id.to_string(),
                })
                .collect()
        } else {
            let open = account.tasks.iter().filter(|t| t.done.is_none());
            open.map(|t| Item {
                label: t.title.clone(),
                detail: t.turn().map(verbs::day).unwrap_or_default(),
                code: t.id.to_string(),
            })
            .collect()
        };
        let title = cx.look.say.word(&format!("form.{form}")).to_owned();
        cx.open(Pick::new(title, items, move |code, cx| {
            cx.open(Form::new(
                form,
                Target {
                    row: code.parse().ok(),
                    ..target.clone()
                },
                cx.look,
            ));
        }));
    }

    fn create(&mut self, cx: &mut Cx) {
        let Some(target) = self.target() else { return };
        let items = form::NEW
            .iter()
            .map(|code| Item::new(*code, cx.look.say.word(&format!("form.{code}"))));
        let title = cx.look.say.word("prompt.new").to_owned();
        cx.open(Pick::new(title, items.collect(), move |code, cx| {
            if let Some(code) = form::NEW.iter().find(|c| **c == code) {
                let about = if *code == "new_customer" {
                    Target::default()
                } else {
                    target.clone()
                };
                cx.open(Form::new(code, about, cx.look));
            }
        }));
    }

    fn history(&mut self, cx: &mut Cx) {
        match self.at {
            Some(Key::Month(_)) => self.fold(Some(false)),
            _ => {
                if let Some(event) = self.event() {
                    cx.open(Past::of(event.id));
                }
            }
        }
    }

    /// The addresses of its people, the main contact's first.
    fn emails(&self) -> impl Iterator<Item = &str> {
        self.page
            .iter()
            .flat_map(|a| a.contacts.iter().map(|c| c.email.as_str()))
            .filter(|e| !e.is_empty())
    }

    fn mail(&mut self, cx: &mut Cx) {
        match self.emails().find_map(mailto) {
            Some(link) => cx.run(Mail { link }),
            None => cx.toast(cx.look.say.word("message.no_address").to_owned()),
        }
    }

    fn copy(&mut self, what: &'static str, cx: &mut Cx) {
        let text = match what {
            "text" => self.event().map(|e| e.text.clone()),
            _ => self.emails().next().map(str::to_owned),
        };
        match text {
            Some(text) => cx.push(Step::Copy(
                text,
                cx.look.say.word(&format!("word.{what}")).to_owned(),
            )),
            None => cx.toast(cx.look.say.word("message.nothing_to_copy").to_owned()),
        }
    }

    /// After the rows have changed: the cursor stays on its row where that is still there, and enough events are asked for.
    fn settle(&mut self) {
        let keys: Vec<Key> = self.items().iter().map(|i| i.key).collect();
        match self.at.and_then(|at| keys.iter().position(|k| *k == at)) {
            Some(place) => self.cursor = place,
            None => {
                // At first the cursor is on the newest event rather than on its month.
                let first = keys
                    .iter()
                    .position(|k| matches!(k, Key::Event(_)))
                    .unwrap_or(0);
                self.cursor = if self.at.is_none() {
                    first
                } else {
                    self.cursor.min(keys.len().saturating_sub(1))
                };
            }
        }
        self.at = keys.get(self.cursor).copied();
        self.limit = self.limit.max(self.needed());
    }
}

impl Lister for Account {
    fn move_to(&mut self, to: usize, look: &Look) {
        if self.in_facts {
            self.facts_top = to;
            return;
        }
        let items = self.items();
        self.cursor = to.min(items.len().saturating_sub(1));
        self.at = items.get(self.cursor).map(|i| i.key);
        self.top = self.first(&items, look);
    }

    fn at(&self) -> (usize, usize) {
        if self.in_facts {
            (self.facts_top, usize::MAX)
        } else {
            (self.cursor, self.items().len())
        }
    }

    fn moved(&mut self, cx: &mut Cx) {
        if self.in_facts {
            self.facts_top = self
                .facts_top
                .min(facts::lines(self, cx.look).len().saturating_sub(1));
        }
    }
}

impl Verbs for Account {
    fn edit(&mut self, cx: &mut Cx) {
        self.edit_here(cx);
    }
}
impl Queue for Account {}

macro_rules! group {
    ($label:literal, $key:literal, $no:literal) => {
        row($label, &[$key], |v: &mut Account, _| v.toggle_group($no))
    };
}

impl Keyed for Account {
    const KEYS: &'static [&'static [KeyRow<Account>]] = &[
        Self::VERBS,
        Self::QUEUE,
        Self::ABOUT,
        Account::WORK,
        &[
            row("search", &["/"], |v: &mut Self, _| {
                v.searching = Some((Field::new(&v.search), v.search.clone()))
            })
            .cli("event list")
            .when(has_page)
            .hint(),
            row("toggle", &["enter"], Account::enter),
            row("unfold", &["l", "right"], |v: &mut Self, _| {
                v.fold(Some(true))
            }),
            row("history", &["h"], Account::history)
                .cli("history")
                .when(|v, look| {
                    if matches!(v.at, Some(Key::Month(_))) {
                        Ok(())
                    } else {
                        has_event(v, look)
                    }
                }),
            row("fold", &["left"], |v: &mut Self, _| v.fold(Some(false))),
            row("unroll", &["tab"], Account::tab).hint(),
            row("facts", &["f"], |v: &mut Self, _| v.in_facts = !v.in_facts),
            row("note_dated", &["N"], Account::dated_note)
                .when(has_event)
                .writes("note")
                .types(),
            row("touch_full", &["I"], |v: &mut Self, cx| {
                v.open_form("touch", None, cx)
            })
            .when(has_page)
            .writes("log")
            .types(),
            row("edit_customer", &["g e"], |v: &mut Self, cx| {
                v.open_form("customer", v.customer, cx)
            })
            .when(has_page)
            .writes("edit")
            .types(),
            row("create", &["c"], Account::create)
                .when(has_page)
                .writes("add")
                .types(),
            row("hold", &["O"], |v: &mut Self, cx| hold(v, cx))
                .when(has_page)
                .writes("health")
                .types(),
            row("people", &["P"], |v: &mut Self, cx| v.pick("contact", cx))
                .cli("contact edit")
                .when(has_page),
            row("checklist", &["g c"], |v: &mut Self, cx| {
                cx.go(Go::Checklist(ChecklistAt {
                    customer: v.customer,
                    ..ChecklistAt::default()
                }))
            })
            .cli("checklist")
            .when(has_page),
            row("stakeholders", &["g p"], |v: &mut Self, cx| {
                cx.go(Go::Stakeholders(StakeholdersAt {
                    customer: v.customer,
                }))
            })
            .cli("people")
            .when(has_page),
            row("tasks", &["T"], |v: &mut Self, cx| v.pick("task", cx))
                .cli("task edit")
                .when(has_page),
            row("remove", &["D"], Account::remove_here)
                .when(has_event)
                .writes("event remove"),
            row("copy_text", &["y t"], |v: &mut Self, cx| v.copy("text", cx)).when(has_text),
            row("mail", &["o"], Account::mail)
                .cli("mail")
                .when(has_page),
            row("copy_email", &["y e"], |v: &mut Self, cx| {
                v.copy("email", cx)
            })
            .when(has_page),
            row("next", &["J"], |_, cx| cx.push(Step::Neighbour(1))),
            row("previous", &["K"], |_, cx| cx.push(Step::Neighbour(-1))),
            group!("kinds_all", "1", 0),
            group!("kinds_notes", "2", 1),
            group!("kinds_tickets", "3", 2),
            group!("kinds_nps", "4", 3),
            group!("kinds_touch", "5", 4),
            group!("kinds_stage", "6", 5),
            group!("kinds_money", "7", 6),
            group!("kinds_rules", "8", 7),
            row("escape", &["esc"], |v: &mut Self, _| v.escape()).when(|v, _| {
                if v.searching.is_some() || v.in_facts || !v.search.is_empty() || v.groups != 0 {
                    Ok(())
                } else {
                    Err("no_filter")
                }
            }),
        ],
        Self::MOVES,
    ];
}

impl Screen for Account {
    fn title(&self, look: &Look) -> Title {
        let name = self.customer.map(|id| look.name_of(id)).unwrap_or_default();
        let filter = if self.search.is_empty() {
            String::new()
        } else {
            format!("/{}", self.search)
        };
        Title {
            crumb: name,
            filter,
            counter: look.say.word("account.neighbours").to_owned(),
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        let of = |customer| {
            let calls = ActionAsk {
                customer: Some(customer),
                closed: true,
                ..ActionAsk::default()
            };
            let plays = PlayAsk {
                customer: Some(customer),
                ..PlayAsk::default()
            };
            [(1, Query::Actions(calls)), (2, Query::Plays(plays))]
        };
        self.query()
            .map(|q| (0, q))
            .into_iter()
            .chain(self.customer.into_iter().flat_map(of))
            .collect()
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, cx: &mut Cx) {
        match page.as_ref() {
            Page::Account(account) => {
                self.page.clone_from(account);
                self.known = true;
                self.settle();
                self.top = self.first(&self.items(), cx.look);
            }
            Page::Actions(calls) => self.work.calls.clone_from(calls),
            Page::Plays(plays) => self.work.plays.clone_from(plays),
            _ => {}
        }
    }

    fn on_written(&mut self, command: &Command, result: &Result<Receipt, Error>, _cx: &mut Cx) {
        // What was just written is the newest there is: the cursor goes to it.
        let newest = matches!(
            command,
            Command::LogTouch { .. }
                | Command::Note { at: None, .. }
                | Command::Nps { at: None, .. }
        );
        if newest && result.is_ok() {
            (self.at, self.cursor, self.top) = (None, 0, 0);
        }
    }

    fn typing(&self) -> bool {
        self.searching.is_some()
    }

    fn type_key(&mut self, key: &KeyEvent, _cx: &mut Cx) {
        if let Some((field, _)) = &mut self.searching
            && field.key(key)
        {
            field.text().clone_into(&mut self.search);
        }
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx) -> bool {
        let Some((field, _)) = &mut self.searching else {
            return false;
        };
        field.insert(text);
        field.text().clone_into(&mut self.search);
        true
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        match hit {
            Hit::Row(at) if at == self.cursor => self.enter(cx),
            Hit::Part(group) => self.toggle_group(group),
            hit => self.list_hit(hit, cx),
        }
    }

    fn show(&mut self, customer: Id, _cx: &mut Cx) {
        self.on_customer(customer);
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        // Whose page it is is known before the page has come.
        self.customer
            .filter(|_| self.page.is_some() || !self.known)
            .into_iter()
            .collect()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        let event = if let Some(Key::Event(id)) = self.at {
            Some(id)
        } else {
            None
        };
        Some(Go::Account(AccountAt {
            customer: self.customer,
            groups: self.groups,
            search: self.search.clone(),
            event,
            limit: self.limit,
        }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Account(to) = to else { return };
        *self = Account {
            customer: to.customer,
            at: to.event.map(Key::Event),
            groups: to.groups & 0xfe,
            search: to.search.clone(),
            limit: to.limit.min(100_000),
            ..Account::default()
        };
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        self.draw_page(canvas, area);
    }
}
