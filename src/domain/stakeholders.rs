//! The stakeholder map: for each role who there is at a customer, when they last heard from us, and where that is a gap.

use serde::Serialize;

use super::config::Config;
use super::customer::{Contact, ROLES};
use super::signal::Signals;
use super::time::{Day, Zone};

/// Upper edges in days of the map's columns; behind the last one is what is older, and what never was.
pub const EDGES: [i64; 3] = [30, 60, 90];

/// One role at a customer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Coverage {
    /// Code of the role; empty: the contacts without one of [`ROLES`].
    pub role: String,
    /// How many contacts have it.
    pub people: usize,
    /// The last touch with one of them.
    pub last: Option<Day>,
    /// Days since.
    pub days: Option<i64>,
    /// Days after which the book says that they have waited for too long.
    pub limit: Option<i64>,
    /// The book watches the role, and nobody has it, or its people have never heard from us or wait for too long.
    pub gap: bool,
}

impl Coverage {
    /// The column of the map: the place in [`EDGES`], behind them older (3) or never (4).
    pub fn column(&self) -> usize {
        self.days.map_or(EDGES.len() + 1, |days| {
            EDGES
                .iter()
                .position(|edge| days <= *edge)
                .unwrap_or(EDGES.len())
        })
    }
}

/// The map of a customer on a day: every role in order, then the contacts without one, where there are any.
pub fn coverage(
    signals: &Signals,
    contacts: &[Contact],
    config: &Config,
    day: Day,
) -> Vec<Coverage> {
    let mut map: Vec<Coverage> = (0..ROLES.len())
        .map(|role| {
            let people = contacts.iter().filter(|c| c.role == ROLES[role]).count();
            let (last, limit) = (signals.roles[role], config.cadences.limit(role));
            let days = last.map(|last| day.since(last).max(0));
            let gap =
                limit.is_some_and(|limit| people == 0 || days.is_none_or(|days| days > limit));
            Coverage {
                role: ROLES[role].to_owned(),
                people,
                last,
                days,
                limit,
                gap,
            }
        })
        .collect();
    let others: Vec<&Contact> = contacts
        .iter()
        .filter(|c| !ROLES.contains(&c.role.as_str()))
        .collect();
    if !others.is_empty() {
        let last = others
            .iter()
            .filter_map(|c| c.last_touch)
            .max()
            .map(|at| config.zone.day(at));
        let days = last.map(|last| day.since(last).max(0));
        map.push(Coverage {
            role: String::new(),
            people: others.len(),
            last,
            days,
            limit: None,
            gap: false,
        });
    }
    map
}

/// Contacts by role in the order of [`ROLES`], those without one last; in a role who heard from us last comes first.
pub fn by_role(contacts: &[Contact]) -> Vec<&Contact> {
    let mut sorted: Vec<&Contact> = contacts.iter().collect();
    let place = |c: &Contact| {
        ROLES
            .iter()
            .position(|r| *r == c.role)
            .unwrap_or(ROLES.len())
    };
    sorted.sort_by_key(|c| (place(c), std::cmp::Reverse(c.last_touch), c.name.clone()));
    sorted
}

/// Days since a contact heard from us.
pub fn days_since(contact: &Contact, zone: Zone, day: Day) -> Option<i64> {
    contact.last_touch.map(|at| day.since(zone.day(at)).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watched_role_without_people_or_news_is_a_gap_and_the_edges_are_inclusive() {
        let config = Config::default();
        let today = Day::from_number(20_500).expect("inside the range");
        let person = |role: &str| Contact {
            role: role.into(),
            ..Contact::default()
        };
        let contacts = [
            person("champion"),
            person("user"),
            person("uncle"),
            person("user"),
        ];
        let mut signals = Signals::default();
        (signals.roles[0], signals.roles[3]) = (Some(today.plus(-60)), Some(today.plus(-61)));
        let map = coverage(&signals, &contacts, &config, today);
        let said: Vec<_> = map
            .iter()
            .map(|c| (c.role.as_str(), c.people, c.column(), c.gap))
            .collect();
        assert_eq!(
            said,
            [
                ("champion", 1, 1, false),
                ("buyer", 0, 4, true),
                ("sponsor", 0, 4, false),
                ("user", 2, 2, false),
                ("admin", 0, 4, false),
                ("detractor", 0, 4, false),
                ("", 1, 4, false)
            ]
        );
        signals.roles[0] = Some(today.plus(-61));
        assert!(coverage(&signals, &contacts, &config, today)[0].gap);
        let names: Vec<&str> = by_role(&contacts).iter().map(|c| c.role.as_str()).collect();
        assert_eq!(names, ["champion", "user", "user", "uncle"]);
    }
}
