use super::*;
use crate::domain::id::Id;
use crate::domain::time::Zone;
use proptest::prelude::*;

/// Saturday 21 November 2026, 14:00 in Istanbul.
fn now() -> Moment {
    let zone = Zone::named("Europe/Istanbul").expect("a zone of the database");
    Moment::new(Stamp(1_795_258_800_000), zone)
}

fn contacts() -> Vec<Contact> {
    let names = [
        "Dana Ruiz",
        "Lee Ok",
        "Leena Maki",
        "Ayşe Işık",
        "علی‌رضا کریمی",
        "Jean-Luc O'Brien",
        "Sam Stone",
        "Sam Hill",
    ];
    let contact = |(at, name): (usize, &&str)| Contact {
        id: Id([at as u8 + 1; 16]),
        name: (*name).to_owned(),
        ..Contact::default()
    };
    names.iter().enumerate().map(contact).collect()
}

fn read(line: &str) -> (TouchDraft, Vec<Part>) {
    parse(line, &contacts(), &now())
}

fn ids(numbers: &[u8]) -> Vec<Id> {
    numbers.iter().map(|n| Id([*n; 16])).collect()
}

fn meanings(line: &str) -> Vec<String> {
    read(line)
        .1
        .into_iter()
        .map(|p| p.meaning.unwrap_or_else(|e| format!("! {e}")))
        .collect()
}

fn when(line: &str) -> Option<String> {
    read(line).0.at.map(|at| words::show_moment(at, &now()))
}

#[test]
fn the_clock_of_the_tests_is_what_it_says() {
    assert_eq!(words::show_moment(now().at, &now()), "Sat 21 Nov 14:00");
}

#[test]
fn a_whole_line_is_understood() {
    let line = "Walked through the fix @dana 2d ago 45m :) !call back fri";
    let (draft, parts) = read(line);
    assert_eq!(draft.text, "Walked through the fix");
    assert_eq!(draft.contacts, ids(&[1]));
    assert_eq!(draft.minutes, Some(45));
    assert_eq!(draft.mood, Some(4));
    assert!(!draft.inbound);
    let task = draft.follow_up.expect("a follow-up");
    assert_eq!(
        (
            task.title.as_str(),
            task.due.map(|d| d.to_string()).as_deref()
        ),
        ("call back", Some("2026-11-27"))
    );
    let shown: Vec<(&str, Result<String, String>)> = parts
        .into_iter()
        .map(|p| (&line[p.range], p.meaning))
        .collect();
    let expected = [
        ("@dana", "Dana Ruiz"),
        ("2d ago", "Thu 19 Nov 12:00"),
        ("45m", "45 min"),
        (":)", "mood 4"),
        ("!call back fri", "task \"call back\" due Fri 27 Nov"),
    ];
    assert_eq!(
        shown,
        expected.map(|(part, meaning)| (part, Ok(meaning.to_owned())))
    );
}

#[test]
fn plain_words_stay_plain() {
    for line in [
        "",
        "Call went well",
        "Great news! They renew.",
        "They pay 40m a year by 2030",
        "Wow!! :/ ok",
        "mail a@b.example",
        "@ home",
        "wait!",
        "!",
        "! ?",
    ] {
        let (draft, parts) = read(line);
        assert_eq!(draft.follow_up, None, "{line}");
        assert_eq!(draft.contacts, Vec::new(), "{line}");
        if !line.contains("40m") {
            assert_eq!((draft.text.as_str(), parts), (line, Vec::new()));
        }
    }
}

#[test]
fn no_comma_hangs_where_the_end_was_cut() {
    for (line, text) in [
        ("all well, 20m", "all well"),
        ("all well; 20m :)", "all well"),
        ("all well,", "all well,"),
        ("20m, all well, ", "all well,"),
    ] {
        assert_eq!(read(line).0.text, text, "{line}");
    }
}

#[test]
fn people_are_found_by_any_part_of_the_name() {
    let cases: [(&str, &[u8]); 13] = [
        ("@dana", &[1]),
        ("@RUIZ", &[1]),
        ("@d", &[1]),
        ("@dana.ruiz", &[1]),
        ("@Dana Ruiz", &[1]),
        ("@lee", &[2]),
        ("@leen", &[3]),
        ("@isik", &[4]),
        ("@ayse", &[4]),
        ("@عليرضا", &[5]),
        ("@luc", &[6]),
        ("@sam.h", &[8]),
        ("@dana, @ok. @dana", &[1, 2]),
    ];
    for (line, expected) in cases {
        assert_eq!(read(line).0.contacts, ids(expected), "{line}");
    }
    assert_eq!(read("Met @Dana Ruiz today").0.text, "Met today");
    assert_eq!(
        read("Spoke with @dana, she agrees").0.text,
        "Spoke with, she agrees"
    );
    assert_eq!(read("@dana, @ok. Fine").0.text, "Fine");
}

#[test]
fn a_name_that_fits_none_or_several_is_an_error_and_stays_text() {
    let (draft, parts) = read("Met @zoe and @sam");
    assert_eq!(draft.text, "Met @zoe and @sam");
    assert_eq!(draft.contacts, Vec::new());
    let errors: Vec<Result<String, String>> = parts.into_iter().map(|p| p.meaning).collect();
    assert_eq!(
        errors,
        [
            Err("no contact is called \"zoe\"".to_owned()),
            Err("2 contacts fit: Sam Stone, Sam Hill".to_owned())
        ]
    );
}

#[test]
fn times_are_taken_where_nothing_else_can_be_meant() {
    let cases = [
        ("Demo 2d ago", "Thu 19 Nov 12:00", "Demo"),
        ("Demo 2 days ago, fine", "Thu 19 Nov 12:00", "Demo, fine"),
        ("Demo 3h ago", "Sat 21 Nov 11:00", "Demo"),
        ("yesterday they called", "Fri 20 Nov 12:00", "they called"),
        (
            "Demo yesterday at 9am with all",
            "Fri 20 Nov 09:00",
            "Demo with all",
        ),
        (
            "Demo fri 14:30 went well",
            "Fri 20 Nov 14:30",
            "Demo went well",
        ),
        ("Demo on Friday at 14:30.", "Fri 20 Nov 14:30", "Demo."),
        ("Demo last thu in town", "Thu 19 Nov 12:00", "Demo in town"),
        ("Demo at 13:15 done", "Sat 21 Nov 13:15", "Demo done"),
        ("Demo 2026-11-03 done", "Tue 3 Nov 12:00", "Demo done"),
        ("Demo 2026-11-03 9:30 done", "Tue 3 Nov 09:30", "Demo done"),
        ("Demo 2026-11-03T09:30 done", "Tue 3 Nov 09:30", "Demo done"),
        ("fri Demo", "Fri 20 Nov 12:00", "Demo"),
        ("Demo fri", "Fri 20 Nov 12:00", "Demo"),
        ("Demo on fri @dana 30m", "Fri 20 Nov 12:00", "Demo"),
        ("fri", "Fri 20 Nov 12:00", ""),
        ("2d ago and 3d ago", "Thu 19 Nov 12:00", "and 3d ago"),
    ];
    for (line, at, text) in cases {
        assert_eq!(
            (when(line).as_deref(), read(line).0.text.as_str()),
            (Some(at), text),
            "{line}"
        );
    }
    for line in [
        "They start fri with it",
        "Renewal is 2026-12-08",
        "in 2 weeks",
        "today fine",
        "next fri at noon it is",
        "ago",
        "long ago",
        "10m ago",
    ] {
        assert_eq!(when(line), None, "{line}");
    }
}

#[test]
fn durations_and_moods() {
    let cases = [
        ("45m", 45),
        ("1h", 60),
        ("1h30m", 90),
        ("1h30", 90),
        ("90min", 90),
        ("45 min", 45),
        ("1.5h", 90),
        ("20m, then", 20),
        ("24h", 1440),
    ];
    for (line, minutes) in cases {
        assert_eq!(read(line).0.minutes, Some(minutes), "{line}");
    }
    for line in [
        "h", "m", "0m", "25h", "1h75m", "12345m", "1hm", "h30", "5 m", "-5m", "1.25h", "m5", "3mh",
    ] {
        assert_eq!(read(line).0.minutes, None, "{line}");
    }
    let cases = [
        (":)", 4),
        (":|", 3),
        (":(", 2),
        (":D", 5),
        (":((", 1),
        ("mood 4", 4),
        ("Mood:1", 1),
        ("mood 5.", 5),
    ];
    for (line, mood) in cases {
        assert_eq!(read(line).0.mood, Some(mood), "{line}");
    }
    for line in ["mood 6", "mood", "mood 0", "moody 4", "mood 44", "mood é"] {
        assert_eq!(read(line).0.mood, None, "{line}");
    }
    assert_eq!(meanings("1h30m 2h :) :("), ["1 h 30 min", "mood 4"]);
    assert_eq!(read("1h30m 2h :) :(").0.text, "2h :(");
}

#[test]
fn follow_ups_take_the_rest_of_the_line() {
    let cases = [
        ("!call back fri", "call back", "2026-11-27"),
        ("! call back by fri", "call back", "2026-11-27"),
        ("ok !send the plan", "send the plan", "2026-11-28"),
        (
            "ok !send the plan in 2 weeks",
            "send the plan",
            "2026-12-05",
        ),
        ("ok !send the plan 8 dec", "send the plan", "2026-12-08"),
        ("ok !send the plan +3d", "send the plan", "2026-11-24"),
        (
            "ok !ask about fri @dana 45m",
            "ask about fri @dana 45m",
            "2026-11-28",
        ),
        (
            "ok !discuss what came yesterday",
            "discuss what came yesterday",
            "2026-11-28",
        ),
        ("ok !ask again +3m", "ask again", "2027-02-21"),
        ("ok !fri", "fri", "2026-11-28"),
        ("ok !call   back! tomorrow ", "call back!", "2026-11-22"),
    ];
    for (line, title, due) in cases {
        let task = read(line).0.follow_up.expect(line);
        assert_eq!(
            (
                task.title.as_str(),
                task.due.map(|d| d.to_string()).as_deref()
            ),
            (title, Some(due)),
            "{line}"
        );
    }
    assert_eq!(read("ok !call back fri").0.text, "ok");
    assert_eq!(
        meanings("!call back"),
        ["task \"call back\" due Sat 28 Nov"]
    );
}

#[test]
fn a_mark_at_the_start_says_who_came() {
    for (line, text) in [
        ("< asked for a date", "asked for a date"),
        ("<asked", "asked"),
        (" in: asked", "asked"),
        ("IN:asked", "asked"),
    ] {
        let (draft, parts) = read(line);
        assert!(draft.inbound, "{line}");
        assert_eq!((draft.text.as_str(), parts.len()), (text, 1), "{line}");
    }
    for line in ["asked < 5", "in the office", "inbound"] {
        assert!(!read(line).0.inbound, "{line}");
    }
}

#[test]
fn words_are_completed() {
    let complete = |line: &str| completions(line, &contacts());
    assert_eq!(complete("met @da"), ["@Dana"]);
    assert_eq!(complete("met @ru"), ["@Dana"]);
    assert_eq!(complete("met @lee"), ["@Lee", "@Leena"]);
    assert_eq!(complete("met @sam"), ["@Sam.Stone", "@Sam.Hill"]);
    assert_eq!(complete("@").len(), 8);
    assert_eq!(complete("met @zoe"), Vec::<String>::new());
    assert_eq!(complete("!call t"), ["today", "tomorrow", "tue", "thu"]);
    assert_eq!(complete("!call +"), ["+3d", "+7d", "+14d", "+30d"]);
    assert_eq!(complete("!call ").len(), TIMES.len());
    for line in ["", "met t", "!t", "! t", "!call fri"] {
        assert_eq!(complete(line), Vec::<String>::new(), "{line}");
    }
}

#[test]
fn every_completion_is_understood() {
    for contact in contacts() {
        let handle = handle(&contact, &contacts());
        assert_eq!(read(&handle).0.contacts, [contact.id], "{handle}");
    }
    for time in TIMES {
        let task = read(&format!("!call back {time}"))
            .0
            .follow_up
            .expect("a follow-up");
        assert_eq!(task.title, "call back", "{time}");
    }
}

proptest! {
    #[test]
    fn ranges_are_whole_letters_in_order(
        line in ".{0,30}|((@dana|@sam|@é|2d ago|last fri|fri|at|14:30|2026-11-03|45m|1h30|:\\)|mood 3|mood|!call|!|<|in:|é|سلام|,|\\.)( |\\u{3000}|,| ,)?){0,8}"
    ) {
        let (draft, parts) = read(&line);
        let mut last = 0;
        for part in &parts {
            prop_assert!(part.range.start >= last && part.range.end > part.range.start);
            prop_assert!(line.get(part.range.clone()).is_some());
            last = part.range.end;
        }
        prop_assert!(draft.at.is_none_or(|at| at <= now().at));
        prop_assert!(draft.text.len() <= line.len());
        prop_assert!(!draft.text.contains("  "));
        prop_assert!(draft.follow_up.is_none_or(|task| !task.title.is_empty()));
        for end in (0..=line.len()).filter(|end| line.is_char_boundary(*end)) {
            let _ = completions(&line[..end], &contacts());
        }
    }
}
