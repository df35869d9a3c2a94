//! Health on the screens: scorecards, movers, the backtest, and a score that a person has set.

use crate::domain::command::Command;
use crate::tui::effect::{Effect, Msg};
use crate::tui::harness::Harness;

fn at(h: &Harness, name: &str) -> bool {
    h.app.top().name() == name
}

#[test]
fn the_screens_at_two_sizes() {
    let mut h = Harness::new("en", 1);
    h.press("g o tab j + + +");
    insta::assert_snapshot!("scorecards-120x36", h.screen());
    h.size(80, 24);
    insta::assert_snapshot!("scorecards-80x24", h.screen());
    h.size(120, 36).press("1 g v +");
    insta::assert_snapshot!("movers-120x36", h.screen());
    h.size(80, 24);
    insta::assert_snapshot!("movers-80x24", h.screen());
    h.size(120, 36).press("1 g z");
    insta::assert_snapshot!("backtest-120x36", h.screen());
    h.size(80, 24);
    insta::assert_snapshot!("backtest-80x24", h.screen());
}

#[test]
fn a_changed_threshold_says_who_would_move_before_it_is_saved() {
    let mut h = Harness::new("en", 1);
    h.press("g o tab");
    let before = h.app.look.config.scorecards.clone();
    h.press("#").type_text("95").press("enter");
    let text = h.text();
    assert!(
        text.contains("Change band: ") && text.contains("not saved"),
        "{text}"
    );
    assert_eq!(
        h.app.look.config.scorecards, before,
        "nothing is written before it is saved"
    );
    h.press("enter");
    assert!(at(&h, "pick") && h.text().contains("good"), "{}", h.text());
    h.press("enter");
    assert!(at(&h, "account"), "{}", h.text());
    h.press("q s");
    assert!(
        matches!(h.written().as_slice(), [Command::SetConfig { key, .. }] if key == "scorecards"),
        "{:?}",
        h.written()
    );
    let after = h.store.config().scorecards.clone();
    assert_eq!(
        (after.version, after.scorecard[1].bands.clone()),
        (before.version + 1, vec![95, 50])
    );
    assert!(!h.text().contains("not saved"), "{}", h.text());
    h.press("u");
    assert_eq!(
        h.store.config().scorecards,
        before,
        "undo brings the old ones back"
    );
}

#[test]
fn a_draft_outlives_the_screen_and_is_dropped_only_after_asking() {
    let mut h = Harness::new("en", 1);
    h.press("g o #").type_text("40").press("enter");
    assert!(
        h.text().contains("descending order"),
        "a wrong number is not taken: {}",
        h.text()
    );
    h.press("+ esc");
    assert!(
        !at(&h, "scorecards") && h.text().contains("kept, but not saved"),
        "{}",
        h.text()
    );
    h.press("g D");
    assert!(
        h.text().contains("Scorecards") && h.text().contains("bands = [71"),
        "{}",
        h.text()
    );
    h.press("enter");
    h.wait(40);
    assert!(
        at(&h, "scorecards") && h.text().contains("not saved"),
        "{}",
        h.text()
    );
    let mut again = Harness::new("en", 1);
    again.app.look.book.clone_from(&h.app.look.book);
    again.say(Msg::Kept(h.app.state()));
    again.press("g o +");
    assert!(
        again.text().contains("not saved"),
        "another start has it: {}",
        again.text()
    );
    h.press("ctrl-x");
    assert!(at(&h, "pick"), "{}", h.text());
    h.press("enter");
    assert!(
        at(&h, "scorecards") && h.text().contains("not saved"),
        "{}",
        h.text()
    );
    h.press("ctrl-x 2 esc");
    assert!(
        !at(&h, "scorecards") && h.app.look.drafts.is_empty(),
        "{}",
        h.text()
    );
    h.press("g o");
    h.wait(40);
    assert!(!h.text().contains("not saved"), "{}", h.text());
}

#[test]
fn what_is_saved_is_no_draft_any_more() {
    let mut h = Harness::new("en", 1);
    h.press("g o");
    h.wait(40);
    h.press("+ esc g o");
    h.wait(40);
    h.press("s");
    assert!(
        matches!(h.written().as_slice(), [Command::SetConfig { .. }]),
        "{:?}",
        h.written()
    );
    assert!(
        h.app.look.drafts.is_empty() && !h.text().contains("not saved"),
        "{}",
        h.text()
    );
    let saved = h.store.config().scorecards.clone();
    h.press("E");
    let (view, _) = opened(&h).expect("the editor opens");
    h.say(Msg::Edited {
        view,
        text: Some("[[".into()),
    });
    h.press("esc g o");
    h.wait(40);
    h.press("E");
    assert_eq!(
        opened(&h).map(|(_, text)| text).as_deref(),
        Some("[["),
        "also what cannot be read"
    );
    assert_eq!(h.store.config().scorecards, saved);
}

fn opened(h: &Harness) -> Option<(u32, String)> {
    h.effects.iter().find_map(|e| {
        if let Effect::Editor { view, text } = e {
            Some((*view, text.clone()))
        } else {
            None
        }
    })
}

#[test]
fn the_text_of_the_scorecards_is_edited_and_comes_back_as_the_draft() {
    let mut h = Harness::new("en", 1);
    h.press("g o E");
    let (view, text) = opened(&h).expect("the editor opens");
    assert!(
        text.contains("70,") && text.contains("signal = \"touch\""),
        "{text}"
    );
    h.say(Msg::Edited {
        view,
        text: Some(text.replacen("70,", "90,", 1)),
    });
    h.wait(40);
    assert!(h.text().contains("not saved"), "{}", h.text());
}

#[test]
fn a_text_with_a_mistake_is_opened_again_as_it_was_written() {
    let mut h = Harness::new("en", 1);
    h.press("g o E");
    let (view, text) = opened(&h).expect("the editor opens");
    let wrong = format!("# an hour of work\n{text}\n[[");
    h.say(Msg::Edited {
        view,
        text: Some(wrong.clone()),
    });
    assert!(
        h.text().contains("E opens what you wrote again"),
        "{}",
        h.text()
    );
    h.press("E");
    assert_eq!(opened(&h), Some((view, wrong)));
    h.say(Msg::Edited {
        view,
        text: Some(text.replacen("70,", "90,", 1)),
    });
    h.press("E");
    assert!(
        opened(&h).is_some_and(|(_, text)| text.contains("90,") && !text.contains("hour of work"))
    );
}

#[test]
fn a_score_is_set_on_the_customer_page_and_marked_everywhere() {
    let mut h = Harness::new("en", 1);
    h.press("2 enter O").type_text("30 2w").press("enter");
    assert!(h.text().contains("say why"), "{}", h.text());
    h.type_text(" they lost their sponsor").press("enter");
    assert!(
        matches!(
            h.written().as_slice(),
            [Command::Override {
                hold: Some((30, _)),
                ..
            }]
        ),
        "{:?}",
        h.written()
    );
    let text = h.text();
    assert!(
        text.contains("30 !") && text.contains("they lost their sponsor"),
        "{text}"
    );
    h.press("e");
    let text = h.text();
    assert!(
        text.contains("Set to 30 by ana") && text.contains("Set by a person"),
        "{text}"
    );
    h.press("q O enter");
    assert!(
        matches!(
            h.written().as_slice(),
            [Command::Override { hold: None, .. }]
        ),
        "{:?}",
        h.written()
    );
    assert!(!h.text().contains("30 !"), "{}", h.text());
}
