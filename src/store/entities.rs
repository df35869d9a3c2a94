//! Every entity as a table, declared once: what is written, hashed, exchanged, imported, indexed and shown of a field follows from here.

use crate::domain::command::Entity;

/// One entity as a table: its number in the log, its name, the columns of a new row behind `id` and `batch`, and the fields
/// that an edit may change. Field names in SQL only ever come from here.
pub struct Table {
    /// Which entity.
    pub entity: Entity,
    /// Stored in `edit.entity`; never reused.
    pub number: i64,
    /// Table name.
    pub name: &'static str,
    /// Columns of a new row.
    pub columns: &'static [&'static str],
    /// Editable columns.
    pub fields: &'static [&'static str],
    /// What columns and fields hold that is not text.
    pub holds: &'static [(&'static str, Holds)],
    /// Which of them the full-text index has.
    pub words: Option<Words>,
    /// The statement for a new row: id, batch, columns.
    pub insert: &'static str,
}

/// What a column or a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holds {
    /// Words.
    Text,
    /// A whole number, or nothing.
    Whole,
    /// An amount in minor units, or nothing.
    Money,
    /// A civil date, or nothing.
    Day,
    /// A moment, or nothing.
    At,
    /// A kind of event, by its code.
    Kind,
    /// The id of a row, or nothing.
    Row,
}

/// The columns of a table that are found by their words, and the index that has them.
pub struct Words {
    /// The index.
    pub index: &'static str,
    /// The columns; their words stand in the index one behind the other.
    pub of: &'static [&'static str],
}

impl Table {
    /// What a column or a field holds; tags and whether a row is removed are numbers, attributes what they say.
    pub fn holds(&self, field: &str) -> Holds {
        let said = self.holds.iter().find(|(name, _)| *name == field);
        said.map_or(
            if field == "removed" || field.starts_with("tag.") {
                Holds::Whole
            } else {
                Holds::Text
            },
            |found| found.1,
        )
    }

    /// Its rows belong to customers.
    pub fn is_owned(&self) -> bool {
        self.columns.first() == Some(&OWNER)
    }

    /// The column, or the expression, that has the integer of a row's customer.
    pub fn owner(&self) -> &'static str {
        match self.entity {
            Entity::Customer => "n",
            _ if self.is_owned() => OWNER,
            _ => "NULL",
        }
    }
}

/// The field that says whose a row is. The log has the customer's id, the column this file's integer of it.
pub const OWNER: &str = "customer";

/// Every entity.
pub const TABLES: &[Table] = &[
    Table {
        entity: Entity::Customer,
        number: 1,
        name: "customer",
        columns: &[
            "external",
            "name",
            "owner",
            "website",
            "phone",
            "created",
            "tags",
            "attributes",
        ],
        fields: &[
            "external",
            "name",
            "owner",
            "website",
            "phone",
            "created",
            "snoozed",
            "snooze_event",
            "snooze_reason",
            "done",
            "removed",
        ],
        holds: &[("created", Holds::Day), ("snoozed", Holds::Day)],
        words: None,
        insert: "INSERT INTO customer (id, batch, external, name, owner, website, phone, created, tags, attributes) VALUES (?,?,?,?,?,?,?,?,?,?)",
    },
    Table {
        entity: Entity::Contact,
        number: 2,
        name: "contact",
        columns: &[
            "customer", "external", "name", "role", "email", "phone", "main",
        ],
        fields: &[
            OWNER, "external", "name", "role", "email", "phone", "main", "removed",
        ],
        holds: &[("customer", Holds::Row), ("main", Holds::Whole)],
        words: Some(Words {
            index: "person",
            of: &["name", "email"],
        }),
        insert: "INSERT INTO contact (id, batch, customer, external, name, role, email, phone, main) VALUES (?,?,?,?,?,?,?,?,?)",
    },
    Table {
        entity: Entity::Event,
        number: 3,
        name: "event",
        columns: &[
            "customer",
            "kind",
            "at",
            "day",
            "contact",
            "channel",
            "direction",
            "number",
            "text",
            "reference",
            "more",
        ],
        fields: &[
            OWNER,
            "at",
            "day",
            "channel",
            "direction",
            "number",
            "text",
            "more",
            "removed",
        ],
        holds: &[
            ("customer", Holds::Row),
            ("kind", Holds::Kind),
            ("at", Holds::At),
            ("day", Holds::Day),
            ("contact", Holds::Row),
            ("number", Holds::Whole),
        ],
        words: Some(Words {
            index: "found",
            of: &["text"],
        }),
        insert: "INSERT INTO event (id, batch, customer, kind, at, day, contact, channel, direction, number, text, reference, more) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
    },
    Table {
        entity: Entity::Task,
        number: 4,
        name: "task",
        columns: &[
            "customer", "title", "due", "owner", "priority", "kind", "made", "done",
        ],
        fields: &[
            OWNER,
            "title",
            "due",
            "owner",
            "priority",
            "kind",
            "snoozed",
            "snooze_reason",
            "done",
            "removed",
        ],
        holds: &[
            ("customer", Holds::Row),
            ("due", Holds::Day),
            ("priority", Holds::Whole),
            ("made", Holds::At),
            ("snoozed", Holds::Day),
            ("done", Holds::At),
        ],
        words: None,
        insert: "INSERT INTO task (id, batch, customer, title, due, owner, priority, kind, made, done) VALUES (?,?,?,?,?,?,?,?,?,?)",
    },
    Table {
        entity: Entity::Ticket,
        number: 5,
        name: "ticket",
        columns: &[
            "customer", "external", "subject", "severity", "opened", "closed", "csat",
        ],
        fields: &[
            OWNER, "subject", "severity", "opened", "closed", "csat", "removed",
        ],
        holds: &[
            ("customer", Holds::Row),
            ("severity", Holds::Whole),
            ("opened", Holds::At),
            ("closed", Holds::At),
            ("csat", Holds::Whole),
        ],
        words: None,
        insert: "INSERT INTO ticket (id, batch, customer, external, subject, severity, opened, closed, csat) VALUES (?,?,?,?,?,?,?,?,?)",
    },
    Table {
        entity: Entity::Subscription,
        number: 6,
        name: "subscription",
        columns: &[
            "customer",
            "external",
            "subscription",
            "start",
            "end",
            "amount",
            "currency",
            "period",
            "count",
            "quantity",
            "discount",
            "status",
            "mrr",
        ],
        fields: &[
            OWNER,
            "subscription",
            "start",
            "end",
            "amount",
            "currency",
            "period",
            "count",
            "quantity",
            "discount",
            "status",
            "mrr",
            "removed",
        ],
        holds: &[
            ("customer", Holds::Row),
            ("start", Holds::Day),
            ("end", Holds::Day),
            ("amount", Holds::Money),
            ("count", Holds::Whole),
            ("quantity", Holds::Whole),
            ("discount", Holds::Whole),
            ("mrr", Holds::Money),
        ],
        words: None,
        insert: "INSERT INTO subscription (id, batch, customer, external, subscription, start, end, amount, currency, period, count, quantity, discount, status, mrr) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    },
    Table {
        entity: Entity::View,
        number: 7,
        name: "view",
        columns: &["name", "value"],
        fields: &["name", "value", "removed"],
        holds: &[],
        words: None,
        insert: "INSERT INTO view (id, batch, name, value) VALUES (?,?,?,?)",
    },
    Table {
        entity: Entity::Config,
        number: 8,
        name: "config",
        columns: &["key", "value"],
        fields: &["value", "removed"],
        holds: &[],
        words: None,
        insert: "INSERT INTO config (id, batch, key, value) VALUES (?,?,?,?)",
    },
    Table {
        entity: Entity::Action,
        number: 9,
        name: "action",
        columns: &[
            "customer",
            "kind",
            "reason",
            "title",
            "owner",
            "opened",
            "due",
            "severity",
            "money",
            "mitigation",
            "review",
            "base",
            "value",
            "target",
            "unit",
            "evidence",
            "cause",
        ],
        fields: &[
            OWNER,
            "title",
            "owner",
            "due",
            "severity",
            "money",
            "mitigation",
            "review",
            "base",
            "value",
            "target",
            "unit",
            "evidence",
            "snoozed",
            "snooze_reason",
            "closed",
            "outcome",
            "removed",
        ],
        holds: &[
            ("customer", Holds::Row),
            ("opened", Holds::Day),
            ("due", Holds::Day),
            ("severity", Holds::Whole),
            ("money", Holds::Money),
            ("review", Holds::Day),
            ("base", Holds::Whole),
            ("value", Holds::Whole),
            ("target", Holds::Whole),
            ("snoozed", Holds::Day),
            ("closed", Holds::Day),
        ],
        words: None,
        insert: "INSERT INTO action (id, batch, customer, kind, reason, title, owner, opened, due, severity, money, mitigation, review, base, value, target, unit, evidence, cause) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    },
    Table {
        entity: Entity::Play,
        number: 10,
        name: "play",
        columns: &[
            "customer", "playbook", "label", "anchor", "started", "cause",
        ],
        fields: &[OWNER, "ended", "outcome", "removed"],
        holds: &[
            ("customer", Holds::Row),
            ("anchor", Holds::Day),
            ("started", Holds::Day),
            ("ended", Holds::Day),
        ],
        words: None,
        insert: "INSERT INTO play (id, batch, customer, playbook, label, anchor, started, cause) VALUES (?,?,?,?,?,?,?,?)",
    },
    Table {
        entity: Entity::Step,
        number: 11,
        name: "step",
        columns: &["customer", "play", "task", "code"],
        fields: &[OWNER, "skipped", "removed"],
        holds: &[
            ("customer", Holds::Row),
            ("play", Holds::Row),
            ("task", Holds::Row),
        ],
        words: None,
        insert: "INSERT INTO step (id, batch, customer, play, task, code) VALUES (?,?,?,?,?,?)",
    },
];

/// The table of an entity.
pub fn table(entity: Entity) -> &'static Table {
    &TABLES[entity as usize]
}

/// The table with a number of the log; `None` for one of a newer version.
pub fn table_numbered(number: i64) -> Option<&'static Table> {
    TABLES.iter().find(|t| t.number == number)
}
