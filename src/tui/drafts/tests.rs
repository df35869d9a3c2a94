//! Keys of drafts, and several texts of one thing.

use super::*;

fn id(n: u8) -> Id {
    Id([n; 16])
}

fn draft(text: &str) -> Draft {
    Draft {
        text: text.into(),
        at: Stamp(1),
        who: "Acme".into(),
    }
}

fn note(customers: &[Id]) -> Key {
    Key {
        kind: "note".into(),
        customers: customers.to_vec(),
        ..Key::default()
    }
}

#[test]
fn a_key_is_read_as_it_was_written() {
    let keys = [
        note(&[id(1), id(2)]),
        Key {
            kind: "form:note".into(),
            customers: vec![id(1)],
            row: Some(id(9)),
            copy: 3,
            ..Key::default()
        },
        Key {
            kind: "touch".into(),
            customers: vec![id(1)],
            what: "email".into(),
            ..Key::default()
        },
        Key {
            kind: "form:rule".into(),
            what: "a: \"b\" [c]".into(),
            book: "/home/ana/a b:c.db".into(),
            ..Key::default()
        },
    ];
    for key in keys {
        assert_eq!(Key::read(&key.text()), key);
    }
}

#[test]
fn drafts_of_earlier_versions_are_offered_where_they_were() {
    let (acme, task) = (id(1), id(2));
    let state = json!({
        format!("note:{acme}"): "a note", format!("touch:{acme}"): "a call", "create": "Acme", "note:several": "for some",
        format!("form:task:{task}"): "{\"title\":\"Plan\"}", format!("form:customer:{acme}"): "{\"name\":\"Acme\"}", "form:new_customer:": "{}",
    });
    let mut drafts = Drafts::of_value(&state);
    let text = |drafts: &Drafts, key: &Key| drafts.get(key).map(|d| d.text.clone());
    let touch = Key {
        kind: "touch".into(),
        customers: vec![acme],
        what: "email".into(),
        ..Key::default()
    };
    let create = Key {
        kind: "create".into(),
        book: "a.db".into(),
        ..Key::default()
    };
    let edit = Key {
        kind: "form:task".into(),
        customers: vec![acme],
        row: Some(task),
        ..Key::default()
    };
    let customer = Key {
        kind: "form:customer".into(),
        customers: vec![acme],
        ..Key::default()
    };
    for (key, found) in [
        (&note(&[acme]), "a note"),
        (&touch, "a call"),
        (&create, "Acme"),
    ] {
        assert_eq!(text(&drafts, key).as_deref(), Some(found));
    }
    assert!(
        text(&drafts, &edit).is_some_and(|t| t.contains("Plan"))
            && text(&drafts, &customer).is_some_and(|t| t.contains("Acme"))
    );
    assert_eq!(
        text(&drafts, &note(&[acme, task])),
        None,
        "nobody knows for whom it was"
    );
    drafts.insert(&touch, draft("a letter"));
    drafts.remove(&create);
    assert_eq!(
        drafts.iter().count(),
        state.as_object().map_or(0, Map::len) - 1,
        "what is taken up is not there twice"
    );
    assert_eq!(Drafts::of_value(&drafts.to_value()), drafts);
}

#[test]
fn what_stands_behind_a_draft_is_offered_when_it_is_gone() {
    let (mut drafts, key) = (Drafts::default(), note(&[id(1)]));
    for text in ["one", "two", "two", "three"] {
        drafts.add(&key, draft(text));
    }
    assert_eq!(drafts.texts().collect::<Vec<_>>(), ["one", "two", "three"]);
    drafts.offer(&key.nth(2));
    assert_eq!(drafts.get(&key).map(|d| d.text.as_str()), Some("three"));
    drafts.remove(&key);
    assert_eq!(drafts.texts().collect::<Vec<_>>(), ["two", "one"]);
    drafts.insert(&key, draft(" "));
    assert_eq!(
        drafts.get(&key).map(|d| d.text.as_str()),
        Some("one"),
        "an empty text takes the one away that is offered"
    );
}

#[test]
fn a_draft_follows_its_customer_and_stands_behind_what_is_there() {
    let mut drafts = Drafts::default();
    drafts.insert(&note(&[id(1)]), draft("for the old"));
    drafts.insert(&note(&[id(2)]), draft("for the new"));
    drafts.insert(&note(&[id(1), id(3)]), draft("for both"));
    assert_eq!(drafts.follow(id(1), id(2), "New").as_deref(), Some("Acme"));
    assert_eq!(
        drafts.get(&note(&[id(2)])).map(|d| d.text.as_str()),
        Some("for the new")
    );
    assert_eq!(
        drafts.get(&note(&[id(2), id(3)])).map(|d| d.text.as_str()),
        Some("for both")
    );
    assert!(
        drafts.texts().any(|text| text == "for the old")
            && drafts.customers().all(|id| id != Id([1; 16]))
    );
    assert_eq!(drafts.follow(id(1), id(2), "New"), None);
}
