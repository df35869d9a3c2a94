//! Taking contacts.

use super::activity::reference;
use super::desk::{Desk, Fate, Intake, Taken, quoted, refuse};
use super::mapping::Place;
use super::reader::Row;
use super::values;
use crate::store::load::ContactRow;

/// Contacts.
pub(super) struct Contacts {
    key: Place,
    customer: Place,
    name: Place,
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
    if is(&["executive", "exec", "sponsor", "executive sponsor", "executive_sponsor"]) {
        Some("sponsor")
    } else if is(&["buyer", "economic buyer", "economic_buyer", "decision maker", "decision_maker"]) {
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
        let (name, email) = (row.get(self.name), row.get(self.email));
        let customer = row.get(self.customer);
        let shown = if name.is_empty() { email } else { name };
        if shown.is_empty() {
            return refuse("empty name", "the row has neither a name nor an e-mail address");
        }
        let Some(primary) = values::yes_no(row.get(self.primary)) else {
            return refuse("not yes or no", format!("{} {}", desk.map.header(self.primary), quoted(row.get(self.primary))));
        };
        let number = desk.customer(customer)?;
        reference(&mut self.external, desk, row, self.key, &[customer, if email.is_empty() { name } else { email }])?;
        if let Some(fate) = desk.repeated(&self.external, row.content())? {
            return Ok(fate);
        }
        let word = row.get(self.role);
        self.word.clear();
        self.word.push_str(word);
        self.word.make_ascii_lowercase();
        let contact = ContactRow {
            external: &self.external,
            customer: number,
            name: shown,
            role: role(word).unwrap_or(&self.word),
            email,
            phone: row.get(self.phone),
            primary,
        };
        let (_, outcome) = desk.loader.put_contact(&contact)?;
        desk.remember(&self.external, row.content(), row.line);
        Ok(Fate::from(outcome))
    }
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
