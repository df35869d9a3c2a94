use super::*;
use crate::store::tests::wrong_histories;

/// Lines that were changed so often, one change after the other.
fn changed(lines: &[String], seed: u64) -> Vec<u8> {
    (0..=seed % 4).fold(Vec::new(), |bytes, step| {
        mutate(&bytes, lines, 1 << 16, seed * 7 + step)
    })
}

#[test]
fn lines_to_begin_with_are_taken_as_they_are() {
    for lines in [lines_of_bundles(), lines_of_bundles()[..20].to_vec()] {
        bundle(lines.join("\n").as_bytes());
    }
    outbox(lines_of_outboxes().join("\n").as_bytes());
    for nothing in [&b""[..], b"\n", b"{", b"{}\n\xff\n"] {
        bundle(nothing);
        outbox(nothing);
    }
}

/// 60 of them, and 4,000 where the faults are played as often as a release asks for.
#[test]
fn whatever_lines_come_as_bundles_the_book_stays_well_and_others_are_heard() {
    let wrong = wrong_histories(60, 4000, |seed| bundle(&changed(&lines_of_bundles(), seed)));
    assert_eq!(
        wrong,
        Vec::<u64>::new(),
        "what has to hold does not behind these bundles"
    );
}

#[test]
fn whatever_lines_an_outbox_has_the_book_opens_and_goes_on() {
    let wrong = wrong_histories(60, 4000, |seed| {
        outbox(&changed(&lines_of_outboxes(), seed));
    });
    assert_eq!(
        wrong,
        Vec::<u64>::new(),
        "what has to hold does not behind these outboxes"
    );
}

#[test]
fn what_calls_itself_by_the_id_of_anothers_batch_and_cannot_be_believed_keeps_that_one_out_in_no_way()
 {
    let lines = lines_of_bundles();
    let of_bo = |signed: bool| {
        let named = lines
            .iter()
            .filter_map(|line| entry_in(line.as_bytes()))
            .find(|e| e.person == "bo" && e.proof().is_some() == signed);
        named.expect("bo's batch is among them")
    };
    let said = |change: &dyn Fn(&mut Entry), signed: bool| {
        let mut entry = of_bo(signed);
        change(&mut entry);
        written(&Line::Batch(Box::new(entry)))
    };
    let forged = [
        said(&|_| {}, false),
        said(&|entry| entry.label = "something else".into(), false),
        said(&|entry| entry.label = "something else".into(), true),
        said(&|entry| entry.hash = "abc".into(), true),
        said(&|entry| entry.command = "purge".into(), false),
        // Of a device of which no key is known.
        said(&|entry| entry.device = Id([0x44; 16]), false),
    ];
    for line in &forged {
        bundle(line.as_bytes());
    }
    bundle(forged.join("\n").as_bytes());
}

#[test]
fn a_batch_whose_lines_are_not_in_the_order_of_ids_is_left_out() {
    let lines = lines_of_bundles();
    let whole = lines
        .iter()
        .find(|line| line.contains("\"command\":\"ticket\""))
        .expect("a batch of several rows");
    let part = |from: usize, more: bool| {
        let mut json: Json = serde_json::from_str(whole).expect("it is JSON");
        let rows = json["rows"].as_array_mut().expect("it has rows");
        rows.rotate_left(from);
        rows.truncate(if more { rows.len() - 1 } else { 1 });
        json["more"] = more.into();
        json.to_string()
    };
    // All but the first, and then the first.
    bundle([part(1, true), part(0, false)].join("\n").as_bytes());
}

#[test]
fn an_outbox_that_calls_a_change_of_another_batch_purged_leaves_one_of_the_two_out() {
    let mut lines = lines_of_outboxes();
    let entries: Vec<Json> = lines
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let purge = entries
        .iter()
        .find(|e| e["command"] == "purge")
        .expect("a purge is among them");
    let named = purge["edits"][0]["id"].clone();
    let before = entries.iter().find(|e| {
        e["purged"]
            .as_array()
            .is_some_and(|gone| gone.iter().any(|g| g["entity"] == 0))
    });
    let mut before = before.expect("something of it was purged").clone();
    let gone = before["purged"]
        .as_array_mut()
        .expect("a list")
        .iter_mut()
        .find(|g| g["entity"] == 0)
        .expect("an edit");
    gone["id"] = named;
    lines.retain(|line| {
        !line.contains(before["batch"].as_str().expect("an id"))
            || line.contains("\"command\":\"purge\"")
    });
    lines.insert(1, before.to_string());
    outbox(lines.join("\n").as_bytes());
}

#[test]
fn what_an_entry_of_an_outbox_lacks_may_come_with_one_behind_it() {
    let lines = lines_of_outboxes();
    let of = |command: &str| {
        lines
            .iter()
            .position(|line| line.contains(&format!("\"command\":\"{command}\"")))
            .expect("it is among them")
    };
    let (customer, contact) = (of("customer"), of("contact"));
    let earlier = |at: usize, hlc: i64| {
        let mut json: Json = serde_json::from_str(&lines[at]).expect("it is JSON");
        json["hlc"] = hlc.into();
        json.to_string()
    };
    // By their clocks the contact comes before its customer.
    let swapped = [
        lines[0].clone(),
        earlier(contact, 117_637_120_000_000_001),
        earlier(customer, 117_637_120_000_000_002),
    ];
    assert_eq!(outbox(swapped.join("\n").as_bytes()), 2);
}
