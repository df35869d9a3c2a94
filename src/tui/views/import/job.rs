//! An import as a job: the look at a file, or its rows into the book.

use std::path::PathBuf;
use std::sync::Arc;

use super::Import;
use crate::error::Result;
use crate::transfer::import::{Continue, End, Progress, Report, Wanted, import};
use crate::tui::bench::{Bench, Reading};
use crate::tui::step::{AppStep, Cx, Incoming, Job, Step};
use crate::tui::views::first_run::FirstRun;

/// How often progress is told, milliseconds.
const TELL: i64 = 100;

/// Imports a file into the open book by a connection of its own, or tells only what would come.
#[derive(Clone, PartialEq, Debug)]
pub struct Reads {
    /// The file, or a folder of files.
    pub path: PathBuf,
    /// How it is read.
    pub wanted: Wanted,
}

/// How far an import is after so many milliseconds.
fn reading(at: &Progress<'_>, passed: i64) -> Reading {
    let seconds = passed.max(1) as f64 / 1000.0;
    let left = if at.done == 0 {
        0.0
    } else {
        seconds * at.total.saturating_sub(at.done) as f64 / at.done as f64
    };
    Reading {
        file: at.file.to_owned(),
        rows: at.rows as usize,
        rate: (at.rows as f64 / seconds) as usize,
        left: left.ceil() as u64,
        rejected: at.rejected,
    }
}

impl Job for Reads {
    type Answer = Result<Box<Report>>;

    fn writes(&self) -> Option<&'static str> {
        (!self.wanted.dry_run).then_some("job.import")
    }

    fn stops(&self) -> bool {
        true
    }

    /// What comes is noticed like anybody else's writes.
    fn run(&self, bench: &mut Bench) -> Result<Box<Report>> {
        let mut store = bench.open()?;
        let clock = bench.clock;
        let (begun, mut told) = (clock().0, 0);
        let mut go = |at: Progress<'_>| {
            let passed = clock().0 - begun;
            if passed - told >= TELL {
                told = passed;
                (bench.tell)(reading(&at, passed));
            }
            if bench.stops() {
                Continue::No
            } else {
                Continue::Yes
            }
        };
        let report = import(&mut store, &self.path, &self.wanted, clock(), &mut go)?;
        bench.keep_batches(&mut store);
        Ok(Box::new(report))
    }

    /// The book is read anew under what is open, as for anybody else's writes.
    fn ended(self, answer: Result<Box<Report>>, here: bool, cx: &mut Cx) {
        // The worker comes upon what was imported a moment later.
        cx.push(Step::App(AppStep::Hush(2_000)));
        let say = &cx.look.say;
        match answer {
            Err(error) => cx.refused(&error),
            Ok(report) if report.end == End::Cancelled => cx.toast(say.word("import.stopped")),
            Ok(_) if self.wanted.dry_run && !here => {}
            Ok(report) if self.wanted.dry_run => self.looked_at(Arc::new(*report), cx),
            Ok(report) => {
                cx.good(match report.end {
                    End::NothingNew => say.word("import.nothing_new").to_owned(),
                    _ if report.rejected() > 0 => say.fill(
                        "import.done_rejected",
                        &[
                            ("label", &report.label),
                            ("n", &report.rejected().to_string()),
                        ],
                    ),
                    _ => report.label.clone(),
                });
                if here && report.end == End::Written {
                    // The welcome has done what it is for.
                    cx.tell(|_: &mut FirstRun, cx| cx.close());
                }
            }
        }
    }
}

impl Reads {
    /// The screen that shows this file shows what was found; without one a new screen comes.
    fn looked_at(self, report: Arc<Report>, cx: &mut Cx) {
        let what = self.path.file_name().unwrap_or_default();
        let what = what.to_string_lossy().into_owned();
        let screen = Import::new(self.path.clone(), self.wanted, report.clone(), cx.look);
        cx.tell_or(
            move |open: &Import| open.path == self.path,
            move |open: &mut Import, cx| open.found(report, cx.look),
            Some(Incoming::View(what, Box::new(screen))),
        );
    }
}
