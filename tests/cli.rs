//! The program as a person or a script runs it: standard output, standard error and exit code of every subcommand.
//! Hermetic: a HOME of its own, a fixed clock, nothing inherited. Ids, which differ from run to run, show as `[id]`.

mod export;
mod import;
mod merging;
mod reading;
mod scripting;
mod sharing;
mod upgrade;
mod writing;
mod wrong;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A machine of one's own with the program on it.
struct Desk {
    home: tempfile::TempDir,
}

const CUSTOMERS: &str = "\
customer_id,name,csm,created_on,tags
A1,Acme,ada,2025-03-01,pilot
B2,Böhm & Söhne,bob,2025-06-01,
C3,Acorn Ltd,ada,2026-10-01,
";
const CONTACTS: &str = "\
contact_id,customer_id,full_name,email,role,primary
P1,A1,Dana Ruiz,dana@acme.example,champion,1
P2,A1,Omar Haddad,omar@acme.example,buyer,0
";
const STAGES: &str = "\
customer_id,changed_on,seq,from_stage,to_stage
A1,2025-03-01,0,,reach
A1,2025-04-01,0,reach,acquisition
A1,2025-05-01,0,acquisition,conversion
A1,2025-06-15,0,conversion,retention
B2,2025-06-01,0,,reach
B2,2026-09-01,0,reach,conversion
C3,2026-10-01,0,,reach
";
const SUBSCRIPTIONS: &str = "\
version_id,subscription_id,customer_id,start_date,end_date,amount_minor,interval,interval_count,quantity,discount_pct,status
V1,S1,A1,2025-05-01,,1200000,year,1,2,0,active
V2,S2,B2,2026-09-01,,50000,month,1,1,0,active
";
const NPS: &str = "\
response_id,customer_id,contact_id,responded_at,score,comment
1,A1,P1,2026-11-10T10:00:00Z,4,Slow answers
";
const TICKETS: &str = "\
ticket_id,customer_id,opened_at,closed_at,severity,subject,csat
T1,A1,2026-11-12T09:00:00Z,,1,Export fails,
";

const TOUCHES: &str = "\
touchpoint_id,customer_id,contact_id,happened_at,channel,direction,note
1,A1,P1,2026-10-01T10:00:00Z,phone,out,Asked how it goes
";

impl Desk {
    /// An empty one.
    fn empty() -> Desk {
        Desk {
            home: tempfile::tempdir().expect("a folder"),
        }
    }

    /// One whose book has three customers.
    fn with_book() -> Desk {
        let desk = Desk::empty();
        desk.write_files();
        let done = desk.raw(&["import", "files"], "");
        assert!(done.status.success(), "{done:?}");
        desk
    }

    fn write_files(&self) {
        let files = [
            ("customers.csv", CUSTOMERS),
            ("contacts.csv", CONTACTS),
            ("stage_changes.csv", STAGES),
            ("subscription_versions.csv", SUBSCRIPTIONS),
            ("nps_responses.csv", NPS),
            ("tickets.csv", TICKETS),
            ("touchpoints.csv", TOUCHES),
        ];
        std::fs::create_dir_all(self.path("files")).expect("a folder");
        for (name, text) in files {
            std::fs::write(self.path("files").join(name), text).expect("write");
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retain"));
        command.args(args).env_clear().current_dir(self.home.path());
        command
            .env("HOME", self.home.path())
            .env("USER", "ada")
            .env("TZ", "UTC")
            .env("RETAIN_NOW", "2026-11-21T09:30:00Z");
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn raw(&self, args: &[&str], input: &str) -> Output {
        let mut child = self.command(args).spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("piped");
        // A program that reads no input may be gone already.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().expect("the program ends")
    }

    /// What it prints and its exit code, in one text.
    fn run(&self, args: &[&str]) -> String {
        self.fed(args, "")
    }

    /// The same, with this on standard input.
    fn fed(&self, args: &[&str], input: &str) -> String {
        let output = self.raw(args, input);
        let mut text = String::new();
        for (name, bytes) in [("", &output.stdout), ("stderr:\n", &output.stderr)] {
            if !bytes.is_empty() {
                text.push_str(name);
                text.push_str(std::str::from_utf8(bytes).expect("UTF-8"));
            }
        }
        text.push_str(&format!(
            "exit {}",
            output.status.code().expect("not killed")
        ));
        without_ids(&text.replace(&home_text(self.home.path()), "~"))
    }

    /// The JSON on standard output of a command that succeeds.
    fn json(&self, args: &[&str]) -> serde_json::Value {
        let output = self.raw(args, "");
        assert!(output.status.success(), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(value["schema"], 1);
        value
    }
}

fn home_text(home: &Path) -> String {
    home.display().to_string()
}

/// Puts `[id]` in place of every UUID, and `#[id]` in place of the end of one.
fn without_ids(text: &str) -> String {
    let dashes = [8, 13, 18, 23];
    let is_id = |part: &[u8]| {
        part.iter().enumerate().all(|(i, b)| {
            if dashes.contains(&i) {
                *b == b'-'
            } else {
                b.is_ascii_hexdigit()
            }
        })
    };
    let is_end = |part: &[u8]| part[0] == b'#' && part[1..].iter().all(u8::is_ascii_hexdigit);
    let (mut out, mut at) = (String::new(), 0);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text.as_bytes()[at..];
        if rest.len() >= 36 && is_id(&rest[..36]) {
            out.push_str("[id]");
            at += 36;
        } else if rest.len() >= 9 && is_end(&rest[..9]) {
            out.push_str("#[id]");
            at += 9;
        } else {
            out.push(c);
            at += c.len_utf8();
        }
    }
    out
}
