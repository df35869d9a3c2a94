//! The figures as lines: what stands in each, and who is behind it.

use crate::domain::nps::{Change, Verdict};
use crate::domain::query::{NpsPage, Question};
use crate::domain::survey::{Movement, Tally, Wave};
use crate::tui::look::Look;
use crate::tui::theme::Role;

/// Who is behind a figure.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Behind {
    /// Answers and invitations, by their place.
    Said(Vec<u32>),
    /// Customers, by their row in the roster of the page of figures.
    Customers(Vec<u32>),
    /// The same in that of the page of answers to questions.
    Answered(Vec<u32>),
}

impl Behind {
    /// How many.
    pub(super) fn len(&self) -> usize {
        match self {
            Behind::Said(all) | Behind::Customers(all) | Behind::Answered(all) => all.len(),
        }
    }
}

/// One figure.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Line {
    /// The heading over its group.
    pub(super) head: String,
    /// What it is.
    pub(super) label: String,
    /// The figure.
    pub(super) value: String,
    /// Interval, n, response.
    pub(super) note: String,
    /// How the figure stands out.
    pub(super) role: Role,
    /// Who is behind it.
    pub(super) behind: Behind,
    /// How many of them, from the first, wait for a call.
    pub(super) waiting: usize,
    /// The title of the list of people.
    pub(super) behind_title: String,
    /// What is said where there is nobody.
    pub(super) nobody: String,
}

/// The score in one line for the title: `NPS 30 (19 to 41), n 177`.
pub(super) fn spoken(page: &NpsPage, look: &Look) -> String {
    let (value, note) = verdict(&page.figures.window, look);
    format!("{} {value} {note}", look.say.word("nps.nps"))
}

/// The figure of a set of answers, and what stands beside it.
fn verdict(tally: &Tally, look: &Look) -> (String, String) {
    match &tally.verdict {
        Verdict::None => ("-".to_owned(), look.say.word("nps.no_answers").to_owned()),
        Verdict::Answers(few) => {
            let few = few.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
            (
                "-".to_owned(),
                look.say.fill("nps.few", &[("answers", &few)]),
            )
        }
        Verdict::Score(nps) => {
            let (low, high) = (format!("{:.0}", nps.low), format!("{:.0}", nps.high));
            (
                format!("{:.0}", nps.score),
                look.say.fill(
                    "nps.interval",
                    &[("low", &low), ("high", &high), ("n", &nps.n.to_string())],
                ),
            )
        }
    }
}

/// What the change between two waves is, in words.
fn changed(change: Option<&Change>, look: &Look) -> (String, String) {
    let Some(change) = change else {
        return (
            "-".to_owned(),
            look.say.word("nps.few_to_compare").to_owned(),
        );
    };
    let key = if change.visible {
        "nps.change"
    } else {
        "nps.no_change"
    };
    let (low, high, z) = (
        format!("{:+.0}", change.low),
        format!("{:+.0}", change.high),
        format!("{:.1}", change.z),
    );
    (
        format!("{:+.0}", change.difference),
        look.say
            .fill(key, &[("low", &low), ("high", &high), ("z", &z)]),
    )
}

struct Writer<'a> {
    look: &'a Look,
    lines: Vec<Line>,
    head: String,
}

impl Writer<'_> {
    fn head(&mut self, head: String) {
        self.head = head;
    }

    fn put(&mut self, label: &str, value: String, note: String, behind: Behind) -> &mut Line {
        let line = Line {
            head: self.head.clone(),
            label: label.to_owned(),
            value,
            note,
            role: Role::Text,
            behind,
            waiting: 0,
            behind_title: label.to_owned(),
            nobody: self.look.say.word("nps.nobody").to_owned(),
        };
        self.lines.push(line);
        self.lines.last_mut().expect("a line was put just now")
    }

    fn word(&self, key: &str) -> String {
        self.look.say.word(key).to_owned()
    }
}

/// Every figure of a page in order.
pub(super) fn lines(page: &NpsPage, friction: &[Question], look: &Look) -> Vec<Line> {
    let mut w = Writer {
        look,
        lines: Vec::new(),
        head: look.say.word("nps.window").to_owned(),
    };
    window(page, &mut w);
    to_do(page, &mut w);
    let head = w.word(if page.answers.quarters {
        "nps.quarters"
    } else {
        "nps.waves"
    });
    w.head(head);
    for wave in page.figures.waves.iter().rev() {
        wave_line(wave, &mut w);
    }
    if !page.answers.quarters && !page.figures.no_wave.counted.is_empty() {
        let (value, note) = verdict(&page.figures.no_wave, look);
        let label = w.word("nps.no_wave");
        w.put(
            &label,
            value,
            note,
            Behind::Said(page.figures.no_wave.counted.clone()),
        );
    }
    if let Some(moved) = &page.figures.movement {
        movement(page, moved, &mut w);
    }
    let head = w.word("nps.months");
    w.head(head);
    for month in page.figures.months.iter().rev().take(24) {
        let (value, note) = verdict(&month.tally, look);
        let label = format!(
            "{} {}",
            look.say.codes.month.short[(month.month.1 as usize + 11) % 12],
            month.month.0
        );
        w.put(
            &label,
            value,
            note,
            Behind::Said(month.tally.counted.clone()),
        );
    }
    for question in friction {
        let head = look.say.codes.question(&question.code).to_owned();
        w.head(format!(
            "{head} {} {}",
            look.glyphs.dot,
            look.say
                .fill("nps.answers", &[("n", &question.n.to_string())])
        ));
        if question.n == 0 {
            let label = w.word("nps.no_answers");
            w.put(
                &label,
                String::new(),
                String::new(),
                Behind::Answered(Vec::new()),
            );
        }
        for (text, who) in question.answers.iter().take(8) {
            w.put(
                text,
                who.len().to_string(),
                String::new(),
                Behind::Answered(who.clone()),
            );
        }
    }
    w.lines
}

fn window(page: &NpsPage, w: &mut Writer<'_>) {
    let figures = &page.figures;
    let (value, note) = verdict(&figures.window, w.look);
    let label = w.word("nps.nps");
    let line = w.put(&label, value, note, Behind::Said(page.calls.clone()));
    (line.role, line.waiting) = (Role::Accent, page.waiting);
    if let Some((mean, accounts)) = figures
        .window
        .account_mean
        .filter(|_| matches!(figures.window.verdict, Verdict::Score(_)))
    {
        let (label, note) = (
            w.word("nps.by_account"),
            w.look
                .say
                .fill("nps.accounts", &[("n", &accounts.to_string())]),
        );
        w.put(
            &label,
            format!("{mean:.0}"),
            note,
            Behind::Said(page.calls.clone()),
        )
        .waiting = page.waiting;
    }
    let csat = &figures.csat;
    let note = match csat.share.wilson() {
        Some((low, high)) => {
            let (low, high) = (
                format!("{:.0}", low * 100.0),
                format!("{:.0}", high * 100.0),
            );
            w.look.say.fill(
                "nps.interval_percent",
                &[
                    ("low", &low),
                    ("high", &high),
                    ("n", &csat.share.of.to_string()),
                ],
            )
        }
        None => w.word("nps.no_answers"),
    };
    let label = w.word("nps.csat");
    w.put(
        &label,
        csat.share.percent(),
        note,
        Behind::Said(csat.answers.clone()),
    );
    let (value, note) = match figures.ces.mean {
        Some(mean) => (
            format!("{mean:.1}"),
            w.look
                .say
                .fill("nps.of_7", &[("n", &figures.ces.answers.len().to_string())]),
        ),
        None => ("-".to_owned(), w.word("nps.no_answers")),
    };
    let label = w.word("nps.ces");
    w.put(
        &label,
        value,
        note,
        Behind::Said(figures.ces.answers.clone()),
    );
    if !figures.window.invalid.is_empty() {
        let (label, note) = (w.word("nps.invalid"), w.word("nps.invalid_note"));
        w.put(
            &label,
            figures.window.invalid.len().to_string(),
            note,
            Behind::Said(figures.window.invalid.clone()),
        )
        .role = Role::Warn;
    }
}

fn to_do(page: &NpsPage, w: &mut Writer<'_>) {
    let head = w.word("nps.to_do");
    w.head(head);
    let low: Vec<u32> = page.calls[..page.waiting]
        .iter()
        .copied()
        .filter(|at| page.answers.said[*at as usize].number <= 6)
        .collect();
    let (label, note, nobody) = (
        w.word("nps.low"),
        w.word("nps.low_note"),
        w.word("nps.none_waits"),
    );
    let n = low.len();
    let line = w.put(&label, n.to_string(), note, Behind::Said(low));
    (line.waiting, line.nobody, line.role) =
        (n, nobody, if n > 0 { Role::Danger } else { Role::Text });
    let (label, note, nobody) = (
        w.word("nps.silent"),
        w.word("nps.silent_note"),
        w.word("nps.none_silent"),
    );
    w.put(
        &label,
        page.figures.silent.len().to_string(),
        note,
        Behind::Said(page.figures.silent.clone()),
    )
    .nobody = nobody;
    let (label, note, nobody) = (
        w.word("nps.never"),
        w.word("nps.never_note"),
        w.word("nps.all_asked"),
    );
    w.put(
        &label,
        page.figures.never_asked.len().to_string(),
        note,
        Behind::Customers(page.figures.never_asked.clone()),
    )
    .nobody = nobody;
}

fn wave_line(wave: &Wave, w: &mut Writer<'_>) {
    let (value, mut note) = verdict(&wave.tally, w.look);
    if wave.response.of > 0 {
        let (rate, of) = (wave.response.percent(), wave.response.of.to_string());
        note = format!(
            "{note}  {}",
            w.look
                .say
                .fill("nps.response", &[("rate", &rate), ("of", &of)])
        );
    }
    let mut behind = wave.tally.counted.clone();
    behind.extend(&wave.silent);
    w.put(&wave.name, value, note, Behind::Said(behind));
}

fn movement(page: &NpsPage, moved: &Movement, w: &mut Writer<'_>) {
    let (from, to) = (
        &page.answers.waves[moved.from],
        &page.answers.waves[moved.to],
    );
    let head = w
        .look
        .say
        .fill("nps.movement", &[("from", from), ("to", to)]);
    w.head(head);
    let (value, note) = changed(moved.change.as_ref(), w.look);
    let (label, all) = (
        w.word("nps.change_label"),
        moved.cells.iter().flatten().flatten().copied().collect(),
    );
    w.put(&label, value, note, Behind::Said(all));
    let names = [
        "nps.detractor",
        "nps.passive",
        "nps.promoter",
        "nps.silent_one",
    ]
    .map(|key| w.word(key));
    for (i, cells) in moved.cells.iter().enumerate() {
        for (j, people) in cells
            .iter()
            .enumerate()
            .filter(|(_, people)| !people.is_empty())
        {
            let label = format!("{} {} {}", names[i], w.look.glyphs.arrow, names[j]);
            let line = w.put(
                &label,
                people.len().to_string(),
                String::new(),
                Behind::Said(people.clone()),
            );
            line.role = match (i, j) {
                (3, _) | (_, 3) => Role::Muted,
                _ if j > i => Role::Ok,
                _ if j < i => Role::Danger,
                _ => Role::Text,
            };
        }
    }
}
