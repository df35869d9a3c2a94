//! Customers change hands with a brief: the file is written first.

use std::path::PathBuf;

use super::{named, owners};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::error::Result;
use crate::transfer::handover;
use crate::tui::bench::Bench;
use crate::tui::step::{Cx, Job};
use crate::tui::views::first_run::typed_path;
use crate::tui::views::log_line::Line;
use crate::tui::views::pick::Pick;

/// Asks who takes the customers over and into which file the brief goes; the owner changes when it is written.
pub fn hand_over(customers: Vec<Id>, cx: &mut Cx) {
    let title = cx
        .look
        .say
        .fill("prompt.handover", &[("who", &named(&customers, cx.look))]);
    let pick = Pick::new(title, owners(cx.look), move |owner, cx| {
        let (customers, to) = (customers.clone(), owner.to_owned());
        let prompt = cx.look.say.word("prompt.brief").to_owned();
        cx.open(Line::new(prompt, move |text, cx| {
            let path = typed_path(text.trim());
            if text.trim().is_empty() || path.exists() {
                return Err(cx.look.say.word("error.brief_file").to_owned());
            }
            cx.run(Brief {
                customers: customers.clone(),
                to: to.clone(),
                path,
            });
            Ok(())
        }));
    });
    cx.open(pick.free());
}

/// Writes the brief of a handover into a file by a connection of its own.
#[derive(Clone, PartialEq, Debug)]
pub struct Brief {
    /// Who changes hands.
    pub customers: Vec<Id>,
    /// Who gets them.
    pub to: String,
    /// The file.
    pub path: PathBuf,
}

impl Job for Brief {
    type Answer = Result<()>;

    fn writes(&self) -> Option<&'static str> {
        Some("job.brief")
    }

    fn run(&self, bench: &mut Bench) -> Result<()> {
        let brief = handover::brief(&mut bench.open()?, &self.customers, "", &self.to)?;
        handover::write(&self.path, &brief)
    }

    /// With the brief the customers change hands; without one nobody's do, nor where another book is in front by now.
    fn ended(self, answer: Result<()>, here: bool, cx: &mut Cx) {
        match answer {
            Ok(()) if here => {
                cx.write(Command::Assign {
                    customers: self.customers,
                    owner: self.to,
                });
            }
            Ok(()) => cx.bad(
                cx.look
                    .say
                    .fill("message.brief_elsewhere", &[("to", &self.to)]),
            ),
            Err(error) => cx.refused(&error),
        }
    }
}
