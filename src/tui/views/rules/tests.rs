use crate::domain::command::Command;
use crate::domain::rule::Rules;
use crate::tui::harness::{Harness, NOW};

fn rules(h: &Harness) -> Rules {
    h.app.look.config.rules.clone()
}

#[test]
fn the_screen_at_two_sizes_with_what_fired_lately() {
    let mut h = Harness::new("en", 1);
    let id = h.app.look.id_of(0).expect("a customer");
    h.store
        .write(
            &Command::Nps {
                customer: id,
                contact: None,
                score: 1,
                text: "No".into(),
                at: None,
            },
            NOW,
        )
        .expect("it is written");
    h.press("g u");
    insta::assert_snapshot!("rules-120x36", h.screen());
    h.size(80, 24);
    insta::assert_snapshot!("rules-80x24", h.text());
    h.press("enter");
    assert!(
        h.text().contains("What rules did") && h.text().contains("Low NPS answer (unanswer"),
        "{}",
        h.text()
    );
    h.press("q A D");
    assert!(
        matches!(h.written().as_slice(), [Command::TakeBackFiring { .. }]),
        "{:?}",
        h.written()
    );
    h.press("D");
    assert!(h.text().contains("Nothing has fired"), "{}", h.text());
}

#[test]
fn a_rule_is_switched_off_and_on_and_removed_each_undone_by_one_key() {
    let mut h = Harness::new("en", 1);
    let n = rules(&h).rule.len();
    h.press("g u o");
    assert!(
        rules(&h).rule[0].off && h.text().contains("(off)"),
        "{}",
        h.text()
    );
    h.press("u");
    assert!(!rules(&h).rule[0].off);
    h.press("D");
    assert_eq!(rules(&h).rule.len(), n - 1);
    h.press("u");
    assert_eq!(rules(&h).rule.len(), n);
}

#[test]
fn a_rule_is_tried_by_a_key_and_nothing_is_written() {
    let mut h = Harness::new("en", 1);
    h.press("g u j j t");
    let text = h.text();
    assert!(
        text.contains("It holds ") && text.contains("It would have fired "),
        "{text}"
    );
    insta::assert_snapshot!("trial-120x36", text);
    h.press("enter");
    assert!(
        h.written().is_empty() && h.text().contains("only tried"),
        "{}",
        h.text()
    );
    h.press("esc");
    assert_eq!(h.app.top().name(), "rules");
}

#[test]
fn a_new_rule_shows_whom_it_would_fire_for_before_it_is_saved() {
    let mut h = Harness::new("en", 1);
    let before = rules(&h);
    h.press("g u c")
        .type_text("big_and_silent")
        .press("tab")
        .type_text("Big and silent")
        .press("tab")
        .type_text("arr>100k silnt");
    h.press("ctrl-s");
    assert_eq!(
        h.app.top().name(),
        "form",
        "a filter that cannot be read stays in the form: {}",
        h.text()
    );
    h.press("ctrl-u")
        .type_text("arr>50k touch>20d")
        .press("ctrl-s");
    assert!(h.text().contains("does nothing"), "{}", h.text());
    h.press("tab tab tab tab o ctrl-s");
    assert_eq!(h.app.top().name(), "trial", "{}", h.text());
    assert!(
        h.text().contains("It holds ") && h.text().contains("Enter saves the rule"),
        "{}",
        h.text()
    );
    h.size(80, 24);
    insta::assert_snapshot!("trial-80x24", h.text());
    assert_eq!(rules(&h), before);
    h.press("esc");
    assert_eq!(h.app.top().name(), "form", "nothing is saved by looking");
    h.press("ctrl-s enter");
    assert_eq!(h.app.top().name(), "rules", "{}", h.text());
    let after = rules(&h);
    assert_eq!(
        (after.rule.len(), after.rule.last().map(|r| r.when.clone())),
        (before.rule.len() + 1, Some("arr>50k touch>20d".into()))
    );
    h.press("G E ctrl-u")
        .type_text("Large and silent")
        .press("ctrl-s enter");
    assert_eq!(
        rules(&h).rule.last().map(|r| r.label.clone()),
        Some("Large and silent".into()),
        "{}",
        h.text()
    );
    h.press("u u");
    assert_eq!(rules(&h), before);
}

#[test]
fn the_cursor_stays_on_its_rule_and_what_is_removed_is_named() {
    let mut h = Harness::new("en", 1);
    h.press("g u j j");
    let all = rules(&h).rule;
    let removed = |h: &Harness, code: &str| !rules(h).rule.iter().any(|r| r.code == code);
    h.another("bo", &all[0].removal().expect("a command"));
    h.answer_all();
    assert!(h.current().contains(&all[2].label), "{}", h.text());
    h.press("D");
    assert!(
        removed(&h, &all[2].code) && !removed(&h, &all[3].code),
        "{}",
        h.text()
    );
    assert!(
        h.text().contains(&format!("Removed rule {}", all[2].label)) && h.text().contains("u undo"),
        "{}",
        h.text()
    );
    assert!(
        h.current().contains(&all[3].label),
        "the next one is under the cursor:\n{}",
        h.text()
    );
    h.another("bo", &all[3].removal().expect("a command"));
    h.answer_all();
    h.press("D o E t");
    assert_eq!(
        h.written(),
        [],
        "no key acts on the rule that stands where it was:\n{}",
        h.text()
    );
    assert_eq!(h.app.top().name(), "rules");
}
