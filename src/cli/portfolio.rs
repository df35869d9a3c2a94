//! What is done with customers from the queue and the list: an owner, tags, done, snooze, wake, pulse.

use super::fail::Done;
use super::whom::Whom;
use super::{Cx, complete};
use crate::domain::command::Command;
use crate::error::{Error, Result};

/// Give customers to an owner
#[derive(clap::Args, Debug)]
pub(super) struct AssignArgs {
    #[command(flatten)]
    whom: Whom,
    /// Who shall look after them; "" takes the owner away
    #[arg(add = complete::owners())]
    owner: Option<String>,
}

pub(super) fn assign(cx: &mut Cx<'_>, args: &AssignArgs) -> Done {
    let mut store = cx.open()?;
    let behind: Vec<String> = args.owner.iter().cloned().collect();
    let owner = match args.whom.words(&behind)[..] {
        [owner] => owner.trim().to_owned(),
        _ => {
            return Err(Error::usage(say!("portfolio.nobody_named_give_them"))
                .hint(say!("portfolio.one_name_takes_owner"))
                .into());
        }
    };
    let customers = args.whom.find(cx, &mut store)?;
    cx.write(&mut store, &Command::Assign { customers, owner })
}

/// Put tags on customers and take them off: +TAG, -TAG
#[derive(clap::Args, Debug)]
pub(super) struct TagArgs {
    #[command(flatten)]
    whom: Whom,
    /// +TAG or TAG puts it on, -TAG takes it off
    #[arg(allow_hyphen_values = true, add = complete::tags())]
    tags: Vec<String>,
}

pub(super) fn tag(cx: &mut Cx<'_>, args: &TagArgs) -> Done {
    let mut store = cx.open()?;
    let tags = args.whom.words(&args.tags);
    let (remove, add): (Vec<&str>, Vec<&str>) = tags.iter().partition(|t| t.starts_with('-'));
    if tags.is_empty() {
        return Err(Error::usage(say!("portfolio.no_tag_named"))
            .hint(say!("portfolio.pilot_puts_on_pilot"))
            .into());
    }
    let plain = |tags: Vec<&str>| {
        tags.into_iter()
            .map(|t| t.trim_start_matches(['+', '-', '#']).to_owned())
            .collect()
    };
    let customers = args.whom.find(cx, &mut store)?;
    cx.write(
        &mut store,
        &Command::Tag {
            customers,
            add: plain(add),
            remove: plain(remove),
        },
    )
}

/// Done with customers: they leave the queue until a new reason comes
#[derive(clap::Args, Debug)]
pub(super) struct DoneArgs {
    #[command(flatten)]
    whom: Whom,
}

pub(super) fn done(cx: &mut Cx<'_>, args: &DoneArgs) -> Done {
    let mut store = cx.open()?;
    let customers = args.whom.find(cx, &mut store)?;
    cx.write(&mut store, &Command::Done { customers })
}

/// Hide customers from the queue until a day, or until an answer or a ticket comes
#[derive(clap::Args, Debug)]
pub(super) struct SnoozeArgs {
    #[command(flatten)]
    whom: Whom,
    /// Until this day: mon, +7d, "8 dec", 2026-12-08
    #[arg(long, value_name = "DATE", required_unless_present = "until_event")]
    until: Option<String>,
    /// Until such an event comes
    #[arg(long, value_name = "EVENT", value_parser = ["nps", "ticket"], conflicts_with = "until")]
    until_event: Option<String>,
    /// Why
    #[arg(long, value_name = "WORDS", default_value = "")]
    reason: String,
}

pub(super) fn snooze(cx: &mut Cx<'_>, args: &SnoozeArgs) -> Done {
    let mut store = cx.open()?;
    let customers = args.whom.find(cx, &mut store)?;
    let until = cx.day(&store, args.until.as_deref())?;
    let event = args.until_event.clone().unwrap_or_default();
    cx.write(
        &mut store,
        &Command::Snooze {
            customers,
            until,
            event,
            reason: args.reason.clone(),
        },
    )
}

/// Take a snooze back
#[derive(clap::Args, Debug)]
pub(super) struct WakeArgs {
    #[command(flatten)]
    whom: Whom,
}

pub(super) fn wake(cx: &mut Cx<'_>, args: &WakeArgs) -> Done {
    let mut store = cx.open()?;
    let customers = args.whom.find(cx, &mut store)?;
    cx.write(&mut store, &Command::Unsnooze { customers })
}

/// Record how you see an account yourself, 1 (bad) to 5
#[derive(clap::Args, Debug)]
pub(super) struct PulseArgs {
    /// Id, key or name
    #[arg(add = complete::customers())]
    customer: String,
    /// 1 to 5
    #[arg(value_parser = clap::value_parser!(u8).range(1..=5))]
    score: u8,
    /// Why
    text: Vec<String>,
}

pub(super) fn pulse(cx: &mut Cx<'_>, args: &PulseArgs) -> Done {
    let mut store = cx.open()?;
    let customer = store.find_customer(&args.customer)?;
    cx.write(
        &mut store,
        &Command::Pulse {
            customer,
            score: args.score,
            text: super::joined(&args.text),
        },
    )
}

/// Full-text search over timelines, names and people, best first
#[derive(clap::Args, Debug)]
pub(super) struct SearchArgs {
    /// The words
    #[arg(required = true)]
    words: Vec<String>,
}

pub(super) fn search(cx: &mut Cx<'_>, args: &SearchArgs) -> Done {
    use crate::domain::query::{Found, Page, Query};
    let mut store = cx.open()?;
    let answer: Result<Vec<Found>> = match store.answer(&Query::Search {
        text: super::joined(&args.words),
    })? {
        Page::Search(found) => Ok(found),
        _ => Err(super::unexpected()),
    };
    let found = answer?;
    if cx.out.json {
        return cx.out.rows("rows", serde_json::json!({ "rows": found }));
    }
    if found.is_empty() {
        return Ok(cx.out.line("nothing found")?);
    }
    let row = |f: &Found| {
        vec![
            f.day.map_or_else(String::new, |d| d.to_string()),
            f.name.clone(),
            f.text.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    Ok(cx
        .out
        .table(&["day", "customer", "text"], &[false; 3], &rows)?)
}
