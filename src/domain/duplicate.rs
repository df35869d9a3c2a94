//! Customers that may be one and the same: the same folded name, the same domain of web site or e-mail, the same e-mail address.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// What is looked at of one customer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Traits {
    /// Its folded name.
    pub name: String,
    /// Its web site, as typed.
    pub website: String,
    /// The e-mail addresses of its people.
    pub emails: Vec<String>,
}

/// Why two customers may be one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase", tag = "why", content = "what")]
pub enum Sign {
    /// The same name, but for case and accents.
    Name(String),
    /// A person has the same e-mail address at both.
    Email(String),
    /// The same domain, of web sites or addresses.
    Domain(String),
}

impl Sign {
    /// Its code: `name`, `email`, `domain`.
    pub fn code(&self) -> &'static str {
        match self {
            Sign::Name(_) => "name",
            Sign::Email(_) => "email",
            Sign::Domain(_) => "domain",
        }
    }

    /// What is the same.
    pub fn what(&self) -> &str {
        match self {
            Sign::Name(what) | Sign::Email(what) | Sign::Domain(what) => what,
        }
    }
}

/// Domains at which anybody has an address: they say nothing of a customer.
const ANYBODYS: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "msn.com",
    "yahoo.com",
    "yandex.ru",
    "yandex.com",
    "mail.ru",
    "icloud.com",
    "me.com",
    "aol.com",
    "gmx.de",
    "gmx.net",
    "web.de",
    "t-online.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "163.com",
];

/// More customers than this with one thing in common, and it says nothing (a reseller, a group).
const MANY: usize = 8;

/// The domain of a web site or an address; `None` where there is none, or where anybody may have it.
pub fn domain(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let rest = text
        .split_once("://")
        .map_or(text.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().trim_matches('.');
    let host = host.strip_prefix("www.").unwrap_or(host);
    let plain =
        host.contains('.') && !host.contains(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
    let fits = plain && !ANYBODYS.contains(&host);
    fits.then(|| host.to_owned())
}

/// Pairs of places in `all`, each with why: those with more signs first, then in the order of the places. Of several that share one thing
/// each is paired with the first.
pub fn pairs(all: &[Traits]) -> Vec<(usize, usize, Vec<Sign>)> {
    let mut shared: BTreeMap<Sign, Vec<usize>> = BTreeMap::new();
    for (at, one) in all.iter().enumerate() {
        let mut signs: BTreeSet<Sign> = one
            .emails
            .iter()
            .chain([&one.website])
            .filter_map(|t| domain(t))
            .map(Sign::Domain)
            .collect();
        signs.extend(
            one.emails
                .iter()
                .map(|e| e.trim().to_lowercase())
                .filter(|e| e.contains('@'))
                .map(Sign::Email),
        );
        signs.extend((!one.name.is_empty()).then(|| Sign::Name(one.name.clone())));
        for sign in signs {
            shared.entry(sign).or_default().push(at);
        }
    }
    let mut found: BTreeMap<(usize, usize), Vec<Sign>> = BTreeMap::new();
    for (sign, of) in shared {
        let [first, others @ ..] = of.as_slice() else {
            continue;
        };
        for other in others.iter().filter(|_| of.len() <= MANY) {
            found
                .entry((*first, *other))
                .or_default()
                .push(sign.clone());
        }
    }
    let mut pairs: Vec<_> = found
        .into_iter()
        .map(|((a, b), signs)| (a, b, signs))
        .collect();
    pairs.sort_by_key(|(a, b, signs)| (std::cmp::Reverse(signs.len()), *a, *b));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traits(name: &str, website: &str, emails: &[&str]) -> Traits {
        Traits {
            name: name.into(),
            website: website.into(),
            emails: emails.iter().map(|e| (*e).to_owned()).collect(),
        }
    }

    #[test]
    fn domains_are_read_from_sites_and_addresses() {
        for (text, wanted) in [
            ("https://www.Acme.example/en?x", Some("acme.example")),
            ("acme.example:8080", Some("acme.example")),
            ("Dana@acme.example", Some("acme.example")),
            ("dana@gmail.com", None),
            ("WWW.ACME.EXAMPLE.", Some("acme.example")),
            ("a b.example", None),
            ("a.example, b.example", None),
            ("https://", None),
            ("localhost", None),
            ("", None),
        ] {
            assert_eq!(domain(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn what_two_share_makes_a_pair_and_what_many_share_does_not() {
        let mut all = vec![
            traits("acme", "acme.example", &["dana@acme.example"]),
            traits(
                "acme inc",
                "https://www.acme.example",
                &["DANA@acme.example"],
            ),
            traits("acme", "", &["x@gmail.com"]),
            traits("other", "", &["y@gmail.com"]),
        ];
        let found = pairs(&all);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].0, found[0].1, found[0].2.len()), (0, 1, 2));
        assert_eq!(
            (found[1].0, found[1].1, found[1].2.as_slice()),
            (0, 2, [Sign::Name("acme".into())].as_slice())
        );
        all.extend((0..9).map(|n| traits(&format!("shop {n}"), "mall.example", &[])));
        assert_eq!(pairs(&all).len(), 2);
    }
}
