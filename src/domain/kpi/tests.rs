use super::*;
use crate::domain::config::Config;
use crate::domain::funnel::visits_of;
use crate::domain::id::Id;

fn day(n: i64) -> Day {
    Day::from_number(20_000 + n).expect("inside the range")
}

const MARCH: (i64, i64) = (100, 130);

fn period() -> Period {
    Period {
        from: day(MARCH.0),
        to: day(MARCH.1),
    }
}

/// The stages by place: reach 0, acquisition 1, conversion 2, retention 3, loyalty 4, churned 5.
fn visits(paths: &[&[(i64, u8)]]) -> Vec<Visit> {
    let one = |(customer, path): (usize, &&[(i64, u8)])| {
        let moves: Vec<(Day, StageNo)> = path.iter().map(|(d, s)| (day(*d), StageNo(*s))).collect();
        visits_of(&moves)
            .into_iter()
            .map(move |v| Visit {
                customer: customer as u32,
                ..v
            })
            .collect::<Vec<_>>()
    };
    paths.iter().enumerate().flat_map(one).collect()
}

fn answer(customer: u32, contact: u32, on: i64, number: i64) -> Said {
    Said {
        id: Id::default(),
        customer,
        contact,
        kind: EventKind::Nps,
        at: on,
        day: day(on),
        number,
        wave: u16::MAX,
    }
}

#[test]
fn churn_counts_those_who_were_there_at_the_start() {
    let stages = Config::default().stages;
    let all = visits(&[
        &[(0, 3)],                     // stays
        &[(0, 3), (100, 5)],           // lost on the first day
        &[(0, 3), (130, 5)],           // lost on the last day
        &[(0, 3), (131, 5)],           // lost the day after
        &[(0, 3), (99, 5)],            // was lost before
        &[(110, 3), (120, 5)],         // came and went within it: was not there at the start
        &[(0, 3), (115, 4), (120, 5)], // was lost out of another stage
        &[(0, 4)],                     // was never there
    ]);
    let stays = Stays::of(StageNo(3), &all, &stages);
    let lost = stays.lost(period());
    assert_eq!(
        (lost.cell, lost.behind),
        (Cell::Share(Share::new(2, 5)), vec![1, 2])
    );
    assert_eq!(lost.value, Some(40.0));
}

#[test]
fn who_is_lost_again_was_not_won_back() {
    let stages = Config::default().stages;
    let all = visits(&[
        &[(0, 3), (105, 5), (140, 2)],
        &[(0, 3), (105, 5)],
        &[(0, 3), (90, 5), (110, 3)],
    ]);
    let back = Stays::of(StageNo(5), &all, &stages).won_back(period());
    assert_eq!(
        (back.cell, back.behind),
        (Cell::Share(Share::new(1, 2)), vec![0])
    );
}

#[test]
fn an_answer_counts_for_the_stage_of_its_day() {
    let stages = Config::default().stages;
    let path: &[(i64, u8)] = &[(0, 3), (120, 4)];
    let all = visits(&[path; 10]);
    let mut said: Vec<Said> = (0..10)
        .map(|customer| answer(customer, 1, 110, if customer < 6 { 9 } else { 3 }))
        .collect();
    // Two later ones of the same person: one before the move, one after it.
    said.extend([answer(0, 1, 119, 2), answer(1, 1, 125, 0)]);
    said.sort_by_key(|s| (s.customer, s.day));
    let nps = Stays::of(StageNo(3), &all, &stages).nps(&said, period());
    assert_eq!(nps.value, Some(0.0), "5 promoters and 5 detractors");
    assert_eq!(nps.behind.len(), 10);
    let few = Stays::of(StageNo(4), &all, &stages).nps(&said, period());
    assert_eq!(
        (few.cell, few.value, few.behind),
        (Cell::None, None, vec![1]),
        "of one answer no score is said"
    );
}

#[test]
fn tickets_are_counted_for_the_time_spent_there() {
    let stages = Config::default().stages;
    // One is there for all 31 days, one for the last 16.
    let all = visits(&[&[(0, 3)], &[(0, 2), (115, 3)]]);
    let opened = [
        (0, day(100)),
        (0, day(131)),
        (1, day(114)),
        (1, day(115)),
        (7, day(110)),
    ];
    let load = Stays::of(StageNo(3), &all, &stages).ticket_load(&opened, period());
    assert_eq!(load.behind, [0, 1]);
    let months = 47.0 / MONTH;
    assert!((load.value.expect("a figure") - 200.0 / months).abs() < 1e-9);
    let nobody = Stays::of(StageNo(4), &all, &stages).ticket_load(&opened, period());
    assert_eq!((nobody.cell, nobody.value), (Cell::None, None));
}
