//! Jobs that run on threads of their own: imports, merges, exports, briefs, the demo book. Each has a number and the book that it is
//! for, so that an end is told for what it is, however much has happened meanwhile.

use super::{App, Effect, Tone};
use crate::tui::bench::{JobNo, Reading};
use crate::tui::effect::Generation;
use crate::tui::measure::grouped;
use crate::tui::step::{AnyJob, AppStep, Cx, Ended, Step};
use crate::tui::views::pick::{Item, Pick};

/// One of them.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Running {
    no: JobNo,
    /// What would be lost with the program.
    writes: Option<&'static str>,
    stops: bool,
    /// The worker of the book that was in front when it began.
    of: Generation,
}

impl Running {
    /// It writes, and Ctrl-C stops it: an import.
    fn is_import(&self) -> bool {
        self.stops && self.writes.is_some()
    }

    /// The same, that only looks.
    fn is_look(&self) -> bool {
        self.stops && self.writes.is_none()
    }
}

#[cfg(test)]
impl Running {
    pub(in crate::tui) fn no(&self) -> JobNo {
        self.no
    }
}

impl App {
    /// Begins a job. Of imports one runs at a time, because the second may find what the first has made.
    pub(super) fn run(&mut self, job: Box<dyn AnyJob>) {
        if job.stops() && self.jobs.iter().any(Running::is_import) {
            let words = self.look.say.word("import.one_at_a_time").to_owned();
            return self.say(Tone::Bad, words);
        }
        let no = self.begin(job.as_ref());
        self.effects.push(Effect::Run(no, job));
    }

    /// Something begins; gives its number. A second look takes the place of the first.
    pub(in crate::tui) fn begin(&mut self, job: &dyn AnyJob) -> JobNo {
        let running = Running {
            no: self.tickets + 1,
            writes: job.writes(),
            stops: job.stops(),
            of: self.worker,
        };
        if running.is_look() {
            self.forget_looks();
        }
        self.tickets += 1;
        self.jobs.push(running);
        self.tickets
    }

    /// A job has ended. Where nobody waits for it any more it is not heard.
    pub(super) fn done(&mut self, no: JobNo, ended: Ended) {
        let Some(at) = self.jobs.iter().position(|running| running.no == no) else {
            return;
        };
        let running = self.jobs.remove(at);
        if running.stops {
            self.progress = None;
        }
        let mut cx = Cx::new(&self.look, &mut self.tickets);
        ended.heard(running.of == self.worker, &mut cx);
        let steps = cx.steps;
        self.carry_out(self.stack.last().map_or(0, |open| open.uid), steps);
    }

    /// How far a job is, where it is for the book in front.
    pub(super) fn reading(&mut self, no: JobNo, reading: &Reading) {
        let mut running = self.jobs.iter();
        if !running.any(|running| running.no == no && running.of == self.worker) {
            return;
        }
        let say = &self.look.say;
        let [rows, rate] = [reading.rows, reading.rate].map(grouped);
        let rejected = match reading.rejected {
            0 => String::new(),
            n => say.fill("import.reading_rejected", &[("n", &grouped(n as usize))]),
        };
        let left = reading.left.to_string();
        let values = [
            ("file", reading.file.as_str()),
            ("rows", &rows),
            ("rate", &rate),
            ("rejected", &rejected),
            ("left", &left),
        ];
        self.progress = Some(say.fill("import.reading", &values));
    }

    /// Something is under way that Ctrl-C stops.
    pub(super) fn imports(&self) -> bool {
        self.jobs.iter().any(|running| running.stops)
    }

    /// What is written just now, in a word that can begin a sentence; `None`: nothing.
    pub(super) fn writing(&self) -> Option<String> {
        let word = self.jobs.iter().find_map(|running| running.writes)?;
        Some(self.look.say.word(word).to_owned())
    }

    /// Stops what is under way; nothing of it is written, and its end is told. A look is only forgotten.
    pub(super) fn stop_import(&mut self) {
        for running in self.jobs.iter().filter(|running| running.is_import()) {
            self.effects.push(Effect::Stop(running.no));
        }
        self.forget_looks();
        let words = self.look.say.word("import.stopping").to_owned();
        self.say(Tone::Plain, words);
    }

    fn forget_looks(&mut self) {
        for running in self.jobs.extract_if(.., |running| running.is_look()) {
            self.effects.push(Effect::Stop(running.no));
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
