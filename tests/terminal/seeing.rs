//! What is seen: the first picture, other sizes, what others write, what is pasted.

use std::time::Duration;

use super::Desk;
use super::console::{SIZE, has};

#[test]
fn starts_on_triage_and_draws_the_same_after_every_size() {
    let desk = Desk::with_demo();
    let mut console = desk.open();
    let first = console.text();
    for size in [
        (80, 24),
        (40, 12),
        (20, 5),
        (3, 2),
        (1, 1),
        (1, 60),
        (200, 1),
        (250, 70),
    ] {
        console.resize_and_draw(size);
    }
    console.resize(SIZE);
    console.wait("the first picture again", |c| c.text() == first);
    // Many at once, as a window is dragged.
    for i in 1..=30 {
        console.resize((i * 4, i));
    }
    console.resize(SIZE);
    console.wait("the first picture after dragging", |c| c.text() == first);
    // Ctrl-L draws all of it anew.
    let before = console.sent.len();
    console.press("\x0c");
    console.wait("a cleared screen", |c| {
        has(&c.sent[before..], b"\x1b[2J") && c.text() == first
    });
    // A question to the terminal would wait for an answer that may never come.
    assert!(!has(&console.sent, b"\x1b[6n"));
    console.press("q");
    assert_eq!(console.end(), 0);
}

#[test]
fn what_another_writes_comes_by_itself_and_the_cursor_stays() {
    let desk = Desk::with_demo();
    let mut console = desk.open();
    let first = console.under_cursor();
    console.press("j");
    console.wait("the cursor one down", |c| c.under_cursor() != first);
    let mine = console.under_cursor();
    let name = desk.json(&["today", "--limit", "1"])["rows"][0]["name"]
        .as_str()
        .expect("a name")
        .to_owned();
    let done = desk.run_as("bo", &["note", &name, "They asked for a date"]);
    assert!(done.status.success(), "{done:?}");
    console.wait_for(Duration::from_secs(5), "who wrote what", |c| {
        c.message().contains("bo: Note on")
    });
    assert_eq!(console.under_cursor(), mine);
}

#[test]
fn a_large_paste_behind_a_key_arrives_whole() {
    let desk = Desk::with_demo();
    let mut console = desk.open();
    console.press("2n");
    console.wait("the line for a note", |c| c.shows("Note on"));
    console.pour(format!(
        "a\x1b[200~{} to the end\x1b[201~",
        "word ".repeat(200_000)
    ));
    console.wait("its end", |c| c.shows("word  to the end"));
}

#[test]
fn a_paste_into_a_list_does_nothing() {
    let desk = Desk::with_demo();
    let mut console = desk.open();
    let (before, cursor) = (desk.json(&["history"]), console.under_cursor());
    console.press("\x1b[200~dq\nD\x1b[201~");
    console.wait("that it was ignored", |c| {
        c.message().contains("paste ignored here")
    });
    assert_eq!(console.under_cursor(), cursor);
    console.press("q");
    assert_eq!(console.end(), 0);
    assert_eq!(desk.json(&["history"]), before);
}

#[test]
fn a_day_in_the_past_is_only_looked_at_and_one_key_leads_back() {
    let desk = Desk::with_demo();
    let before = desk.json(&["history"]);
    let mut console = desk.open();
    console.press("gd");
    console.wait("the question", |c| c.shows("As it was on:"));
    console.press("2 weeks ago\r");
    console.wait("the day", |c| {
        c.message().contains("read-only · 0 back to today") && c.shows("as of 20")
    });
    console.press("d");
    console.wait("why not", |c| {
        c.message().contains("in the past nothing can be changed")
    });
    console.press("0");
    console.wait("today", |c| c.shows("Customers 40") && !c.shows("as of 20"));
    console.press("q");
    assert_eq!(console.end(), 0);
    assert_eq!(desk.json(&["history"]), before, "nothing was written");
}
