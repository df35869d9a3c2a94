//! The form of a rule, new or there already. What it makes is tried before it is saved.

use super::Target;
use super::cell::{Kind, Way};
use super::tables::{Begin, Blame, FieldRow, FormKind, Values, field, plain};
use crate::columns;
use crate::domain::action::KINDS;
use crate::domain::command::Command;
use crate::domain::rule::{Alert, Call, Edge, Rule};
use crate::tui::look::Look;
use crate::tui::work::kind_words;

const LABEL: FieldRow = field("label", Kind::Text)
    .needed()
    .begin(|t, _| of(t, |r| r.label.clone()));
const WHEN: FieldRow = field("filter", Kind::Text)
    .needed()
    .begin(|t, _| of(t, |r| r.when.clone()));
const ON: FieldRow = field("edge", Kind::Choice(edges)).begin(|t, _| {
    let leaves = t.rule.as_ref().is_some_and(|r| r.on == Edge::Leave);
    plain(if leaves { "leave" } else { "enter" })
});
const PLAYBOOK: FieldRow =
    field("playbook", Kind::Choice(playbooks)).begin(|t, _| of(t, |r| r.playbook.clone()));
const ALERT: FieldRow =
    field("alert", Kind::Choice(alerts)).begin(|t, _| of(t, |r| r.alert.code().into()));
const CALL: FieldRow = field("call", Kind::Choice(kinds)).begin(|t, _| call(t, |c| c.kind.clone()));
const TITLE: FieldRow = field("call_title", Kind::Text).begin(|t, _| call(t, |c| c.title.clone()));
const DAYS: FieldRow = field("days", Kind::Number(0, 3650))
    .begin(|t, _| call(t, |c| c.days.map(|d| d.to_string()).unwrap_or_default()));
const SEVERITY: FieldRow = field("severity", Kind::Choice(super::work::severities))
    .begin(|t, _| call(t, |c| c.severity.map(|s| s.to_string()).unwrap_or_default()));

/// A new rule.
pub const NEW_RULE: FormKind = FormKind {
    code: "new_rule",
    fields: &[
        field("code", Kind::Text).needed(),
        LABEL,
        WHEN,
        ON,
        PLAYBOOK,
        ALERT,
        CALL,
        TITLE,
        DAYS,
        SEVERITY,
    ],
    edits: false,
    make,
};

/// A rule that is there; its code stays.
pub const RULE: FormKind = FormKind {
    code: "rule",
    fields: &[
        LABEL, WHEN, ON, PLAYBOOK, ALERT, CALL, TITLE, DAYS, SEVERITY,
    ],
    edits: false,
    make,
};

/// The rule that a form makes, where it makes one.
pub fn made(kind: &FormKind, v: &Values) -> Option<Rule> {
    matches!(kind.code, "rule" | "new_rule").then(|| rule(v))
}

fn rule(v: &Values) -> Rule {
    let was = v.target.rule.as_ref();
    let kind = v.text("call");
    Rule {
        code: was.map_or_else(|| v.text("code"), |r| r.code.clone()),
        label: v.text("label"),
        when: v.text("filter"),
        on: if v.text("edge") == "leave" {
            Edge::Leave
        } else {
            Edge::Enter
        },
        off: was.is_some_and(|r| r.off),
        playbook: v.text("playbook"),
        alert: match v.text("alert").as_str() {
            "owner" => Alert::Owner,
            "team" => Alert::Team,
            _ => Alert::None,
        },
        action: (!kind.is_empty()).then(|| Call {
            kind,
            title: v.text("call_title"),
            days: v.text("days").parse().ok(),
            severity: v.text("severity").parse().ok(),
        }),
    }
}

fn make(v: &Values) -> Result<Option<Command>, Blame> {
    let made = rule(v);
    // The form says already which rule it is about.
    let about = format!("the rule \"{}\" ", made.code);
    let mut rules = v.look.config.rules.clone();
    let seen = v.target.rule.as_ref();
    match rules
        .rule
        .iter_mut()
        .find(|r| r.code == made.code)
        .filter(|_| seen.is_some())
    {
        Some(there) if *there == made => return Ok(None),
        Some(there) => *there = made.clone(),
        None => rules.rule.push(made.clone()),
    }
    let wrong = |e: crate::error::Error| {
        let hint = e
            .hints
            .first()
            .map(|h| format!(" ({h})"))
            .unwrap_or_default();
        let text = e.to_string();
        (
            "filter",
            format!("{}{hint}", text.strip_prefix(&about).unwrap_or(&text)),
        )
    };
    rules
        .check(&columns::fields(&v.look.config), &v.look.config.playbooks)
        .map_err(&wrong)?;
    made.command(seen).map(Some).map_err(wrong)
}

fn of(target: &Target, read: fn(&Rule) -> String) -> Begin {
    plain(&target.rule.as_ref().map(read).unwrap_or_default())
}

fn call(target: &Target, read: fn(&Call) -> String) -> Begin {
    plain(
        &target
            .rule
            .as_ref()
            .and_then(|r| r.action.as_ref())
            .map(read)
            .unwrap_or_default(),
    )
}

fn none(look: &Look) -> Way {
    (String::new(), look.say.word("word.none").to_owned(), None)
}

fn edges(_: &Target, look: &Look) -> Vec<Way> {
    [("enter", "rules.enters"), ("leave", "rules.leaves")]
        .iter()
        .map(|(c, w)| ((*c).to_owned(), look.say.word(w).to_owned(), None))
        .collect()
}

fn alerts(_: &Target, look: &Look) -> Vec<Way> {
    let whom = ["owner", "team"].map(|c| {
        (
            c.to_owned(),
            look.say.word(&format!("alerts.to_{c}")).to_owned(),
            None,
        )
    });
    std::iter::once(none(look)).chain(whom).collect()
}

fn playbooks(_: &Target, look: &Look) -> Vec<Way> {
    let books = look
        .config
        .playbooks
        .playbook
        .iter()
        .map(|p| (p.code.clone(), p.label.clone(), None));
    std::iter::once(none(look)).chain(books).collect()
}

fn kinds(_: &Target, look: &Look) -> Vec<Way> {
    let kinds = KINDS
        .iter()
        .map(|k| ((*k).to_owned(), kind_words(k, look).to_owned(), None));
    std::iter::once(none(look)).chain(kinds).collect()
}
