//! The palette: every action, saved view, customer and setting by name, with the key that does the same. Recent ones first.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::domain::id::Id;
use crate::domain::query::{Page, Query, View};
use crate::text;
use crate::tui::canvas::{Canvas, Hit, centred};
use crate::tui::go::Go;
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::step::{Cx, Step};
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Place, Screen, Title};
use crate::tui::views::root;
use crate::tui::widgets::field::Field;

/// What can be run.
#[derive(Clone, Debug, PartialEq)]
enum What {
    Action(String),
    View(String),
    Customer(Id),
}

/// One line.
#[derive(Clone, Debug)]
struct Entry {
    what: What,
    label: String,
    kind: &'static str,
    key: String,
}

/// The palette.
#[derive(Default)]
pub struct Palette {
    over: String,
    field: Field,
    cursor: usize,
    views: Vec<(Id, String, View)>,
    found: Vec<Entry>,
    total: usize,
    ready: bool,
}

const SHOWN: usize = 60;

/// Between one way of fitting and the next worse one.
const STEP: u32 = 100_000;

/// Bytes of a text that is looked for at all.
const LONGEST: usize = 2_000;

/// Names with what was typed in them, the best first, each with its rank: the name itself, its beginning, the beginnings of its
/// words in order, anywhere in it, and last its words with a slip of the finger. Matching by scattered letters was tried and
/// listed every second name of a large book.
fn best<S: AsRef<str>>(typed: &str, names: &[S]) -> Vec<(usize, u32)> {
    // A slip in one or two letters is another word.
    let slips = typed
        .split_whitespace()
        .any(|part| part.chars().count() >= 4);
    let rank = |name: &str| {
        let step = if name == typed {
            0
        } else if name.starts_with(typed) {
            1
        } else if in_words(typed, name, |word, part| word.starts_with(part)) {
            2
        } else if name.contains(typed) {
            3
        } else if slips
            && in_words(typed, name, |word, part| {
                word.starts_with(part) || slipped(word, part)
            })
        {
            4
        } else {
            return None;
        };
        // Of two that fit alike the shorter one is nearer to what was typed.
        Some(step * STEP + (name.len() as u32).min(STEP - 1))
    };
    let mut ranked: Vec<(usize, u32)> = names
        .iter()
        .enumerate()
        .filter_map(|(at, name)| Some((at, rank(name.as_ref())?)))
        .collect();
    ranked.sort_by_key(|(_, rank)| *rank);
    ranked
}

/// True where each typed word fits a word of the name, in order: `go fun` in `go to funnel`.
fn in_words(typed: &str, name: &str, fits: impl Fn(&str, &str) -> bool) -> bool {
    let mut words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty());
    typed
        .split_whitespace()
        .all(|part| words.any(|word| fits(word, part)))
}

/// One letter left out, doubled, exchanged with another or with its neighbour: `funel`, `funnnel`, `fumnel`, `funenl`.
fn slipped(word: &str, typed: &str) -> bool {
    let (word, typed): (Vec<char>, Vec<char>) = (word.chars().collect(), typed.chars().collect());
    let same = word.iter().zip(&typed).take_while(|(a, b)| a == b).count();
    let (word, typed) = (&word[same..], &typed[same..]);
    match (word, typed) {
        // The first letter is hardly ever the wrong one, and a short word has too many neighbours.
        _ if same == 0 || typed.len() + same < 4 => false,
        ([_, w @ ..], [_, t @ ..]) if w == t => true,
        ([a, b, w @ ..], [c, d, t @ ..]) if (a, b) == (d, c) && w == t => true,
        ([_, w @ ..], t) if w == t => true,
        (w, [_, t @ ..]) => w == t,
        _ => false,
    }
}

impl Palette {
    fn commands(&self, look: &Look) -> Vec<Entry> {
        // Boxes and lines have no place of their own to run in; other tabs' actions go there first.
        let root = |screen: &str| root(screen).is_some();
        let here = |screen: &str| screen == self.over || screen == super::app::NAME;
        let actions = look
            .keymap
            .all()
            .filter(|a| here(a.screen) || root(a.screen));
        let mut entries: Vec<Entry> = actions
            .filter(|a| {
                a.id != "app.palette"
                    && !(a.screen != self.over
                        && root(a.screen)
                        && look
                            .keymap
                            .of(&self.over)
                            .iter()
                            .any(|o| o.label == a.label))
            })
            .map(|a| Entry {
                what: What::Action(a.id.clone()),
                label: look.action_words(a),
                kind: a.screen,
                key: a.key(),
            })
            .collect();
        entries.sort_by_key(|e| (!here(e.kind), e.kind == super::app::NAME));
        entries.extend(self.views.iter().map(|(_, name, _)| Entry {
            what: What::View(name.clone()),
            label: name.clone(),
            kind: "view",
            key: String::new(),
        }));
        entries
    }

    fn search(&mut self, look: &Look) {
        let commands = self.commands(look);
        self.total = commands.len() + look.counts.customers;
        self.ready = true;
        let text = self.field.text().trim();
        if text.len() > LONGEST {
            // No name is as long, and a paste by mistake costs nothing.
            return self.found.clear();
        }
        let typed = text::fold(text);
        if typed.is_empty() {
            let id = |e: &Entry| {
                if let What::Action(id) = &e.what {
                    look.recent.iter().position(|r| r == id)
                } else {
                    None
                }
            };
            let mut commands = commands;
            commands.sort_by_key(|e| id(e).unwrap_or(usize::MAX));
            self.found = commands;
            return;
        }
        let labels: Vec<String> = commands.iter().map(|e| text::fold(&e.label)).collect();
        let mut found: Vec<(u32, Entry)> = best(&typed, &labels)
            .into_iter()
            .take(SHOWN / 2)
            .filter_map(|(at, rank)| Some((rank, commands.get(at)?.clone())))
            .collect();
        if let Some(roster) = look.read() {
            let rows: Vec<usize> = (0..roster.rows.len())
                .filter(|at| !roster.rows[*at].removed)
                .collect();
            let names: Vec<&str> = rows.iter().map(|at| roster.folded(*at)).collect();
            for (at, rank) in best(&typed, &names).into_iter().take(SHOWN / 2) {
                let at = rows[at];
                let stage = roster
                    .config
                    .stages
                    .label(roster.rows[at].signals.stage)
                    .to_owned();
                let entry = Entry {
                    what: What::Customer(roster.ids[at]),
                    label: roster.name(at).to_owned(),
                    kind: "customer",
                    key: stage,
                };
                found.push((rank, entry));
            }
        }
        // How well it fits decides between commands and customers too; the sort is stable, so commands are first among equals.
        found.sort_by_key(|(rank, _)| *rank / STEP);
        self.found = found.into_iter().map(|(_, entry)| entry).collect();
    }

    fn run(&mut self, cx: &mut Cx) {
        let Some(entry) = self.found.get(self.cursor).cloned() else {
            return;
        };
        cx.close();
        match entry.what {
            What::Action(id) => cx.push(Step::Act(id)),
            What::View(name) => {
                let view = self
                    .views
                    .iter()
                    .find(|(_, n, _)| *n == name)
                    .map(|(_, _, v)| v.clone())
                    .unwrap_or_default();
                cx.go(Go::customers(view, &name));
            }
            What::Customer(id) => cx.go(Go::account(id)),
        }
    }

    fn by(&mut self, by: isize) {
        self.cursor = self
            .cursor
            .saturating_add_signed(by)
            .min(self.found.len().saturating_sub(1));
    }
}

impl Keyed for Palette {
    const KEYS: &'static [&'static [KeyRow<Palette>]] = &[&[
        row("run", &["enter"], Palette::run).hint(),
        row("down", &["down", "tab", "ctrl-n"], |v: &mut Self, _| {
            v.by(1)
        }),
        row("up", &["up", "shift-tab"], |v: &mut Self, _| v.by(-1)),
        row("page_down", &["pgdn"], |v: &mut Self, _| v.by(10)),
        row("page_up", &["pgup"], |v: &mut Self, _| v.by(-10)),
        row("close", &["esc"], |_, cx| cx.close()),
    ]];
}

impl Screen for Palette {
    fn place(&self) -> Place {
        Place::Box
    }

    fn title(&self, _look: &Look) -> Title {
        Title::default()
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        vec![(0, Query::Views)]
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, cx: &mut Cx) {
        if let Page::Views(views) = page.as_ref() {
            self.views.clone_from(views);
            self.search(cx.look);
        }
    }

    fn quiet(&mut self, look: &Look) {
        if !self.ready {
            self.search(look);
        }
    }

    fn typing(&self) -> bool {
        true
    }

    fn type_key(&mut self, key: &KeyEvent, cx: &mut Cx) {
        if self.field.key(key) {
            self.cursor = 0;
            self.search(cx.look);
        }
    }

    fn paste(&mut self, text: &str, cx: &mut Cx) -> bool {
        self.field.insert(text);
        self.search(cx.look);
        true
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        match hit {
            Hit::Row(at) => {
                self.cursor = at;
                self.run(cx);
            }
            Hit::Wheel(by) => self.by(by as isize * 3),
            _ => {}
        }
    }

    fn restore(&mut self, to: &Go) {
        let Go::Palette(over) = to else { return };
        self.over.clone_from(over);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let height = (self.found.len() as u16 + 4).clamp(8, 20);
        let area = centred(area, 72, height);
        let count = look.say.fill(
            "message.n_of",
            &[
                ("n", &self.found.len().to_string()),
                ("of", &self.total.to_string()),
            ],
        );
        let inner = canvas.frame(area, look.say.word("palette.title"), &count, true);
        if inner.height < 3 {
            return;
        }
        canvas.text(inner.x + 1, inner.y, 2, ">", Role::Accent);
        self.field.draw(
            canvas,
            Rect::new(inner.x + 3, inner.y, inner.width.saturating_sub(4), 1),
            None,
        );
        let rows = usize::from(inner.height - 2);
        let top = self.cursor.saturating_sub(rows.saturating_sub(1));
        for (i, entry) in self.found.iter().enumerate().skip(top).take(rows) {
            let y = inner.y + 1 + (i - top) as u16;
            let line = Rect::new(inner.x, y, inner.width, 1);
            let key_width = 14.min(inner.width / 4);
            let kind_width = 11.min(inner.width / 5);
            let kind_x = inner.right().saturating_sub(key_width + kind_width + 1);
            canvas.text(
                inner.x + 1,
                y,
                kind_x.saturating_sub(inner.x + 2),
                &entry.label,
                Role::Text,
            );
            canvas.text(
                kind_x,
                y,
                kind_width,
                look.say
                    .find(&format!("palette.{}", entry.kind))
                    .unwrap_or(entry.kind),
                Role::Muted,
            );
            canvas.right(inner.right() - 1, y, key_width, &entry.key, Role::Info);
            canvas.hit(line, Hit::Row(i));
            if i == self.cursor {
                canvas.tint(line, Role::Selection);
            }
        }
        let foot = if self.found.is_empty() {
            "palette.nothing"
        } else {
            "palette.foot"
        };
        canvas.text(
            inner.x + 1,
            inner.bottom() - 1,
            inner.width.saturating_sub(2),
            look.say.word(foot),
            Role::Muted,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(typed: &str, all: &[&'static str]) -> Vec<&'static str> {
        best(typed, all)
            .into_iter()
            .map(|(at, _)| all[at])
            .collect()
    }

    #[test]
    fn exact_and_beginning_come_first_and_what_hardly_fits_not_at_all() {
        let all = [
            "reform a stage",
            "stage of the pact",
            "stage",
            "go to funnel",
            "paste a gem",
            "stagnant water",
            "backstage gmbh",
        ];
        assert_eq!(
            names("stage", &all),
            [
                "stage",
                "stage of the pact",
                "reform a stage",
                "backstage gmbh"
            ]
        );
        assert_eq!(names("go fun", &all), ["go to funnel"]);
        for slip in ["funel", "funnnel", "fumnel", "funenl", "go funel"] {
            assert_eq!(names(slip, &all), ["go to funnel"], "{slip}");
        }
        for other in ["zz", "gml", "stgm", "fnl", "tunnel"] {
            assert_eq!(
                names(other, &all),
                [""; 0],
                "{other}: scattered letters are not meant"
            );
        }
    }
}
