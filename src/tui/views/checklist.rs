//! The checklists of a customer: one stage at a time, its questions with answers and gaps, and what should be true before it moves on.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::log_line::Line;
use crate::domain::checklist::{Answer, Checklist, Item};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{ChecklistAt, Go};
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::wrap;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::verbs;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::Lister;

/// The screen.
#[derive(Default)]
pub struct Checklists {
    customer: Option<Id>,
    lists: Vec<Checklist>,
    // Code of the stage that is shown; empty: the present one.
    stage: String,
    cursor: usize,
}

fn has_question(v: &Checklists, _: &Look) -> Applies {
    if v.item().is_some() {
        Ok(())
    } else {
        Err("no_question")
    }
}

fn is_answered(v: &Checklists, _: &Look) -> Applies {
    if v.item().is_some_and(|i| i.answered.is_some()) {
        Ok(())
    } else {
        Err("no_answer")
    }
}

impl Checklists {
    fn place(&self) -> usize {
        let shown = self.lists.iter().position(|l| l.stage == self.stage);
        shown
            .or_else(|| self.lists.iter().position(|l| l.present))
            .unwrap_or(0)
    }

    fn list(&self) -> Option<&Checklist> {
        self.lists.get(self.place())
    }

    fn item(&self) -> Option<&Item> {
        self.list()?.items.get(self.cursor)
    }

    fn stage_by(&mut self, by: isize) {
        let to = self
            .place()
            .saturating_add_signed(by)
            .min(self.lists.len().saturating_sub(1));
        if let Some(list) = self.lists.get(to) {
            list.stage.clone_into(&mut self.stage);
            self.cursor = 0;
        }
    }

    /// The command that answers the question here.
    fn command(&self, answer: Answer, note: &str) -> Option<Command> {
        let (customer, list, item) = (self.customer?, self.list()?, self.item()?);
        let (stage, question) = (list.stage.clone(), item.question.code.clone());
        Some(Command::Check {
            customer,
            stage,
            question,
            answer,
            note: note.to_owned(),
        })
    }

    /// Answers, with the note that stands there, and goes on to the next question.
    fn answer(&mut self, answer: Answer, cx: &mut Cx) {
        let note = self
            .item()
            .and_then(|i| i.answered.as_ref())
            .map_or_else(String::new, |a| a.note.clone());
        if let Some(command) = self.command(answer, &note) {
            cx.write(command);
            self.cursor =
                (self.cursor + 1).min(self.list().map_or(0, |l| l.items.len().saturating_sub(1)));
        }
    }

    fn note(&mut self, cx: &mut Cx) {
        let Some(answered) = self.item().and_then(|i| i.answered.clone()) else {
            return;
        };
        let Some(command) = self.command(answered.answer, "") else {
            return;
        };
        let prompt = cx.look.say.fill(
            "prompt.check_note",
            &[("answer", &said(answered.answer, cx.look))],
        );
        let line = Line::new(prompt, move |text, cx| {
            if let Command::Check {
                customer,
                stage,
                question,
                answer,
                ..
            } = command.clone()
            {
                cx.write(Command::Check {
                    customer,
                    stage,
                    question,
                    answer,
                    note: text.trim().to_owned(),
                });
            }
            Ok(())
        });
        cx.open(line.text(&answered.note));
    }
}

/// An answer as a person reads it.
fn said(answer: Answer, look: &Look) -> String {
    let word = match answer {
        Answer::Yes => "account.yes",
        Answer::No => "account.no",
        Answer::Na => "account.na",
    };
    look.say.word(word).to_owned()
}

impl Lister for Checklists {
    fn move_to(&mut self, to: usize, _look: &Look) {
        self.cursor = to.min(self.list().map_or(0, |l| l.items.len().saturating_sub(1)));
    }

    fn at(&self) -> (usize, usize) {
        (self.cursor, self.list().map_or(0, |l| l.items.len()))
    }

    fn moved(&mut self, _cx: &mut Cx) {}
}

impl Keyed for Checklists {
    const KEYS: &'static [&'static [KeyRow<Checklists>]] = &[
        &[
            row("yes", &["y"], |v: &mut Self, cx| v.answer(Answer::Yes, cx))
                .cli("checklist")
                .when(has_question)
                .hint(),
            row("no", &["n"], |v: &mut Self, cx| v.answer(Answer::No, cx))
                .cli("checklist")
                .when(has_question)
                .hint(),
            row("na", &["a"], |v: &mut Self, cx| v.answer(Answer::Na, cx))
                .cli("checklist")
                .when(has_question)
                .hint(),
            row("note", &["t"], Checklists::note)
                .cli("checklist")
                .when(is_answered)
                .hint(),
            row("next_stage", &["l", "right", "tab"], |v: &mut Self, _| {
                v.stage_by(1)
            })
            .hint(),
            row(
                "previous_stage",
                &["h", "left", "shift-tab"],
                |v: &mut Self, _| v.stage_by(-1),
            ),
        ],
        Self::MOVES,
    ];
}

impl Screen for Checklists {
    fn title(&self, look: &Look) -> Title {
        Title {
            crumb: look.say.word("screen.checklist").to_owned(),
            ..Title::default()
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        self.customer
            .map(|customer| (0, Query::Checklists { customer }))
            .into_iter()
            .collect()
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, _cx: &mut Cx) {
        if let Page::Checklists(lists) = page.as_ref() {
            let before = self.item().map(|item| item.question.code.clone());
            self.lists.clone_from(lists);
            // The stage that is shown stays, also where somebody moves the customer on, and so does the question under the cursor.
            if let Some(list) = self.lists.get(self.place()) {
                self.stage = list.stage.clone();
                let place = before.and_then(|code| {
                    list.items
                        .iter()
                        .position(|item| item.question.code == code)
                });
                self.cursor = place
                    .unwrap_or(self.cursor)
                    .min(list.items.len().saturating_sub(1));
            }
        }
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.list_hit(hit, cx);
    }

    fn show(&mut self, customer: Id, _cx: &mut Cx) {
        *self = Checklists {
            customer: Some(customer),
            ..Checklists::default()
        };
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        self.customer.into_iter().collect()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Checklist(ChecklistAt {
            customer: self.customer,
            stage: self.stage.clone(),
        }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Checklist(at) = to else { return };
        self.customer = at.customer;
        self.stage.clone_from(&at.stage);
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let Some(list) = self.list() else { return };
        let (done, of) = (
            (list.items.len() - list.gaps()).to_string(),
            list.items.len().to_string(),
        );
        let title = look.say.fill(
            "checklist.title",
            &[("stage", &list.label), ("done", &done), ("of", &of)],
        );
        let right = if list.present {
            look.say.word("checklist.present")
        } else {
            ""
        };
        let inner = canvas.frame(area, &title, right, true);
        let (x, width) = (inner.x + 1, inner.width.saturating_sub(2));
        let mut y = inner.y;
        if list.items.is_empty() {
            canvas.text(x, y, width, look.say.word("checklist.none"), Role::Muted);
            y += 1;
        }
        for (at, item) in list.items.iter().enumerate() {
            if y >= inner.bottom() {
                break;
            }
            let line = Rect::new(inner.x, y, inner.width, 1);
            canvas.hit(line, Hit::Row(at));
            let (word, role) = match &item.answered {
                None => (look.say.word("checklist.gap").to_owned(), Role::Muted),
                Some(a) => (
                    said(a.answer, look),
                    if a.answer == Answer::No {
                        Role::Warn
                    } else {
                        Role::Ok
                    },
                ),
            };
            canvas.text(x, y, 5, &word, role);
            canvas.text(
                x + 6,
                y,
                width.saturating_sub(6),
                &item.question.ask,
                Role::Text,
            );
            if at == self.cursor {
                canvas.tint(line, Role::Selection);
            }
            y += 1;
            let Some(answered) = &item.answered else {
                continue;
            };
            let day = verbs::day(look.now.zone.day(answered.at));
            let by = format!("{} {} {day}", answered.by, look.glyphs.dot);
            let note = if answered.note.is_empty() {
                by
            } else {
                format!("{by} {} {}", look.glyphs.dot, answered.note)
            };
            for text in wrap(&note, usize::from(width.saturating_sub(6)).max(8))
                .into_iter()
                .take(3)
            {
                if y < inner.bottom() {
                    canvas.text(x + 6, y, width.saturating_sub(6), &text, Role::Muted);
                    y += 1;
                }
            }
        }
        let met = |met: &bool| {
            look.say.word(if *met {
                "checklist.met"
            } else {
                "checklist.open"
            })
        };
        let words = list.exit.iter().map(|words| (words.clone(), Role::Text));
        let filters = list.exit_when.iter().map(|(text, ok)| {
            (
                format!("{text}: {}", met(ok)),
                if *ok { Role::Ok } else { Role::Warn },
            )
        });
        let exits: Vec<(String, Role)> = words.chain(filters).collect();
        if exits.is_empty() || y + 2 >= inner.bottom() {
            return;
        }
        canvas.text(
            x,
            y + 1,
            width,
            look.say.word("checklist.exit"),
            Role::Accent,
        );
        for (y, (text, role)) in (y + 2..inner.bottom()).zip(exits) {
            canvas.text(x + 2, y, width.saturating_sub(2), &text, role);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::harness::Harness;

    #[test]
    fn questions_are_answered_with_one_key_each_and_a_note_keeps_the_answer() {
        for (w, height) in [(120, 36), (80, 24)] {
            let mut h = Harness::new("en", 1);
            h.size(w, height)
                .press("2 / ")
                .type_text("stage:conversion")
                .press("enter enter g c");
            h.press("g g y n a");
            let written = h.written();
            let codes: Vec<(&str, Answer)> = written
                .iter()
                .map(|c| match c {
                    Command::Check {
                        question, answer, ..
                    } => (question.as_str(), *answer),
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(
                codes,
                [
                    ("simple", Answer::Yes),
                    ("blocks", Answer::No),
                    ("fraud", Answer::Na)
                ]
            );
            h.press("g g j t")
                .type_text("Their bank wants paper")
                .press("enter");
            let written = h.written();
            let [
                ..,
                Command::Check {
                    answer: Answer::No,
                    note,
                    ..
                },
            ] = written.as_slice()
            else {
                panic!("{written:?}")
            };
            assert_eq!(note, "Their bank wants paper");
            insta::assert_snapshot!(format!("checklist_{w}x{height}"), h.text());
            h.press("l");
            assert!(h.text().contains("Retention:"), "{}", h.text());
        }
    }
}
