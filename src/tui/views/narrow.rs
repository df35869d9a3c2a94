//! The filter by picking: a field, then one of its values. What is picked is written into the filter line, which teaches its language.

use super::pick::{Item, Pick};
use crate::columns;
use crate::domain::field::FieldKind;
use crate::domain::filter;
use crate::tui::account_rows::header;
use crate::tui::look::Look;
use crate::tui::step::Cx;
use crate::tui::view::Screen;

/// Adds a term to a filter: what passes has to fit both.
pub fn add(text: &mut String, term: &str) {
    let before = text.trim();
    *text = match before {
        "" => term.to_owned(),
        _ if before
            .split_whitespace()
            .any(|w| w.eq_ignore_ascii_case("or")) =>
        {
            format!("({before}) {term}")
        }
        _ => format!("{before} {term}"),
    };
}

/// What a screen does with a picked filter: `stage:retention`.
pub type Narrows<V> = fn(&mut V, &str);

/// Asks for a field, then for its value, and tells the screen.
pub fn open<V: Screen>(narrows: Narrows<V>, cx: &mut Cx) {
    let items = ways("", cx.look).into_iter().map(|(term, _)| {
        let code = term.trim_end_matches([':', '<', '>']).to_owned();
        Item {
            label: header(cx.look, &code).to_owned(),
            detail: term.clone(),
            code: term,
        }
    });
    let title = cx.look.say.word("prompt.narrow").to_owned();
    cx.open(Pick::new(
        title,
        items.collect(),
        move |term, cx| match term.strip_suffix([':', '<', '>']) {
            Some(code) => value(narrows, code, cx),
            None => tell(narrows, term.to_owned(), cx),
        },
    ));
}

/// What can follow a text of the filter language, with the customers that have it.
fn ways(text: &str, look: &Look) -> Vec<(String, usize)> {
    let Some(roster) = look.read() else {
        return Vec::new();
    };
    let found = filter::complete(text, text.len(), &roster, &columns::fields(&look.config));
    found.into_iter().map(|c| (c.text, c.count)).collect()
}

/// Comparisons that are asked for most, by what the field holds.
fn comparisons(code: &str) -> &'static [&'static str] {
    match columns::column(code).map(|c| c.field.kind) {
        Some(FieldKind::Until) => &["<14d", "<30d", "<60d", "<90d", "<0d", ":none"],
        Some(FieldKind::Since) => &["<7d", "<30d", ">30d", ">60d", ">90d", ":none"],
        Some(FieldKind::Money) => &[">10k", ">50k", ">100k", "<10k", ":none"],
        Some(FieldKind::Number | FieldKind::Tenths) => match code {
            "health" => &["<40", "<60", ">80", ":none"],
            "nps" => &["<=6", ">=9", ":none"],
            "usage" => &["<-20", "<0", ">0", ":none"],
            "seats" => &["<50", ">90", ":none"],
            _ => &[">0", ">1", ">5", ":none"],
        },
        _ => &[":none"],
    }
}

fn tell<V: Screen>(narrows: Narrows<V>, term: String, cx: &mut Cx) {
    cx.tell(move |view: &mut V, _| narrows(view, &term));
}

fn value<V: Screen>(narrows: Narrows<V>, code: &str, cx: &mut Cx) {
    let known = ways(&format!("{code}:"), cx.look).into_iter();
    let mut items: Vec<Item> = known
        .map(|(value, n)| Item {
            label: value.clone(),
            detail: n.to_string(),
            code: format!(":{value}"),
        })
        .collect();
    items.extend(
        comparisons(code)
            .iter()
            .filter(|way| !items.iter().any(|i| i.code == **way))
            .map(|way| Item::new(*way, way.trim_start_matches(':')))
            .collect::<Vec<_>>(),
    );
    let title = cx
        .look
        .say
        .fill("prompt.narrow_value", &[("field", header(cx.look, code))]);
    let code = code.to_owned();
    let pick = Pick::new(title, items, move |value, cx| {
        // What was typed instead: `<45`, or a word of the value.
        let term = if value.starts_with([':', '<', '>', '=']) {
            format!("{code}{value}")
        } else {
            format!("{code}:{value}")
        };
        tell(narrows, term, cx);
    });
    cx.open(pick.free());
}
