//! Two people in front of their screens.

use std::time::Duration;

use crate::terminal::Desk;

#[test]
fn two_consoles_see_each_others_writes() {
    let desk = Desk::with_demo();
    let (mut ana, mut bo) = (desk.open_as("ana"), desk.open_as("bo"));
    for (from, to, words) in [
        (true, "ana: Note on", "from ana"),
        (false, "bo: Note on", "from bo"),
    ] {
        let (writer, reader) = if from {
            (&mut ana, &mut bo)
        } else {
            (&mut bo, &mut ana)
        };
        writer.press("n");
        writer.wait("the line for a note", |c| c.shows("Note on"));
        writer.press(&format!("{words}\r"));
        writer.wait("that it is written", |c| {
            c.message().contains("Note on") && c.message().contains("undo")
        });
        reader.wait_for(Duration::from_secs(5), to, |c| c.message().contains(to));
    }
}

/// While another holds the lock, also one that shuts readers out, the cursor moves, and a write says that it waits.
#[test]
fn a_lock_that_is_held_does_not_hold_the_cursor() {
    for (shared, lock) in [(false, "BEGIN IMMEDIATE"), (true, "BEGIN EXCLUSIVE")] {
        let desk = Desk::with_demo();
        if shared {
            // A folder that another program synchronizes: the book is not in WAL mode there.
            std::fs::create_dir(desk.path(".stfolder")).expect("a folder");
        }
        let mut console = desk.open();
        let other = rusqlite::Connection::open(&desk.book).expect("the book opens");
        other.execute_batch(lock).expect("the lock is free");
        console.press("n");
        console.wait("the line for a note", |c| c.shows("Note on"));
        console.press("They called\r");
        console.wait("that the note waits", |c| {
            c.shows("waiting for another's write")
        });
        let first = console.under_cursor();
        console.press("j");
        console.wait("the cursor one down", |c| c.under_cursor() != first);
        assert!(
            console.shows("waiting for another's write"),
            "it waits still: {}",
            console.text()
        );
        other
            .execute_batch("ROLLBACK")
            .expect("the lock is given back");
        console.wait("that it is written", |c| {
            c.message().contains("Note on") && c.message().contains("undo")
        });
    }
}
