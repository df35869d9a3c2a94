//! What comes from outside the keys, and hands that are at something.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use crossterm::event::{Event, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::domain::command::{Change, Command, Entity, Receipt};
use crate::domain::id::Id;
use crate::domain::time::{Day, Stamp};
use crate::error::Error;
use crate::store::presence::Here;
use crate::store::worker::Answer;
use crate::transfer::import::{Continue, Wanted, import};
use crate::tui::effect::{Effect, Msg};
use crate::tui::harness::{Harness, NOW};
use crate::tui::key::Key;
use crate::tui::verbs::handover::Brief;
use crate::tui::views::first_run::Demo;
use crate::tui::views::import::job::Reads;
use crate::tui::views::merge::Merge;

/// Letters that come one behind the other, as somebody types who looks elsewhere.
fn typed(h: &mut Harness, text: &str) {
    for c in text.chars() {
        let key = Key::char(c);
        h.say(Msg::Input(Event::Key(KeyEvent::new(key.code, key.with))));
    }
}

fn rows(h: &Harness) -> Vec<Id> {
    h.app.look.read().expect("a roster").ids.clone()
}

fn click(h: &mut Harness, column: u16, row: u16) {
    let mouse = MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column,
        row,
        modifiers: KeyModifiers::NONE,
    };
    h.effects.clear();
    h.say(Msg::Input(Event::Mouse(mouse)));
}

/// An import of a file, or the look at it.
fn reads(path: &Path, look: bool) -> Reads {
    let wanted = Wanted {
        dry_run: look,
        ..Wanted::default()
    };
    let path = path.to_owned();
    Reads { path, wanted }
}

/// An import of two customers, of which one is new, has ended; the file is looked at first where `look` is set.
fn imported(h: &mut Harness, name: &str, look: bool) -> PathBuf {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, format!("name,csm\nFrom {name},ana\n")).expect("a file");
    let reads = reads(&path, look);
    let job = h.begins(&reads);
    let result = import(&mut h.store, &path, &reads.wanted, NOW, &mut |_| {
        Continue::Yes
    })
    .map(Box::new);
    h.ends(job, reads, result);
    path
}

#[test]
fn the_end_of_an_import_leaves_the_line_that_is_being_typed() {
    let mut h = Harness::new("en", 1);
    h.press("j n");
    let who = h.app.stack[0].view.subjects(&h.app.look);
    typed(&mut h, "call back");
    imported(&mut h, "list.csv", false);
    h.ready();
    typed(&mut h, " and add a deal");
    h.press("enter");
    assert_eq!(
        h.written(),
        [Command::Note {
            customers: who,
            text: "call back and add a deal".into(),
            at: None
        }]
    );
    assert!(
        !h.effects.iter().any(|e| matches!(e, Effect::OpenBook(..))),
        "the book is read anew under what is open"
    );
}

#[test]
fn what_comes_while_somebody_types_waits_with_a_sign_and_a_key() {
    let mut h = Harness::new("en", 1);
    h.press("n");
    typed(&mut h, "call ");
    imported(&mut h, "list.csv", true);
    typed(&mut h, "back");
    assert!(
        h.text().contains("call back")
            && h.text()
                .contains("While you typed: list.csv (g . shows it)"),
        "{}",
        h.text()
    );
    h.press("enter");
    assert!(
        matches!(h.written().as_slice(), [Command::Note { text, .. }] if text == "call back"),
        "{:?}",
        h.written()
    );
    assert!(
        h.text().contains("1 waits (g .)") && h.app.top().name() == "triage",
        "it stays where it is: {}",
        h.text()
    );
    h.press("g .");
    assert!(
        h.app.top().name() == "import" && h.text().contains("From list.csv"),
        "{}",
        h.text()
    );
    assert!(!h.text().contains("1 waits"), "{}", h.text());
}

#[test]
fn a_dialog_that_comes_by_itself_takes_no_key_for_a_moment() {
    let mut h = Harness::new("en", 1);
    let who = rows(&h)[0];
    let edit = |name: &str| Command::Edit {
        entity: Entity::Customer,
        rows: vec![who],
        changes: vec![Change::set("name", name)],
    };
    h.store.write(&edit("Mine Ltd"), NOW).expect("written");
    h.another("bo", &edit("Theirs Ltd"));
    h.press("u");
    assert!(h.text().contains("Theirs Ltd"), "{}", h.text());
    typed(&mut h, "m");
    assert_eq!(
        h.app.top().name(),
        "clash",
        "the m was on its way before the dialog was there"
    );
    let name = |h: &Harness| h.app.look.name_of(who);
    h.ready();
    assert_eq!(name(&h), "Theirs Ltd");
    h.press("m");
    h.ready();
    assert_ne!(name(&h), "Theirs Ltd", "one that was seen is answered");
}

#[test]
fn a_refusal_behind_which_somebody_types_waits_as_well() {
    let mut h = Harness::new("en", 1);
    let who = rows(&h)[0];
    let edit = |name: &str| Command::Edit {
        entity: Entity::Customer,
        rows: vec![who],
        changes: vec![Change::set("name", name)],
    };
    h.store.write(&edit("Mine Ltd"), NOW).expect("written");
    h.another("bo", &edit("Theirs Ltd"));
    h.holds = true;
    h.press("u n");
    typed(&mut h, "meeting");
    h.let_go();
    typed(&mut h, " monday");
    assert!(
        h.text().contains("meeting monday") && h.text().contains("(g .)"),
        "{}",
        h.text()
    );
    h.press("enter");
    h.press("g .");
    assert!(
        h.text().contains("Theirs Ltd") && h.app.top().name() == "clash",
        "{}",
        h.text()
    );
}

#[test]
fn of_a_worker_that_is_gone_nothing_is_heard_but_the_end_of_writes() {
    let mut h = Harness::new("en", 1);
    h.holds = true;
    h.press("n").type_text("for the first book").press("enter");
    let before = h.app.worker();
    h.press("1");
    h.opens("other.db");
    let other = Harness::empty("en")
        .app
        .look
        .roster
        .clone()
        .expect("a roster");
    h.say(Msg::Answer(before, ready(other.clone(), None)));
    h.say(Msg::Answer(before, Answer::Presence(vec![])));
    h.say(Msg::Answer(before, Answer::Waiting(Some("bo".into()))));
    assert!(h.app.look.roster.is_none() && h.app.waiting.is_none());
    assert!(
        h.app
            .all_drafts()
            .texts()
            .any(|text| text == "for the first book"),
        "it may be refused yet"
    );
    let ticket = h.held.remove(0).0;
    let done = Receipt {
        batch: None,
        label: "Note".into(),
        changed: 1,
        skipped: vec![],
        customers: vec![],
        repeated: false,
        queued: None,
    };
    h.say(Msg::Answer(
        before,
        Answer::Written {
            ticket,
            result: Ok(done),
        },
    ));
    assert!(
        h.app.all_drafts().is_empty(),
        "it is written: {:?}",
        h.app.look.drafts
    );
    h.say(Msg::Answer(
        h.app.worker(),
        ready(other, Some("today".into())),
    ));
    assert!(h.app.look.roster.is_some());
}

fn ready(roster: Arc<RwLock<crate::domain::roster::Roster>>, read_only: Option<String>) -> Answer {
    let (config, mode) = (Arc::default(), "WAL".into());
    Answer::Ready {
        roster,
        config,
        path: "other.db".into(),
        mode,
        exchanges: None,
        read_only,
        past: None,
    }
}

#[test]
fn a_refused_write_in_the_book_of_before_keeps_its_text() {
    let mut h = Harness::new("en", 1);
    h.holds = true;
    h.press("n").type_text("for the first book").press("enter");
    let (before, ticket) = (h.app.worker(), h.held.remove(0).0);
    h.opens("other.db");
    h.say(Msg::Answer(
        before,
        Answer::Written {
            ticket,
            result: Err(Error::failed("The disk is full")),
        },
    ));
    assert!(
        h.text().contains("In the book of before: The disk is full"),
        "{}",
        h.text()
    );
    assert!(
        h.app
            .all_drafts()
            .texts()
            .any(|text| text == "for the first book")
    );
}

#[test]
fn what_is_of_one_book_is_not_shown_in_another() {
    let mut h = Harness::new("en", 1);
    let (person, host, boot) = ("bo".into(), "desk".into(), String::new());
    h.hear(Answer::Presence(vec![Here {
        person,
        host,
        boot,
        pid: 7,
        since: NOW,
        wal: true,
        looking: None,
    }]));
    h.hear(Answer::Copies(vec!["book (1).db".into()]));
    h.hear(Answer::Waiting(Some("bo".into())));
    h.press("n");
    imported(&mut h, "list.csv", true);
    assert!(h.text().contains("2 here"), "{}", h.text());
    h.opens("other.db");
    let text = h.text();
    assert!(
        !text.contains("2 here") && !text.contains("(g .)") && h.app.waiting.is_none(),
        "{text}"
    );
    assert!(h.app.look.copies.is_empty() && h.app.top().name() != "import");
}

#[test]
fn the_end_of_an_import_brings_no_other_book_back() {
    let mut h = Harness::new("en", 1);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("list.csv");
    let reads = reads(&path, false);
    let job = h.begins(&reads);
    h.opens("other.db");
    std::fs::write(&path, "name\nFrom the list\n").expect("a file");
    let result = import(&mut h.store, &path, &reads.wanted, NOW, &mut |_| {
        Continue::Yes
    })
    .map(Box::new);
    h.effects.clear();
    h.ends(job, reads, result);
    assert!(h.text().contains("Import"), "its end is told: {}", h.text());
    assert!(!h.effects.iter().any(|e| matches!(e, Effect::OpenBook(..))));
}

#[test]
fn a_click_beside_a_box_picks_nothing_in_it() {
    let mut h = Harness::new("en", 1);
    h.press("2 a");
    h.draw();
    for row in 2..34 {
        click(&mut h, 2, row);
        assert!(
            h.written().is_empty() && h.app.top().name() == "pick",
            "line {row}"
        );
    }
    h.press("esc :");
    h.draw();
    for row in 2..34 {
        click(&mut h, 2, row);
        assert!(h.app.top().name() == "palette", "line {row}");
    }
}

#[test]
fn ctrl_s_twice_writes_once() {
    let mut h = Harness::new("en", 1);
    h.press("c").type_text("Twice Ltd");
    h.holds = true;
    h.press("ctrl-s ctrl-s");
    assert_eq!(h.held.len(), 1, "{:?}", h.held);
    assert!(h.text().contains("It is being saved"), "{}", h.text());
    h.let_go();
    assert_ne!(h.app.top().name(), "form");
}

#[test]
fn one_look_at_a_file_shows_that_file_alone() {
    let mut h = Harness::new("en", 1);
    let alpha = imported(&mut h, "alpha.csv", true);
    h.wait(600);
    assert!(h.text().contains("From alpha.csv"), "{}", h.text());
    imported(&mut h, "bravo.csv", true);
    let text = h.text();
    assert!(
        text.contains("Import bravo.csv")
            && text.contains("From bravo.csv")
            && !text.contains("From alpha"),
        "{text}"
    );
    h.press("ctrl-s");
    assert!(
        h.effects
            .iter()
            .filter_map(Effect::job::<Reads>)
            .any(|reads| reads.path.ends_with("bravo.csv")),
        "{:?}",
        h.effects
    );
    let _ = alpha;
}

#[test]
fn letters_before_a_form_is_ready_wait_for_it_in_order() {
    let mut h = Harness::new("en", 1);
    h.press("2");
    h.answers = false;
    let key = |c: char| {
        Msg::Input(Event::Key(KeyEvent::new(
            Key::char(c).code,
            Key::char(c).with,
        )))
    };
    h.say(key('c'));
    assert!(
        !h.app.top().ready(),
        "its fields come with the first moment of quiet"
    );
    typed(&mut h, "Acme ");
    h.say(Msg::Input(Event::Paste("Holdings".into())));
    typed(&mut h, " AG");
    h.wait(40);
    assert!(h.text().contains("Acme Holdings AG"), "{}", h.text());
    // Esc leaves at once, and what waited goes with the form.
    h.press("ctrl-x");
    h.say(key('c'));
    typed(&mut h, "Gone");
    h.press("esc");
    assert_ne!(h.app.top().name(), "form");
    assert!(h.written().is_empty());
}

#[test]
fn a_note_is_typed_before_the_page_of_the_customer_has_come() {
    let mut h = Harness::new("en", 1);
    h.press("j");
    let who = h.app.top().subjects(&h.app.look);
    h.answers = false;
    h.press("enter");
    typed(&mut h, "nbudget");
    assert!(h.text().contains("budget"), "{}", h.text());
    h.press("enter");
    assert_eq!(
        h.written(),
        [Command::Note {
            customers: who,
            text: "budget".into(),
            at: None
        }]
    );
}

#[test]
fn esc_leaves_what_is_open_and_an_import_goes_on() {
    let mut h = Harness::new("en", 1);
    let job = h.begins(&reads(Path::new("list.csv"), false));
    h.press("n").type_text("call back").press("esc esc");
    assert!(!h.effects.contains(&Effect::Stop(job)));
    h.press("ctrl-c");
    assert!(h.effects.contains(&Effect::Stop(job)));
}

#[test]
fn leaving_asks_before_an_import_is_lost() {
    for (keys, left) in [
        ("Q esc", false),
        ("Q enter", false),
        ("Q 2", true),
        ("Q ctrl-c ctrl-c", true),
    ] {
        let mut h = Harness::new("en", 1);
        if left {
            h.begins(&Demo);
        } else {
            h.begins(&reads(Path::new("list.csv"), false));
        }
        h.press("Q");
        assert!(
            h.text().contains("is being written") && !h.app.quits(),
            "{}",
            h.text()
        );
        h.press(keys.trim_start_matches("Q "));
        assert_eq!(h.app.quits(), left, "{keys}");
    }
    let mut h = Harness::new("en", 1);
    h.begins(&reads(Path::new("list.csv"), true));
    h.press("Q");
    assert!(h.app.quits(), "a look can be had again");
    let mut h = Harness::new("en", 1);
    h.begins(&reads(Path::new("list.csv"), false));
    h.say(Msg::Leave);
    assert!(h.app.quits(), "who closes the terminal cannot be asked");
}

#[test]
fn nothing_stands_still_with_a_lock() {
    let mut h = Harness::new("en", 1);
    let merge = Merge {
        path: "copy.db".into(),
        dry_run: false,
    };
    let job = h.begins(&merge);
    h.press("ctrl-z");
    assert!(
        !h.effects.contains(&Effect::Suspend) && h.text().contains("A merge is being written"),
        "{}",
        h.text()
    );
    h.ends(job, merge, Err(Error::failed("It cannot be read")));
    h.press("ctrl-z");
    assert!(h.effects.contains(&Effect::Suspend));
}

#[test]
fn a_lock_that_is_waited_for_is_given_up_by_esc_where_nobody_types() {
    let mut h = Harness::new("en", 1);
    h.hear(Answer::Waiting(Some("bo".into())));
    h.press("n esc");
    assert!(!h.effects.contains(&Effect::GiveUp), "Esc was the line's");
    h.press("esc");
    assert!(h.effects.contains(&Effect::GiveUp));
}

#[test]
fn what_is_handed_over_in_a_book_is_not_in_another() {
    let mut h = Harness::new("en", 1);
    let brief = Brief {
        customers: rows(&h)[..2].to_vec(),
        to: "zoe".into(),
        path: "brief.md".into(),
    };
    let job = h.begins(&brief);
    h.opens("other.db");
    h.effects.clear();
    h.ends(job, brief, Ok(()));
    assert!(
        h.written().is_empty() && h.text().contains("nobody was given to zoe"),
        "{}",
        h.text()
    );
}

#[test]
fn a_second_look_takes_the_place_of_the_first() {
    let mut h = Harness::new("en", 1);
    let bravo = reads(Path::new("bravo.csv"), true);
    let first = h.begins(&reads(Path::new("alpha.csv"), true));
    let second = h.begins(&bravo);
    let reading = |file: &str| crate::tui::bench::Reading {
        file: file.into(),
        rows: 5,
        rate: 1,
        left: 1,
        rejected: 0,
    };
    h.say(Msg::Reading(first, reading("alpha.csv")));
    assert!(!h.text().contains("alpha.csv"), "{}", h.text());
    h.say(Msg::Reading(second, reading("bravo.csv")));
    assert!(h.text().contains("bravo.csv"), "{}", h.text());
    h.ends(second, bravo, Err(Error::failed("It is empty")));
    h.say(Msg::Reading(first, reading("alpha.csv")));
    assert!(!h.text().contains("alpha.csv"), "{}", h.text());
}

#[test]
fn what_cannot_be_written_stays_in_its_form_and_as_a_draft() {
    let mut h = Harness::new("en", 1);
    h.press("c").type_text("Acme Ltd");
    h.app.look.read_only = Some("the disk is full".into());
    h.press("ctrl-s");
    assert!(
        h.app.top().name() == "form" && h.text().contains("the disk is full"),
        "{}",
        h.text()
    );
    h.app.look.read_only = None;
    h.press("ctrl-s");
    assert!(
        matches!(h.written().as_slice(), [Command::AddCustomer(_)]),
        "it can be tried again: {:?}",
        h.written()
    );
    h.press("1 n").type_text("call back");
    h.app.look.read_only = Some("the disk is full".into());
    h.press("enter");
    assert!(
        h.app.all_drafts().texts().any(|text| text == "call back"),
        "{:?}",
        h.app.look.drafts
    );
}

#[test]
fn the_past_keeps_what_was_being_typed() {
    let mut h = Harness::in_file(
        1,
        &tempfile::tempdir()
            .expect("a folder")
            .path()
            .join("book.db"),
    );
    h.press("n").type_text("half a note");
    h.app.turn_to(Day::from_number(20_700));
    assert!(h.app.all_drafts().texts().any(|text| text == "half a note"));
    let _ = Stamp(0);
}

#[test]
fn a_long_message_is_read_to_its_end_and_covers_nothing_that_is_typed() {
    let mut h = Harness::new("en", 1);
    h.size(80, 24);
    let words = format!(
        "bo has purged {} on 3 December at 09:00; `retain sync --off` keeps them",
        "twelve customers ".repeat(6)
    );
    h.say(Msg::Said {
        good: false,
        text: words.clone(),
    });
    let text = h.text();
    assert!(
        text.contains("`retain sync --off`") && text.contains("keeps them"),
        "{text}"
    );
    assert!(
        text.lines().nth(20).is_some_and(|line| line.contains('│')),
        "the rows stay in sight: {text}"
    );
    h.press("n").type_text("call back");
    h.say(Msg::Said {
        good: false,
        text: words,
    });
    let text = h.text();
    assert!(
        text.contains("call back") && !text.contains("keeps them"),
        "{text}"
    );
}

#[test]
fn keys_for_a_list_that_has_no_rows_yet_wait_for_them_and_those_of_the_app_do_not() {
    let mut h = Harness::new("en", 1);
    h.answers = false;
    h.press("2 j n").type_text("call back 2");
    assert_eq!(h.app.top().name(), "customers");
    assert!(
        !h.text().contains("Note on"),
        "nobody is there yet: {}",
        h.text()
    );
    h.answers = true;
    h.answer_all();
    let second = h
        .app
        .look
        .name_of(h.app.stack[0].view.subjects(&h.app.look)[0]);
    assert!(
        h.text().contains(&format!("Note on {second}: call back 2")),
        "{}",
        h.text()
    );
    h.press("ctrl-u esc");
    h.answers = false;
    h.press("4 j 3");
    assert_eq!(
        h.app.top().name(),
        "tasks",
        "what is behind a key that waits, waits"
    );
    h.press("esc 3");
    assert_eq!(h.app.top().name(), "funnel", "Esc lets go of them");
    h.press("q");
    assert!(h.app.quits());
}

#[test]
fn a_refusal_stays_when_somebody_else_writes_in_the_same_second() {
    let mut h = Harness::new("en", 1);
    let foreign = || Answer::Foreign {
        person: "bo".into(),
        label: "Note on Acme".into(),
        at: NOW,
    };
    h.hear(foreign());
    assert!(h.text().contains("bo: Note on Acme"), "{}", h.text());
    h.say(Msg::Said {
        good: false,
        text: "The disk is full".into(),
    });
    h.hear(foreign());
    assert!(h.text().contains("The disk is full"), "{}", h.text());
}
