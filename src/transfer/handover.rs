//! The brief of a handover: for whoever takes customers over, what there is to know of each, in Markdown.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::PoisonError;

use crate::domain::action::Action;
use crate::domain::checklist::Answer;
use crate::domain::config::Config;
use crate::domain::event::{Event, EventKind};
use crate::domain::health::{Band, Explanation};
use crate::domain::id::Id;
use crate::domain::priority::REASONS;
use crate::domain::query::{Account, ActionAsk, Page, Query, TimelineAsk};
use crate::domain::stakeholders::{by_role, coverage, days_since};
use crate::domain::time::Day;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::text::within;
use crate::text::words::Words;

/// Touches, notes and measures that are told of each customer, at most.
const TOUCHES: usize = 5;
const NOTES: usize = 3;
const MEASURES: usize = 3;
/// Most characters of a text that is told.
const LONGEST: usize = 300;

/// The brief of some customers, in their order. `to`: who takes over; empty where nobody is named yet.
pub fn brief(store: &mut Store, customers: &[Id], from: &str, to: &str) -> Result<String> {
    let words = Words::english();
    let (today, config) = (store.today(), store.config());
    let heading = match (from, to) {
        (from, "") => format!("Customers of {}", md(from)),
        ("", to) => format!("Handover to {}", md(to)),
        (from, to) => say!("handover.handover_from", from = md(from), to = md(to)).to_string(),
    };
    let mut out = format!(
        "# {heading}\n\n{today}, {}\n",
        words.count("customers", customers.len() as i64)
    );
    for customer in customers {
        let told = told(
            store,
            *customer,
            vec![EventKind::Touch, EventKind::Note, EventKind::Churn],
            &words,
        )?;
        let _ = write!(out, "\n## {}\n\n", md(&told.account.customer.name));
        out += &told.standing(&words, &config, today);
        talks(&mut out, &told.account, &words);
        out += &told.work(&words);
        out += &told.people(&words, &config, today);
        out += &told.know();
    }
    Ok(out)
}

/// What is told of one customer, here and in other reports.
pub struct Told {
    /// Its page, with the events that were asked for.
    pub account: Box<Account>,
    /// Its calls to action.
    pub actions: Vec<Action>,
    noes: Vec<String>,
    why: Vec<String>,
}

/// Most events that are read of a customer.
const READ: usize = 400;

/// Reads what is told of a customer, with events of these kinds.
pub fn told(store: &mut Store, customer: Id, kinds: Vec<EventKind>, words: &Words) -> Result<Told> {
    let limit = if kinds.len() > 3 { READ * 10 } else { READ };
    let timeline = TimelineAsk {
        kinds,
        limit,
        ..TimelineAsk::default()
    };
    let Page::Account(Some(account)) = store.answer(&Query::Account { customer, timeline })? else {
        return Err(Error::not_found(say!("handover.customer_gone_meanwhile")));
    };
    let actions = match store.answer(&Query::Actions(ActionAsk {
        customer: Some(customer),
        ..ActionAsk::default()
    }))? {
        Page::Actions(rows) => rows.into_iter().map(|r| r.action).collect(),
        _ => Vec::new(),
    };
    let noes = noes(store, customer)?;
    let shared = store.roster()?;
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let why: Vec<String> = roster
        .reasons(account.row as usize)
        .iter()
        .filter_map(|w| {
            REASONS
                .get(usize::from(w.key.reason.0))
                .map(|kind| words.why(kind.code, i64::from(w.figure)))
        })
        .collect();
    Ok(Told {
        account,
        actions,
        noes,
        why,
    })
}

impl Told {
    /// Stage, health, money, renewal: lines of a list.
    pub fn standing(&self, words: &Words, config: &Config, today: Day) -> String {
        let mut out = String::new();
        standing(&mut out, &self.account, words, config, today, &self.why);
        out
    }

    /// What is open, under a heading of its own; nothing where nothing is.
    pub fn work(&self, words: &Words) -> String {
        let mut out = String::new();
        open(&mut out, &self.account, &self.actions, words);
        out
    }

    /// Who is who, under a heading of its own.
    pub fn people(&self, words: &Words, config: &Config, today: Day) -> String {
        let mut out = String::new();
        people(&mut out, &self.account, words, config, today);
        out
    }

    /// Notes, and what the checklist says no to, under a heading of its own.
    pub fn know(&self) -> String {
        let mut out = String::new();
        know(&mut out, &self.account, &self.noes);
        out
    }
}

/// Writes a brief into a file that is not there yet.
pub fn write(path: &Path, brief: &str) -> Result<()> {
    let refuse = |e: std::io::Error| {
        let error =
            Error::failed(say!("handover.brief_cannot_written", path = path.display())).because(e);
        error.hint(say!("handover.name_file_not_there"))
    };
    let mut file = std::fs::File::create_new(path).map_err(refuse)?;
    file.write_all(brief.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(refuse)
}

/// Text from the book as one line in which nothing counts as Markdown.
fn md(text: &str) -> String {
    super::markdown::cut(text, LONGEST)
}

fn standing(
    out: &mut String,
    account: &Account,
    words: &Words,
    config: &Config,
    today: Day,
    why: &[String],
) {
    let signals = &account.signals;
    let stage = signals.since.map_or_else(
        || "in no stage yet".to_owned(),
        |since| {
            format!(
                "{}, since {since} ({} days)",
                md(config.stages.label(signals.stage)),
                today.since(since)
            )
        },
    );
    let _ = writeln!(out, "- **Stage:** {stage}");
    if !account.customer.owner.is_empty() {
        let _ = writeln!(
            out,
            "- **Owner until now:** {}",
            md(&account.customer.owner)
        );
    }
    let health = account.health.health;
    let score = health.score.map_or_else(
        || words.band("unknown").to_owned(),
        |s| format!("{s} ({})", band(health.band, words)),
    );
    let _ = writeln!(
        out,
        "- **Health:** {score}{}",
        weakest(&account.health, words)
    );
    if !why.is_empty() {
        let _ = writeln!(out, "- **Needs somebody because:** {}", why.join("; "));
    }
    let _ = writeln!(out, "- **ARR:** {}", account.arr.full(config.currency));
    if let Some(renews) = signals.renews {
        let plan = if signals.plan {
            ""
        } else {
            &say!("handover.nobody_plan_yet")
        };
        let _ = writeln!(
            out,
            "- **Renews:** {renews}, in {} days{plan}",
            renews.since(today)
        );
    }
    if let Some(nps) = signals.nps {
        let _ = writeln!(
            out,
            "- **NPS:** {nps}{}",
            signals
                .nps_day
                .map_or_else(String::new, |d| format!(" on {d}"))
        );
    }
    if !account.customer.tags.is_empty() {
        let _ = writeln!(out, "- **Tags:** {}", md(&account.customer.tags.join(", ")));
    }
}

fn band(band: Band, words: &Words) -> &str {
    words.band(match band {
        Band::Unknown => "unknown",
        Band::Risk => "risk",
        Band::Watch => "watch",
        Band::Good => "good",
    })
}

/// The measures that cost the score most.
fn weakest(health: &Explanation, words: &Words) -> String {
    let lost = |l: &crate::domain::health::Line| {
        l.points.map_or(0, |p| {
            u64::from(l.weight) * u64::from(1000_u16.saturating_sub(p))
        })
    };
    let mut lines: Vec<_> = health.lines.iter().filter(|l| lost(l) > 0).collect();
    lines.sort_by_key(|l| std::cmp::Reverse(lost(l)));
    let said: Vec<String> = lines
        .iter()
        .take(MEASURES)
        .map(|l| {
            format!(
                "{} {}{}",
                within(words.measure(&l.measure)),
                l.raw.unwrap_or(0),
                l.unit
            )
        })
        .collect();
    if said.is_empty() {
        String::new()
    } else {
        say!("handover.loses_most_by", said = said.join(", ")).to_string()
    }
}

fn section(out: &mut String, title: &str, lines: Vec<String>) {
    if !lines.is_empty() {
        let _ = write!(out, "\n### {title}\n\n");
        for line in lines {
            let _ = writeln!(out, "- {line}");
        }
    }
}

fn talks(out: &mut String, account: &Account, words: &Words) {
    let line = |e: &Event| {
        let who = if e.contact_name.is_empty() {
            String::new()
        } else {
            format!(" with {}", md(&e.contact_name))
        };
        let text = if e.text.is_empty() {
            String::new()
        } else {
            format!(": {}", md(&e.text))
        };
        format!("{} {}{who}{text}", e.day, words.channel(&e.channel))
    };
    let touches = account
        .events
        .iter()
        .filter(|e| e.kind == EventKind::Touch)
        .take(TOUCHES);
    section(out, "Last touches", touches.map(line).collect());
}

fn open(out: &mut String, account: &Account, actions: &[Action], words: &Words) {
    let due = |day: Option<Day>| day.map_or_else(String::new, |d| format!(", due {d}"));
    let owner = |name: &str| {
        if name.is_empty() {
            String::new()
        } else {
            format!(" ({})", md(name))
        }
    };
    let tasks = account.tasks.iter().filter(|t| t.done.is_none());
    let tasks =
        tasks.map(|t| format!("Task: {}{}{}", md(&t.title), due(t.turn()), owner(&t.owner)));
    let calls = actions.iter().filter(|a| a.closed.is_none());
    let calls = calls.map(|a| {
        say!(
            "handover.call_action",
            kind = a.kind,
            title = md(&a.title),
            due = due(a.due),
            owner = owner(&a.owner)
        )
        .to_string()
    });
    let tickets = account.tickets.iter().filter(|t| t.closed.is_none());
    let tickets = tickets.map(|t| {
        format!(
            "{}, severity {}: {} {}",
            words.kind("ticket"),
            t.severity,
            md(&t.external),
            md(&t.subject)
        )
    });
    section(out, "Open", tasks.chain(calls).chain(tickets).collect());
}

fn people(out: &mut String, account: &Account, words: &Words, config: &Config, today: Day) {
    let mut lines: Vec<String> = by_role(&account.contacts)
        .into_iter()
        .map(|c| {
            let role = if c.role.is_empty() {
                String::new()
            } else {
                format!(", {}", within(&md(words.role(&c.role))))
            };
            let reach = [&c.email, &c.phone]
                .into_iter()
                .filter(|t| !t.is_empty())
                .map(|t| format!(", {}", md(t)))
                .collect::<String>();
            let since = days_since(c, config.zone, today).map_or_else(
                || "never touched".to_owned(),
                |d| say!("handover.touched_days_ago", d = d).to_string(),
            );
            format!(
                "**{}**{role}{}{reach}; {since}",
                md(&c.name),
                if c.primary { ", main contact" } else { "" }
            )
        })
        .collect();
    let gaps = coverage(&account.signals, &account.contacts, config, today)
        .into_iter()
        .filter(|c| c.gap);
    let gaps: Vec<String> = gaps.map(|c| within(words.role(&c.role))).collect();
    if !gaps.is_empty() {
        lines.push(format!("Gaps: {}", gaps.join(", ")));
    }
    section(out, "People", lines);
}

/// Pinned notes, else the latest ones, and what the checklist says no to.
fn know(out: &mut String, account: &Account, noes: &[String]) {
    let notes = || {
        account
            .events
            .iter()
            .filter(|e| e.kind == EventKind::Note && !e.text.is_empty())
    };
    let pinned: Vec<&Event> = notes()
        .filter(|e| e.more.get("pinned").and_then(serde_json::Value::as_bool) == Some(true))
        .collect();
    let told: Vec<&Event> = if pinned.is_empty() {
        notes().take(NOTES).collect()
    } else {
        pinned
    };
    let mut lines: Vec<String> = told
        .into_iter()
        .map(|e| format!("{} {}: {}", e.day, md(&e.author), md(&e.text)))
        .collect();
    lines.extend(noes.iter().cloned());
    if !account.customer.snooze_reason.is_empty() {
        lines.push(format!("Snoozed: {}", md(&account.customer.snooze_reason)));
    }
    section(out, &say!("handover.what_know"), lines);
}

fn noes(store: &mut Store, customer: Id) -> Result<Vec<String>> {
    let Page::Checklists(lists) = store.answer(&Query::Checklists { customer })? else {
        return Ok(Vec::new());
    };
    let items = lists.iter().filter(|l| l.present).flat_map(|l| &l.items);
    let no = items.filter_map(|i| {
        i.answered
            .as_ref()
            .filter(|a| a.answer == Answer::No)
            .map(|a| (i, a))
    });
    Ok(no
        .map(|(i, a)| {
            format!(
                "Checklist: {} No{}",
                md(&i.question.ask),
                if a.note.is_empty() {
                    String::new()
                } else {
                    format!(", {}", md(&a.note))
                }
            )
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portfolio_is_told_customer_by_customer() {
        use crate::domain::command::{Command, NewContact, NewCustomer};
        use crate::domain::task::TaskDraft;
        use crate::domain::time::Stamp;
        use crate::domain::touchpoint::TouchDraft;
        use crate::store::outbox::Keep;
        use crate::store::{Options, Who};
        let now = Stamp(1_795_000_000_000); // 2026-11-18
        let who = Who {
            person: "ana".into(),
            device: Id([7; 16]),
        };
        let mut store = Store::memory(&Options {
            who,
            now,
            as_of: None,
            create: true,
            zone: None,
            keep: Keep::Nowhere,
        })
        .unwrap();
        let mut add = |name: &str, owner: &str| {
            let new = NewCustomer {
                name: name.into(),
                owner: owner.into(),
                stage: "retention".into(),
                mrr: 2_000_000,
                ..NewCustomer::default()
            };
            store
                .write(&Command::AddCustomer(new), now)
                .unwrap()
                .customers[0]
        };
        let (acme, _) = (add("Acme *Foods*", "ana"), add("Globex", "bo"));
        let contact = NewContact {
            name: "Dana Ruiz".into(),
            role: "champion".into(),
            ..NewContact::default()
        };
        store
            .write(
                &Command::AddContact {
                    customer: acme,
                    contact,
                },
                now,
            )
            .unwrap();
        let touch = TouchDraft {
            channel: "phone".into(),
            text: "Walked through\nthe fix".into(),
            ..TouchDraft::default()
        };
        store
            .write(
                &Command::LogTouch {
                    customers: vec![acme],
                    touch,
                },
                now,
            )
            .unwrap();
        let task = TaskDraft {
            title: "Send the plan".into(),
            ..TaskDraft::default()
        };
        store
            .write(
                &Command::AddTask {
                    customers: vec![acme],
                    task,
                },
                now,
            )
            .unwrap();
        store
            .write(
                &Command::Note {
                    customers: vec![acme],
                    text: "They hate calls before ten".into(),
                    at: None,
                },
                now,
            )
            .unwrap();
        let theirs = store.portfolio("ANA", "").unwrap();
        assert_eq!(theirs, [acme]);
        assert_eq!(store.portfolio("ana", "name:globex").unwrap(), []);
        let brief = brief(&mut store, &theirs, "ana", "chen").unwrap();
        insta::assert_snapshot!(brief);
    }

    #[test]
    fn text_of_the_book_is_no_markdown() {
        assert_eq!(
            md("# a *b* [c](d)\n- <e>|"),
            "\\# a \\*b\\* \\[c\\](d) - \\<e\\>\\|"
        );
        assert_eq!(md(&"x".repeat(400)).chars().count(), LONGEST + 1);
    }
}
