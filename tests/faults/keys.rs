//! Keys that nobody would press in this order: two consoles and subcommands on one book, at random, from four seeds. No console ends
//! other than by a key that ends it, each answers after every burst, and the book is well.

use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::times;
use crate::terminal::Desk;
use crate::terminal::console::{Console, SIZE};

/// What a terminal sends for keys that are no letters, a pasted line, and the mouse.
const OTHERS: &[&str] = &[
    "\r",
    "\x1b",
    "\t",
    "\x1b[Z",
    "\x7f",
    "\x1b[A",
    "\x1b[B",
    "\x1b[C",
    "\x1b[D",
    "\x1b[5~",
    "\x1b[6~",
    "\x1b[H",
    "\x1b[F",
    "\x1b[3~",
    "\x04",
    "\x05",
    "\x0b",
    "\x0e",
    "\x10",
    "\x12",
    "\x13",
    "\x15",
    "\x17",
    "\x1b[200~two words\x1b[201~",
    "\x1b[<0;20;10M",
    "\x1b[<0;20;10m",
    "\x1b[<64;20;10M",
    "\x1b[<65;20;10M",
    "ü",
    "ش",
    "👩‍🚀",
];
/// Keys in one burst.
const BURST: usize = 25;

fn key(chance: &mut ChaCha8Rng) -> String {
    match chance.random_range(0..10) {
        0..=5 => char::from(chance.random_range(b'!'..=b'~')).to_string(),
        6 => ["j", "k", "\r", "\x1b", "u", "U", "n", "m", ">"]
            .choose(chance)
            .expect("one")
            .to_string(),
        _ => OTHERS.choose(chance).expect("one").to_string(),
    }
}

fn open(desk: &Desk, me: &str) -> Console {
    let mut command = desk.screens();
    command.args(["--me", me]);
    // Editors, browsers and mail programs that a key may start do nothing.
    for name in ["EDITOR", "VISUAL", "BROWSER", "PAGER"] {
        command.env(name, "true");
    }
    let mut console = Console::start(command);
    console.wait("the first picture", |c| c.shows("book.db"));
    console
}

/// What somebody types in a shell meanwhile.
fn subcommand(desk: &Desk, chance: &mut ChaCha8Rng) {
    let names = desk.json(&["list"]);
    let rows = names["rows"].as_array().cloned().expect("rows");
    let customer = rows
        .choose(chance)
        .and_then(|r| r["name"].as_str())
        .unwrap_or("nobody")
        .to_owned();
    let phone = format!("phone={}", chance.random_range(0..1000));
    let rule = format!("r{}", chance.random_range(0..20));
    let all: [&[&str]; 10] = [
        &["note", &customer, "from a shell"],
        &["edit", &customer, &phone],
        &["undo"],
        &["move", &customer, "next"],
        &["tag", &customer, "+hot"],
        &["rule", "add", &rule, "--when", "#hot", "--action", "risk"],
        &["config", "policy", "cadence_days = 21"],
        &["task", &customer, "call them"],
        &["nps", &customer, "7"],
        &["alerts"],
    ];
    let args = all.choose(chance).expect("one");
    let done = desk.run_as("eve", args);
    // Refused is an answer; a panic is none.
    let code = done
        .status
        .code()
        .unwrap_or_else(|| panic!("{args:?} was killed: {done:?}"));
    assert!(code < 100, "{args:?}: {done:?}");
}

fn play(seed: u64, keys: usize) {
    let desk = Desk::with_demo();
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let people = ["ana", "bo"];
    let mut consoles = people.map(|me| open(&desk, me));
    // Each is answered by a frame of another size: where keys are refused nothing else may change.
    let mut small = [false; 2];
    for burst in 0..keys / BURST {
        let at = chance.random_range(0..2);
        let typed: String = (0..BURST).map(|_| key(&mut chance)).collect();
        let console = &mut consoles[at];
        let told = |console: &Console| {
            format!(
                "seed {seed}, burst {burst} {typed:?}. On the screen:\n{}",
                console.text()
            )
        };
        small[at] = !small[at];
        let size = if small[at] { (80, 24) } else { SIZE };
        if console.try_press(&typed) && console.answers(size) {
            if chance.random_range(0..8) == 0 {
                subcommand(&desk, &mut chance);
            }
            continue;
        }
        assert_eq!(console.end(), 0, "{}", told(console));
        console.assert_given_back();
        consoles[at] = open(&desk, people[at]);
        small[at] = false;
    }
    for console in &mut consoles {
        console.signal(rustix::process::Signal::TERM);
        console.end();
    }
    let doctor = desk.run_as("ana", &["doctor"]);
    let words = String::from_utf8_lossy(&doctor.stdout);
    let wrong: Vec<&str> = words
        .lines()
        .filter(|line| line.starts_with("WRONG"))
        .collect();
    assert!(wrong.is_empty(), "seed {seed}: {wrong:?}");
}

/// So many keys in all, four seeds at a time; RETAIN_KEYS says another number.
#[test]
fn random_keys_end_no_console_and_hurt_no_book() {
    let asked = std::env::var("RETAIN_KEYS")
        .ok()
        .and_then(|n| n.parse().ok());
    let keys = asked.unwrap_or_else(|| times(1_000, 8_000)) / 4;
    for seed in 0..4 {
        play(seed, keys);
    }
}
