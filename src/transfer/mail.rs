//! Drafts of mails: a template with fields from the book, one file a person that a mail program opens to be sent by hand; and the
//! address of a mail for `mailto:`.

use std::sync::PoisonError;

use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;

use crate::columns::Listed;
use crate::domain::customer::Contact;
use crate::domain::id::Id;
use crate::domain::query::{Page, Query, TimelineAsk};
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::text::safe;

/// The templates that everybody has: name and text.
pub const READY: &[(&str, &str)] = &[
    ("checkin", include_str!("../../assets/mail/checkin.txt")),
    ("renewal", include_str!("../../assets/mail/renewal.txt")),
    ("survey", include_str!("../../assets/mail/survey.txt")),
];

/// A template: a subject and a body with fields such as `{{first}}`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// The subject.
    pub subject: String,
    /// The body.
    pub body: String,
}

impl Template {
    /// Reads a template: `Subject: ...`, an empty line, the body.
    pub fn parse(text: &str) -> Result<Template> {
        let text = text.replace("\r\n", "\n");
        let (first, body) = text.split_once('\n').unwrap_or((&text, ""));
        let subject = first
            .strip_prefix("Subject:")
            .map(str::trim)
            .filter(|s| !s.is_empty());
        let subject =
            subject.ok_or_else(|| Error::usage(say!("mail.template_begins_with_line")))?;
        Ok(Template {
            subject: subject.to_owned(),
            body: body.trim_start_matches('\n').to_owned(),
        })
    }
}

/// Puts values into the fields of a text.
///
/// # Errors
/// A field that there is none of, and a brace that is not closed.
fn fill(text: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        out.push_str(&rest[..at]);
        let Some(end) = rest[at..].find("}}") else {
            return Err(Error::usage(say!("mail.field_template_not_closed")));
        };
        let name = rest[at + 2..at + end].trim();
        let found = value(name).ok_or_else(|| {
            let error = Error::usage(format!(
                "The template has a field {{{{{name}}}}} that there is none of"
            ));
            error.hint(say!("mail.fields_customer_name_first"))
        })?;
        out.push_str(&found);
        rest = &rest[at + end + 2..];
    }
    out.push_str(rest);
    Ok(out)
}

/// A draft.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// A name for its file, without the end.
    pub name: String,
    /// To whom.
    pub to: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Drafts to a contact of each customer: the one with this name or part of one, else the main one that has an address. Customers
/// without such a contact are named beside them.
pub fn drafts(
    store: &mut Store,
    customers: &[Id],
    contact: &str,
    template: &Template,
    now: Stamp,
) -> Result<(Vec<Draft>, Vec<String>)> {
    // What the fields name is loaded as for a list that shows it.
    let columns = fields_of(template);
    store.answer(&Query::Customers {
        filter: String::new(),
        sort: String::new(),
        descending: false,
        columns,
    })?;
    let (mut all, mut without) = (Vec::new(), Vec::new());
    for customer in customers {
        let timeline = TimelineAsk {
            limit: 1,
            ..TimelineAsk::default()
        };
        let Page::Account(Some(account)) = store.answer(&Query::Account {
            customer: *customer,
            timeline,
        })?
        else {
            continue;
        };
        let wanted = crate::text::fold(contact);
        let fits = |c: &&Contact| {
            is_address(&c.email)
                && (wanted.is_empty() || crate::text::fold(&c.name).contains(&wanted))
        };
        let Some(to) = account.contacts.iter().find(fits) else {
            without.push(account.customer.name.clone());
            continue;
        };
        let (config, me, today) = (store.config(), store.person().to_owned(), store.today());
        let shared = store.roster()?;
        let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
        let value = |field: &str| {
            Some(match field {
                "customer" => account.customer.name.clone(),
                "name" => to.name.clone(),
                "first" => to
                    .name
                    .split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                "email" => to.email.clone(),
                "role" => to.role.clone(),
                "me" => me.clone(),
                "today" => today.to_string(),
                code => Listed::find(&config, code)?.csv(&roster, account.row as usize),
            })
        };
        let subject = safe(&fill(&template.subject, &value)?).into_owned();
        let body = fill(&template.body, &value)?;
        let id = format!("{}.{}@retain", to.id, now.0);
        all.push(Draft {
            name: file_name(&account.customer.name, to),
            to: to.email.clone(),
            bytes: message(to, &subject, &body, &id, now),
        });
    }
    Ok((all, without))
}

/// The names of a template's fields.
fn fields_of(template: &Template) -> Vec<String> {
    let parts = [&template.subject, &template.body]
        .into_iter()
        .flat_map(|t| t.split("{{").skip(1));
    parts
        .filter_map(|p| p.split_once("}}").map(|(name, _)| name.trim().to_owned()))
        .collect()
}

/// The message: marked as not sent, so that mail programs open it to be written on.
fn message(to: &Contact, subject: &str, body: &str, id: &str, now: Stamp) -> Vec<u8> {
    let message = MessageBuilder::new()
        .header("X-Unsent", Raw::new("1"))
        .to((safe(&to.name).into_owned(), to.email.clone()))
        .subject(subject.to_owned())
        .date(now.0.div_euclid(1000))
        .message_id(id.to_owned())
        .text_body(body.to_owned());
    let mut bytes = Vec::new();
    message.serialize(&mut bytes);
    bytes
}

/// An address that can stand in a header and in a link as it is.
fn is_address(text: &str) -> bool {
    let fine = |c: char| {
        !c.is_whitespace()
            && !c.is_control()
            && !matches!(c, '<' | '>' | ',' | ';' | ':' | '"' | '(' | ')' | '\\')
    };
    text.split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
        && text.chars().all(fine)
}

/// A name that every file system takes.
fn file_name(customer: &str, to: &Contact) -> String {
    let plain = |text: &str| {
        let kept: String = text
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '-' })
            .collect();
        kept.split('-')
            .filter(|p| !p.is_empty())
            .collect::<Vec<_>>()
            .join("-")
            .chars()
            .take(40)
            .collect::<String>()
    };
    let id = to.id.to_string();
    format!(
        "{}_{}_{}",
        plain(customer),
        plain(&to.name),
        &id[id.len() - 6..]
    )
}

/// The link that opens a mail to this address; `None` for what is no address.
pub fn mailto(address: &str) -> Option<String> {
    let address = address.trim();
    is_address(address).then(|| {
        let escaped: String = address
            .bytes()
            .map(|b| {
                if b.is_ascii_alphanumeric() || b"@._-+~".contains(&b) {
                    char::from(b).to_string()
                } else {
                    format!("%{b:02X}")
                }
            })
            .collect();
        format!("mailto:{escaped}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::{Command, NewContact, NewCustomer};
    use crate::store::outbox::Keep;
    use crate::store::{Options, Who};

    const NOW: Stamp = Stamp(1_795_000_000_000);

    #[test]
    fn a_draft_is_filled_for_each_customer_and_its_headers_hold() {
        let who = Who {
            person: "ana".into(),
            device: Id([7; 16]),
        };
        let options = Options {
            who,
            now: NOW,
            as_of: None,
            create: true,
            zone: None,
            keep: Keep::Nowhere,
        };
        let mut store = Store::memory(&options).expect("a book");
        let mut add = |name: &str| {
            let new = NewCustomer {
                name: name.into(),
                mrr: 120_000,
                ..NewCustomer::default()
            };
            store
                .write(&Command::AddCustomer(new), NOW)
                .expect("added")
                .customers[0]
        };
        let (acme, globex) = (add("Acme Ärger"), add("Globex"));
        let contact = NewContact {
            name: "Zoë, \"Z\" Ruiz".into(),
            email: "zoe@acme.example".into(),
            ..NewContact::default()
        };
        store
            .write(
                &Command::AddContact {
                    customer: acme,
                    contact,
                },
                NOW,
            )
            .expect("added");
        let template = Template::parse(
            "Subject: {{customer}} has {{arr}}\n\nHello {{ first }},\n{{me}} {{today}}\n",
        )
        .expect("a template");
        let (all, without) =
            drafts(&mut store, &[acme, globex], "", &template, NOW).expect("drafts");
        assert_eq!((all.len(), without), (1, vec!["Globex".to_owned()]));
        let text = String::from_utf8(all[0].bytes.clone()).expect("ASCII");
        assert!(
            text.is_ascii()
                && text.contains("X-Unsent: 1\r\n")
                && text.contains("<zoe@acme.example>"),
            "{text}"
        );
        assert!(
            text.contains("Date: Wed, 18 Nov 2026 11:06:40 +0000\r\n"),
            "{text}"
        );
        assert!(
            !text.contains("Ärger") && text.contains("Subject: =?utf-8?"),
            "{text}"
        );
        assert!(
            all[0].name.starts_with("Acme-Ärger_Zoë-Z-Ruiz_"),
            "{}",
            all[0].name
        );
        let again = drafts(&mut store, &[acme], "zoe", &template, NOW)
            .expect("drafts")
            .0;
        assert_eq!(again, all, "the same draft is the same bytes");
        let wrong = Template::parse("Subject: x\n\n{{secret}}").expect("a template");
        let error = drafts(&mut store, &[acme], "", &wrong, NOW).expect_err("refused");
        assert!(error.message.contains("{{secret}}"), "{}", error.message);
    }

    #[test]
    fn the_ready_templates_can_be_read() {
        for (name, text) in READY {
            let template = Template::parse(text).expect("a template");
            assert!(!template.body.is_empty(), "{name}");
        }
        assert!(Template::parse("Hello\n").is_err());
    }

    #[test]
    fn only_an_address_becomes_a_link() {
        assert_eq!(
            mailto(" dana@acme.example "),
            Some("mailto:dana@acme.example".into())
        );
        assert_eq!(
            mailto("d'a&b?x=1@acme.example"),
            Some("mailto:d%27a%26b%3Fx%3D1@acme.example".into())
        );
        for wrong in [
            "",
            "dana",
            "a@b",
            "a@b.c\nBcc: x@y.z",
            "a b@c.d",
            "a@b.c,x@y.z",
            "<a@b.c>",
        ] {
            assert_eq!(mailto(wrong), None, "{wrong:?}");
        }
    }
}
