//! `retain view`: saved views.

use clap::Subcommand;
use serde_json::json;

use super::fail::Done;
use super::{Cx, change, complete, saved_views};
use crate::domain::command::{Command, Entity};
use crate::domain::query::{Query, View};
use crate::error::Error;

/// Saved views: list, save, remove; `retain list --view NAME` shows one
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List the saved views
    List,
    /// Save a view, or change the one of this name
    Save {
        /// What it is called
        #[arg(add = complete::views())]
        name: String,
        /// Which customers
        #[arg(long, short, value_name = "FILTER", default_value = "", add = complete::filters())]
        filter: String,
        /// By which column; -COLUMN puts the largest first
        #[arg(long, short, value_name = "COLUMN", default_value = "", allow_hyphen_values = true, add = complete::columns())]
        sort: String,
        /// Which columns, separated by commas (default: the usual ones)
        #[arg(long, value_name = "COLUMNS", value_delimiter = ',', add = complete::columns())]
        columns: Vec<String>,
        /// Count it among the segments
        #[arg(long)]
        segment: bool,
    },
    /// Remove a view; `retain undo` brings it back
    Remove {
        /// What it is called
        #[arg(add = complete::views())]
        name: String,
    },
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    match &args.what {
        What::List => {
            let views = saved_views(&mut store)?;
            let row = |(name, v): &(String, View)| json!({ "name": name, "filter": v.filter, "sort": v.sort, "descending": v.descending, "columns": v.columns, "segment": v.segment });
            let rows = views.iter().map(row).collect();
            let line = |(name, v): &(String, View)| {
                vec![
                    name.clone(),
                    v.filter.clone(),
                    v.sort.clone(),
                    v.columns.join(","),
                ]
            };
            let table: Vec<Vec<String>> = views.iter().map(line).collect();
            cx.list(
                "views",
                rows,
                &["name", "filter", "sort", "columns"],
                &table,
                &say!("view.no_view_saved"),
            )
        }
        What::Save {
            name,
            filter,
            sort,
            columns,
            segment,
        } => {
            let ask = Query::Customers {
                filter: filter.clone(),
                sort: String::new(),
                descending: false,
                columns: Vec::new(),
            };
            super::list::rows_page(&mut store, &ask, filter)?;
            let code = sort.trim_start_matches('-');
            for column in columns
                .iter()
                .map(String::as_str)
                .chain((!code.is_empty()).then_some(code))
            {
                super::list::check_column(&store, column)?;
            }
            let view = View {
                filter: filter.clone(),
                sort: code.to_owned(),
                descending: sort.starts_with('-'),
                columns: columns.clone(),
                segment: *segment,
            };
            cx.write(
                &mut store,
                &Command::SaveView {
                    name: name.clone(),
                    view,
                },
            )
        }
        What::Remove { name } => {
            let known = saved_views(&mut store)?;
            let (row, _) =
                change::row(&store, Entity::View, "saved view", name).map_err(|e: Error| {
                    e.hint(format!(
                        "views: {}",
                        known
                            .iter()
                            .map(|v| v.0.as_str())
                            .collect::<Vec<_>>()
                            .join(", ")
                    ))
                })?;
            cx.write(
                &mut store,
                &Command::Remove {
                    entity: Entity::View,
                    rows: vec![row],
                },
            )
        }
    }
}
