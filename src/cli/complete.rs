//! `retain completions`: scripts for the shells, and the answers to what they ask: subcommands and flags from the arguments
//! themselves, customers, owners, stages, views and fields from the book.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::PoisonError;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;

use super::fail::Done;
use super::place::Places;
use super::{Cx, change, clock, command, fixed_clock, person};
use crate::columns::Listed;
use crate::domain::command::Entity;
use crate::domain::query::{Page, Query};
use crate::domain::roster::Roster;
use crate::domain::stage::{BACK_REASONS, CHURN_REASONS};
use crate::domain::touchpoint::CHANNELS;
use crate::error::Error;
use crate::store::outbox::Keep;
use crate::store::{Options, Store, Who};
use crate::text;

/// Print the script that makes a shell complete `retain`, with customers, stages, views, owners and fields of the book
///
/// bash: `source <(retain completions bash)` in .bashrc. zsh: the same in .zshrc, behind compinit. fish: `retain completions
/// fish > ~/.config/fish/completions/retain.fish`. PowerShell: `retain completions powershell | Out-String | Invoke-Expression`
/// in $PROFILE.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// For which shell
    #[arg(value_parser = ["bash", "zsh", "fish", "powershell", "elvish"])]
    shell: String,
}

/// The variable in which the script says which shell asks.
const ASKS: &str = "COMPLETE";

/// Most names that are offered at once.
const MOST: usize = 200;

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let shells = Shells::builtins();
    let shell = shells
        .completer(&args.shell)
        .ok_or_else(|| Error::usage(say!("complete.there_no_script_for", shell = args.shell)))?;
    let mut script = Vec::new();
    shell.write_registration(ASKS, "retain", "retain", "retain", &mut script)?;
    Ok(cx.out.raw().write_all(&script)?)
}

/// The name of the variable, when a shell asks for completions.
pub(super) fn asked() -> Option<OsString> {
    std::env::var_os(ASKS).filter(|shell| !shell.is_empty() && shell != "0")
}

/// Answers a shell that asks how its words go on. It never says why it cannot: a prompt is no place for that.
pub(super) fn answer(shell: &OsStr, args: &[OsString]) -> ExitCode {
    let name = Path::new(shell)
        .file_stem()
        .unwrap_or(shell)
        .to_string_lossy()
        .into_owned();
    let shells = Shells::builtins();
    let Some(completer) = shells.completer(&name) else {
        return ExitCode::FAILURE;
    };
    let words: Vec<OsString> = args
        .iter()
        .skip_while(|a| *a != "--")
        .skip(1)
        .cloned()
        .collect();
    let mut found = Vec::new();
    let mut command = command();
    command.build();
    let here = std::env::current_dir().ok();
    if completer
        .write_complete(&mut command, words, here.as_deref(), &mut found)
        .is_err()
    {
        return ExitCode::FAILURE;
    }
    let found = if name == "bash" {
        escaped(&found)
    } else {
        found
    };
    // Nobody is there to be told where it is closed.
    let _ = std::io::stdout().write_all(&found);
    ExitCode::SUCCESS
}

/// Words as bash wants them typed: it puts them into the line as they come, while the other shells quote by themselves.
fn escaped(found: &[u8]) -> Vec<u8> {
    let separator = std::env::var("_CLAP_IFS").unwrap_or_else(|_| "\n".to_owned());
    let text = String::from_utf8_lossy(found);
    let escape = |word: &str| {
        word.chars().fold(String::new(), |mut out, c| {
            if " \t'\"\\$&|;<>()`*?[]#!{}~".contains(c) {
                out.push('\\');
            }
            out.push(c);
            out
        })
    };
    text.split(separator.as_str())
        .map(escape)
        .collect::<Vec<_>>()
        .join(&separator)
        .into_bytes()
}

/// The book that the words typed so far mean.
fn book() -> Option<PathBuf> {
    let args: Vec<OsString> = std::env::args_os().collect();
    let named = args
        .windows(2)
        .rev()
        .find(|pair| pair[0] == "--book")
        .map(|pair| PathBuf::from(&pair[1]));
    let joined = || {
        args.iter()
            .rev()
            .find_map(|a| a.to_str()?.strip_prefix("--book=").map(PathBuf::from))
    };
    let variable = || std::env::var_os("RETAIN_BOOK").map(PathBuf::from);
    named
        .or_else(joined)
        .or_else(variable)
        .or_else(|| Places::of_platform().book().ok())
}

fn store() -> Option<Store> {
    let path = book().filter(|path| path.exists())?;
    let now = fixed_clock().ok().flatten().unwrap_or_else(clock);
    let person = person(std::env::var("RETAIN_ME").ok().as_deref()).ok()?;
    let who = Who {
        device: crate::domain::id::Id::default(),
        person,
    };
    Store::open_to_look(
        &path,
        &Options {
            who,
            now,
            as_of: None,
            create: false,
            zone: None,
            keep: Keep::Nowhere,
        },
    )
    .ok()
}

fn of_roster(words: impl Fn(&Roster) -> BTreeSet<String>) -> Option<BTreeSet<String>> {
    let shared = store()?.roster().ok()?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    Some(words(&roster))
}

/// Words that begin as what is typed does, whatever the case and accents.
fn beginning<I: IntoIterator<Item = String>>(
    words: impl Fn() -> Option<I> + Send + Sync + 'static,
) -> ArgValueCompleter {
    ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = text::fold(&typed.to_string_lossy().replace('\\', ""));
        let all = words()
            .into_iter()
            .flatten()
            .filter(|word| !word.is_empty());
        all.filter(|word| text::fold(word).starts_with(&typed))
            .take(MOST)
            .map(CompletionCandidate::new)
            .collect()
    })
}

fn live(roster: &Roster) -> impl Iterator<Item = usize> + '_ {
    (0..roster.rows.len()).filter(|at| !roster.rows[*at].removed)
}

/// Names of customers.
pub(super) fn customers() -> ArgValueCompleter {
    beginning(|| of_roster(|roster| live(roster).map(|at| roster.name(at).to_owned()).collect()))
}

/// Those who look after customers.
pub(super) fn owners() -> ArgValueCompleter {
    beginning(|| of_roster(|roster| live(roster).map(|at| roster.owner(at).to_owned()).collect()))
}

/// Tags, to be put on or taken off.
pub(super) fn tags() -> ArgValueCompleter {
    beginning(|| {
        let both = |tag: &str| ["+", "-"].map(|sign| format!("{sign}{tag}"));
        of_roster(move |roster| {
            live(roster)
                .flat_map(|at| roster.tags(at).flat_map(both).collect::<Vec<_>>())
                .collect()
        })
    })
}

/// Codes of stages, and the ways to go.
pub(super) fn stages() -> ArgValueCompleter {
    beginning(|| {
        let config = store()?.config();
        let codes: Vec<String> = config.stages.stage.iter().map(|s| s.code.clone()).collect();
        Some(
            codes
                .into_iter()
                .chain(["next".to_owned(), "previous".to_owned()]),
        )
    })
}

/// Names of saved views.
pub(super) fn views() -> ArgValueCompleter {
    beginning(|| {
        Some(
            super::saved_views(&mut store()?)
                .ok()?
                .into_iter()
                .map(|(name, _)| name),
        )
    })
}

/// Codes of playbooks.
pub(super) fn playbooks() -> ArgValueCompleter {
    beginning(|| {
        Some(
            store()?
                .config()
                .playbooks
                .playbook
                .iter()
                .map(|p| p.code.clone())
                .collect::<Vec<_>>(),
        )
    })
}

/// Codes of the book's own attributes.
pub(super) fn attributes() -> ArgValueCompleter {
    beginning(|| {
        Some(
            store()?
                .config()
                .attributes
                .iter()
                .map(|a| a.code.clone())
                .collect::<Vec<_>>(),
        )
    })
}

/// Codes of columns, also behind a `-` and behind a comma.
pub(super) fn columns() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let typed = typed.to_string_lossy();
        let start = typed.rfind([',', '-']).map_or(0, |at| at + 1);
        let (before, word) = typed.split_at(start);
        let config = store().map(|s| s.config()).unwrap_or_default();
        let all = Listed::all(&config)
            .into_iter()
            .map(|c| c.code().to_owned());
        all.filter(|code| code.starts_with(word))
            .map(|code| CompletionCandidate::new(format!("{before}{code}")))
            .collect()
    })
}

/// Codes of channels.
pub(super) fn channels() -> ArgValueCompleter {
    beginning(|| Some(CHANNELS.iter().map(|c| c.code.to_owned())))
}

/// Codes of reasons for moves.
pub(super) fn reasons() -> ArgValueCompleter {
    beginning(|| {
        Some(
            CHURN_REASONS
                .iter()
                .chain(BACK_REASONS)
                .map(|r| (*r).to_owned())
                .collect::<BTreeSet<_>>(),
        )
    })
}

/// `FIELD=` for the fields of a row; behind `owner=` the owners.
pub(super) fn assignments(entity: Entity) -> ArgValueCompleter {
    ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_string_lossy();
        if let Some(owner) = typed.strip_prefix("owner=") {
            let all =
                of_roster(|roster| live(roster).map(|at| roster.owner(at).to_owned()).collect())
                    .unwrap_or_default();
            let all = all.into_iter().filter(|name| {
                !name.is_empty() && text::fold(name).starts_with(&text::fold(owner))
            });
            return all
                .map(|name| CompletionCandidate::new(format!("owner={name}")))
                .collect();
        }
        let mut all: Vec<String> = change::names(entity)
            .map(|name| format!("{name}="))
            .collect();
        if entity == Entity::Customer {
            all.extend(store().iter().flat_map(|s| {
                s.config()
                    .attributes
                    .iter()
                    .map(|a| format!("attr.{}=", a.code))
                    .collect::<Vec<_>>()
            }));
        }
        all.into_iter()
            .filter(|name| name.starts_with(&*typed))
            .map(CompletionCandidate::new)
            .collect()
    })
}

/// Filters: fields and their values, as the filter line completes them.
pub(super) fn filters() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let filter = typed.to_string_lossy().replace('\\', "");
        let ask = Query::Customers {
            filter,
            sort: String::new(),
            descending: false,
            columns: Vec::new(),
        };
        match store().and_then(|mut store| store.answer(&ask).ok()) {
            Some(Page::Rows(page)) => page
                .completions
                .into_iter()
                .map(|(line, _)| CompletionCandidate::new(line))
                .collect(),
            _ => Vec::new(),
        }
    })
}
