//! Merging a copy of the book: first what would come, then one key brings it.

use std::path::{Path, PathBuf};

use ratatui::layout::Rect;

use super::activity::kind_words;
use super::clash::label;
use super::conflicts::value;
use super::first_run::{path_of, typed_path};
use super::log_line::Line;
use crate::error::Result;
use crate::store::merge::MergeAsk;
use crate::store::merge::{Arrived, Report};
use crate::tui::bench::Bench;
use crate::tui::canvas::{Canvas, Hit, centred};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::measure::wrap;
use crate::tui::step::{AppStep, Cx, Step};
use crate::tui::step::{Incoming, Job};
use crate::tui::theme::Role;
use crate::tui::verbs;
use crate::tui::view::{Keyed, Place, Screen, Title};

/// What a merge would bring.
#[derive(Default)]
pub struct MergeBox {
    path: PathBuf,
    report: Report,
    top: usize,
}

/// Asks for the copy; one that a sync tool left beside the book stands there already.
pub fn ask(cx: &mut Cx) {
    let prompt = cx.look.say.word("prompt.merge").to_owned();
    let line = Line::new(prompt, |text, cx| {
        let path = path_of(text, false, cx.look)?;
        cx.toast(
            cx.look
                .say
                .fill("merge.looking", &[("path", &path.display().to_string())]),
        );
        cx.run(Merge {
            path,
            dry_run: true,
        });
        Ok(())
    });
    let first = cx
        .look
        .copies
        .first()
        .map(|p| p.display().to_string())
        .unwrap_or_default();
    cx.open(
        line.complete(|text, look| paths(text, &look.copies))
            .text(&first),
    );
}

/// Most names that Tab goes through.
const MOST: usize = 200;

/// The paths that a typed beginning could become; of an empty one the copies beside the book.
pub(super) fn paths(text: &str, copies: &[PathBuf]) -> Vec<String> {
    if text.trim().is_empty() {
        return copies.iter().map(|p| p.display().to_string()).collect();
    }
    let (folder, start) = text
        .rfind('/')
        .map_or(("", text), |at| text.split_at(at + 1));
    let place = if folder.is_empty() {
        PathBuf::from(".")
    } else {
        typed_path(folder)
    };
    let mut found: Vec<String> = std::fs::read_dir(place)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let shown =
                name.starts_with(start) && (start.starts_with('.') || !name.starts_with('.'));
            let end = if entry.path().is_dir() { "/" } else { "" };
            shown.then(|| format!("{folder}{name}{end}"))
        })
        .take(MOST)
        .collect();
    found.sort_unstable();
    found
}

/// What came of one person: "bo: 2 x note, stage (Acme, Beta and 12 more)".
pub fn came(arrived: &Arrived, look: &Look) -> String {
    let times = |n: usize| {
        if n == 1 {
            String::new()
        } else {
            format!("{} x ", grouped(n))
        }
    };
    let did: Vec<String> = arrived
        .did
        .iter()
        .map(|(code, n)| format!("{}{}", times(*n), kind_words(look, code)))
        .collect();
    let more = arrived.customers.saturating_sub(arrived.names.len());
    let mut at = arrived.names.join(", ");
    if more > 0 {
        at = look
            .say
            .fill("merge.more", &[("names", &at), ("n", &grouped(more))]);
    }
    let word = if arrived.customers == 0 {
        "merge.came"
    } else {
        "merge.came_at"
    };
    look.say.fill(
        word,
        &[
            ("person", &arrived.person),
            ("did", &did.join(", ")),
            ("names", &at),
        ],
    )
}

/// Merges a copy into the open book by a connection of its own, or tells only what would come.
#[derive(Clone, PartialEq, Debug)]
pub struct Merge {
    /// The copy.
    pub path: PathBuf,
    /// It is only looked at.
    pub dry_run: bool,
}

impl Job for Merge {
    type Answer = Result<Box<Report>>;

    fn writes(&self) -> Option<&'static str> {
        (!self.dry_run).then_some("job.merge")
    }

    /// What comes is noticed like anybody else's writes.
    fn run(&self, bench: &mut Bench) -> Result<Box<Report>> {
        let ask = MergeAsk {
            now: (bench.clock)(),
            dry_run: self.dry_run,
            foreign: false,
        };
        bench.open()?.merge(&self.path, ask).map(Box::new)
    }

    fn ended(self, answer: Result<Box<Report>>, here: bool, cx: &mut Cx) {
        if self.dry_run && !here {
            return;
        }
        // The worker comes upon what was merged a moment later.
        cx.push(Step::App(AppStep::Hush(2_000)));
        match answer {
            Err(error) => cx.refused(&error),
            Ok(report) if !self.dry_run => merged(self.path, &report, cx),
            Ok(report) if report.arrived() > 0 || !report.left_out.is_empty() => {
                let what = file(&self.path);
                let ask = Box::new(MergeBox::new(self.path, *report));
                cx.push(Step::Comes(Incoming::View(what, ask)));
            }
            // One that lies beside the book is put away, so that nobody is told of it again.
            Ok(_) if cx.look.copies.contains(&self.path) => cx.run(Merge {
                dry_run: false,
                ..self
            }),
            Ok(_) => cx.good(cx.look.say.word("merge.nothing_new")),
        }
    }
}

/// Says what has come, what copies disagree about, and where the copy is now.
fn merged(path: PathBuf, report: &Report, cx: &mut Cx) {
    let (look, say) = (cx.look, &cx.look.say);
    let came: Vec<String> = report.batches.iter().map(|a| came(a, look)).collect();
    let done = if report.arrived() == 0 && report.left_out.is_empty() {
        "merge.had_all"
    } else {
        "merge.done"
    };
    let mut words = say.fill(done, &[("what", &came.join("; "))]);
    let open = report.conflicts.len();
    if open > 0 {
        let (n, key) = (open.to_string(), look.keymap.key_of("app.conflicts"));
        words.push_str(&say.fill("merge.done_conflicts", &[("n", &n), ("key", &key)]));
    }
    let folder = report.put_away.as_ref();
    if let Some(folder) = folder.and_then(|to| to.parent()?.file_name()) {
        let folder = folder.to_string_lossy();
        words.push_str(&say.fill("merge.put_away", &[("folder", &folder)]));
    }
    cx.push(Step::App(AppStep::PutAway(path)));
    cx.good(words);
}

impl MergeBox {
    /// What the copy at a path would bring.
    pub fn new(path: PathBuf, report: Report) -> MergeBox {
        MergeBox {
            path,
            report,
            top: 0,
        }
    }

    fn merge(&mut self, cx: &mut Cx) {
        cx.close();
        cx.toast(
            cx.look
                .say
                .fill("merge.merging", &[("path", &file(&self.path))]),
        );
        cx.push(Step::App(AppStep::Hush(600_000)));
        cx.run(Merge {
            path: self.path.clone(),
            dry_run: false,
        });
    }

    fn scroll(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by);
    }

    fn lines(&self, look: &Look) -> Vec<(String, Role)> {
        let (r, say) = (&self.report, &look.say);
        let day = |at| verbs::day(look.now.zone.day(at));
        let counts = [
            ("batches", r.arrived()),
            ("rows", r.rows),
            ("edits", r.edits),
            ("changed", r.changed),
        ]
        .map(|(k, n)| (k, grouped(n)));
        let values: Vec<(&str, &str)> = counts.iter().map(|(k, n)| (*k, n.as_str())).collect();
        let mut lines = vec![(say.fill("merge.brings", &values), Role::Text)];
        for a in &r.batches {
            let words = say.fill(
                "merge.by",
                &[("what", &came(a, look)), ("day", &day(a.last))],
            );
            lines.push((format!("  {words}"), Role::Text));
        }
        let mut part = |word: &str, n: usize, role: Role, all: Vec<String>| {
            if n > 0 {
                lines.push((String::new(), Role::Text));
                lines.push((say.fill(word, &[("n", &grouped(n))]), role));
                lines.extend(
                    all.into_iter()
                        .map(|line| (format!("  {line}"), Role::Text)),
                );
            }
        };
        let conflict = |c: &crate::domain::query::Conflict| {
            let name = c.customer.as_ref().map_or(&c.name, |c| &c.1);
            let values: Vec<String> = c
                .values
                .iter()
                .rev()
                .map(|v| format!("{} ({})", value(c, v, look), v.person))
                .collect();
            format!(
                "{name} {} {}: {}",
                look.glyphs.dot,
                label(&c.field, look),
                values.join(" / ")
            )
        };
        part(
            "merge.conflicts",
            r.conflicts.len(),
            Role::Warn,
            r.conflicts.iter().map(conflict).collect(),
        );
        part(
            "merge.left_out",
            r.left_out.len(),
            Role::Warn,
            r.left_out
                .iter()
                .map(|l| format!("{} ({}): {}", l.label, l.person, l.why))
                .collect(),
        );
        part(
            "merge.gaps",
            r.gaps.len(),
            Role::Warn,
            r.gaps
                .iter()
                .map(crate::store::doctor::Gap::words)
                .collect(),
        );
        let clocks = r.clocks.iter().map(|c| {
            say.fill(
                "merge.clock",
                &[
                    ("person", &c.person),
                    ("n", &grouped(c.batches)),
                    ("day", &day(c.latest)),
                ],
            )
        });
        part("merge.clocks", r.clocks.len(), Role::Warn, clocks.collect());
        let same = r
            .duplicates
            .iter()
            .map(|d| format!("{} / {}", d.name, d.their_name));
        part(
            "merge.duplicates",
            r.duplicates.len(),
            Role::Info,
            same.collect(),
        );
        lines
    }
}

fn file(path: &Path) -> String {
    path.file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default()
}

impl Keyed for MergeBox {
    const KEYS: &'static [&'static [KeyRow<MergeBox>]] = &[&[
        row("bring", &["enter"], MergeBox::merge)
            .cli("merge")
            .hint(),
        row("close", &["esc", "q"], |_, cx| cx.close()),
        row("down", &["j", "down"], |v: &mut Self, _| v.scroll(1)),
        row("up", &["k", "up"], |v: &mut Self, _| v.scroll(-1)),
        row("page_down", &["pgdn", "space"], |v: &mut Self, _| {
            v.scroll(10)
        }),
        row("page_up", &["pgup"], |v: &mut Self, _| v.scroll(-10)),
    ]];
}

impl Screen for MergeBox {
    fn place(&self) -> Place {
        Place::Box
    }

    fn title(&self, _look: &Look) -> Title {
        Title::default()
    }

    fn on_hit(&mut self, hit: Hit, _cx: &mut Cx) {
        if let Hit::Wheel(by) = hit {
            self.scroll(by as isize);
        }
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let width = area.width.saturating_sub(4).clamp(20, 92);
        let inside = usize::from(width.saturating_sub(4)).max(8);
        let mut lines: Vec<(String, Role)> = Vec::new();
        for (line, role) in self.lines(look) {
            let indent = line.len() - line.trim_start().len();
            lines.extend(
                wrap(&line, inside.saturating_sub(indent))
                    .into_iter()
                    .map(|l| (format!("{}{l}", " ".repeat(indent)), role)),
            );
        }
        let title = look.say.fill("merge.title", &[("file", &file(&self.path))]);
        let inner = canvas.frame(
            centred(area, width, lines.len() as u16 + 4),
            &title,
            "",
            true,
        );
        let body = usize::from(inner.height).saturating_sub(2);
        let top = self.top.min(lines.len().saturating_sub(body));
        for (y, (text, role)) in (inner.top()..).zip(lines.iter().skip(top).take(body)) {
            canvas.text(inner.x + 1, y, inner.width.saturating_sub(2), text, *role);
        }
        let keys = look.say.word("merge.keys").to_owned();
        canvas.text(
            inner.x + 1,
            inner.bottom().saturating_sub(1),
            inner.width.saturating_sub(2),
            &keys,
            Role::Accent,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_completes_names_and_offers_the_copies() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["team.db", "team (1).db", ".hidden"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("teams")).unwrap();
        let at = |name: &str| format!("{}/{name}", folder.path().display());
        assert_eq!(
            paths(&at("tea"), &[]),
            [at("team (1).db"), at("team.db"), at("teams/")]
        );
        assert_eq!(paths(&at("nobody"), &[]), [""; 0]);
        assert_eq!(paths("", &[PathBuf::from("/x/copy.db")]), ["/x/copy.db"]);
    }
}
