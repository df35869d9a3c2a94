//! Random hands at the screens, while others write, jobs end, locks come and go, and books change. Whatever happens, nothing is written
//! for anybody whom the screen did not name, no typed text is lost, nothing of a worker that is gone is shown, and there is a way out.
//!
//! Each history has its own chance, so one that fails can be played alone by its number.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossterm::event::{Event, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::domain::command::{Change, Command, Entity};
use crate::domain::id::Id;
use crate::error::Error;
use crate::store::tests::wrong_histories;
use crate::store::worker::Answer;
use crate::transfer::import::{Continue, Wanted, import};
use crate::tui::drafts::field_text;
use crate::tui::effect::Msg;
use crate::tui::harness::{Harness, NOW};
use crate::tui::key::Key;
use crate::tui::step::Job;
use crate::tui::verbs::handover::Brief;
use crate::tui::views::first_run::Demo;
use crate::tui::views::import::job::Reads;
use crate::tui::views::merge::Merge;

/// A person, and all that happens around.
struct Hands {
    h: Harness,
    rng: ChaCha8Rng,
    steps: Vec<String>,
    folder: tempfile::TempDir,
    jobs: Vec<Failing>,
    /// Whom the screen named when each view was opened.
    opened_for: BTreeMap<u32, BTreeSet<Id>>,
}

/// How a job that was begun ends, and what it is.
type Failing = (&'static str, Box<dyn FnOnce(&mut Harness)>);

/// What is to be the same behind a step.
struct Before {
    /// The customers that views act on.
    subjects: BTreeSet<Id>,
    /// The marked ones of each view.
    marked: BTreeMap<u32, BTreeSet<Id>>,
    drafts: BTreeSet<String>,
}

/// Keys that are pressed most; the others come from the keymap.
const OFTEN: [&str; 24] = [
    "j", "k", "enter", "esc", "space", "n", "d", "u", "z", "1", "2", "c", "g", "q", "ctrl-s",
    "tab", "ctrl-e", "ctrl-f", "a", ">", "V", "/", "J", "E",
];

impl Hands {
    fn new(seed: u64) -> Hands {
        let folder = tempfile::tempdir().expect("a folder");
        let h = Harness::in_file(seed, &folder.path().join("book.db"));
        Hands {
            h,
            rng: ChaCha8Rng::seed_from_u64(seed),
            steps: Vec::new(),
            folder,
            jobs: Vec::new(),
            opened_for: BTreeMap::new(),
        }
    }

    fn pick(&mut self, below: usize) -> usize {
        self.rng.random_range(0..below)
    }

    fn before(&self) -> Before {
        let app = &self.h.app;
        let all = app.stack.iter().chain(app.parked.values().flatten());
        let marked = all
            .clone()
            .filter(|o| o.view.subject_count(&app.look) > 1)
            .map(|o| (o.uid, o.view.subjects(&app.look).into_iter().collect()));
        Before {
            subjects: all.flat_map(|o| o.view.subjects(&app.look)).collect(),
            marked: marked.collect(),
            drafts: self.drafts(),
        }
    }

    /// Every text that is typed and not saved, wherever it is.
    fn drafts(&self) -> BTreeSet<String> {
        self.h.app.all_drafts().texts().map(str::to_owned).collect()
    }

    /// What a person does at the screen that was drawn last: nothing of it is for anybody whom no view named, and no text goes but by
    /// being edited, saved, or let go in the list of drafts.
    fn input(&mut self, event: Event) {
        let before = self.before();
        let mut named = before.subjects;
        let front = self.h.app.stack.last().map_or(0, |o| o.uid);
        let own = self.h.app.top().draft().map(|(_, text)| text);
        let asked = self
            .h
            .app
            .stack
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|o| o.view.name() == "drafts");
        let lets_go = asked
            || matches!(event, Event::Key(key) if Key::of(&key) == Key::parse("ctrl-x").expect("a key"));
        let early = !self.h.app.early.is_empty();
        // What was opened for somebody says so as long as it is open.
        named.extend(self.opened_for.get(&front).into_iter().flatten());
        self.h.effects.clear();
        self.h.say(Msg::Input(event));
        for open in &self.h.app.stack {
            self.opened_for
                .entry(open.uid)
                .or_insert_with(|| named.clone());
        }
        for command in self.h.written() {
            for id in customers_of(&command) {
                assert!(
                    named.contains(&id),
                    "{command:?} is for somebody whom nothing named"
                );
            }
        }
        let (open, wrote) = (
            self.h.app.stack.iter().any(|o| o.uid == front),
            !self.h.written().is_empty(),
        );
        let commands = serde_json::to_string(&self.h.written()).expect("commands are JSON");
        let changed = |text: &String| {
            (own.as_ref() == Some(text) && (open || wrote))
                || (wrote && is_said_in(text, &commands))
        };
        let lost: Vec<String> = before
            .drafts
            .difference(&self.drafts())
            .filter(|text| !changed(text))
            .cloned()
            .collect();
        if !early && !lets_go {
            assert_eq!(lost, Vec::<String>::new(), "typed, and nowhere any more");
        }
        self.h.draw();
    }

    fn key(&mut self, key: Key) {
        self.input(Event::Key(KeyEvent::new(key.code, key.with)));
    }

    /// One thing that a person does.
    fn hand(&mut self) {
        match self.pick(12) {
            0..=6 => {
                let bound: Vec<Vec<Key>> = {
                    let look = &self.h.app.look;
                    let own = look
                        .keymap
                        .of(self.h.app.top().name())
                        .iter()
                        .chain(look.keymap.of("app"));
                    own.flat_map(|action| action.keys.iter().cloned()).collect()
                };
                let often = OFTEN.choose(&mut self.rng).copied().unwrap_or("j");
                let keys = if self.pick(3) > 0 {
                    vec![Key::parse(often).expect("a key")]
                } else {
                    bound.choose(&mut self.rng).cloned().unwrap_or_default()
                };
                self.steps
                    .push(format!("keys {}", crate::tui::key::show(&keys)));
                keys.into_iter().for_each(|key| self.key(key));
            }
            7 | 8 => {
                let text = ["call back monday", "nbudget", "dd zz", "Merhaba 泰山"][self.pick(4)];
                self.steps.push(format!("types {text}"));
                text.chars().for_each(|c| self.key(Key::char(c)));
            }
            9 => {
                self.steps.push("pastes".into());
                self.input(Event::Paste("pasted words".into()));
            }
            10 => {
                let (w, ht) = self.h.app.look.size;
                let (column, row) = (
                    self.pick(usize::from(w)) as u16,
                    self.pick(usize::from(ht)) as u16,
                );
                self.steps.push(format!("clicks {column} {row}"));
                let kind = MouseEventKind::Down(MouseButton::Left);
                self.input(Event::Mouse(MouseEvent {
                    kind,
                    column,
                    row,
                    modifiers: KeyModifiers::NONE,
                }));
            }
            _ => {
                let (w, ht) = [(120, 36), (80, 24), (40, 10), (20, 5)][self.pick(4)];
                self.steps.push(format!("size {w} {ht}"));
                self.input(Event::Resize(w, ht));
            }
        }
        self.h.draw();
    }

    fn customer(&mut self) -> Option<Id> {
        let ids = self
            .h
            .app
            .look
            .read()
            .map(|r| r.ids.clone())
            .unwrap_or_default();
        ids.choose(&mut self.rng).copied()
    }

    /// One thing that comes from elsewhere.
    fn comes(&mut self) {
        match self.pick(15) {
            0 | 1 => {
                let Some(id) = self.customer() else { return };
                self.steps.push("bo renames".into());
                let name = format!("Renamed {}", self.steps.len());
                self.bo(Command::Edit {
                    entity: Entity::Customer,
                    rows: vec![id],
                    changes: vec![Change::set("name", name)],
                });
            }
            2 => {
                let Some(id) = self.customer() else { return };
                self.steps.push("bo purges".into());
                self.bo(Command::Purge {
                    entity: Entity::Customer,
                    row: id,
                    why: String::new(),
                });
                self.h.ready();
            }
            3 => {
                let (Some(keep), Some(other)) = (self.customer(), self.customer()) else {
                    return;
                };
                self.steps.push("bo merges two".into());
                self.bo(Command::MergeCustomers { keep, other });
            }
            4 => {
                self.steps.push("a lock".into());
                self.h.holds = true;
                self.h.hear(Answer::Waiting(Some("bo".into())));
            }
            5 => {
                self.steps.push("the lock goes".into());
                self.h.hear(Answer::Waiting(None));
                self.h.let_go();
            }
            6 | 7 => {
                let look = self.pick(2) == 0;
                self.steps.push(format!("an import ends, look {look}"));
                self.import(look);
            }
            8 => {
                self.steps.push("something begins".into());
                let job = self.begin();
                self.jobs.push(job);
            }
            9 => {
                if let Some((what, end)) = self.jobs.pop() {
                    self.steps.push(format!("{what} ends"));
                    end(&mut self.h);
                }
            }
            10 => {
                self.steps
                    .push("a worker that is gone says something".into());
                let of = self.h.app.worker().wrapping_sub(1);
                let roster = self.h.app.look.roster.clone();
                self.h
                    .say(Msg::Answer(of, Answer::Waiting(Some("nobody".into()))));
                let same = match (&roster, &self.h.app.look.roster) {
                    (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                    (a, b) => a.is_none() && b.is_none(),
                };
                assert!(
                    same && self.h.app.waiting.as_deref() != Some("nobody"),
                    "one that is gone was heard"
                );
            }
            11 => {
                self.steps.push("the book is read anew".into());
                self.h.ready();
            }
            12 => {
                let last = self.h.told.len();
                let Some((of, slot, query, page)) =
                    (last > 0).then(|| self.h.told[self.rng.random_range(0..last)].clone())
                else {
                    return;
                };
                if of == self.h.app.worker() && self.h.is_wanted(slot, &query) {
                    return;
                }
                self.steps.push("a page comes late".into());
                let (seen, subjects) = (self.h.text(), self.before().subjects);
                self.h
                    .say(Msg::Answer(of, Answer::Page { slot, query, page }));
                assert_eq!(
                    self.h.text(),
                    seen,
                    "a page that nobody asks for any more is shown"
                );
                assert_eq!(
                    self.before().subjects,
                    subjects,
                    "a page that nobody asks for any more is acted on"
                );
            }
            13 if self.pick(4) == 0 => {
                self.steps.push("another book".into());
                self.h.opens("book.db");
                self.h.ready();
            }
            _ => {
                self.steps.push("time passes".into());
                let ms = [40, 600, 3_000, 20_000][self.pick(4)];
                self.h.wait(ms);
            }
        }
        self.h.draw();
    }

    fn bo(&mut self, command: Command) {
        // Whoever is gone, or is the same one, is nothing that anybody can do this to.
        let _ = self.h.another_tries("bo", &command);
        self.h.answer_all();
    }

    fn import(&mut self, look: bool) {
        let no = self.pick(3);
        let path = self.folder.path().join(format!("list{no}.csv"));
        std::fs::write(
            &path,
            format!("name,csm\nFrom a list {},ana\n", self.steps.len()),
        )
        .expect("a file");
        let reads = Reads {
            wanted: Wanted {
                dry_run: look,
                ..Wanted::default()
            },
            path,
        };
        let job = self.h.begins(&reads);
        let result = import(
            &mut self.h.store,
            &reads.path,
            &reads.wanted,
            NOW,
            &mut |_| Continue::Yes,
        )
        .map(Box::new);
        self.h.ends(job, reads, result);
        self.h.answer_all();
    }

    /// Something begins that fails when it ends.
    fn begin(&mut self) -> Failing {
        let path = self.folder.path().join("copy.db");
        let chosen = self.pick(6);
        let dry_run = chosen.is_multiple_of(2);
        match chosen {
            0 | 1 => {
                let wanted = Wanted {
                    dry_run,
                    ..Wanted::default()
                };
                failing("an import", &mut self.h, Reads { path, wanted }, Err)
            }
            2 | 3 => failing("a merge", &mut self.h, Merge { path, dry_run }, Err),
            4 => {
                let brief = Brief {
                    customers: vec![],
                    to: "zoe".into(),
                    path,
                };
                failing("a brief", &mut self.h, brief, Err)
            }
            _ => failing("a demo book", &mut self.h, Demo, |error| {
                ("book.db".into(), Err(error))
            }),
        }
    }

    fn step(&mut self) {
        let before = self.before();
        self.h.effects.clear();
        // Keys that came too early are done when the view is ready for them; and what was held is written when the lock goes.
        let (early, held) = (!self.h.app.early.is_empty(), !self.h.held.is_empty());
        let from_outside = self.pick(3) == 0;
        if !from_outside {
            return self.hand();
        }
        let at = self
            .h
            .app
            .is_busy()
            .then(|| self.h.app.stack.last().map_or(0, |o| o.uid));
        self.comes();
        let other_book = self.steps.last().is_some_and(|step| step == "another book");
        if let Some(at) = at.filter(|_| !early && !other_book) {
            self.nothing_stands_before(at);
        }
        if !early {
            assert_eq!(self.h.written(), [], "nobody has asked for it");
        }
        let lost: Vec<String> = before.drafts.difference(&self.drafts()).cloned().collect();
        if !early && !held {
            assert_eq!(lost, Vec::<String>::new(), "typed, and nowhere any more");
        }
        for (uid, marked) in &before.marked {
            let now = self
                .h
                .app
                .stack
                .iter()
                .chain(self.h.app.parked.values().flatten())
                .find(|o| o.uid == *uid);
            let Some(open) = now.filter(|o| o.view.subject_count(&self.h.app.look) > 1) else {
                continue;
            };
            let others: Vec<Id> = open
                .view
                .subjects(&self.h.app.look)
                .into_iter()
                .filter(|id| !marked.contains(id))
                .collect();
            assert_eq!(others, [], "marks have moved to somebody else");
        }
    }

    /// Somebody typed or chose in a view: nothing has come over it but what its own answer has to ask.
    fn nothing_stands_before(&self, uid: u32) {
        let stack = &self.h.app.stack;
        let Some(at) = stack.iter().position(|o| o.uid == uid) else {
            return assert!(
                stack.iter().all(|o| o.uid < uid),
                "{} came in the place of what was typed in",
                self.h.app.top().name()
            );
        };
        let above: Vec<&str> = stack[at + 1..].iter().map(|o| o.view.name()).collect();
        let asked = above.is_empty() || (above == ["clash"] && stack[at].view.name() == "form");
        assert!(asked, "{above:?} came over {}", stack[at].view.name());
    }

    /// Esc Esc q, as often as there are places above one another.
    fn leave(&mut self) {
        self.h.size(120, 36);
        for _ in 0..60 {
            for key in ["esc", "esc", "q"] {
                self.h.wait(600);
                self.key(Key::parse(key).expect("a key"));
                if self.h.app.quits() {
                    return;
                }
            }
            if self.h.text().contains("is being written") {
                self.h.press("2");
            }
        }
        panic!(
            "no way out of {}:\n{}",
            self.h.app.top().name(),
            self.h.text()
        );
    }
}

fn failing<J: Job>(
    what: &'static str,
    h: &mut Harness,
    job: J,
    fails: fn(Error) -> J::Answer,
) -> Failing {
    let no = h.begins(&job);
    let end = move |h: &mut Harness| h.ends(no, job, fails(Error::failed("The disk is full")));
    (what, Box::new(end))
}

/// Every field of a form's draft is in what was written: it was saved from a view over the form (a rule's trial).
fn is_said_in(draft: &str, commands: &str) -> bool {
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(draft).unwrap_or_default();
    let quoted = |field: &serde_json::Value| {
        serde_json::to_string(field_text(field)).expect("a text is JSON")
    };
    // A rule is written as TOML within JSON, so a quote in it is escaped once more than here.
    !fields.is_empty()
        && fields
            .values()
            .all(|field| commands.contains(quoted(field).trim_matches('"')))
}

/// Those whom a command says it is for.
fn customers_of(command: &Command) -> Vec<Id> {
    let json = serde_json::to_value(command).expect("a command is JSON");
    let said = json
        .as_object()
        .and_then(|all| all.values().next())
        .map(|of| of["customers"].clone())
        .unwrap_or_default();
    said.as_array()
        .into_iter()
        .flatten()
        .filter_map(|id| id.as_str()?.parse().ok())
        .collect()
}

fn history(seed: u64) {
    let mut hands = Hands::new(seed);
    let played = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..50 {
            if hands.h.app.quits() {
                return;
            }
            hands.step();
        }
        hands.leave();
    }));
    if let Err(why) = played {
        let words = why
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| why.downcast_ref::<&str>().copied())
            .unwrap_or_default();
        panic!("history {seed}: {words}\n{}", hands.steps.join("\n"));
    }
}

/// 20 of them, and 100,000 steps where the faults are played as often as a release asks for.
#[test]
fn whatever_happens_around_the_keys_nothing_is_written_for_anybody_else_and_no_text_is_lost() {
    let wrong = wrong_histories(20, 2_000, history);
    assert_eq!(
        wrong,
        Vec::<u64>::new(),
        "these histories do not keep what they have to"
    );
}
