//! `retain task`: tasks listed, added, done, put off, changed.

use clap::Subcommand;
use serde_json::json;

use super::fail::Done;
use super::show::with_times;
use super::whom::Whom;
use super::{Cx, change, complete, unexpected};
use crate::domain::command::{Command, Entity};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query, TaskAsk};
use crate::domain::task::TaskDraft;
use crate::error::{Error, Result};
use crate::store::Store;

/// Add a task for a customer or several; list tasks, mark them done, put them off, change and remove them
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    add: Add,
}

#[derive(clap::Args, Debug)]
struct Add {
    #[command(flatten)]
    whom: Whom,
    /// What has to be done
    title: Vec<String>,
    /// By when: fri, +7d, "8 dec", 2026-12-08
    #[arg(long, value_name = "DATE")]
    due: Option<String>,
    /// Who does it (default: you)
    #[arg(long, value_name = "NAME", default_value = "", add = complete::owners())]
    owner: String,
    /// What it is for: renewal makes it the plan for the renewal
    #[arg(long, value_name = "KIND", default_value = "", value_parser = ["", "renewal"], hide_possible_values = true)]
    kind: String,
    /// 1 (first) to 3
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=3))]
    priority: u8,
    /// Mark the task with this id, end of an id or title done
    #[arg(long, value_name = "ID", conflicts_with_all = ["customer", "filter", "title", "due", "owner", "kind", "priority"])]
    done: Option<String>,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List open tasks, due first
    List {
        /// Only for customers that pass this filter
        #[arg(long, short, value_name = "FILTER", default_value = "", add = complete::filters())]
        filter: String,
        /// Only of this owner; `me` for your own
        #[arg(long, value_name = "NAME", default_value = "", add = complete::owners())]
        owner: String,
        /// Done ones too
        #[arg(long)]
        done: bool,
    },
    /// Mark tasks done
    Done {
        /// Ids, ends of ids or titles
        #[arg(required = true)]
        tasks: Vec<String>,
    },
    /// Put tasks off until a day
    Snooze {
        /// Ids, ends of ids or titles
        #[arg(required = true)]
        tasks: Vec<String>,
        /// Until when
        #[arg(long, value_name = "DATE")]
        until: String,
        /// Why
        #[arg(long, value_name = "WORDS", default_value = "")]
        reason: String,
    },
    /// Change fields of a task: title, due, owner, priority, kind
    Edit {
        /// Id, end of an id or title
        task: String,
        /// FIELD=VALUE
        #[arg(required = true, value_name = "FIELD=VALUE", add = complete::assignments(Entity::Task))]
        changes: Vec<String>,
    },
    /// Remove tasks; `retain undo` brings them back
    Remove {
        /// Ids, ends of ids or titles
        #[arg(required = true)]
        tasks: Vec<String>,
    },
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = if matches!(args.what, Some(What::List { .. })) {
        cx.open_to_look()?
    } else {
        cx.open()?
    };
    match &args.what {
        None => match &args.add.done {
            Some(task) => done(cx, &mut store, std::slice::from_ref(task)),
            None => add(cx, &mut store, &args.add),
        },
        Some(What::List {
            filter,
            owner,
            done,
        }) => list(
            cx,
            &mut store,
            TaskAsk {
                filter: filter.clone(),
                owner: owner.clone(),
                done: *done,
            },
        ),
        Some(What::Done { tasks }) => done(cx, &mut store, tasks),
        Some(What::Snooze {
            tasks,
            until,
            reason,
        }) => {
            let tasks = open_ones(&store, tasks)?;
            let until = cx
                .day(&store, Some(until))?
                .ok_or_else(|| Error::usage(say!("task.day_missing")))?;
            cx.write(
                &mut store,
                &Command::SnoozeTasks {
                    tasks,
                    until,
                    reason: reason.clone(),
                },
            )
        }
        Some(What::Edit { task, changes }) => {
            let (row, _) = change::row(&store, Entity::Task, "task", task)?;
            cx.edit(&mut store, Entity::Task, row, changes)
        }
        Some(What::Remove { tasks }) => {
            let rows = change::rows(&store, Entity::Task, "task", tasks)?;
            cx.write(
                &mut store,
                &Command::Remove {
                    entity: Entity::Task,
                    rows,
                },
            )
        }
    }
}

fn add(cx: &mut Cx<'_>, store: &mut Store, add: &Add) -> Done {
    let title = add.whom.text("The title", &add.title)?;
    let customers = add.whom.find(cx, store)?;
    let due = cx.day(store, add.due.as_deref())?;
    let task = TaskDraft {
        title,
        due,
        owner: add.owner.clone(),
        priority: add.priority,
        kind: add.kind.clone(),
    };
    cx.write(store, &Command::AddTask { customers, task })
}

fn done(cx: &mut Cx<'_>, store: &mut Store, tasks: &[String]) -> Done {
    let tasks = open_ones(store, tasks)?;
    cx.write(store, &Command::DoneTasks { tasks })
}

/// The tasks that are meant, all of them open.
fn open_ones(store: &Store, texts: &[String]) -> Result<Vec<Id>> {
    let one = |text: &String| match change::row(store, Entity::Task, "task", text)? {
        (id, true) => Ok(id),
        _ => Err(Error::usage(say!("task.task_done_already"))),
    };
    texts.iter().map(one).collect()
}

fn list(cx: &mut Cx<'_>, store: &mut Store, mut ask: TaskAsk) -> Done {
    if ask.owner == "me" {
        ask.owner.clone_from(&cx.person);
    }
    let check = Query::Customers {
        filter: ask.filter.clone(),
        sort: String::new(),
        descending: false,
        columns: Vec::new(),
    };
    super::list::rows_page(store, &check, &ask.filter)?;
    let Page::Tasks(found) = store.answer(&Query::Tasks(ask))? else {
        return Err(unexpected().into());
    };
    let today = store.today();
    let rows = found
        .iter()
        .map(|t| with_times(json!(t), &["done"]))
        .collect();
    let line = |t: &crate::domain::query::TaskRow| {
        let due = t.task.turn().map_or_else(String::new, |d| {
            if d < today {
                format!("{d} (late)")
            } else {
                d.to_string()
            }
        });
        let state = if t.task.done.is_some() {
            "done".to_owned()
        } else {
            due
        };
        vec![
            super::tail(t.task.id),
            t.customer_name.clone(),
            state,
            t.task.priority.to_string(),
            t.task.owner.clone(),
            t.task.title.clone(),
        ]
    };
    let table: Vec<Vec<String>> = found.iter().map(line).collect();
    cx.list(
        "tasks",
        rows,
        &["id", "customer", "due", "prio", "owner", "title"],
        &table,
        &say!("task.no_task_open_there"),
    )
}
