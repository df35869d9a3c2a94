//! Why a customer's health and priority are what they are: every step, and sums that add up.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::account::held_words;
use super::log_line::Line;
use crate::domain::health::{self, Explanation, Health, OVERRIDE};
use crate::domain::id::Id;
use crate::domain::money::Arr;
use crate::domain::query::{Page, Query};
use crate::domain::time::{Day, words};
use crate::tui::account_rows::band;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{ExplainAt, Go, ScorecardsAt};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::wrap;
use crate::tui::step::{Cx, Step};
use crate::tui::theme::Role;
use crate::tui::verbs;
use crate::tui::view::{Keyed, Screen, Title};

/// One customer's explanation, with a second day to compare with.
#[derive(Default)]
pub struct Explain {
    customer: Option<Id>,
    since: Option<Day>,
    page: Option<(Explanation, Option<Explanation>)>,
    trend: Vec<(Day, Health)>,
    // Place in MONTHS.
    span: usize,
    top: usize,
}

/// How many months the trend may show.
const MONTHS: &[u16] = &[12, 24, 60, 3];

/// One line of the page.
type Cells = Vec<(u16, String, Role)>;

impl Explain {
    fn ask_since(&mut self, cx: &mut Cx) {
        let read = |text: &str, look: &Look| {
            let past = words::past(text.trim(), &look.now).map(|at| look.now.zone.day(at));
            let day = past
                .or_else(|| words::day(text.trim(), &look.now).filter(|d| *d <= look.now.today));
            day.ok_or_else(|| look.say.fill("error.no_past", &[("text", text.trim())]))
        };
        let prompt = cx.look.say.word("prompt.since").to_owned();
        let line = Line::new(prompt, move |text, cx| {
            let day = read(text, cx.look)?;
            cx.tell(move |v: &mut Explain, _| v.since = Some(day));
            Ok(())
        });
        cx.open(line.echo(
            move |text, look| match (text.trim().is_empty(), read(text, look)) {
                (true, _) => vec![Ok(look.say.word("hint.since_example").to_owned())],
                (_, Ok(day)) => vec![Ok(verbs::day(day))],
                (_, Err(error)) => vec![Err(error)],
            },
        ));
    }

    fn lines(&self, look: &Look) -> Vec<Cells> {
        let mut lines = self.priority(look);
        let Some((now, before)) = &self.page else {
            return lines;
        };
        lines.push(Vec::new());
        lines.extend(health_lines(now, look));
        lines.extend(self.trend_line(now, look));
        if let Some(before) = before {
            lines.push(Vec::new());
            lines.extend(difference(before, now, look));
        }
        lines
    }

    /// The scores of some months as one line, with the first and the last of them.
    fn trend_line(&self, now: &Explanation, look: &Look) -> Option<Cells> {
        let scores: Vec<Option<u8>> = self.trend.iter().map(|(_, h)| h.score).collect();
        let (first, last) = (
            scores.iter().flatten().next()?,
            scores.iter().flatten().last()?,
        );
        let values = [
            ("n", MONTHS[self.span].to_string()),
            ("first", first.to_string()),
            ("last", last.to_string()),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let spark = look.glyphs.spark(&scores);
        Some(vec![(
            2,
            format!("{spark}  {}", look.say.fill("explain.trend", &values)),
            band(now.health.band),
        )])
    }

    fn priority(&self, look: &Look) -> Vec<Cells> {
        let mut lines = Vec::new();
        let Some(roster) = look.read() else {
            return lines;
        };
        let Some(at) = self.customer.and_then(|id| roster.row_of_id(id)) else {
            return lines;
        };
        let reasons = roster.reasons(at);
        let sum = roster.priority_of(at, &reasons);
        lines.push(vec![(
            0,
            look.say
                .fill("explain.priority", &[("n", &tenths(sum.tenths))]),
            Role::Accent,
        )]);
        if sum.parts.is_empty() {
            lines.push(vec![(
                2,
                look.say.word("explain.no_reason").to_owned(),
                Role::Muted,
            )]);
            return lines;
        }
        let heads = [
            (2, "explain.reason"),
            (34, "explain.points"),
            (44, "explain.factor"),
            (54, "explain.adds"),
        ];
        lines.push(
            heads
                .iter()
                .map(|(x, w)| (*x, look.say.word(w).to_owned(), Role::Muted))
                .collect(),
        );
        let factor = format!("{}.{:03}", sum.factor / 1000, sum.factor % 1000);
        for ((code, points, adds), why) in sum.parts.iter().zip(&reasons) {
            let words = look.say.why(code, why.figure);
            lines.push(vec![
                (2, words, Role::Text),
                (34, format!("{points:>6}"), Role::Text),
                (44, format!("x {factor}"), Role::Muted),
                (54, format!("{:>8}", tenths(*adds)), Role::Text),
            ]);
        }
        lines.push(vec![
            (2, look.say.word("explain.sum").to_owned(), Role::Text),
            (54, format!("{:>8}", tenths(sum.tenths)), Role::Accent),
        ]);
        let currency = roster.config.currency;
        let money = [
            (
                "arr",
                crate::domain::money::full(roster.rows[at].signals.arr, currency),
            ),
            (
                "median",
                crate::domain::money::full(roster.median_arr, currency),
            ),
        ];
        let values: Vec<(&str, &str)> = money.iter().map(|(n, v)| (*n, v.as_str())).collect();
        lines.push(vec![(
            2,
            look.say.fill("explain.money", &values),
            Role::Muted,
        )]);
        let apart = Arr::default().with(roster.apart(at).iter().copied());
        if !apart.is_zero() {
            let apart = apart.full(currency);
            let said = look.say.fill("explain.apart", &[("arr", &apart)]);
            lines.push(vec![(2, said, Role::Muted)]);
        }
        lines
    }
}

fn tenths(n: u32) -> String {
    format!("{}.{}", n / 10, n % 10)
}

fn hundredths(n: i32) -> String {
    format!(
        "{}{}.{:02}",
        if n < 0 { "-" } else { "" },
        n.abs() / 100,
        n.abs() % 100
    )
}

fn health_lines(e: &Explanation, look: &Look) -> Vec<Cells> {
    let score = e.health.score.map_or_else(
        || look.say.word("explain.no_score").to_owned(),
        |s| s.to_string(),
    );
    let (version, coverage) = (e.version.to_string(), e.health.coverage.to_string());
    let values = [
        ("score", score.as_str()),
        ("coverage", &coverage),
        ("card", &e.label),
        ("version", &version),
    ];
    let mut lines = vec![vec![(
        0,
        look.say.fill("explain.health", &values),
        band(e.health.band),
    )]];
    let mut tell = |text: String, role: Role| {
        let room = usize::from(look.size.0.saturating_sub(6)).max(20);
        lines.extend(
            wrap(&text, room)
                .into_iter()
                .map(|line| vec![(2, line, role)]),
        );
    };
    if !e.filter.is_empty() {
        tell(
            look.say.fill("explain.filter", &[("filter", &e.filter)]),
            Role::Muted,
        );
    }
    if let Some(held) = &e.held {
        tell(held_words(e, held, look), Role::Warn);
    }
    if !e.action.is_empty() {
        tell(
            look.say.fill("explain.next", &[("action", &e.action)]),
            Role::Info,
        );
    }
    let heads = [
        (2, "explain.measure"),
        (22, "explain.raw"),
        (32, "explain.from"),
        (45, "explain.segment"),
        (68, "explain.weight"),
        (77, "explain.adds"),
    ];
    lines.push(
        heads
            .iter()
            .map(|(x, w)| (*x, look.say.word(w).to_owned(), Role::Muted))
            .collect(),
    );
    for line in &e.lines {
        let no_data = if line.points.is_some() {
            "explain.assumed"
        } else {
            "explain.no_data"
        };
        let raw = line.raw.map_or_else(
            || look.say.word(no_data).to_owned(),
            |r| format!("{r}{}", line.unit),
        );
        let day = line.day.map(|d| d.to_string()).unwrap_or_default();
        let segment = line.segment.zip(line.points).map(|((a, p, b, q), points)| {
            format!("{a}:{p} {b}:{q} {} {points}", look.glyphs.arrow)
        });
        lines.push(vec![
            (
                2,
                look.say.codes.measure(&line.measure).to_owned(),
                if line.raw.is_some() {
                    Role::Text
                } else {
                    Role::Muted
                },
            ),
            (22, raw, Role::Text),
            (32, day, Role::Muted),
            (45, segment.unwrap_or_default(), Role::Muted),
            (68, format!("{:>6}", line.weight), Role::Muted),
            (
                77,
                format!(
                    "{:>7}",
                    if line.points.is_some() {
                        hundredths(line.contribution)
                    } else {
                        "-".to_owned()
                    }
                ),
                Role::Text,
            ),
        ]);
    }
    if e.held.is_some() {
        lines.push(vec![
            (2, look.say.codes.measure(OVERRIDE).to_owned(), Role::Warn),
            (77, format!("{:>7}", hundredths(e.shift())), Role::Text),
        ]);
    }
    let sum = e.lines.iter().map(|l| l.contribution).sum::<i32>() + e.shift();
    lines.push(vec![
        (2, look.say.word("explain.sum").to_owned(), Role::Text),
        (
            68,
            format!("{:>6}", format!("{}/{}", e.present, e.total)),
            Role::Muted,
        ),
        (77, format!("{:>7}", hundredths(sum)), Role::Accent),
    ]);
    lines
}

fn difference(before: &Explanation, now: &Explanation, look: &Look) -> Vec<Cells> {
    let title = look
        .say
        .fill("explain.since", &[("day", &verbs::day(before.day))]);
    let mut lines = vec![vec![(0, title, Role::Accent)]];
    let rows = health::difference(before, now);
    let (mut a, mut b) = (0, 0);
    for (measure, was, is) in &rows {
        (a, b) = (a + was, b + is);
        let change = is - was;
        let role = match change {
            0 => Role::Muted,
            1.. => Role::Ok,
            _ => Role::Danger,
        };
        lines.push(vec![
            (2, look.say.codes.measure(measure).to_owned(), Role::Text),
            (32, format!("{:>7}", hundredths(*was)), Role::Muted),
            (45, format!("{:>7}", hundredths(*is)), Role::Text),
            (77, format!("{:>7}", hundredths(change)), role),
        ]);
    }
    let sums = [
        (32, a, Role::Muted),
        (45, b, Role::Text),
        (77, b - a, Role::Accent),
    ];
    let mut line = vec![(2, look.say.word("explain.sum").to_owned(), Role::Text)];
    line.extend(sums.map(|(x, n, role)| (x, format!("{:>7}", hundredths(n)), role)));
    lines.push(line);
    lines
}

impl Keyed for Explain {
    const KEYS: &'static [&'static [KeyRow<Explain>]] = &[&[
        row("since", &["s"], Explain::ask_since)
            .cli("health")
            .hint(),
        row("trend", &["t"], |v: &mut Self, _| {
            v.span = (v.span + 1) % MONTHS.len()
        })
        .cli("health")
        .hint(),
        row("scorecards", &["c"], |_, cx| {
            cx.go(Go::Scorecards(ScorecardsAt::default()))
        })
        .cli("config")
        .hint(),
        row("down", &["j", "down"], |v: &mut Self, cx| {
            v.top = (v.top + 1).min(v.lines(cx.look).len().saturating_sub(1))
        }),
        row("up", &["k", "up"], |v: &mut Self, _| {
            v.top = v.top.saturating_sub(1)
        }),
        row("next", &["J"], |_, cx| cx.push(Step::Neighbour(1))).hint(),
        row("previous", &["K"], |_, cx| cx.push(Step::Neighbour(-1))),
    ]];
}

impl Screen for Explain {
    fn title(&self, look: &Look) -> Title {
        let name = self.customer.map(|id| look.name_of(id)).unwrap_or_default();
        Title {
            crumb: look.say.fill("screen.explain", &[("name", &name)]),
            ..Title::default()
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        let Some(customer) = self.customer else {
            return Vec::new();
        };
        vec![
            (
                0,
                Query::Health {
                    customer,
                    since: self.since,
                },
            ),
            (
                1,
                Query::Trend {
                    customer,
                    months: MONTHS[self.span],
                },
            ),
        ]
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, _cx: &mut Cx) {
        match page.as_ref() {
            Page::Health(both) => self.page = Some(both.as_ref().clone()),
            Page::Trend(trend) => self.trend.clone_from(trend),
            _ => {}
        }
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        if let Hit::Wheel(by) = hit {
            let last = self.lines(cx.look).len().saturating_sub(1);
            self.top = self.top.saturating_add_signed(by as isize).min(last);
        }
    }

    fn show(&mut self, customer: Id, _cx: &mut Cx) {
        self.customer = Some(customer);
        (self.page, self.trend) = (None, Vec::new());
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        self.customer.into_iter().collect()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Explain(ExplainAt {
            customer: self.customer,
            since: self.since,
        }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Explain(at) = to else { return };
        (self.customer, self.since) = (at.customer, at.since);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let title = self.customer.map(|id| look.name_of(id)).unwrap_or_default();
        let inner = canvas.frame(area, &title, "", true);
        let (left, right) = (inner.x + 1, inner.right());
        let lines = self.lines(look);
        let below = lines
            .len()
            .saturating_sub(self.top + usize::from(inner.height));
        if below > 0 {
            let words = format!(
                " {} ",
                look.say.fill("funnel.more", &[("n", &below.to_string())])
            );
            canvas.right(
                area.right().saturating_sub(2),
                area.bottom().saturating_sub(1),
                area.width.saturating_sub(4),
                &words,
                Role::Muted,
            );
        }
        for (y, line) in (inner.top()..inner.bottom()).zip(lines.into_iter().skip(self.top)) {
            // Where the width does not do, the middle columns (segment, day) give way and the sums move left.
            let narrow = inner.width < 88;
            for (x, text, role) in line {
                let x = match x {
                    32..=67 if narrow && inner.width < 68 => continue,
                    68.. if narrow && inner.width < 68 => x - 36,
                    68.. if narrow => x - 23,
                    45 if narrow => continue,
                    x => x,
                };
                canvas.text(left + x, y, right.saturating_sub(left + x), &text, role);
            }
        }
    }
}
