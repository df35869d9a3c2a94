//! Address cards (`.vcf`) of the versions 2.1 to 4.0: each becomes the row of a contact.

use std::path::Path;

use calcard::vcard::{VCard, VCardProperty, VCardValue};
use calcard::{Entry, Parser};

use super::Stop;
use super::spool::{Spool, UNSAID, whole};
use crate::error::Result;

const HEADERS: [&str; 6] = [
    "contact_id",
    "full_name",
    "email",
    "phone",
    "role",
    "company",
];
/// Broken lines after which the file is given up.
const BROKEN: usize = 5_000;

/// The rows of a file of cards.
pub(super) fn spool(path: &Path, name: &str, stop: &Stop) -> Result<Spool> {
    let text = whole(path, name, "address cards")?;
    let mut spool = Spool::new(name, &HEADERS, stop)?;
    let mut parser = Parser::new(&text);
    let (mut line, mut broken) = (0, 0);
    loop {
        match parser.entry() {
            Entry::VCard(card) => {
                line += 1;
                let cells = cells(&card);
                if cells.iter().all(|cell| cell.is_empty() || cell == UNSAID) {
                    spool.fault(line, "empty name", &say!("card.card_neither_name_nor"))?;
                } else {
                    spool.row(line, &cells)?;
                }
            }
            Entry::Eof => return Ok(spool),
            _ => {
                broken += 1;
                if broken > BROKEN {
                    return Ok(spool);
                }
            }
        }
    }
}

fn cells(card: &VCard) -> [String; 6] {
    let text = |property: VCardProperty| {
        card.property(&property)
            .and_then(|e| e.values.first())
            .map(shown)
            .unwrap_or_default()
    };
    let mut name = text(VCardProperty::Fn);
    if name.is_empty() {
        name = person(card).unwrap_or_default();
    }
    let email = text(VCardProperty::Email);
    let email = email.trim_start_matches("mailto:").to_lowercase();
    let phone = text(VCardProperty::Tel)
        .trim_start_matches("tel:")
        .to_owned();
    let role = match text(VCardProperty::Title) {
        title if title.is_empty() => text(VCardProperty::Role),
        title => title,
    };
    // Of a company and its departments the company counts.
    let company = card
        .property(&VCardProperty::Org)
        .and_then(|e| e.values.first())
        .map(first)
        .unwrap_or_default();
    let key = [text(VCardProperty::Uid), email.clone(), name.clone()]
        .into_iter()
        .find(|k| !k.is_empty())
        .unwrap_or_default();
    // A card says what stands on it: without a line for the telephone it does not say that there is none.
    let said = |cell: String| {
        if cell.is_empty() {
            UNSAID.to_owned()
        } else {
            cell
        }
    };
    [key, name, said(email), said(phone), said(role), company]
}

/// The name in its parts: family name, given name, further ones.
fn person(card: &VCard) -> Option<String> {
    let entry = card.property(&VCardProperty::N)?;
    let parts: Vec<String> = match entry.values.first()? {
        VCardValue::Component(parts) => parts.clone(),
        _ => entry.values.iter().map(shown).collect(),
    };
    let part = |at: usize| parts.get(at).map_or("", |p| p.trim());
    Some(format!("{} {}", part(1), part(0)).trim().to_owned())
}

fn first(value: &VCardValue) -> String {
    match value {
        VCardValue::Component(parts) => parts
            .first()
            .map(|p| p.trim().to_owned())
            .unwrap_or_default(),
        other => shown(other),
    }
}

fn shown(value: &VCardValue) -> String {
    match value {
        VCardValue::Component(parts) => parts.join(" ").trim().to_owned(),
        other => other.as_text().unwrap_or("").trim().to_owned(),
    }
}
