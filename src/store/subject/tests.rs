use super::*;
use crate::domain::command::{Change, Command, NewContact};
use crate::domain::touchpoint::TouchDraft;
use crate::store::tests::{NOW, add, book};

#[test]
fn a_person_gets_all_that_there_is_and_a_purge_takes_it() {
    let mut store = book();
    let acme = add(&mut store, "Acme", 0);
    let new = |name: &str, email: &str| NewContact {
        name: name.into(),
        email: email.into(),
        ..NewContact::default()
    };
    for contact in [
        new("Dana Ruiz", "dana@acme.example"),
        new("Omar", "omar@acme.example"),
    ] {
        store
            .write(
                &Command::AddContact {
                    customer: acme,
                    contact,
                },
                NOW,
            )
            .unwrap();
    }
    let dana = store.find_contacts("dana ruiz").unwrap()[0].0;
    let touch = TouchDraft {
        channel: "phone".into(),
        contacts: vec![dana],
        text: "Called back".into(),
        ..TouchDraft::default()
    };
    store
        .write(
            &Command::LogTouch {
                customers: vec![acme],
                touch,
            },
            NOW,
        )
        .unwrap();
    let note = |text: &str| Command::Note {
        customers: vec![acme],
        text: text.into(),
        at: None,
    };
    store.write(&note("DANA RUIZ wants a demo"), NOW).unwrap();
    store.write(&note("Omar said no"), NOW).unwrap();
    let changes = vec![Change::set("phone", "+90 1")];
    store
        .write(
            &Command::Edit {
                entity: Entity::Contact,
                rows: vec![dana],
                changes,
            },
            NOW,
        )
        .unwrap();
    let subject = store.subject(dana).unwrap();
    assert_eq!(
        (
            subject.customer.as_str(),
            &subject.contact["phone"],
            subject.recorded.by.as_str()
        ),
        ("Acme", &"+90 1".into(), "ana")
    );
    assert_eq!(
        subject
            .events
            .iter()
            .map(|f| f.text.as_str())
            .collect::<Vec<_>>(),
        ["Called back"]
    );
    assert_eq!(
        subject
            .mentions
            .iter()
            .map(|f| f.text.as_str())
            .collect::<Vec<_>>(),
        ["DANA RUIZ wants a demo"]
    );
    assert_eq!(
        subject
            .changes
            .iter()
            .map(|c| (c.field.as_str(), &c.after))
            .collect::<Vec<_>>(),
        [("phone", &"+90 1".into())]
    );
    store
        .write(
            &Command::Purge {
                entity: Entity::Contact,
                row: dana,
                why: String::new(),
            },
            NOW,
        )
        .unwrap();
    assert!(store.subject(dana).is_err());
}
