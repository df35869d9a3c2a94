use crate::domain::command::Command;
use crate::domain::query::View;
use crate::tui::harness::Harness;

#[test]
fn the_screen_at_two_sizes() {
    let mut h = Harness::new("en", 1);
    h.press("g s");
    assert!(
        h.text().contains("counting"),
        "the first month end is there, the others follow:\n{}",
        h.text()
    );
    (0..12).for_each(|_| h.answer_all());
    insta::assert_snapshot!("segments-120x36", h.screen());
    h.press("j j j j");
    h.size(80, 24);
    insta::assert_snapshot!("segments-80x24", h.screen());
}

#[test]
fn enter_lists_who_is_in_it_with_the_figures_that_decide() {
    let mut h = Harness::new("en", 1);
    h.press("g s j enter");
    let text = h.text();
    assert!(
        text.contains("seg=registered") && text.contains("Orders"),
        "{text}"
    );
    let ids = h.app.look.read().expect("the roster").purchases.is_some();
    assert!(ids, "orders were read because the list asks for them");
}

#[test]
fn a_saved_view_becomes_a_segment_and_an_ordinary_view_again() {
    let mut h = Harness::new("en", 1);
    let view = View {
        filter: "stage:retention".into(),
        ..View::default()
    };
    h.store
        .write(
            &Command::SaveView {
                name: "Ours".into(),
                view,
            },
            crate::tui::harness::NOW,
        )
        .expect("it is saved");
    h.press("g s a enter");
    assert!(
        matches!(h.written().as_slice(), [Command::SaveView { view, .. }] if view.segment),
        "{:?}",
        h.written()
    );
    assert!(h.text().contains("Ours"), "{}", h.text());
    (0..6).for_each(|_| h.answer_all());
    h.press("G");
    insta::assert_snapshot!("own-120x36", h.screen());
    h.press("D");
    assert!(
        matches!(h.written().as_slice(), [Command::SaveView { view, .. }] if !view.segment),
        "{:?}",
        h.written()
    );
}
