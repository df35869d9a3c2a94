//! The file beside the input that gets the rows an import could not take: line, reason, and the row as it was. Whoever corrects it by
//! hand does not lose that: only a file that still is what an import wrote is written over or removed.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use super::mapping::REJECT_COLUMNS;
use crate::files::{Folder, read};
use crate::transfer::cells::{guarded, unguarded};

/// `<file>.rejects.csv`, made with the first rejected row and put in place when the import is through. Dropped before that,
/// it leaves nothing behind.
pub(super) struct Rejects {
    target: PathBuf,
    part: String,
    delimiter: u8,
    header: Vec<String>,
    writer: Option<csv::Writer<BufWriter<File>>>,
    /// Why it cannot be written; said once.
    failed: Option<String>,
    /// Off for a dry run.
    on: bool,
    /// What earlier imports wrote.
    sums: Sums,
}

/// What became of the rejected rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// Where they are.
    pub path: Option<PathBuf>,
    /// One sentence that a person should read.
    pub told: Option<String>,
}

/// Where the rejected rows of `input` go: `orders.csv` has `orders.rejects.csv`, the sheet `May` of a workbook `orders.May.rejects.csv`.
pub(super) fn target(input: &Path, sheet: Option<&str>) -> PathBuf {
    let stem = input
        .file_stem()
        .map(|s| s.to_string_lossy().into_owned())
        .unwrap_or_default();
    let sheet = sheet.map_or(String::new(), |s| {
        format!(".{}", s.replace(['/', '\\', ':'], "_"))
    });
    input.with_file_name(format!("{stem}{sheet}.rejects.csv"))
}

impl Rejects {
    /// Rejects that go into `target`, of a table whose header row is `header`; with `on` false nothing is ever written. `state` is the
    /// person's folder in which the sums of such files are kept.
    pub(super) fn new(
        target: PathBuf,
        header: &[String],
        delimiter: u8,
        on: bool,
        state: Option<&Path>,
    ) -> Rejects {
        let name = target
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let part = format!("{name}.{}.part", std::process::id());
        let sums = Sums {
            folder: state.map(Path::to_owned),
        };
        Rejects {
            target,
            part,
            delimiter,
            header: header.to_vec(),
            writer: None,
            failed: None,
            on,
            sums,
        }
    }

    /// Writes one row.
    pub(super) fn put<'r>(
        &mut self,
        line: u64,
        row: u64,
        reason: &str,
        fields: impl Iterator<Item = &'r [u8]>,
    ) {
        if !self.on || self.failed.is_some() {
            return;
        }
        if let Err(error) = self.try_put(line, row, reason, fields) {
            self.failed = Some(error.to_string());
            self.writer = None;
        }
    }

    fn folder(&self) -> io::Result<Folder> {
        let folder = self
            .target
            .parent()
            .filter(|f| !f.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        Folder::open(&fs::canonicalize(folder)?)
    }

    fn try_put<'r>(
        &mut self,
        line: u64,
        row: u64,
        reason: &str,
        fields: impl Iterator<Item = &'r [u8]>,
    ) -> csv::Result<()> {
        if self.writer.is_none() {
            let file = BufWriter::new(self.folder()?.draft_as_usual(&self.part)?);
            let mut writer = csv::WriterBuilder::new()
                .flexible(true)
                .delimiter(self.delimiter)
                .from_writer(file);
            let known = |h: &&String| !REJECT_COLUMNS.contains(&h.as_str());
            let own = self
                .header
                .iter()
                .filter(known)
                .map(|h| guarded(h).into_owned());
            writer.write_record(REJECT_COLUMNS.iter().map(|c| (*c).to_owned()).chain(own))?;
            self.writer = Some(writer);
        }
        // A rejected row of a corrected rejects file does not get its three columns twice.
        let again = self
            .header
            .iter()
            .take_while(|h| REJECT_COLUMNS.contains(&h.as_str()))
            .count();
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        let (line, row) = (line.to_string(), row.to_string());
        for field in [line.as_bytes(), row.as_bytes(), reason.as_bytes()] {
            writer.write_field(held(field))?;
        }
        for field in fields.skip(again) {
            writer.write_field(held(field))?;
        }
        writer.write_record(None::<&[u8]>)
    }

    /// Puts the file in place, or removes an older one when there are no rejected rows. One that somebody has changed stays as it is:
    /// the new one gets another name then.
    pub(super) fn finish(mut self) -> Done {
        if !self.on {
            return Done::default();
        }
        let name = self
            .target
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let wrote = self.writer.is_some();
        let flushed = self
            .writer
            .take()
            .map_or(Ok(()), |mut writer| writer.flush());
        let done = match self.failed.take() {
            Some(error) => Err(error),
            None if wrote => flushed
                .and_then(|()| self.place(&name))
                .map_err(|e| e.to_string()),
            None => return self.clear(&name),
        };
        done.unwrap_or_else(|error| {
            let told = say!(
                "rejects.could_not_written_rejected",
                name = name,
                error = error
            );
            Done {
                path: None,
                told: Some(told.to_string()),
            }
        })
    }

    fn place(&self, name: &str) -> io::Result<Done> {
        let folder = self.folder()?;
        let sum = sum(folder.file(&self.part)?)?;
        let free = |name: &str| folder.is_free(name) || self.sums.is_ours(&folder, name);
        let stem = name.strip_suffix(".rejects.csv").unwrap_or(name);
        let others = (2..1000).map(|nth| format!("{stem}.{nth}.rejects.csv"));
        let chosen = std::iter::once(name.to_owned())
            .chain(others)
            .find(|name| free(name));
        let chosen = chosen.ok_or_else(|| io::Error::from(io::ErrorKind::AlreadyExists))?;
        folder.rename(&self.part, &chosen)?;
        self.sums.keep(&folder, &chosen, &sum);
        let told = (chosen != name).then(|| {
            say!(
                "rejects.changed_by_somebody_stays",
                name = name,
                chosen = chosen
            )
            .to_string()
        });
        Ok(Done {
            path: Some(self.target.with_file_name(&chosen)),
            told,
        })
    }

    /// Nothing was rejected.
    fn clear(&self, name: &str) -> Done {
        let Ok(folder) = self.folder() else {
            return Done::default();
        };
        let told = match folder.is_free(name) {
            true => None,
            false if !self.sums.is_ours(&folder, name) => {
                Some(say!("rejects.stays_somebody_changed_or", name = name).to_string())
            }
            false => folder
                .remove(name)
                .err()
                .map(|_| say!("rejects.from_earlier_import_could", name = name).to_string()),
        };
        Done { path: None, told }
    }
}

/// A cell as the import reads it again, which no spreadsheet runs.
fn held(cell: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(cell) {
        Ok(text) => guarded(unguarded(text)).into_owned().into_bytes(),
        Err(_)
            if matches!(
                guarded(&String::from_utf8_lossy(cell)),
                std::borrow::Cow::Owned(_)
            ) =>
        {
            [b"'", cell].concat()
        }
        Err(_) => cell.to_vec(),
    }
}

impl Drop for Rejects {
    fn drop(&mut self) {
        self.writer = None;
        if self.on {
            // Nothing more can be done about a leftover than to try.
            let _ = self.folder().and_then(|folder| folder.remove(&self.part));
        }
    }
}

/// The sums of the files that this person's imports have written, in a file of the state folder: a line has the sum of a path and that
/// of the bytes. Where there is none nothing counts as written by an import.
struct Sums {
    folder: Option<PathBuf>,
}

/// The file, the most bytes of it, and the most lines that stay.
const SUMS: &str = "rejects";
const MOST_BYTES: u64 = 1 << 20;
const MOST_LINES: usize = 2000;

fn sum(mut file: File) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut file, &mut hasher)?;
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

fn sum_of_path(folder: &Folder, name: &str) -> String {
    blake3::hash(folder.path().join(name).as_os_str().as_encoded_bytes()).to_hex()[..32].to_owned()
}

impl Sums {
    fn lines(&self) -> Vec<String> {
        let text = self
            .folder
            .as_ref()
            .and_then(|folder| read(&folder.join(SUMS), MOST_BYTES).ok());
        text.map(|text| {
            String::from_utf8_lossy(&text)
                .lines()
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default()
    }

    /// The file still is what an import wrote.
    fn is_ours(&self, folder: &Folder, name: &str) -> bool {
        let of = sum_of_path(folder, name) + " ";
        let lines = self.lines();
        let known = lines.iter().rev().find_map(|line| line.strip_prefix(&of));
        known.is_some_and(|known| {
            folder
                .file(name)
                .and_then(sum)
                .is_ok_and(|now| now == known)
        })
    }

    /// What cannot be kept is not known the next time: the file is left alone then.
    fn keep(&self, folder: &Folder, name: &str, sum: &str) {
        let Some(state) = &self.folder else { return };
        let of = sum_of_path(folder, name);
        let mut lines: Vec<String> = self
            .lines()
            .into_iter()
            .filter(|line| !line.starts_with(&of))
            .collect();
        lines.push(format!("{of} {sum}"));
        let text = lines[lines.len().saturating_sub(MOST_LINES)..].join("\n") + "\n";
        let draft = format!("{SUMS}.{}", std::process::id());
        let _ =
            Folder::open(state).and_then(|state| state.write(SUMS, &draft, text.as_bytes(), 0o600));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells<'a>(all: &'a [&'a str]) -> impl Iterator<Item = &'a [u8]> {
        all.iter().map(|c| c.as_bytes())
    }

    fn rejects(input: &Path, header: &[String], state: &Path) -> Rejects {
        Rejects::new(target(input, None), header, b',', true, Some(state))
    }

    #[test]
    fn rows_go_beside_the_input_and_an_empty_file_goes_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = tempfile::tempdir().expect("a folder");
        let input = folder.path().join("orders.csv");
        let header = vec!["order_id".to_owned(), "amount".to_owned()];
        let mut first = rejects(&input, &header, state.path());
        first.put(7, 6, "amount is negative", cells(&["O1", "-3,0"]));
        let path = first.finish().path.expect("a file");
        let text = fs::read_to_string(&path).expect("readable");
        assert_eq!(
            text,
            "rejected_line,rejected_row,rejected_because,order_id,amount\n7,6,amount is negative,O1,\"'-3,0\"\n"
        );
        assert_eq!(
            rejects(&input, &header, state.path()).finish(),
            Done::default()
        );
        assert!(!path.exists());
    }

    #[test]
    fn what_was_corrected_by_hand_is_neither_written_over_nor_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = tempfile::tempdir().expect("a folder");
        let input = folder.path().join("orders.csv");
        let again = |line: u64| {
            let mut rejects = rejects(&input, &["order_id".to_owned()], state.path());
            rejects.put(line, 1, "no", cells(&["O1"]));
            rejects.finish()
        };
        let path = folder.path().join("orders.rejects.csv");
        assert_eq!(
            again(2),
            Done {
                path: Some(path.clone()),
                told: None
            }
        );
        assert_eq!(
            again(3),
            Done {
                path: Some(path.clone()),
                told: None
            },
            "its own it replaces"
        );
        fs::write(&path, "corrected").expect("written");
        let second = folder.path().join("orders.2.rejects.csv");
        for line in [4, 5] {
            let done = again(line);
            assert_eq!(done.path, Some(second.clone()));
            assert!(
                done.told
                    .expect("told")
                    .contains("orders.rejects.csv was changed")
            );
        }
        let none = rejects(&input, &[], state.path()).finish();
        assert!(
            none.told
                .expect("told")
                .contains("orders.rejects.csv stays")
        );
        assert_eq!(fs::read_to_string(&path).expect("there"), "corrected");
        // Of what nobody knows anything everything may be somebody's work.
        let mut unknown = Rejects::new(target(&input, None), &[], b',', true, None);
        unknown.put(2, 1, "no", cells(&["x"]));
        assert_eq!(
            unknown.finish().path,
            Some(folder.path().join("orders.3.rejects.csv"))
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_its_place_leads_nowhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = tempfile::tempdir().expect("a folder");
        let (input, precious) = (
            folder.path().join("orders.csv"),
            folder.path().join("precious"),
        );
        fs::write(&precious, "mine").expect("written");
        for name in ["orders.rejects.csv", "orders.rejects.csv.part"] {
            std::os::unix::fs::symlink(&precious, folder.path().join(name)).expect("linked");
        }
        let mut first = rejects(&input, &[], state.path());
        std::os::unix::fs::symlink(&precious, folder.path().join(&first.part)).expect("linked");
        first.put(2, 1, "no", cells(&["x"]));
        assert_eq!(
            first.finish().path,
            Some(folder.path().join("orders.2.rejects.csv"))
        );
        assert_eq!(fs::read_to_string(&precious).expect("there"), "mine");
    }

    #[test]
    fn no_cell_runs_and_each_is_read_as_it_was() {
        for cell in [
            "=1+1",
            "+a",
            "-a",
            "@sum(1)",
            "\t=x",
            "\r=x",
            "\u{feff}=x",
            "'=x",
            "' x",
            "-3",
            "Acme",
            "",
            "\u{200b}+x",
        ] {
            let written = String::from_utf8(held(cell.as_bytes())).expect("UTF-8");
            assert_eq!(unguarded(&written), unguarded(cell), "{cell:?}");
            assert_eq!(guarded(unguarded(&written)), written, "{cell:?}");
            // A row that is rejected again does not grow.
            assert_eq!(held(written.as_bytes()), written.as_bytes(), "{cell:?}");
        }
        assert_eq!(held(b"=\xff"), b"'=\xff");
    }

    #[test]
    fn a_dropped_one_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let input = folder.path().join("orders.csv");
        let mut rejects = Rejects::new(target(&input, None), &[], b',', true, None);
        rejects.put(2, 1, "no", cells(&["x"]));
        drop(rejects);
        assert_eq!(
            std::fs::read_dir(folder.path()).expect("a folder").count(),
            0
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_said_once() {
        let mut rejects = Rejects::new(
            PathBuf::from("/nowhere/at/all/orders.rejects.csv"),
            &[],
            b',',
            true,
            None,
        );
        rejects.put(2, 1, "no", cells(&["x"]));
        rejects.put(3, 2, "no", cells(&["y"]));
        let said = rejects.finish().told.expect("not writable");
        assert!(
            said.starts_with("orders.rejects.csv could not be written ("),
            "{said}"
        );
    }
}
