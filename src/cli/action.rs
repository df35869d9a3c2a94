//! `retain action`: calls to action, the register of risks and success plans.

use clap::Subcommand;
use serde_json::json;

use super::fail::Done;
use super::whom::Whom;
use super::{Cx, change, joined, unexpected};
use crate::domain::action::{self, ActionDraft};
use crate::domain::command::{Change, Command, Entity};
use crate::domain::id::Id;
use crate::domain::money;
use crate::domain::query::{ActionAsk, ActionRow, Page, Query};
use crate::domain::time::Day;
use crate::error::{Error, Result};
use crate::store::Store;

/// Calls to action: list, open, change, put off and close them; risks by what is at stake; success plans
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List calls to action; risks stand by money at stake x urgency
    List(List),
    /// Open a call to action; an open one of the same kind and reason is updated, not doubled
    Open(Box<Open>),
    /// Change fields of an open call: owner, due, severity, money, mitigation, review, value, target, evidence
    Set(Set),
    /// Put one off until a day
    Snooze(Snooze),
    /// Close one with what came of it
    Close(Close),
}

#[derive(clap::Args, Debug)]
struct List {
    /// Only of this kind
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(action::KINDS))]
    kind: Option<String>,
    /// Only at customers that pass this filter
    #[arg(long, value_name = "FILTER", default_value = "", add = super::complete::filters())]
    filter: String,
    /// Only of this owner; `me` for your own
    #[arg(long, value_name = "NAME", default_value = "", add = super::complete::owners())]
    owner: String,
    /// Only at this customer: id, key or name
    #[arg(long, value_name = "CUSTOMER", add = super::complete::customers())]
    customer: Option<String>,
    /// Closed ones too
    #[arg(long)]
    closed: bool,
}

#[derive(clap::Args, Debug)]
struct Open {
    #[command(flatten)]
    whom: Whom,
    /// What has to be done
    title: Vec<String>,
    /// What it is: risk, opportunity, lifecycle, activity or objective
    #[arg(long, default_value = "activity", value_parser = clap::builder::PossibleValuesParser::new(action::KINDS))]
    kind: String,
    /// Why, as one word; customer, kind and reason make it the same call
    #[arg(long, value_name = "CODE", default_value = "")]
    reason: String,
    /// Who does it (default: the customer's owner)
    #[arg(long, value_name = "NAME", default_value = "", add = super::complete::owners())]
    owner: String,
    /// By when: fri, +7d, 2026-12-08
    #[arg(long, value_name = "DATE")]
    due: Option<String>,
    /// 1 (worst) to 4
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=4))]
    severity: Option<u8>,
    /// What is at stake (default: the customer's ARR)
    #[arg(long, value_name = "AMOUNT")]
    money: Option<String>,
    /// What is done about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    mitigation: String,
    /// When it is looked at again (a risk with a severity: by the policy)
    #[arg(long, value_name = "DATE")]
    review: Option<String>,
    /// An objective's figure at the start
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    start: Option<String>,
    /// Its figure now
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    value: Option<String>,
    /// Its target
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    target: Option<String>,
    /// Unit of the three
    #[arg(long, value_name = "UNIT", default_value = "")]
    unit: String,
    /// What shows that it is so
    #[arg(long, value_name = "TEXT", default_value = "")]
    evidence: String,
}

#[derive(clap::Args, Debug)]
struct Set {
    /// The end of its id, as `retain action list` prints it, or its title
    id: String,
    /// field=value, several
    #[arg(required = true, value_name = "FIELD=VALUE")]
    changes: Vec<String>,
}

#[derive(clap::Args, Debug)]
struct Snooze {
    /// The end of its id, or its title
    id: String,
    /// Until when
    #[arg(long, value_name = "DATE")]
    until: String,
    /// Why
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(action::SNOOZE_REASONS))]
    reason: String,
}

#[derive(clap::Args, Debug)]
struct Close {
    /// The end of its id, or its title
    id: String,
    /// What came of it
    outcome: Vec<String>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    match &args.what {
        What::List(list) => print(cx, &mut store, list),
        What::Open(open) => {
            let action = draft(cx, &store, open)?;
            let customers = open.whom.find(cx, &mut store)?;
            cx.write(&mut store, &Command::OpenAction { customers, action })
        }
        What::Set(set) => {
            let id = find(&store, &set.id)?;
            let changes = set
                .changes
                .iter()
                .map(|c| change(cx, &store, c))
                .collect::<Result<Vec<_>>>()?;
            cx.write(
                &mut store,
                &Command::Edit {
                    entity: Entity::Action,
                    rows: vec![id],
                    changes,
                },
            )
        }
        What::Snooze(snooze) => {
            let id = find(&store, &snooze.id)?;
            let until = day(cx, &store, &snooze.until)?;
            cx.write(
                &mut store,
                &Command::SnoozeActions {
                    actions: vec![id],
                    until,
                    reason: snooze.reason.clone(),
                },
            )
        }
        What::Close(close) => {
            let id = find(&store, &close.id)?;
            cx.write(
                &mut store,
                &Command::CloseActions {
                    actions: vec![id],
                    outcome: joined(&close.outcome),
                },
            )
        }
    }
}

fn day(cx: &Cx<'_>, store: &Store, text: &str) -> Result<Day> {
    cx.day(store, Some(text))?
        .ok_or_else(|| Error::usage(say!("action.day_missing")))
}

fn draft(cx: &Cx<'_>, store: &Store, open: &Open) -> Result<ActionDraft> {
    let currency = store.config().currency;
    let amount = |text: &String| {
        money::parse(text, currency).ok_or_else(|| {
            Error::usage(say!("any.not_amount", text = text)).hint(say!("action.such_as_240k_or"))
        })
    };
    let figure = |text: &Option<String>| text.as_deref().map(thousandths).transpose();
    Ok(ActionDraft {
        kind: open.kind.clone(),
        reason: open.reason.clone(),
        title: open.whom.words(&open.title).join(" ").trim().to_owned(),
        owner: open.owner.clone(),
        due: cx.day(store, open.due.as_deref())?,
        severity: open.severity,
        money: open.money.as_ref().map(amount).transpose()?,
        mitigation: open.mitigation.clone(),
        review: cx.day(store, open.review.as_deref())?,
        base: figure(&open.start)?,
        value: figure(&open.value)?,
        target: figure(&open.target)?,
        unit: open.unit.clone(),
        evidence: open.evidence.clone(),
    })
}

/// A figure of an objective, in thousandths.
fn thousandths(text: &str) -> Result<i64> {
    let wrong = || {
        Error::usage(say!("action.not_number", text = text))
            .hint(say!("action.at_most_three_places"))
    };
    action::parse_figure(text).ok_or_else(wrong)
}

fn change(cx: &Cx<'_>, store: &Store, text: &str) -> Result<Change> {
    const FIELDS: [&str; 11] = [
        "title",
        "owner",
        "due",
        "severity",
        "money",
        "mitigation",
        "review",
        "value",
        "target",
        "unit",
        "evidence",
    ];
    let Some((field, value)) = text
        .split_once('=')
        .filter(|(field, _)| FIELDS.contains(field) || *field == "start")
    else {
        return Err(
            Error::usage(say!("action.not_change", text = text)).hint(say!(
                "action.field_value_fields_start",
                what = FIELDS.join(", ")
            )),
        );
    };
    let name = if field == "start" { "base" } else { field };
    if value.is_empty()
        && !matches!(
            field,
            "title" | "owner" | "mitigation" | "unit" | "evidence"
        )
    {
        return Ok(Change::set(name, serde_json::Value::Null));
    }
    Ok(match field {
        "due" | "review" => Change::set(name, day(cx, store, value)?.to_string()),
        "severity" => {
            let severity = value.parse::<u8>().ok().filter(|s| (1..=4).contains(s));
            Change::set(
                name,
                severity.ok_or_else(|| Error::usage(say!("any.severity_1_worst")))?,
            )
        }
        "money" => {
            let amount = money::parse(value, store.config().currency);
            Change::set(
                name,
                amount.ok_or_else(|| Error::usage(say!("action.not_amount_2", value = value)))?,
            )
        }
        "start" | "value" | "target" => Change::set(name, thousandths(value)?),
        _ => Change::set(name, value),
    })
}

/// The calls that an ask wants.
pub(super) fn answer(store: &mut Store, ask: ActionAsk) -> Result<Vec<ActionRow>> {
    match store.answer(&Query::Actions(ask))? {
        Page::Actions(rows) => Ok(rows),
        _ => Err(unexpected()),
    }
}

fn find(store: &Store, text: &str) -> Result<Id> {
    match change::row(store, Entity::Action, &say!("any.call_action"), text)? {
        (id, true) => Ok(id),
        _ => Err(Error::usage(say!("action.call_closed_already"))),
    }
}

/// When it is somebody's turn: a day that is past as its days, and today by its name.
pub(super) fn due(day: Day, today: Day) -> String {
    match today.since(day) {
        0 => "today".to_owned(),
        late @ 1.. => format!("{late}d late"),
        _ => day.to_string(),
    }
}

fn print(cx: &mut Cx<'_>, store: &mut Store, list: &List) -> Done {
    let customer = list
        .customer
        .as_deref()
        .map(|c| store.find_customer(c))
        .transpose()?;
    let kind = list.kind.clone().unwrap_or_default();
    let rows = answer(
        store,
        ActionAsk {
            filter: list.filter.clone(),
            kind: kind.clone(),
            owner: list.owner.clone(),
            customer,
            closed: list.closed,
        },
    )?;
    let objectives = || {
        rows.iter()
            .map(|r| &r.action)
            .filter(|a| a.kind == "objective")
    };
    let progress = action::plan_progress(objectives());
    if cx.out.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|r| {
                let mut row = serde_json::to_value(r).unwrap_or_default();
                row["progress"] = r.action.progress().into();
                row
            })
            .collect();
        return cx.out.rows(
            "actions",
            json!({ "actions": rows, "plan_progress": progress }),
        );
    }
    if rows.is_empty() {
        return Ok(cx.out.line(&say!("action.no_call_action_open"))?);
    }
    let currency = store.config().currency;
    let today = store.today();
    let table: Vec<Vec<String>> = rows
        .iter()
        .map(|r| {
            let a = &r.action;
            vec![
                super::tail(a.id),
                r.customer_name.clone(),
                a.kind.clone(),
                a.severity.map_or_else(String::new, |s| format!("S{s}")),
                a.turn()
                    .filter(|_| a.closed.is_none())
                    .map_or_else(String::new, |d| due(d, today)),
                a.review
                    .filter(|_| a.closed.is_none())
                    .map_or_else(String::new, |d| due(d, today)),
                a.owner.clone(),
                r.stake().short(currency),
                match a.progress() {
                    Some(done) => {
                        let figure =
                            |n: Option<i64>| n.map_or_else(String::new, action::show_figure);
                        format!(
                            "{} ({done}%: {} of {} {})",
                            a.title,
                            figure(a.value),
                            figure(a.target),
                            a.unit
                        )
                        .replace(" )", ")")
                    }
                    None if a.closed.is_some() => format!("{} (closed: {})", a.title, a.outcome),
                    None => a.title.clone(),
                },
            ]
        })
        .collect();
    let heads = [
        "id", "customer", "kind", "sev", "due", "review", "owner", "at stake", "what",
    ];
    cx.out.table(
        &heads,
        &[false, false, false, false, false, false, false, true, false],
        &table,
    )?;
    if kind == "risk" {
        cx.out.line(&say!("action.by_money_at_stake"))?;
    }
    if let Some(progress) = progress.filter(|_| customer.is_some()) {
        let line = say!("action.success_plan_done_mean", progress = progress);
        cx.out.line(&line)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::due;
    use crate::domain::time::Day;

    #[test]
    fn what_is_due_today_is_not_late() {
        let today: Day = "2026-11-22".parse().expect("a day");
        let says = [-1, 0, 1].map(|days| due(today.plus(days), today));
        assert_eq!(says, ["1d late", "today", "2026-11-23"]);
    }
}
