//! `retain event`: the timeline, and corrections of it.

use clap::Subcommand;
use serde_json::json;

use super::fail::Done;
use super::show::with_times;
use super::whom::Whom;
use super::{Cx, change, complete};
use crate::domain::command::{Command, Entity};
use crate::domain::event::EventKind;
use crate::domain::query::{Page, Query, TimelineAsk};
use crate::error::{Error, Result};

/// Events on timelines: list, correct, remove
///
/// What happens is written by `log`, `note`, `nps`, `answer`, `invite`, `pulse`, `move`, `checklist` and `import`.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List events, newest first
    List {
        #[command(flatten)]
        whom: Whom,
        /// Only these kinds, separated by commas: touch, note, nps, ticket, stage...
        #[arg(long, value_name = "KINDS", value_delimiter = ',')]
        kind: Vec<String>,
        /// Only with these words
        #[arg(long, value_name = "WORDS", default_value = "")]
        find: String,
        /// At most so many of each customer
        #[arg(long, short = 'n', default_value_t = 50)]
        limit: usize,
        /// Print only the ids, one a line, for `retain event edit` and `remove`
        #[arg(long, conflicts_with_all = ["json", "jsonl", "csv"])]
        ids: bool,
    },
    /// Correct an event: text, at, channel, direction, number
    Edit {
        /// The end of its id
        event: String,
        /// FIELD=VALUE
        #[arg(required = true, value_name = "FIELD=VALUE", add = complete::assignments(Entity::Event))]
        changes: Vec<String>,
    },
    /// Remove events; `retain undo` brings them back
    Remove {
        /// The ends of their ids
        #[arg(required = true)]
        events: Vec<String>,
    },
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    match &args.what {
        What::List {
            whom,
            kind,
            find,
            limit,
            ids,
        } => list(cx, whom, kind, find, *limit, *ids),
        What::Edit { event, changes } => {
            let mut store = cx.open()?;
            let (row, _) = change::row(&store, Entity::Event, "event", event)?;
            cx.edit(&mut store, Entity::Event, row, changes)
        }
        What::Remove { events } => {
            let mut store = cx.open()?;
            let rows = change::rows(&store, Entity::Event, "event", events)?;
            cx.write(
                &mut store,
                &Command::Remove {
                    entity: Entity::Event,
                    rows,
                },
            )
        }
    }
}

fn list(
    cx: &mut Cx<'_>,
    whom: &Whom,
    kinds: &[String],
    find: &str,
    limit: usize,
    ids: bool,
) -> Done {
    let mut store = cx.open_to_look()?;
    let known = |code: &String| {
        EventKind::from_code(code).ok_or_else(|| {
            let all: Vec<&str> = EventKind::ALL.iter().map(|k| k.code()).collect();
            Error::usage(say!("event.there_no_kind", code = code))
                .hint(format!("kinds: {}", all.join(", ")))
        })
    };
    let kinds: Vec<EventKind> = kinds.iter().map(known).collect::<Result<_>>()?;
    let (mut rows, mut table) = (Vec::new(), Vec::new());
    for customer in whom.find(cx, &mut store)? {
        let timeline = TimelineAsk {
            kinds: kinds.clone(),
            search: crate::text::fold(find),
            limit,
        };
        let Page::Account(Some(account)) = store.answer(&Query::Account { customer, timeline })?
        else {
            continue;
        };
        for event in &account.events {
            if ids {
                cx.out.line(&event.id.to_string())?;
                continue;
            }
            let mut row = with_times(json!(event), &["at"]);
            row["customer_name"] = account.customer.name.as_str().into();
            rows.push(row);
            let first = event.text.lines().next().unwrap_or_default().to_owned();
            let kind = if event.channel.is_empty() {
                event.kind.code().to_owned()
            } else {
                format!("{} {}", event.kind.code(), event.channel)
            };
            let number = event.number.map_or_else(String::new, |n| n.to_string());
            table.push(vec![
                super::tail(event.id),
                event.day.to_string(),
                account.customer.name.clone(),
                kind,
                number,
                first,
            ]);
        }
    }
    if ids {
        return Ok(());
    }
    cx.list(
        "events",
        rows,
        &["id", "day", "customer", "kind", "figure", "text"],
        &table,
        &say!("event.no_events_there"),
    )
}
