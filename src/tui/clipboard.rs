//! The programs of this machine that copy a text, and that open a link. Over ssh there are none: the terminal is at the other end.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

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
