//! NPS: the score, by wave and month, who moved between two waves, who is silent; each figure with the people behind it.

mod lines;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::filter_line::FilterLine;
use super::funnel::{PERIODS, period_code, period_of, period_words};
use super::groups;
use super::narrow;
use super::pick::{Item, Pick};
use crate::domain::id::Id;
use crate::domain::nps::Group;
use crate::domain::query::{NpsPage, Page, PeriodAsk, Query, Question};
use crate::domain::survey::Said;
use crate::domain::time::words;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{Go, NpsAt};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::verbs::Verbs;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::who::{Numbers, Who};
use crate::tui::widgets::list::{List, Lister};
use lines::{Behind, Line, lines, spoken};

const FIGURES: u8 = 0;
const CHECK: u8 = 1;
const WORDS: u8 = 2;
const FRICTION: u8 = 3;

/// Answers whose words are asked for at a time.
const READ: usize = 100;

/// Somebody behind a figure: the customer, and what was said where that is what counts.
#[derive(Clone, Copy)]
struct Person {
    who: Who,
    said: Option<Said>,
}

impl Person {
    fn key(&self) -> (Who, Option<Id>) {
        (self.who, self.said.map(|said| said.id))
    }
}

impl PartialEq for Person {
    fn eq(&self, other: &Person) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Person {}

impl Hash for Person {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// The figures at the left (or above), the people behind the one at the cursor beside (or below).
pub struct Nps {
    // Figures by their words.
    figures: List<String>,
    people: List<Person>,
    // Whose first answer the cursor goes to when the people are there.
    wanted: Option<Id>,
    on_people: bool,
    filter: FilterLine,
    period: PeriodAsk,
    page: Option<Arc<Page>>,
    numbers: Numbers,
    asked: Numbers,
    friction: Vec<Question>,
    lines: Vec<Line>,
    words: HashMap<Id, (String, String)>,
}

impl Default for Nps {
    fn default() -> Nps {
        Nps {
            figures: List::default(),
            people: List::default(),
            wanted: None,
            on_people: false,
            filter: FilterLine::default(),
            period: PeriodAsk::Days(90),
            page: None,
            numbers: Numbers::default(),
            asked: Numbers::default(),
            friction: Vec::new(),
            lines: Vec::new(),
            words: HashMap::new(),
        }
    }
}

impl Nps {
    fn page(&self) -> Option<&NpsPage> {
        match self.page.as_deref() {
            Some(Page::Nps(page)) => Some(page),
            _ => None,
        }
    }

    fn line(&self) -> Option<&Line> {
        self.lines.get(self.figures.cursor)
    }

    /// The people behind the figure at the cursor.
    fn behind(&self) -> Vec<Person> {
        let (Some(page), Some(line)) = (self.page(), self.line()) else {
            return Vec::new();
        };
        match &line.behind {
            Behind::Said(places) => {
                let said: Vec<Said> = places
                    .iter()
                    .filter_map(|at| page.answers.said.get(*at as usize).copied())
                    .collect();
                let rows: Vec<u32> = said.iter().map(|one| one.customer).collect();
                self.numbers
                    .at(&rows)
                    .into_iter()
                    .zip(said)
                    .map(|(who, one)| Person {
                        who,
                        said: Some(one),
                    })
                    .collect()
            }
            Behind::Customers(rows) => self
                .numbers
                .at(rows)
                .into_iter()
                .map(|who| Person { who, said: None })
                .collect(),
            // These come as a page of their own.
            Behind::Answered(rows) => self
                .asked
                .at(rows)
                .into_iter()
                .map(|who| Person { who, said: None })
                .collect(),
        }
    }

    fn lay(&mut self, look: &Look) {
        let Some(Page::Nps(page)) = self.page.as_deref() else {
            return;
        };
        self.lines = lines(page, &self.friction, look);
        let before = self.figures.here();
        let keys: Vec<String> = self
            .lines
            .iter()
            .map(|line| format!("{}\t{}", line.head, line.label))
            .collect();
        self.figures.replace(&keys);
        let people = self.behind();
        if let Some(person) = self
            .wanted
            .and_then(|id| people.iter().find(|person| person.who.id == id))
        {
            self.wanted = None;
            self.people.want(*person);
        }
        // Behind the same figure, who was under the cursor and is gone stays greyed; behind another one nobody is chosen.
        if before.is_some() && before == self.figures.here() {
            self.people.set(&people)
        } else {
            self.on_people &= before.is_none();
            self.people.replace(&people)
        }
    }

    /// The answers in sight whose words are wanted.
    fn words_wanted(&self, look: &Look) -> Vec<Id> {
        let top = self.people.first(look.list_rows) / READ * READ;
        self.people
            .rows
            .iter()
            .skip(top)
            .take(2 * READ)
            .filter_map(|person| person.said.map(|said| said.id))
            .collect()
    }

    fn open(&mut self, cx: &mut Cx) {
        if self.filter.keep() {
            return;
        }
        if !self.on_people {
            self.on_people = true;
        } else if let Some(id) = self.here(cx.look) {
            cx.go(Go::account(id));
        }
    }

    fn pick_period(&mut self, cx: &mut Cx) {
        let items = PERIODS
            .iter()
            .map(|p| Item::new(period_code(*p), period_words(*p, cx.look)))
            .collect();
        let title = cx.look.say.word("nps.period").to_owned();
        let pick = Pick::new(title, items, |code, cx| {
            let period = period_of(code);
            cx.tell(move |v: &mut Nps, _| v.period = period.unwrap_or(v.period))
        });
        cx.open(pick.at(&period_code(self.period)));
    }

    fn draw_figures(&self, canvas: &mut Canvas, area: Rect) {
        let title = period_words(self.period, canvas.look);
        let inner = canvas.frame(
            area,
            canvas.look.say.word("screen.nps"),
            &title,
            !self.on_people,
        );
        let mut kinds = vec![0; self.lines.len()];
        for at in 1..kinds.len() {
            kinds[at] = kinds[at - 1] + usize::from(self.lines[at].head != self.lines[at - 1].head);
        }
        let head = |at: usize| (self.lines[at].head.clone(), Role::Muted);
        let rows = canvas.drawn.list_rows;
        groups::draw(
            canvas,
            inner,
            &self.figures,
            &kinds,
            head,
            |canvas, line, at| {
                let figure = &self.lines[at];
                let room = line.width.saturating_sub(3);
                let label = (room * 36 / 100).clamp(8, 24);
                let value = 5;
                let rest = room.saturating_sub(label + value + 2);
                groups::cells_of(
                    canvas,
                    line,
                    &[
                        (&figure.label, label, false, Role::Text),
                        (&figure.value, value, true, figure.role),
                        (&figure.note, rest, false, Role::Muted),
                    ],
                );
            },
        );
        if self.on_people {
            canvas.drawn.list_rows = rows;
            canvas
                .drawn
                .hits
                .retain(|(_, hit)| !matches!(hit, Hit::Row(_)));
            for (at, y) in (inner.top()..inner.bottom()).enumerate() {
                canvas.hit(Rect::new(inner.x, y, inner.width, 1), Hit::Part(at));
            }
        }
    }

    fn draw_people(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let Some(line) = self.line() else { return };
        let n = look
            .say
            .fill("nps.people", &[("n", &line.behind.len().to_string())]);
        let inner = canvas.frame(area, &line.behind_title, &n, self.on_people);
        if self.people.rows.is_empty() {
            return groups::draw_empty(canvas, inner, &line.nobody);
        }
        let Some(roster) = look.read() else { return };
        let height = usize::from(inner.height);
        if self.on_people {
            canvas.drawn.list_rows = height.max(1);
        }
        let top = self.people.first(height);
        for (y, at) in (inner.top()..inner.bottom()).zip(top..self.people.rows.len()) {
            let whole = Rect::new(inner.x, y, inner.width, 1);
            let room = inner.width.saturating_sub(3);
            let person = self.people.rows[at];
            let gone = self.people.ghost == Some(person);
            let dim = |role: Role| if gone { Role::Muted } else { role };
            let row = person.who.row(&roster);
            let name = row.map_or("", |row| roster.name(row));
            match person.said {
                None => {
                    let owner = row.map_or("", |row| roster.owner(row));
                    let half = room / 2;
                    let cells = [
                        (name, half, false, dim(Role::Text)),
                        (owner, room.saturating_sub(half + 1), false, Role::Muted),
                    ];
                    groups::cells_of(canvas, whole, &cells);
                }
                Some(said) => {
                    let (contact, text) = self.words.get(&said.id).cloned().unwrap_or_default();
                    let score = if said.number < 0 {
                        look.glyphs.dot.to_owned()
                    } else {
                        said.number.to_string()
                    };
                    let role = match Group::of(said.number).filter(|_| said.nps().is_some()) {
                        Some(Group::Detractor) => Role::Danger,
                        Some(Group::Promoter) => Role::Ok,
                        _ => Role::Text,
                    };
                    // Those that wait come first; one that is gone is not among them.
                    let place =
                        at - usize::from(self.people.ghost.is_some() && at > self.people.cursor);
                    let waits = line.waiting > place && !gone;
                    let day = words::show(said.day, look.now.today);
                    let sign = if waits { look.glyphs.bullet } else { " " };
                    let [wide, who, rest] = self.said_widths(inner.width);
                    groups::cells_of(
                        canvas,
                        whole,
                        &[
                            (sign, 1, false, Role::Warn),
                            (&score, 2, true, dim(role)),
                            (name, wide, false, dim(Role::Text)),
                            (&contact, who, false, Role::Muted),
                            (&day, 11, false, Role::Muted),
                            (&text, rest, false, Role::Text),
                        ],
                    );
                }
            }
            if self.on_people {
                canvas.hit(whole, Hit::Row(at));
                if at == self.people.cursor {
                    canvas.tint(whole, Role::Selection);
                }
            }
        }
        if self.on_people
            && let Some((_, text)) = self
                .people
                .here()
                .and_then(|person| self.words.get(&person.said?.id))
        {
            groups::draw_whole(canvas, area, text, self.said_widths(inner.width)[2]);
        }
    }

    /// Cells of the customer, the person and what was said, in a list of answers.
    fn said_widths(&self, line: u16) -> [u16; 3] {
        let room = line.saturating_sub(3);
        let (name, who) = (
            (room / 3).clamp(8, 24),
            if room < 60 { 0 } else { room / 6 },
        );
        [name, who, groups::room(line, &[1, 2, name, who, 11])]
    }
}

impl Lister for Nps {
    fn move_to(&mut self, to: usize, look: &Look) {
        if self.on_people {
            self.people.go(to, look.list_rows);
        } else {
            self.figures.go(to, look.list_rows);
            self.people = List::default();
            self.people.replace(&self.behind());
        }
    }

    fn at(&self) -> (usize, usize) {
        if self.on_people {
            (self.people.cursor, self.people.rows.len())
        } else {
            (self.figures.cursor, self.figures.rows.len())
        }
    }
}

impl Verbs for Nps {}

impl Keyed for Nps {
    const KEYS: &'static [&'static [KeyRow<Nps>]] = &[
        &[
            row("open", &["enter"], Nps::open)
                .when(|v, _| {
                    if v.filter.editing() || !v.people.rows.is_empty() {
                        Ok(())
                    } else {
                        Err("no_customer")
                    }
                })
                .hint(),
            row("pane", &["tab", "shift-tab"], |v: &mut Self, _| {
                if v.filter.editing() {
                    v.filter.complete()
                } else {
                    v.on_people = !v.on_people
                }
            })
            .hint(),
            row("period", &["P"], Nps::pick_period).hint(),
            row("filter", &["/"], |v: &mut Self, _| v.filter.edit()).hint(),
            row("narrow", &["f"], |_: &mut Self, cx| {
                narrow::open(
                    |v: &mut Self, term| narrow::add(&mut v.filter.text, term),
                    cx,
                )
            }),
            row("clear_filter", &["F"], |v: &mut Self, _| {
                v.filter.text.clear()
            })
            .when(|v, _| {
                if v.filter.text.is_empty() {
                    Err("no_filter")
                } else {
                    Ok(())
                }
            }),
            row("record", &["c"], |v: &mut Self, cx| {
                if let Some(id) = v.subjects(cx.look).first() {
                    cx.go(Go::form("nps", Some(*id)));
                }
            })
            .cli("nps")
            .when(|v, look| {
                if v.subjects(look).is_empty() {
                    Err("no_customer")
                } else {
                    Ok(())
                }
            }),
            row("escape", &["esc"], |v: &mut Self, cx| {
                if v.filter.escape() {
                } else if v.on_people {
                    v.on_people = false;
                } else {
                    cx.push(crate::tui::step::Step::App(
                        crate::tui::step::AppStep::Escape,
                    ));
                }
            }),
        ],
        Self::VERBS,
        Self::ABOUT,
        Self::MOVES,
    ];
}

impl Screen for Nps {
    fn title(&self, look: &Look) -> Title {
        let counter = self
            .page()
            .map_or_else(String::new, |page| spoken(page, look));
        Title {
            crumb: look.say.word("screen.nps").to_owned(),
            filter: self.filter.text.clone(),
            counter,
        }
    }

    fn watches(&self, look: &Look) -> Vec<(u8, Query)> {
        let (filter, period) = (self.filter.text.clone(), self.period);
        let mut all = vec![
            (
                FIGURES,
                Query::Nps {
                    filter: filter.clone(),
                    period,
                },
            ),
            (FRICTION, Query::Friction { filter, period }),
        ];
        all.extend(self.filter.query().map(|query| (CHECK, query)));
        let wanted = self.words_wanted(look);
        if !wanted.is_empty() {
            all.push((WORDS, Query::Replies { events: wanted }));
        }
        all
    }

    fn on_page(&mut self, part: u8, page: &Arc<Page>, cx: &mut Cx) {
        match (part, page.as_ref()) {
            (FIGURES, Page::Nps(new)) if new.mistake.is_none() => {
                self.page = Some(Arc::clone(page));
                self.numbers = Numbers::of(cx.look);
                self.lay(cx.look);
            }
            (FRICTION, Page::Friction(questions)) => {
                self.friction.clone_from(questions);
                self.asked = Numbers::of(cx.look);
                self.lay(cx.look);
            }
            (WORDS, Page::Replies(replies)) => {
                self.words = replies
                    .iter()
                    .map(|r| (r.event, (r.contact.clone(), r.text.clone())))
                    .collect();
            }
            (CHECK, Page::Rows(rows)) => self.filter.page(rows),
            _ => {}
        }
    }

    fn typing(&self) -> bool {
        self.filter.editing()
    }

    fn type_key(&mut self, key: &KeyEvent, _cx: &mut Cx) {
        self.filter.key(key);
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx) -> bool {
        self.filter.paste(text)
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        if let Hit::Part(_) = hit {
            self.on_people = false;
        } else {
            self.list_hit(hit, cx);
        }
    }

    fn step(&mut self, by: i32, look: &Look) -> Option<Id> {
        let before = self.people.cursor;
        self.people.by(by as isize, look.list_rows);
        (self.people.cursor != before)
            .then(|| self.here(look))
            .flatten()
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        if !self.on_people {
            return Vec::new();
        }
        self.people
            .here()
            .map(|person| person.who.id)
            .into_iter()
            .collect()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Nps(NpsAt {
            filter: self.filter.settled().to_owned(),
            period: period_code(self.period),
            figure: self.figures.here(),
            people: self.on_people,
            person: self.people.here().map(|person| person.who.id),
        }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Nps(at) = to else { return };
        self.filter.settle(&at.filter);
        self.period = period_of(&at.period).unwrap_or(PeriodAsk::Days(90));
        if let Some(figure) = &at.figure {
            self.figures.want(figure.clone());
        }
        (self.on_people, self.wanted) = (at.people, at.person);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let area = self.filter.draw(canvas, area);
        let look = canvas.look;
        if self.page().is_none() {
            let inner = canvas.frame(area, look.say.word("screen.nps"), "", true);
            return groups::draw_empty(canvas, inner, look.say.word("message.loading"));
        }
        let (figures, people) = if area.width >= 100 {
            let left = (area.width * 54 / 100).min(72);
            (
                Rect::new(area.x, area.y, left, area.height),
                Rect::new(area.x + left, area.y, area.width - left, area.height),
            )
        } else if area.height >= 12 {
            let top = area.height * 55 / 100;
            (
                Rect::new(area.x, area.y, area.width, top),
                Rect::new(area.x, area.y + top, area.width, area.height - top),
            )
        } else if self.on_people {
            (Rect::new(area.x, area.y, 0, 0), area)
        } else {
            (area, Rect::new(area.x, area.y, 0, 0))
        };
        if figures.width > 0 {
            self.draw_figures(canvas, figures);
        }
        if people.width > 0 {
            self.draw_people(canvas, people);
        }
    }
}
