//! The preview beside a list of customers: facts and reasons from the roster at once, the rest when its page has come.

use ratatui::layout::Rect;

use super::account_rows::{band, header, signs};
use super::canvas::Canvas;
use super::look::Look;
use super::measure::cells;
use super::theme::Role;
use super::views::groups;
use super::who::Who;
use crate::columns;
use crate::domain::event::Event;
use crate::domain::priority::REASONS;
use crate::domain::query::Account;
use crate::domain::roster::Roster;
use crate::domain::touchpoint;

/// The list's and the preview's parts of an area, by the size of the terminal.
pub fn split(look: &Look, area: Rect) -> (Rect, Option<Rect>) {
    let (w, h) = look.size;
    if !look.preview || w < 60 || h < 20 {
        return (area, None);
    }
    if w >= 100 {
        let side = (area.width * 7 / 20).clamp(34, 60);
        let list = Rect::new(area.x, area.y, area.width - side, area.height);
        return (
            list,
            Some(Rect::new(list.right(), area.y, side, area.height)),
        );
    }
    let below = 7.min(area.height * 2 / 5);
    let list = Rect::new(area.x, area.y, area.width, area.height - below);
    (
        list,
        Some(Rect::new(area.x, list.bottom(), area.width, below)),
    )
}

/// One line: pieces with their roles.
type Pieces = Vec<(String, Role)>;

/// Draws a customer. `account` is the last one that was read: while the cursor runs ahead of it, it
/// stays as it is, so that a step of the cursor draws two rows of the list and the preview changes once, whole.
pub fn draw(canvas: &mut Canvas, area: Rect, who: Option<Who>, account: Option<&Account>) {
    let look = canvas.look;
    let inner = canvas.frame(area, look.say.word("screen.preview"), "", false);
    let (Some(who), Some(roster)) = (who, look.read()) else {
        return;
    };
    let Some(row) = account
        .map_or(who, |a| Who::new(a.customer.id, a.row))
        .row(&roster)
        .filter(|_| inner.height > 0)
    else {
        return;
    };
    let wide = inner.height > 8;
    let mut lines: Vec<Pieces> = vec![head(&roster, row, look)];
    lines.push(facts(
        &roster,
        row,
        inner.width.saturating_sub(2),
        wide,
        look,
    ));
    if wide {
        lines.extend(figures(&roster, row, account, look));
    }
    lines.extend(reasons(
        &roster,
        row,
        inner.width.saturating_sub(2),
        wide,
        look,
    ));
    if let Some(account) = account {
        lines.extend(next(account, look, wide));
        lines.extend(last(account, look, wide));
    }
    for (y, line) in (inner.top()..inner.bottom()).zip(lines) {
        let pieces: Vec<(&str, Role)> = line.iter().map(|(t, r)| (t.as_str(), *r)).collect();
        canvas.pieces_to_end(inner.x + 1, y, inner.width.saturating_sub(2), &pieces);
    }
}

fn shown(roster: &Roster, row: usize, code: &str, look: &Look) -> String {
    columns::column(code)
        .map(|c| signs(c.show(roster, row, roster.today), look))
        .unwrap_or_default()
}

fn head(roster: &Roster, row: usize, look: &Look) -> Pieces {
    let priority = roster.rows[row].priority;
    let mut line = vec![(roster.name(row).to_owned(), Role::Accent)];
    if priority > 0 {
        line.push((
            format!(
                "  {} {}",
                look.say.word("word.priority"),
                shown(roster, row, "priority", look)
            ),
            Role::Danger,
        ));
    }
    line
}

/// Stage, owner, money, renewal, and health where it has no line of its own. Where that is too long for `width`, the money is
/// said short, and then the days in the stage are left out.
fn facts(roster: &Roster, row: usize, width: u16, wide: bool, look: &Look) -> Pieces {
    let line = |short: bool, age: bool| facts_line(roster, row, wide, short, age, look);
    let fits = |line: &Pieces| {
        line.iter().map(|(text, _)| cells(text)).sum::<usize>() <= usize::from(width)
    };
    [line(false, true), line(true, true)]
        .into_iter()
        .find(fits)
        .unwrap_or_else(|| line(true, false))
}

fn facts_line(
    roster: &Roster,
    row: usize,
    wide: bool,
    short: bool,
    age: bool,
    look: &Look,
) -> Pieces {
    let dot = || (format!(" {} ", look.glyphs.dot), Role::Muted);
    let signals = &roster.rows[row].signals;
    let mut line = vec![(
        roster.config.stages.label(signals.stage).to_owned(),
        Role::Text,
    )];
    if let Some(days) = roster.stage_age(row).filter(|_| age) {
        line.push((format!(" {days}d"), Role::Muted));
    }
    if !roster.owner(row).is_empty() {
        line.extend([dot(), (roster.owner(row).to_owned(), Role::Text)]);
    }
    if signals.pays() {
        let (arr, currency) = (roster.arr(row), roster.config.currency);
        let said = if short {
            arr.short(currency)
        } else {
            arr.full(currency)
        };
        line.extend([dot(), (said, Role::Text)]);
    }
    if let Some(renews) = signals.renews {
        let words = look.say.fill(
            "preview.renews",
            &[("n", &renews.since(roster.today).to_string())],
        );
        line.extend([dot(), (words, Role::Text)]);
    }
    if !wide {
        line.extend([
            dot(),
            (
                shown(roster, row, "health", look),
                band(roster.rows[row].health.band),
            ),
        ]);
    }
    line
}

fn figures(roster: &Roster, row: usize, account: Option<&Account>, look: &Look) -> Vec<Pieces> {
    let mut lines = vec![Vec::new()];
    let mut put = |code: &str, text: String, role: Role| {
        let label = header(look, code);
        lines.push(vec![(format!("{label:<9}"), Role::Muted), (text, role)]);
    };
    let spark = account
        .map(|a| look.glyphs.spark(&a.trend))
        .unwrap_or_default();
    put(
        "health",
        format!("{:<7}{spark}", shown(roster, row, "health", look)),
        band(roster.rows[row].health.band),
    );
    let answers = account
        .map(|a| {
            a.nps
                .iter()
                .skip(1)
                .map(u8::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .unwrap_or_default();
    if roster.rows[row].signals.nps.is_some() {
        put(
            "nps",
            format!("{:<7}{answers}", shown(roster, row, "nps", look)),
            Role::Text,
        );
    }
    put("touch", shown(roster, row, "touch", look), Role::Text);
    lines.push(Vec::new());
    lines
}

/// The reasons of a customer to be in the queue, each on its line.
pub fn why(roster: &Roster, row: usize, look: &Look) -> Vec<Pieces> {
    let words = roster.reasons(row).into_iter().filter_map(|w| {
        Some(
            look.say
                .why(REASONS.get(usize::from(w.key.reason.0))?.code, w.figure),
        )
    });
    words
        .map(|w| {
            vec![
                (format!("{} ", look.glyphs.bullet), Role::Warn),
                (w, Role::Text),
            ]
        })
        .collect()
}

/// The reasons: under a heading, or one behind the other on as many lines as they take.
fn reasons(roster: &Roster, row: usize, width: u16, wide: bool, look: &Look) -> Vec<Pieces> {
    let all = why(roster, row, look);
    if all.is_empty() {
        return all;
    }
    if wide {
        let heading = vec![(look.say.word("preview.why").to_owned(), Role::Muted)];
        return std::iter::once(heading)
            .chain(all)
            .chain([Vec::new()])
            .collect();
    }
    let wide_of = |line: &Pieces| line.iter().map(|(text, _)| cells(text)).sum::<usize>();
    let mut lines: Vec<Pieces> = Vec::new();
    for reason in all {
        match lines
            .last_mut()
            .filter(|line| wide_of(line) + 2 + wide_of(&reason) <= usize::from(width))
        {
            Some(line) => line.extend(std::iter::once(("  ".to_owned(), Role::Text)).chain(reason)),
            None => lines.push(reason),
        }
    }
    lines
}

fn next(account: &Account, look: &Look, wide: bool) -> Vec<Pieces> {
    let today = look.now.today;
    let open = account
        .tasks
        .iter()
        .filter(|t| t.done.is_none())
        .take(if wide { 4 } else { 1 });
    let mut lines: Vec<Pieces> = open
        .map(|t| {
            let late = t.turn().is_some_and(|d| d < today);
            let due = t
                .turn()
                .map(|d| format!("  {}", groups::day_and_days(Some(d), false, today).1))
                .unwrap_or_default();
            let sign = if late { "! " } else { "- " };
            vec![
                (
                    sign.to_owned(),
                    if late { Role::Danger } else { Role::Muted },
                ),
                (t.title.clone(), Role::Text),
                (due, Role::Muted),
            ]
        })
        .collect();
    if wide && !lines.is_empty() {
        lines.insert(
            0,
            vec![(look.say.word("preview.next").to_owned(), Role::Muted)],
        );
        lines.push(Vec::new());
    }
    lines
}

fn last(account: &Account, look: &Look, wide: bool) -> Vec<Pieces> {
    let mut lines: Vec<Pieces> = account.events.iter().map(|e| event_line(e, look)).collect();
    if wide && !lines.is_empty() {
        lines.insert(
            0,
            vec![(look.say.word("preview.last").to_owned(), Role::Muted)],
        );
    }
    lines
}

/// A question of a checklist and its answer.
pub fn asked(event: &Event, look: &Look) -> String {
    let answer = ["account.no", "account.yes"]
        .get(
            event
                .number
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(2),
        )
        .unwrap_or(&"account.na");
    format!(
        "{} {}",
        look.config.stages.question(&event.reference),
        look.say.word(answer)
    )
}

/// One event on one line: day, letter, what it was.
pub fn event_line(event: &Event, look: &Look) -> Pieces {
    let letter = touchpoint::channel(&event.channel)
        .filter(|_| event.kind.code() == "touch")
        .map_or(event.kind.letter(), |c| c.letter);
    let letter = if look.glyphs.ascii && !letter.is_ascii() {
        '+'
    } else {
        letter
    };
    let mut text = event.text.clone();
    if event.kind.code() == "nps" {
        text = format!("NPS {} {text}", event.number.unwrap_or_default());
    } else if event.kind.code() == "ticket" {
        let closed = event
            .more
            .get("step")
            .and_then(|s| s.as_str())
            .is_some_and(|s| s.starts_with("close"));
        let severity = event.number.map(|n| format!("P{n} ")).unwrap_or_default();
        text = if closed {
            format!("{severity}{}: {text}", look.say.word("preview.closed"))
        } else {
            format!("{severity}{text}")
        };
    } else if event.kind.code() == "pulse" {
        text = format!(
            "{} {}/5 {text}",
            look.say.codes.kind("pulse"),
            event.number.unwrap_or_default()
        );
    } else if event.kind.code() == "check" {
        text = format!("{} {text}", asked(event, look));
    } else if event.kind.code() == "stage" {
        let label = |key: &str| {
            event
                .more
                .get(key)
                .and_then(|s| s.as_str())
                .and_then(|c| look.config.stages.find(c))
                .map(|no| look.config.stages.label(no))
        };
        text = format!(
            "{} {} {} {text}",
            label("from").unwrap_or("-"),
            look.glyphs.arrow,
            label("to").unwrap_or("-")
        );
    } else if text.is_empty() {
        look.say.codes.kind(event.kind.code()).clone_into(&mut text);
    }
    vec![
        (event.day.date().format("%d %b ").to_string(), Role::Muted),
        (format!("{letter} "), Role::Info),
        (text, Role::Text),
    ]
}
