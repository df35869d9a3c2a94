use super::*;

const NOW: Stamp = Stamp(1_795_000_000_000);

fn session(folder: &Path, name: &str, here: &Here) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(name), serde_json::to_string(here).unwrap()).unwrap();
}

fn far(person: &str) -> Here {
    Here {
        person: person.into(),
        host: "far".into(),
        boot: "another".into(),
        pid: 1,
        since: NOW,
        wal: true,
        looking: None,
    }
}

#[test]
fn sessions_see_each_other_and_what_they_look_at() {
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("book.db");
    let ana = Presence::begin(&book, "ana", true, Stamp(0)).unwrap();
    assert!(ana.others().is_empty());
    let mut bo = Presence::begin(&book, "bo", true, Stamp(1)).unwrap();
    bo.tell(Some(Id([3; 16])), Stamp(2));
    let seen = ana.others();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].person.as_str(), seen[0].looking),
        ("bo", Some(Id([3; 16])))
    );
    drop(bo);
    assert!(ana.others().is_empty());
    drop(ana);
    assert_eq!(fs::read_dir(folder_of(&book)).unwrap().count(), 0);
}

#[test]
fn what_a_killed_session_left_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("book.db");
    let (host, boot) = host();
    // No process has this number.
    let dead = Here {
        person: "cy".into(),
        host,
        boot,
        pid: u32::MAX - 1,
        since: NOW,
        wal: true,
        looking: None,
    };
    session(&folder_of(&book), "host-1-1.json", &dead);
    session(&folder_of(&book), "far-2-1.json", &far("di"));
    let file = fs::File::options()
        .write(true)
        .open(folder_of(&book).join("far-2-1.json"))
        .unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let ana = Presence::begin(&book, "ana", true, Stamp(0)).unwrap();
    assert!(ana.others().is_empty());
    assert_eq!(
        fs::read_dir(folder_of(&book)).unwrap().count(),
        1,
        "only ana's own is left"
    );
}

#[test]
fn a_session_of_another_machine_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("book.db");
    assert_eq!(elsewhere(&book), None);
    session(&folder_of(&book), "far-1-1.json", &far("bo"));
    assert_eq!(elsewhere(&book).map(|h| h.person), Some("bo".to_owned()));
    assert_eq!(
        fs::read_dir(folder_of(&book)).unwrap().count(),
        1,
        "looking leaves nothing"
    );
}

#[test]
fn without_a_lock_table_everybody_who_is_here_may_be_the_one() {
    let book = Path::new("/nowhere/book.db");
    assert_eq!(
        who_writes(book, &[far("ana"), far("bo"), far("bo")]),
        "ana, bo"
    );
}

#[test]
fn names_of_sessions_are_told_from_those_of_others() {
    for name in [
        "desk-12-1795000000000.json",
        "a-b.c-1-5.tmp",
        "desk-12--5.json",
        "4711.probe",
        "-1-1.json",
    ] {
        assert!(is_ours(name), "{name}");
    }
    for name in [
        "id_ed25519",
        "thesis.odt",
        "notes.json",
        "desk-12.json",
        "desk-x-5.json",
        "desk-12-5.jsonl",
        ".probe",
        "x.probe",
        "1-2.tmp",
    ] {
        assert!(!is_ours(name), "{name}");
    }
}

/// Everything in a folder with its bytes.
#[cfg(unix)]
fn contents(folder: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap())
        .map(|e| (e.file_name(), fs::read(e.path()).unwrap_or_default()))
        .collect();
    all.sort();
    all
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_the_sessions_takes_nothing_away_where_it_leads() {
    let folder = tempfile::tempdir().unwrap();
    let (book, private) = (folder.path().join("book.db"), folder.path().join("private"));
    fs::create_dir(&private).unwrap();
    // Also what has the names of sessions.
    for name in [
        "id_ed25519",
        "taxes.pdf",
        "host-1-1.json",
        "host-1-1.tmp",
        "1.probe",
    ] {
        let file = fs::File::create(private.join(name)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    std::os::unix::fs::symlink(&private, folder_of(&book)).unwrap();
    let before = contents(&private);
    assert!(here(&book).is_empty() && elsewhere(&book).is_none());
    assert!(Presence::begin(&book, "ana", true, NOW).is_none());
    assert_eq!(contents(&private), before);
    assert_eq!(
        strange(&book),
        [format!(
            "{} is a link and not a folder",
            folder_of(&book).display()
        )]
    );
}

#[cfg(unix)]
#[test]
fn what_lies_among_the_sessions_neither_hangs_nor_is_removed_nor_leads_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("book.db");
    let (room, precious) = (folder_of(&book), folder.path().join("precious"));
    fs::write(&precious, "mine").unwrap();
    session(&room, "far-1-1.json", &far("bo"));
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        room.join("pipe-1-1.json"),
        rustix::fs::Mode::RWXU,
    )
    .unwrap();
    fs::File::create(room.join("giant-1-1.json"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    fs::create_dir(room.join("folder-1-1.json")).unwrap();
    let old = fs::File::create(room.join("thesis.odt")).unwrap();
    old.set_modified(std::time::UNIX_EPOCH).unwrap();
    std::os::unix::fs::symlink(
        &precious,
        room.join(format!("{}.probe", std::process::id())),
    )
    .unwrap();
    std::os::unix::fs::symlink(&precious, room.join("link-1-1.json")).unwrap();
    let ana = Presence::begin(&book, "ana", true, NOW).unwrap();
    assert_eq!(ana.others().len(), 1);
    std::os::unix::fs::symlink(&precious, room.join(format!("{}.tmp", ana.name))).unwrap();
    assert!(ana.write());
    assert_eq!(
        here(&book)
            .iter()
            .map(|h| h.person.as_str())
            .collect::<Vec<_>>(),
        ["ana", "bo"]
    );
    drop(ana);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "mine");
    assert!(room.join("thesis.odt").exists());
    let strange = strange(&book);
    assert_eq!(strange.len(), 5, "{strange:?}");
    for word in [
        "pipe-1-1.json is a pipe",
        "giant-1-1.json",
        "folder-1-1.json is a folder",
        "thesis.odt",
        "link-1-1.json is a link",
    ] {
        assert!(
            strange.iter().any(|s| s.contains(word)),
            "{word}: {strange:?}"
        );
    }
}
