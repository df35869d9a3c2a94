use insta::assert_snapshot;

use crate::domain::command::{Change, Command, Entity, NewCustomer};
use crate::tui::harness::{Harness, NOW};

#[test]
fn the_whole_console_shows_a_day_in_the_past_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut h = Harness::in_file(1, &folder.path().join("book.db"));
    h.press("2 g g");
    let (before, here) = (h.text(), h.current());
    h.press("g d").type_text("tomorrow").press("enter");
    assert!(
        h.text().contains("\"tomorrow\" is no day before today"),
        "{}",
        h.text()
    );
    h.press("ctrl-u").type_text("2 weeks ago").press("enter");
    assert_snapshot!("list-120x36", h.text());
    assert!(
        h.text().contains("as of 2026-11-07")
            && h.text().contains("As it was on Sat 7 Nov 2026, read-only"),
        "{}",
        h.text()
    );
    // No key writes, opens a line for it or offers it.
    for (screen, keys) in [
        ("1", "d i n t > < m a E . u U c"),
        ("2", "D c E"),
        ("4", "d t a E"),
        ("5", "D"),
        ("3", "c"),
        ("2 enter", "i n N I E D c"),
    ] {
        h.press(screen);
        for key in keys.split(' ') {
            h.press(key);
            assert_eq!(h.written(), [], "{key} on {screen}");
            assert!(
                h.app.top().place() == crate::tui::view::Place::Full,
                "{key} on {screen}: {}",
                h.text()
            );
            if h.text().contains("nothing is taken until Enter or Esc") {
                h.press("enter");
            }
        }
        h.press("i");
        assert!(
            h.text().contains("in the past nothing can be changed"),
            "{screen}: {}",
            h.text()
        );
        h.press("enter");
    }
    for (screen, name) in [("q 1", "triage"), ("2 enter", "account"), ("q 3", "funnel")] {
        h.press(screen).wait(20_000);
        assert!(!h.text().contains("Loading"), "{}", h.text());
        assert_snapshot!(format!("{name}-120x36"), h.text());
        h.size(80, 24);
        assert_snapshot!(format!("{name}-80x24"), h.text());
        h.size(120, 36);
    }
    // One key leads back, to the same place.
    h.press("2 g g 0").wait(20_000);
    assert_eq!((h.text(), h.current()), (before, here));
    h.press("0");
    assert!(h.text().contains("this is today"), "{}", h.text());
}

#[test]
fn names_of_then_stand_in_lists_and_pages_and_who_came_later_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut h = Harness::in_file(1, &folder.path().join("book.db"));
    h.press("2 g g");
    let first = h.app.top().subjects(&h.app.look)[0];
    let name = h.app.look.name_of(first);
    let renamed = Command::Edit {
        entity: Entity::Customer,
        rows: vec![first],
        changes: vec![Change::set("name", "Aaa Renamed")],
    };
    h.store.write(&renamed, NOW).unwrap();
    h.store
        .write(
            &Command::AddCustomer(NewCustomer {
                name: "Aab New".into(),
                ..NewCustomer::default()
            }),
            NOW,
        )
        .unwrap();
    h.ready();
    assert!(
        h.text().contains("Aaa Renamed") && h.text().contains("Aab New"),
        "{}",
        h.text()
    );
    h.press("enter g d").type_text("yesterday").press("enter");
    assert!(
        h.text().contains(&name) && !h.text().contains("Renamed"),
        "{}",
        h.text()
    );
    h.press("5");
    assert!(
        !h.text().contains("Aab New"),
        "what was done later is not in the activity: {}",
        h.text()
    );
    h.press("2");
    assert!(!h.text().contains("Aab New"), "{}", h.text());
    // From there another day, seen from today.
    h.press("g d").type_text("3 days ago").press("enter");
    assert!(h.text().contains("as of 2026-11-18"), "{}", h.text());
}
