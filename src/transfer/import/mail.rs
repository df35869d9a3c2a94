//! E-mails (`.eml`) and mailboxes (`mbox`): each mail becomes a row of what was written between us and a customer. Of the text what it
//! quotes is folded to a line, of attachments only the names are kept.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use mail_parser::{Address, Message, MessageParser, MimeHeaders};

use super::Stop;
use super::spool::{CORRESPONDENCE, Spool, UNSAID};
use crate::error::{Error, Result};

/// Bytes of one mail that are read: headers and texts come before what is large.
const MAIL: usize = 32 << 20;
/// Bytes of one line.
const LINE: u64 = 1 << 20;
/// Signs of a mail's text that are kept.
const TEXT: usize = 20_000;
/// Addresses of a mail that are looked at.
const PEOPLE: usize = 200;

/// The row of one mail.
pub(super) fn spool_one(path: &Path, name: &str, stop: &Stop) -> Result<Spool> {
    let cannot = |e: std::io::Error| {
        Error::failed(say!("any.could_not_read", name = name, e = e)).because(e)
    };
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(cannot)?
        .take(MAIL as u64)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    let mut spool = Spool::new(name, &CORRESPONDENCE, stop)?;
    put(&mut spool, 1, &bytes)?;
    Ok(spool)
}

/// The rows of a mailbox: mails begin with a line `From ` behind an empty one.
pub(super) fn spool_box(path: &Path, name: &str, stop: &Stop) -> Result<Spool> {
    let cannot = |e: std::io::Error| {
        Error::failed(say!("any.could_not_read", name = name, e = e)).because(e)
    };
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(cannot)?);
    let mut spool = Spool::new(name, &CORRESPONDENCE, stop)?;
    let (mut mail, mut line, mut began) = (Vec::new(), Vec::new(), 1);
    let (mut at, mut empty, mut open) = (0, true, false);
    loop {
        line.clear();
        let read = reader
            .by_ref()
            .take(LINE)
            .read_until(b'\n', &mut line)
            .map_err(cannot)?;
        at += 1;
        if read == 0 || empty && line.starts_with(b"From ") {
            if open {
                put(&mut spool, began, &mail)?;
            }
            if read == 0 {
                return Ok(spool);
            }
            (open, began, empty) = (true, at, false);
            mail.clear();
            continue;
        }
        empty = matches!(line.as_slice(), b"\n" | b"\r\n");
        // ">From " at the beginning of a line was "From ".
        let quoted = line.iter().take_while(|b| **b == b'>').count();
        let from = usize::from(quoted > 0 && line[quoted..].starts_with(b"From "));
        if open && mail.len() + line.len() <= MAIL {
            mail.extend_from_slice(&line[from..]);
        }
    }
}

fn put(spool: &mut Spool, line: u64, bytes: &[u8]) -> Result<()> {
    let parsed = MessageParser::default().parse(bytes);
    let Some(message) = parsed.filter(|m| m.from().is_some() || m.to().is_some()) else {
        return spool.fault(line, "not a mail", &say!("mail.no_headers_mail_stand"));
    };
    let Some(date) = message.date().filter(|d| d.is_valid()) else {
        return spool.fault(line, "empty date", &say!("mail.mail_no_date"));
    };
    let from = addresses(message.from())
        .into_iter()
        .next()
        .unwrap_or_default();
    let with: Vec<String> = [message.to(), message.cc(), message.bcc()]
        .into_iter()
        .flat_map(addresses)
        .take(PEOPLE)
        .collect();
    let at = date.to_rfc3339();
    let reference = match message.message_id() {
        Some(id) if !id.is_empty() => format!("mail/{id}"),
        _ => {
            let told = format!("{from}\n{at}\n{}", message.subject().unwrap_or(""));
            format!("mail/{}", &blake3::hash(told.as_bytes()).to_hex()[..32])
        }
    };
    let (with, text) = (with.join(";"), text(&message));
    spool.row(
        line,
        &[&reference, &at, UNSAID, "email", "", &from, &with, &text],
    )
}

fn addresses(of: Option<&Address<'_>>) -> Vec<String> {
    let all = of
        .into_iter()
        .flat_map(Address::iter)
        .filter_map(|a| a.address());
    all.map(|a| a.trim().to_lowercase())
        .filter(|a| super::mapping::is_email(a))
        .take(PEOPLE)
        .collect()
}

/// Subject, text without what it quotes, and the names of attachments.
fn text(message: &Message<'_>) -> String {
    let mut out = message.subject().unwrap_or("").trim().to_owned();
    let body = message.body_text(0).map(|b| folded(&b)).unwrap_or_default();
    if !body.is_empty() {
        out.push_str("\n\n");
        out.extend(body.chars().take(TEXT));
    }
    // Outlook's own wrapping of a mail says nothing to anybody.
    let names: Vec<&str> = message
        .attachments()
        .filter_map(|a| a.attachment_name())
        .filter(|n| !n.eq_ignore_ascii_case("winmail.dat"))
        .collect();
    if !names.is_empty() {
        out.push_str("\n\n");
        out.push_str(&format!("[attached: {}]", names.join(", ")));
    }
    out.trim().replace('\0', "")
}

/// Headers by which mail programs begin a mail that is quoted whole: English, German, Turkish, Russian, French, Persian.
const FROM: &[&str] = &["From:", "Von:", "Kimden:", "От:", "De :", "De:", "از:"];
const SENT: &[&str] = &[
    "Sent:",
    "Date:",
    "Gesendet:",
    "Datum:",
    "Gönderme",
    "Tarih:",
    "Отправлено:",
    "Дата:",
    "Envoyé",
    "تاریخ:",
];

/// The text with quoted lines folded to one that says how many they were.
fn folded(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut out: Vec<String> = Vec::new();
    let mut quoted = 0;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].trim_start_matches('*').trim();
        if is_whole_quote(line, &lines[at + 1..]) {
            quoted += lines[at..].iter().filter(|l| !l.is_empty()).count();
            break;
        }
        if lines[at].starts_with('>') {
            quoted += 1;
        } else if quoted > 0
            && line.is_empty()
            && lines[at + 1..]
                .iter()
                .find(|l| !l.is_empty())
                .is_some_and(|l| l.starts_with('>'))
        {
            // An empty line within what is quoted.
        } else if introduces(line, &lines[at + 1..]) {
            quoted += 1;
        } else {
            told(&mut out, &mut quoted);
            out.push(lines[at].to_owned());
        }
        at += 1;
    }
    told(&mut out, &mut quoted);
    let mut text = out.join("\n");
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text.trim().to_owned()
}

fn told(out: &mut Vec<String>, quoted: &mut usize) {
    if *quoted > 0 {
        out.push(format!("[{quoted} quoted lines]"));
        *quoted = 0;
    }
}

/// True for "On Monday Ana <a@x> wrote:" before quoted lines, also where it is broken in two.
fn introduces(line: &str, rest: &[&str]) -> bool {
    let mut behind = rest.iter().filter(|l| !l.is_empty());
    let next = behind.next();
    let quotes = |l: Option<&&str>| l.is_some_and(|l| l.starts_with('>'));
    let speaks = |l: &str| l.ends_with(':') && l.chars().count() < 200;
    if speaks(line) && quotes(next) {
        return true;
    }
    let broken = line.contains('@') || line.chars().any(|c| c.is_ascii_digit());
    broken
        && line.chars().count() < 120
        && next.is_some_and(|n| speaks(n))
        && quotes(behind.next())
        && !line.starts_with('>')
}

/// True where everything that follows is another mail, as Outlook quotes.
fn is_whole_quote(line: &str, rest: &[&str]) -> bool {
    let dashes = line.starts_with("-----") && line.ends_with("-----") && line.len() > 12;
    let headers = FROM.iter().any(|f| line.starts_with(f))
        && rest.iter().take(4).any(|l| {
            SENT.iter()
                .any(|s| l.trim_start_matches('*').trim().starts_with(s))
        });
    dashes || headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_folded() {
        let reply = "Yes, gladly.\n\nOn Mon, 2 Nov 2026 at 10:00, Ana <ana@acme.example> wrote:\n> Could we meet?\n>\n> Ana\n\nBest,\nTom\n";
        assert_eq!(
            folded(reply),
            "Yes, gladly.\n\n[4 quoted lines]\n\nBest,\nTom"
        );
        let broken = "Ok\n\nOn Mon, 2 Nov 2026 at 10:00, Ana\n<ana@acme.example> wrote:\n> a\n";
        assert_eq!(folded(broken), "Ok\n\n[3 quoted lines]");
        let outlook = "Danke!\n\n________________________________\nVon: Ana <ana@acme.example>\nGesendet: Montag, 2. November 2026 10:00\nAn: Tom\nBetreff: Treffen\n\nHallo\n";
        assert_eq!(
            folded(outlook),
            "Danke!\n\n________________________________\n[5 quoted lines]"
        );
        assert_eq!(
            folded("-----Original Message-----\nHi\n"),
            "[2 quoted lines]"
        );
        assert_eq!(folded("Costs:\n- one\n- two\n"), "Costs:\n- one\n- two");
    }
}
