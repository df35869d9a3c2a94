use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::system::{distrust, is_only_of};
use super::*;

fn pipe(path: &Path) {
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        path,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
    )
    .unwrap();
}

#[test]
fn a_link_to_a_folder_is_not_a_folder() {
    let room = tempfile::tempdir().unwrap();
    let (real, link) = (room.path().join("real"), room.path().join("link"));
    fs::create_dir(&real).unwrap();
    symlink(&real, &link).unwrap();
    assert!(Folder::open(&real).is_ok());
    for path in [link.clone(), link.join("")] {
        let said = Folder::open(&path).unwrap_err().to_string();
        assert!(said.ends_with("link is a link and not a folder"), "{said}");
        assert!(
            Folder::make(&path, 0o700).is_err(),
            "nothing is made behind it either"
        );
    }
    fs::write(room.path().join("file"), "x").unwrap();
    assert!(
        Folder::make(&room.path().join("file"), 0o700)
            .unwrap_err()
            .to_string()
            .ends_with("is not a folder")
    );
    assert_eq!(
        Folder::open(&room.path().join("none")).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
}

#[test]
fn a_folder_that_becomes_a_link_is_still_the_one_that_was_opened() {
    let room = tempfile::tempdir().unwrap();
    let (ours, theirs) = (room.path().join("ours"), room.path().join("theirs"));
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("a"), "precious").unwrap();
    let folder = Folder::make(&ours, 0o2770).unwrap();
    folder.write("a", "a.tmp", b"one", 0o640).unwrap();
    fs::rename(&ours, room.path().join("moved")).unwrap();
    symlink(&theirs, &ours).unwrap();
    assert_eq!(folder.read("a", 10).unwrap(), b"one");
    folder.write("a", "a.tmp", b"two", 0o640).unwrap();
    folder.remove("a").unwrap();
    assert_eq!(fs::read(theirs.join("a")).unwrap(), b"precious");
}

#[test]
fn a_folder_in_a_folder_is_no_link_and_stays_the_one_that_was_opened() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    let folder = Folder::open(room.path()).unwrap();
    fs::create_dir(at("theirs")).unwrap();
    symlink(at("theirs"), at("link")).unwrap();
    fs::write(at("file"), "x").unwrap();
    pipe(&at("pipe"));
    for (name, said) in [
        ("link", "is a link and not a folder"),
        ("file", "is not a folder"),
        ("pipe", "is not a folder"),
    ] {
        assert!(
            folder.folder(name).unwrap_err().to_string().ends_with(said),
            "{name}"
        );
        assert!(
            folder
                .make_folder(name, 0o700)
                .unwrap_err()
                .to_string()
                .ends_with(said),
            "{name}"
        );
        assert!(!folder.has_folder(name));
    }
    assert_eq!(
        folder.folder("none").unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    for name in ["..", "a/b", ""] {
        assert!(
            folder.folder(name).is_err() && folder.make_folder(name, 0o700).is_err(),
            "{name}"
        );
    }
    let ours = folder.make_folder("ours", 0o2770).unwrap();
    assert!(ours.is_groups() && !folder.is_groups() && folder.has_folder("ours"));
    assert_eq!(ours.path(), at("ours"));
    fs::rename(at("ours"), at("moved")).unwrap();
    symlink(at("theirs"), at("ours")).unwrap();
    ours.write("a", "a.tmp", b"one", 0o600).unwrap();
    assert!(at("moved").join("a").exists() && folder.folder("ours").is_err());
    let held = ours.to_lock().unwrap();
    held.try_lock().unwrap();
    assert!(ours.to_lock().unwrap().try_lock().is_err());
    drop(held);
    assert!(
        ours.to_lock().unwrap().try_lock().is_ok(),
        "it ends with its handle"
    );
}

#[test]
fn what_a_person_names_may_be_a_link_and_is_no_pipe() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    fs::write(at("dump"), "x").unwrap();
    symlink(at("dump"), at("link")).unwrap();
    symlink("link", at("again")).unwrap();
    pipe(&at("pipe"));
    symlink(at("pipe"), at("to-pipe")).unwrap();
    assert!(
        ["dump", "link", "again"]
            .iter()
            .all(|name| open_named(&at(name)).is_ok())
    );
    assert!(
        ["pipe", "to-pipe", "none"]
            .iter()
            .all(|name| open_named(&at(name)).is_err())
    );
}

#[test]
fn only_regular_files_of_a_known_size_are_read_and_nothing_waits() {
    let room = tempfile::tempdir().unwrap();
    let folder = Folder::open(room.path()).unwrap();
    let at = |name: &str| room.path().join(name);
    fs::write(at("small"), "1234").unwrap();
    fs::write(at("large"), "12345").unwrap();
    File::create(at("giant")).unwrap().set_len(1 << 40).unwrap();
    fs::create_dir(at("folder")).unwrap();
    symlink(at("small"), at("link")).unwrap();
    pipe(&at("pipe"));
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    assert_eq!(folder.read("small", 4).unwrap(), b"1234");
    for name in [
        "large", "giant", "folder", "link", "pipe", "socket", "none", "..", "a/b", "",
    ] {
        assert!(folder.read(name, 4).is_err(), "{name}");
        assert!(
            name == "large" || name == "giant" || folder.file_to_write(name).is_err(),
            "{name}"
        );
    }
    assert_eq!(folder.names().unwrap().len(), 7);
    assert_eq!(folder.first_names(3).unwrap().len(), 3);
    assert!(
        read(&at("pipe"), 4).is_err()
            && read(&at("link"), 4).is_err()
            && read(&at("small"), 4).is_ok()
    );
}

#[test]
fn a_new_file_is_new_and_what_a_link_leads_to_stays() {
    let room = tempfile::tempdir().unwrap();
    let folder = Folder::open(room.path()).unwrap();
    let at = |name: &str| room.path().join(name);
    fs::write(at("precious"), "mine").unwrap();
    symlink(at("precious"), at("draft")).unwrap();
    assert_eq!(
        folder.create("draft", 0o600).unwrap_err().kind(),
        io::ErrorKind::AlreadyExists
    );
    folder
        .draft("draft", 0o660)
        .unwrap()
        .write_all(b"new")
        .unwrap();
    assert_eq!(
        fs::metadata(at("draft")).unwrap().permissions().mode() & 0o777,
        0o660
    );
    folder.remove("draft").unwrap();
    symlink(at("precious"), at("draft")).unwrap();
    folder.remove("draft").unwrap();
    assert_eq!(fs::read(at("precious")).unwrap(), b"mine");
    assert!(folder.is_free("draft") && !folder.is_free("precious"));
}

#[test]
fn a_folder_beside_a_book_is_ours_or_of_who_has_the_book() {
    let (ana, bo, mallory, root) = (1000, 1001, 1002, 0);
    let (team, own, strange) = (50, 1000, 1002);
    let owner = |user, group| Owner { user, group };
    let beside = [owner(bo, team), owner(bo, team)];
    assert!(
        owner(ana, own).belongs(ana, &beside)
            && owner(root, root).belongs(ana, &beside)
            && owner(bo, own).belongs(ana, &beside)
    );
    assert!(
        owner(1003, team).belongs(ana, &beside),
        "a teammate came first"
    );
    assert!(!owner(mallory, strange).belongs(ana, &beside));
    assert!(!owner(mallory, strange).belongs(ana, &[]));
    let room = tempfile::tempdir().unwrap();
    assert!(
        Folder::open(room.path())
            .unwrap()
            .of_who_has(&room.path().join("book.db"))
            .is_ok()
    );
}

#[test]
fn a_way_that_others_can_change_is_not_trusted() {
    let (us, other) = (1000, 1001);
    let of = |user| Owner { user, group: 1000 };
    let why = |owner, mode, holds, private: bool| distrust(owner, mode, us, holds, |_| private);
    let (somebody, everybody, group) = (
        Some(("belongs to somebody else", None)),
        Some(("can be written by everybody", Some("chmod go-w"))),
        Some((
            "can be written by its group, in which others may be",
            Some("chmod g-w"),
        )),
    );
    for private in [false, true] {
        assert_eq!(why(of(us), 0o600, false, private), None);
        assert_eq!(why(of(0), 0o644, false, private), None);
        assert_eq!(why(of(other), 0o644, false, private), somebody);
        assert_eq!(why(of(other), 0o700, true, private), somebody);
        assert_eq!(
            why(of(us), 0o1666, false, private),
            everybody,
            "the sticky bit of a file says nothing"
        );
        assert_eq!(why(of(us), 0o777, true, private), everybody);
        assert_eq!(why(of(0), 0o1777, true, private), None, "/tmp");
    }
    assert_eq!(why(of(us), 0o660, false, false), group);
    assert_eq!(why(of(us), 0o2775, true, false), group);
    assert_eq!(why(of(us), 0o664, false, true), None, "umask 002");
    assert_eq!(why(of(us), 0o775, true, true), None);
}

#[test]
fn a_group_is_a_persons_own_when_it_is_theirs_and_nobody_else_is_in_it() {
    let people = "root:x:0:0:root:/root:/bin/sh\nana:x:1000:1000:Ana:/home/ana:/bin/sh\nbo:x:1001:1001::/home/bo:/bin/sh\n\
                  cleo:x:1002:100::/home/cleo:/bin/sh\nana2:x:1000:1000::/home/ana:/bin/sh\nbroken\nx:y:z\n";
    let table = |groups: &str| format!("root:x:0:\n{groups}\nbroken\n");
    let own = |group, groups: &str| is_only_of(group, 1000, people, &table(groups));
    for groups in [
        "ana:x:1000:",
        "ana:x:1000:ana",
        "ana:x:1000:ana,ana2",
        "users-of-ana:x:1000:",
    ] {
        assert!(own(1000, groups), "{groups}");
    }
    for (group, groups) in [
        (1000, "ana:x:1000:bo"),
        (1000, "ana:x:1000:ana,bo"),
        (1000, "ana:x:1000:ana,nobody-knows"),
        (1000, "ana:x:1000:\nother:x:1000:bo"),
        (1000, ""),
        (50, "team:x:50:ana"),
        (100, "users:x:100:"),
        (1001, "bo:x:1001:"),
        (1001, "ana:x:1001:"),
        (1003, "ana:x:1003:"),
    ] {
        assert!(!own(group, groups), "{group}: {groups}");
    }
    assert!(
        own(1003, "ana:x:1003:ana"),
        "another number, the same name, and she is in it"
    );
    assert!(is_only_of(0, 0, people, &table("")) && !is_only_of(0, 1000, people, &table("")));
    assert!(
        !is_only_of(1000, 1000, "", "")
            && !is_only_of(4_000_000, 4_000_000, people, &table("x:x:4000000:"))
    );
}
