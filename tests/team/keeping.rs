//! Nothing that was acknowledged is lost: damaged and replaced files, backups, the outbox, and who is here.

use super::{assert_well, texts, with_book};
use crate::terminal::Desk;

fn ok(desk: &Desk, args: &[&str]) -> String {
    let done = desk.run_as("ana", args);
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).expect("UTF-8")
}

#[test]
fn a_damaged_book_comes_back_with_everything_that_its_person_did() {
    let desk = with_book();
    ok(&desk, &["note", "A1", "before the backup"]);
    ok(&desk, &["backup"]);
    ok(&desk, &["note", "A1", "after it"]);
    let bytes = std::fs::read(&desk.book).expect("the book");
    std::fs::write(&desk.book, &bytes[..bytes.len() / 3]).expect("write");
    let done = desk.run_as("ana", &["restore"]);
    assert!(done.status.success(), "{done:?}");
    assert!(
        String::from_utf8_lossy(&done.stderr).contains("written again from your outbox"),
        "{done:?}"
    );
    assert_eq!(texts(&desk, "A1"), ["before the backup", "after it"]);
    assert!(ok(&desk, &["outbox"]).contains("Nothing waits"));
    assert_well(&desk);
}

#[test]
fn a_damaged_book_is_salvaged_beside_and_put_in_place_on_demand() {
    let desk = with_book();
    ok(&desk, &["note", "A1", "before the damage"]);
    let mut bytes = std::fs::read(&desk.book).expect("the book");
    bytes[..4096].fill(0);
    std::fs::write(&desk.book, &bytes).expect("write");
    let told = ok(&desk, &["restore", "--salvage", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        (&told["in_place"], &told["sound"]),
        (&false.into(), &true.into()),
        "{told}"
    );
    assert_eq!(
        std::fs::read(&desk.book).expect("the book"),
        bytes,
        "nothing was asked, so the damaged file stays"
    );
    assert!(std::path::Path::new(told["book"].as_str().expect("a path")).exists());
    std::fs::remove_file(told["book"].as_str().expect("a path")).expect("removed");
    let told = ok(&desk, &["restore", "--salvage", "--yes"]);
    assert!(
        told.contains("nothing is missing") && told.contains("the damaged file is now"),
        "{told}"
    );
    assert_eq!(texts(&desk, "A1"), ["before the damage"]);
    assert_well(&desk);
}

#[test]
fn a_backup_that_is_damaged_is_named() {
    let desk = with_book();
    ok(&desk, &["backup"]);
    let listed = desk.json(&["backup", "list"]);
    let backups = listed["backups"].as_array().expect("backups");
    let path = backups[0]["path"].as_str().expect("a path");
    assert!(ok(&desk, &["backup", "verify"]).contains("ok"));
    let bytes = std::fs::read(path).expect("the backup");
    std::fs::write(path, &bytes[..bytes.len() / 2]).expect("write");
    let done = desk.run_as("ana", &["backup", "verify"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&done.stdout).contains("DAMAGED"),
        "{done:?}"
    );
}

#[test]
fn an_older_book_that_a_sync_program_put_back_gets_ones_changes_once() {
    let desk = with_book();
    let older = std::fs::read(&desk.book).expect("the book");
    for text in ["one", "two"] {
        ok(&desk, &["note", "A1", text]);
    }
    let draft = desk.path("draft");
    std::fs::write(&draft, older).expect("write");
    std::fs::rename(&draft, &desk.book).expect("rename");
    for _ in 0..3 {
        assert_eq!(texts(&desk, "A1"), ["one", "two"]);
    }
    ok(&desk, &["undo"]);
    assert_eq!(texts(&desk, "A1"), ["one"]);
    assert_well(&desk);
}

#[test]
fn without_a_place_for_the_outbox_only_reading_is_left_unless_one_says_otherwise() {
    let desk = with_book();
    let run = |extra: &[&str]| {
        let mut command = desk.command();
        command
            .args(["note", "A1", "kept nowhere", "--book"])
            .arg(&desk.book)
            .args(extra);
        command
            .env("XDG_STATE_HOME", "/dev/null/no")
            .output()
            .expect("the program starts")
    };
    let refused = run(&[]);
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("--no-outbox"),
        "{refused:?}"
    );
    assert!(run(&["--no-outbox"]).status.success());
    assert_eq!(texts(&desk, "A1"), ["kept nowhere"]);
}

#[test]
fn two_consoles_see_that_the_other_is_there_and_looks_at_the_same_account() {
    let desk = Desk::with_demo();
    let mut ana = desk.open_as("ana");
    let mut bo = desk.open_as("bo");
    ana.wait("that two are here", |c| c.shows("2 here"));
    bo.wait("that two are here", |c| c.shows("2 here"));
    ana.press("\r");
    bo.press("\r");
    ana.wait("that bo looks at it too", |c| {
        c.shows("bo looks at this account too")
    });
    bo.press("q");
    drop(bo);
    ana.wait("that bo is gone", |c| {
        !c.shows("here") && !c.shows("looks at this account")
    });
}

#[cfg(unix)]
#[test]
fn a_shared_folder_is_the_groups_and_nobody_elses() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = with_book();
    let folder = desk.path("shared");
    std::fs::create_dir(&folder).expect("a folder");
    let book = folder.join("team.db");
    std::fs::copy(&desk.book, &book).expect("copy");
    // What copies exchange is everybody's too; what other tools keep beside it is not touched.
    let synced = desk
        .command()
        .args(["sync", "--on", "--book"])
        .arg(&book)
        .output()
        .expect("the program starts");
    assert!(synced.status.success(), "{synced:?}");
    let bundles = folder.join("team.db.sync");
    let tools = bundles.join(".git");
    std::fs::create_dir(&tools).expect("a folder");
    std::fs::set_permissions(&tools, std::fs::Permissions::from_mode(0o700)).expect("its mode");
    let done = desk
        .command()
        .arg("share")
        .arg("--book")
        .arg(&book)
        .output()
        .expect("the program starts");
    assert!(done.status.success(), "{done:?}");
    let mode =
        |p: &std::path::Path| std::fs::metadata(p).expect("there").permissions().mode() & 0o7777;
    assert_eq!((mode(&folder), mode(&book)), (0o2770, 0o660));
    assert_eq!((mode(&bundles), mode(&tools)), (0o2770, 0o700));
    let devices: Vec<_> = std::fs::read_dir(&bundles)
        .expect("there")
        .map(|e| e.expect("a folder").path())
        .filter(|p| *p != tools)
        .collect();
    assert_eq!(
        devices.iter().map(|d| mode(d)).collect::<Vec<_>>(),
        [0o2770]
    );
    let given: Vec<u32> = std::fs::read_dir(&devices[0])
        .expect("there")
        .map(|e| mode(&e.expect("a file").path()))
        .collect();
    assert_eq!(given, [0o660; 2], "a bundle, and what this copy has");
    // What is the group's already may be a teammate's own, whom alone the system lets change it: it is left as it is.
    let changed = || {
        std::os::unix::fs::MetadataExt::ctime_nsec(&std::fs::metadata(&devices[0]).expect("there"))
    };
    let before = changed();
    let again = desk
        .command()
        .arg("share")
        .arg("--book")
        .arg(&book)
        .output()
        .expect("the program starts");
    assert!(again.status.success(), "{again:?}");
    assert_eq!(changed(), before);
    // A member whose files are nobody else's by habit locks nobody out of what is made now.
    let under = |args: &[&str], name: &str| {
        let mut sh = std::process::Command::new("sh");
        sh.arg("-c")
            .arg("umask 077; exec \"$0\" \"$@\"")
            .arg(env!("CARGO_BIN_EXE_retain"))
            .args(args)
            .arg("--book")
            .arg(folder.join(name));
        let done = sh
            .env_clear()
            .env("HOME", desk.path(""))
            .env("PATH", "/usr/bin:/bin")
            .output()
            .expect("sh starts");
        assert!(done.status.success(), "{done:?}");
    };
    under(&["backup"], "team.db");
    let files = desk.path("files");
    under(&["import", files.to_str().expect("UTF-8")], "new.db");
    let backups = folder.join(".team.db.backups");
    let made: Vec<u32> = std::fs::read_dir(&backups)
        .expect("backups")
        .map(|e| mode(&e.expect("a file").path()))
        .collect();
    // The backup, whose turn it is, and the word that it is verified.
    assert_eq!((mode(&backups), made), (0o2770, vec![0o660; 3]));
    assert_eq!(mode(&folder.join("new.db")), 0o660);
    let home = desk
        .command()
        .args(["share", "--book"])
        .arg(&desk.book)
        .output()
        .expect("the program starts");
    assert_eq!(
        home.status.code(),
        Some(2),
        "a home is not given away: {home:?}"
    );
}
