use crate::domain::command::{Change, Command, Entity};
use crate::domain::query::{Page, Query, TaskAsk, TaskRow};
use crate::domain::time::words;
use crate::tui::harness::Harness;

fn all(h: &mut Harness) -> Vec<TaskRow> {
    match h
        .store
        .answer(&Query::Tasks(TaskAsk::default()))
        .expect("the tasks are answered")
    {
        Page::Tasks(tasks) => tasks,
        _ => panic!("another page"),
    }
}

fn show(h: &mut Harness, size: (u16, u16)) {
    h.size(size.0, size.1).press("4 O");
}

#[test]
fn the_screen_at_three_sizes() {
    let mut h = Harness::new("en", 1);
    show(&mut h, (120, 36));
    insta::assert_snapshot!("tasks-120x36", h.screen());
    h.size(80, 24);
    insta::assert_snapshot!("tasks-80x24", h.screen());
    h.size(60, 16);
    insta::assert_snapshot!("tasks-60x16", h.screen());
}

#[test]
fn done_acts_on_the_marks_in_one_step_and_undo_brings_them_back() {
    let mut h = Harness::new("en", 1);
    show(&mut h, (80, 24));
    let before = all(&mut h).len();
    assert!(before > 3);
    h.press("space space d");
    let written = h.written();
    let [Command::DoneTasks { tasks }] = written.as_slice() else {
        panic!("{written:?}")
    };
    assert_eq!((tasks.len(), all(&mut h).len()), (2, before - 2));
    h.press("u");
    assert_eq!(all(&mut h).len(), before);
    assert!(
        h.text().contains(&format!("Tasks {before}")),
        "{}",
        h.text()
    );
}

#[test]
fn the_filter_searches_titles_and_customers() {
    let mut h = Harness::new("en", 1);
    show(&mut h, (120, 36));
    let first = all(&mut h)[0].clone();
    let add = Command::AddTask {
        customers: vec![first.task.customer],
        task: crate::domain::task::TaskDraft {
            title: "Translate the Überblick".into(),
            ..Default::default()
        },
    };
    h.store
        .write(&add, crate::tui::harness::NOW)
        .expect("a task is written");
    h.press("/").type_text("uberblick").press("enter");
    assert!(
        h.text().contains("Translate the") && h.text().contains("Tasks 1 "),
        "{}",
        h.text()
    );
    h.press("/ ctrl-u").type_text("-uberblick").press("enter");
    assert!(!h.text().contains("Translate the"), "{}", h.text());
}

#[test]
fn putting_off_takes_a_day_and_a_reason() {
    let mut h = Harness::new("en", 1);
    show(&mut h, (80, 24));
    h.press("z 4")
        .type_text("+10d, budget is late")
        .press("enter");
    let until = words::day("+10d", &h.app.look.now).expect("a day");
    let written = h.written();
    let [
        Command::SnoozeTasks {
            tasks,
            until: day,
            reason,
        },
    ] = written.as_slice()
    else {
        panic!("{written:?}")
    };
    assert_eq!(
        (tasks.len(), *day, reason.as_str()),
        (1, until, "budget is late")
    );
    let id = tasks[0];
    let task = all(&mut h)
        .into_iter()
        .find(|t| t.task.id == id)
        .expect("it is still open");
    assert_eq!(
        (task.task.snoozed_until, task.task.turn()),
        (Some(until), Some(until)),
        "the day that was agreed stays"
    );
    assert_ne!(task.task.due, Some(until));
    h.press("u");
    let task = all(&mut h)
        .into_iter()
        .find(|t| t.task.id == id)
        .expect("it is still open");
    assert_eq!(
        (task.task.snoozed_until, task.task.snooze_reason.as_str()),
        (None, "")
    );
    let later = Command::SnoozeTasks {
        tasks: vec![id],
        until,
        reason: "later".to_owned(),
    };
    h.store
        .write(&later, crate::tui::harness::NOW)
        .expect("the task is put off");
    let due = words::day("+3d", &h.app.look.now).expect("a day");
    let edit = Command::Edit {
        entity: Entity::Task,
        rows: vec![id],
        changes: vec![Change::set("due", due.to_string())],
    };
    h.store
        .write(&edit, crate::tui::harness::NOW)
        .expect("the task is edited");
    let task = all(&mut h)
        .into_iter()
        .find(|t| t.task.id == id)
        .expect("it is still open");
    assert_eq!(
        task.task.turn(),
        Some(due),
        "a day agreed anew ends the putting off"
    );
    h.press("z 4").type_text("someday").press("enter");
    assert_eq!(h.written(), []);
}

#[test]
fn mine_are_shown_until_everybodys_are_asked_for() {
    let mut h = Harness::new("en", 1);
    h.press("4");
    assert!(h.app.top().title(&h.app.look).crumb.starts_with("Mine"));
    h.press("O");
    let n = all(&mut h).len();
    assert!(
        h.app
            .top()
            .title(&h.app.look)
            .counter
            .starts_with(&format!("{n} open")),
        "{}",
        h.text()
    );
}

#[test]
fn a_task_is_given_to_another() {
    let mut h = Harness::new("en", 1);
    show(&mut h, (80, 24));
    h.press("a").type_text("zoe").press("enter");
    let written = h.written();
    assert!(
        matches!(written.as_slice(), [Command::Edit { changes, .. }] if changes[0].value == "zoe"),
        "{written:?}"
    );
    assert!(all(&mut h).iter().any(|t| t.task.owner == "zoe"));
}

#[test]
fn without_tasks_the_screen_says_why() {
    let mut h = Harness::empty("en");
    h.press("4");
    assert!(h.text().contains("c adds one"), "{}", h.text());
}
