//! `retain subscription`: what customers pay, by versions.

use clap::Subcommand;
use serde_json::json;

use super::fail::Done;
use super::whom::Whom;
use super::{Cx, change, complete};
use crate::domain::command::{Change, Command, Entity, NewTerms};
use crate::domain::money;
use crate::domain::revenue::{Interval, mrr};
use crate::error::Error;

/// What customers pay: list, add a version, end, edit, remove
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List subscription versions, newest first
    List(Whom),
    /// Add a version: what is paid from a day on
    Add {
        /// Id, key or name of the customer
        #[arg(add = complete::customers())]
        customer: String,
        /// Price of one unit and interval: 240, 1200.50, 2k
        amount: String,
        /// How often it is paid
        #[arg(long, default_value = "month", value_parser = ["day", "week", "month", "year"])]
        every: String,
        /// Every how many intervals
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
        count: u32,
        /// Units (seats)
        #[arg(long, default_value_t = 1)]
        quantity: u32,
        /// The subscription's key in your files
        #[arg(long, value_name = "KEY", default_value = "")]
        key: String,
        /// First day (default: today)
        #[arg(long, value_name = "DATE")]
        start: Option<String>,
        /// First day on which it is over
        #[arg(long, value_name = "DATE")]
        end: Option<String>,
        /// A trial, which pays nothing yet
        #[arg(long)]
        trial: bool,
    },
    /// End a version
    End {
        /// The end of its id, or its key
        subscription: String,
        /// First day on which it is over (default: today)
        #[arg(long, value_name = "DATE")]
        on: Option<String>,
    },
    /// Change fields of a version: start, end, status; another price is another version
    Edit {
        /// The end of its id, or its key
        subscription: String,
        /// FIELD=VALUE
        #[arg(required = true, value_name = "FIELD=VALUE", add = complete::assignments(Entity::Subscription))]
        changes: Vec<String>,
    },
    /// Remove versions; `retain undo` brings them back
    Remove {
        /// The ends of their ids, or their keys
        #[arg(required = true)]
        subscriptions: Vec<String>,
    },
}

const WHAT: &str = "subscription";

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = if matches!(args.what, What::List(_)) {
        cx.open_to_look()?
    } else {
        cx.open()?
    };
    match &args.what {
        What::List(whom) => {
            let (mut rows, mut table) = (Vec::new(), Vec::new());
            for customer in whom.find(cx, &mut store)? {
                let account = cx.account(&mut store, customer, 1)?;
                for v in &account.versions {
                    let mut row = json!(v);
                    row["customer_name"] = account.customer.name.as_str().into();
                    row["mrr"] = mrr(v).into();
                    rows.push(row);
                    let day = |d: Option<crate::domain::time::Day>| {
                        d.map_or_else(String::new, |d| d.to_string())
                    };
                    let monthly = mrr(v).map_or_else(String::new, |m| money::full(m, v.currency));
                    let name = account.customer.name.clone();
                    table.push(vec![
                        super::tail(v.id),
                        name,
                        v.subscription.clone(),
                        day(Some(v.start)),
                        day(v.end),
                        monthly,
                        v.status.clone(),
                    ]);
                }
            }
            let heads = ["id", "customer", "key", "start", "end", "MRR", "status"];
            cx.list(
                "subscriptions",
                rows,
                &heads,
                &table,
                &say!("subscription.no_subscription_there"),
            )
        }
        What::Add {
            customer,
            amount,
            every,
            count,
            quantity,
            key,
            start,
            end,
            trial,
        } => {
            let customer = store.find_customer(customer)?;
            let parsed = money::parse(amount, store.config().currency);
            let terms = NewTerms {
                subscription: key.clone(),
                amount: parsed.ok_or_else(|| {
                    Error::usage(say!("subscription.not_amount", amount = amount))
                        .hint(say!("subscription.such_as_240_2k"))
                })?,
                interval: match every.as_str() {
                    "day" => Interval::Day,
                    "week" => Interval::Week,
                    "year" => Interval::Year,
                    _ => Interval::Month,
                },
                count: *count,
                quantity: *quantity,
                start: cx.day(&store, start.as_deref())?,
                end: cx.day(&store, end.as_deref())?,
                trial: *trial,
            };
            cx.write(&mut store, &Command::AddSubscription { customer, terms })
        }
        What::End { subscription, on } => {
            let (row, _) = change::row(&store, Entity::Subscription, WHAT, subscription)?;
            let day = cx
                .day(&store, on.as_deref())?
                .unwrap_or_else(|| store.today());
            let changes = vec![Change::set("end", day.to_string())];
            cx.write(
                &mut store,
                &Command::Edit {
                    entity: Entity::Subscription,
                    rows: vec![row],
                    changes,
                },
            )
        }
        What::Edit {
            subscription,
            changes,
        } => {
            let (row, _) = change::row(&store, Entity::Subscription, WHAT, subscription)?;
            cx.edit(&mut store, Entity::Subscription, row, changes)
        }
        What::Remove { subscriptions } => {
            let rows = change::rows(&store, Entity::Subscription, WHAT, subscriptions)?;
            cx.write(
                &mut store,
                &Command::Remove {
                    entity: Entity::Subscription,
                    rows,
                },
            )
        }
    }
}
