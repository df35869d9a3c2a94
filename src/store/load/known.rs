//! Whom a row means that has no key of the book: by web address, e-mail address, or exact folded name. Read from the book when it is
//! first asked for; kept as hashes, so a million customers take some tens of megabytes.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use rusqlite::Connection;

use super::Loader;
use crate::domain::duplicate::domain;
use crate::error::Result;
use crate::text::fold;

/// Several have it, so it names nobody.
const SEVERAL: i64 = -1;

/// What customers and contacts go by. `None` until it is asked for.
#[derive(Default)]
pub(super) struct Known {
    state: RandomState,
    read: bool,
    domains: HashMap<u64, i64>,
    names: HashMap<u64, i64>,
    /// Contacts by e-mail addresses.
    emails: HashMap<u64, i64>,
    people: HashMap<u64, i64>,
}

impl Known {
    fn put(map: &mut HashMap<u64, i64>, hash: u64, n: i64) {
        map.entry(hash)
            .and_modify(|there| *there = if *there == n { n } else { SEVERAL })
            .or_insert(n);
    }

    /// Notes a customer that the load has made; what it is called is only of use once somebody has asked.
    pub(super) fn add_customer(&mut self, n: i64, name: &str, website: &str) {
        if self.read {
            let folded = fold(name);
            Known::put(&mut self.names, self.state.hash_one(folded.as_str()), n);
            if let Some(domain) = domain(website) {
                Known::put(&mut self.domains, self.state.hash_one(domain), n);
            }
        }
    }

    /// Notes a contact that the load has made or changed.
    pub(super) fn add_contact(&mut self, n: i64, customer: i64, name: &str, email: &str) {
        if self.read {
            Known::put(
                &mut self.people,
                self.state.hash_one((customer, fold(name))),
                n,
            );
            if !email.is_empty() {
                let hash = self.state.hash_one(email.trim().to_lowercase());
                Known::put(&mut self.emails, hash, n);
            }
        }
    }

    fn load(&mut self, conn: &Connection) -> Result<()> {
        if self.read {
            return Ok(());
        }
        self.read = true;
        let mut statement =
            conn.prepare("SELECT n, name, website FROM customer WHERE removed = 0")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let n = row.get(0)?;
            let (name, website): (String, String) = (row.get(1)?, row.get(2)?);
            self.add_customer(n, &name, &website);
        }
        let mut statement =
            conn.prepare("SELECT n, customer, name, email FROM contact WHERE removed = 0")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (name, email): (String, String) = (row.get(2)?, row.get(3)?);
            self.add_contact(row.get(0)?, row.get(1)?, &name, &email);
        }
        Ok(())
    }

    fn only(&self, map: &HashMap<u64, i64>, hash: u64) -> Option<i64> {
        map.get(&hash).copied().filter(|n| *n != SEVERAL)
    }

    fn customer(&self, map: &HashMap<u64, i64>, key: &str) -> Option<i64> {
        self.only(map, self.state.hash_one(key))
    }
}

impl Loader<'_> {
    /// The only customer with this web address.
    pub fn customer_by_domain(&mut self, address: &str) -> Result<Option<i64>> {
        self.known.load(self.batch.conn)?;
        Ok(domain(address).and_then(|d| self.known.customer(&self.known.domains, &d)))
    }

    /// The customer that has this folded name for a key, or the only one that is called so.
    pub fn customer_by_name(&mut self, folded: &str) -> Result<Option<i64>> {
        if let Some(n) = self.customer(folded)? {
            return Ok(Some(n));
        }
        self.known.load(self.batch.conn)?;
        Ok(self.known.customer(&self.known.names, folded))
    }

    /// The only contact with this e-mail address, and its customer.
    pub fn contact_by_email(&mut self, email: &str) -> Result<Option<(i64, i64)>> {
        self.known.load(self.batch.conn)?;
        let hash = self.known.state.hash_one(email.trim().to_lowercase());
        match self.known.only(&self.known.emails, hash) {
            Some(n) => Ok(Some((n, self.customer_of(n)?))),
            None => Ok(None),
        }
    }

    /// Whose contact that is: a load may have moved it.
    fn customer_of(&self, contact: i64) -> Result<i64> {
        let query = "SELECT customer FROM contact WHERE n = ?";
        self.batch
            .conn
            .prepare_cached(query)
            .and_then(|mut s| s.query_row([contact], |r| r.get(0)))
            .map_err(Into::into)
    }

    /// The only contact of a customer that is called so.
    pub fn contact_by_name(&mut self, customer: i64, name: &str) -> Result<Option<i64>> {
        self.known.load(self.batch.conn)?;
        let hash = self.known.state.hash_one((customer, fold(name)));
        match self.known.only(&self.known.people, hash) {
            Some(n) => Ok((self.customer_of(n)? == customer).then_some(n)),
            None => Ok(None),
        }
    }

    /// The customer that a row of a list means, by the first that fits: its web address, an e-mail address, its folded name. Only
    /// customers that were in the book before: two rows of one list are two customers. Where the list has keys of its own
    /// (`keyed`), only customers that no list has given a key yet.
    pub fn same_customer(
        &mut self,
        website: &str,
        email: &str,
        name: &str,
        keyed: bool,
    ) -> Result<Option<i64>> {
        if !self.had_customers {
            return Ok(None);
        }
        let mut found = self.customer_by_domain(website)?;
        if found.is_none() && !email.is_empty() {
            found = self.contact_by_email(email)?.map(|(_, customer)| customer);
            if let (None, Some((_, host))) = (found, email.split_once('@')) {
                found = self.customer_by_domain(host)?;
            }
        }
        if found.is_none() {
            self.known.load(self.batch.conn)?;
            found = self.known.customer(&self.known.names, &fold(name));
        }
        let Some(n) = found else { return Ok(None) };
        let (external, called, batch): (String, String, i64) = self
            .batch
            .conn
            .prepare_cached("SELECT external, name, batch FROM customer WHERE n = ?")
            .and_then(|mut s| s.query_row([n], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))))?;
        let free = external.is_empty() || external == fold(&called);
        Ok((batch != self.batch.n && (free || !keyed)).then_some(n))
    }
}
