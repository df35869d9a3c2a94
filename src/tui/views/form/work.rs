//! The forms of calls to action and of objectives, new and there already.

use serde_json::Value;

use super::Target;
use super::cell::{Kind, Way};
use super::tables::{Begin, Blame, FormKind, Values, field, plain};
use crate::domain::action::{Action, ActionDraft, KINDS, show_figure};
use crate::domain::command::{Command, Entity};
use crate::domain::money;
use crate::tui::look::Look;
use crate::tui::work::kind_words;

/// A new call of any kind but an objective.
pub const NEW_CALL: FormKind = FormKind {
    code: "new_call",
    fields: &[
        field("kind", Kind::Choice(kinds)).begin(|_, _| plain("risk")),
        field("title", Kind::Text).needed(),
        field("due", Kind::Day),
        field("severity", Kind::Choice(severities)),
        field("owner", Kind::Owner),
        field("money", Kind::Money),
        field("mitigation", Kind::Text),
        field("review", Kind::Day),
        field("reason", Kind::Text),
    ],
    edits: false,
    make: |v| open(v, v.text("kind")),
};

/// A new objective of the success plan.
pub const NEW_OBJECTIVE: FormKind = FormKind {
    code: "new_objective",
    fields: &[
        field("title", Kind::Text).needed(),
        field("base", Kind::Figure),
        field("value", Kind::Figure),
        field("target", Kind::Figure),
        field("unit", Kind::Text),
        field("due", Kind::Day),
        field("owner", Kind::Owner),
        field("evidence", Kind::Text),
    ],
    edits: false,
    make: |v| open(v, "objective".to_owned()),
};

/// A call that is there.
pub const CALL: FormKind = FormKind {
    code: "call",
    fields: &[
        field("title", Kind::Text)
            .needed()
            .begin(|t, _| words(t, |a| &a.title)),
        field("due", Kind::Day).begin(|t, _| day(t, |a| a.due)),
        field("severity", Kind::Choice(severities))
            .begin(|t, _| number(t, |a| a.severity.map(i64::from), |n| n.to_string())),
        field("owner", Kind::Owner).begin(|t, _| words(t, |a| &a.owner)),
        field("money", Kind::Money)
            .begin(|t, look| number(t, |a| a.money, |n| money::full(n, look.config.currency))),
        field("mitigation", Kind::Text).begin(|t, _| words(t, |a| &a.mitigation)),
        field("review", Kind::Day).begin(|t, _| day(t, |a| a.review)),
    ],
    edits: true,
    make: |v| v.edit(Entity::Action),
};

/// An objective that is there.
pub const OBJECTIVE: FormKind = FormKind {
    code: "objective",
    fields: &[
        field("title", Kind::Text)
            .needed()
            .begin(|t, _| words(t, |a| &a.title)),
        field("value", Kind::Figure).begin(|t, _| number(t, |a| a.value, show_figure)),
        field("base", Kind::Figure).begin(|t, _| number(t, |a| a.base, show_figure)),
        field("target", Kind::Figure).begin(|t, _| number(t, |a| a.target, show_figure)),
        field("unit", Kind::Text).begin(|t, _| words(t, |a| &a.unit)),
        field("due", Kind::Day).begin(|t, _| day(t, |a| a.due)),
        field("owner", Kind::Owner).begin(|t, _| words(t, |a| &a.owner)),
        field("evidence", Kind::Text).begin(|t, _| words(t, |a| &a.evidence)),
    ],
    edits: true,
    make: |v| v.edit(Entity::Action),
};

fn open(v: &Values, kind: String) -> Result<Option<Command>, Blame> {
    let number = |code: &str| v.value(code).as_i64();
    let action = ActionDraft {
        kind,
        reason: v.text("reason"),
        title: v.text("title"),
        owner: v.text("owner"),
        due: v.day("due"),
        severity: v.text("severity").parse().ok(),
        money: number("money"),
        mitigation: v.text("mitigation"),
        review: v.day("review"),
        base: number("base"),
        value: number("value").or(number("base")),
        target: number("target"),
        unit: v.text("unit"),
        evidence: v.text("evidence"),
    };
    Ok(Some(Command::OpenAction {
        customers: v.customers(),
        action,
    }))
}

fn words(target: &Target, of: fn(&Action) -> &String) -> Begin {
    plain(target.action.as_ref().map_or("", |a| of(a)))
}

fn day(target: &Target, of: fn(&Action) -> Option<crate::domain::time::Day>) -> Begin {
    plain(
        &target
            .action
            .as_ref()
            .and_then(of)
            .map(|d| d.to_string())
            .unwrap_or_default(),
    )
}

fn number(target: &Target, of: fn(&Action) -> Option<i64>, show: impl Fn(i64) -> String) -> Begin {
    match target.action.as_ref().and_then(of) {
        Some(n) => (show(n), Value::from(n)),
        None => (String::new(), Value::Null),
    }
}

fn kinds(_: &Target, look: &Look) -> Vec<Way> {
    let calls = KINDS.iter().filter(|k| **k != "objective");
    calls
        .map(|k| ((*k).to_owned(), kind_words(k, look).to_owned(), None))
        .collect()
}

pub(super) fn severities(_: &Target, look: &Look) -> Vec<Way> {
    let none = (
        String::new(),
        look.say.word("word.none").to_owned(),
        Some('0'),
    );
    let all = (1..=4).map(|n: u8| {
        (
            n.to_string(),
            n.to_string(),
            char::from_digit(u32::from(n), 10),
        )
    });
    std::iter::once(none).chain(all).collect()
}
