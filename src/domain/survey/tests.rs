//! Waves, answers and silence on a few customers.

use proptest::prelude::*;

use super::*;
use crate::domain::nps::FEW;

fn day(n: i64) -> Day {
    Day::from_number(20_000 + n).expect("inside the range")
}

fn said(n: u8, kind: EventKind, person: (u32, u32), on: i64, number: i64, wave: u16) -> Said {
    Said {
        id: Id([n; 16]),
        customer: person.0,
        contact: person.1,
        kind,
        at: on * 86_400_000,
        day: day(on),
        number,
        wave,
    }
}

fn all(answers: &Answers, from: i64, to: i64) -> Figures {
    figures(answers, &[0, 1, 2, 3], |_| true, day(from), day(to))
}

#[test]
fn the_latest_answer_of_a_person_counts_and_numbers_that_are_none_are_named() {
    let said = vec![
        said(1, EventKind::Nps, (0, 7), 1, 3, NO_WAVE),
        said(2, EventKind::Nps, (0, 7), 5, 9, NO_WAVE),
        said(4, EventKind::Nps, (0, 8), 5, 11, NO_WAVE),
        said(5, EventKind::Nps, (1, 0), 6, 6, NO_WAVE),
        said(6, EventKind::Nps, (1, 0), 6, 8, NO_WAVE),
        said(7, EventKind::Nps, (2, 0), 60, 0, NO_WAVE),
    ];
    let answers = Answers::settle(said, Vec::new());
    let figures = all(&answers, 0, 30);
    assert_eq!(figures.window.verdict, Verdict::Answers(vec![8, 9]));
    assert_eq!(
        (
            figures.window.superseded,
            figures.outside,
            figures.window.invalid.len()
        ),
        (2, 1, 1)
    );
    assert_eq!(
        figures.never_asked,
        [2, 3],
        "what comes after the window is not known"
    );
    assert!(answers.quarters && figures.movement.is_none());
    assert_eq!(all(&answers, 0, 90).window.counted.len(), 3);
}

#[test]
fn an_answer_belongs_to_the_invitation_before_it() {
    let (one, two) = (0, 1);
    let set = vec![
        said(1, EventKind::Invite, (0, 7), 0, 0, one),
        said(2, EventKind::Nps, (0, 7), 3, 2, NO_WAVE),
        said(3, EventKind::Invite, (0, 7), 90, 0, two),
        said(4, EventKind::Nps, (0, 7), 91, 9, NO_WAVE),
        said(5, EventKind::Invite, (1, 0), 0, 0, one),
        said(6, EventKind::Invite, (1, 0), 90, 0, two),
        said(7, EventKind::Nps, (2, 0), 92, 7, two),
        said(8, EventKind::Nps, (2, 0), 300, 7, NO_WAVE),
    ];
    let answers = Answers::settle(set, vec!["spring".into(), "summer".into()]);
    let figures = all(&answers, 0, 400);
    let waves: Vec<_> = figures
        .waves
        .iter()
        .map(|w| (w.name.as_str(), w.response, w.uninvited, w.silent.len()))
        .collect();
    assert_eq!(
        waves,
        [
            ("spring", Share::new(1, 2), 0, 1),
            ("summer", Share::new(1, 2), 1, 1)
        ]
    );
    assert_eq!(figures.no_wave.counted.len(), 1);
    let movement = figures.movement.expect("two waves");
    assert_eq!(
        (
            movement.cells[0][2].len(),
            movement.cells[3][1].len(),
            movement.change
        ),
        (1, 1, None)
    );
    let silent: Vec<u32> = figures
        .silent
        .iter()
        .map(|at| answers.said[*at as usize].customer)
        .collect();
    assert_eq!((silent, figures.never_asked), (vec![1], vec![3]));
}

#[test]
fn a_change_needs_two_scores() {
    let mut set = Vec::new();
    for person in 0..FEW as u32 {
        set.push(said(1, EventKind::Nps, (person, 0), 0, 2, 0));
        set.push(said(2, EventKind::Nps, (person, 0), 90, 10, 1));
    }
    let figures = all(&Answers::settle(set, vec!["a".into(), "b".into()]), 0, 100);
    let movement = figures.movement.expect("two waves");
    assert_eq!(movement.cells[0][2].len(), FEW);
    assert!(
        movement
            .change
            .is_some_and(|c| c.visible && c.difference == 200.0)
    );
}

#[test]
fn satisfaction_is_the_share_of_4_and_5_and_effort_the_mean() {
    let set = [
        (4, EventKind::Csat),
        (5, EventKind::Csat),
        (1, EventKind::Csat),
        (9, EventKind::Csat),
        (7, EventKind::Ces),
        (2, EventKind::Ces),
    ];
    let set = set
        .iter()
        .enumerate()
        .map(|(i, (n, kind))| said(i as u8, *kind, (0, 0), i as i64, *n, NO_WAVE))
        .collect();
    let figures = all(&Answers::settle(set, Vec::new()), 0, 100);
    assert_eq!(
        (
            figures.csat.share,
            figures.ces.mean,
            figures.csat.answers.len()
        ),
        (Share::new(2, 3), Some(4.5), 3)
    );
    assert_eq!(all(&Answers::default(), 0, 1).ces.mean, None);
}

proptest! {
    /// The order in which answers came into the book says nothing, nor does an answer that the same person has given again since.
    #[test]
    fn only_the_latest_answer_of_a_person_counts(
        given in prop::collection::vec((0_u32..4, 0_u32..3, 0_i64..80, 0_i64..=12), 1..40),
        turn in 0_usize..40,
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let answers = |given: &[(u32, u32, i64, i64)]| {
            let set = given.iter().enumerate().map(|(no, (customer, contact, on, number))| {
                said(no as u8, EventKind::Nps, (*customer, *contact), *on, *number, NO_WAVE)
            });
            set.collect::<Vec<_>>()
        };
        let before = all(&Answers::settle(answers(&given), Vec::new()), 10, 70);
        let mut turned = answers(&given);
        turned.rotate_left(turn % given.len());
        prop_assert_eq!(&all(&Answers::settle(turned, Vec::new()), 10, 70), &before);
        // Somebody who answers in the window had answered before, too.
        let counted: Vec<_> = given.iter().filter(|g| (11..=70).contains(&g.2) && g.3 <= 10).collect();
        let mut more = answers(&given);
        for index in again.iter().filter(|_| !counted.is_empty()) {
            let (customer, contact, on, _) = index.get(&counted);
            more.push(said(200, EventKind::Nps, (*customer, *contact), on - 1, 0, NO_WAVE));
        }
        let added = more.len() - given.len();
        let after = all(&Answers::settle(more, Vec::new()), 10, 70);
        prop_assert_eq!(&after.window.verdict, &before.window.verdict);
        prop_assert_eq!(after.window.account_mean, before.window.account_mean);
        prop_assert_eq!((after.window.superseded, after.outside), (before.window.superseded + added, before.outside));
    }
}
