//! Calendars, mails and address cards as Google, Outlook and Thunderbird write them.

use super::*;
use crate::domain::event::Event;
use crate::domain::query::TimelineAsk;

const CUSTOMERS: &str =
    "customer_id,name,website\nC1,Globex,https://globex.example\nC2,Initech,initech.example\n";
const CONTACTS: &str = "contact_id,customer_id,full_name,email\nP1,C1,Ada Ay,ada@globex.example\nP2,C2,Bob Bay,bob@initech.example\n";

fn started() -> Store {
    let folder = folder(&[("customers.csv", CUSTOMERS), ("contacts.csv", CONTACTS)]);
    let mut store = book();
    run(&mut store, folder.path(), false);
    store
}

fn take(store: &mut Store, name: &str, text: &str) -> Report {
    let folder = folder(&[(name, text)]);
    run(store, &folder.path().join(name), false)
}

/// The touchpoints of a customer, oldest first: local time, direction, contact, minutes, words.
fn touches(store: &mut Store, key: &str) -> Vec<String> {
    let customer = store.find_customer(key).expect("found");
    let timeline = TimelineAsk {
        kinds: vec![EventKind::Touch],
        limit: 100,
        ..TimelineAsk::default()
    };
    let Ok(Page::Account(Some(account))) = store.answer(&Query::Account { customer, timeline })
    else {
        panic!("an account")
    };
    let shown = |e: &Event| {
        let minutes = e.number.map_or_else(String::new, |n| format!(" {n} min"));
        let at = e.at.utc().format("%m-%dT%H:%MZ");
        format!(
            "{at} {} {} {}{minutes}: {}",
            e.channel,
            e.direction,
            e.contact_name,
            e.text.replace('\n', "|")
        )
    };
    account.events.iter().rev().map(shown).collect()
}

/// As Google Calendar writes them: CRLF, folded lines, VTIMEZONE, a weekly series.
const GOOGLE: &str = "BEGIN:VCALENDAR\r\nPRODID:-//Google Inc//Google Calendar 70.9054//EN\r\nVERSION:2.0\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n\
X-WR-TIMEZONE:Europe/Berlin\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nX-LIC-LOCATION:Europe/Berlin\r\nBEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\n\
TZOFFSETTO:+0200\r\nTZNAME:CEST\r\nDTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\n\
TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\n\
END:VTIMEZONE\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:20261019T100000\r\nDTEND;TZID=Europe/Berlin:20261019T103000\r\n\
RRULE:FREQ=WEEKLY;BYDAY=MO\r\nDTSTAMP:20261101T080000Z\r\nORGANIZER;CN=Tom:mailto:tom@ours.example\r\nUID:weekly@google.com\r\n\
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=ada@globex.e\r\n xample;X-NUM-GUESTS=0:mailto:ada@globex.example\r\n\
ATTENDEE;PARTSTAT=DECLINED;CN=Bob:mailto:bob@initech.example\r\nSEQUENCE:0\r\nSTATUS:CONFIRMED\r\nSUMMARY:Weekly with Globex\\, and a very long tit\r\n le\r\n\
END:VEVENT\r\nEND:VCALENDAR\r\n";

#[test]
fn a_series_of_google_is_its_meetings_so_far() {
    let mut store = started();
    let report = take(&mut store, "calendar.ics", GOOGLE);
    let file = &report.files[0];
    assert_eq!(
        (file.kind, file.made),
        (Kind::Correspondence, 5),
        "{file:?}"
    );
    let told = touches(&mut store, "C1");
    // Summer time ends on 25 October: the hour stays, its place in the world does not.
    assert_eq!(
        told,
        [
            "10-19T08:00Z meeting out Ada Ay 30 min: Weekly with Globex, and a very long title",
            "10-26T09:00Z meeting out Ada Ay 30 min: Weekly with Globex, and a very long title",
            "11-02T09:00Z meeting out Ada Ay 30 min: Weekly with Globex, and a very long title",
            "11-09T09:00Z meeting out Ada Ay 30 min: Weekly with Globex, and a very long title",
            "11-16T09:00Z meeting out Ada Ay 30 min: Weekly with Globex, and a very long title",
        ]
    );
    assert_eq!(
        touches(&mut store, "C2"),
        Vec::<String>::new(),
        "Bob declined"
    );
    assert_eq!(
        take(&mut store, "calendar.ics", GOOGLE).end,
        End::NothingNew
    );
    // One is moved, with a higher sequence; one is cancelled; one is taken out of the series; the last is put off to next month.
    let exception = |day: &str, what: &str| {
        format!(
            "BEGIN:VEVENT\r\nUID:weekly@google.com\r\nRECURRENCE-ID;TZID=Europe/Berlin:2026{day}T100000\r\nSEQUENCE:3\r\n\
             ATTENDEE:mailto:ada@globex.example\r\nSUMMARY:Moved\r\n{what}END:VEVENT\r\n"
        )
    };
    let at = |text: &str| format!("DTSTART;TZID=Europe/Berlin:2026{text}00\r\nDURATION:PT45M\r\n");
    let exceptions = exception("1026", &at("1027T1500"))
        + &exception("1102", &format!("{}STATUS:CANCELLED\r\n", at("1102T1000")))
        + &exception("1116", &at("1216T1000"));
    let changed = GOOGLE
        .replace(
            "SEQUENCE:0",
            "EXDATE;TZID=Europe/Berlin:20261109T100000\r\nSEQUENCE:0",
        )
        .replace("END:VCALENDAR", &format!("{exceptions}END:VCALENDAR"));
    take(&mut store, "calendar.ics", &changed);
    assert_eq!(
        touches(&mut store, "C1"),
        [
            "10-19T08:00Z meeting out Ada Ay 30 min: Weekly with Globex, and a very long title",
            "10-27T14:00Z meeting out Ada Ay 45 min: Moved",
        ]
    );
    assert_eq!(
        take(&mut store, "calendar.ics", &changed).end,
        End::NothingNew
    );
}

#[test]
fn outlook_and_thunderbird_name_zones_in_their_own_way() {
    let outlook = "BEGIN:VCALENDAR\r\nPRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\n\
        BEGIN:VTIMEZONE\r\nTZID:Turkey Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0300\r\nTZOFFSETTO:+0300\r\nEND:STANDARD\r\n\
        END:VTIMEZONE\r\nBEGIN:VEVENT\r\nCLASS:PUBLIC\r\nORGANIZER;CN=\"Ay, Ada\":MAILTO:ADA@GLOBEX.EXAMPLE\r\n\
        ATTENDEE;CN=\"Bob\";RSVP=TRUE:mailto:bob@initech.example\r\nATTENDEE:mailto:tom@ours.example\r\n\
        DTSTART;TZID=\"Turkey Standard Time\":20261105T140000\r\nDTEND;TZID=\"Turkey Standard Time\":20261105T150000\r\nLOCATION:Teams\r\n\
        SUMMARY;LANGUAGE=tr:Yıllık görüşme\r\nUID:040000008200E00074C5B7101A82E008\r\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let mut store = started();
    take(&mut store, "invite.ics", outlook);
    assert_eq!(
        touches(&mut store, "C1"),
        ["11-05T11:00Z meeting in Ada Ay 60 min: Yıllık görüşme"]
    );
    assert_eq!(
        touches(&mut store, "C2"),
        ["11-05T11:00Z meeting out Bob Bay 60 min: Yıllık görüşme"]
    );
    let moved = outlook
        .replace("20261105T14", "20261106T14")
        .replace("20261105T15", "20261106T15");
    take(&mut store, "invite.ics", &moved);
    assert_eq!(
        touches(&mut store, "C1"),
        ["11-06T11:00Z meeting in Ada Ay 60 min: Yıllık görüşme"]
    );
    take(
        &mut store,
        "invite.ics",
        &moved.replace("METHOD:REQUEST", "METHOD:CANCEL"),
    );
    assert_eq!(touches(&mut store, "C1"), Vec::<String>::new());
    let thunderbird = "BEGIN:VCALENDAR\nPRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN\nVERSION:2.0\nBEGIN:VEVENT\nUID:tb-1\n\
        SUMMARY:Rückblick\nDTSTART;TZID=/mozilla.org/20070129_1/Europe/Berlin:20260706T100000\nDURATION:PT1H\n\
        ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:eve@globex.example\nEND:VEVENT\nEND:VCALENDAR\n";
    take(&mut store, "tb.ics", thunderbird);
    assert_eq!(
        touches(&mut store, "C1"),
        ["07-06T08:00Z meeting out  60 min: Rückblick"],
        "by the domain, without a contact"
    );
}

const MAIL: &str = "Return-Path: <ada@globex.example>\r\nDate: Mon, 02 Nov 2026 10:15:00 +0300\r\nFrom: =?UTF-8?B?QWRhIEF5xLHFnw==?= <Ada@Globex.example>\r\n\
To: Tom <tom@ours.example>,\r\n Bob <bob@initech.example>\r\nSubject: =?utf-8?Q?Yenileme_g=C3=B6r=C3=BC=C5=9Fmesi?=\r\nMessage-ID: <m1@globex.example>\r\n\
MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b1\"\r\n\r\n--b1\r\nContent-Type: text/plain; charset=windows-1254\r\n\
Content-Transfer-Encoding: quoted-printable\r\n\r\nMerhaba, indirim istiyoruz; te=FEekk=FCrler.=\r\n Devam=FD.\r\n\r\nOn Sun, 1 Nov 2026 at 09:00, Tom <tom@ours.example> wrote:\r\n\
> Shall we renew?\r\n> Tom\r\n--b1\r\nContent-Type: application/pdf; name=\"teklif.pdf\"\r\nContent-Disposition: attachment; filename=\"teklif.pdf\"\r\n\
Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b1\r\nContent-Type: application/ms-tnef; name=\"winmail.dat\"\r\n\
Content-Disposition: attachment; filename=\"winmail.dat\"\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+\r\n--b1--\r\n";

#[test]
fn a_mail_is_a_touchpoint_at_each_customer() {
    let mut store = started();
    let report = take(&mut store, "mail.eml", MAIL);
    assert_eq!(report.files[0].made, 1, "{:?}", report.files[0]);
    let text = "Yenileme görüşmesi||Merhaba, indirim istiyoruz; teşekkürler. Devamı.||[3 quoted lines]||[attached: teklif.pdf]";
    assert_eq!(
        touches(&mut store, "C1"),
        [format!("11-02T07:15Z email in Ada Ay: {text}")]
    );
    assert_eq!(
        touches(&mut store, "C2"),
        [format!("11-02T07:15Z email out Bob Bay: {text}")]
    );
    assert_eq!(take(&mut store, "mail.eml", MAIL).end, End::NothingNew);
}

#[test]
fn a_mailbox_is_its_mails_and_strangers_are_passed_over() {
    let stranger = "From - Tue Nov  3 10:00:00 2026\nFrom: zed@gmail.com\nTo: tom@ours.example\nDate: Tue, 3 Nov 2026 10:00:00 +0000\nMessage-ID: <m2@x>\nSubject: Ad\n\nBuy\n\n";
    let ours = "From - Wed Nov  4 10:00:00 2026\nFrom: tom@ours.example\nTo: ada@globex.example\nDate: Wed, 4 Nov 2026 10:00:00 +0000\nMessage-ID: <m3@x>\nSubject: Re: Plan\n\n\
        Fine.\n\n>From here on it is ours.\n\n";
    let mailbox =
        format!("From ada@globex.example Mon Nov  2 10:15:00 2026\r\n{MAIL}\r\n{stranger}{ours}");
    let mut store = started();
    let report = take(&mut store, "Inbox", &mailbox);
    let file = &report.files[0];
    assert_eq!(
        (file.rows, file.made, file.passed, file.rejected),
        (3, 2, 1, 0),
        "{file:?}"
    );
    assert_eq!(
        touches(&mut store, "C1")[1],
        "11-04T10:00Z email out Ada Ay: Re: Plan||Fine.||From here on it is ours."
    );
    assert_eq!(take(&mut store, "Inbox", &mailbox).end, End::NothingNew);
}

#[test]
fn address_cards_of_three_versions_become_contacts() {
    let cards = "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=96z;I=C5=9F=C4=B1l;;;\r\n\
        FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:I=C5=9F=C4=B1l =\r\n=C3=96z\r\nORG:Globex;Einkauf\r\nTEL;WORK;VOICE:+90 555\r\n\
        EMAIL;PREF;INTERNET:isil@globex.example\r\nEND:VCARD\r\n\
        BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada Ay\r\nN:Ay;Ada;;;\r\nitem1.EMAIL;type=INTERNET;type=pref:Ada@globex.example\r\n\
        TITLE:CTO\r\nNOTE:A long note that is fol\r\n ded here\r\nEND:VCARD\r\n\
        BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:4fbe8971\r\nFN:Cy Can\r\nEMAIL:cy@initech.example\r\nTEL;VALUE=uri:tel:+1-555\r\nEND:VCARD\r\n\
        BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Nobody's\r\nEND:VCARD\r\n";
    let mut store = started();
    let report = take(&mut store, "people.vcf", cards);
    let file = &report.files[0];
    assert_eq!(
        (file.kind, file.made, file.changed, file.rejected),
        (Kind::Contacts, 2, 1, 1),
        "{file:?}"
    );
    let customer = store.find_customer("C1").expect("found");
    let Ok(Page::Account(Some(account))) = store.answer(&Query::Account {
        customer,
        timeline: Default::default(),
    }) else {
        panic!("an account")
    };
    let mut told: Vec<_> = account
        .contacts
        .iter()
        .map(|c| format!("{} {} {} {}", c.name, c.email, c.phone, c.role))
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "Ada Ay ada@globex.example  cto",
            "Işıl Öz isil@globex.example +90 555 "
        ]
    );
    assert_eq!(take(&mut store, "people.vcf", cards).end, End::NothingNew);
}
