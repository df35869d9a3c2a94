//! The facts of a customer: its figures with their history, people, tasks, tags and attributes, as lines.

use ratatui::layout::Rect;

use super::work::Work;
use super::{Account, work};
use crate::columns;
use crate::domain::cadence::Standing;
use crate::domain::config::AttributeType;
use crate::domain::health::{Explanation, Held};
use crate::domain::id::Id;
use crate::domain::money;
use crate::domain::query::Account as Page;
use crate::domain::revenue::Version;
use crate::domain::time::words;
use crate::tui::account_rows::{band, signs};
use crate::tui::canvas::Canvas;
use crate::tui::look::Look;
use crate::tui::measure::{cells, wrap};
use crate::tui::preview::why;
use crate::tui::theme::Role;

/// One line: pieces with their roles.
pub type Pieces = Vec<(String, Role)>;

/// Cells of the labels.
const LABEL: usize = 9;

fn labelled(look: &Look, label: &str, text: String, role: Role) -> Pieces {
    let word = look.say.word(label);
    let gap = LABEL.saturating_sub(cells(word)).max(1);
    vec![
        (format!("{word}{}", " ".repeat(gap)), Role::Muted),
        (text, role),
    ]
}

/// Priority in whole points, when the customer is in the queue.
fn priority(page: &Page) -> Option<String> {
    (page.priority.tenths > 0).then(|| (page.priority.tenths / 10).to_string())
}

/// The score with its trend, as every list shows it.
fn score(page: &Page, look: &Look) -> (String, Role) {
    let health = page.health.health;
    let column = look
        .read()
        .filter(|r| (page.row as usize) < r.rows.len())
        .zip(columns::column("health"));
    let shown = column
        .map(|(roster, column)| signs(column.show(&roster, page.row as usize, roster.today), look));
    match shown.filter(|_| health.score.is_some()) {
        Some(text) => (text, band(health.band)),
        None => (look.say.codes.band("unknown").to_owned(), Role::Muted),
    }
}

fn age(page: &Page, look: &Look) -> Option<String> {
    let days = page
        .signals
        .since
        .map(|since| look.now.today.since(since))?;
    Some(if days < 60 {
        look.say.fill("account.days", &[("n", &days.to_string())])
    } else {
        look.say
            .fill("account.months", &[("n", &(days / 30).to_string())])
    })
}

fn arr(page: &Page, look: &Look) -> String {
    page.arr.full(look.config.currency)
}

fn tickets(page: &Page) -> String {
    let open = page
        .signals
        .tickets
        .iter()
        .enumerate()
        .filter(|(_, n)| **n > 0);
    open.map(|(i, n)| format!("{n} P{}", i + 1))
        .collect::<Vec<_>>()
        .join("  ")
}

fn renewal(page: &Page, look: &Look) -> Option<(String, Role)> {
    let (day, today) = (page.signals.renews?, look.now.today);
    let days = day.since(today);
    let role = if days <= 30 && !page.signals.plan {
        Role::Warn
    } else {
        Role::Text
    };
    Some((
        format!("{} ({days}d)", day.date().format("%-d %b %Y")),
        role,
    ))
}

/// The one line above the timeline where there is no room for the facts.
pub fn header(account: &Account, look: &Look) -> Pieces {
    let Some(page) = account.page.as_deref() else {
        return Vec::new();
    };
    let mut parts: Vec<(String, Role)> = Vec::new();
    if let Some(points) = priority(page) {
        parts.push((
            format!("{} {points}", look.say.word("word.priority")),
            Role::Danger,
        ));
    }
    parts.push((
        look.config.stages.label(page.signals.stage).to_owned(),
        Role::Text,
    ));
    let (text, role) = score(page, look);
    parts.push((
        format!("{} {text}", look.say.word("account.health_short")),
        role,
    ));
    parts.push((page.customer.owner.clone(), Role::Text));
    if page.signals.pays() {
        parts.push((
            format!("{} ARR", page.arr.short(look.config.currency)),
            Role::Text,
        ));
    }
    if let Some(days) = page.signals.renews.map(|d| d.since(look.now.today)) {
        parts.push((
            look.say.fill("preview.renews", &[("n", &days.to_string())]),
            Role::Text,
        ));
    }
    if let Some(n) = page.nps.first() {
        parts.push((format!("NPS {n}"), Role::Text));
    }
    parts.push((tickets(page), Role::Warn));
    parts.retain(|(text, _)| !text.is_empty());
    let mut line = Vec::new();
    for (i, part) in parts.into_iter().enumerate() {
        if i > 0 {
            line.push((format!(" {} ", look.glyphs.dot), Role::Muted));
        }
        line.push(part);
    }
    line
}

/// All facts.
pub fn lines(account: &Account, look: &Look) -> Vec<Pieces> {
    let Some(page) = account.page.as_deref() else {
        let words = if account.known {
            "account.gone"
        } else {
            "message.loading"
        };
        return vec![vec![(look.say.word(words).to_owned(), Role::Muted)]];
    };
    let mut lines = figures(page, look);
    lines.extend(people(page, look));
    lines.extend(work::lines(&account.work, look));
    lines.extend(tasks(page, &account.work, look));
    lines.extend(rest(page, look));
    lines
}

fn figures(page: &Page, look: &Look) -> Vec<Pieces> {
    let customer = &page.customer;
    let name = vec![(customer.name.clone(), Role::Accent)];
    let mut stage = vec![(
        look.config.stages.label(page.signals.stage).to_owned(),
        Role::Text,
    )];
    if let Some(age) = age(page, look) {
        stage.push((format!(" {} {age}", look.glyphs.dot), Role::Muted));
    }
    let mut lines = vec![name, stage];
    if let Some(until) = customer.snoozed_until {
        let text = look.say.fill(
            "account.snoozed",
            &[("day", &words::show(until, look.now.today))],
        );
        lines.push(vec![(text, Role::Info)]);
    }
    lines.push(Vec::new());
    if let Some(points) = priority(page) {
        lines.push(labelled(look, "account.priority", points, Role::Danger));
        let row = (page.row as usize, look.read());
        if let (row, Some(roster)) = row
            && row < roster.rows.len()
        {
            lines.extend(why(&roster, row, look));
        }
    }
    let owner = if customer.owner.is_empty() {
        look.say.word("hint.nobody").to_owned()
    } else {
        customer.owner.clone()
    };
    lines.push(labelled(look, "account.owner", owner, Role::Text));
    lines.push(labelled(look, "account.arr", arr(page, look), Role::Text));
    if let Some((text, role)) = renewal(page, look) {
        lines.push(labelled(look, "account.renews", text, role));
    }
    let (text, role) = score(page, look);
    lines.push(labelled(look, "account.health", text, role));
    if let Some(held) = &page.health.held {
        let text = held_words(&page.health, held, look);
        lines.push(vec![(text, Role::Warn)]);
    }
    if page.trend.iter().any(Option::is_some) {
        let spark = look.glyphs.spark(&page.trend);
        let earliest = page
            .trend
            .iter()
            .flatten()
            .next()
            .map(u8::to_string)
            .unwrap_or_default();
        lines.push(vec![
            (" ".repeat(LABEL), Role::Text),
            (spark, role),
            (
                look.say.fill("account.was", &[("n", &earliest)]),
                Role::Muted,
            ),
        ]);
    }
    if let Some((latest, earlier)) = page.nps.split_first() {
        let mut line = labelled(
            look,
            "account.nps",
            latest.to_string(),
            if *latest <= 6 {
                Role::Danger
            } else {
                Role::Text
            },
        );
        let earlier = earlier
            .iter()
            .map(u8::to_string)
            .collect::<Vec<_>>()
            .join(" ");
        line.push((format!("  {earlier}"), Role::Muted));
        lines.push(line);
    }
    if let Some(kept) =
        look.config
            .cadences
            .kept(&page.signals, look.config.limits(), look.now.today)
    {
        let [days, ideal, longest] = [kept.days, kept.ideal, kept.longest].map(|n| n.to_string());
        let text = look.say.fill(
            "account.cadence",
            &[("n", &days), ("ideal", &ideal), ("longest", &longest)],
        );
        let role = match kept.standing {
            Standing::Red => Role::Danger,
            Standing::Yellow => Role::Warn,
            Standing::Ok => Role::Text,
        };
        lines.push(labelled(look, "account.touch", text, role));
    }
    let paid: u32 = page
        .versions
        .iter()
        .filter(|v| active(v, look))
        .map(|v| v.quantity)
        .sum();
    match (page.signals.seats, paid) {
        (Some(used), paid) if paid > 0 => {
            let seats = (u64::from(used) * u64::from(paid) + 50) / 100;
            let text = look.say.fill(
                "account.seats_of",
                &[
                    ("n", &seats.to_string()),
                    ("of", &paid.to_string()),
                    ("used", &used.to_string()),
                ],
            );
            lines.push(labelled(look, "account.seats", text, Role::Text));
        }
        (None, paid) if paid > 0 => lines.push(labelled(
            look,
            "account.seats",
            paid.to_string(),
            Role::Text,
        )),
        _ => {}
    }
    let open = tickets(page);
    if !open.is_empty() {
        let severe = page.signals.tickets[0] > 0;
        lines.push(labelled(
            look,
            "account.tickets",
            open,
            if severe { Role::Warn } else { Role::Text },
        ));
    }
    lines
}

/// Who set the score, until when and why, and what the measures say.
pub fn held_words(health: &Explanation, held: &Held, look: &Look) -> String {
    let until = held
        .until
        .map(|d| words::show(d, look.now.today))
        .unwrap_or_default();
    let measured = health.measured.score.map_or_else(
        || look.say.codes.band("unknown").to_owned(),
        |s| s.to_string(),
    );
    let values = [
        ("score", held.score.to_string()),
        ("by", held.by.clone()),
        ("until", until),
        ("reason", held.reason.clone()),
        ("measured", measured),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
    look.say.fill("account.held", &values)
}

fn active(version: &Version, look: &Look) -> bool {
    let today = look.now.today;
    version.start <= today && version.end.is_none_or(|end| end > today)
}

pub(super) fn heading(look: &Look, word: &str) -> Vec<Pieces> {
    vec![
        Vec::new(),
        vec![(look.say.word(word).to_owned(), Role::Accent)],
    ]
}

fn people(page: &Page, look: &Look) -> Vec<Pieces> {
    let mut lines = heading(look, "account.people");
    for contact in page.contacts.iter().take(6) {
        let main = if !contact.primary {
            "  "
        } else if look.glyphs.ascii {
            "* "
        } else {
            "★ "
        };
        let mut line = vec![
            (main.to_owned(), Role::Accent),
            (contact.name.clone(), Role::Text),
        ];
        let role = if contact.role.is_empty() {
            contact.email.clone()
        } else {
            look.say.codes.role(&contact.role).to_lowercase()
        };
        if !role.is_empty() {
            line.push((format!(" {} {role}", look.glyphs.dot), Role::Muted));
        }
        if let Some(at) = contact.last_touch {
            let days = look.now.today.since(look.now.zone.day(at));
            line.push((format!(" {days}d"), Role::Muted));
        }
        lines.push(line);
    }
    if page.contacts.len() > 6 {
        lines.push(vec![(
            look.say.fill(
                "account.more_people",
                &[("n", &(page.contacts.len() - 6).to_string())],
            ),
            Role::Muted,
        )]);
    } else if page.contacts.is_empty() {
        lines.push(vec![(
            look.say.word("account.no_people").to_owned(),
            Role::Muted,
        )]);
    }
    lines
}

/// Open tasks but those that stand among the steps of a playbook.
fn tasks(page: &Page, work: &Work, look: &Look) -> Vec<Pieces> {
    let step = |id: Id| {
        work.plays
            .iter()
            .flat_map(|p| &p.steps)
            .any(|s| s.task == id)
    };
    let mut open = page
        .tasks
        .iter()
        .filter(|t| t.done.is_none() && !step(t.id))
        .peekable();
    if open.peek().is_none() && !work.plays.is_empty() {
        return Vec::new();
    }
    let today = look.now.today;
    let mut lines = heading(look, "account.tasks");
    let before = lines.len();
    for task in open.take(6) {
        let days = task.turn().map(|due| due.since(today));
        let late = days.is_some_and(|d| d < 0);
        let due = days
            .map(|d| {
                if d == 0 {
                    look.say.word("account.today").to_owned()
                } else {
                    format!("{d:+}d")
                }
            })
            .unwrap_or_default();
        let box_sign = if look.glyphs.ascii { "- " } else { "□ " };
        let role = if late { Role::Danger } else { Role::Muted };
        lines.push(vec![
            (if late { "! " } else { box_sign }.to_owned(), role),
            (task.title.clone(), Role::Text),
            (
                if due.is_empty() {
                    due
                } else {
                    format!("  {due}")
                },
                role,
            ),
        ]);
    }
    if lines.len() == before {
        lines.push(vec![(
            look.say.word("account.no_tasks").to_owned(),
            Role::Muted,
        )]);
    }
    lines
}

fn rest(page: &Page, look: &Look) -> Vec<Pieces> {
    let customer = &page.customer;
    let mut lines = vec![Vec::new()];
    if !customer.tags.is_empty() {
        lines.push(labelled(
            look,
            "account.tags",
            customer.tags.join(", "),
            Role::Info,
        ));
    }
    for (label, text) in [
        ("account.website", &customer.website),
        ("account.phone", &customer.phone),
    ] {
        if !text.is_empty() {
            lines.push(labelled(look, label, text.clone(), Role::Text));
        }
    }
    if let Some(created) = customer.created {
        lines.push(labelled(
            look,
            "account.since",
            words::show(created, look.now.today),
            Role::Text,
        ));
    }
    for (code, value) in &customer.attributes {
        let attribute = look.config.attribute(code);
        let label = attribute.map_or(code.as_str(), |a| a.label.as_str());
        let text = shown(value, attribute.map(|a| a.kind), look);
        lines.push(vec![
            (format!("{label}  "), Role::Muted),
            (text, Role::Text),
        ]);
    }
    lines
}

/// An attribute's value as a person reads it.
fn shown(value: &serde_json::Value, kind: Option<AttributeType>, look: &Look) -> String {
    match (kind, value) {
        (Some(AttributeType::Money), v) if v.as_i64().is_some() => {
            money::full(v.as_i64().unwrap_or_default(), look.config.currency)
        }
        (Some(AttributeType::Bool), v) => {
            let yes = v.as_bool().unwrap_or_else(|| v.as_i64() == Some(1));
            look.say
                .word(if yes { "word.yes" } else { "word.no" })
                .to_owned()
        }
        (_, serde_json::Value::String(text)) => text.clone(),
        (_, v) => v.to_string(),
    }
}

/// Draws the facts into a box, scrolled.
pub fn draw(account: &Account, canvas: &mut Canvas, area: Rect, focused: bool) {
    let look = canvas.look;
    let inner = canvas.frame(area, look.say.word("account.facts"), "", focused);
    let lines = lines(account, look);
    let most = lines.len().saturating_sub(usize::from(inner.height));
    let top = account.facts_top.min(most);
    let room = inner.width.saturating_sub(2);
    let mut y = inner.y;
    for line in lines.iter().skip(top) {
        if y >= inner.bottom() {
            break;
        }
        y = draw_line(
            canvas,
            Rect::new(inner.x + 1, y, room, inner.bottom() - y),
            line,
        );
    }
    if most > 0 && !focused {
        let words = look
            .say
            .fill("account.more_facts", &[("n", &most.to_string())]);
        canvas.right(
            area.right().saturating_sub(2),
            area.bottom().saturating_sub(1),
            area.width.saturating_sub(4),
            &words,
            Role::Muted,
        );
    }
}

/// Draws a line; one of a single piece goes on below.
fn draw_line(canvas: &mut Canvas, area: Rect, line: &Pieces) -> u16 {
    let (x, y, room) = (area.x, area.y, area.width);
    let wide: usize = line.iter().map(|(t, _)| cells(t)).sum();
    if let [(text, role)] = line.as_slice()
        && wide > usize::from(room)
    {
        let wrapped = wrap(text, usize::from(room.max(1)));
        for (y, text) in (y..area.bottom()).zip(&wrapped) {
            canvas.text(x, y, room, text, *role);
        }
        return y + wrapped.len() as u16;
    }
    let pieces: Vec<(&str, Role)> = line.iter().map(|(t, r)| (t.as_str(), *r)).collect();
    canvas.pieces_to_end(x, y, room, &pieces);
    y + 1
}
