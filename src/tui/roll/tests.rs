use crate::domain::command::{Command, NewCustomer, Receipt};
use crate::domain::id::Id;
use crate::error::Error;
use crate::tui::harness::{Harness, NOW};

/// A book of four customers, and the list of them.
fn four() -> Harness {
    let mut h = Harness::empty("en");
    for name in ["Early", "Neighbour", "Third", "Wanted"] {
        let new = NewCustomer {
            name: name.into(),
            owner: "ana".into(),
            ..NewCustomer::default()
        };
        h.another("bo", &Command::AddCustomer(new));
    }
    h.answer_all();
    h.press("2 g g");
    h
}

fn subjects(h: &Harness) -> Vec<Id> {
    h.app.top().subjects(&h.app.look)
}

#[test]
fn marks_and_the_cursor_stay_on_their_customers_when_all_rows_get_other_numbers() {
    let mut h = four();
    let [early, neighbour, third] = ["Early", "Neighbour", "Third"].map(|name| h.id(name));
    h.press("j space");
    assert_eq!(subjects(&h), [neighbour]);
    h.purged(early);
    let text = h.text();
    assert_eq!(
        text.lines().filter(|l| l.contains('✓')).count(),
        1,
        "{text}"
    );
    assert!(
        text.lines()
            .any(|l| l.contains('✓') && l.contains("Neighbour")),
        "{text}"
    );
    assert!(h.current().contains("Third"), "{}", h.current());
    assert_eq!(subjects(&h), [neighbour]);
    h.press("a").type_text("bo").press("enter");
    assert!(
        matches!(h.written().as_slice(), [Command::Assign { customers, .. }] if *customers == [neighbour]),
        "{:?}",
        h.written()
    );
    h.press("- d");
    assert_eq!(subjects(&h), [third]);
}

#[test]
fn what_was_marked_and_is_gone_is_told_and_nobody_else_stands_in_for_it() {
    let mut h = four();
    let [neighbour, third] = ["Neighbour", "Third"].map(|name| h.id(name));
    h.press("j space space g g");
    assert_eq!(subjects(&h), [neighbour, third]);
    h.purged(neighbour);
    assert!(h.text().contains("1 marked is gone"), "{}", h.text());
    assert_eq!(subjects(&h), [third]);
    h.another(
        "bo",
        &Command::Remove {
            entity: crate::domain::command::Entity::Customer,
            rows: vec![third],
        },
    );
    h.answer_all();
    assert!(h.text().contains("what was marked is gone"), "{}", h.text());
    for keys in ["d", "z 1", "D", ">"] {
        h.press(keys);
        assert_eq!(h.written(), [], "{keys} was for one that is gone");
    }
    h.press("a");
    assert_eq!(h.app.top().name(), "customers");
    h.press("esc j k d");
    assert!(
        matches!(h.written().as_slice(), [Command::Done { .. }]),
        "{:?}",
        h.written()
    );
}

#[test]
fn a_range_goes_from_the_marked_customer_and_not_from_its_line() {
    let mut h = four();
    let [early, third, wanted] = ["Early", "Third", "Wanted"].map(|name| h.id(name));
    h.press("space S");
    assert!(h.current().contains("Neighbour"), "{}", h.current());
    h.press("G V");
    assert_eq!(
        subjects(&h),
        [early],
        "it is the last line now:\n{}",
        h.text()
    );
    h.press("- g g space V");
    assert_eq!(subjects(&h).len(), 2);
    assert!(
        subjects(&h).contains(&third) && subjects(&h).contains(&wanted),
        "{}",
        h.text()
    );
}

/// The names in Triage from the top, and the id of the first.
fn first_in_triage(h: &mut Harness) -> (String, Id) {
    h.press("1 g g");
    let id = subjects(h)[0];
    (h.app.look.name_of(id), id)
}

#[test]
fn what_a_write_took_away_is_back_when_the_write_is_queued_or_refused_also_in_another_tab() {
    let queued = || {
        Ok(Receipt {
            queued: Some("the book is busy".into()),
            ..Receipt::default()
        })
    };
    for answer in [queued as fn() -> Result<Receipt, Error>, || {
        Err(Error::failed("the disk is full"))
    }] {
        for tab in ["1", "2"] {
            let mut h = Harness::new("en", 1);
            let (_, id) = first_in_triage(&mut h);
            h.holds = true;
            h.press("z 1");
            assert_ne!(subjects(&h), [id], "it is gone at once");
            h.answer_all();
            assert_ne!(subjects(&h), [id], "and stays so while the write waits");
            h.press(tab);
            h.effects.clear();
            h.press("");
            h.hear(crate::store::worker::Answer::Written {
                ticket: 1,
                result: answer(),
            });
            h.answer_all();
            h.press("1 g g");
            assert_eq!(subjects(&h), [id], "{}", h.text());
        }
    }
}

#[test]
fn what_was_put_off_is_among_what_is_put_off_and_what_is_woken_again_is_in_the_queue() {
    let mut h = Harness::new("en", 1);
    let (name, id) = first_in_triage(&mut h);
    h.holds = true;
    h.press("z 1");
    let [snooze] = <[Command; 1]>::try_from(h.written()).expect("one write");
    h.press("Z");
    let receipt = h.store.write(&snooze, NOW);
    h.hear(crate::store::worker::Answer::Written {
        ticket: 1,
        result: receipt,
    });
    h.answer_all();
    assert!(h.text().contains(&name), "{}", h.text());
    h.press("Z");
    assert_ne!(subjects(&h), [id]);
    h.another(
        "bo",
        &Command::Unsnooze {
            customers: vec![id],
        },
    );
    h.answer_all();
    h.press("g g");
    assert_eq!(subjects(&h), [id], "{}", h.text());
}
