use super::*;

const NOW: Stamp = Stamp(1_795_000_000_000);

fn session(folder: &Path, name: &str, here: &Here) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(name), serde_json::to_string(here).unwrap()).unwrap();
}

fn far(person: &str) -> Here {
    Here { person: person.into(), host: "far".into(), boot: "another".into(), pid: 1, since: NOW, wal: true, looking: None }
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
    assert_eq!((seen[0].person.as_str(), seen[0].looking), ("bo", Some(Id([3; 16]))));
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
    let dead = Here { person: "cy".into(), host, boot, pid: u32::MAX - 1, since: NOW, wal: true, looking: None };
    session(&folder_of(&book), "dead.json", &dead);
    session(&folder_of(&book), "old.json", &far("di"));
    let file = fs::File::options().write(true).open(folder_of(&book).join("old.json")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let ana = Presence::begin(&book, "ana", true, Stamp(0)).unwrap();
    assert!(ana.others().is_empty());
    assert_eq!(fs::read_dir(folder_of(&book)).unwrap().count(), 1, "only ana's own is left");
}

#[test]
fn a_session_of_another_machine_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("book.db");
    assert_eq!(elsewhere(&book), None);
    session(&folder_of(&book), "far.json", &far("bo"));
    assert_eq!(elsewhere(&book).map(|h| h.person), Some("bo".to_owned()));
    assert_eq!(fs::read_dir(folder_of(&book)).unwrap().count(), 1, "looking leaves nothing");
}

#[test]
fn without_a_lock_table_everybody_who_is_here_may_be_the_one() {
    let book = Path::new("/nowhere/book.db");
    assert_eq!(who_writes(book, &[far("ana"), far("bo"), far("bo")]), "ana, bo");
}
