//! `retain man`: the manual page, made from the arguments themselves.

use std::io::Write as _;
use std::path::PathBuf;

use clap_mangen::Man;

use super::Cx;
use super::fail::Done;
use super::out::one_line;
use crate::error::{Error, Result};
use crate::transfer::replace::replace_in_folder;

/// Print the manual page; with a subcommand, its page
///
/// `retain man > ~/.local/share/man/man1/retain.1`, or --into a folder for the pages of all subcommands too.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The page of this subcommand: `action open`
    subcommand: Vec<String>,
    /// Write all pages into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "subcommand")]
    into: Option<PathBuf>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    if let Some(folder) = &args.into {
        cx.really()?;
        let failed = |e: std::io::Error| {
            Error::failed(say!("any.cannot_written", folder = folder.display(), e = e)).because(e)
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let pages = pages();
        for (name, page) in &pages {
            let text = rendered(page)?;
            replace_in_folder(&folder.join(format!("{name}.1")), |out| {
                out.write_all(&text).map_err(failed)
            })?;
        }
        return Ok(cx.out.line(&one_line(&say!(
            "man.pages",
            pages = pages.len(),
            folder = folder.display()
        )))?);
    }
    let name = std::iter::once("retain")
        .chain(args.subcommand.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join("-");
    let pages = pages();
    let (_, page) = pages
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| {
            Error::not_found(say!(
                "man.there_no_subcommand",
                subcommand = args.subcommand.join(" ")
            ))
            .hint(say!("man.retain_help_lists_them"))
        })?;
    Ok(cx.out.raw().write_all(&rendered(page)?)?)
}

/// The page of the program, then one of each subcommand by its whole name, with the flags of all.
fn pages() -> Vec<(String, clap::Command)> {
    let mut whole = super::command();
    whole.build();
    let mut all = Vec::new();
    collect("retain".to_owned(), whole, &mut all);
    all
}

fn collect(name: String, command: clap::Command, all: &mut Vec<(String, clap::Command)>) {
    let below: Vec<clap::Command> = command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
        .cloned()
        .collect();
    all.push((name.clone(), command.display_name(name.clone())));
    for sub in below {
        collect(format!("{name}-{}", sub.get_name()), sub, all);
    }
}

fn rendered(page: &clap::Command) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let name = page.get_display_name().unwrap_or("retain").to_owned();
    Man::new(page.clone())
        .title(name)
        .render(&mut text)
        .map_err(|e| Error::failed(say!("man.page_cannot_made")).because(e))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_subcommand_has_a_page_with_all_its_flags() {
        let pages = pages();
        let plain = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .expect("UTF-8")
                .replace("\\-", "-")
                .replace("\\fB", "")
                .replace("\\fR", "")
        };
        let first = plain(rendered(&pages[0].1).expect("a page"));
        for sub in pages[0]
            .1
            .get_subcommands()
            .filter(|s| s.get_name() != "help")
        {
            assert!(
                first.contains(&format!("retain-{}(1)", sub.get_name())),
                "{} is not on the first page",
                sub.get_name()
            );
            assert!(
                pages
                    .iter()
                    .any(|(name, _)| *name == format!("retain-{}", sub.get_name()))
            );
        }
        for (name, page) in &pages {
            let text = plain(rendered(page).expect("a page"));
            for flag in page
                .get_arguments()
                .filter(|a| !a.is_hide_set())
                .filter_map(clap::Arg::get_long)
            {
                assert!(text.contains(&format!("--{flag}")), "{name} lacks --{flag}");
            }
        }
    }
}
