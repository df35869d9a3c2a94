//! `retain show`: one customer: figures, people, open work and the newest events.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::Cx;
use super::action::{answer, due};
use super::fail::Done;
use super::health::{explanation_json, held_words};
use super::list::every_column;
use super::out::{Ink, lines, one_line};
use super::today::{band_ink, priority_json, tenths};
use crate::domain::checklist::Answer;
use crate::domain::config::Config;
use crate::domain::event::{Event, EventKind};
use crate::domain::id::Id;
use crate::domain::money;
use crate::domain::query::{Account, ActionAsk};
use crate::domain::task::Task;
use crate::domain::time::{Day, Stamp};
use crate::error::Result;
use crate::store::Store;
use crate::transfer::rows;

/// Show one customer: figures, people, open work, newest events
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Id, key or name
    #[arg(add = super::complete::customers())]
    customer: String,
    /// So many events
    #[arg(long, default_value_t = 10)]
    events: usize,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open_to_look()?;
    let customer = store.find_customer(&args.customer)?;
    let account = cx.account(&mut store, customer, args.events)?;
    if cx.out.json {
        let value = account_json(&mut store, &account)?;
        return Ok(cx.out.object(value)?);
    }
    let config = store.config();
    let today = cx.moment(&store).today;
    print_head(cx, &account, &config, today)?;
    print_people(cx, &account)?;
    print_calls(cx, &mut store, customer, today)?;
    print_work(cx, &account, today)?;
    print_events(cx, &account, &config)
}

/// The account as JSON. `figures` has every column of lists by its code.
fn account_json(store: &mut Store, account: &Account) -> Result<Value> {
    store.load_orders()?;
    let shared = store.roster()?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let at = account.row as usize;
    let mut figures = rows::object(&roster, &every_column(), at);
    figures.remove("id");
    let reasons = roster.reasons(at);
    Ok(json!({
        "as_of": roster.today,
        "currency": roster.config.currency,
        "id": account.customer.id,
        "customer": account.customer,
        "figures": figures,
        "health": explanation_json(&account.health),
        "queue": priority_json(&reasons, &account.priority),
        "trend": account.trend,
        "contacts": account.contacts.iter().map(|c| with_times(json!(c), &["last_touch"])).collect::<Vec<_>>(),
        "tasks": account.tasks.iter().map(|t| with_times(json!(t), &["done"])).collect::<Vec<_>>(),
        "tickets": account.tickets.iter().map(|t| with_times(json!(t), &["opened", "closed"])).collect::<Vec<_>>(),
        "subscriptions": account.versions,
        "nps": account.nps,
        "events": account.events.iter().map(|e| with_times(json!(e), &["at"])).collect::<Vec<_>>(),
        "events_of": account.total,
    }))
}

/// Moments as RFC 3339 in place of milliseconds: what every language reads.
pub(super) fn with_times(mut value: Value, names: &[&str]) -> Value {
    for name in names {
        if let Some(slot) = value.get_mut(name)
            && let Some(ms) = slot.as_i64()
        {
            *slot = Stamp(ms)
                .utc()
                .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
                .into();
        }
    }
    value
}

fn print_head(cx: &mut Cx<'_>, account: &Account, config: &Config, today: Day) -> Done {
    let (customer, signals) = (&account.customer, &account.signals);
    let name = cx.out.paint(Ink::Bold, &one_line(&customer.name));
    let key = if customer.external.is_empty() {
        String::new()
    } else {
        format!("  {}", one_line(&customer.external))
    };
    cx.out.line(&format!("{name}{key}"))?;
    let id = cx.out.paint(Ink::Dim, &customer.id.to_string());
    cx.out.line(&id)?;
    let health = &account.health.health;
    let score = health.score.map_or_else(
        || "insufficient data".to_owned(),
        |s| say!("show.weight", s = s, coverage = health.coverage).to_string(),
    );
    let score = cx.out.paint(band_ink(health.band), &score);
    let score =
        held_words(&account.health).map_or(score.clone(), |words| format!("{score}, {words}"));
    let stage = signals.since.map_or_else(
        || "-".to_owned(),
        |since| {
            say!(
                "show.since_days_visit",
                stage = one_line(config.stages.label(signals.stage)),
                since = since,
                since_2 = today.since(since),
                visit = signals.visit
            )
            .to_string()
        },
    );
    let nps = signals
        .nps
        .map_or_else(|| "-".to_owned(), |n| format!("{n}{}", on(signals.nps_day)));
    let cadence = config
        .cadences
        .kept(signals, config.limits(), today)
        .map_or_else(
            || "-".to_owned(),
            |k| {
                say!(
                    "show.days_every",
                    standing = k.standing.code(),
                    days = k.days,
                    ideal = k.ideal,
                    longest = k.longest
                )
                .to_string()
            },
        );
    let rows = [
        ("owner", or_dash(&customer.owner)),
        ("stage", stage),
        ("health", score),
        ("priority", tenths(account.priority.tenths)),
        ("ARR", account.arr.full(config.currency)),
        (
            "renews",
            signals.renews.map_or_else(
                || "-".to_owned(),
                |d| format!("{d} ({} days)", d.since(today)),
            ),
        ),
        (
            "last touch",
            signals.reached.map_or_else(
                || "-".to_owned(),
                |d| format!("{d} ({} days ago)", today.since(d)),
            ),
        ),
        ("cadence", cadence),
        ("NPS", nps),
        (
            "tickets",
            format!(
                "{} open",
                signals
                    .tickets
                    .iter()
                    .map(|n| usize::from(*n))
                    .sum::<usize>()
            ),
        ),
        ("tags", or_dash(&customer.tags.join(" "))),
    ];
    for (label, value) in rows {
        cx.out.line(&format!("{label:<11} {value}"))?;
    }
    for (code, value) in &customer.attributes {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        cx.out
            .line(&format!("{:<11} {}", one_line(code), one_line(&value)))?;
    }
    Ok(())
}

fn on(day: Option<Day>) -> String {
    day.map_or_else(String::new, |d| format!(" on {d}"))
}

fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        one_line(text)
    }
}

fn heading(cx: &mut Cx<'_>, text: &str) -> Done {
    let text = cx.out.paint(Ink::Bold, text);
    cx.out.line("")?;
    Ok(cx.out.line(&text)?)
}

fn print_people(cx: &mut Cx<'_>, account: &Account) -> Done {
    if account.contacts.is_empty() {
        return Ok(());
    }
    heading(cx, "Contacts")?;
    for contact in &account.contacts {
        let main = if contact.primary { "main contact" } else { "" };
        let parts = [
            contact.role.as_str(),
            contact.email.as_str(),
            contact.phone.as_str(),
            main,
        ];
        let rest: Vec<String> = parts
            .iter()
            .filter(|p| !p.is_empty())
            .map(|p| one_line(p))
            .collect();
        cx.out
            .line(format!("  {}  {}", one_line(&contact.name), rest.join(", ")).trim_end())?;
    }
    Ok(())
}

fn print_calls(cx: &mut Cx<'_>, store: &mut Store, customer: Id, today: Day) -> Done {
    let calls = answer(
        store,
        ActionAsk {
            customer: Some(customer),
            ..ActionAsk::default()
        },
    )?;
    if !calls.is_empty() {
        heading(cx, &say!("show.calls_action"))?;
    }
    for call in calls.iter().map(|row| &row.action) {
        let turn = call
            .turn()
            .map_or_else(String::new, |d| format!(", {}", due(d, today)));
        let severity = call.severity.map_or_else(String::new, |s| format!(" S{s}"));
        cx.out.line(&format!(
            "  {}{severity}  {}{turn}",
            call.kind,
            one_line(&call.title)
        ))?;
    }
    Ok(())
}

fn print_work(cx: &mut Cx<'_>, account: &Account, today: Day) -> Done {
    let open: Vec<&Task> = account.tasks.iter().filter(|t| t.done.is_none()).collect();
    if !open.is_empty() {
        heading(cx, "Open tasks")?;
    }
    for task in open {
        let late = task.turn().is_some_and(|d| d < today);
        let due = task.turn().map_or_else(String::new, |d| {
            format!(", due {d}{}", if late { " (late)" } else { "" })
        });
        let owner = if task.owner.is_empty() {
            String::new()
        } else {
            format!(", {}", one_line(&task.owner))
        };
        cx.out.line(&format!(
            "  #{}  {}{due}{owner}",
            ending(task.id),
            one_line(&task.title)
        ))?;
    }
    let open: Vec<_> = account
        .tickets
        .iter()
        .filter(|t| t.closed.is_none())
        .collect();
    if !open.is_empty() {
        heading(cx, "Open tickets")?;
    }
    for ticket in open {
        let line = format!(
            "  severity {}  {}  {}",
            ticket.severity,
            one_line(&ticket.external),
            one_line(&ticket.subject)
        );
        cx.out.line(&line)?;
    }
    Ok(())
}

/// The end of an id, which tells tasks apart: the start of ids made within a minute is the same.
fn ending(id: Id) -> String {
    let text = id.to_string();
    text[text.len() - 8..].to_owned()
}

fn print_events(cx: &mut Cx<'_>, account: &Account, config: &Config) -> Done {
    if account.events.is_empty() {
        return Ok(());
    }
    heading(
        cx,
        &say!(
            "show.newest_events",
            events = account.events.len(),
            total = account.total
        ),
    )?;
    for event in &account.events {
        let mut text = lines(&event.text);
        let first = text.next().unwrap_or_default();
        let line = format!("  {}  {}  {first}", event.day, what(event, config));
        cx.out.line(line.trim_end())?;
        for more in text {
            cx.out.line(format!("              {more}").trim_end())?;
        }
    }
    Ok(())
}

/// What an event was, in a few words.
fn what(event: &Event, config: &Config) -> String {
    let kind = event.kind.code();
    let number = event.number;
    let more = |name: &str| {
        event
            .more
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let who = if event.contact_name.is_empty() {
        String::new()
    } else {
        format!(" with {}", event.contact_name)
    };
    let text = match event.kind {
        EventKind::Touch => format!("{}{who}", event.channel.replace('_', " ")),
        EventKind::Stage => {
            let label = |code: &str| {
                config
                    .stages
                    .find(code)
                    .map_or_else(|| code.to_owned(), |no| config.stages.label(no).to_owned())
            };
            let from = more("from");
            if from.is_empty() {
                format!("entered {}", label(more("to")))
            } else {
                format!("{} → {}", label(from), label(more("to")))
            }
        }
        // The key of a ticket's step has the step behind a colon, so that each step is written once.
        EventKind::Ticket => format!("ticket {}", event.reference.replace(':', " ")),
        EventKind::Nps | EventKind::Csat | EventKind::Ces | EventKind::Pulse => {
            format!("{kind} {}{who}", number.unwrap_or_default())
        }
        EventKind::Check => {
            let answer = number
                .and_then(Answer::from_number)
                .map_or("", Answer::code);
            format!(
                "{kind} {} {answer}",
                config.stages.question(&event.reference)
            )
        }
        EventKind::Override => match number {
            Some(score) => format!("{kind} {score} until {}", more("until")),
            None => format!("{kind} ended"),
        },
        EventKind::Rule | EventKind::Invite => format!("{kind} {}", event.channel),
        EventKind::Survey => format!("{kind} {}{who}", event.channel),
        EventKind::Order | EventKind::Invoice | EventKind::Churn | EventKind::Subscription => {
            format!(
                "{kind} {}",
                money::full(number.unwrap_or_default(), config.currency)
            )
        }
        EventKind::Usage => format!("usage {}", number.unwrap_or_default()),
        EventKind::Note | EventKind::Task => kind.to_owned(),
    };
    one_line(text.trim_end())
}
