//! `retain share`: lets a group of people on this machine, or several machines, use one book.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Cx;
use super::fail::Done;
use crate::error::{Error, Result};
#[cfg(unix)]
use crate::files::Folder;

/// Let a group of people use the book
///
/// Gives the folder of the book, the book and its sync folder to the group, so that its members can read and write it and nobody else can.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The group (default: the one that the folder has)
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// The book is used from several machines, over a network share: no machine uses a write-ahead log
    #[arg(long, conflicts_with = "one_machine")]
    machines: bool,
    /// The book is used from this machine only
    #[arg(long)]
    one_machine: bool,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let path = store.path().to_owned();
    if args.machines || args.one_machine {
        store.share_between_machines(args.machines)?;
    }
    let synced = store.sync_parts();
    drop(store);
    let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
    for folder in synced.last().into_iter().chain([&folder]) {
        if folder == Path::new("/tmp") || cx.places.is_home(folder) {
            return Err(Error::usage(say!(
                "share.holds_other_things_than",
                folder = folder.display()
            ))
            .hint(say!("share.move_book_into_folder"))
            .into());
        }
    }
    give(&folder, &path, &synced, args.group.as_deref())?;
    // Opened once more, as everybody will open it.
    let store = cx.open()?;
    if cx.out.json {
        return Ok(cx
            .out
            .object(json!({ "book": path, "folder": folder, "mode": store.mode().name() }))?);
    }
    cx.out
        .line(&say!("share.group_s_now_folder", folder = folder.display()))?;
    Ok(cx
        .out
        .line(&say!("share.book_used_as", mode = store.mode().name()))?)
}

/// Group and modes of the folder and of the files of the book, and whether they are as they have to be.
#[cfg(unix)]
fn give(folder: &Path, book: &Path, synced: &[PathBuf], group: Option<&str>) -> Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let cannot = |e: std::io::Error| {
        Error::failed(say!(
            "share.cannot_shared",
            folder = folder.display(),
            kind = e.kind()
        ))
        .hint(say!("share.its_owner_or_root"))
        .because(e)
    };
    let gid = match group {
        Some(name) => Some(group_id(name)?),
        None => None,
    };
    let mut parts = vec![(folder.to_owned(), 0o2770)];
    parts.extend(crate::store::FILES.map(|ending| (crate::store::beside_it(book, ending), 0o660)));
    parts.extend(
        synced
            .iter()
            .map(|path| (path.clone(), if path.is_dir() { 0o2770 } else { 0o660 })),
    );
    let keeps = |path: &Path, mode: u32, is: std::fs::Metadata| {
        if is.mode() & 0o7777 != mode || gid.is_some_and(|g| g != is.gid()) {
            return Err(Error::failed(say!(
                "share.does_not_keep_its",
                path = path.display()
            )));
        }
        Ok(())
    };
    for (path, mode) in parts.into_iter().filter(|p| p.0.exists()) {
        // What a teammate has made is as it has to be, and nobody else may change its mode.
        if std::fs::metadata(&path).is_ok_and(|is| keeps(&path, mode, is).is_ok()) {
            continue;
        }
        if gid.is_some() {
            std::os::unix::fs::chown(&path, None, gid).map_err(cannot)?;
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).map_err(cannot)?;
        keeps(&path, mode, std::fs::metadata(&path).map_err(cannot)?)?;
    }
    // What lies beside the book belongs to whoever uses it; what a link there leads to does not.
    for beside in [
        crate::store::backup::folder_of(book),
        crate::store::presence::folder_of(book),
    ] {
        let Ok(inside) = Folder::open(&beside) else {
            continue;
        };
        for name in inside.names().map_err(cannot)? {
            let Ok(file) = inside.file(&name) else {
                continue;
            };
            let is = crate::files::give(&file, 0o660, gid).map_err(cannot)?;
            keeps(&beside.join(&name), 0o660, is)?;
        }
        let is = inside.give(0o2770, gid).map_err(cannot)?;
        keeps(&beside, 0o2770, is)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn give(_folder: &Path, _book: &Path, _synced: &[PathBuf], _group: Option<&str>) -> Result<()> {
    Err(Error::usage(say!("share.groups_set_by_system")))
}

/// The number of a group by its name, or a number.
#[cfg(unix)]
fn group_id(name: &str) -> Result<u32> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let table = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let number = table
        .lines()
        .filter_map(|l| {
            l.strip_prefix(name)?
                .strip_prefix(':')?
                .split(':')
                .nth(1)?
                .parse()
                .ok()
        })
        .next();
    number.ok_or_else(|| {
        Error::not_found(say!("share.there_no_group_on", name = name))
            .hint(say!("share.give_its_number_or"))
    })
}
