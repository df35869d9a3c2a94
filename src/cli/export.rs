//! `retain export`: whatever a screen shows as a file, with the same bytes as its export key.

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::json;

use super::Cx;
use super::deliver::{Bytes, deliver};
use super::fail::Done;
use super::list::{Which, chosen, view};
use super::out::one_line;
use crate::domain::funnel::Mode;
use crate::domain::query::{ActionAsk, FiredAsk, PeriodAsk, PlayAsk, Query, TaskAsk, TimelineAsk};
use crate::domain::table::{By, Kind, TableAsk};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::transfer::sheet::{self, Format};
use crate::transfer::{sheets, tables};

/// Write a list, a view, a timeline, the funnel, the queue, the history or the whole book into a file
///
/// The format follows from the file's name: csv, json, jsonl, xlsx, md. Texts that a spreadsheet would run as formulas get an
/// apostrophe before them in CSV, and lose it when they are imported. `book` without the end of a format makes a folder of CSV files, which
/// `retain load` makes a book from again.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// What to write
    what: What,
    /// Of the timeline: whose (id, key or name)
    customer: Option<String>,
    #[command(flatten)]
    which: Which,
    /// Over the last so many days: funnel, nps, figures (default: all), movers (default: 7)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,
    /// Split the funnel: owner, month, quarter, before, or an attribute
    #[arg(long, value_name = "WHAT")]
    by: Option<String>,
    /// Also what is done, closed or ended
    #[arg(long)]
    all: bool,
    /// The format, where the file's name does not say it
    #[arg(long, value_name = "FORMAT", value_parser = a_format)]
    format: Option<Format>,
    /// Write into this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What can be exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum What {
    /// Customers, or a saved view
    Customers,
    /// Who needs somebody today, and why
    Queue,
    /// Everything that happened to one customer
    Timeline,
    /// The stages' figures, and the moves
    Funnel,
    /// Tasks
    Tasks,
    /// Calls to action and risks
    Calls,
    /// Playbooks at customers, a row a step
    Playbooks,
    /// What everybody did
    History,
    /// Answers to NPS, CSAT, CES, and invitations
    Nps,
    /// Segments
    Segments,
    /// Stages beside their targets
    Targets,
    /// Prospects who asked for help
    HelpFirst,
    /// Tickets about the same thing
    Issues,
    /// How long stays last
    Stays,
    /// Whose score moved
    Movers,
    /// What rules did
    Firings,
    /// The whole book, every table, without its history
    Book,
}

fn a_format(text: &str) -> std::result::Result<Format, String> {
    let all = Format::ALL.map(Format::code).join(", ");
    Format::named(text).ok_or_else(|| format!("formats: {all}"))
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open_to_look()?;
    let output = args.output.as_deref();
    let named = args.format.or_else(|| output.and_then(Format::of));
    if args.what == What::Book {
        return book(cx, &store, args, named);
    }
    let format = match named {
        Some(format) => format,
        None if cx.out.json => Format::Json,
        None if output.is_none() => Format::Csv,
        None => {
            return Err(Error::usage(say!("export.file_s_name_does"))
                .hint(say!("export.name_csv_json_jsonl"))
                .into());
        }
    };
    let query = query(&mut store, args)?;
    let sheets = sheets::of(&mut store, &query)?;
    let rows: usize = sheets.iter().map(|s| s.rows.len()).sum();
    let bytes = if format == Format::Xlsx {
        Bytes::Data
    } else {
        Bytes::Text
    };
    deliver(cx, output, bytes, |out| sheet::write(format, out, &sheets))?;
    told(cx, args, rows)
}

fn told(cx: &mut Cx<'_>, args: &Args, rows: usize) -> Done {
    match &args.output {
        Some(path) if cx.out.json => Ok(cx.out.object(json!({ "file": path, "rows": rows }))?),
        Some(path) => Ok(cx.out.line(&one_line(&say!(
            "export.rows",
            rows = rows,
            path = path.display()
        )))?),
        None => Ok(()),
    }
}

fn book(cx: &mut Cx<'_>, store: &Store, args: &Args, named: Option<Format>) -> Done {
    let rows = match (&args.output, named) {
        (Some(folder), None) => tables::write_folder(store, folder)?,
        (None, None) => {
            return Err(Error::usage(say!("export.whole_book_needs_place"))
                .hint(say!("export.output_folder_for_csv"))
                .into());
        }
        (_, Some(Format::Csv | Format::Json)) => {
            return Err(Error::usage(say!("export.several_tables_do_not"))
                .hint(say!("export.output_folder_makes_csv"))
                .into());
        }
        (output, Some(format)) => {
            let bytes = if format == Format::Xlsx {
                Bytes::Data
            } else {
                Bytes::Text
            };
            deliver(cx, output.as_deref(), bytes, |out| {
                tables::write(store, format, out)
            })?
        }
    };
    told(cx, args, rows)
}

fn query(store: &mut Store, args: &Args) -> Result<Query> {
    let view = view(store, &args.which)?;
    let filter = view.filter.clone();
    let period = args.days.map_or(PeriodAsk::All, PeriodAsk::Days);
    let table = |kind| {
        Query::Table(TableAsk {
            kind,
            filter: filter.clone(),
            period,
            mode: Mode::InOrder,
        })
    };
    Ok(match args.what {
        What::Customers => {
            let columns = chosen(store, &view.columns)?
                .iter()
                .map(|c| c.code().to_owned())
                .collect();
            Query::Customers {
                filter,
                sort: view.sort,
                descending: view.descending,
                columns,
            }
        }
        What::Queue => Query::Triage {
            filter,
            snoozed: false,
        },
        What::Timeline => {
            let whose = args.customer.as_deref().ok_or_else(|| {
                Error::usage("Whose timeline?").hint(say!("export.retain_export_timeline_customer"))
            })?;
            let kinds = crate::domain::event::EventKind::ALL.to_vec();
            let timeline = TimelineAsk {
                kinds,
                ..TimelineAsk::default()
            };
            Query::Account {
                customer: store.find_customer(whose)?,
                timeline,
            }
        }
        What::Funnel => match &args.by {
            Some(by) => table(Kind::Split(By::named(by))),
            None => Query::Funnel {
                filter,
                period: Some(period),
                mode: Mode::InOrder,
            },
        },
        What::Tasks => Query::Tasks(TaskAsk {
            filter,
            done: args.all,
            ..TaskAsk::default()
        }),
        What::Calls => Query::Actions(ActionAsk {
            filter,
            closed: args.all,
            ..ActionAsk::default()
        }),
        What::Playbooks => Query::Plays(PlayAsk {
            filter,
            ended: args.all,
            ..PlayAsk::default()
        }),
        What::History => Query::Activity {
            search: String::new(),
            limit: 0,
        },
        What::Nps => Query::Nps { filter, period },
        What::Segments => Query::Segments { trend: false },
        What::Targets => table(Kind::Targets),
        What::HelpFirst => table(Kind::Help),
        What::Issues => table(Kind::Issues),
        What::Stays => table(Kind::Stays),
        What::Movers => Query::Movers {
            filter,
            days: args.days.unwrap_or(7),
        },
        What::Firings => Query::Fired(FiredAsk {
            filter,
            ..FiredAsk::default()
        }),
        What::Book => return Err(Error::failed(say!("export.book_no_question"))),
    })
}
