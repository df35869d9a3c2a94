//! The look at a file before it is written, over a book in memory: what the runner does with its own connection is done here by hand.

use std::path::Path;

use super::Import;
use super::job::Reads;
use crate::transfer::import::{Continue, Wanted, import};
use crate::tui::bench::Reading;
use crate::tui::effect::{Effect, Msg};
use crate::tui::harness::{Harness, NOW};
use crate::tui::view::Declared;

/// Carries out the import that the screen asked for last, and gives the screen what came of it.
fn answer(h: &mut Harness) {
    let asked = h.effects.iter().rev().find_map(Effect::job::<Reads>);
    let asked = asked.expect("an import was asked for").clone();
    let result = import(&mut h.store, &asked.path, &asked.wanted, NOW, &mut |_| {
        Continue::Yes
    })
    .map(Box::new);
    h.ends(h.job(), asked, result);
    h.wait(600);
    h.press("");
}

fn looked(h: &mut Harness, path: &Path) {
    h.press("ctrl-o")
        .type_text(&path.display().to_string())
        .press("enter");
    answer(h);
    assert_eq!(h.app.top().name(), Import::NAME);
}

const LIST: &str = "Nr;Firma;Web;Seit\nK1;Globex;globex.example;05/04/2024\nK2;Initech;initech.example;31/12/2024\nK2;Other;x.example;soon\n";

#[test]
fn a_file_is_looked_at_changed_and_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("list.csv");
    std::fs::write(&path, LIST).expect("written");
    let mut h = Harness::empty("en");
    h.size(100, 24);
    looked(&mut h, &path);
    let shown = h.text().replace(&folder.path().display().to_string(), "…");
    insta::assert_snapshot!("import-100x24", shown);
    // The column "Nr" becomes the key, "Seit" the first day; the file is looked at again after each.
    h.press("enter").type_text("key").press("enter");
    answer(&mut h);
    h.press("G enter").type_text("created").press("enter");
    answer(&mut h);
    let shown = h.text();
    assert!(shown.contains("day first"), "{shown}");
    assert!(shown.contains("2 new"), "{shown}");
    assert!(shown.contains("1 rejected"), "{shown}");
    h.press("S").type_text("our-list").press("enter");
    assert!(
        h.store
            .config()
            .profiles
            .iter()
            .any(|p| p.name == "our-list")
    );
    h.press("ctrl-s");
    answer(&mut h);
    assert!(h.store.find_customer("K1").is_ok() && h.store.find_customer("Initech").is_ok());
}

#[test]
fn a_field_that_both_sides_have_changed_is_decided_here() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("customers.csv");
    std::fs::write(&path, "customer_id,name,csm\nK1,Globex,Ana\n").expect("written");
    let mut h = Harness::empty("en");
    looked(&mut h, &path);
    h.press("ctrl-s");
    answer(&mut h);
    let customer = h.store.find_customer("K1").expect("there");
    h.store
        .write(
            &crate::domain::command::Command::Assign {
                customers: vec![customer],
                owner: "Cem".into(),
            },
            NOW,
        )
        .expect("given away");
    std::fs::write(&path, "customer_id,name,csm\nK1,Globex,Dora\n").expect("written");
    looked(&mut h, &path);
    let shown = h.text();
    assert!(
        shown.contains("1 changed on both sides")
            && shown.contains("Cem by ana")
            && shown.contains("the file: Dora"),
        "{shown}"
    );
    h.press("G enter");
    answer(&mut h);
    assert!(h.text().contains("the file wins"), "{}", h.text());
    h.press("ctrl-s");
    answer(&mut h);
    let roster = h.store.roster().expect("a roster");
    let roster = roster.read().expect("no panic");
    assert_eq!(roster.owner(0), "Dora");
}

#[test]
fn a_long_import_tells_how_far_it_is_and_ctrl_c_stops_it() {
    let mut h = Harness::empty("en");
    h.size(120, 24);
    let reading = Reading {
        file: "usage.csv".into(),
        rows: 120_000,
        rate: 56_478,
        left: 12,
        rejected: 3,
    };
    let folder = tempfile::tempdir().expect("a folder");
    let reads = Reads {
        path: folder.path().join("customers.csv"),
        wanted: Wanted::default(),
    };
    let job = h.begins(&reads);
    h.say(Msg::Reading(job, reading));
    h.press("");
    assert!(
        h.text().contains(
            "Reading usage.csv: 120,000 rows, 56,478 a second, 3 rejected, 12 s left (Ctrl-C stops)"
        ),
        "{}",
        h.text()
    );
    h.press("esc");
    assert!(
        !h.effects.contains(&Effect::Stop(job)),
        "Esc leaves what is open, and nothing else"
    );
    h.press("ctrl-c");
    assert_eq!(h.effects.last(), Some(&Effect::Stop(job)));
    std::fs::write(&reads.path, LIST.replace("Nr;Firma", "key;name")).expect("written");
    let stopped = import(&mut h.store, &reads.path, &reads.wanted, NOW, &mut |_| {
        Continue::No
    });
    assert!(h.store.find_customer("Globex").is_err());
    h.ends(job, reads, stopped.map(Box::new));
    h.press("");
    assert!(
        h.text().contains("Stopped: nothing was written") && !h.text().contains("Ctrl-C stops"),
        "{}",
        h.text()
    );
}
