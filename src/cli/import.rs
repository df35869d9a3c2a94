//! `retain import`: files into the book. The report accounts for every row; Ctrl-C leaves nothing half done.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::Cx;
use super::fail::Done;
use super::out::{Ink, one_line};
use crate::domain::command::Command;
use crate::domain::profile::{Calendar, DateOrder, Decimal, Dialect, Winner};
use crate::domain::time::Zone;
use crate::error::{Error, Kind as Fault, Result};
use crate::store::Store;
use crate::text::{cells, pad};
use crate::transfer::import::{
    ColumnUse, Conflict, Continue, End, FileReport, Kind, Report, Stop, Use, Wanted, import,
    profiles, save_profile,
};

/// Import a file, or a folder of them
///
/// Tables (CSV, TSV, JSON, JSON lines, XLSX), calendars (.ics), mails (.eml, mbox) and address cards (.vcf). How a table is written
/// and what its columns are is found out; --dry-run shows it, and flags or a profile say it.
/// A second import of the same files changes nothing. Rows that cannot be taken are written to FILE.rejects.csv
/// with the reason; the rest is taken, as one step of undo. What somebody has edited since stays as they wrote it.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// A file, a folder, or - for standard input
    #[arg(required_unless_present = "profiles")]
    path: Option<PathBuf>,
    /// The book to import into (default: the usual one; made when it is missing)
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
    /// What the rows are, where neither the file's name nor its headers say it: customers, contacts, orders, ...
    #[arg(long = "as", value_name = "KIND")]
    kind: Option<String>,
    /// Only say what would happen, column by column
    #[arg(long)]
    dry_run: bool,
    /// Read by this profile (default: the one that knows the headers)
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Read by no profile
    #[arg(long, conflicts_with = "profile")]
    no_profile: bool,
    /// List the profiles there are
    #[arg(long)]
    profiles: bool,
    /// Keep in the book how the columns were read, under this name
    #[arg(long, value_name = "NAME")]
    save_profile: Option<String>,
    /// What a column becomes: a field, attr.CODE, or nothing to leave it out; may be given several times
    #[arg(long = "map", value_name = "HEADER=FIELD")]
    columns: Vec<String>,
    /// Who wins where the file and a person have both changed a field: mine (the person), theirs, newer, ask
    #[arg(long, value_name = "WHO")]
    conflicts: Option<String>,
    #[command(flatten)]
    written: Written,
}

/// How the file is written, where that is to be said rather than found out.
#[derive(clap::Args, Debug)]
struct Written {
    /// The encoding: utf-8, utf-16le, windows-1254, windows-1251, windows-1256, ...
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// What stands between fields: one sign, or tab
    #[arg(long, value_name = "SIGN")]
    separator: Option<String>,
    /// What stands before decimals: point or comma
    #[arg(long, value_name = "SIGN")]
    decimal: Option<String>,
    /// What comes first in 05/04/2026: day or month
    #[arg(long, value_name = "FIRST")]
    dates: Option<String>,
    /// The zone of times without one: Europe/Istanbul, UTC
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// The calendar of dates: gregorian or jalali
    #[arg(long, value_name = "NAME")]
    calendar: Option<String>,
    /// The sheet of a workbook (default: all that are understood)
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    if args.profiles {
        return list_profiles(cx, args);
    }
    let path = args.path.clone().unwrap_or_default();
    let stop = Stop::default();
    let mut wanted = Wanted {
        stop: stop.clone(),
        ..wanted(args)?
    };
    if path != Path::new("-") && !path.exists() {
        return Err(
            Error::not_found(say!("import.there_no_file_or", path = path.display())).into(),
        );
    }
    let book = args.into.clone().map_or_else(|| cx.book(), Ok)?;
    let mut store = open(cx, &book, args.dry_run)?;
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop.0))
            .map_err(|e| Error::failed(say!("import.ctrl_c_cannot_watched")).because(e))?;
    }
    if wanted.winner == Some(Winner::Ask) && !args.dry_run {
        let looked = once(
            cx,
            &mut store,
            &path,
            &Wanted {
                dry_run: true,
                ..wanted.clone()
            },
        )?;
        if !ask(cx, &looked, &mut wanted, &path)? {
            return Err(
                Error::new(Fault::Conflict, say!("import.nothing_written_fields_both"))
                    .hint(say!("import.conflicts_mine_or_theirs"))
                    .into(),
            );
        }
    }
    let report = once(cx, &mut store, &path, &wanted);
    cx.tell(&mut store);
    let report = report?;
    if let (Some(name), Some(file), false) =
        (&args.save_profile, report.files.first(), args.dry_run)
    {
        let profile = save_profile(name, file, &wanted)?;
        let key = format!("profile.{name}");
        let base = Some(store.config_text(&key)?);
        cx.write(
            &mut store,
            &Command::SetConfig {
                key,
                value: Some(profile.write()?),
                base,
            },
        )?;
    }
    cx.hand_on(&mut store);
    print(cx, &report)?;
    if report.end == End::Cancelled {
        cx.out.flush()?;
        return Err(Error::failed(say!("import.import_stopped_nothing_written")).into());
    }
    Ok(())
}

/// One import with its bar: rows, rows a second, what is left, rejects.
fn once(cx: &Cx<'_>, store: &mut Store, path: &Path, wanted: &Wanted) -> Result<Report> {
    let bar = bar(std::io::stderr().is_terminal() && !cx.out.json, 0, "bytes");
    let report = import(store, path, wanted, cx.now, &mut |at| {
        bar.set_length(at.total);
        bar.set_position(at.done);
        let rate = at.rows as f64 / bar.elapsed().as_secs_f64().max(0.001);
        let rejected = if at.rejected > 0 {
            format!(", {} rejected", at.rejected)
        } else {
            String::new()
        };
        bar.set_message(format!(
            "{}: {} rows, {rate:.0}/s{rejected}",
            one_line(at.file),
            at.rows
        ));
        if wanted.stop.0.load(Ordering::Relaxed) {
            Continue::No
        } else {
            Continue::Yes
        }
    });
    bar.finish_and_clear();
    report
}

/// A dry run makes no book: without one it looks at an empty one in memory.
fn open(cx: &Cx<'_>, path: &Path, dry_run: bool) -> Result<Store> {
    if dry_run && !path.exists() {
        let zone = super::place::zone();
        return Store::memory(&crate::store::Options {
            who: cx.who(),
            now: cx.now,
            as_of: cx.as_of,
            create: true,
            zone,
            keep: cx.keep(),
        });
    }
    cx.open_at(path, !dry_run)
}

/// What the flags say.
fn wanted(args: &Args) -> Result<Wanted> {
    let written = &args.written;
    let columns = args.columns.iter().map(|pair| {
        let (header, field) = pair.rsplit_once('=').ok_or_else(|| {
            Error::usage(say!("import.does_not_say_what", pair = pair))
                .hint(say!("import.map_company_name_name"))
        })?;
        Ok((header.trim().to_owned(), field.trim().to_owned()))
    });
    let one_of = |said: &Option<String>, what: &str, words: &[&str]| -> Result<Option<usize>> {
        let Some(said) = said else { return Ok(None) };
        let at = words.iter().position(|w| w.eq_ignore_ascii_case(said));
        at.map(Some).ok_or_else(|| {
            Error::usage(format!("\"{said}\" is no {what}"))
                .hint(format!("one of {}", words.join(", ")))
        })
    };
    let separator = match written.separator.as_deref() {
        None => None,
        Some("tab" | "\\t" | "\t") => Some('\t'),
        Some(sign) if sign.chars().count() == 1 => sign.chars().next(),
        Some(other) => {
            return Err(Error::usage(say!("import.not_one_sign", other = other))
                .hint(say!("import.separator_or_separator_tab")));
        }
    };
    let dialect = Dialect {
        encoding: written.encoding.clone(),
        separator,
        decimal: one_of(
            &written.decimal,
            "decimal mark",
            &["point", "comma", ".", ","],
        )?
        .map(|at| [Decimal::Point, Decimal::Comma][at % 2]),
        dates: one_of(&written.dates, &say!("import.part_date"), &["day", "month"])?
            .map(|at| [DateOrder::Day, DateOrder::Month][at]),
        zone: written
            .zone
            .clone()
            .map(|z| Zone::named(&z).map_or(z, |zone| zone.0.name().to_owned())),
        calendar: one_of(&written.calendar, "calendar", &["gregorian", "jalali"])?
            .map(|at| [Calendar::Gregorian, Calendar::Jalali][at]),
    };
    let winner = args.conflicts.as_deref().map(|word| {
        Winner::named(word).ok_or_else(|| {
            Error::usage(say!("import.does_not_say_who", word = word)).hint(format!(
                "one of {}",
                Winner::ALL.map(Winner::code).join(", ")
            ))
        })
    });
    Ok(Wanted {
        kind: args.kind.as_deref().map(kind_of).transpose()?,
        dry_run: args.dry_run,
        dialect,
        profile: args.profile.clone(),
        plain: args.no_profile,
        columns: columns.collect::<Result<_>>()?,
        sheet: written.sheet.clone(),
        winner: winner.transpose()?,
        ..Wanted::default()
    })
}

fn kind_of(name: &str) -> Result<Kind> {
    Kind::named(name)
        .filter(|k| Kind::TABLES.contains(k))
        .ok_or_else(|| {
            let all: Vec<&str> = Kind::TABLES.iter().map(|k| k.code()).collect();
            Error::usage(say!("import.there_no_kind", name = name))
                .hint(format!("kinds: {}", all.join(", ")))
        })
}

/// Asks about each field that both sides have changed; `false` where nobody can be asked, or does not answer.
fn ask(
    cx: &mut Cx<'_>,
    looked: &Report,
    wanted: &mut Wanted,
    path: &Path,
) -> Result<bool, super::fail::Stop> {
    let open: Vec<&Conflict> = looked
        .files
        .iter()
        .flat_map(|f| &f.conflicts)
        .filter(|c| c.won == Winner::Ask)
        .collect();
    wanted.winner = Some(Winner::Mine);
    if open.is_empty() {
        return Ok(true);
    }
    let can_ask = std::io::stdin().is_terminal() && path != Path::new("-") && !cx.out.json;
    for (at, conflict) in open.iter().enumerate() {
        cx.out.line(&told(conflict))?;
        if !can_ask {
            continue;
        }
        cx.out.line(&say!(
            "import.m_keeps_mine_t",
            at = at + 1,
            open = open.len()
        ))?;
        cx.out.flush()?;
        let mut answer = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut answer)
            .map_err(|e| Error::failed(say!("import.answer_could_not_read")).because(e))?;
        let winner = match answer.trim() {
            "m" | "mine" => Winner::Mine,
            "t" | "theirs" => Winner::Theirs,
            _ => return Ok(false),
        };
        wanted.answers.insert(
            (conflict.difference.row, conflict.difference.field.clone()),
            winner,
        );
    }
    Ok(can_ask)
}

/// A field that both sides have changed, in one line.
fn told(conflict: &Conflict) -> String {
    let d = &conflict.difference;
    let shown = |text: &str| {
        if text.is_empty() {
            "nothing".to_owned()
        } else {
            format!("\"{}\"", one_line(text))
        }
    };
    let name = one_line(&conflict.name);
    say!(
        "import.line_by_file",
        line = conflict.line,
        name = name,
        field = one_line(&d.field),
        mine = shown(&d.mine),
        person = one_line(&d.person),
        theirs = shown(&d.theirs)
    )
    .to_string()
}

fn list_profiles(cx: &mut Cx<'_>, args: &Args) -> Done {
    let book = args.into.clone().map_or_else(|| cx.book(), Ok)?;
    let config = if book.exists() {
        cx.open_at(&book, false)?.config()
    } else {
        Arc::default()
    };
    let all = profiles(&config);
    if cx.out.json {
        let own = |name: &str| config.profiles.iter().any(|p| p.name == name);
        let rows: Vec<Value> =
            all.iter().map(|p| json!({ "name": p.name, "about": p.about, "kind": p.kind, "own": own(&p.name) })).collect();
        return Ok(cx.out.object(json!({ "profiles": rows }))?);
    }
    let width = all.iter().map(|p| cells(&p.name)).max().unwrap_or(0);
    for profile in &all {
        cx.out.line(&format!(
            "{}  {}",
            pad(&profile.name, width),
            one_line(&profile.about)
        ))?;
    }
    Ok(())
}

/// A progress bar on standard error, or nothing.
pub(super) fn bar(shown: bool, total: u64, unit: &str) -> ProgressBar {
    if !shown {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let template = if unit == "bytes" {
        "{bar:20} {percent}% {msg} {eta} left"
    } else {
        "{bar:30} {pos}/{len} {eta}"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("##-"));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn print(cx: &mut Cx<'_>, report: &Report) -> Done {
    if cx.out.json {
        return Ok(cx.out.object(report_json(report))?);
    }
    for file in &report.files {
        print_file(cx, file, report.end)?;
    }
    for (name, why) in &report.not_understood {
        cx.out
            .line(&format!("{}: left out, {}", one_line(name), one_line(why)))?;
    }
    for (what, codes) in [
        ("stages", &report.stages_added),
        ("attributes", &report.attributes_added),
    ] {
        if !codes.is_empty() {
            cx.out
                .line(&format!("new {what}: {}", one_line(&codes.join(", "))))?;
        }
    }
    let end = match report.end {
        End::Written => say!(
            "import.retain_undo_takes_back",
            label = one_line(&report.label)
        ),
        End::NothingNew => say!("import.book_all_already_nothing").to_owned(),
        End::DryRun => say!("import.dry_run_nothing_written").to_owned(),
        End::Cancelled => say!("import.stopped_nothing_written").to_owned(),
    };
    let end = cx.out.paint(Ink::Bold, &end);
    Ok(cx.out.line(&end)?)
}

fn print_file(cx: &mut Cx<'_>, file: &FileReport, end: End) -> Done {
    let name = cx.out.paint(Ink::Bold, &one_line(&file.file));
    let by = file
        .profile
        .as_ref()
        .map_or(String::new(), |p| format!(" by profile {p}"));
    cx.out.line(&format!(
        "{name} as {}{by}: {} rows",
        file.kind.code(),
        file.rows
    ))?;
    let counts = [
        (file.made, "new"),
        (file.changed, "changed"),
        (file.same, "known already"),
        (file.merged, &say!("import.repeat_earlier_row")),
        (file.kept, &say!("import.kept_as_somebody_edited")),
        (file.passed, &say!("import.not_for_book")),
        (file.rejected, "rejected"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    if !counts.is_empty() {
        cx.out.line(&format!("  {}", counts.join(", ")))?;
    }
    for found in file
        .dialect
        .iter()
        .filter(|f| end == End::DryRun || is_unusual(f))
    {
        cx.out.line(&format!(
            "  {}: {} ({})",
            one_line(&found.what),
            one_line(&found.is),
            one_line(&found.why)
        ))?;
    }
    if end == End::DryRun {
        cx.out
            .line(&say!("import.rows_found_by", key = one_line(&file.key)))?;
        print_columns(cx, &file.columns)?;
    } else {
        let ignored: Vec<String> = file
            .columns
            .iter()
            .filter(|c| c.becomes == Use::Ignored)
            .map(|c| one_line(&c.header))
            .collect();
        if !ignored.is_empty() {
            cx.out.line(&say!(
                "import.columns_left_out",
                ignored = ignored.join(", ")
            ))?;
        }
    }
    for (reason, count) in &file.reasons {
        cx.out
            .line(&format!("  rejected {count}: {}", one_line(reason)))?;
    }
    for (line, reason) in &file.first_rejects {
        let line = cx
            .out
            .paint(Ink::Dim, &format!("    line {line}: {}", one_line(reason)));
        cx.out.line(&line)?;
    }
    let open = file.conflicts.iter().take(20).map(|c| {
        format!(
            "    {} ({})",
            told(c),
            if c.won == Winner::Theirs {
                say!("import.theirs_taken")
            } else {
                say!("import.mine_kept")
            }
        )
    });
    let open: Vec<String> = open.collect();
    if !open.is_empty() {
        cx.out.line(&say!(
            "import.changed_on_both_sides",
            conflicts = file.conflicts.len()
        ))?;
        for line in open {
            cx.out.line(&line)?;
        }
    }
    for (note, count) in &file.notes {
        let rows = if *count > 0 {
            format!(" ({count} rows)")
        } else {
            String::new()
        };
        cx.out.line(&format!("  note: {}{rows}", one_line(note)))?;
    }
    if let Some(rejects) = &file.rejects_file {
        cx.out
            .line(&say!("import.rejected_rows", rejects = rejects.display()))?;
    }
    Ok(())
}

/// True for what a person who did not ask would want to know.
fn is_unusual(found: &crate::transfer::import::Found) -> bool {
    match found.what.as_str() {
        "encoding" => found.is != "UTF-8" || found.why.contains("are nothing"),
        "separator" => found.is != ",",
        what => !what.starts_with("zone of"),
    }
}

/// The columns as a table: header, what it becomes, why, an example.
fn print_columns(cx: &mut Cx<'_>, columns: &[ColumnUse]) -> Done {
    let rows: Vec<[String; 4]> = columns
        .iter()
        .map(|c| {
            let because = if c.becomes == Use::Ignored {
                ""
            } else {
                c.because.words()
            };
            let example: String = one_line(&c.example).chars().take(30).collect();
            [one_line(&c.header), mapped(c), because.to_owned(), example]
        })
        .collect();
    let head = ["column", "becomes", "because of", "example"].map(str::to_owned);
    let width = |at: usize| {
        rows.iter()
            .chain(std::iter::once(&head))
            .map(|r| cells(&r[at]))
            .max()
            .unwrap_or(0)
            .min(40)
    };
    let widths = [width(0), width(1), width(2)];
    for (i, row) in std::iter::once(&head).chain(&rows).enumerate() {
        let line = format!(
            "    {}  {}  {}  {}",
            pad(&row[0], widths[0]),
            pad(&row[1], widths[1]),
            pad(&row[2], widths[2]),
            row[3]
        );
        let line = if i == 0 {
            cx.out.paint(Ink::Dim, line.trim_end())
        } else {
            line.trim_end().to_owned()
        };
        cx.out.line(&line)?;
    }
    Ok(())
}

fn mapped(column: &ColumnUse) -> String {
    match &column.becomes {
        Use::Field { field, minor: true } => format!("{field} (minor units)"),
        Use::Field {
            field,
            minor: false,
        } => (*field).to_owned(),
        Use::Attribute { code, .. } => one_line(&format!("attribute {code}")),
        Use::Ignored => "left out".to_owned(),
    }
}

fn report_json(report: &Report) -> Value {
    let left_out: Vec<Value> = report
        .not_understood
        .iter()
        .map(|(file, why)| json!({ "file": file, "why": why }))
        .collect();
    json!({
        "end": report.end,
        "label": report.label,
        "rows": report.rows(),
        "rejected": report.rejected(),
        "files": report.files,
        "left_out": left_out,
        "stages_added": report.stages_added,
        "attributes_added": report.attributes_added,
    })
}
