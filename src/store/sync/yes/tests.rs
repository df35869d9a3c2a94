use crate::domain::command::{Command, Entity};
use crate::domain::id::Id;
use crate::store::outbox::Keep;
use crate::store::sync::tests::bundles_in;
use crate::store::tests::{NOW, account, add, options, visible};
use crate::store::{Options, Who};

use super::*;

/// A team's folder, Ana's book that exchanges by it, and Bob's.
struct Team {
    folder: tempfile::TempDir,
    acme: Id,
}

impl Team {
    fn new() -> Team {
        let folder = tempfile::tempdir().unwrap();
        for name in ["ana", "bob", "shared"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let mut team = Team {
            folder,
            acme: Id([0; 16]),
        };
        let mut ana = team.open("ana", "ana/book.db");
        team.acme = add(&mut ana, "Acme", 500);
        ana.set_sync(true, Some(&team.at("shared"))).unwrap();
        ana.exchange().unwrap();
        Store::join(
            &team.at("bob/book.db"),
            &team.at("shared"),
            &team.options("bob"),
        )
        .unwrap();
        ana.close();
        team
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn options(&self, person: &str) -> Options {
        let device = Id([person.len() as u8 + person.as_bytes()[0]; 16]);
        let keep = Keep::In(self.at(&format!("home of {person}")));
        Options {
            who: Who {
                person: person.into(),
                device,
            },
            keep,
            ..options(person)
        }
    }

    fn open(&self, person: &str, book: &str) -> Store {
        Store::open(&self.at(book), &self.options(person)).unwrap()
    }

    fn note(&self, store: &mut Store, text: &str) {
        store
            .write(
                &Command::Note {
                    customers: vec![self.acme],
                    text: text.into(),
                    at: None,
                },
                NOW,
            )
            .unwrap();
    }

    /// Every file of the team's folder with its bytes.
    fn shared(&self) -> Vec<(PathBuf, Vec<u8>)> {
        bundles_in(&self.at("shared"))
            .into_iter()
            .map(|found| (found.path.clone(), fs::read(found.path).unwrap()))
            .collect()
    }
}

fn why(store: &Store) -> String {
    match store.part() {
        Part::Aside(words) => words,
        other => panic!("{other:?}"),
    }
}

fn sync_words(store: &mut Store) -> (bool, String) {
    let check = store
        .doctor()
        .unwrap()
        .into_iter()
        .find(|c| c.code == "sync")
        .unwrap();
    (check.ok, check.words)
}

#[test]
fn a_copy_to_play_with_gives_nothing_takes_nothing_and_sweeps_nothing() {
    let team = Team::new();
    let mut bob = team.open("bob", "bob/book.db");
    team.note(&mut bob, "from bob");
    bob.exchange().unwrap();
    let (before, had) = (
        team.shared(),
        account(&mut team.open("ana", "ana/book.db"), team.acme).total,
    );
    for (from, to) in [
        ("ana/book.db", "play.db"),
        ("ana/book.db", "ana/play.db"),
        ("ana/book.db", "shared/play.db"),
    ] {
        fs::copy(team.at(from), team.at(to)).unwrap();
        let mut play = team.open("ana", to);
        assert!(
            why(&play).contains("sync was switched on at") && why(&play).contains("this is a copy"),
            "{}",
            why(&play)
        );
        play.take_what_came();
        assert_eq!(
            account(&mut play, team.acme).total,
            had,
            "nothing was taken"
        );
        team.note(&mut play, "only playing");
        play.write(
            &Command::Purge {
                entity: Entity::Customer,
                row: team.acme,
                why: String::new(),
            },
            NOW,
        )
        .unwrap();
        play.exchange().unwrap();
        play.give_bundles(1).unwrap();
        play.sweep_purged();
        let (well, words) = sync_words(&mut play);
        assert!(
            well && words.contains("does not exchange by") && words.contains("shared"),
            "{words}"
        );
        assert_eq!(team.shared(), before, "nothing was given or swept");
    }
    let mut ana = team.open("ana", "ana/book.db");
    assert_eq!(ana.exchange().unwrap().taken, 1);
    assert_eq!(visible(&ana), visible(&bob));
    assert_eq!(ana.digest().unwrap(), bob.digest().unwrap());
    let (well, words) = sync_words(&mut ana);
    assert!(
        well && words.starts_with(&format!("changes go to {}", team.at("shared").display())),
        "{words}"
    );
}

#[test]
fn a_copy_exchanges_once_its_person_says_yes() {
    let team = Team::new();
    fs::copy(team.at("ana/book.db"), team.at("play.db")).unwrap();
    let mut play = team.open("ana", "play.db");
    play.set_sync(true, None).unwrap();
    team.note(&mut play, "from the copy");
    assert_eq!(play.exchange().unwrap().given, 1);
    play.close();
    assert!(team.open("ana", "play.db").syncs(), "it is kept");
    assert!(
        team.open("ana", "ana/book.db").syncs(),
        "and takes nothing from the book"
    );
    assert_eq!(team.open("bob", "bob/book.db").exchange().unwrap().taken, 1);
}

#[test]
fn a_book_from_somebody_else_names_no_folder_without_a_yes_here() {
    let team = Team::new();
    let mut victim = team.open("victim", "ana/book.db");
    let before = team.shared();
    assert!(
        why(&victim).contains("you have not said yes to it here"),
        "{}",
        why(&victim)
    );
    team.note(&mut victim, "what the victim writes");
    victim.exchange().unwrap();
    assert_eq!(team.shared(), before);
    // What was written meanwhile is no yes, whatever the book and the folder say of it.
    fs::create_dir(team.at("shared").join(victim.who.device.to_string())).unwrap();
    victim.close();
    assert!(matches!(
        team.open("victim", "ana/book.db").part(),
        Part::Aside(_)
    ));
    // Nor is one for another folder.
    let mut victim = team.open("victim", "ana/book.db");
    victim.set_sync(true, None).unwrap();
    assert!(victim.syncs());
    fs::create_dir(team.at("elsewhere")).unwrap();
    victim
        .remember(&[(
            "sync_folder".into(),
            team.at("elsewhere").display().to_string(),
        )])
        .unwrap();
    victim.close();
    assert!(matches!(
        team.open("victim", "ana/book.db").part(),
        Part::Aside(_)
    ));
    // Nor one for another book.
    fs::remove_file(team.at("ana/book.db")).unwrap();
    let mut other = team.open("victim", "ana/book.db");
    add(&mut other, "Other", 1);
    let folder = fs::canonicalize(team.at("shared"))
        .unwrap()
        .display()
        .to_string();
    other
        .remember(&[("sync".into(), "on".into()), ("sync_folder".into(), folder)])
        .unwrap();
    assert!(matches!(other.part(), Part::Aside(_)));
}

#[test]
fn the_folder_beside_the_book_needs_no_yes_unless_it_lies_elsewhere() {
    let team = Team::new();
    let mut first = team.open("ana", "bob/other.db");
    add(&mut first, "Acme", 1);
    first.set_sync(true, None).unwrap();
    first.close();
    let book = team.open("bob", "bob/other.db");
    assert!(book.syncs(), "somebody else at the same book");
    fs::copy(team.at("bob/other.db"), team.at("ana/copy.db")).unwrap();
    let mut copy = team.open("ana", "ana/copy.db");
    assert!(
        copy.syncs() && copy.sync_folder().ends_with("ana/copy.db.sync"),
        "a copy has a folder of its own"
    );
    copy.exchange().unwrap();
    assert!(!book.sync_folder().exists());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(team.at("shared"), book.sync_folder()).unwrap();
        assert!(matches!(book.part(), Part::Aside(_)));
    }
}

#[test]
fn a_book_that_was_moved_goes_on_and_one_that_was_put_back_too() {
    let team = Team::new();
    fs::copy(team.at("ana/book.db"), team.at("backup.db")).unwrap();
    fs::create_dir(team.at("new place")).unwrap();
    fs::rename(team.at("ana/book.db"), team.at("new place/book.db")).unwrap();
    // A copy that is there when the book is not at its place any more is still a copy.
    fs::copy(team.at("backup.db"), team.at("play.db")).unwrap();
    let play = team.open("ana", "play.db");
    assert!(why(&play).contains("which is gone"), "{}", why(&play));
    let mut moved = team.open("ana", "new place/book.db");
    assert!(moved.syncs());
    assert!(
        moved
            .news()
            .iter()
            .any(|w| w.contains("was moved here from") && w.contains("goes on exchanging"))
    );
    moved.close();
    let mut moved = team.open("ana", "new place/book.db");
    assert!(moved.syncs() && moved.news().is_empty(), "told once");
    moved.close();
    // The path is what it was, the file another.
    fs::remove_file(team.at("new place/book.db")).unwrap();
    fs::copy(team.at("backup.db"), team.at("new place/book.db")).unwrap();
    assert!(team.open("ana", "new place/book.db").syncs());
    // And the restored file, moved again, is known by itself.
    fs::rename(team.at("new place/book.db"), team.at("ana/again.db")).unwrap();
    assert!(team.open("ana", "ana/again.db").syncs());
}

#[test]
fn who_gave_into_the_folder_before_anybody_asked_goes_on() {
    let team = Team::new();
    let place = team.open("ana", "ana/book.db").place_of_yes().unwrap();
    fs::remove_file(&place).unwrap();
    assert!(team.open("ana", "ana/book.db").syncs());
    assert!(place.exists(), "from here on it is a yes like any other");
    // Once asked, nothing is guessed any more: neither of the copy, nor of a path at which the answer was none.
    fs::copy(team.at("ana/book.db"), team.at("play.db")).unwrap();
    let mut play = team.open("ana", "play.db");
    team.note(&mut play, "playing");
    play.close();
    assert!(!team.open("ana", "play.db").syncs());
    // In another home nothing shows that this person gave.
    assert!(!team.open("chen", "ana/book.db").syncs());
    // On another machine, with a home that was copied there, nobody has said anything.
    let mut clone = team.options("ana");
    clone.who.device = Id([99; 16]);
    assert!(
        !Store::open(&team.at("ana/book.db"), &clone)
            .unwrap()
            .syncs()
    );
}

#[test]
fn off_is_off_and_on_again_needs_no_folder() {
    let team = Team::new();
    let mut ana = team.open("ana", "ana/book.db");
    ana.set_sync(false, None).unwrap();
    assert_eq!(ana.part(), Part::Off);
    ana.close();
    let mut ana = team.open("ana", "ana/book.db");
    assert_eq!(ana.part(), Part::Off);
    ana.set_sync(true, None).unwrap();
    assert_eq!(
        (ana.part(), ana.sync_folder()),
        (Part::On, fs::canonicalize(team.at("shared")).unwrap())
    );
}
