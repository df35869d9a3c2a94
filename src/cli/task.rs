//! `retain task`: adds a task, or marks one done.

use super::fail::Done;
use super::{Cx, by_end, joined, unexpected};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::query::{Page, Query, TaskAsk};
use crate::domain::task::TaskDraft;
use crate::error::{Error, Result};
use crate::store::Store;

/// Add a task for a customer, or mark one done
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Id, key or name
    #[arg(required_unless_present = "done")]
    customer: Option<String>,
    /// What has to be done
    #[arg(required_unless_present = "done")]
    title: Vec<String>,
    /// By when: fri, +7d, "8 dec", 2026-12-08
    #[arg(long, value_name = "DATE")]
    due: Option<String>,
    /// Who does it (default: you)
    #[arg(long, value_name = "NAME", default_value = "")]
    owner: String,
    /// What it is for: renewal makes it the plan for the renewal
    #[arg(long, value_name = "KIND", default_value = "", value_parser = ["", "renewal"], hide_possible_values = true)]
    kind: String,
    /// 1 (first) to 3
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=3))]
    priority: u8,
    /// Mark the task with this id (or end of an id, as `retain show` prints it) done
    #[arg(long, value_name = "ID", conflicts_with_all = ["customer", "title", "due", "owner", "kind", "priority"])]
    done: Option<String>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    if let Some(end) = &args.done {
        let task = find_task(&mut store, end)?;
        return cx.write(&mut store, &Command::DoneTasks { tasks: vec![task] });
    }
    let title = joined(&args.title);
    if title.is_empty() {
        return Err(Error::usage("The task has no title").into());
    }
    let customer = store.find_customer(args.customer.as_deref().unwrap_or_default())?;
    let due = cx.day(&store, args.due.as_deref())?;
    let task = TaskDraft { title, due, owner: args.owner.clone(), priority: args.priority, kind: args.kind.clone() };
    cx.write(&mut store, &Command::AddTask { customers: vec![customer], task })
}

/// The one open task whose id ends so.
fn find_task(store: &mut Store, end: &str) -> Result<Id> {
    let Page::Tasks(rows) = store.answer(&Query::Tasks(TaskAsk { done: true, ..TaskAsk::default() }))? else { return Err(unexpected()) };
    let named = rows.iter().map(|r| (r.task.id, format!("{}, {}", r.customer_name, r.task.title)));
    let found = &rows[by_end("task", "retain show CUSTOMER", named, end)?];
    if found.task.done.is_some() { Err(Error::usage("The task is done already")) } else { Ok(found.task.id) }
}
