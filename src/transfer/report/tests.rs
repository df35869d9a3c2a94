use super::*;
use crate::domain::command::{Command, NewContact, NewCustomer};
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::domain::touchpoint::TouchDraft;
use crate::store::outbox::Keep;
use crate::store::{Options, Store, Who};

const NOW: Stamp = Stamp(1_795_000_000_000); // 2026-11-18

fn book() -> Store {
    let who = Who {
        person: "ana".into(),
        device: Id([7; 16]),
    };
    Store::memory(&Options {
        who,
        now: NOW,
        as_of: None,
        create: true,
        zone: None,
        keep: Keep::Nowhere,
    })
    .expect("a book")
}

fn hostile() -> (Store, Id) {
    let mut store = book();
    let new = NewCustomer {
        name: "<script>alert(1)</script> & \"Co\"".into(),
        owner: "ana".into(),
        stage: "retention".into(),
        mrr: 2_000_000,
        ..NewCustomer::default()
    };
    let customer = store
        .write(&Command::AddCustomer(new), NOW)
        .expect("added")
        .customers[0];
    let contact = NewContact {
        name: "<img src=x onerror=y>".into(),
        ..NewContact::default()
    };
    store
        .write(&Command::AddContact { customer, contact }, NOW)
        .expect("added");
    let days_ago = |n: i64| Some(Stamp(NOW.0 - n * 86_400_000));
    let mut touch = TouchDraft {
        channel: "meeting".into(),
        text: "We met".into(),
        at: days_ago(20),
        ..TouchDraft::default()
    };
    store
        .write(
            &Command::LogTouch {
                customers: vec![customer],
                touch: touch.clone(),
            },
            NOW,
        )
        .expect("logged");
    touch = TouchDraft {
        channel: "phone".into(),
        text: "</p><iframe src=//evil>\n# x".into(),
        at: days_ago(3),
        ..touch
    };
    store
        .write(
            &Command::LogTouch {
                customers: vec![customer],
                touch,
            },
            NOW,
        )
        .expect("logged");
    store
        .write(
            &Command::Nps {
                customer,
                contact: None,
                score: 3,
                text: "[a](javascript:b)".into(),
                at: None,
            },
            NOW,
        )
        .expect("logged");
    (store, customer)
}

/// Every tag of a page, by name.
fn tags(html: &str) -> Vec<String> {
    let body = &html[html.find("<body>").expect("a body")..];
    let names = body.split('<').skip(1).map(|t| {
        t.trim_start_matches('/')
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or("")
            .to_owned()
    });
    let mut all: Vec<String> = names.collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn a_page_has_nothing_from_outside_but_text() {
    let (mut store, customer) = hostile();
    let from = store.today().plus(-90);
    let reports = [
        brief::brief(&mut store, customer).expect("a brief"),
        qbr::qbr(&mut store, customer, from).expect("a review"),
        digest::digest(&mut store, Stamp(NOW.0 - 86_400_000), "", "").expect("a digest"),
    ];
    let known = [
        "body",
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "li",
        "strong",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "figure",
        "figcaption",
        "svg",
        "line",
        "text",
        "path",
        "circle",
        "rect",
        "title",
        "html",
    ];
    for report in reports {
        let html = report.html();
        for tag in tags(&html) {
            assert!(known.contains(&tag.as_str()), "{tag} in {html}");
        }
        assert!(
            !html.contains("href")
                && !html.contains("src=\"")
                && html.contains("default-src 'none'"),
            "{html}"
        );
        assert!(
            html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp;"),
            "{html}"
        );
        assert!(
            !report.markdown().contains("<script") || report.markdown().contains("\\<script"),
            "{}",
            report.markdown()
        );
    }
}

#[test]
fn a_brief_tells_what_came_since_the_last_meeting() {
    let (mut store, customer) = hostile();
    let text = brief::brief(&mut store, customer)
        .expect("a brief")
        .markdown();
    assert!(
        text.contains("## Since the last meeting on 2026-10-29 (meeting)"),
        "{text}"
    );
    let since = &text
        [text.find("## Since").expect("there")..text.find("## Health explained").expect("there")];
    assert!(
        since.contains("- 2026-11-15 Call: \\</p\\>\\<iframe src=//evil\\> # x\n")
            && since.contains("NPS 3"),
        "{since}"
    );
    assert!(
        !since.contains("We met"),
        "the meeting itself is no news: {since}"
    );
    assert!(
        text.contains("## People") && text.contains("| Measure | Value |"),
        "{text}"
    );
}

#[test]
fn a_review_has_figures_before_and_now_and_its_plots() {
    let mut store = book();
    let mut options = crate::transfer::demo::DemoOptions::new(store.today());
    options.customers = 30;
    crate::transfer::demo::write(&mut store, &options, NOW, &mut |_| {}).expect("a demo book");
    let ids = store
        .roster()
        .expect("a roster")
        .read()
        .expect("whole")
        .ids
        .clone();
    let (mut plots, from) = (0, store.today().plus(-180));
    for id in ids {
        let report = qbr::qbr(&mut store, id, from).expect("a review");
        plots += report
            .parts
            .iter()
            .filter(|p| matches!(p, Part::Plot(_)))
            .count();
        let text = report.markdown();
        assert!(
            text.contains("## In figures") && text.contains("| Touches | "),
            "{text}"
        );
        assert!(
            report.html().matches("<svg").count()
                == report
                    .parts
                    .iter()
                    .filter(|p| matches!(p, Part::Plot(_)))
                    .count()
        );
    }
    assert!(plots > 30, "{plots}");
    let today = store.today();
    assert!(qbr::qbr(&mut store, Id([1; 16]), today).is_err());
    let digest = digest::digest(&mut store, Stamp(NOW.0 - 7 * 86_400_000), "", "")
        .expect("a digest")
        .markdown();
    assert!(
        digest.contains("## Who needs you") && digest.contains("## The team"),
        "{digest}"
    );
    assert!(
        digest::digest(&mut store, NOW, "health<", "").is_err(),
        "a mistake in the filter"
    );
}

#[test]
fn a_plot_is_a_line_of_text_and_a_drawing_with_gaps() {
    let point = |name: &str, value| (name.to_owned(), value);
    let points = vec![
        point("a", Some(0.0)),
        point("b", None),
        point("c", Some(50.0)),
        point("d", Some(100.0)),
    ];
    let plot = Plot {
        title: "Health".into(),
        shape: Shape::Line,
        points,
        range: Some((0.0, 100.0)),
    };
    assert_eq!(
        plot.line().as_deref(),
        Some("- **Health:** ▁ ▅█ 0 (a) to 100 (d)")
    );
    let mut report = Report::new("x");
    report.plot(plot.clone());
    let html = report.html();
    assert!(
        html.contains("<path d=\"M118.5 132.0M416.5 70.0L565.5 8.0\""),
        "{html}"
    );
    report.plot(Plot {
        points: vec![point("a", Some(1.0))],
        ..plot
    });
    assert_eq!(report.parts.len(), 1, "one figure is no plot");
}
