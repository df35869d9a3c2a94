//! A process that writes one note after the other and acknowledges each: this test binary itself, started again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use retain::domain::command::Command as Order;
use retain::domain::id::Id;
use retain::domain::time::Stamp;
use retain::store::outbox::Keep;
use retain::store::{Options, Store, Who};

use crate::terminal::Desk;

/// The name of the test that is the writer.
const NAME: &str = "faults::writer::writes_when_told_to";

/// The order: book, mark, how many, and the folder for the outbox, a line each.
const ORDER: &str = "RETAIN_FAULTS_WRITE";

#[test]
fn writes_when_told_to() {
    let Ok(order) = std::env::var(ORDER) else {
        return;
    };
    let mut order = order.lines();
    let mut next = || order.next().expect("the order has four lines");
    let (book, mark, many, folder) = (
        next(),
        next(),
        next().parse::<usize>().expect("a number"),
        next(),
    );
    let hash = blake3::hash(folder.as_bytes());
    let device = Id::from_slice(&hash.as_bytes()[..16]).expect("sixteen bytes");
    let now = |n: usize| Stamp(1_790_000_000_000 + n as i64);
    let who = Who {
        person: "writer".into(),
        device,
    };
    let options = Options {
        who,
        now: now(0),
        as_of: None,
        create: false,
        zone: None,
        keep: Keep::In(folder.into()),
    };
    let mut store = Store::open(book.as_ref(), &options).expect("the book opens");
    let customer = store.find_customer("A1").expect("the customer");
    for n in 0..many {
        let text = format!("{mark} {n}");
        let note = Order::Note {
            customers: vec![customer],
            text: text.clone(),
            at: None,
        };
        store.write(&note, now(n)).expect("the note is written");
        // In one write, as a receipt is: a half one is none.
        std::io::stdout()
            .write_all(format!("acknowledged {text}\n").as_bytes())
            .expect("somebody reads");
        std::io::stdout().flush().expect("somebody reads");
    }
    store.close();
}

/// Makes of a command one that starts a writer of `many` notes that begin with `mark`; `me` is the person with an outbox.
pub fn order(command: &mut Command, desk: &Desk, me: &str, mark: &str, many: usize) {
    let folder = desk.path("outboxes").join(me);
    command.args([NAME, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(
        ORDER,
        format!(
            "{}\n{mark}\n{many}\n{}",
            desk.book.display(),
            folder.display()
        ),
    );
}

/// This program.
pub fn myself() -> std::path::PathBuf {
    std::env::current_exe().expect("the name of the test binary")
}

/// A running writer.
pub struct Writer {
    child: Child,
    acknowledged: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts one that writes until it is killed.
    pub fn start(desk: &Desk, me: &str, mark: &str) -> Writer {
        let mut command = desk.tool(myself());
        order(&mut command, desk, me, mark, usize::MAX);
        let mut child = command
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the writer starts");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let kept = acknowledged.clone();
        let reader = std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                // Behind the words of the test harness, which may be on the same line.
                if let Some((_, text)) = line.split_once("acknowledged ") {
                    kept.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(text.to_owned());
                }
            }
        });
        Writer {
            child,
            acknowledged,
            reader: Some(reader),
        }
    }

    /// How many it has acknowledged so far.
    pub fn count(&self) -> usize {
        self.acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Asserts that it still runs.
    pub fn assert_runs(&mut self) {
        let ended = self.child.try_wait().expect("a child");
        assert!(ended.is_none(), "the writer ended by itself: {ended:?}");
    }

    /// Kills it, without a chance to clean up.
    pub fn kill(&mut self) {
        self.child.kill().expect("a signal");
    }

    /// What it acknowledged, after it was killed.
    pub fn acknowledged(mut self) -> Vec<String> {
        self.child.wait().expect("it ended");
        self.reader
            .take()
            .expect("read once")
            .join()
            .expect("it read to the end");
        std::mem::take(
            &mut *self
                .acknowledged
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A test that failed leaves nobody behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
