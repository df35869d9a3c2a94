//! Taking contacts.

use std::borrow::Cow;

use super::activity::reference;
use super::desk::{Desk, Fate, Intake, Taken, quoted, refuse};
use super::mapping::Place;
use super::reader::Row;
use super::values;
use crate::error::Result;
use crate::store::load::ContactRow;

/// Contacts.
pub(super) struct Contacts {
    key: Place,
    customer: Place,
    name: Place,
    first: Place,
    last: Place,
    role: Place,
    email: Place,
    phone: Place,
    primary: Place,
    external: String,
    word: String,
}

impl Contacts {
    pub(super) fn new(desk: &Desk<'_>) -> Contacts {
        let place = |code| desk.map.place(code);
        Contacts {
            key: place("key"),
            customer: place("customer"),
            name: place("name"),
            first: place("first_name"),
            last: place("last_name"),
            role: place("role"),
            email: place("email"),
            phone: place("phone"),
            primary: place("primary"),
            external: String::new(),
            word: String::new(),
        }
    }
}

/// The role that files mean by a word. Words that mean none of ours are kept as they are: somebody in billing pays the
/// invoice but does not decide to buy.
fn role(word: &str) -> Option<&'static str> {
    let is = |words: &[&str]| words.iter().any(|w| w.eq_ignore_ascii_case(word));
    if is(&[
        "executive",
        "exec",
        "sponsor",
        "executive sponsor",
        "executive_sponsor",
    ]) {
        Some("sponsor")
    } else if is(&[
        "buyer",
        "economic buyer",
        "economic_buyer",
        "decision maker",
        "decision_maker",
    ]) {
        Some("buyer")
    } else if is(&["champion", "advocate"]) {
        Some("champion")
    } else if is(&["admin", "administrator"]) {
        Some("admin")
    } else if is(&["user", "end user", "end_user"]) {
        Some("user")
    } else if is(&["detractor", "blocker"]) {
        Some("detractor")
    } else {
        None
    }
}

impl Intake for Contacts {
    fn take(&mut self, desk: &mut Desk<'_>, row: Row<'_>) -> Taken {
        let (called, email) = (
            full_name(row, self.name, self.first, self.last),
            row.get(self.email),
        );
        let shown = if called.is_empty() { email } else { &*called };
        if shown.is_empty() {
            return refuse("empty name", say!("contacts.row_neither_name_nor"));
        }
        let Some(main) = values::yes_no(row.get(self.primary)) else {
            return refuse(
                "not yes or no",
                format!(
                    "{} {}",
                    desk.map.header(self.primary),
                    quoted(row.get(self.primary))
                ),
            );
        };
        let (customer, number) = self.customer(desk, row, email)?;
        reference(
            &mut self.external,
            desk,
            row,
            self.key,
            &[customer, if email.is_empty() { &*called } else { email }],
        )?;
        if let Some(fate) = desk.repeated(&self.external, row.content())? {
            return Ok(fate);
        }
        let word = row.get(self.role);
        self.word.clear();
        self.word.push_str(word);
        self.word.make_ascii_lowercase();
        let known = if desk.loader.contact(&self.external)?.is_some() {
            None
        } else {
            same(desk, number, shown, email)?
        };
        let contact = ContactRow {
            number: known,
            external: &self.external,
            customer: number,
            // Whoever has a name is not called by an address.
            name: (!called.is_empty()).then_some(&*called),
            role: row
                .says(self.role)
                .then(|| role(word).unwrap_or(&self.word)),
            email: row.said(self.email),
            phone: row.said(self.phone),
            primary: row.says(self.primary).then_some(main),
        };
        desk.note_updated(row);
        let (_, outcome) = desk.loader.put_contact(&contact)?;
        desk.note_conflicts(row.line, shown);
        desk.remember(&self.external, row.content(), row.line);
        Ok(Fate::from(outcome))
    }
}

impl Contacts {
    /// Whose contact a row is: as it says, else the customer to whom its own address belongs.
    fn customer<'r>(
        &self,
        desk: &mut Desk<'_>,
        row: Row<'r>,
        email: &'r str,
    ) -> Taken<(&'r str, i64)> {
        let said = !row.get(self.customer).is_empty()
            || !row.get(desk.map.place("customer_name")).is_empty();
        if !said && !email.is_empty() {
            return match desk.customer(email)? {
                Some(number) => Ok((email, number)),
                None => refuse(
                    "unknown customer",
                    say!("contacts.no_customer_book_address", email = quoted(email)),
                ),
            };
        }
        desk.customer_of(row, self.customer)
    }
}

/// The contact of a customer that a row means which has another key: by e-mail address, else by folded name.
fn same(desk: &mut Desk<'_>, customer: i64, name: &str, email: &str) -> Result<Option<i64>> {
    if !email.is_empty()
        && let Some((contact, of)) = desk.loader.contact_by_email(email)?
    {
        return Ok((of == customer).then_some(contact));
    }
    if email.is_empty() {
        desk.loader.contact_by_name(customer, name)
    } else {
        Ok(None)
    }
}

/// A name in one column or in two.
pub(super) fn full_name(row: Row<'_>, name: Place, first: Place, last: Place) -> Cow<'_, str> {
    let whole = row.get(name);
    if !whole.is_empty() || !first.there() && !last.there() {
        return Cow::Borrowed(whole);
    }
    Cow::Owned(
        format!("{} {}", row.get(first), row.get(last))
            .trim()
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_that_are_known_are_mapped_and_others_stay() {
        assert_eq!(role("Executive"), Some("sponsor"));
        assert_eq!(role("economic buyer"), Some("buyer"));
        assert_eq!(role("billing"), None);
        for code in crate::domain::customer::ROLES {
            assert_eq!(role(code), Some(*code));
        }
    }
}
