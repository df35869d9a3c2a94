//! `retain ticket`: support tickets, where no help desk sends them.

use clap::Subcommand;
use serde_json::json;

use super::fail::Done;
use super::show::with_times;
use super::whom::Whom;
use super::{Cx, change, complete, joined};
use crate::domain::command::{Command, Entity, NewTicket};

/// Support tickets: list, open, close, edit, remove
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List tickets, severe first
    List {
        #[command(flatten)]
        whom: Whom,
        /// Closed ones too
        #[arg(long)]
        closed: bool,
    },
    /// Open a ticket
    Open {
        /// Id, key or name of the customer
        #[arg(add = complete::customers())]
        customer: String,
        /// What it is about
        #[arg(required = true)]
        subject: Vec<String>,
        /// 1 (worst) to 4
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=4))]
        severity: u8,
        /// The help desk's key
        #[arg(long, value_name = "KEY", default_value = "")]
        key: String,
        /// When it was opened: "2d ago", yesterday
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Close tickets
    Close {
        /// The ends of their ids, their keys or subjects
        #[arg(required = true)]
        tickets: Vec<String>,
        /// Satisfaction with it, 1 to 5
        #[arg(long, value_name = "1-5")]
        csat: Option<u8>,
        /// When it was closed: "2d ago", yesterday
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Change fields of a ticket: subject, severity, csat, opened, closed
    Edit {
        /// The end of its id, its key or subject
        ticket: String,
        /// FIELD=VALUE
        #[arg(required = true, value_name = "FIELD=VALUE", add = complete::assignments(Entity::Ticket))]
        changes: Vec<String>,
    },
    /// Remove tickets; `retain undo` brings them back
    Remove {
        /// The ends of their ids, their keys or subjects
        #[arg(required = true)]
        tickets: Vec<String>,
    },
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = if matches!(args.what, What::List { .. }) {
        cx.open_to_look()?
    } else {
        cx.open()?
    };
    match &args.what {
        What::List { whom, closed } => {
            let (mut rows, mut table) = (Vec::new(), Vec::new());
            for customer in whom.find(cx, &mut store)? {
                let account = cx.account(&mut store, customer, 1)?;
                let zone = store.config().zone;
                for t in account
                    .tickets
                    .iter()
                    .filter(|t| *closed || t.closed.is_none())
                {
                    let mut row = with_times(json!(t), &["opened", "closed"]);
                    row["customer_name"] = account.customer.name.as_str().into();
                    rows.push(row);
                    let closed = t
                        .closed
                        .map_or_else(String::new, |at| zone.day(at).to_string());
                    let id = super::tail(t.id);
                    let opened = zone.day(t.opened).to_string();
                    let name = account.customer.name.clone();
                    table.push(vec![
                        id,
                        name,
                        format!("S{}", t.severity),
                        opened,
                        closed,
                        t.external.clone(),
                        t.subject.clone(),
                    ]);
                }
            }
            cx.list(
                "tickets",
                rows,
                &[
                    "id", "customer", "sev", "opened", "closed", "key", "subject",
                ],
                &table,
                &say!("ticket.no_ticket_open_there"),
            )
        }
        What::Open {
            customer,
            subject,
            severity,
            key,
            at,
        } => {
            let customer = store.find_customer(customer)?;
            let opened = cx.past(&store, at.as_deref())?;
            let ticket = NewTicket {
                subject: joined(subject),
                severity: *severity,
                external: key.clone(),
                opened,
            };
            cx.write(&mut store, &Command::AddTicket { customer, ticket })
        }
        What::Close { tickets, csat, at } => {
            let tickets = change::rows(&store, Entity::Ticket, "ticket", tickets)?;
            let at = cx.past(&store, at.as_deref())?;
            cx.write(
                &mut store,
                &Command::CloseTickets {
                    tickets,
                    at,
                    csat: *csat,
                },
            )
        }
        What::Edit { ticket, changes } => {
            let (row, _) = change::row(&store, Entity::Ticket, "ticket", ticket)?;
            cx.edit(&mut store, Entity::Ticket, row, changes)
        }
        What::Remove { tickets } => {
            let rows = change::rows(&store, Entity::Ticket, "ticket", tickets)?;
            cx.write(
                &mut store,
                &Command::Remove {
                    entity: Entity::Ticket,
                    rows,
                },
            )
        }
    }
}
