//! Files in, looked at before anything is written: what each column becomes and why, what the rows would do, which fields both sides have
//! changed. Each key that changes something has the file looked at again; Ctrl-S writes.

use std::path::PathBuf;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::first_run::path_of;
use super::groups;
use super::log_line::Line;
use super::pick::{Item, Pick};
use crate::domain::command::Command;
use crate::domain::profile::{Calendar, DateOrder, Decimal, Dialect, Winner};
use crate::transfer::import::{
    ColumnUse, Conflict, FileReport, Kind, Report, Use, Wanted, profiles, save_profile,
};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::{List, Lister};
use job::Reads;

/// The look at a file, or at a folder of files one after the other. What was found is shown before it is written.
#[derive(Default)]
pub struct Import {
    path: PathBuf,
    wanted: Wanted,
    report: Option<Arc<Report>>,
    /// Which of the files.
    file: usize,
    list: List<usize>,
}

/// Asks for a file or a folder, and has it looked at.
pub fn ask(cx: &mut Cx) {
    let prompt = cx.look.say.word("prompt.import").to_owned();
    let line = Line::new(prompt, |text, cx| {
        let path = path_of(text, true, cx.look)?;
        // Many files take a while; that it has begun is said at once.
        cx.toast(
            cx.look
                .say
                .fill("import.looking", &[("path", &path.display().to_string())]),
        );
        let wanted = Wanted {
            dry_run: true,
            ..Wanted::default()
        };
        cx.run(Reads { path, wanted });
        Ok(())
    });
    cx.open(line.complete(|text, _| super::merge::paths(text, &[])));
}

/// The code of a choice, and the dialect that it makes of another.
type Saying = (&'static str, fn(&mut Dialect));

/// What can be said of how a file is written.
const SAID: &[Saying] = &[
    ("as_found", |d| *d = Dialect::default()),
    ("dates_day", |d| d.dates = Some(DateOrder::Day)),
    ("dates_month", |d| d.dates = Some(DateOrder::Month)),
    ("decimal_comma", |d| d.decimal = Some(Decimal::Comma)),
    ("decimal_point", |d| d.decimal = Some(Decimal::Point)),
    ("jalali", |d| d.calendar = Some(Calendar::Jalali)),
    ("utc", |d| d.zone = Some("UTC".to_owned())),
    ("utf_8", |d| d.encoding = Some("utf-8".to_owned())),
    ("windows_1254", |d| {
        d.encoding = Some("windows-1254".to_owned())
    }),
    ("windows_1251", |d| {
        d.encoding = Some("windows-1251".to_owned())
    }),
    ("windows_1256", |d| {
        d.encoding = Some("windows-1256".to_owned())
    }),
    ("windows_1252", |d| {
        d.encoding = Some("windows-1252".to_owned())
    }),
];

impl Import {
    /// The look at a path, and what was found.
    pub fn new(path: PathBuf, wanted: Wanted, report: Arc<Report>, look: &Look) -> Import {
        let mut screen = Import {
            path,
            wanted,
            ..Import::default()
        };
        screen.found(report, look);
        screen
    }

    /// Another look has found something else.
    fn found(&mut self, report: Arc<Report>, look: &Look) {
        self.report = Some(report);
        self.fit(look);
    }

    fn here(&self) -> Option<&FileReport> {
        let files = &self.report.as_ref()?.files;
        files.get(self.file.min(files.len().saturating_sub(1)))
    }

    /// Brings the list to what was found.
    fn fit(&mut self, look: &Look) {
        let rows = self
            .here()
            .map_or(0, |f| f.columns.len() + f.conflicts.len());
        self.list.rows = (0..rows).collect();
        self.list.go(self.list.cursor, look.list_rows);
    }

    fn column(&self) -> Option<&ColumnUse> {
        self.here()?.columns.get(self.list.here()?)
    }

    fn conflict(&self) -> Option<&Conflict> {
        let file = self.here()?;
        file.conflicts
            .get(self.list.here()?.checked_sub(file.columns.len())?)
    }

    fn look_again(&self, cx: &mut Cx) {
        cx.run(Reads {
            path: self.path.clone(),
            wanted: Wanted {
                dry_run: true,
                ..self.wanted.clone()
            },
        });
    }

    /// Sets what was chosen, and has the file looked at with it.
    fn choose(title: String, items: Vec<Item>, at: &str, cx: &mut Cx) {
        cx.open(
            Pick::new(title, items, |code, cx| {
                let code = code.to_owned();
                cx.tell(move |v: &mut Import, cx| v.chosen(&code, cx))
            })
            .at(at),
        );
    }

    /// `field:name`, `kind:contacts`: what was chosen, and of what.
    fn chosen(&mut self, chosen: &str, cx: &mut Cx) {
        let Some((what, code)) = chosen.split_once(':') else {
            return;
        };
        match what {
            "field" => {
                let Some(header) = self.column().map(|c| c.header.clone()) else {
                    return;
                };
                self.wanted.columns.retain(|(h, _)| *h != header);
                self.wanted.columns.push((header, code.to_owned()));
            }
            "kind" => {
                self.wanted.kind = Kind::named(code);
                self.wanted.columns.clear();
            }
            "profile" => {
                self.wanted.profile = Some(code.to_owned()).filter(|c| !c.is_empty());
                self.wanted.plain = code.is_empty();
                self.wanted.kind = None;
                self.wanted.columns.clear();
            }
            _ => {
                if let Some((_, set)) = SAID.iter().find(|(c, _)| *c == code) {
                    set(&mut self.wanted.dialect);
                }
            }
        }
        self.look_again(cx);
    }

    /// Another field for a column, or the other side of a conflict.
    fn change(&mut self, cx: &mut Cx) {
        if let Some(conflict) = self.conflict() {
            let key = (conflict.difference.row, conflict.difference.field.clone());
            let next = if conflict.won == Winner::Theirs {
                Winner::Mine
            } else {
                Winner::Theirs
            };
            self.wanted.answers.insert(key, next);
            return self.look_again(cx);
        }
        let (Some(column), Some(file)) = (self.column(), self.here()) else {
            return;
        };
        let left_out = Item::new("field:", cx.look.say.word("import.left_out"));
        let mut items = vec![left_out];
        items.extend(
            file.kind
                .fields()
                .map(|f| Item::new(format!("field:{f}"), f)),
        );
        if file.kind == Kind::Customers {
            let own =
                crate::text::fold(&column.header).replace(|c: char| !c.is_alphanumeric(), "_");
            items.push(Item::new(
                format!("field:attr.{own}"),
                cx.look.say.fill("import.attribute", &[("code", &own)]),
            ));
        }
        let now = match &column.becomes {
            Use::Field { field, .. } => format!("field:{field}"),
            Use::Attribute { code, .. } => format!("field:attr.{code}"),
            Use::Ignored => "field:".to_owned(),
        };
        Self::choose(
            cx.look
                .say
                .fill("import.becomes", &[("column", &column.header)]),
            items,
            &now,
            cx,
        );
    }

    fn kind(&mut self, cx: &mut Cx) {
        let items = Kind::TABLES
            .iter()
            .map(|k| Item::new(format!("kind:{}", k.code()), k.code()))
            .collect();
        let now = self
            .here()
            .map_or(String::new(), |f| format!("kind:{}", f.kind.code()));
        Self::choose(
            cx.look.say.word("import.which_kind").to_owned(),
            items,
            &now,
            cx,
        );
    }

    fn profile(&mut self, cx: &mut Cx) {
        let mut items = vec![Item::new("profile:", cx.look.say.word("import.no_profile"))];
        let all = profiles(&cx.look.config);
        items.extend(all.into_iter().map(|p| Item {
            label: p.name.clone(),
            detail: p.about,
            code: format!("profile:{}", p.name),
        }));
        let now = self
            .here()
            .and_then(|f| f.profile.clone())
            .unwrap_or_default();
        Self::choose(
            cx.look.say.word("import.which_profile").to_owned(),
            items,
            &format!("profile:{now}"),
            cx,
        );
    }

    fn dialect(&mut self, cx: &mut Cx) {
        let item = |(code, _): &Saying| {
            Item::new(
                format!("said:{code}"),
                cx.look.say.word(&format!("import.{code}")),
            )
        };
        let items = SAID.iter().map(item).collect();
        Self::choose(
            cx.look.say.word("import.how_written").to_owned(),
            items,
            "",
            cx,
        );
    }

    fn winner(&mut self, cx: &mut Cx) {
        let now = Winner::ALL
            .iter()
            .position(|w| *w == self.wanted.winner.unwrap_or_default())
            .unwrap_or(0);
        self.wanted.winner = Some(Winner::ALL[(now + 1) % Winner::ALL.len()]);
        self.look_again(cx);
    }

    fn other_file(&mut self, by: isize, cx: &mut Cx) {
        let files = self.report.as_ref().map_or(0, |r| r.files.len());
        self.file = self
            .file
            .saturating_add_signed(by)
            .min(files.saturating_sub(1));
        self.list.cursor = 0;
        self.fit(cx.look);
    }

    /// Keeps how the file at hand is read, under a name.
    fn keep(&mut self, cx: &mut Cx) {
        let Some(file) = self.here().cloned() else {
            return;
        };
        let (wanted, prompt) = (
            self.wanted.clone(),
            cx.look.say.word("prompt.profile_name").to_owned(),
        );
        cx.open(Line::new(prompt, move |text, cx| {
            let name = text.trim();
            let value = save_profile(name, &file, &wanted).and_then(|p| p.write());
            let value = value.map_err(|e| format!("{e}. {}", e.hints.join(". ")))?;
            cx.write(Command::SetConfig {
                key: format!("profile.{name}"),
                value: Some(value),
                base: None,
            });
            Ok(())
        }));
    }

    fn write(&mut self, cx: &mut Cx) {
        // What was not decided one by one stays as it is.
        let winner = self
            .wanted
            .winner
            .map(|w| if w == Winner::Ask { Winner::Mine } else { w });
        let wanted = Wanted {
            dry_run: false,
            winner,
            ..self.wanted.clone()
        };
        cx.close();
        cx.toast(cx.look.say.fill(
            "message.importing",
            &[("path", &self.path.display().to_string())],
        ));
        cx.run(Reads {
            path: self.path.clone(),
            wanted,
        });
    }

    /// What stands above the columns.
    fn head(&self, file: &FileReport, look: &Look) -> Vec<(String, Role)> {
        let say = &look.say;
        let report = self.report.as_ref();
        let by = file.profile.as_ref().map_or_else(String::new, |p| {
            say.fill("import.by_profile", &[("profile", p)])
        });
        let of = report.map_or(1, |r| r.files.len());
        let which = if of > 1 {
            say.fill(
                "import.file_of",
                &[("n", &(self.file + 1).to_string()), ("of", &of.to_string())],
            )
        } else {
            String::new()
        };
        let first = say.fill(
            "import.as",
            &[
                ("file", &file.file),
                ("kind", file.kind.code()),
                ("by", &by),
                ("which", &which),
            ],
        );
        let counts = [
            (file.made, "import.made"),
            (file.changed, "import.changed"),
            (file.same, "import.same"),
            (file.merged, "import.merged"),
            (file.kept, "import.kept"),
            (file.passed, "import.passed"),
            (file.conflicts.len() as u64, "import.conflicts"),
            (file.rejected, "import.rejected"),
        ];
        let counts = counts
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| say.fill(word, &[("n", &grouped(*n as usize))]));
        let counts: Vec<String> = counts.collect();
        let dot = format!(" {} ", look.glyphs.dot);
        let rule = say
            .word(&format!(
                "import.winner_{}",
                self.wanted.winner.unwrap_or_default().code()
            ))
            .to_owned();
        let mut lines = vec![
            (first, Role::Text),
            (
                counts.join(&dot),
                if file.rejected > 0 {
                    Role::Warn
                } else {
                    Role::Ok
                },
            ),
            (
                say.fill("import.found_by", &[("key", &file.key), ("rule", &rule)]),
                Role::Muted,
            ),
        ];
        lines.extend(
            file.dialect
                .iter()
                .take(4)
                .map(|f| (format!("{}: {} ({})", f.what, f.is, f.why), Role::Muted)),
        );
        lines
    }

    /// What stands below them: rejected rows and notes.
    fn foot(file: &FileReport, look: &Look) -> Vec<(String, Role)> {
        let line = |(line, why): &(u64, String)| {
            (
                look.say.fill(
                    "import.rejected_line",
                    &[("line", &line.to_string()), ("why", why)],
                ),
                Role::Warn,
            )
        };
        let note = |(note, n): &(String, u64)| {
            let rows = if *n > 0 {
                look.say
                    .fill("import.note_rows", &[("n", &grouped(*n as usize))])
            } else {
                String::new()
            };
            (format!("{note}{rows}"), Role::Muted)
        };
        file.notes
            .iter()
            .map(note)
            .chain(file.first_rejects.iter().map(line))
            .collect()
    }

    fn draw_row(canvas: &mut Canvas, line: Rect, file: &FileReport, at: usize) {
        let look = canvas.look;
        let left = line.width.saturating_sub(2);
        let (a, b, c) = (left * 3 / 10, left * 25 / 100, left * 15 / 100);
        let d = left.saturating_sub(a + b + c + 6);
        if let Some(column) = file.columns.get(at) {
            let (becomes, role) = match &column.becomes {
                Use::Field { field, minor: true } => (
                    look.say.fill("import.minor", &[("field", field)]),
                    Role::Accent,
                ),
                Use::Field {
                    field,
                    minor: false,
                } => ((*field).to_owned(), Role::Accent),
                Use::Attribute { code, .. } => (
                    look.say.fill("import.attribute", &[("code", code)]),
                    Role::Info,
                ),
                Use::Ignored => (look.say.word("import.left_out").to_owned(), Role::Muted),
            };
            let because = if column.becomes == Use::Ignored {
                ""
            } else {
                column.because.words()
            };
            let cells = [
                (column.header.as_str(), a, false, Role::Text),
                (becomes.as_str(), b, false, role),
                (because, c, false, Role::Muted),
                (column.example.as_str(), d, false, Role::Text),
            ];
            return groups::cells_of(canvas, line, &cells);
        }
        let Some(conflict) = file.conflicts.get(at - file.columns.len()) else {
            return;
        };
        let d_ = &conflict.difference;
        let won = if conflict.won == Winner::Theirs {
            "import.theirs_wins"
        } else {
            "import.mine_wins"
        };
        let mine = look.say.fill(
            "import.mine_by",
            &[("value", &d_.mine), ("person", &d_.person)],
        );
        let name = format!("{} {} {}", conflict.name, look.glyphs.dot, d_.field);
        let won = look.say.word(won).to_owned();
        let theirs = look.say.fill("import.theirs", &[("value", &d_.theirs)]);
        let cells = [
            (name.as_str(), a, false, Role::Warn),
            (mine.as_str(), b, false, Role::Text),
            (won.as_str(), c, false, Role::Accent),
            (theirs.as_str(), d, false, Role::Text),
        ];
        groups::cells_of(canvas, line, &cells);
    }
}

impl Lister for Import {
    fn move_to(&mut self, to: usize, look: &Look) {
        self.list.go(to, look.list_rows);
    }
    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }
}

impl Keyed for Import {
    const KEYS: &'static [&'static [KeyRow<Import>]] = &[
        &[
            row("write", &["ctrl-s"], Import::write)
                .when(|v, _| v.here().map(|_| ()).ok_or("no_file"))
                .writes("import")
                .hint(),
            row("change", &["enter"], Import::change)
                .cli("import")
                .when(|v, _| v.here().map(|_| ()).ok_or("no_file"))
                .hint(),
            row("profile", &["p"], Import::profile).cli("import").hint(),
            row("dialect", &["d"], Import::dialect).cli("import").hint(),
            row("kind", &["t"], Import::kind).cli("import"),
            row("winner", &["c"], Import::winner).cli("import").hint(),
            row("keep", &["S"], Import::keep)
                .when(|v, _| v.here().map(|_| ()).ok_or("no_file"))
                .writes("import"),
            row("next_file", &["tab"], |v: &mut Self, cx| {
                v.other_file(1, cx)
            }),
            row("previous_file", &["shift-tab"], |v: &mut Self, cx| {
                v.other_file(-1, cx)
            }),
        ],
        Self::MOVES,
    ];
}

impl Screen for Import {
    fn title(&self, look: &Look) -> Title {
        let name = self
            .path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let crumb = format!("{} {name}", look.say.word("screen.import"));
        Title {
            crumb,
            ..Title::default()
        }
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.list_hit(hit, cx);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let inner = canvas.frame(area, look.say.word("screen.import"), "", true);
        let Some(file) = self.here() else {
            return groups::draw_empty(canvas, inner, look.say.word("message.loading"));
        };
        let width = inner.width.saturating_sub(2);
        let mut y = inner.y;
        for (text, role) in self.head(file, look) {
            if y + 4 < inner.bottom() {
                canvas.text(inner.x + 1, y, width, &text, role);
                y += 1;
            }
        }
        let foot = Self::foot(file, look);
        let below = (foot.len() as u16).min(inner.height / 4);
        let bottom = inner.bottom().saturating_sub(below + u16::from(below > 0));
        y += 1;
        let height = usize::from(bottom.saturating_sub(y));
        canvas.drawn.list_rows = height.max(1);
        let top = self.list.first(height.max(1));
        for (y, at) in (y..bottom).zip(top..self.list.rows.len()) {
            let line = Rect::new(inner.x, y, inner.width, 1);
            Self::draw_row(canvas, line, file, at);
            canvas.hit(line, Hit::Row(at));
            if at == self.list.cursor {
                canvas.tint(line, Role::Selection);
            }
        }
        for (y, (text, role)) in (bottom + 1..inner.bottom()).zip(foot) {
            canvas.text(inner.x + 1, y, width, &text, role);
        }
    }
}

pub mod job;
#[cfg(test)]
mod tests;
