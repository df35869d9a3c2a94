//! For tests: the app over a book in memory, with effects carried out at once and the screen as text with its styles.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use crossterm::event::{Event, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use serde_json::Value;

use super::app::App;
use super::bench::JobNo;
use super::effect::{Effect, Generation, Msg};
use super::key::Key;
use super::measure::cells;
use super::step::{AnyJob, Ended, Job};
use crate::domain::command::{Command, Entity, Receipt};
use crate::domain::id::Id;
use crate::domain::query::{Page, Query};
use crate::domain::time::Stamp;
use crate::error::Result;
use crate::store::worker::{Answer, Slot};
use crate::store::{Options, Store, Who};
use crate::transfer::demo::{self, DemoOptions};

/// Noon of 21 November 2026, UTC.
pub const NOW: Stamp = Stamp(1_795_262_400_000);

fn options() -> Options {
    let who = Who {
        person: "ana".into(),
        device: Id([7; 16]),
    };
    Options {
        who,
        now: NOW,
        as_of: None,
        create: true,
        zone: None,
        keep: crate::store::outbox::Keep::Nowhere,
    }
}

/// The app with its book.
pub struct Harness {
    pub app: App,
    pub store: Store,
    past: Option<Store>,
    /// Effects since the last key press, watches left out.
    pub effects: Vec<Effect>,
    watched: BTreeMap<Slot, Query>,
    now: Stamp,
    /// Pages come as soon as they are asked for.
    pub answers: bool,
    /// Somebody holds the book: writes wait until [`Harness::let_go`], or until a test answers them itself.
    pub holds: bool,
    /// Those that wait.
    pub held: Vec<(u64, Command)>,
    /// The last pages, and by which worker they were said.
    pub told: VecDeque<(Generation, Slot, Query, Arc<Page>)>,
}

impl Harness {
    /// The screens in a language over a demo book of 40 customers made from `seed`.
    pub fn new(lang: &str, seed: u64) -> Harness {
        let store = Store::memory(&options()).expect("a book in memory opens");
        Harness::filled(lang, seed, store)
    }

    /// The same over a file, which can be opened a second time.
    pub fn in_file(seed: u64, path: &Path) -> Harness {
        Harness::filled(
            "en",
            seed,
            Store::open(path, &options()).expect("the book opens"),
        )
    }

    fn filled(lang: &str, seed: u64, store: Store) -> Harness {
        let mut harness = Harness::started(lang, store);
        let today = harness.app.look.now.zone.day(NOW);
        let options = DemoOptions {
            customers: 40,
            months: 14,
            seed,
            today,
        };
        demo::write(&mut harness.store, &options, NOW, &mut |_| {})
            .expect("the demo book is written");
        harness.ready();
        harness
    }

    /// The same without customers, the welcome closed.
    pub fn empty(lang: &str) -> Harness {
        let mut harness = Harness::started(
            lang,
            Store::memory(&options()).expect("a book in memory opens"),
        );
        harness.ready();
        harness.press("esc");
        harness
    }

    /// The screens before the book has answered.
    fn started(lang: &str, store: Store) -> Harness {
        assert_eq!(
            lang, "en",
            "the only language that the screens have words of"
        );
        let mut look = super::default_look();
        look.me = "ana".into();
        look.now = crate::domain::time::Moment::new(NOW, crate::domain::time::Zone::default());
        let app = App::new(look, &Value::Null);
        let mut harness = Harness {
            app,
            store,
            past: None,
            effects: Vec::new(),
            watched: BTreeMap::new(),
            now: NOW,
            answers: true,
            holds: false,
            held: Vec::new(),
            told: VecDeque::new(),
        };
        harness.size(120, 36);
        let effects = harness.app.start();
        harness.carry_out(effects);
        harness
    }

    /// The book is open: what the worker says first, then its answers.
    pub fn ready(&mut self) {
        self.hand_over();
        self.answer_all();
        self.wait(40);
    }

    fn hand_over(&mut self) {
        let past = self.past.as_ref().map(Store::today);
        let store = self.shown();
        let roster = store.roster().expect("the roster loads");
        let (config, read_only) = (store.config(), store.read_only().map(str::to_owned));
        let answer = Answer::Ready {
            roster,
            config,
            path: "demo.db".into(),
            mode: "WAL".into(),
            exchanges: None,
            read_only,
            past,
        };
        self.hear(answer);
    }

    fn shown(&mut self) -> &mut Store {
        self.past.as_mut().unwrap_or(&mut self.store)
    }

    /// Another size of the terminal.
    pub fn size(&mut self, width: u16, height: u16) -> &mut Harness {
        self.say(Msg::Input(Event::Resize(width, height)));
        self.draw();
        self.wait(40)
    }

    /// Presses keys, written as in `keys.toml` with spaces between; a word of several letters that is no key is typed. Whoever presses
    /// them has looked first.
    pub fn press(&mut self, keys: &str) -> &mut Harness {
        self.wait(600);
        self.effects.clear();
        for word in keys.split(' ').filter(|w| !w.is_empty()) {
            match Key::parse(word) {
                Some(key) => self.key(key),
                None => word.chars().for_each(|c| self.key(Key::char(c))),
            }
        }
        self.wait(40)
    }

    /// Types text, spaces included.
    pub fn type_text(&mut self, text: &str) -> &mut Harness {
        text.chars().for_each(|c| self.key(Key::char(c)));
        self.wait(40)
    }

    fn key(&mut self, key: Key) {
        self.say(Msg::Input(Event::Key(KeyEvent::new(key.code, key.with))));
        self.draw();
    }

    /// Lets so many milliseconds pass.
    pub fn wait(&mut self, ms: i64) -> &mut Harness {
        self.now = Stamp(self.now.0 + ms);
        self.say(Msg::Timer);
        self
    }

    /// One message, with everything that follows from it.
    pub fn say(&mut self, msg: Msg) {
        let effects = self.app.update(msg, self.now);
        self.carry_out(effects);
    }

    /// Something runs that a test ends by itself; gives its number.
    pub fn begins(&mut self, job: &dyn AnyJob) -> JobNo {
        self.app.begin(job)
    }

    /// A job ends with an answer.
    pub fn ends<J: Job>(&mut self, no: JobNo, job: J, answer: J::Answer) {
        self.say(Msg::Done(no, Ended::of(job, answer)));
    }

    /// Another book takes the place of the one in front.
    pub fn opens(&mut self, path: &str) {
        self.app.open_book(path.into());
        self.say(Msg::Timer);
        self.effects.clear();
    }

    /// What the last keys have begun on a thread of its own.
    pub fn job(&self) -> JobNo {
        self.app.last_job().expect("something was begun")
    }

    /// Nobody holds the book any more: what waited is written.
    pub fn let_go(&mut self) {
        self.holds = false;
        let now = self.now;
        for (ticket, command) in std::mem::take(&mut self.held) {
            let result = self.shown().write(&command, now);
            self.hear(Answer::Written { ticket, result });
        }
        self.answer_all();
    }

    /// The worker of the book in front says something.
    pub fn hear(&mut self, answer: Answer) {
        self.say(Msg::Answer(self.app.worker(), answer));
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match &effect {
                Effect::Write { ticket, command } if self.holds => {
                    self.held.push((*ticket, command.as_ref().clone()));
                    self.effects.push(effect);
                }
                Effect::Write { ticket, command } => {
                    let now = self.now;
                    let result = self.shown().write(command, now);
                    self.effects.push(effect.clone());
                    self.hear(Answer::Written {
                        ticket: *ticket,
                        result,
                    });
                    self.answer_all();
                }
                Effect::Watch { slot, query } => {
                    self.watched.insert(*slot, query.clone());
                    if self.answers {
                        self.answer(*slot);
                    }
                }
                Effect::Unwatch { slot } => {
                    self.watched.remove(slot);
                }
                Effect::Past(day) => {
                    self.past = day.map(|day| {
                        Store::open_past(self.store.path(), &options(), day)
                            .expect("the past opens")
                    });
                    self.ready();
                }
                _ => self.effects.push(effect),
            }
        }
    }

    /// Answers what is watched again, as after a write of somebody else.
    pub fn answer_all(&mut self) {
        for slot in self.watched.keys().copied().collect::<Vec<_>>() {
            self.answer(slot);
        }
    }

    fn answer(&mut self, slot: Slot) {
        let Some(query) = self.watched.get(&slot).cloned() else {
            return;
        };
        let answered = self.shown().answer(&query);
        // As the worker does: another roster is handed over before a page that has its numbers.
        let roster = self.shown().roster().expect("the roster is there");
        if self
            .app
            .look
            .roster
            .as_ref()
            .is_some_and(|shared| !Arc::ptr_eq(shared, &roster))
        {
            self.hand_over();
        }
        let answer = match answered {
            Ok(page) => {
                let page = Arc::new(page);
                self.told.truncate(50);
                self.told
                    .push_front((self.app.worker(), slot, query.clone(), page.clone()));
                Answer::Page { slot, query, page }
            }
            Err(error) => Answer::Failed { slot, query, error },
        };
        self.hear(answer);
    }

    /// Another person writes a minute later; the screens are told with [`Harness::answer_all`] only.
    pub fn another(&mut self, person: &str, command: &Command) {
        self.another_tries(person, command)
            .expect("another's change is written");
    }

    /// The same, which may be refused.
    pub fn another_tries(&mut self, person: &str, command: &Command) -> Result<Receipt> {
        let who = Who {
            person: person.into(),
            device: Id([9; 16]),
        };
        let me = std::mem::replace(self.store.who_for_tests(), who);
        let done = self.store.write(command, Stamp(NOW.0 + 60_000));
        // A roster that was read anew meanwhile is mine all the same.
        self.store
            .roster()
            .expect("the roster loads")
            .write()
            .expect("nobody panicked")
            .me
            .clone_from(&me.person);
        *self.store.who_for_tests() = me;
        done
    }

    /// Answers a write that waits: the latest of the last keys.
    pub fn answer_write(&mut self, result: crate::error::Result<Receipt>) {
        let ticket = |e: &Effect| {
            if let Effect::Write { ticket, .. } = e {
                Some(*ticket)
            } else {
                None
            }
        };
        let ticket = self
            .effects
            .iter()
            .rev()
            .find_map(ticket)
            .expect("a write waits");
        self.held.retain(|(held, _)| *held != ticket);
        self.hear(Answer::Written { ticket, result });
        self.answer_all();
    }

    /// Somebody else purges a customer: all others have other numbers in the next roster.
    pub fn purged(&mut self, customer: Id) {
        let purge = Command::Purge {
            entity: Entity::Customer,
            row: customer,
            why: "asked".into(),
        };
        self.another("bo", &purge);
        self.answer_all();
    }

    /// The customer with this name.
    pub fn id(&self, name: &str) -> Id {
        let roster = self.app.look.read().expect("the roster");
        let at = (0..roster.rows.len()).find(|at| roster.name(*at) == name);
        roster.ids[at.unwrap_or_else(|| panic!("{name} is not there"))]
    }

    /// A page says what is asked in its place just now.
    pub fn is_wanted(&self, slot: Slot, query: &Query) -> bool {
        self.watched.get(&slot) == Some(query)
    }

    /// The commands that the last keys wrote.
    pub fn written(&self) -> Vec<Command> {
        self.effects
            .iter()
            .filter_map(|e| {
                if let Effect::Write { command, .. } = e {
                    Some(command.as_ref().clone())
                } else {
                    None
                }
            })
            .collect()
    }

    /// Draws and keeps what drawing found out, as the runner does.
    pub fn draw(&mut self) -> Buffer {
        let (w, h) = self.app.look.size;
        let mut buf = Buffer::empty(Rect::new(0, 0, w, h));
        let drawn = self.app.draw(&mut buf);
        self.app.seen(drawn);
        buf
    }

    /// The screen's text.
    pub fn text(&mut self) -> String {
        lines(&self.draw()).join("\n")
    }

    /// The screen's text, and under it a letter for the style of each cell.
    pub fn screen(&mut self) -> String {
        let buf = self.draw();
        let styles = (0..buf.area.height).map(|y| {
            (0..buf.area.width)
                .map(|x| mark(&buf, x, y))
                .collect::<String>()
                .trim_end()
                .to_owned()
        });
        format!(
            "{}\n\n{}",
            lines(&buf).join("\n"),
            styles.collect::<Vec<_>>().join("\n")
        )
    }

    /// The line under the cursor.
    pub fn current(&mut self) -> String {
        let buf = self.draw();
        let at =
            (0..buf.area.height).find(|y| (0..buf.area.width).any(|x| mark(&buf, x, *y) == 'S'));
        at.map(|y| lines(&buf)[usize::from(y)].clone())
            .unwrap_or_default()
    }
}

fn lines(buf: &Buffer) -> Vec<String> {
    let line = |y: u16| {
        let mut text = String::new();
        let mut x = 0;
        while x < buf.area.width {
            let symbol = buf[(x, y)].symbol();
            text.push_str(symbol);
            x += cells(symbol).max(1) as u16;
        }
        text.trim_end().to_owned()
    };
    (0..buf.area.height).map(line).collect()
}

fn mark(buf: &Buffer, x: u16, y: u16) -> char {
    let cell = &buf[(x, y)];
    if cell.modifier.contains(Modifier::REVERSED) {
        return 'S';
    }
    if cell.modifier.contains(Modifier::UNDERLINED) {
        return '_';
    }
    if cell.symbol() == " " {
        return ' ';
    }
    match cell.fg {
        Color::Cyan => 'a',
        Color::Green => 'o',
        Color::Yellow => 'w',
        Color::LightRed => 'd',
        Color::Magenta => 'i',
        _ if cell.modifier.contains(Modifier::DIM) => 'm',
        _ => '.',
    }
}
