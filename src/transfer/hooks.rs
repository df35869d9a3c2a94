//! Hooks: commands of the person's own that get each batch as JSON on standard input once it stands. `hooks.toml` in their config
//! folder says which; a book cannot, so one that came from elsewhere makes nothing run here.
//!
//! What a hook does is no part of the write: it cannot delay it, change it or take it back. Its output is not read; when it
//! fails, or takes longer than it may, that is told in a line.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::query::{BatchPage, Deed};
use crate::error::{Error, Result};
use crate::files;

/// Name of the file in the config folder.
pub const FILE: &str = "hooks.toml";

/// The version of what a hook gets. Names are added, never changed, within a version.
const SCHEMA: u32 = 1;

/// One hook.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// A command line for the shell.
    pub run: String,
    /// Only batches of these kinds (`move`, `nps`, `import`...); empty: of all.
    #[serde(default)]
    pub on: Vec<String>,
    /// Only batches of this book; none: of any.
    #[serde(default)]
    pub book: Option<PathBuf>,
    /// After so many seconds it is ended.
    #[serde(default = "ten")]
    pub seconds: u16,
}

fn ten() -> u16 {
    10
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    hook: Vec<Hook>,
}

/// Most bytes of the file.
const LONGEST: u64 = 1 << 20;

/// The hooks in a config folder; none where the file is not there. One that others can write, or on whose way they can put another, is
/// refused: they could have anything run here.
pub fn read(folder: &Path) -> Result<Vec<Hook>> {
    let path = folder.join(FILE);
    let unread = |e: std::io::Error| {
        Error::failed(say!("hooks.cannot_read_so_no", path = path.display())).because(e)
    };
    let file = match std::fs::canonicalize(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(unread(e)),
    };
    // Where the file is a link, both ways: the one to the link and the one to what it names.
    if let Err(doubt) = files::may_be_trusted(folder).and_then(|()| files::may_be_trusted(&file)) {
        // In the sentence itself, because behind a change nothing but the sentence is told.
        let mend = doubt
            .mend
            .map(|mend| format!("; `{mend}` mends it"))
            .unwrap_or_default();
        return Err(Error::usage(say!(
            "hooks.so_no_hook_runs",
            words = doubt.words,
            path = path.display(),
            mend = mend
        ))
        .hint(say!("hooks.every_folder_above_yours")));
    }
    let text = files::read(&file, LONGEST).map_err(unread)?;
    let text = String::from_utf8(text)
        .map_err(|_| Error::usage(say!("hooks.not_utf_8_so", path = path.display())))?;
    parse(&text).map_err(|e| Error {
        message: format!("{}{}", path.display(), e.message).into(),
        ..e
    })
}

fn parse(text: &str) -> Result<Vec<Hook>> {
    let wrong = |e: toml::de::Error| {
        let line = e
            .span()
            .map_or(1, |s| text[..s.start].matches('\n').count() + 1);
        Error::usage(format!(" line {line}: {}", e.message().replace('\n', " ")))
            .hint(say!("hooks.hook_with_run_on"))
    };
    let file: File = toml::from_str(text).map_err(wrong)?;
    match file
        .hook
        .iter()
        .find(|h| h.run.trim().is_empty() || !(1..=600).contains(&h.seconds))
    {
        Some(_) => Err(Error::usage(say!("hooks.hook_command_run_1"))),
        None => Ok(file.hook),
    }
}

/// What a hook gets: the batch, and at most 500 things that it made and changed.
pub fn payload(page: &BatchPage, book: &Path) -> Value {
    let Some(batch) = &page.batch else {
        return Value::Null;
    };
    let thing = |deed: &Deed| {
        json!({
            "kind": deed.kind, "row": deed.row, "name": deed.name, "new": deed.edit.is_none(), "field": deed.field,
            "before": deed.before, "after": deed.after,
            "customer": deed.customer.as_ref().map(|c| c.0), "customer_name": deed.customer.as_ref().map(|c| &c.1),
        })
    };
    json!({
        "schema": SCHEMA,
        "book": book,
        "batch": batch.id,
        "kind": batch.command,
        "person": batch.person,
        "at": batch.at.utc().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "label": batch.label,
        "customer": batch.customer.as_ref().map(|c| c.0),
        "customer_name": batch.customer.as_ref().map(|c| &c.1),
        "changes": page.things.iter().map(thing).collect::<Vec<_>>(),
        "more": page.more,
    })
}

/// Gives a batch to the hooks that want it, one after the other; one sentence for each that failed.
pub fn give(hooks: &[Hook], payload: &Value) -> Vec<String> {
    let kind = payload["kind"].as_str().unwrap_or_default();
    let book = payload["book"].as_str().map(Path::new);
    let of_book = |hook: &&Hook| {
        hook.book
            .as_deref()
            .is_none_or(|wanted| book.is_some_and(|book| same(wanted, book)))
    };
    let wants = |hook: &&Hook| hook.on.is_empty() || hook.on.iter().any(|on| on == kind);
    let text = payload.to_string();
    hooks
        .iter()
        .filter(wants)
        .filter(of_book)
        .filter_map(|hook| run(hook, &text).err())
        .collect()
}

fn same(wanted: &Path, book: &Path) -> bool {
    wanted == book || std::fs::canonicalize(wanted).is_ok_and(|wanted| wanted == book)
}

/// What of a failed hook's words is told, at most.
const WORDS: u64 = 300;

fn run(hook: &Hook, text: &str) -> std::result::Result<(), String> {
    let failed = |why: String| {
        say!(
            "hooks.hook_failed_change_stands",
            run = short(&hook.run),
            why = why
        )
    };
    let mut shell = if cfg!(windows) {
        Command::new("cmd")
    } else {
        Command::new("sh")
    };
    shell
        .arg(if cfg!(windows) { "/C" } else { "-c" })
        .arg(&hook.run);
    shell
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    // A group of its own: what it starts ends with it, and an interrupt of ours is not one of its.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    let mut child = shell.spawn().map_err(|e| failed(e.to_string()))?;
    let id = child.id();
    let (mut stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let (told, ended) = crossbeam_channel::bounded(1);
    let text = text.to_owned();
    std::thread::spawn(move || {
        if let Some(stdin) = &mut stdin {
            // A hook need not read what it gets.
            let _ = stdin
                .write_all(text.as_bytes())
                .and_then(|()| stdin.write_all(b"\n"));
        }
    });
    std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = stderr.by_ref().take(WORDS).read_to_end(&mut said);
            // The rest is read all the same: a hook must not end because nobody listens.
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
        }
        let _ = told.send((
            child.wait(),
            String::from_utf8_lossy(&said).trim().replace('\n', " "),
        ));
    });
    match ended.recv_timeout(Duration::from_secs(hook.seconds.into())) {
        Ok((Ok(status), _)) if status.success() => Ok(()),
        Ok((Ok(status), said)) => Err(failed(if said.is_empty() {
            status.to_string()
        } else {
            format!("{status}, {said}")
        })
        .to_string()),
        Ok((Err(e), _)) => Err(failed(e.to_string()).to_string()),
        Err(_) => {
            end(id);
            Err(
                failed(say!("hooks.took_longer_than_s", seconds = hook.seconds).to_string())
                    .to_string(),
            )
        }
    }
}

/// Ends a hook with all that it started.
fn end(id: u32) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(id)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = id;
}

fn short(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        format!("{short}...")
    } else {
        short
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(run: &str) -> Hook {
        Hook {
            run: run.into(),
            on: Vec::new(),
            book: None,
            seconds: 5,
        }
    }

    #[test]
    fn a_file_says_what_runs_and_a_mistake_names_its_line() {
        let hooks = parse("[[hook]]\nrun = \"cat\"\non = [\"move\"]\n").expect("a hook");
        assert_eq!(
            (hooks[0].on.as_slice(), hooks[0].seconds),
            (["move".to_owned()].as_slice(), 10)
        );
        let wrong = parse("[[hook]]\nrun = \"cat\"\nwhen = \"move\"\n").expect_err("no such field");
        assert!(
            wrong.message.starts_with(" line 3: unknown field `when`"),
            "{wrong}"
        );
        assert!(parse("[[hook]]\nrun = \" \"\n").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_write_runs_nothing() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(read(folder.path()).expect("none"), []);
        let file = folder.path().join(FILE);
        std::fs::write(&file, "[[hook]]\nrun = \"cat\"\n").expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).expect("set");
        assert!(
            read(folder.path())
                .expect_err("refused")
                .message
                .contains("can be written by everybody")
        );
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("set");
        assert_eq!(read(folder.path()).expect("one").len(), 1);
        // A folder on the way to it in which others can put another file in its place.
        let below = folder.path().join("config");
        std::fs::create_dir(&below).expect("made");
        std::fs::rename(&file, below.join(FILE)).expect("moved");
        assert_eq!(read(&below).expect("one").len(), 1);
        for open in [folder.path(), &below] {
            std::fs::set_permissions(open, std::fs::Permissions::from_mode(0o777)).expect("set");
            let said = read(&below).expect_err("refused").message;
            assert!(
                said.ends_with(&format!(
                    "runs; `chmod go-w '{}'` mends it",
                    open.canonicalize().expect("there").display()
                )),
                "{said}"
            );
            assert!(
                said.contains(&format!(
                    "{} can be written by everybody, so no hook",
                    open.canonicalize().expect("there").display()
                )),
                "{said}"
            );
            std::fs::set_permissions(open, std::fs::Permissions::from_mode(0o700)).expect("set");
        }
        // A link to one in such a folder.
        let shared = folder.path().join("shared");
        std::fs::create_dir(&shared).expect("made");
        std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o777)).expect("set");
        std::fs::rename(below.join(FILE), shared.join(FILE)).expect("moved");
        std::os::unix::fs::symlink(shared.join(FILE), below.join(FILE)).expect("linked");
        assert!(
            read(&below)
                .expect_err("refused")
                .message
                .contains("shared can be written by everybody")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_hook_gets_the_batch_and_its_failure_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let got = folder.path().join("got");
        let batch = json!({ "kind": "move", "book": "/tmp/a b.db", "label": "$(touch x); 'q'" });
        assert_eq!(
            give(&[hook(&format!("cat > '{}'", got.display()))], &batch),
            Vec::<String>::new()
        );
        let text = std::fs::read_to_string(&got).expect("it wrote");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), batch);
        let told = give(&[hook("echo no >&2; exit 7")], &batch);
        assert_eq!(told.len(), 1);
        assert!(
            told[0].contains("7") && told[0].ends_with("no; the change stands"),
            "{told:?}"
        );
        // One that reads nothing, and one for other kinds.
        let other = Hook {
            on: vec!["nps".into()],
            ..hook("exit 1")
        };
        assert_eq!(give(&[hook("true"), other], &batch), Vec::<String>::new());
    }

    #[cfg(unix)]
    #[test]
    fn a_hook_that_hangs_is_ended_with_all_that_it_started() {
        let slow = Hook {
            seconds: 1,
            ..hook("sleep 600 & sleep 600")
        };
        let told = give(&[slow], &json!({ "kind": "note" }));
        assert!(told[0].contains("longer than 1 s"), "{told:?}");
    }
}
