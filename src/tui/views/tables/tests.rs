use crate::domain::command::Command;
use crate::tui::harness::{Harness, NOW};

#[test]
fn the_funnel_by_owner_at_two_sizes() {
    let mut h = Harness::new("en", 1);
    h.press("3 P 4 B enter");
    insta::assert_snapshot!("split-120x36", h.screen());
    h.size(80, 24);
    insta::assert_snapshot!("split-80x24", h.screen());
    h.press("enter enter");
    assert!(
        h.effects
            .iter()
            .all(|e| !matches!(e, crate::tui::effect::Effect::Write { .. }))
    );
    assert!(
        h.app.look.looking.is_some(),
        "Enter on a customer opens it:\n{}",
        h.text()
    );
}

#[test]
fn issues_and_help_before_purchase() {
    let mut h = Harness::new("en", 1);
    h.press("g i");
    insta::assert_snapshot!("issues-80x24", {
        h.size(80, 24);
        h.text()
    });
    h.press("g h");
    let text = h.text();
    assert!(
        text.contains("Asked") && text.contains("Did not ask"),
        "{text}"
    );
}

#[test]
fn a_period_and_the_one_before_it_are_whole_on_a_narrow_screen() {
    let mut h = Harness::new("en", 1);
    h.size(80, 24)
        .press("3 P 3 B")
        .type_text("before")
        .press("enter");
    let (text, today) = (h.text(), h.app.look.now.today);
    assert!(
        text.contains(&today.date().format("to %-d %b %Y").to_string()),
        "{text}"
    );
    assert_eq!(
        h.text()
            .lines()
            .filter(|l| l.contains("Reach"))
            .filter(|l| l.contains('…'))
            .count(),
        0,
        "{text}"
    );
}

#[test]
fn how_long_stays_last_and_where_they_end() {
    let mut h = Harness::new("en", 1);
    h.press("3 P 4 B").type_text("stays").press("enter");
    insta::assert_snapshot!("stays-120x36", h.text());
    h.press("B")
        .type_text("stays last, by owner")
        .press("enter");
    insta::assert_snapshot!("stays-by-120x36", h.text());
    h.size(80, 24);
    h.press("B").type_text("day by day").press("enter");
    insta::assert_snapshot!("curve-80x24", h.text());
}

#[test]
fn targets_stand_beside_what_is_and_open_whom_they_count() {
    let mut h = Harness::new("en", 1);
    h.press("g y");
    insta::assert_snapshot!("targets-120x36", h.text());
    h.size(80, 24);
    insta::assert_snapshot!("targets-80x24", h.text());
}

#[test]
fn without_targets_it_is_said_how_to_set_them() {
    let mut h = Harness::new("en", 1);
    let mut stages = h.store.config().stages.clone();
    stages.stage.iter_mut().for_each(|stage| stage.kpi.clear());
    let value = toml::to_string(&stages).expect("stages are TOML");
    h.store
        .write(
            &Command::SetConfig {
                key: "stages".into(),
                value: Some(value),
                base: None,
            },
            NOW,
        )
        .expect("it is set");
    h.press("g y");
    assert!(h.text().contains("has a target"), "{}", h.text());
}

#[test]
fn without_anybody_every_table_is_a_sentence() {
    let mut h = Harness::empty("en");
    for key in ["g i", "3 B enter"] {
        h.press(key);
        let text = h.text();
        assert!(
            text.contains("No ") || text.contains("no "),
            "{key}:\n{text}"
        );
    }
}

#[test]
fn the_customer_behind_a_row_stays_under_the_cursor_when_all_rows_get_other_numbers() {
    let mut h = Harness::new("en", 1);
    h.press("3 P 4 B enter tab j j");
    let here = |h: &Harness| h.app.top().subjects(&h.app.look);
    let aimed = here(&h);
    let first = h.app.look.id_of(0).expect("a customer");
    assert!(aimed.len() == 1 && aimed != [first], "{}", h.text());
    h.purged(first);
    assert_eq!(here(&h), aimed, "{}", h.text());
    h.purged(aimed[0]);
    assert_eq!(
        here(&h),
        aimed,
        "one that is gone stays greyed, and nobody takes its place:\n{}",
        h.text()
    );
}
