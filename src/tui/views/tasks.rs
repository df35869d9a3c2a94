//! Tasks: mine or everybody's, by when they are due; done, put off, given to others, one or many at a time.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::filter_line::{FilterLine, Filtered};
use super::groups;
use super::log_line::Line;
use crate::domain::command::{Command, Entity, Receipt};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query, TaskAsk, TaskRow};
use crate::domain::task::Task;
use crate::domain::time::{Day, words};
use crate::error::Error;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{FormAt, Go, TasksAt};
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::grouped;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::verbs;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::{List, Lister, tell_gone};
use crate::tui::work;

const LIST: u8 = 0;
const CHECK: u8 = 1;

/// The list of tasks.
#[derive(Default)]
pub struct Tasks {
    list: List<Id>,
    rows: HashMap<Id, TaskRow>,
    filter: FilterLine,
    everybody: bool,
    done: bool,
    answered: Option<TaskAsk>,
    known: bool,
}

/// The group of a task.
fn group(task: &Task, today: Day) -> usize {
    groups::by_day(task.turn(), task.done.is_some(), today)
}

/// A day and the reason behind the first comma.
fn day_and_reason(text: &str, look: &Look) -> Result<(Day, String), String> {
    let (when, why) = text.split_once(',').unwrap_or((text, ""));
    let day = words::day(when.trim(), &look.now)
        .ok_or_else(|| look.say.fill("error.no_date", &[("text", when.trim())]))?;
    Ok((day, why.trim().to_owned()))
}

/// A task's title, with why it was put off.
fn title(task: &Task, look: &Look) -> String {
    match (task.snooze_reason.is_empty(), task.snoozed_until.is_some()) {
        (false, _) => format!("{} ({})", task.title, task.snooze_reason),
        (true, true) => format!("{} ({})", task.title, look.say.word("tasks.was_put_off")),
        (true, false) => task.title.clone(),
    }
}

fn some(view: &Tasks, _look: &Look) -> Applies {
    if view.list.chosen().is_empty() {
        Err("no_task")
    } else {
        Ok(())
    }
}

impl Tasks {
    fn ask(&self) -> TaskAsk {
        let owner = if self.everybody { "" } else { "me" };
        TaskAsk {
            filter: self.filter.text.clone(),
            owner: owner.to_owned(),
            done: self.done,
        }
    }

    fn here(&self) -> Option<&TaskRow> {
        self.list.here().and_then(|id| self.rows.get(&id))
    }

    fn page(&mut self, tasks: &[TaskRow], cx: &mut Cx) {
        let today = cx.look.now.today;
        let old = std::mem::take(&mut self.rows);
        self.rows = tasks.iter().map(|t| (t.task.id, t.clone())).collect();
        let mut order: Vec<(usize, Id)> = tasks
            .iter()
            .map(|t| (group(&t.task, today), t.task.id))
            .collect();
        order.sort_by_key(|(group, _)| *group);
        let ids: Vec<Id> = order.into_iter().map(|(_, id)| id).collect();
        let ask = self.ask();
        let again = self.answered.as_ref() == Some(&ask);
        if again {
            self.list.set(&ids)
        } else {
            self.list.replace(&ids)
        }
        if let Some((ghost, row)) = self
            .list
            .ghost
            .and_then(|g| Some((g, old.get(&g)?.clone())))
        {
            self.rows.insert(ghost, row);
        }
        // Marks on tasks that are not listed any more would act unseen.
        let rows = &self.rows;
        if self.list.is_by_others() && again {
            let gone = self.list.keep_marks(|id| rows.contains_key(id));
            tell_gone(gone, &self.list, cx);
        } else {
            self.list.marks.retain(|id| rows.contains_key(id));
        }
        self.answered = Some(ask);
        self.known = true;
    }

    /// The cursor goes on to the next task that is not among those that are about to move.
    fn leave(&mut self, gone: &[Id]) {
        let next = self
            .list
            .rows
            .iter()
            .skip(self.list.cursor)
            .find(|id| !gone.contains(id))
            .copied();
        if let Some(next) = next {
            self.list.want(next);
        }
    }

    fn put_off(&mut self, when: &str, cx: &mut Cx) {
        let tasks = self.list.chosen();
        if let Some(until) = words::day(when, &cx.look.now) {
            cx.write(Command::SnoozeTasks {
                tasks,
                until,
                reason: String::new(),
            });
        }
    }

    fn put_off_to(&mut self, cx: &mut Cx) {
        let tasks = self.list.chosen();
        let prompt = cx
            .look
            .say
            .fill("tasks.put_off", &[("what", &self.named(&tasks, cx.look))]);
        let line = Line::new(prompt, move |text, cx| {
            let (until, reason) = day_and_reason(text, cx.look)?;
            cx.write(Command::SnoozeTasks {
                tasks: tasks.clone(),
                until,
                reason,
            });
            Ok(())
        });
        cx.open(line.echo(|text, look| {
            match (text.trim().is_empty(), day_and_reason(text, look)) {
                (true, _) => vec![Ok(look.say.word("hint.snooze_example").to_owned())],
                (_, Ok((until, why))) if why.is_empty() => vec![Ok(verbs::day(until))],
                (_, Ok((until, why))) => vec![Ok(verbs::day(until)), Ok(why)],
                (_, Err(error)) => vec![Err(error)],
            }
        }));
    }

    fn give(&mut self, cx: &mut Cx) {
        let tasks = self.list.chosen();
        let owners = self.rows.values().map(|t| t.task.owner.clone()).collect();
        let seen = match tasks.as_slice() {
            [one] => self.rows.get(one).map(|t| t.task.owner.clone()),
            _ => None,
        };
        let what = self.named(&tasks, cx.look);
        work::give(Entity::Task, tasks, &what, owners, seen, cx);
    }

    fn named(&self, tasks: &[Id], look: &Look) -> String {
        match tasks {
            [one] => self
                .rows
                .get(one)
                .map(|t| t.task.title.clone())
                .unwrap_or_default(),
            many => look
                .say
                .fill("tasks.several", &[("n", &many.len().to_string())]),
        }
    }

    fn draw_row(&self, canvas: &mut Canvas, line: Rect, index: usize) {
        let look = canvas.look;
        let Some(row) = self.list.rows.get(index).and_then(|id| self.rows.get(id)) else {
            return;
        };
        let task = &row.task;
        let (late, done) = (group(task, look.now.today) == 0, task.done.is_some());
        let dim = |role: Role| {
            if done || self.list.ghost == Some(task.id) {
                Role::Muted
            } else {
                role
            }
        };
        let (due, ahead) = groups::day_and_days(task.turn(), done, look.now.today);
        let sign = if done {
            look.glyphs.tick
        } else if late {
            "!"
        } else {
            ""
        };
        let priority = match (task.kind.as_str(), task.priority) {
            ("mention", _) => "@",
            (_, 1) => look.say.word("tasks.first"),
            _ => "",
        };
        let [day, days, room, first, customer, owner] = self.widths(line.width);
        let title = title(task, look);
        groups::cells_of(
            canvas,
            line,
            &[
                (sign, 1, false, if late { Role::Danger } else { Role::Ok }),
                (&due, day, true, Role::Muted),
                (
                    &ahead,
                    days,
                    true,
                    dim(if late { Role::Danger } else { Role::Text }),
                ),
                (&title, room, false, dim(Role::Text)),
                (priority, first, false, dim(Role::Warn)),
                (&row.customer_name, customer, false, dim(Role::Info)),
                (&task.owner, owner, false, Role::Muted),
            ],
        );
    }

    /// Cells of the columns: day, days until it, title, whether it comes first, customer, owner. Whose own tasks are listed, needs
    /// no owner beside each.
    fn widths(&self, line: u16) -> [u16; 6] {
        let (day, days) = (if line >= 96 { 10 } else { 0 }, 5);
        let (customer, first) = if line >= 70 {
            (line * 28 / 100, 5)
        } else {
            (line * 2 / 5, 0)
        };
        let owner = if line >= 70 && self.everybody { 8 } else { 0 };
        [
            day,
            days,
            groups::room(line, &[1, day, days, first, customer, owner]),
            first,
            customer,
            owner,
        ]
    }

    fn empty_words(&self, look: &Look) -> String {
        let key = if !self.known {
            "message.loading"
        } else if !self.filter.text.is_empty() {
            "tasks.nothing_fits"
        } else if look.counts.customers == 0 {
            "message.no_customers"
        } else if self.everybody {
            "tasks.nobody_has"
        } else {
            "tasks.nothing"
        };
        look.say.fill(key, &[("filter", &self.filter.text)])
    }
}

impl Lister for Tasks {
    fn move_to(&mut self, to: usize, look: &Look) {
        self.list.go(to, look.list_rows);
    }
    fn at(&self) -> (usize, usize) {
        (self.list.cursor, self.list.rows.len())
    }
}

impl Filtered for Tasks {
    fn line(&self) -> &FilterLine {
        &self.filter
    }
    fn line_mut(&mut self) -> &mut FilterLine {
        &mut self.filter
    }
}

impl Keyed for Tasks {
    const KEYS: &'static [&'static [KeyRow<Tasks>]] = &[
        &[
            row("finish", &["d"], |v: &mut Self, cx| {
                let tasks = v.list.chosen();
                cx.write(Command::DoneTasks { tasks });
            })
            .writes("task done")
            .when(|v, look| {
                if v.here().is_some_and(|t| t.task.done.is_some()) && v.list.marks.is_empty() {
                    Err("is_done")
                } else {
                    some(v, look)
                }
            })
            .hint(),
            row("put_off_tomorrow", &["z 1"], |v: &mut Self, cx| {
                v.put_off("tomorrow", cx)
            })
            .when(some)
            .writes("task snooze")
            .hint(),
            row("put_off_monday", &["z 2"], |v: &mut Self, cx| {
                v.put_off("mon", cx)
            })
            .when(some)
            .writes("task snooze"),
            row("put_off_week", &["z 3"], |v: &mut Self, cx| {
                v.put_off("+7d", cx)
            })
            .when(some)
            .writes("task snooze"),
            row("put_off_date", &["z 4"], Tasks::put_off_to)
                .when(some)
                .writes("task snooze"),
            row("open", &["enter"], |v: &mut Self, cx| {
                if !v.filter.keep()
                    && let Some(task) = v.here()
                {
                    cx.go(Go::account(task.task.customer));
                }
            })
            .when(|v, _| {
                if v.filter.editing() || v.here().is_some() {
                    Ok(())
                } else {
                    Err("no_task")
                }
            })
            .hint(),
            row("explain", &["e"], |v: &mut Self, cx| {
                if let Some(task) = v.here() {
                    cx.go(Go::explain(task.task.customer));
                }
            })
            .cli("health")
            .when(|v, _| v.here().map(|_| ()).ok_or("no_task")),
            row("edit", &["E"], |v: &mut Self, cx| {
                if let Some(task) = v.here() {
                    cx.go(Go::Form(Box::new(FormAt {
                        row: Some(task.task.id),
                        ..FormAt::of("task", Some(task.task.customer))
                    })));
                }
            })
            .writes("task edit")
            .when(|v, _| v.here().map(|_| ()).ok_or("no_task"))
            .hint(),
            row("task", &["t"], |v: &mut Self, cx| {
                verbs::task(v.subjects(cx.look), cx)
            })
            .when(some)
            .writes("task")
            .hint(),
            row("give", &["a"], Tasks::give)
                .when(some)
                .writes("task edit")
                .hint(),
            row("everybody", &["O"], |v: &mut Self, _| {
                v.everybody = !v.everybody;
                v.known = false;
                // Another list: it begins with what is overdue.
                v.list = List::default();
            })
            .hint(),
            row("done_too", &["A"], |v: &mut Self, _| v.done = !v.done).hint(),
        ],
        Self::FILTER,
        &[
            row("escape", &["esc"], |v: &mut Self, _| {
                if !v.filter.escape() {
                    v.list.unmark();
                }
            })
            .when(|v, _| {
                if v.filter.editing() || !v.list.marks.is_empty() {
                    Ok(())
                } else {
                    Err("no_marks")
                }
            }),
            row("mark", &["space"], |v: &mut Self, cx| {
                v.list.mark();
                v.move_by(1, cx);
            })
            .when(|v, _| v.here().map(|_| ()).ok_or("no_task")),
            row("mark_all", &["*"], |v: &mut Self, _| v.list.mark_all()),
            row("mark_none", &["-"], |v: &mut Self, _| v.list.unmark()).when(|v, _| {
                if v.list.marks.is_empty() {
                    Err("no_marks")
                } else {
                    Ok(())
                }
            }),
            row("touch", &["i"], |v: &mut Self, cx| {
                verbs::touch(v.subjects(cx.look), cx)
            })
            .when(some)
            .writes("log"),
            row("note", &["n"], |v: &mut Self, cx| {
                verbs::note(v.subjects(cx.look), cx)
            })
            .when(some)
            .writes("note"),
            row("stage_next", &[">"], |v: &mut Self, cx| {
                verbs::shift(v.subjects(cx.look), 1, cx)
            })
            .when(some)
            .writes("move"),
            row("stage_back", &["<"], |v: &mut Self, cx| {
                verbs::shift(v.subjects(cx.look), -1, cx)
            })
            .when(some)
            .writes("move"),
            row("stage", &["m"], |v: &mut Self, cx| {
                verbs::stage(v.subjects(cx.look), cx)
            })
            .when(some)
            .writes("move"),
            row("copy_name", &["y n"], |v: &mut Self, cx| {
                verbs::copy(v.subjects(cx.look), cx)
            })
            .when(some),
        ],
        Self::MOVES,
    ];
}

impl Screen for Tasks {
    fn title(&self, look: &Look) -> Title {
        let marks = self.list.marks.len();
        let open = self.rows.values().filter(|t| t.task.done.is_none());
        let (n, late) = open.fold((0, 0), |(n, late), t| {
            (
                n + 1,
                late + usize::from(group(&t.task, look.now.today) == 0),
            )
        });
        let counts = look.say.fill(
            "tasks.counts",
            &[("n", &grouped(n)), ("late", &grouped(late))],
        );
        let marked = if marks > 0 {
            format!(
                "{}  ",
                look.say
                    .fill("message.marked", &[("n", &marks.to_string())])
            )
        } else {
            String::new()
        };
        let mut crumb = look
            .say
            .word(if self.everybody {
                "tasks.everybody"
            } else {
                "tasks.mine"
            })
            .to_owned();
        if self.done {
            crumb.push_str(look.say.word("tasks.and_done"));
        }
        Title {
            crumb,
            filter: self.filter.text.clone(),
            counter: format!("{marked}{counts}"),
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        let mut all = vec![(LIST, Query::Tasks(self.ask()))];
        all.extend(self.filter.query().map(|query| (CHECK, query)));
        all
    }

    fn on_page(&mut self, part: u8, page: &Arc<Page>, cx: &mut Cx) {
        match (part, page.as_ref()) {
            (LIST, Page::Tasks(tasks)) => self.page(tasks, cx),
            (CHECK, Page::Rows(rows)) => self.filter.page(rows),
            _ => {}
        }
    }

    fn on_failed(&mut self, _part: u8, error: &str, cx: &mut Cx) {
        // A filter half typed is not an error yet; its line shows what is wrong.
        if !self.filter.editing() {
            cx.bad(error);
        }
    }

    fn on_write(&mut self, command: &Command, look: &Look) {
        match command {
            Command::DoneTasks { tasks } if !self.done => self.list.take(tasks, look.ticket),
            Command::DoneTasks { tasks } | Command::SnoozeTasks { tasks, .. } => {
                self.leave(tasks);
                self.list.unmark();
            }
            _ => {}
        }
    }

    fn on_written(&mut self, _command: &Command, _result: &Result<Receipt, Error>, cx: &mut Cx) {
        self.list.answered(cx.look.ticket);
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
        self.list_hit(hit, cx);
    }

    fn step(&mut self, by: i32, look: &Look) -> Option<Id> {
        let before = self.list.cursor;
        self.list.by(by as isize, look.list_rows);
        (self.list.cursor != before)
            .then(|| self.here().map(|t| t.task.customer))
            .flatten()
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        let mut seen = BTreeSet::new();
        let customers = self
            .list
            .chosen()
            .into_iter()
            .filter_map(|id| self.rows.get(&id))
            .map(|t| t.task.customer);
        customers.filter(|id| seen.insert(*id)).collect()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Tasks(Some(TasksAt {
            filter: self.filter.settled().to_owned(),
            everybody: self.everybody,
            done: self.done,
            row: self.list.here(),
        })))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Tasks(Some(at)) = to else { return };
        self.filter.settle(&at.filter);
        (self.everybody, self.done) = (at.everybody, at.done);
        self.list.want_some(at.row);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let area = self.filter.draw(canvas, area);
        let look = canvas.look;
        let heading = format!(
            "{} {}",
            look.say.word("screen.tasks"),
            grouped(self.list.rows.len())
        );
        let inner = canvas.frame(area, &heading, look.say.word("tasks.order"), true);
        if self.list.rows.is_empty() {
            let words = self.empty_words(look);
            return groups::draw_empty(canvas, inner, &words);
        }
        let today = look.now.today;
        let of = |id: &Id| self.rows.get(id).map_or(0, |t| group(&t.task, today));
        let all: Vec<usize> = self.list.rows.iter().map(of).collect();
        let head = |index: usize| {
            let (key, role) = groups::BY_DAY[all[index]];
            let n = all.iter().filter(|g| **g == all[index]).count();
            (format!("{} {}", look.say.word(key), grouped(n)), role)
        };
        groups::draw(
            canvas,
            inner,
            &self.list,
            &all,
            head,
            |canvas, line, index| self.draw_row(canvas, line, index),
        );
        if let Some(row) = self.here() {
            groups::draw_whole(
                canvas,
                area,
                &title(&row.task, look),
                self.widths(inner.width)[2],
            );
        }
    }
}
