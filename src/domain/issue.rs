//! Issues that come again: tickets about the same thing, by the words of their subjects.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::time::Day;
use crate::text::fold;

/// A ticket as it is grouped.
#[derive(Clone, PartialEq, Debug)]
pub struct Ticket {
    /// Its customer, by row of the roster.
    pub customer: u32,
    /// What it is about, in its words.
    pub subject: String,
    /// When it was opened.
    pub opened: Day,
    /// When it was closed.
    pub closed: Option<Day>,
}

/// Tickets about the same thing.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Issue {
    /// The word that they share, folded; the whole subject where nothing is shared.
    pub word: String,
    /// The subject that most of them have, the first in the alphabet of several.
    pub example: String,
    /// Tickets.
    pub count: usize,
    /// Of them, open ones.
    pub open: usize,
    /// Mean days of the closed ones; `None` without any.
    pub mean_days: Option<f64>,
    /// Their customers, a ticket each.
    pub customers: Vec<u32>,
}

/// Shorter words say too little to group by.
const SHORTEST: usize = 4;

/// Words that say nothing of what a ticket is about.
const EMPTY: [&str; 14] = [
    "after", "before", "cannot", "does", "fails", "from", "have", "into", "since", "that", "this",
    "when", "with", "wrong",
];

/// The words of a subject that may name what it is about.
fn words(subject: &str) -> HashSet<String> {
    let folded = fold(subject);
    let words = folded.split(|c: char| !c.is_alphanumeric());
    let says = |w: &&str| {
        w.chars().count() >= SHORTEST
            && !w.chars().any(|c| c.is_ascii_digit())
            && !EMPTY.contains(w)
    };
    words.filter(says).map(str::to_owned).collect()
}

/// Groups tickets by the word of their subject that most tickets have, ties to the first in the alphabet; the most common
/// issue comes first. A ticket that shares no word stands by its whole subject.
pub fn issues(tickets: &[Ticket]) -> Vec<Issue> {
    // Subjects repeat: each is cut into words once.
    let mut subjects: HashMap<&str, (HashSet<String>, usize)> = HashMap::new();
    for ticket in tickets {
        subjects
            .entry(&ticket.subject)
            .or_insert_with(|| (words(&ticket.subject), 0))
            .1 += 1;
    }
    let mut common: HashMap<&str, usize> = HashMap::new();
    for (words, n) in subjects.values() {
        words
            .iter()
            .for_each(|word| *common.entry(word).or_default() += n);
    }
    let shared = |words: &HashSet<String>| {
        let best = words.iter().max_by(|a, b| {
            common[a.as_str()]
                .cmp(&common[b.as_str()])
                .then_with(|| b.cmp(a))
        })?;
        (common[best.as_str()] > 1).then(|| best.clone())
    };
    let names: HashMap<&str, String> = subjects
        .iter()
        .map(|(subject, (words, _))| {
            (
                *subject,
                shared(words).unwrap_or_else(|| fold(subject.trim())),
            )
        })
        .collect();
    let mut examples: HashMap<&str, (usize, &str)> = HashMap::new();
    for (subject, (_, n)) in &subjects {
        let best = examples
            .entry(names[subject].as_str())
            .or_insert((*n, subject));
        if (*n, best.1) > (best.0, *subject) {
            *best = (*n, subject);
        }
    }
    let mut all: BTreeMap<&str, (Issue, i64)> = BTreeMap::new();
    for ticket in tickets {
        let name = names[ticket.subject.as_str()].as_str();
        let (issue, days) = all.entry(name).or_default();
        issue.count += 1;
        issue.customers.push(ticket.customer);
        match ticket.closed {
            Some(closed) => *days += closed.since(ticket.opened),
            None => issue.open += 1,
        }
    }
    let mut issues: Vec<Issue> = all
        .into_iter()
        .map(|(word, (issue, days))| {
            let closed = issue.count - issue.open;
            let mean_days = (closed > 0).then(|| days as f64 / closed as f64);
            let example = examples
                .get(word)
                .map_or(word, |(_, subject)| subject)
                .to_owned();
            Issue {
                word: word.to_owned(),
                example,
                mean_days,
                ..issue
            }
        })
        .collect();
    issues.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.word.cmp(&b.word)));
    issues
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(customer: u32, subject: &str, closed_after: Option<i64>) -> Ticket {
        let opened = Day::from_number(20_000).expect("inside the range");
        Ticket {
            customer,
            subject: subject.to_owned(),
            opened,
            closed: closed_after.map(|d| opened.plus(d)),
        }
    }

    #[test]
    fn tickets_that_share_a_word_are_one_issue() {
        let tickets = [
            ticket(1, "Export fails", Some(2)),
            ticket(2, "The EXPORT is slow", None),
            ticket(1, "Export of 2024 fails", Some(4)),
            ticket(3, "Login loops", Some(1)),
            ticket(3, "Überweisung fehlt", None),
        ];
        let found: Vec<_> = issues(&tickets)
            .into_iter()
            .map(|i| (i.word, i.count, i.open, i.mean_days, i.customers))
            .collect();
        assert_eq!(
            found[0],
            ("export".to_owned(), 3, 1, Some(3.0), vec![1, 2, 1])
        );
        assert_eq!(
            found[1].0, "login loops",
            "what shares no word stands by itself"
        );
        assert_eq!((found.len(), found[2].2, found[2].3), (3, 1, None));
        assert_eq!(issues(&[]), []);
    }

    #[test]
    fn every_ticket_is_in_exactly_one_issue() {
        let tickets: Vec<Ticket> = (0..30)
            .map(|i| {
                ticket(
                    i,
                    ["a b", "", "12 34 56", "Slow search page", "Search"][i as usize % 5],
                    None,
                )
            })
            .collect();
        assert_eq!(
            issues(&tickets).iter().map(|i| i.count).sum::<usize>(),
            tickets.len()
        );
    }
}
