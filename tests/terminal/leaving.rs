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
