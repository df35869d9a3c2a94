//! Every form as a row: its fields, what they begin with, and the command that it makes.

use serde_json::Value;

use super::cell::{Cell, Kind, Read, Way, contacts, tags, typed_moment};
use super::{Target, rule, work};
use crate::domain::command::{Change, Command, Entity, NewContact, NewCustomer, Said};
use crate::domain::config::AttributeType;
use crate::domain::customer::ROLES;
use crate::domain::id::Id;
use crate::domain::survey::FRICTION;
use crate::domain::task::TaskDraft;
use crate::domain::time::{Day, Stamp};
use crate::domain::touchpoint::{CHANNELS, TouchDraft};
use crate::tui::look::Look;
use crate::tui::verbs;

/// The forms that make something new; all but the last one for a customer.
pub const NEW: &[&str] = &[
    "new_contact",
    "new_task",
    "nps",
    "csat",
    "ces",
    "friction",
    "invite",
    "pulse",
    "touch",
    "new_call",
    "new_objective",
    "new_customer",
];

/// What a field begins with: its text, and the value in the book.
pub(super) type Begin = (String, Value);

/// What is wrong: the field, and a sentence.
pub(super) type Blame = (&'static str, String);

/// One field.
pub struct FieldRow {
    code: &'static str,
    kind: Kind,
    needed: bool,
    begin: fn(&Target, &Look) -> Begin,
}

/// One form. Its words are `form.<code>`, those of its fields `field.<code>`.
pub struct FormKind {
    /// What it is opened by.
    pub code: &'static str,
    /// Its fields, in order.
    pub(super) fields: &'static [FieldRow],
    /// It edits a row that is there.
    pub edits: bool,
    /// The command; `None` where nothing was changed.
    pub make: fn(&Values) -> Result<Option<Command>, Blame>,
}

pub(super) const fn field(code: &'static str, kind: Kind) -> FieldRow {
    FieldRow {
        code,
        kind,
        needed: false,
        begin: |_, _| (String::new(), Value::from("")),
    }
}

impl FieldRow {
    pub(super) const fn needed(mut self) -> FieldRow {
        self.needed = true;
        self
    }
    pub(super) const fn begin(mut self, begin: fn(&Target, &Look) -> Begin) -> FieldRow {
        self.begin = begin;
        self
    }
}

/// Every form.
pub const FORMS: &[FormKind] = &[
    FormKind {
        code: "touch",
        fields: &[
            field("channel", Kind::Choice(channels)).begin(|_, _| plain("phone")),
            field("direction", Kind::Choice(directions)).begin(|_, _| plain("out")),
            field("with", Kind::People),
            field("when", Kind::Past),
            field("minutes", Kind::Number(1, 1440)),
            field("mood", Kind::Choice(moods)),
            field("text", Kind::Area),
            field("follow", Kind::Task),
        ],
        edits: false,
        make: touch,
    },
    FormKind {
        code: "note",
        fields: &[
            field("when", Kind::Past).begin(at_event),
            field("text", Kind::Area).needed(),
        ],
        edits: false,
        make: |v| {
            Ok(Some(Command::Note {
                customers: v.customers(),
                text: v.text("text"),
                at: v.past("when"),
            }))
        },
    },
    FormKind {
        code: "text",
        fields: &[field("text", Kind::Area)
            .needed()
            .begin(|t, _| plain(t.event.as_ref().map_or("", |e| &e.text)))],
        edits: true,
        make: |v| v.edit(Entity::Event),
    },
    FormKind {
        code: "customer",
        fields: &[
            field("name", Kind::Text)
                .needed()
                .begin(|t, _| of_customer(t, "name")),
            field("owner", Kind::Owner).begin(|t, _| of_customer(t, "owner")),
            field("website", Kind::Text).begin(|t, _| of_customer(t, "website")),
            field("phone", Kind::Text).begin(|t, _| of_customer(t, "phone")),
            field("created", Kind::Day).begin(|t, _| of_customer(t, "created")),
            field("tags", Kind::Tags).begin(|t, _| {
                (
                    t.account
                        .as_ref()
                        .map_or(String::new(), |a| a.customer.tags.join(", ")),
                    Value::Null,
                )
            }),
        ],
        edits: true,
        make: |v| v.edit(Entity::Customer),
    },
    FormKind {
        code: "new_customer",
        fields: &[
            field("name", Kind::Text).needed(),
            field("owner", Kind::Owner).begin(|_, look| plain(&look.me)),
            field("stage", Kind::Choice(stages))
                .begin(|_, look| plain(look.config.stages.stage.first().map_or("", |s| &s.code))),
            field("mrr", Kind::Money),
            field("website", Kind::Text),
            field("phone", Kind::Text),
            field("tags", Kind::Tags),
        ],
        edits: false,
        make: |v| {
            let mrr = v.value("mrr").as_i64().unwrap_or(0);
            let (name, owner, stage) = (v.text("name"), v.text("owner"), v.text("stage"));
            let (website, phone, tags) =
                (v.text("website"), v.text("phone"), tags(&v.text("tags")));
            Ok(Some(Command::AddCustomer(NewCustomer {
                name,
                owner,
                stage,
                website,
                phone,
                tags,
                mrr,
            })))
        },
    },
    FormKind {
        code: "new_contact",
        fields: &[
            field("name", Kind::Text).needed(),
            field("role", Kind::Choice(roles)),
            field("email", Kind::Text),
            field("phone", Kind::Text),
        ],
        edits: false,
        make: |v| {
            let contact = NewContact {
                name: v.text("name"),
                role: v.text("role"),
                email: v.text("email"),
                phone: v.text("phone"),
            };
            Ok(Some(Command::AddContact {
                customer: v.customer()?,
                contact,
            }))
        },
    },
    FormKind {
        code: "contact",
        fields: &[
            field("name", Kind::Text)
                .needed()
                .begin(|t, _| of_contact(t, "name")),
            field("role", Kind::Choice(roles)).begin(|t, _| of_contact(t, "role")),
            field("email", Kind::Text).begin(|t, _| of_contact(t, "email")),
            field("phone", Kind::Text).begin(|t, _| of_contact(t, "phone")),
        ],
        edits: true,
        make: |v| v.edit(Entity::Contact),
    },
    FormKind {
        code: "new_task",
        fields: &[
            field("title", Kind::Text).needed(),
            field("due", Kind::Day),
            field("owner", Kind::Owner).begin(|_, look| plain(&look.me)),
            field("priority", Kind::Choice(priorities)).begin(|_, _| plain("2")),
            field("kind", Kind::Choice(task_kinds)),
        ],
        edits: false,
        make: |v| {
            let due = v.day("due");
            let priority = v.text("priority").parse().unwrap_or(0);
            let task = TaskDraft {
                title: v.text("title"),
                due,
                owner: v.text("owner"),
                priority,
                kind: v.text("kind"),
            };
            Ok(Some(Command::AddTask {
                customers: v.customers(),
                task,
            }))
        },
    },
    FormKind {
        code: "task",
        fields: &[
            field("title", Kind::Text)
                .needed()
                .begin(|t, _| of_task(t, "title")),
            field("due", Kind::Day).begin(|t, _| of_task(t, "due")),
            field("owner", Kind::Owner).begin(|t, _| of_task(t, "owner")),
            field("priority", Kind::Choice(priorities)).begin(|t, _| of_task(t, "priority")),
            field("kind", Kind::Choice(task_kinds)).begin(|t, _| of_task(t, "kind")),
        ],
        edits: true,
        make: |v| v.edit(Entity::Task),
    },
    FormKind {
        code: "nps",
        fields: &[
            field("score", Kind::Number(0, 10)).needed(),
            field("contact", Kind::Choice(persons)),
            field("wave", Kind::Text),
            field("when", Kind::Past),
            field("text", Kind::Area),
        ],
        edits: false,
        make: |v| {
            let score = v.small("score");
            if !v.text("wave").is_empty() {
                return v.survey(vec![Said::Nps(score, v.text("text"))]);
            }
            let contact = v.text("contact").parse().ok();
            Ok(Some(Command::Nps {
                customer: v.customer()?,
                contact,
                score,
                text: v.text("text"),
                at: v.past("when"),
            }))
        },
    },
    FormKind {
        code: "csat",
        fields: &[
            field("csat", Kind::Number(1, 5)).needed(),
            field("contact", Kind::Choice(persons)),
            field("wave", Kind::Text),
            field("when", Kind::Past),
            field("text", Kind::Area),
        ],
        edits: false,
        make: |v| v.survey(vec![Said::Csat(v.small("csat"), v.text("text"))]),
    },
    FormKind {
        code: "ces",
        fields: &[
            field("ces", Kind::Number(1, 7)).needed(),
            field("contact", Kind::Choice(persons)),
            field("wave", Kind::Text),
            field("when", Kind::Past),
            field("text", Kind::Area),
        ],
        edits: false,
        make: |v| v.survey(vec![Said::Ces(v.small("ces"), v.text("text"))]),
    },
    FormKind {
        code: "friction",
        fields: &[
            field("heard", Kind::Text),
            field("opinion", Kind::Area),
            field("hurt", Kind::Area),
            field("contact", Kind::Choice(persons)),
            field("wave", Kind::Text),
            field("when", Kind::Past),
        ],
        edits: false,
        make: |v| {
            let said = FRICTION
                .iter()
                .map(|code| Said::Words((*code).to_owned(), v.text(code)));
            let said: Vec<Said> = said
                .filter(|s| !matches!(s, Said::Words(_, text) if text.is_empty()))
                .collect();
            if said.is_empty() {
                Ok(None)
            } else {
                v.survey(said)
            }
        },
    },
    FormKind {
        code: "invite",
        fields: &[
            field("asks", Kind::Choice(surveys)).begin(|_, _| plain("nps")),
            field("wave", Kind::Text).needed(),
            field("when", Kind::Past),
        ],
        edits: false,
        make: |v| {
            let customers = vec![v.customer()?];
            Ok(Some(Command::Invite {
                customers,
                asks: v.text("asks"),
                wave: v.text("wave"),
                at: v.past("when"),
            }))
        },
    },
    FormKind {
        code: "pulse",
        fields: &[
            field("score", Kind::Number(1, 5)).needed(),
            field("text", Kind::Area),
        ],
        edits: false,
        make: |v| {
            Ok(Some(Command::Pulse {
                customer: v.customer()?,
                score: v.small("score"),
                text: v.text("text"),
            }))
        },
    },
    work::NEW_CALL,
    work::NEW_OBJECTIVE,
    work::CALL,
    work::OBJECTIVE,
    rule::NEW_RULE,
    rule::RULE,
];

fn touch(v: &Values) -> Result<Option<Command>, Blame> {
    let contacts = v
        .value("with")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|id| id.as_str()?.parse().ok())
        .collect();
    let follow = v.text("follow");
    let touch = TouchDraft {
        channel: v.text("channel"),
        inbound: v.text("direction") == "in",
        contacts,
        at: v.past("when"),
        minutes: v
            .value("minutes")
            .as_u64()
            .and_then(|m| u32::try_from(m).ok()),
        mood: v.text("mood").parse().ok(),
        text: v.text("text"),
        follow_up: (!follow.is_empty()).then(|| verbs::task_of(&follow, v.look)),
    };
    Ok(Some(Command::LogTouch {
        customers: v.customers(),
        touch,
    }))
}

pub(super) fn plain(text: &str) -> Begin {
    (text.to_owned(), Value::from(text))
}

fn at_event(target: &Target, look: &Look) -> Begin {
    plain(
        &target
            .event
            .as_ref()
            .map(|e| typed_moment(e.at, look))
            .unwrap_or_default(),
    )
}

/// A field of a row as it is written in JSON, whose names are those of the stored fields.
fn of(row: Option<Value>, field: &str) -> Begin {
    match row.map(|r| r[field].clone()).unwrap_or_default() {
        Value::String(text) => plain(&text),
        Value::Number(n) => (n.to_string(), Value::Number(n)),
        _ => (String::new(), Value::from("")),
    }
}

fn of_customer(target: &Target, field: &str) -> Begin {
    of(
        target
            .account
            .as_ref()
            .and_then(|a| serde_json::to_value(&a.customer).ok()),
        field,
    )
}

fn of_contact(target: &Target, field: &str) -> Begin {
    let contact = contacts(target).iter().find(|c| Some(c.id) == target.row);
    of(contact.and_then(|c| serde_json::to_value(c).ok()), field)
}

fn of_task(target: &Target, field: &str) -> Begin {
    let task = target
        .account
        .as_ref()
        .and_then(|a| a.tasks.iter().find(|t| Some(t.id) == target.row));
    of(task.and_then(|t| serde_json::to_value(t).ok()), field)
}

fn channels(_: &Target, look: &Look) -> Vec<Way> {
    CHANNELS
        .iter()
        .map(|c| {
            (
                c.code.to_owned(),
                look.say.codes.channel(c.code).to_owned(),
                c.key,
            )
        })
        .collect()
}

fn directions(_: &Target, look: &Look) -> Vec<Way> {
    let ways = [("out", "direction.out", 'o'), ("in", "direction.in", 'i')];
    ways.iter()
        .map(|(code, word, key)| {
            (
                (*code).to_owned(),
                look.say.word(word).to_owned(),
                Some(*key),
            )
        })
        .collect()
}

fn moods(_: &Target, look: &Look) -> Vec<Way> {
    let none = (
        String::new(),
        look.say.word("word.none").to_owned(),
        Some('0'),
    );
    let moods = (1..=5).map(|n: u8| {
        (
            n.to_string(),
            n.to_string(),
            char::from_digit(u32::from(n), 10),
        )
    });
    std::iter::once(none).chain(moods).collect()
}

fn priorities(_: &Target, _: &Look) -> Vec<Way> {
    (1..=3)
        .map(|n: u8| {
            (
                n.to_string(),
                n.to_string(),
                char::from_digit(u32::from(n), 10),
            )
        })
        .collect()
}

fn task_kinds(_: &Target, look: &Look) -> Vec<Way> {
    let way = |code: &str, word: &str| (code.to_owned(), look.say.word(word).to_owned(), None);
    vec![
        way("", "word.plain_task"),
        way("renewal", "word.renewal_plan"),
        way("mention", "word.mention"),
    ]
}

fn stages(_: &Target, look: &Look) -> Vec<Way> {
    look.config
        .stages
        .stage
        .iter()
        .map(|s| (s.code.clone(), s.label.clone(), None))
        .collect()
}

/// The roles, and the present one where an import brought another.
fn roles(target: &Target, look: &Look) -> Vec<Way> {
    let mut ways = vec![(String::new(), look.say.word("word.none").to_owned(), None)];
    ways.extend(
        ROLES
            .iter()
            .map(|r| ((*r).to_owned(), look.say.codes.role(r).to_owned(), None)),
    );
    let (now, _) = of_contact(target, "role");
    if !ways.iter().any(|w| w.0 == now) {
        ways.push((now.clone(), now, None));
    }
    ways
}

fn persons(target: &Target, look: &Look) -> Vec<Way> {
    let none = (String::new(), look.say.word("word.none").to_owned(), None);
    let people = contacts(target)
        .iter()
        .map(|c| (c.id.to_string(), c.name.clone(), None));
    std::iter::once(none).chain(people).collect()
}

fn surveys(_: &Target, look: &Look) -> Vec<Way> {
    ["nps", "csat", "ces", "friction"]
        .map(|code| {
            (
                code.to_owned(),
                look.say.word(&format!("form.{code}")).to_owned(),
                None,
            )
        })
        .into()
}

fn yes_no(_: &Target, look: &Look) -> Vec<Way> {
    [("", "word.none"), ("1", "word.yes"), ("0", "word.no")]
        .iter()
        .map(|(c, w)| ((*c).to_owned(), look.say.word(w).to_owned(), None))
        .collect()
}

/// The fields of a form as they begin, with the book's own attributes in the customer's.
pub fn cells(form: &FormKind, target: &Target, look: &Look) -> Vec<Cell> {
    let mut cells: Vec<Cell> = form
        .fields
        .iter()
        .map(|row| {
            let (text, before) = (row.begin)(target, look);
            let label = look.say.word(&format!("field.{}", row.code)).to_owned();
            Cell::new(row.code, label, row.kind, row.needed, text, before)
        })
        .collect();
    if form.code == "customer" {
        let now = target.account.as_ref().map(|a| &a.customer.attributes);
        for attribute in &look.config.attributes {
            let before = now
                .and_then(|n| n.get(&attribute.code))
                .cloned()
                .unwrap_or(Value::Null);
            let kind = match attribute.kind {
                AttributeType::Int => Kind::Int,
                AttributeType::Money => Kind::Money,
                AttributeType::Date => Kind::Day,
                AttributeType::Bool => Kind::Choice(yes_no),
                AttributeType::Text | AttributeType::Enum => Kind::Text,
            };
            let text = typed(&before, attribute.kind, look);
            cells.push(Cell::new(
                &format!("attr.{}", attribute.code),
                attribute.label.clone(),
                kind,
                false,
                text,
                before,
            ));
        }
    }
    cells
}

/// An attribute's value as it is typed.
fn typed(value: &Value, kind: AttributeType, look: &Look) -> String {
    match (kind, value) {
        (_, Value::Null) => String::new(),
        (AttributeType::Money, v) if v.is_i64() => {
            crate::domain::money::full(v.as_i64().unwrap_or_default(), look.config.currency)
        }
        (AttributeType::Bool, v) => if v.as_bool().unwrap_or(v.as_i64() == Some(1)) {
            "1"
        } else {
            "0"
        }
        .to_owned(),
        (_, Value::String(text)) => text.clone(),
        (_, v) => v.to_string(),
    }
}

/// The checked values of a form.
pub struct Values<'a> {
    /// Its fields.
    pub cells: &'a [Cell],
    /// What it is about.
    pub target: &'a Target,
    /// What may be read.
    pub look: &'a Look,
}

impl Values<'_> {
    fn read(&self, cell: &Cell) -> Value {
        cell.read(self.target, self.look)
            .map_or(Value::Null, |Read { value, .. }| value)
    }

    pub(super) fn value(&self, code: &str) -> Value {
        self.cells
            .iter()
            .find(|c| c.code == code)
            .map_or(Value::Null, |c| self.read(c))
    }

    pub(super) fn text(&self, code: &str) -> String {
        self.cells
            .iter()
            .find(|c| c.code == code)
            .map(|c| c.text().trim().to_owned())
            .unwrap_or_default()
    }

    /// A moment; none where the field is empty: the writing's.
    fn past(&self, code: &str) -> Option<Stamp> {
        self.value(code).as_i64().map(Stamp)
    }

    /// A small number; 0 where there is none.
    fn small(&self, code: &str) -> u8 {
        self.value(code)
            .as_u64()
            .and_then(|s| u8::try_from(s).ok())
            .unwrap_or(0)
    }

    /// Answers to a survey, of the person, wave and moment in the form.
    fn survey(&self, answers: Vec<Said>) -> Result<Option<Command>, Blame> {
        let contact = self.text("contact").parse().ok();
        let (customer, wave, at) = (self.customer()?, self.text("wave"), self.past("when"));
        Ok(Some(Command::Survey {
            customer,
            contact,
            wave,
            answers,
            at,
        }))
    }

    fn customer(&self) -> Result<Id, Blame> {
        self.target
            .customer
            .ok_or_else(|| ("name", self.look.say.word("why_not.no_customer").to_owned()))
    }

    pub(super) fn customers(&self) -> Vec<Id> {
        self.target
            .customer
            .into_iter()
            .chain(self.target.several.iter().copied())
            .collect()
    }

    /// A day that a field says.
    pub(super) fn day(&self, code: &str) -> Option<Day> {
        self.value(code).as_str().and_then(|d| d.parse().ok())
    }

    /// The changed fields as one edit, each with the value that was seen.
    pub(super) fn edit(&self, entity: Entity) -> Result<Option<Command>, Blame> {
        let mut changes = Vec::new();
        for cell in self.cells.iter().filter(|c| c.is_typed()) {
            if cell.code == "tags" {
                let (old, new) = (tags(&cell.base), tags(cell.text()));
                let change = |tag: &String, on: i64| Change {
                    field: format!("tag.{tag}"),
                    base: Some(Value::from(1 - on)),
                    value: Value::from(on),
                };
                changes.extend(
                    new.iter()
                        .filter(|t| !old.contains(t))
                        .map(|t| change(t, 1)),
                );
                changes.extend(
                    old.iter()
                        .filter(|t| !new.contains(t))
                        .map(|t| change(t, 0)),
                );
                continue;
            }
            let mut value = self.read(cell);
            let number = cell.code.starts_with("attr.")
                || matches!(cell.kind, Kind::Money | Kind::Figure)
                || cell.code == "severity";
            if matches!(value.as_str(), Some("")) && number {
                value = Value::Null;
            } else if matches!(cell.code.as_str(), "priority" | "severity")
                || (cell.code.starts_with("attr.") && matches!(cell.kind, Kind::Choice(_)))
            {
                value = cell.text().parse::<i64>().map_or(value, Value::from);
            }
            changes.push(Change {
                field: cell.code.clone(),
                base: Some(cell.before.clone()),
                value,
            });
        }
        let row = if entity == Entity::Customer {
            self.target.customer
        } else {
            self.target.row
        };
        let Some(row) = row.filter(|_| !changes.is_empty()) else {
            return Ok(None);
        };
        Ok(Some(Command::Edit {
            entity,
            rows: vec![row],
            changes,
        }))
    }
}
