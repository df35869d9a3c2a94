//! What a score promises: exact, between 0 and 100, and its explanation adds up.

use proptest::prelude::*;

use super::*;
use crate::domain::config::Config;
use crate::domain::stage::StageNo;

fn today() -> Day {
    Day::from_number(20_500).expect("inside the range")
}

fn ago(days: i64) -> Day {
    today().plus(-days)
}

/// Signals of every kind, each of which may be missing.
pub fn any_signals() -> impl Strategy<Value = Signals> {
    let past = || proptest::option::of((0..500_i64).prop_map(ago));
    let tickets = proptest::array::uniform4(0..4_u8);
    let days = (
        past(),
        past(),
        past(),
        past(),
        past(),
        proptest::option::of(-30..30_i64),
    );
    let figures = (
        0..=10_u8,
        -1000..1000_i16,
        0..=255_u8,
        1..=5_u8,
        0..3_u8,
        0..500_000_i64,
    );
    let hold = proptest::option::of((0..=100_u8, -3..30_i64));
    let rest = (
        0..6_u8,
        any::<bool>(),
        any::<bool>(),
        proptest::option::of(0..400_i64),
        past(),
        proptest::option::of(0..=100_u8),
        hold,
    );
    (days, figures, tickets, rest).prop_map(|(days, figures, tickets, rest)| {
        let mut signals = Signals {
            asof: Some(today()),
            cohort: 1,
            visit: 1,
            tickets,
            ..Signals::default()
        };
        (signals.reached, signals.since, signals.past_due) = (days.0, days.1, days.4);
        signals.started = signals.since;
        (signals.nps_day, signals.nps) = (days.2, days.2.map(|_| figures.0));
        (signals.usage_day, signals.usage, signals.seats) =
            (days.3, days.3.map(|_| figures.1), days.3.map(|_| figures.2));
        (signals.pulse, signals.pulse_day) = (rest.4.map(|_| figures.3), rest.4);
        (signals.tasks, signals.mrr) = (figures.4, figures.5);
        signals.due = days.5.filter(|_| figures.4 > 0).map(ago);
        (signals.stage, signals.plan, signals.nps_followed) = (StageNo(rest.0), rest.1, rest.2);
        (signals.renews, signals.before) = (rest.3.map(|d| today().plus(d)), rest.5);
        (signals.held, signals.held_until) =
            (rest.6.map(|h| h.0), rest.6.map(|h| today().plus(h.1)));
        signals.oldest = tickets.map(|n| (n > 0).then(|| ago(i64::from(n) * 7)));
        signals
    })
}

/// The scorecard by the stage alone.
fn card<'c>(signals: &Signals, config: &'c Config) -> Option<&'c Scorecard> {
    config
        .scorecards
        .choose(config.stages.code(signals.stage), |_| false)
}

fn score(signals: &Signals, config: &Config, day: Day) -> Health {
    super::score(card(signals, config), signals, config.limits(), day)
}

fn explain(signals: &Signals, config: &Config, day: Day) -> Explanation {
    super::explain(card(signals, config), signals, config.limits(), day)
}

fn sum(explanation: &Explanation) -> i32 {
    explanation.lines.iter().map(|l| l.contribution).sum()
}

fn hundredths(health: Health) -> i32 {
    i32::from(health.score.unwrap_or(0)) * 100
}

proptest! {
    #[test]
    fn the_lines_add_up_to_the_score(signals in any_signals()) {
        let config = Config::default();
        let (health, explained) = (score(&signals, &config, today()), explain(&signals, &config, today()));
        prop_assert_eq!(health, explained.health);
        prop_assert!(health.score.is_none_or(|s| s <= 100));
        prop_assert_eq!(explained.measured.score.is_none(), explained.present * 2 < explained.total);
        prop_assert_eq!(sum(&explained), hundredths(explained.measured));
        prop_assert_eq!(sum(&explained) + explained.shift(), hundredths(health));
        prop_assert_eq!(explained.held.is_some(), signals.held_until.is_some_and(|until| until >= today()));
        prop_assert_eq!(explained.held.is_some() || health == explained.measured, true);
        prop_assert!(explained.lines.iter().all(|l| l.contribution >= 0 && l.raw.is_some() == l.points.is_some()));
        for line in explained.lines.iter().filter(|_| explained.measured.score.is_some()) {
            let by_hand = f64::from(line.weight) * f64::from(line.points.unwrap_or(0)) * 10.0 / f64::from(explained.present);
            prop_assert!((by_hand - f64::from(line.contribution)).abs() <= 51.0);
        }
    }

    #[test]
    fn a_difference_adds_up(a in any_signals(), b in any_signals()) {
        let config = Config::default();
        let (before, after) = (explain(&a, &config, today()), explain(&b, &config, today()));
        let moved: i32 = difference(&before, &after).iter().map(|(_, was, is)| is - was).sum();
        prop_assert_eq!(moved, hundredths(after.health) - hundredths(before.health));
    }

    #[test]
    fn a_rising_map_gives_rising_points(steps in proptest::collection::vec((1..50_i32, 0..200_u16), 1..6), a in -400..400_i32, b in -400..400_i32) {
        let (mut x, mut y) = (-100, 0);
        let map = steps.iter().map(|(dx, dy)| { x += dx; y = (y + dy).min(1000); (x, y) }).collect();
        let measure = Measure::new("touch", 1, map);
        prop_assert!(measure.points(a.min(b)) <= measure.points(a.max(b)));
    }

    #[test]
    fn any_scorecard_scores_without_trouble(weights in proptest::collection::vec(any::<u32>(), 0..12), map in proptest::collection::vec((any::<i32>(), any::<u16>()), 0..4), signals in any_signals()) {
        let measure = weights.iter().zip(MEASURES.iter().cycle()).map(|(w, m)| Measure::new(m.code, *w, map.clone())).collect();
        let scorecard = vec![Scorecard { measure, ..Scorecard::default() }];
        let config = Config { scorecards: Scorecards { version: 1, scorecard }, ..Config::default() };
        let explained = explain(&signals, &config, today());
        prop_assert_eq!(explained.health, score(&signals, &config, today()));
        prop_assert_eq!(sum(&explained) + explained.shift(), hundredths(explained.health));
    }
}

#[test]
fn the_shipped_scorecards_are_sound() {
    let config = Config::default();
    assert!(config.scorecards.check().is_ok());
    for card in &config.scorecards.scorecard {
        assert_eq!(
            card.measure.iter().map(|m| m.weight).sum::<u32>(),
            100,
            "{}",
            card.code
        );
        assert!(card.stages.iter().all(|s| config.stages.find(s).is_some()));
    }
    assert_eq!(
        config
            .scorecards
            .choose("reach", |_| false)
            .map(|s| s.code.as_str()),
        Some("prospect")
    );
    let all = config
        .scorecards
        .choose("retention", |_| false)
        .expect("the last one is for every stage");
    let used: Vec<&str> = all.measure.iter().map(|m| m.signal.as_str()).collect();
    let unused: Vec<&str> = MEASURES
        .iter()
        .map(|m| m.code)
        .filter(|code| !used.contains(code))
        .collect();
    assert_eq!(
        unused,
        ["active", "silence"],
        "for books whose readings say so"
    );
    assert!(config.scorecards.scorecard.iter().all(|c| {
        [Band::Good, Band::Watch, Band::Risk]
            .iter()
            .all(|b| !c.actions.of(*b).is_empty())
    }));
}

#[test]
fn every_code_is_found_at_its_place() {
    for (at, kind) in MEASURES.iter().enumerate() {
        assert_eq!(number(kind.code), Some(at));
    }
    assert_eq!(number("mood"), None);
}

fn one(signal: &str, weight: u32, map: &[(i32, u16)]) -> Measure {
    Measure::new(signal, weight, map.to_vec())
}

fn cards(measure: Vec<Measure>, bands: &[u8]) -> Scorecards {
    let card = Scorecard {
        code: "mine".into(),
        measure,
        bands: bands.to_vec(),
        ..Scorecard::default()
    };
    Scorecards {
        version: 1,
        scorecard: vec![card],
    }
}

#[test]
fn a_wrong_scorecard_is_named() {
    let said = |measure, bands: &[u8]| cards(measure, bands).check().map_err(|e| e.message);
    let fine = one("touch", 1, &[(0, 1000), (30, 0)]);
    assert_eq!(said(vec![fine.clone()], &[70, 50]), Ok(()));
    let wrong = |measure, bands: &[u8], words: &str| {
        let message = said(measure, bands).expect_err("it is wrong");
        assert!(
            message.contains("\"mine\"") && message.contains(words),
            "{message}"
        );
    };
    wrong(vec![], &[70, 50], "no measure");
    wrong(
        vec![one("mood", 1, &[(0, 0)])],
        &[70, 50],
        "\"mood\" that does not exist",
    );
    wrong(vec![one("touch", 0, &[(0, 0)])], &[70, 50], "weight 0");
    wrong(
        vec![one("touch", 1, &[])],
        &[70, 50],
        "\"touch\" without a map",
    );
    wrong(
        vec![one("touch", 1, &[(5, 0), (5, 9)])],
        &[70, 50],
        "from 5 to 5",
    );
    wrong(
        vec![one("touch", 1, &[(5, 1001)])],
        &[70, 50],
        "1001 points",
    );
    wrong(vec![fine.clone(), fine.clone()], &[70, 50], "twice");
    wrong(vec![fine.clone()], &[50, 70], "descending");
    wrong(vec![fine], &[70], "two bands");
}

#[test]
fn halves_of_a_score_go_to_the_even_number() {
    let scored = |points: u16| {
        let scorecards = cards(vec![one("tickets", 3, &[(0, points)])], &[70, 50]);
        let health = score(
            &Signals::default(),
            &Config {
                scorecards,
                ..Config::default()
            },
            today(),
        );
        (health.score, health.band)
    };
    assert_eq!(scored(705), (Some(70), Band::Good));
    assert_eq!(scored(715), (Some(72), Band::Good));
    assert_eq!(scored(695), (Some(70), Band::Good));
    assert_eq!(scored(694), (Some(69), Band::Watch));
    assert_eq!(scored(490), (Some(49), Band::Risk));
}

#[test]
fn little_data_gives_no_score() {
    let measures = vec![
        one("tickets", 49, &[(0, 1000)]),
        one("touch", 51, &[(0, 1000)]),
    ];
    let config = Config {
        scorecards: cards(measures, &[70, 50]),
        ..Config::default()
    };
    let explained = explain(&Signals::default(), &config, today());
    assert_eq!(
        explained.health,
        Health {
            score: None,
            coverage: 49,
            band: Band::Unknown
        }
    );
    assert_eq!(
        (explained.lines[0].points, explained.lines[0].contribution),
        (Some(1000), 0)
    );
    assert_eq!(
        (explained.lines[1].raw, explained.lines[1].segment),
        (None, None)
    );
    let touched = Signals {
        reached: Some(ago(3)),
        ..Signals::default()
    };
    assert_eq!(score(&touched, &config, today()).score, Some(100));
}

#[test]
fn missing_data_counts_as_the_points_that_the_scorecard_says() {
    let touch = Measure {
        missing: Some(200),
        ..one("touch", 60, &[(0, 1000)])
    };
    let config = Config {
        scorecards: cards(vec![one("tickets", 40, &[(0, 1000)]), touch], &[70, 50]),
        ..Config::default()
    };
    let explained = explain(&Signals::default(), &config, today());
    assert_eq!(
        explained.health,
        Health {
            score: Some(52),
            coverage: 100,
            band: Band::Watch
        }
    );
    let line = &explained.lines[1];
    assert_eq!(
        (line.raw, line.segment, line.points, line.contribution),
        (None, None, Some(200), 1200)
    );
    assert_eq!(sum(&explained), 5200);
}

#[test]
fn raw_values_are_what_the_table_says() {
    let config = Config::default();
    let raw = |code: &str, s: &Signals| {
        (MEASURES[number(code).expect("a measure")].raw)(s, config.limits(), today()).map(|r| r.0)
    };
    let none = Signals::default();
    let codes_without_data: Vec<&str> = MEASURES
        .iter()
        .map(|m| m.code)
        .filter(|c| raw(c, &none).is_none())
        .collect();
    assert_eq!(
        codes_without_data,
        [
            "touch", "nps", "usage", "seats", "renewal", "tasks", "stage", "pulse", "past_due",
            "active", "silence"
        ]
    );
    let read = |days, active| Signals {
        usage_day: Some(ago(days)),
        active,
        ..none
    };
    let both = |s: &Signals| (raw("active", s), raw("silence", s));
    assert_eq!(both(&read(3, Some(35))), (Some(14), Some(3)));
    assert_eq!(both(&read(28, Some(0))), (Some(0), Some(28)));
    assert_eq!(
        both(&read(29, Some(70))),
        (None, Some(29)),
        "a reading of long ago says only that there was none since"
    );
    assert_eq!(raw("tickets", &none), Some(0));
    let tickets = Signals {
        tickets: [1, 2, 0, 3],
        oldest: [Some(ago(15)), Some(ago(14)), None, Some(ago(1))],
        ..none
    };
    assert_eq!(raw("tickets", &tickets), Some(16 + 8 + 3));
    let answered = |days| {
        raw(
            "nps",
            &Signals {
                nps: Some(4),
                nps_day: Some(ago(days)),
                ..none
            },
        )
    };
    assert_eq!((answered(364), answered(365)), (Some(4), None));
    let used = |days| {
        raw(
            "usage",
            &Signals {
                usage: Some(-405),
                usage_day: Some(ago(days)),
                ..none
            },
        )
    };
    assert_eq!((used(28), used(29)), (Some(-40), None));
    let renews = |days, plan| {
        raw(
            "renewal",
            &Signals {
                renews: Some(today().plus(days)),
                plan,
                ..none
            },
        )
    };
    assert_eq!(
        (renews(18, false), renews(18, true), renews(300, false)),
        (Some(18), Some(120), Some(120))
    );
    let unit = |days, plan| {
        let stage = config.stages.find("retention").expect("shipped");
        let signals = Signals {
            stage,
            renews: Some(today().plus(days)),
            plan,
            ..none
        };
        explain(&signals, &config, today())
            .lines
            .iter()
            .find(|l| l.measure == "renewal")
            .map(|l| l.unit)
    };
    assert_eq!(
        (unit(18, false), unit(18, true), unit(300, false)),
        (Some("d"), Some("d+"), Some("d+"))
    );
    let task = |due: Option<i64>| {
        raw(
            "tasks",
            &Signals {
                tasks: 1,
                due: due.map(ago),
                ..none
            },
        )
    };
    assert_eq!(
        (task(Some(5)), task(Some(-5)), task(None)),
        (Some(5), Some(0), Some(0))
    );
    assert_eq!(
        raw(
            "stage",
            &Signals {
                since: Some(ago(45)),
                ..none
            }
        ),
        Some(150)
    );
    let felt = |days| {
        raw(
            "pulse",
            &Signals {
                pulse: Some(2),
                pulse_day: Some(ago(days)),
                ..none
            },
        )
    };
    assert_eq!((felt(90), felt(91)), (Some(2), None));
    assert_eq!(raw("past_due", &Signals { mrr: 1, ..none }), Some(0));
    assert_eq!(
        raw(
            "past_due",
            &Signals {
                past_due: Some(ago(12)),
                ..none
            }
        ),
        Some(12)
    );
}
