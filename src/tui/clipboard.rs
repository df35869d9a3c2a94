//! The programs of this machine that copy a text, and that open a link. Over ssh there are none: the terminal is at the other end.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::bench::Bench;
use super::step::{AppStep, Cx, Job, Step};

/// Bytes that terminals take by OSC 52. Many stop at 100,000 of base64 with its frame; that is three quarters in plain text.
pub const MOST_BY_TERMINAL: usize = 74_000;

/// Programs that put their input on the clipboard: name, arguments, and the variable without which they cannot.
const TOOLS: &[(&str, &[&str], Option<&str>)] = &[
    ("wl-copy", &[], Some("WAYLAND_DISPLAY")),
    ("xclip", &["-selection", "clipboard"], Some("DISPLAY")),
    ("xsel", &["--clipboard", "--input"], Some("DISPLAY")),
    ("pbcopy", &[], None),
    ("clip.exe", &[], None),
];

/// Programs that open a link with what the desktop opens it with.
const OPENERS: &[(&str, &[&str], Option<&str>)] = &[
    ("xdg-open", &[], None),
    ("open", &[], None),
    ("wslview", &[], None),
];

/// A program of this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tool {
    /// Its name, for the message.
    pub name: &'static str,
    path: PathBuf,
    args: &'static [&'static str],
}

impl Tool {
    /// One that copies.
    pub fn here(var: impl Fn(&str) -> Option<OsString>) -> Option<Tool> {
        Tool::first(TOOLS, var)
    }

    /// One that opens links.
    pub fn opener(var: impl Fn(&str) -> Option<OsString>) -> Option<Tool> {
        Tool::first(OPENERS, var)
    }

    /// The first one that is in `PATH` and has what it needs; none over ssh, where it would run on the wrong machine.
    fn first(
        tools: &[(&'static str, &'static [&'static str], Option<&str>)],
        var: impl Fn(&str) -> Option<OsString>,
    ) -> Option<Tool> {
        let set = |name: &str| var(name).is_some_and(|v| !v.is_empty());
        if set("SSH_CONNECTION") || set("SSH_TTY") {
            return None;
        }
        let path = var("PATH")?;
        let folders: Vec<PathBuf> = std::env::split_paths(&path)
            .filter(|p| p.is_absolute())
            .collect();
        tools
            .iter()
            .filter(|(_, _, needs)| needs.is_none_or(set))
            .find_map(|(name, args, _)| {
                let file = folders
                    .iter()
                    .map(|folder| folder.join(name))
                    .find(|file| file.is_file())?;
                Some(Tool {
                    name,
                    path: file,
                    args,
                })
            })
    }

    /// Opens a link and waits for the program to end; `false` where it says that it could not.
    pub fn open(&self, link: &str) -> bool {
        let mut run = Command::new(&self.path);
        run.args(self.args)
            .arg(link)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        run.status().is_ok_and(|status| status.success())
    }

    /// The text in the form that the program takes: that of Windows reads anything but ASCII from UTF-16 only.
    fn bytes(&self, text: &str) -> Vec<u8> {
        if self.name != "clip.exe" {
            return text.as_bytes().to_vec();
        }
        std::iter::once(0xfeff)
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect()
    }

    /// Hands the text over and waits for the program to end; `false` where it could not be run or says that it failed.
    /// Some of them stay in the background for as long as they own the selection, so none of our streams is lent to them.
    pub fn copy(&self, text: &str) -> bool {
        let quiet = Command::new(&self.path)
            .args(self.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = quiet else { return false };
        let written = child
            .stdin
            .take()
            .is_some_and(|mut input| input.write_all(&self.bytes(text)).is_ok());
        child.wait().is_ok_and(|status| status.success()) && written
    }
}

/// Copies a text with a program of this machine. Where the programs are is asked on the thread as well: a PATH may lead over a
/// slow network.
#[derive(Clone, PartialEq, Debug)]
pub struct Copy {
    /// The text.
    pub text: String,
    /// What it is, for the message that says how it went.
    pub what: String,
}

impl Job for Copy {
    /// The program that took it.
    type Answer = Option<&'static str>;

    fn run(&self, _bench: &mut Bench) -> Option<&'static str> {
        let tool = Tool::here(|name| std::env::var_os(name));
        let tool = tool.filter(|tool| tool.copy(&self.text));
        tool.map(|tool| tool.name)
    }

    /// Says the truth about a copy; where no program of this machine took it, the terminal is asked to.
    fn ended(self, tool: Option<&'static str>, _here: bool, cx: &mut Cx) {
        let (say, what, n) = (&cx.look.say, &self.what, self.text.len().to_string());
        if let Some(tool) = tool {
            return cx.good(say.fill("message.copied", &[("what", what), ("tool", tool)]));
        }
        if self.text.len() > MOST_BY_TERMINAL {
            let most = MOST_BY_TERMINAL.to_string();
            let values = [("what", what.as_str()), ("n", &n), ("most", &most)];
            return cx.bad(say.fill("message.too_long", &values));
        }
        let words = say.fill("message.copied_by_terminal", &[("what", what), ("n", &n)]);
        cx.push(Step::App(AppStep::CopyByTerminal(self.text)));
        cx.good(words);
    }
}

/// Has the desktop's own program open a mail to somebody.
#[derive(Clone, PartialEq, Debug)]
pub struct Mail {
    /// `mailto:` and the address.
    pub link: String,
}

impl Job for Mail {
    /// It is opened.
    type Answer = bool;

    fn run(&self, _bench: &mut Bench) -> bool {
        let opener = Tool::opener(|name| std::env::var_os(name));
        opener.is_some_and(|opener| opener.open(&self.link))
    }

    /// Where no program here opens mails, the address is copied: over ssh the mail program is at the other end.
    fn ended(self, opened: bool, _here: bool, cx: &mut Cx) {
        if opened {
            return cx.good(cx.look.say.word("message.mailing"));
        }
        let address = self.link.trim_start_matches("mailto:").to_owned();
        let what = cx.look.say.word("word.email").to_owned();
        cx.push(Step::Copy(address, what));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn tool(folder: &std::path::Path, name: &str, script: &str) {
        let file = folder.join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("a script is written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))
            .expect("a script is made to run");
    }

    fn found(folder: &std::path::Path, set: &[(&str, &str)]) -> Option<Tool> {
        Tool::here(|name| match name {
            "PATH" => Some(folder.into()),
            _ => set.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into()),
        })
    }

    #[test]
    fn the_tool_is_the_one_of_this_display_and_none_over_ssh() {
        let folder = tempfile::tempdir().expect("a folder");
        tool(folder.path(), "wl-copy", "exit 0");
        tool(folder.path(), "xsel", "exit 0");
        let name = |set: &[(&str, &str)]| found(folder.path(), set).map(|t| t.name);
        assert_eq!(name(&[]), None);
        assert_eq!(name(&[("DISPLAY", ":0")]), Some("xsel"));
        assert_eq!(
            name(&[("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0")]),
            Some("wl-copy")
        );
        assert_eq!(
            name(&[("DISPLAY", ":0"), ("SSH_CONNECTION", "10.0.0.1 22")]),
            None
        );
    }

    #[test]
    fn a_link_is_opened_by_the_desktop_and_by_none_over_ssh() {
        let folder = tempfile::tempdir().expect("a folder");
        tool(
            folder.path(),
            "xdg-open",
            &format!("echo \"$1\" > {}/opened", folder.path().display()),
        );
        let opener = |ssh: &str| {
            Tool::opener(|name| match name {
                "PATH" => Some(folder.path().into()),
                "SSH_TTY" => Some(ssh.into()),
                _ => None,
            })
        };
        assert!(opener("/dev/pts/1").is_none());
        assert!(
            opener("")
                .expect("it needs nothing")
                .open("mailto:dana@acme.example")
        );
        assert_eq!(
            std::fs::read_to_string(folder.path().join("opened")).expect("it was run"),
            "mailto:dana@acme.example\n"
        );
    }

    #[test]
    fn the_text_arrives_whole_and_a_failure_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        tool(
            folder.path(),
            "pbcopy",
            &format!("/bin/cat > {}/copied", folder.path().display()),
        );
        let copies = found(folder.path(), &[]).expect("it needs nothing");
        assert!(copies.copy("Müller & Söhne\nAcme"));
        assert_eq!(
            std::fs::read_to_string(folder.path().join("copied")).expect("it was run"),
            "Müller & Söhne\nAcme"
        );
        tool(folder.path(), "pbcopy", "/bin/cat > /dev/null; exit 1");
        assert!(!copies.copy("Acme"));
    }
}
