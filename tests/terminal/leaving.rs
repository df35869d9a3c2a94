//! Ways out: quitting, signals, a window that is closed. Each gives the terminal back and keeps what was typed.

use rustix::process::Signal;

use super::Desk;
use super::console::Console;

const HALF: &str = "half a sentence";

#[test]
fn q_quits_and_gives_the_terminal_back() {
    let desk = Desk::with_demo();
    let mut console = desk.open();
    console.press("q");
    assert_eq!(console.end(), 0);
    console.assert_given_back();
}

#[test]
fn where_no_shell_waits_nothing_is_suspended() {
    let desk = Desk::with_demo();
    let mut console = desk.open();
    console.press("\x1a");
    console.press("?");
    console.wait("the help", |c| c.shows("Help from your keymap"));
}

fn type_half(console: &mut Console) {
    console.press("n");
    console.wait("the line for a note", |c| c.shows("Note on"));
    console.press(HALF);
    console.wait("the typed words", |c| c.shows(HALF));
}

fn assert_offered_again(desk: &Desk) {
    let mut console = desk.open();
    if !console.shows(HALF) {
        console.press("n");
    }
    console.wait("the draft", |c| c.shows("Note on") && c.shows(HALF));
}

#[test]
fn a_signal_quits_in_order_and_the_half_typed_note_is_offered_again() {
    for signal in [Signal::TERM, Signal::HUP] {
        let desk = Desk::with_demo();
        let mut console = desk.open();
        type_half(&mut console);
        console.signal(signal);
        assert_eq!(console.end(), 0, "{signal:?}");
        console.assert_given_back();
        assert_offered_again(&desk);
    }
}

#[test]
fn a_closed_window_ends_the_program_and_keeps_the_half_typed_note() {
    let desk = Desk::with_demo();
    let mut console = desk.open();
    type_half(&mut console);
    console.hang_up();
    assert_offered_again(&desk);
}

#[test]
fn what_one_window_keeps_is_not_lost_by_another_that_is_left() {
    let desk = Desk::with_demo();
    let (mut one, mut two) = (desk.open(), desk.open());
    type_half(&mut one);
    one.press("\x1b");
    one.wait("the line is closed", |c| !c.shows("Note on"));
    one.press("q");
    assert_eq!(one.end(), 0);
    // The second window loses the focus, and ends.
    two.press("\x1b[O");
    two.press("q");
    assert_eq!(two.end(), 0);
    assert_offered_again(&desk);
}

/// The screens with an editor that does what a script says, with the words half typed and the editor opened on them.
fn in_editor(desk: &Desk, script: &str) -> Console {
    use std::os::unix::fs::PermissionsExt as _;
    let editor = desk.path("editor");
    std::fs::write(&editor, format!("#!/bin/sh\n{script}\n")).expect("a script");
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o700))
        .expect("it can be run");
    let mut command = desk.screens();
    command.args(["--me", "ana"]);
    command.env("EDITOR", &editor);
    let mut console = Console::start(command);
    console.wait("the queue", |c| {
        c.shows("Queue (") && c.shows("Customers 40")
    });
    type_half(&mut console);
    console.press("\x05");
    console
}

/// The files that editors had and that are there still.
fn edited(desk: &Desk) -> Vec<String> {
    let folder = std::fs::read_dir(desk.path("state/retain")).expect("the state folder");
    let names = folder.filter_map(|f| Some(f.ok()?.file_name().to_string_lossy().into_owned()));
    names.filter(|name| name.starts_with("edit-")).collect()
}

#[test]
fn what_an_editor_has_saved_is_kept_when_the_window_is_closed_over_it() {
    let desk = Desk::with_demo();
    // It reads from the terminal until that is gone.
    let mut console = in_editor(
        &desk,
        "printf 'An hour of minutes' > \"$1\"; echo written; cat > /dev/null",
    );
    console.wait("the editor", |c| c.shows("written"));
    console.hang_up();
    let mut console = desk.open();
    if !console.shows("An hour of minutes") {
        console.press("n");
    }
    console.wait("what it had saved", |c| {
        c.shows("Note on") && c.shows("An hour of minutes")
    });
}

#[test]
fn an_editor_that_is_killed_leaves_what_it_has_saved_in_the_line() {
    let desk = Desk::with_demo();
    let mut console = in_editor(&desk, "printf 'An hour of minutes' > \"$1\"; kill -9 $$");
    console.wait("the text and the file", |c| {
        c.shows("Note on") && c.shows("An hour of minutes") && c.shows("edit-")
    });
    assert_eq!(edited(&desk).len(), 1);
}

#[test]
fn an_editor_that_is_left_without_saving_changes_nothing_and_what_it_had_written_is_named() {
    let desk = Desk::with_demo();
    let mut console = in_editor(&desk, "exit 1");
    console.wait("the line as it was", |c| {
        c.shows("exit status: 1") && c.shows(HALF)
    });
    assert_eq!(edited(&desk), Vec::<String>::new());
    let desk = Desk::with_demo();
    let mut console = in_editor(&desk, "printf 'An hour of minutes' > \"$1\"; exit 1");
    console.wait("the file", |c| {
        c.shows("edit-") && c.shows(HALF) && !c.shows("An hour of minutes")
    });
    assert_eq!(edited(&desk).len(), 1);
}
