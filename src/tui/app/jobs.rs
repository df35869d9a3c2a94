//! What runs on threads of its own: imports, merges, exports, briefs, the demo book. Each has a number and the book that it is for, so
//! that an end is told for what it is, however much has happened meanwhile.

use super::{App, Effect, Tone};
use crate::tui::effect::{Generation, Job};
use crate::tui::view::{AppStep, Step};
use crate::tui::views::pick::{Item, Pick};

/// What runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// A look at a file to import.
    Look,
    Import,
    /// A look at a copy to merge.
    MergeLook,
    Merge,
    Export,
    Brief,
    Demo,
}

impl Work {
    /// Something is written by it, which would be lost with the program.
    fn writes(self) -> bool {
        !matches!(self, Work::Look | Work::MergeLook)
    }

    /// Its words: `an import`.
    fn word(self) -> &'static str {
        match self {
            Work::Look | Work::Import => "job.import",
            Work::MergeLook | Work::Merge => "job.merge",
            Work::Export => "job.export",
            Work::Brief => "job.brief",
            Work::Demo => "job.demo",
        }
    }
}

/// One of them.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Running {
    job: Job,
    work: Work,
    /// The worker of the book that was in front when it began.
    of: Generation,
}

#[cfg(test)]
impl Running {
    pub(in crate::tui) fn job(&self) -> Job {
        self.job
    }
}

impl App {
    /// Something begins; gives its number. A second look takes the place of the first.
    pub(in crate::tui) fn begin(&mut self, work: Work) -> Job {
        if work == Work::Look {
            self.stop_imports(|running| running.work == Work::Look);
        }
        self.tickets += 1;
        self.jobs.push(Running {
            job: self.tickets,
            work,
            of: self.worker,
        });
        self.tickets
    }

    /// It has ended: whether the book that it was for is still the one in front. `None`: nobody waits for it any more.
    pub(super) fn ended(&mut self, job: Job) -> Option<bool> {
        let at = self.jobs.iter().position(|running| running.job == job)?;
        let running = self.jobs.remove(at);
        if matches!(running.work, Work::Import | Work::Look) {
            self.progress = None;
        }
        Some(running.of == self.worker)
    }

    /// It runs, and is for the book in front.
    pub(super) fn is_running(&self, job: Job) -> bool {
        self.jobs
            .iter()
            .any(|running| running.job == job && running.of == self.worker)
    }

    /// An import, or a look at a file, is under way.
    pub(super) fn imports(&self) -> bool {
        self.jobs
            .iter()
            .any(|running| matches!(running.work, Work::Import | Work::Look))
    }

    /// What is written just now, in a word that can begin a sentence; `None`: nothing.
    pub(super) fn writing(&self) -> Option<String> {
        let running = self.jobs.iter().find(|running| running.work.writes())?;
        Some(self.look.say.word(running.work.word()).to_owned())
    }

    /// An import is written: a second one waits for its end, which may change what it finds.
    pub(super) fn is_importing(&self) -> bool {
        self.jobs.iter().any(|running| running.work == Work::Import)
    }

    /// Stops what is under way; nothing of it is written, and its end is told. A look is only forgotten.
    pub(super) fn stop_import(&mut self) {
        for running in self
            .jobs
            .iter()
            .filter(|running| running.work == Work::Import)
        {
            self.effects.push(Effect::StopImport(running.job));
        }
        self.stop_imports(|running| running.work == Work::Look);
        let words = self.look.say.word("import.stopping").to_owned();
        self.say(Tone::Plain, words);
    }

    fn stop_imports(&mut self, which: impl Fn(&Running) -> bool) {
        for running in self.jobs.extract_if(.., |running| which(running)) {
            self.effects.push(Effect::StopImport(running.job));
            self.progress = None;
        }
    }

    /// Asks before work is lost.
    pub(super) fn ask_to_leave(&mut self, what: &str) {
        let say = &self.look.say;
        let items = vec![
            Item::new("wait", say.word("leave.wait")),
            Item::new("leave", say.word("leave.leave")),
        ];
        let title = say.fill("leave.title", &[("what", what)]);
        let ask = Pick::new(title, items, |code, cx| {
            if code == "leave" {
                cx.push(Step::App(AppStep::QuitNow));
            }
        });
        self.push(Box::new(ask));
        self.asked_to_leave = self.stack.last().map(|open| open.uid);
    }
}
