//! The screens as a person uses them: keys in, commands out, and what is seen.

use std::collections::HashSet;

use crossterm::event::Event;
use serde_json::Value;

use super::app::App;
use super::clipboard::Copy;
use super::effect::{Effect, Msg};
use super::harness::{Harness, NOW};
use super::key::Key;
use super::views::SCREENS;
use super::views::first_run::Demo;
use crate::domain::command::{Change, Command, Entity, Target};
use crate::domain::time::words;

#[test]
fn no_key_is_declared_twice_and_every_key_parses_and_has_words() {
    let look = super::default_look();
    assert_eq!(look.keymap.conflicts(), Vec::<String>::new());
    for action in look.keymap.all() {
        let words = look.action_words(action);
        assert_ne!(words, action.id, "{} has no words in [action]", action.id);
    }
    // What does not parse is dropped when the rows are read.
    for screen in SCREENS {
        let rows = (screen.actions)().len();
        assert!(rows > 0, "{} has keys", screen.name);
        for key in (screen.keys)() {
            assert!(
                Key::parse_all(key).is_some(),
                "{} declares {key}, which is no key",
                screen.name
            );
        }
    }
    let names: HashSet<&str> = SCREENS.iter().map(|s| s.name).collect();
    assert_eq!(names.len(), SCREENS.len());
}

#[test]
fn keys_toml_is_laid_over_and_its_mistakes_are_named() {
    let mut look = super::default_look();
    let wrong = look.keymap.overlay(
        "[keys]\n\"triage.done\" = [\"X\"]\n\"triage.nothing\" = [\"b\"]\n\"triage.note\" = [\"hello\"]\n\"triage.task\" = [\"X\"]\n",
    );
    assert_eq!(
        look.keymap.get("triage.done").expect("an action").key(),
        "X"
    );
    assert!(
        wrong
            .iter()
            .any(|w| w.contains("line 3") && w.contains("triage.nothing")),
        "{wrong:?}"
    );
    assert!(
        wrong
            .iter()
            .any(|w| w.contains("line 4") && w.contains("hello")),
        "{wrong:?}"
    );
    assert!(
        wrong.iter().any(|w| w.contains("triage.done")
            && w.contains("triage.task")
            && w.contains("conflict")),
        "{wrong:?}"
    );
    assert!(
        look.keymap
            .overlay("keys = 3")
            .first()
            .is_some_and(|w| w.contains("line 1"))
    );
}

#[test]
fn done_takes_the_account_away_at_once_and_undo_brings_it_back() {
    let mut h = Harness::new("en", 1);
    h.press("j");
    let (first, rows) = (h.current(), h.app.look.counts.triage);
    h.press("j");
    let second = h.current();
    h.press("k d");
    assert!(
        matches!(h.written().as_slice(), [Command::Done { customers }] if customers.len() == 1)
    );
    assert_eq!(
        name(&h.current()),
        name(&second),
        "the next one is under the cursor"
    );
    assert_eq!(h.app.look.counts.triage, rows - 1);
    assert!(h.text().contains("u undo"));
    h.press("u");
    assert_eq!(
        name(&h.current()),
        name(&first),
        "undo brings the account back under the cursor"
    );
    assert_eq!(h.app.look.counts.triage, rows);
}

// The name in a line of the queue: what stands behind the priority.
fn name(line: &str) -> String {
    line.trim_start_matches('│')
        .split_whitespace()
        .skip(1)
        .take(2)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn snooze_until_monday_is_two_keys() {
    let mut h = Harness::new("en", 1);
    h.press("z 2");
    let monday = words::day("mon", &h.app.look.now);
    assert!(
        matches!(h.written().as_slice(), [Command::Snooze { until, .. }] if *until == monday && monday.is_some())
    );
}

#[test]
fn a_prefix_shows_its_ways_and_an_unbound_key_closes_it() {
    let mut h = Harness::new("en", 1);
    h.press("z").wait(400);
    assert!(h.text().contains("Snooze until tomorrow"));
    h.press("x");
    assert!(!h.text().contains("Snooze until tomorrow"));
    assert!(h.written().is_empty());
}

#[test]
fn an_unknown_key_says_so() {
    let mut h = Harness::new("en", 1);
    h.press("X");
    assert!(h.text().contains("X is not bound here · ? help"));
}

#[test]
fn a_note_is_typed_and_its_draft_is_kept() {
    let mut h = Harness::new("en", 1);
    h.press("n").type_text("They want a date");
    assert!(
        h.app.state()["drafts"]
            .to_string()
            .contains("They want a date")
    );
    h.press("esc n");
    assert!(
        h.text().contains("They want a date"),
        "the draft is offered again"
    );
    h.press("enter");
    assert!(
        matches!(h.written().as_slice(), [Command::Note { text, .. }] if text == "They want a date")
    );
    assert_eq!(h.app.state()["drafts"].to_string(), "{}");
}

#[test]
fn drafts_are_stored_after_two_seconds() {
    let mut h = Harness::new("en", 1);
    h.press("n").type_text("half a sent");
    h.effects.clear();
    h.wait(2_100);
    assert!(
        h.effects
            .iter()
            .any(|e| matches!(e, Effect::SaveState(text) if text.contains("half a sent")))
    );
}

#[test]
fn a_touchpoint_is_a_letter_and_a_line() {
    let mut h = Harness::new("en", 1);
    h.press("i c").type_text("Walked through the fix 45m");
    assert!(h.text().contains("45 min"), "{}", h.text());
    h.press("enter");
    assert!(
        matches!(h.written().as_slice(), [Command::LogTouch { touch, .. }] if touch.channel == "phone" && touch.minutes == Some(45))
    );
}

#[test]
fn a_task_ends_with_its_day() {
    let mut h = Harness::new("en", 1);
    h.press("t").type_text("Send the plan +7d");
    h.press("enter");
    let due = words::day("+7d", &h.app.look.now);
    assert!(
        matches!(h.written().as_slice(), [Command::AddTask { task, .. }] if task.title == "Send the plan" && task.due == due)
    );
}

#[test]
fn a_move_to_a_lost_stage_asks_why() {
    let mut h = Harness::new("en", 1);
    h.press("m").type_text("churn");
    h.press("enter");
    assert!(h.written().is_empty());
    assert!(h.text().contains("Price"));
    h.press("1");
    let written = h.written();
    assert!(
        matches!(written.as_slice(), [Command::Move { to: Target::Stage(code), reason: Some(reason), .. }] if code == "churned" && reason.code == "price"),
        "{written:?}"
    );
}

#[test]
fn marks_make_a_bulk_action_and_one_undo() {
    let mut h = Harness::new("en", 1);
    h.press("2 * a").type_text("bo");
    assert!(h.text().contains("40 marked"));
    h.press("enter");
    assert!(
        matches!(h.written().as_slice(), [Command::Assign { customers, owner }] if customers.len() == 40 && owner == "bo")
    );
    h.press("u");
    assert!(matches!(h.written().as_slice(), [Command::Undo { .. }]));
}

#[test]
fn the_filter_line_follows_each_letter_and_keeps_the_last_valid_rows() {
    let mut h = Harness::new("en", 1);
    h.press("2 /").type_text("health<60");
    let text = h.text();
    assert!(text.contains(" of 40"), "{text}");
    let shown = text.lines().nth(3).map(str::to_owned);
    h.type_text(" (");
    assert_eq!(
        h.text().lines().nth(3).map(str::to_owned),
        shown,
        "a mistake keeps the rows"
    );
    h.press("esc");
    assert!(h.text().contains("Customers 40"));
}

#[test]
fn history_brings_back_filter_and_row() {
    let mut h = Harness::new("en", 1);
    h.press("2 /").type_text("health<60");
    h.press("enter j j");
    let here = h.current();
    h.press("1 H");
    assert_eq!(h.current(), here);
    assert!(h.text().contains("health<60"));
    h.press("L");
    assert!(h.text().contains("Queue"));
}

#[test]
fn the_state_brings_back_the_row_in_a_new_start() {
    let mut h = Harness::new("en", 1);
    h.press("2 j j j j");
    let (here, state) = (h.current(), h.app.state());
    let look = super::default_look();
    h.app = App::new(look, &state);
    h.size(120, 36);
    h.ready();
    assert_eq!(h.current(), here);
}

#[test]
fn pasting_into_a_list_does_nothing_but_say_so() {
    let mut h = Harness::new("en", 1);
    h.effects.clear();
    h.say(Msg::Input(Event::Paste("dq\nD".into())));
    assert!(h.written().is_empty() && !h.app.quits());
    assert!(h.text().contains("paste ignored here"));
}

#[test]
fn help_lists_every_row_of_the_screen_and_runs_one() {
    let mut h = Harness::new("en", 1);
    let all = h.app.look.keymap.of("triage").len() + h.app.look.keymap.of("app").len();
    h.press("?");
    assert!(
        h.text().contains(&format!("{all} of {all} keys")),
        "{}",
        h.text()
    );
    h.type_text("monday");
    h.press("enter");
    assert!(matches!(h.written().as_slice(), [Command::Snooze { .. }]));
}

#[test]
fn the_palette_finds_every_action_of_a_screen() {
    let h = Harness::new("en", 1);
    let ids: Vec<(String, String)> = h
        .app
        .look
        .keymap
        .of("triage")
        .iter()
        .filter(|a| h.app.top().applies(a.index, &h.app.look).is_ok())
        .map(|a| (a.id.clone(), h.app.look.action_words(a)))
        .collect();
    assert!(ids.len() > 20);
    for (id, words) in ids {
        let mut h = Harness::empty("en");
        h.press(":").type_text(&words);
        let text = h.text();
        let shown: String = words.chars().take(30).collect();
        assert!(text.contains(&shown), "{id}: {words} is not in\n{text}");
    }
}

#[test]
fn the_palette_opens_customers_and_shows_keys() {
    let mut h = Harness::new("en", 1);
    h.press("ctrl-p").type_text("undo my");
    assert!(
        h.text()
            .lines()
            .any(|l| l.contains("Undo my last change") && l.contains(" u")),
        "{}",
        h.text()
    );
}

#[test]
fn escape_and_q_go_back_and_quit_at_the_top() {
    let mut h = Harness::new("en", 1);
    h.press("e q");
    assert!(!h.app.quits());
    h.press("q");
    assert!(h.app.quits() && h.effects.contains(&Effect::Quit));
    let mut h = Harness::new("en", 1);
    h.press("n ctrl-c");
    assert!(!h.app.quits());
    h.press("ctrl-c");
    assert!(h.app.quits());
}

#[test]
fn escape_never_quits_and_clears_what_is_set() {
    for tab in ["1", "2", "3", "4", "5"] {
        let mut h = Harness::new("en", 1);
        h.press(tab).press("esc esc esc");
        assert!(!h.app.quits(), "tab {tab}");
        h.press("q");
        assert!(h.app.quits(), "tab {tab}");
    }
    let mut h = Harness::new("en", 1);
    h.press("2 / b enter space esc");
    assert!(
        h.text().contains("› All   b"),
        "the marks go first: {}",
        h.text()
    );
    h.press("esc");
    assert!(
        h.text().contains("Customers 40"),
        "then the filter: {}",
        h.text()
    );
    h.press("3 enter esc");
    assert_eq!(
        h.app.top().name(),
        "funnel",
        "from the list behind a figure it goes back, with the filter as it was"
    );
}

#[test]
fn the_verbs_of_triage_work_wherever_there_are_customers() {
    let mut h = Harness::new("en", 1);
    h.press("2 space space z 2");
    assert!(
        matches!(h.written().as_slice(), [Command::Snooze { customers, .. }] if customers.len() == 2),
        "{:?}",
        h.written()
    );
    h.press("z 0");
    assert!(
        matches!(h.written().as_slice(), [Command::Unsnooze { customers }] if customers.len() == 2)
    );
    let labels = [
        "touch",
        "note",
        "task",
        "stage",
        "stage_next",
        "stage_back",
        "assign",
        "playbook",
        "call",
        "done",
        "snooze_monday",
        "copy_name",
    ];
    for screen in [
        "triage",
        "customers",
        "funnel",
        "account",
        "activity",
        "alerts",
        "board",
    ] {
        for label in labels {
            let key = |screen: &str| {
                h.app
                    .look
                    .keymap
                    .get(&format!("{screen}.{label}"))
                    .map(|a| a.keys.clone())
            };
            assert_eq!(key(screen), key("triage"), "{screen}.{label}");
        }
    }
}

#[test]
fn reasons_and_owners_are_read_whole_where_there_is_room() {
    let mut h = Harness::new("en", 1);
    for size in [(120, 36), (80, 24)] {
        h.size(size.0, size.1).press("1 g g");
        let text = h.text();
        assert!(
            text.contains("silent 72d · stuck 121d") && text.contains("renews in 22d, no plan"),
            "{size:?}\n{text}"
        );
        h.press("* a").type_text("rosalinde").press("enter 2 g g");
        assert!(h.text().contains(" rosalinde "), "{size:?}\n{}", h.text());
        h.press("u");
    }
}

#[test]
fn an_attribute_is_a_column_to_show_and_to_sort_by() {
    let mut h = Harness::new("en", 1);
    let set = |key: &str, text: &str| Command::SetConfig {
        key: key.into(),
        value: Some(text.into()),
        base: None,
    };
    h.store
        .write(
            &set(
                "attribute.plan",
                "code = \"plan\"\nlabel = \"Contract\"\ntype = \"text\"",
            ),
            NOW,
        )
        .expect("an attribute is made");
    h.ready();
    h.press("2");
    let here = h.app.top().subjects(&h.app.look);
    let changes = vec![Change::set("attr.plan", "Platinum")];
    h.store
        .write(
            &Command::Edit {
                entity: Entity::Customer,
                rows: here,
                changes,
            },
            NOW,
        )
        .expect("a customer is edited");
    h.ready();
    h.press("C").type_text("contract").press("enter esc g g");
    assert!(
        h.text().contains("Contract") && h.current().contains("Platinum"),
        "{}",
        h.text()
    );
    h.press("G s").type_text("contract").press("enter g g");
    assert!(
        h.current().contains("Platinum") && h.text().contains("contract ▲"),
        "{}",
        h.text()
    );
    let state = h.app.state();
    h.app = App::new(super::default_look(), &state);
    h.size(120, 36);
    h.ready();
    assert!(
        h.text().contains("Platinum"),
        "a new start shows the column again: {}",
        h.text()
    );
}

#[test]
fn new_keys_hold_at_once_and_a_mistake_leaves_the_old_ones() {
    let mut h = Harness::new("en", 1);
    h.say(Msg::Keys("[keys]\n\"triage.done\" = [\"X\"]\n".into()));
    assert!(h.text().contains("the new keys hold"), "{}", h.text());
    h.press("X");
    assert!(matches!(h.written().as_slice(), [Command::Done { .. }]));
    h.say(Msg::Keys(
        "[keys]\n\"triage.done\" = [\"Y\"]\n\"triage.moon\" = [\"b\"]\n".into(),
    ));
    assert!(
        h.text().contains("keys.toml line 3") && h.text().contains("The keys stay as they were"),
        "{}",
        h.text()
    );
    h.press("X");
    assert!(
        matches!(h.written().as_slice(), [Command::Done { .. }]),
        "the keys before the mistake still hold"
    );
    h.say(Msg::Keys(String::new()));
    h.press("d");
    assert!(
        matches!(h.written().as_slice(), [Command::Done { .. }]),
        "without the file the defaults hold"
    );
}

/// What the last keys have copied, and nothing else.
fn copies(h: &Harness) -> Vec<&Copy> {
    let copies: Vec<&Copy> = h.effects.iter().filter_map(Effect::job).collect();
    assert_eq!(copies.len(), h.effects.len(), "{:?}", h.effects);
    copies
}

#[test]
fn copying_says_what_took_the_text() {
    let mut h = Harness::new("en", 1);
    h.press("2 y n");
    let [copy] = copies(&h)[..] else {
        panic!("{:?}", h.effects)
    };
    let (copy, text) = (copy.clone(), &copy.text);
    assert!(
        h.app.look.read().is_some_and(|r| r
            .rows
            .iter()
            .enumerate()
            .any(|(at, _)| r.name(at) == text))
    );
    h.ends(h.job(), copy.clone(), Some("wl-copy"));
    assert!(
        h.text().contains("Copied name with wl-copy"),
        "{}",
        h.text()
    );
    h.effects.clear();
    let job = h.begins(&copy);
    h.ends(job, copy.clone(), None);
    assert_eq!(h.effects, [Effect::CopyByTerminal(copy.text)]);
    h.effects.clear();
    let list = Copy {
        text: "x".repeat(100_000),
        what: "the list".into(),
    };
    let job = h.begins(&list);
    h.ends(job, list, None);
    assert!(
        h.effects.is_empty() && h.text().contains("nothing was copied"),
        "{}",
        h.text()
    );
}

#[test]
fn what_is_copied_is_what_is_shown() {
    let mut h = Harness::new("en", 1);
    let evil = "Zebra \u{1b}]0;x\u{7}il\u{202e} & Co\nof two\tlines";
    let new = crate::domain::command::NewCustomer {
        name: evil.into(),
        ..Default::default()
    };
    // As a bundle brings it: no form would.
    h.store
        .write(&Command::AddCustomer(new), NOW)
        .expect("made");
    h.ready();
    let shown = crate::text::safe(evil).into_owned();
    assert!(!shown.chars().any(|c| c.is_control()));
    h.press("2 /").type_text("zebra").press("enter");
    for (keys, lines) in [("y n", 1), ("y r", 1), ("y t", 2)] {
        h.effects.clear();
        h.press(keys);
        let [Copy { text, .. }] = copies(&h)[..] else {
            panic!("{keys}: {:?}", h.effects)
        };
        assert_eq!(text.lines().count(), lines, "{keys}: {text:?}");
        assert!(
            text.contains(&shown) && !text.contains(['\u{1b}', '\u{7}', '\u{202e}']),
            "{keys}: {text:?}"
        );
    }
}

#[test]
fn rows_and_the_whole_list_are_copied_as_they_are_shown() {
    let mut h = Harness::new("en", 1);
    h.press("2 space space y r");
    let copied = |h: &Harness| match copies(h)[..] {
        [copy] => copy.text.clone(),
        _ => panic!("{:?}", h.effects),
    };
    assert_eq!(copied(&h).lines().count(), 2);
    h.press("y t");
    let table = copied(&h);
    assert_eq!(table.lines().count(), 41);
    assert!(
        table.starts_with("Customer\tOwner\tStage\tARR\tHealth\t"),
        "{table}"
    );
    h.press("esc y i");
    assert_eq!(copied(&h), h.app.top().subjects(&h.app.look)[0].to_string());
}

#[test]
fn a_message_does_not_outlive_its_screen() {
    let mut h = Harness::new("en", 1);
    h.press("X");
    assert!(h.text().contains("X is not bound here"));
    h.press("2");
    assert!(!h.text().contains("is not bound here"), "{}", h.text());
    h.app.warn("keys.toml line 3: a long sentence".into());
    h.press("H");
    assert!(!h.text().contains("keys.toml line 3"), "{}", h.text());
}

#[test]
fn a_filter_can_be_picked_and_shows_in_its_language() {
    let mut h = Harness::new("en", 1);
    h.press("2 f")
        .type_text("stage")
        .press("enter")
        .type_text("reten")
        .press("enter");
    assert_eq!(h.app.top().title(&h.app.look).filter, "stage:retention");
    h.press("f")
        .type_text("health")
        .press("enter")
        .type_text("<95")
        .press("enter");
    assert_eq!(
        h.app.top().title(&h.app.look).filter,
        "stage:retention health<95"
    );
    h.press("F f").type_text("stuck").press("enter");
    assert_eq!(h.app.top().title(&h.app.look).filter, "stuck");
    for tab in ["1", "3", "4"] {
        h.press(tab)
            .press("f")
            .type_text("owner")
            .press("enter")
            .type_text("ana")
            .press("enter");
        assert_eq!(
            h.app.top().title(&h.app.look).filter,
            "owner:ana",
            "tab {tab}"
        );
    }
}

#[test]
fn bookmarks_are_kept_and_stand_before_what_was_opened() {
    let mut h = Harness::new("en", 1);
    h.press("2 j b");
    let marked = h.app.top().subjects(&h.app.look)[0];
    h.press("j j enter q '");
    let state = h.app.state();
    assert_eq!(
        (
            state["bookmarks"].as_array().map(Vec::len),
            state["visited"].as_array().map(Vec::len)
        ),
        (Some(1), Some(1))
    );
    h.press("enter");
    assert_eq!(
        (h.app.top().name(), h.app.top().subjects(&h.app.look)),
        ("account", vec![marked])
    );
    h.press("b");
    assert_eq!(
        h.app.state()["bookmarks"].as_array().map(Vec::len),
        Some(0),
        "the same key takes it away"
    );
}

#[test]
fn explain_and_edit_are_the_same_keys_on_every_screen() {
    let mut h = Harness::new("en", 1);
    for way in ["1", "2", "3 l tab", "5", "2 enter"] {
        h.press(way).press("e");
        assert_eq!(h.app.top().name(), "explain", "after {way}");
        h.press("q g e")
            .press(if way == "2 enter" { "" } else { "E" });
        assert_eq!(h.app.top().name(), "form", "after {way}");
        h.press("esc");
    }
}

/// The table of keys in the README: what a line says, and the actions that have its keys.
const README_KEYS: &[(&str, &[&str])] = &[
    ("move", &["triage.down", "triage.up"]),
    ("first, last row", &["triage.first", "triage.last"]),
    ("open", &["triage.open"]),
    ("back; at the top of a tab, quit", &["app.back"]),
    (
        "back; at the top of a tab, clear marks and filter",
        &["app.escape"],
    ),
    (
        "filter by typing, by picking; clear it",
        &["triage.filter", "triage.narrow", "triage.clear_filter"],
    ),
    (
        "sort, turn round, choose columns",
        &["customers.sort", "customers.reverse", "customers.columns"],
    ),
    (
        "saved views; save this one",
        &["customers.views", "customers.range"],
    ),
    (
        "mark, mark all, clear the marks",
        &["triage.mark", "triage.mark_all", "triage.mark_none"],
    ),
    (
        "next, previous account",
        &["account.next", "account.previous"],
    ),
    (
        "where you were, and forward",
        &["app.history_back", "app.history_forward"],
    ),
    (
        "bookmark; bookmarks and recent",
        &["app.bookmark", "app.bookmarks"],
    ),
    (
        "triage, customers, funnel, tasks, activity",
        &[
            "app.triage",
            "app.customers",
            "app.funnel",
            "app.tasks",
            "app.activity",
        ],
    ),
    (
        "NPS and answers, segments, issues, help before purchase, targets",
        &[
            "app.nps",
            "app.segments",
            "app.issues",
            "app.help_first",
            "app.targets",
        ],
    ),
    (
        "log a touchpoint, write a note, add a task",
        &["triage.touch", "triage.note", "triage.task"],
    ),
    (
        "next, previous stage; pick one",
        &["triage.stage_next", "triage.stage_back", "triage.stage"],
    ),
    ("give to an owner", &["triage.assign"]),
    (
        "start a playbook, open a call to action",
        &["triage.playbook", "triage.call"],
    ),
    (
        "at the customer: close, put off, edit a call",
        &[
            "account.call_close",
            "account.call_put_off",
            "account.call_edit",
        ],
    ),
    (
        "at the customer: a step is done, skipped; end the playbook; take back what a rule did",
        &[
            "account.step_done",
            "account.step_skip",
            "account.play_end",
            "account.firing_back",
        ],
    ),
    (
        "at the customer: checklist, who is who, hand over",
        &[
            "account.checklist",
            "account.stakeholders",
            "account.handover",
        ],
    ),
    (
        "calls to action, risks, alerts, rules, board",
        &[
            "app.calls",
            "app.risks",
            "app.alerts",
            "app.rules",
            "app.board",
        ],
    ),
    (
        "on the board: move the card a stage on, back",
        &["board.shift_on", "board.shift_back"],
    ),
    ("done, until a new reason comes", &["triage.done"]),
    (
        "snooze: tomorrow, Monday, a week",
        &[
            "triage.snooze_tomorrow",
            "triage.snooze_monday",
            "triage.snooze_week",
        ],
    ),
    (
        "snooze: until a date, an answer or ticket; wake",
        &[
            "triage.snooze_date",
            "triage.snooze_until",
            "triage.unsnooze",
        ],
    ),
    ("why this health and priority", &["triage.explain"]),
    (
        "everything as it was on a day; back to today",
        &["app.as_of", "app.today"],
    ),
    (
        "set the health score by hand, on the customer page",
        &["account.hold"],
    ),
    (
        "scorecards, movers, does the score tell anything",
        &["app.scorecards", "app.movers", "app.backtest"],
    ),
    ("customers that may be one", &["app.duplicates"]),
    ("edit the text here, or the customer", &["account.edit"]),
    (
        "copy the name, e-mail, id, row, whole list",
        &[
            "triage.copy_name",
            "triage.copy_email",
            "triage.copy_id",
            "triage.copy_row",
            "triage.copy_table",
        ],
    ),
    (
        "write what is shown into a file: .csv, .xlsx, .json, .jsonl, .md",
        &["app.export"],
    ),
    (
        "on the customer page: write a mail to the main person",
        &["account.mail"],
    ),
    ("the same again here", &["app.again"]),
    (
        "drafts; what came while you typed",
        &["app.drafts", "app.arrived"],
    ),
    ("undo, redo", &["app.undo", "app.redo"]),
    ("every command by name", &["app.palette"]),
    ("help for here", &["app.help"]),
];

#[test]
fn the_table_of_keys_in_the_readme_is_that_of_the_rows() {
    let look = super::default_look();
    let mut table = String::from("| key | what |\n|---|---|\n");
    for (what, ids) in README_KEYS {
        let action = |id: &&str| {
            look.keymap
                .get(id)
                .unwrap_or_else(|| panic!("{id} is no action"))
        };
        let shown = |id| {
            action(id)
                .keys
                .iter()
                .map(|k| format!("`{}`", super::key::show(k)))
                .collect::<Vec<_>>()
                .join(" ")
        };
        table.push_str(&format!(
            "| {} | {what} |\n",
            ids.iter().map(shown).collect::<Vec<_>>().join(", ")
        ));
    }
    let readme = include_str!("../../README.md");
    let (_, from) = readme
        .split_once("<!-- keys -->\n")
        .expect("the README has a table of keys");
    let (found, _) = from
        .split_once("<!-- end of keys -->")
        .expect("the table ends");
    assert_eq!(found, table, "the README should have this table:\n{table}");
}

#[test]
fn marked_customers_get_a_playbook_and_a_call_in_one_step_each() {
    let mut h = Harness::new("en", 1);
    for screen in ["1", "2"] {
        h.press(screen)
            .press("g g space space p")
            .type_text("silence")
            .press("enter");
        let written = h.written();
        assert!(
            matches!(written.as_slice(), [Command::StartPlay { customers, playbook, .. }] if customers.len() == 2 && playbook == "break_the_silence"),
            "{screen}: {written:?}\n{}",
            h.text()
        );
        h.press("!");
        assert!(
            h.text().contains("Call to action · 2 customers"),
            "{screen}: {}",
            h.text()
        );
        h.press("tab").type_text("They go quiet").press("ctrl-s");
        let written = h.written();
        assert!(
            matches!(written.as_slice(), [Command::OpenAction { customers, action }] if customers.len() == 2 && action.title == "They go quiet"),
            "{screen}: {written:?}"
        );
        h.press("u u -");
    }
}

#[test]
fn a_colleague_is_mentioned_by_name_and_finds_it_among_their_tasks_and_in_triage() {
    let mut h = Harness::new("en", 1);
    let other = {
        let roster = h.app.look.read().expect("a roster");
        let names = roster.owners.iter().map(|(_, name)| name.to_owned());
        names
            .filter(|n| !n.is_empty() && n != "ana")
            .min()
            .expect("another owner")
    };
    h.press("2 n")
        .type_text(&format!("What do you think @{}", &other[..1]))
        .press("tab");
    assert!(h.text().contains(&format!("@{other}")), "{}", h.text());
    h.press("enter");
    let mentioned = Command::Note {
        customers: h.app.top().subjects(&h.app.look),
        text: "A word @ana, please".into(),
        at: None,
    };
    h.another(&other, &mentioned);
    h.answer_all();
    h.press("4");
    assert!(
        h.text().contains(&format!("{other} mentions you: A word")),
        "{}",
        h.text()
    );
    h.press("O");
    assert!(
        h.text().contains("ana mentions you: What do you think"),
        "{}",
        h.text()
    );
    h.press("1 /").type_text("mention<1d").press("enter");
    assert!(h.text().contains("mentioned today"), "{}", h.text());
}

#[test]
fn done_with_no_reason_changes_nothing_and_says_so() {
    let mut h = Harness::new("en", 1);
    h.press("2 /").type_text("priority:none").press("enter d");
    assert!(
        h.text().contains("no reason to be in the queue") && !h.text().contains("u undo"),
        "{}",
        h.text()
    );
}

#[test]
fn no_size_panics_and_a_small_one_says_what_it_needs() {
    let mut h = Harness::new("en", 1);
    for (w, ht) in [
        (250, 70),
        (120, 36),
        (80, 24),
        (60, 20),
        (40, 15),
        (30, 8),
        (20, 5),
        (1, 1),
        (0, 0),
    ] {
        for keys in [
            "", "?", "esc", ":", "esc", "n", "esc", "m", "esc", "i", "esc", "2", "/", "esc", "e",
            "esc", "1",
        ] {
            h.size(w, ht).press(keys);
            h.draw();
        }
    }
    assert!(
        h.size(40, 6)
            .text()
            .replace('\n', " ")
            .contains("needs 30x8, has 40x6")
    );
    assert!(h.size(40, 15).text().contains("? help"));
}

#[test]
fn ascii_chrome_has_no_byte_above_127() {
    let mut h = Harness::empty("en");
    h.app.look.glyphs = super::theme::Glyphs::new(true);
    h.app.look.say = super::say::Say::english(true);
    for keys in ["", "2", "?", "esc", ":", "esc", "z"] {
        h.press(keys).wait(400);
        let text = h.text();
        assert!(
            text.is_ascii(),
            "{keys}: {}",
            text.lines().find(|l| !l.is_ascii()).unwrap_or_default()
        );
    }
}

#[test]
fn letters_of_a_cyrillic_layout_work_in_lists() {
    let mut h = Harness::new("en", 1);
    h.press("j");
    let second = h.current();
    h.press("k о");
    assert_eq!(h.current(), second);
}

#[test]
fn explained_sums_add_up_on_the_screen() {
    let mut h = Harness::new("en", 1);
    h.press("e");
    let text = h.text();
    assert!(
        text.contains("Priority") && text.contains("Health") && text.contains("Sum"),
        "{text}"
    );
    h.press("s").type_text("2w ago");
    h.press("enter");
    assert!(h.text().contains("What changed since"), "{}", h.text());
}

#[test]
fn the_first_run_offers_four_ways() {
    let mut h = Harness::empty("en");
    h.app.welcome();
    h.press("3").type_text("Acme Foods");
    h.press("enter");
    assert!(
        matches!(h.written().as_slice(), [Command::AddCustomer(new)] if new.name == "Acme Foods")
    );
    assert!(h.text().contains("Customers 1"), "{}", h.text());
    let mut h = Harness::empty("en");
    h.app.welcome();
    h.press("1");
    assert_eq!(h.effects, [Effect::Run(h.job(), Box::new(Demo))]);
}

#[test]
fn saved_state_that_is_damaged_starts_fresh() {
    for state in [
        "null",
        "3",
        "{\"here\": 7}",
        "{\"here\": [{\"view\": \"nothing\", \"state\": 3}]}",
    ] {
        let state: Value = serde_json::from_str(state).expect("json");
        let app = App::new(super::default_look(), &state);
        assert_eq!(app.top().name(), "triage");
    }
    // A place that no list has.
    for screen in SCREENS {
        let most = serde_json::json!({"at": u64::MAX, "line": u64::MAX, "figure": u64::MAX, "person": u64::MAX, "card": u64::MAX});
        let state = serde_json::json!({"here": [{"view": "triage", "state": most}, {"view": screen.name, "state": most}]});
        let app = App::new(super::default_look(), &state);
        assert!([screen.name, "triage"].contains(&app.top().name()));
    }
    assert_eq!(NOW.utc().date_naive().to_string(), "2026-11-21");
}

#[test]
fn screens_look_as_they_were_read() {
    let mut h = Harness::new("en", 1);
    for (w, ht) in [(120, 36), (80, 24), (60, 16)] {
        h.size(w, ht);
        insta::assert_snapshot!(format!("triage-{w}x{ht}"), h.press("1 g g").screen());
        insta::assert_snapshot!(format!("customers-{w}x{ht}"), h.press("2 g g").screen());
    }
    h.size(80, 24);
    insta::assert_snapshot!("explain-80x24", h.press("1 g g e").screen());
    insta::assert_snapshot!("help-80x24", h.press("esc ?").screen());
    insta::assert_snapshot!("palette-80x24", h.press("esc : stage").screen());
    insta::assert_snapshot!(
        "touch-80x24",
        h.press("esc i e")
            .type_text("Sent the plan 2d ago :) !call back fri")
            .screen()
    );
    let mut h = Harness::empty("en");
    h.size(80, 24).app.welcome();
    insta::assert_snapshot!("welcome-80x24", h.screen());
}

#[test]
fn the_screens_of_work_take_each_others_place_over_the_tab_and_history_leads_back() {
    let mut h = Harness::new("en", 1);
    h.press("2 enter");
    let account = h.app.top().subjects(&h.app.look);
    h.press("g l g b g u g w");
    assert_eq!(h.app.top().name(), "alerts");
    assert!(
        h.text().contains(" Customers › All › Alerts › Mine"),
        "{}",
        h.text()
    );
    h.press("q");
    assert_eq!(h.app.top().name(), "customers");
    h.press("enter g l H");
    assert_eq!(
        (h.app.top().name(), h.app.top().subjects(&h.app.look)),
        ("account", account)
    );
}
