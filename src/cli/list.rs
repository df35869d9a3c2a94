//! `retain list`: customers that pass a filter, as a table, JSON or CSV.

use std::io::IsTerminal as _;
use std::sync::PoisonError;

use serde_json::{Map, json};

use super::fail::Done;
use super::out::{Form, one_line};
use super::{Cx, complete, unexpected};
use crate::columns::{self, Align, Listed};
use crate::domain::query::{Mistake, Page, Query, RowsPage, View};
use crate::domain::roster::Roster;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::transfer::rows::{self, SCHEMA};

/// List customers
///
/// The filter is the line that the screens take: `stage:retention health<60 renews<90d owner:me`. With --csv amounts have a decimal
/// point, in JSON they are minor units.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// Print only the ids, one a line, for another subcommand that takes - for its customers
    #[arg(long, conflicts_with_all = ["json", "jsonl", "csv"])]
    ids: bool,
}

/// Which customers, in which order, with which columns.
#[derive(clap::Args, Debug)]
pub(super) struct Which {
    /// Only customers that pass this filter
    #[arg(long, short, value_name = "FILTER", add = complete::filters())]
    filter: Option<String>,
    /// A saved view: its filter, order and columns, where no flag says otherwise
    #[arg(long, value_name = "NAME", add = complete::views())]
    view: Option<String>,
    /// Sort by this column; -COLUMN puts the largest first
    #[arg(long, short, value_name = "COLUMN", allow_hyphen_values = true, add = complete::columns())]
    sort: Option<String>,
    /// Show these columns, separated by commas (attr.CODE for an attribute); "all" for every one
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', add = complete::columns())]
    columns: Vec<String>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open_to_look()?;
    let view = view(&mut store, &args.which)?;
    let chosen = chosen(&store, &view.columns)?;
    if !view.sort.is_empty() {
        check_column(&store, &view.sort)?;
    }
    let codes = chosen.iter().map(|c| c.code().to_owned()).collect();
    let ask = Query::Customers {
        filter: view.filter.clone(),
        sort: view.sort,
        descending: view.descending,
        columns: codes,
    };
    let page = rows_page(&mut store, &ask, &view.filter)?;
    let shared = store.roster()?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    if args.ids {
        return page
            .rows
            .iter()
            .try_for_each(|at| Ok(cx.out.line(&roster.ids[*at as usize].to_string())?));
    }
    if cx.out.form == Form::Csv {
        let raw = cx.globals.raw_csv;
        let terminal = std::io::stdout().is_terminal();
        let shown = |text: String| if terminal { one_line(&text) } else { text };
        return Ok(rows::csv(
            cx.out.raw(),
            &roster,
            &chosen,
            &page.rows,
            raw,
            shown,
        )?);
    }
    if cx.out.form == Form::Lines {
        return Ok(rows::lines(cx.out.raw(), &roster, &chosen, &page.rows)?);
    }
    if cx.out.json {
        return Ok(rows::json(
            cx.out.raw(),
            &head(&roster, &page),
            &roster,
            &chosen,
            &page.rows,
        )?);
    }
    table(cx, &roster, &chosen, &page)
}

/// What stands before the rows in JSON.
pub(super) fn head(roster: &Roster, page: &RowsPage) -> Map<String, serde_json::Value> {
    let mut head = Map::from_iter([
        ("schema".to_owned(), SCHEMA.into()),
        ("as_of".to_owned(), roster.today.to_string().into()),
        ("currency".to_owned(), roster.config.currency.code().into()),
        ("count".to_owned(), page.rows.len().into()),
        ("of".to_owned(), page.of.into()),
    ]);
    if let serde_json::Value::Object(arr) = json!(page.arr) {
        head.extend(arr);
    }
    head
}

fn table(cx: &mut Cx<'_>, roster: &Roster, chosen: &[Listed], page: &RowsPage) -> Done {
    if page.rows.is_empty() {
        let why = if page.of == 0 {
            say!("list.book_no_customers_yet")
        } else {
            say!("list.no_customer_passes_filter")
        };
        return Ok(cx.out.line(&why)?);
    }
    let heads: Vec<&str> = chosen.iter().map(|c| c.code()).collect();
    let right: Vec<bool> = chosen.iter().map(|c| c.align() == Align::Right).collect();
    let row = |at: &u32| {
        chosen
            .iter()
            .map(|c| c.show(roster, *at as usize, roster.today))
            .collect()
    };
    let rows: Vec<Vec<String>> = page.rows.iter().map(row).collect();
    Ok(cx.out.table(&heads, &right, &rows)?)
}

/// The view that the flags and a saved view make together.
pub(super) fn view(store: &mut Store, args: &Which) -> Result<View> {
    let mut view = match &args.view {
        Some(name) => saved(store, name)?,
        None => View::default(),
    };
    if let Some(filter) = &args.filter {
        view.filter.clone_from(filter);
    }
    if let Some(sort) = &args.sort {
        view.descending = sort.starts_with('-');
        view.sort = sort.trim_start_matches('-').to_owned();
    }
    if !args.columns.is_empty() {
        view.columns.clone_from(&args.columns);
    }
    Ok(view)
}

fn saved(store: &mut Store, name: &str) -> Result<View> {
    let views = super::saved_views(store)?;
    let wanted = crate::text::fold(name);
    if let Some((_, view)) = views.iter().find(|(n, _)| crate::text::fold(n) == wanted) {
        return Ok(view.clone());
    }
    let error = Error::not_found(say!("any.there_no_saved_view", name = name));
    let names: Vec<&str> = views.iter().map(|(n, _)| n.as_str()).collect();
    Err(if names.is_empty() {
        error.hint(say!("list.no_view_saved_this"))
    } else {
        error.hint(format!("views: {}", names.join(", ")))
    })
}

/// The columns that codes name; none: the default set.
pub(super) fn chosen(store: &Store, codes: &[String]) -> Result<Vec<Listed>> {
    let config = store.config();
    match codes {
        [] => Ok(columns::default_set().map(Listed::Column).collect()),
        [all] if all == "all" => Ok(every_column()),
        codes => codes
            .iter()
            .map(|code| Listed::find(&config, code.trim()).ok_or_else(|| no_column(store, code)))
            .collect(),
    }
}

/// Every column that all books have.
pub(super) fn every_column() -> Vec<Listed> {
    columns::COLUMNS.iter().map(Listed::Column).collect()
}

/// A list may be sorted by a column or by an attribute of the book, and show it.
pub(super) fn check_column(store: &Store, code: &str) -> Result<()> {
    if Listed::find(&store.config(), code).is_some() {
        Ok(())
    } else {
        Err(no_column(store, code))
    }
}

fn no_column(store: &Store, code: &str) -> Error {
    let all = Listed::all(&store.config());
    let all: Vec<&str> = all.iter().map(Listed::code).collect();
    Error::usage(say!("list.there_no_column", code = code))
        .hint(format!("columns: {}", all.join(", ")))
}

/// The rows that answer a question; a mistake in the filter is an error that points at it.
pub(super) fn rows_page(store: &mut Store, ask: &Query, filter: &str) -> Result<RowsPage> {
    let Page::Rows(page) = store.answer(ask)? else {
        return Err(unexpected());
    };
    match &page.mistake {
        Some(mistake) => Err(mistaken(filter, mistake)),
        None => Ok(page),
    }
}

/// A mistake in a filter as an error: the sentence, the line, and a mark under the part that is wrong.
pub(super) fn mistaken(filter: &str, mistake: &Mistake) -> Error {
    let start = filter.get(..mistake.start).map_or(0, crate::text::cells);
    let marked = filter
        .get(mistake.start..mistake.end)
        .map_or(1, crate::text::cells)
        .max(1);
    Error::usage(mistake.message.trim_end_matches('.'))
        .hint(say!("list.filter", filter = one_line(filter)))
        .hint(format!(
            "                {}{}",
            " ".repeat(start),
            "^".repeat(marked)
        ))
}
