use crate::domain::command::{Command, Target};
use crate::domain::id::Id;
use crate::tui::harness::Harness;

fn stage_of(h: &Harness, id: Id) -> String {
    let roster = h.app.look.read().expect("a roster");
    let at = roster.row_of_id(id).expect("it is there");
    h.app
        .look
        .config
        .stages
        .code(roster.rows[at].signals.stage)
        .to_owned()
}

fn here(h: &Harness) -> Id {
    h.app.top().subjects(&h.app.look)[0]
}

#[test]
fn the_board_at_two_sizes() {
    let mut h = Harness::new("en", 1);
    h.press("3 C");
    insta::assert_snapshot!("board-120x36", h.screen());
    h.size(80, 24);
    insta::assert_snapshot!("board-80x24", h.text());
    h.press("l l l l l l l l");
    insta::assert_snapshot!("board-last-80x24", h.text());
}

#[test]
fn a_card_moves_on_with_the_cursor_and_back_only_with_a_reason() {
    let mut h = Harness::new("en", 1);
    h.press("g b h h h h h h l");
    let (card, from) = (here(&h), stage_of(&h, here(&h)));
    h.press("L");
    assert!(
        matches!(
            h.written().as_slice(),
            [Command::Move {
                to: Target::Stage(_),
                reason: None,
                ..
            }]
        ),
        "{:?}",
        h.written()
    );
    let to = stage_of(&h, card);
    assert_ne!(to, from);
    assert_eq!(here(&h), card, "the cursor goes with the card");
    h.press("H");
    assert!(
        h.written().is_empty() && h.text().contains("Why does"),
        "{}",
        h.text()
    );
    h.press("1");
    assert_eq!((stage_of(&h, card), here(&h)), (from.clone(), card));
    h.press("u");
    assert_eq!(
        (stage_of(&h, card), here(&h)),
        (to, card),
        "undo moves it back, and the cursor with it"
    );
    h.press("u");
    assert_eq!(stage_of(&h, card), from);
}

#[test]
fn the_lost_column_asks_why_and_beyond_it_there_is_none() {
    let mut h = Harness::new("en", 1);
    h.press("g b l l l l l l l l h");
    let card = here(&h);
    h.press("L");
    assert!(
        h.written().is_empty() && h.text().contains("Price"),
        "{}",
        h.text()
    );
    h.press("1");
    assert!(
        matches!(h.written().as_slice(), [Command::Move { reason: Some(reason), .. }] if reason.code == "price"),
        "{:?}",
        h.written()
    );
    assert_eq!(here(&h), card);
    h.press("L");
    assert!(h.text().contains("this is the last stage"), "{}", h.text());
}

#[test]
fn marked_cards_move_together_and_a_filter_narrows_all_columns() {
    let mut h = Harness::new("en", 1);
    h.press("g b h h h h h h l l l");
    h.press("space space L");
    assert!(
        matches!(h.written().as_slice(), [Command::Move { customers, .. }] if customers.len() == 2),
        "{:?}",
        h.written()
    );
    h.press("u /").type_text("health<0").press("enter");
    assert!(h.text().contains("F clears the filter"), "{}", h.text());
    h.press("F");
    assert!(h.text().contains("column "), "{}", h.text());
}

#[test]
fn a_card_stays_marked_when_all_rows_get_other_numbers_and_comes_back_where_its_move_is_refused() {
    let mut h = Harness::new("en", 1);
    h.press("g b");
    let card = here(&h);
    h.press("space");
    assert_eq!(h.app.top().subjects(&h.app.look), [card]);
    let other = h
        .app
        .look
        .read()
        .expect("the roster")
        .ids
        .iter()
        .copied()
        .find(|id| *id != card)
        .expect("another");
    h.purged(other);
    assert_eq!(h.app.top().subjects(&h.app.look), [card]);
    h.holds = true;
    h.press("L");
    assert_ne!(here(&h), card);
    h.answer_write(Ok(crate::domain::command::Receipt {
        queued: Some("busy".into()),
        ..Default::default()
    }));
    h.press("g g");
    let mut steps = 0;
    while here(&h) != card && steps < 50 {
        h.press("j");
        steps += 1;
    }
    assert_eq!(
        here(&h),
        card,
        "a move that waits has not happened:\n{}",
        h.text()
    );
}
