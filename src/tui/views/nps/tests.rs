use crate::domain::command::{Command, Said};
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::tui::harness::{Harness, NOW};

#[test]
fn the_screen_at_two_sizes() {
    let mut h = Harness::new("en", 1);
    h.press("g n P 4");
    insta::assert_snapshot!("nps-120x36", h.screen());
    h.press("enter");
    h.size(80, 24);
    insta::assert_snapshot!("nps-80x24", h.screen());
}

#[test]
fn without_answers_it_says_so() {
    let mut h = Harness::empty("en");
    h.press("g n");
    let text = h.text();
    assert!(
        text.contains("no answers") && text.contains("Nobody is behind"),
        "{text}"
    );
    h.press("enter");
    assert!(h.text().contains("no answers"), "{}", h.text());
}

/// A book of three customers asked in two waves.
fn asked() -> (Harness, Vec<Id>) {
    let mut h = Harness::empty("en");
    for name in ["Acme", "Globex", "Initech"] {
        h.press("2 c").type_text(name).press("ctrl-s");
    }
    let ids: Vec<Id> = (0..3).filter_map(|row| h.app.look.id_of(row)).collect();
    assert_eq!(ids.len(), 3);
    let ago = |days: i64| Stamp(NOW.0 - days * 86_400_000);
    for (wave, days) in [("spring", 80), ("autumn", 20)] {
        let customers = ids[..2].to_vec();
        h.another(
            "bo",
            &Command::Invite {
                customers,
                asks: "nps".into(),
                wave: wave.into(),
                at: Some(ago(days)),
            },
        );
    }
    for (days, score) in [(78, 9), (18, 3)] {
        let text = format!("said {score}");
        h.another(
            "bo",
            &Command::Nps {
                customer: ids[0],
                contact: None,
                score,
                text,
                at: Some(ago(days)),
            },
        );
    }
    let answers = vec![
        Said::Ces(6, String::new()),
        Said::Words("heard".into(), "A friend".into()),
    ];
    h.another(
        "bo",
        &Command::Survey {
            customer: ids[1],
            contact: None,
            wave: "autumn".into(),
            answers,
            at: Some(ago(3)),
        },
    );
    (h, ids)
}

#[test]
fn every_figure_opens_the_people_behind_it() {
    let (mut h, _) = asked();
    h.press("g n");
    let text = h.text();
    for words in [
        "few: 3",
        "autumn",
        "50% of 2",
        "Promoter → Detractor",
        "6.0",
        "A friend",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    // The low answer that waits comes first, with its words; Enter opens the customer.
    assert!(text.contains("said 3"), "{text}");
    h.press("enter enter");
    assert!(
        h.text().contains("Acme") && h.text().contains("NPS"),
        "{}",
        h.text()
    );
    h.press("esc esc");
    while !h.current().contains("no answer yet") && !h.current().contains("Invited") {
        let before = h.current();
        h.press("j");
        assert_ne!(
            before,
            h.current(),
            "the silent ones are missing:\n{}",
            h.text()
        );
    }
    h.press("enter enter");
    assert!(h.text().contains("Globex"), "{}", h.text());
}

#[test]
fn an_answer_typed_in_a_form_counts_at_once() {
    let (mut h, ids) = asked();
    h.press("2").type_text("j");
    h.app
        .look
        .read()
        .expect("the roster")
        .row_of_id(ids[2])
        .expect("it is there");
    h.press("enter c")
        .type_text("csat")
        .press("enter")
        .type_text("5")
        .press("ctrl-s");
    assert!(
        matches!(h.written().as_slice(), [Command::Survey { .. }]),
        "{:?}",
        h.written()
    );
    h.press("g n");
    assert!(h.text().contains("100%"), "{}", h.text());
}

#[test]
fn an_answer_that_names_its_wave_in_the_form_counts_in_it() {
    let (mut h, _) = asked();
    h.press("g n enter");
    h.press("c")
        .type_text("8")
        .press("tab tab")
        .type_text("winter")
        .press("ctrl-s");
    let said = h.written();
    assert!(
        matches!(said.as_slice(), [Command::Survey { wave, answers, .. }] if wave == "winter" && *answers == [Said::Nps(8, String::new())]),
        "{said:?}"
    );
    assert!(
        h.text().contains("winter") && h.text().contains("few: 8"),
        "{}",
        h.text()
    );
}

#[test]
fn screens_of_figures_take_each_others_place() {
    let mut h = Harness::new("en", 1);
    h.press("g s g n g i g h");
    let title = h.text().lines().nth(1).unwrap_or_default().to_owned();
    assert!(
        title.contains("Help before purchase")
            && !title.contains("Segments")
            && !title.contains("NPS"),
        "{title}"
    );
    h.press("B 1 q");
    assert_eq!(h.app.top().name(), "triage");
    h.press("H");
    assert_eq!(h.app.top().name(), "tables", "{}", h.text());
}

#[test]
fn the_person_behind_a_figure_stays_under_the_cursor_when_all_rows_get_other_numbers() {
    let (mut h, ids) = asked();
    h.press("g n");
    while !h.current().contains("autumn") {
        let before = h.current();
        h.press("j");
        assert_ne!(before, h.current(), "the wave is missing:\n{}", h.text());
    }
    h.press("tab G");
    assert_eq!(h.app.top().subjects(&h.app.look), [ids[1]], "{}", h.text());
    h.purged(ids[0]);
    assert_eq!(h.app.top().subjects(&h.app.look), [ids[1]], "{}", h.text());
    h.purged(ids[1]);
    assert_eq!(
        h.app.top().subjects(&h.app.look),
        [],
        "with the figure goes the list, and nobody takes the place:\n{}",
        h.text()
    );
}
