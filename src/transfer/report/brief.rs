//! What to read before a meeting: how the customer stands, what has changed since the last meeting, what was talked of, what is open,
//! who is who, and the health score explained.

use super::{Plot, Report, Shape, list, table};
use crate::domain::event::{Event, EventKind};
use crate::domain::health::{Explanation, Line, difference};
use crate::domain::id::Id;
use crate::domain::money;
use crate::domain::query::{Account, Page, Query};
use crate::domain::stage::Stages;
use crate::domain::time::Day;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::text::within;
use crate::text::words::Words;
use crate::transfer::handover::{self, Told};
use crate::transfer::markdown;

/// Most characters of a text that is told.
const LONGEST: usize = 300;
/// Most things that are told of the time since the last meeting.
const MOST: usize = 20;
/// Days that are looked back where nobody has met yet.
const LOOK_BACK: i64 = 90;

/// The brief of a customer.
pub fn brief(store: &mut Store, customer: Id) -> Result<Report> {
    let words = Words::english();
    let (today, config) = (store.today(), store.config());
    let told = handover::told(store, customer, EventKind::ALL.to_vec(), &words)?;
    let account = &told.account;
    let met = account
        .events
        .iter()
        .find(|e| is_meeting(e) && e.day < today);
    let since = met.map_or(today.plus(-LOOK_BACK), |e| e.day);
    let mut report = Report::new(format!("Brief: {}", account.customer.name));
    report.say(format!("{today}, for {}", markdown::line(store.person())));
    report.say(format!(
        "## Now\n\n{}",
        told.standing(&words, &config, today)
            .replacen("**Owner until now:**", "**Owner:**", 1)
    ));
    report.plot(trend(account, today));
    let before = explained(store, customer, since)?;
    report.say(changes(
        account,
        before.as_ref(),
        met,
        since,
        &words,
        &config.stages,
    ));
    for part in [
        told.work(&words),
        told.people(&words, &config, today),
        told.know(),
    ] {
        report.say(part.replace("\n### ", "\n## "));
    }
    report.say(explain(&account.health, &words));
    Ok(report)
}

/// Somebody sat together with them, on whatever way.
fn is_meeting(e: &Event) -> bool {
    e.kind == EventKind::Touch
        && matches!(
            e.channel.as_str(),
            "meeting" | "business_review" | "training" | "video_demo"
        )
}

/// The weekly scores up to today.
pub(super) fn trend(account: &Account, today: Day) -> Plot {
    let weeks = account.trend.len() as i64;
    let point = |(at, score): (usize, &Option<u8>)| {
        (
            today.plus(-7 * (weeks - 1 - at as i64)).to_string(),
            score.map(f64::from),
        )
    };
    let points = account.trend.iter().enumerate().map(point).collect();
    Plot {
        title: say!("brief.health_by_week").to_string(),
        shape: Shape::Line,
        points,
        range: Some((0.0, 100.0)),
    }
}

/// The score as it was explained on a day.
pub(super) fn explained(store: &mut Store, customer: Id, day: Day) -> Result<Option<Explanation>> {
    match store.answer(&Query::Health {
        customer,
        since: Some(day),
    })? {
        Page::Health(pair) => Ok(pair.1),
        _ => Err(Error::failed(say!("any.book_answered_another_question"))),
    }
}

/// `62 to 48: usage -9, tickets -5`.
pub(super) fn moved(before: &Explanation, now: &Explanation, words: &Words) -> Option<String> {
    let (was, is) = (before.health.score?, now.health.score?);
    let by: Vec<String> = difference(before, now)
        .into_iter()
        .filter(|(_, a, b)| a != b)
        .map(|(measure, a, b)| {
            format!(
                "{} {:+.1}",
                within(words.measure(&measure)),
                f64::from(b - a) / 100.0
            )
        })
        .collect();
    let by = if by.is_empty() {
        String::new()
    } else {
        format!(": {}", by.join(", "))
    };
    Some(format!("**Health:** {was} to {is}{by}"))
}

fn changes(
    account: &Account,
    before: Option<&Explanation>,
    met: Option<&Event>,
    since: Day,
    words: &Words,
    stages: &Stages,
) -> String {
    let title = match met {
        Some(e) => say!(
            "brief.since_last_meeting_on",
            since = since,
            channel = within(words.channel(&e.channel))
        ),
        None => say!("brief.since_nobody_met_them", since = since),
    };
    let mut lines: Vec<String> = before
        .and_then(|b| moved(b, &account.health, words))
        .into_iter()
        .collect();
    let new = account.events.iter().filter(|e| {
        e.day >= since && Some(e.id) != met.map(|m| m.id) && e.kind != EventKind::Usage
    });
    let new: Vec<&Event> = new.collect();
    lines.extend(new.iter().take(MOST).map(|e| told(e, words, stages)));
    if new.len() > MOST {
        lines.push(format!("and {} more", new.len() - MOST));
    }
    if lines.is_empty() {
        lines.push(say!("brief.nothing_changed").to_string());
    }
    list(&title, &lines)
}

/// An event in a line.
pub(super) fn told(e: &Event, words: &Words, stages: &Stages) -> String {
    let who = if e.contact_name.is_empty() {
        String::new()
    } else {
        format!(" with {}", markdown::cut(&e.contact_name, LONGEST))
    };
    let label = |code: &str| {
        stages
            .find(code)
            .map_or_else(|| code.to_owned(), |no| stages.label(no).to_owned())
    };
    let what = match e.kind {
        EventKind::Touch => words.channel(&e.channel).to_owned(),
        EventKind::Stage => format!("{} to {}", words.kind(e.kind.code()), label(&e.channel)),
        EventKind::Ticket => format!("{} {}", words.kind(e.kind.code()), e.channel),
        EventKind::Nps | EventKind::Csat | EventKind::Ces | EventKind::Pulse => {
            format!(
                "{} {}",
                words.kind(e.kind.code()),
                e.number.unwrap_or_default()
            )
        }
        other => words.kind(other.code()).to_owned(),
    };
    let text = if e.text.is_empty() {
        String::new()
    } else {
        format!(": {}", markdown::cut(&e.text, LONGEST))
    };
    format!("{} {}{who}{text}", e.day, markdown::line(&what))
}

/// The score's sum, measure by measure.
fn explain(health: &Explanation, words: &Words) -> String {
    let points = |hundredths: i32| format!("{:.2}", f64::from(hundredths) / 100.0);
    let row = |l: &Line| {
        let value = l
            .raw
            .map_or_else(|| "no data".to_owned(), |raw| format!("{raw}{}", l.unit));
        let of = l
            .points
            .map_or_else(String::new, |p| format!("{:.1}", f64::from(p) / 10.0));
        vec![
            markdown::line(words.measure(&l.measure)),
            value,
            of,
            l.weight.to_string(),
            points(l.contribution),
        ]
    };
    let mut rows: Vec<Vec<String>> = health.lines.iter().map(row).collect();
    if health.shift() != 0 {
        rows.push(vec![
            say!("brief.set_by_hand").to_string(),
            String::new(),
            String::new(),
            String::new(),
            points(health.shift()),
        ]);
    }
    let score = health
        .health
        .score
        .map_or_else(|| "no score, too little data".to_owned(), |s| s.to_string());
    let title = say!(
        "brief.health_explained_by_scorecard",
        score = score,
        label = markdown::line(&health.label)
    );
    table(
        &title,
        &["Measure", "Value", "Points of 100", "Weight", "Adds"],
        &rows,
    )
}

/// Money in the book's currency.
pub(super) fn amount(minor: i64, store: &Store) -> String {
    money::full(minor, store.config().currency)
}

/// What a handover tells of a customer is told here too.
pub(super) fn of(store: &mut Store, customer: Id, words: &Words) -> Result<Told> {
    handover::told(store, customer, EventKind::ALL.to_vec(), words)
}
