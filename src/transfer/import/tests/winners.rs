//! Rows that find what the book has by other rules than a key, and who wins where both sides have changed a field.

use super::*;
use crate::domain::command::{Change, Command, Entity, NewContact, NewCustomer};
use crate::domain::id::Id;

const LIST: &str = "customer_id,name,csm,website,updated_at\nC1,Globex,Ana,https://globex.example,2026-11-01\nC2,Initech,Bo,,2026-11-01\n";

fn customer(store: &mut Store, name: &str) -> Id {
    store.find_customer(name).expect("found")
}

fn owner(store: &mut Store, name: &str) -> String {
    let customer = customer(store, name);
    let Ok(Page::Account(Some(account))) = store.answer(&Query::Account {
        customer,
        timeline: Default::default(),
    }) else {
        panic!("an account")
    };
    account.customer.owner.clone()
}

fn edit(store: &mut Store, name: &str, field: &str, value: &str) {
    let rows = vec![customer(store, name)];
    let command = Command::Edit {
        entity: Entity::Customer,
        rows,
        changes: vec![Change::set(field, value)],
    };
    store.write(&command, Stamp(NOW.0 + 1000)).expect("edited");
}

fn import_list(store: &mut Store, text: &str, wanted: &Wanted) -> FileReport {
    let folder = folder(&[("customers.csv", text)]);
    let report = import(
        store,
        &folder.path().join("customers.csv"),
        wanted,
        Stamp(NOW.0 + 2000),
        &mut |_| Continue::Yes,
    );
    report.expect("imports").files.remove(0)
}

fn edited() -> Store {
    let mut store = book();
    import_list(&mut store, LIST, &Wanted::default());
    edit(&mut store, "Globex", "owner", "Cem");
    store
}

#[test]
fn what_only_a_person_has_changed_stays_whatever_the_rule() {
    for winner in Winner::ALL {
        let mut store = edited();
        let file = import_list(
            &mut store,
            LIST,
            &Wanted {
                winner: Some(winner),
                ..Wanted::default()
            },
        );
        assert_eq!(
            (file.changed, file.kept, file.conflicts.len()),
            (0, 1, 0),
            "{winner:?}"
        );
        assert_eq!(owner(&mut store, "Globex"), "Cem");
    }
}

#[test]
fn what_both_have_changed_goes_by_the_rule() {
    let theirs = LIST.replace("Globex,Ana", "Globex,Dora");
    let late = theirs.replace("globex.example,2026-11-01", "globex.example,2026-11-30");
    for (winner, text, stands) in [
        (None, &theirs, "Cem"),
        (Some(Winner::Mine), &theirs, "Cem"),
        (Some(Winner::Theirs), &theirs, "Dora"),
        (Some(Winner::Newer), &theirs, "Cem"),
        (Some(Winner::Newer), &late, "Dora"),
        (Some(Winner::Ask), &theirs, "Cem"),
    ] {
        let mut store = edited();
        let file = import_list(
            &mut store,
            text,
            &Wanted {
                winner,
                ..Wanted::default()
            },
        );
        assert_eq!(owner(&mut store, "Globex"), stands, "{winner:?}");
        let told = &file.conflicts[0];
        assert_eq!(
            (file.conflicts.len(), told.line, told.name.as_str()),
            (1, 2, "Globex")
        );
        let d = &told.difference;
        assert_eq!(
            (
                d.field.as_str(),
                d.mine.as_str(),
                d.person.as_str(),
                d.theirs.as_str()
            ),
            ("owner", "Cem", "ana", "Dora")
        );
    }
}

#[test]
fn each_conflict_can_be_answered() {
    let mut store = edited();
    edit(&mut store, "Initech", "owner", "Eve");
    let text = LIST.replace("Ana", "Dora").replace("Bo", "Fay");
    let looked = import_list(
        &mut store,
        &text,
        &Wanted {
            winner: Some(Winner::Ask),
            dry_run: true,
            ..Wanted::default()
        },
    );
    assert_eq!(looked.conflicts.len(), 2);
    let first = &looked.conflicts[0].difference;
    let answers = [((first.row, first.field.clone()), Winner::Theirs)]
        .into_iter()
        .collect();
    import_list(
        &mut store,
        &text,
        &Wanted {
            winner: Some(Winner::Mine),
            answers,
            ..Wanted::default()
        },
    );
    assert_eq!(
        (owner(&mut store, "Globex"), owner(&mut store, "Initech")),
        ("Dora".into(), "Eve".into())
    );
}

#[test]
fn a_list_with_keys_finds_whom_somebody_typed_in_and_keeps_what_they_typed() {
    let mut store = book();
    let new = NewCustomer {
        name: "GLOBEX".into(),
        owner: "Cem".into(),
        ..NewCustomer::default()
    };
    store.write(&Command::AddCustomer(new), NOW).expect("added");
    let site = NewCustomer {
        name: "Ini".into(),
        website: "www.initech.example".into(),
        ..NewCustomer::default()
    };
    store
        .write(&Command::AddCustomer(site), NOW)
        .expect("added");
    let text = LIST.replace("Bo,,", "Bo,https://initech.example/about,");
    let file = import_list(&mut store, &text, &Wanted::default());
    assert_eq!(file.made, 0, "{file:?}");
    assert_eq!(
        file.key,
        "\"customer_id\" is the key, else the domain of \"website\", else the exact name"
    );
    assert_eq!(owner(&mut store, "Globex"), "Cem", "typed by a person");
    assert_eq!(
        owner(&mut store, "C2"),
        "Bo",
        "an empty field is filled, and the key is known now"
    );
    let again = import_list(&mut store, &text, &Wanted::default());
    assert_eq!(again.changed, 0, "{again:?}");
}

#[test]
fn rows_find_customers_by_address_mail_and_name() {
    let mut store = edited();
    let customer = customer(&mut store, "Initech");
    let contact = NewContact {
        name: "Ada".into(),
        email: "Ada@initech.example".into(),
        ..NewContact::default()
    };
    store
        .write(&Command::AddContact { customer, contact }, NOW)
        .expect("added");
    let tickets = "ticket_id,Customer,requester_email,opened_at\n\
        T1,globex.example,,2026-11-02\nT2,GLOBEX,,2026-11-02\nT3,,ada@initech.example,2026-11-02\n\
        T4,,bob@globex.example,2026-11-02\nT5,Nobody,zed@gmail.com,2026-11-02\nT6,Nobody,ada@initech.example,2026-11-02\n";
    let folder = folder(&[("tickets.csv", tickets)]);
    let report = run(&mut store, &folder.path().join("tickets.csv"), false);
    assert_eq!(counts(&report, "tickets.csv"), [5, 0, 0, 0, 0, 1]);
    assert_eq!(
        report.files[0].first_rejects[0].1,
        "unknown customer: customer \"Nobody\" is not in the book"
    );
}

#[test]
fn contacts_with_other_keys_are_found_by_mail() {
    let mut store = edited();
    let first = folder(&[(
        "contacts.csv",
        "contact_id,customer_id,first name,last name,email\nP1,C1,Ada,Ay,ada@globex.example\n",
    )]);
    assert_eq!(
        counts(
            &run(&mut store, &first.path().join("contacts.csv"), false),
            "contacts.csv"
        )[0],
        1
    );
    let second = folder(&[(
        "contacts.csv",
        "id,company,name,email,phone\n77,Globex,Ada Ay,ADA@globex.example,+1\n78,,Bob,bob@globex.example,\n",
    )]);
    let report = run(&mut store, &second.path().join("contacts.csv"), false);
    assert_eq!(counts(&report, "contacts.csv"), [1, 1, 0, 0, 0, 0]);
}
