//! Rows in several currencies, and what every list says of them.

use super::*;
use crate::columns::{self, json_row};
use crate::domain::command::{Command, Setting};
use crate::domain::money::{Arr, Currency};
use crate::domain::query::RowsPage;

const CUSTOMERS: &str = "customer_id,name\nD,Dollar\nE,Euro\nY,Yen\nM,Mixed\n";
const VERSIONS: &str = "version_id,subscription_id,customer_id,start_date,amount,interval,currency\n\
    V1,S1,D,2026-01-01,100,month,USD\n\
    V2,S2,E,2026-01-01,100,month,EUR\n\
    V3,S3,Y,2026-01-01,10000,month,JPY\n\
    V4,S4,M,2026-01-01,1000.01,year,USD\n\
    V5,S5,M,2026-01-01,50,month,EUR\n\
    V6,S6,M,2026-01-01,1,month,XQQ\n\
    V7,S7,M,2026-01-01,$5,month,EUR\n\
    V8,S8,M,2026-01-01,0.5,month,JPY\n";

fn currency(code: &str) -> Currency {
    Currency::named(code).expect("a code")
}

fn all(store: &mut Store) -> RowsPage {
    let ask = Query::Customers {
        filter: String::new(),
        sort: "name".into(),
        descending: false,
        columns: Vec::new(),
    };
    match store.answer(&ask).expect("rows") {
        Page::Rows(page) => page,
        other => panic!("{other:?}"),
    }
}

fn shown(store: &mut Store, column: &str) -> Vec<String> {
    let page = all(store);
    let shared = store.roster().expect("a roster");
    let roster = shared.read().expect("whole");
    let column = columns::column(column).expect("a column");
    let show = |at: &u32| column.show(&roster, *at as usize, roster.today);
    page.rows.iter().map(show).collect()
}

fn rates(store: &mut Store, text: &str) {
    let set = Command::Configure {
        settings: vec![Setting {
            key: "rates".into(),
            value: text.into(),
            base: None,
        }],
        views: Vec::new(),
    };
    store.write(&set, NOW).expect("set");
}

#[test]
fn three_currencies_are_never_added_to_each_other() {
    let mut store = book();
    let files = folder(&[
        ("customers.csv", CUSTOMERS),
        ("subscriptions.csv", VERSIONS),
    ]);
    let report = run(&mut store, files.path(), false);
    let versions = &report.files[1];
    let reasons: Vec<_> = versions.reasons.keys().map(String::as_str).collect();
    assert_eq!(
        reasons,
        ["another currency", "too many decimals", "unknown currency"],
        "{versions:?}"
    );
    // By name: Dollar, Euro, Mixed, Yen.
    assert_eq!(
        shown(&mut store, "arr"),
        ["1200", "€1200", "1000 + €600", "¥120k"]
    );
    assert_eq!(shown(&mut store, "apart"), ["-", "EUR", "EUR", "JPY"]);
    let sum = all(&mut store).arr;
    assert_eq!(
        sum,
        Arr::of(220_001, false).with([(currency("EUR"), 180_000), (currency("JPY"), 120_000)])
    );
    assert_eq!(sum.full(currency("USD")), "$2,200.01 + €1,800 + ¥120,000");
    let shared = store.roster().expect("a roster");
    let roster = shared.read().expect("whole");
    // Who pays in what no rate converts is no customer without revenue, and weighs nothing.
    let euro = (0..4).find(|at| roster.name(*at) == "Euro").expect("a row");
    assert!(roster.rows[euro].signals.pays());
    assert_eq!(roster.rows[euro].signals.arr, 0);
    let column = |code| columns::column(code).expect("a column");
    let row = json_row(&roster, euro, ["arr", "apart", "converted"].map(column));
    assert_eq!(row["arr"], serde_json::Value::Null);
    assert_eq!(row["apart"], serde_json::json!({ "EUR": 120_000 }));
    assert_eq!(column("apart").csv(&roster, euro), "EUR 1200.00");
}

#[test]
fn a_rate_converts_and_what_it_made_is_marked() {
    let mut store = book();
    let files = folder(&[
        ("customers.csv", CUSTOMERS),
        ("subscriptions.csv", VERSIONS),
    ]);
    run(&mut store, files.path(), false);
    let eur = "[[rate]]\nday = 2026-01-01\nfrom = \"EUR\"\nto = \"USD\"\nrate = 1.1\n";
    rates(&mut store, eur);
    assert_eq!(
        shown(&mut store, "arr"),
        ["1200", "~1320", "~1660", "¥120k"]
    );
    assert_eq!(shown(&mut store, "converted"), ["no", "yes", "yes", "no"]);
    let sum = all(&mut store).arr;
    assert_eq!(
        sum,
        Arr::of(120_000 + 132_000 + 166_001, true).with([(currency("JPY"), 120_000)])
    );
    // A rate that begins later leaves them apart until then.
    rates(&mut store, &eur.replace("2026-01-01", "2027-01-01"));
    assert_eq!(shown(&mut store, "apart"), ["-", "EUR", "EUR", "JPY"]);
    let checks = store.doctor().expect("examined");
    assert!(checks.iter().all(|c| c.ok), "{checks:?}");
}

#[test]
fn a_yearly_sum_stays_to_the_cent() {
    let mut store = book();
    let list = "customer_id,name,arr\nA,Acme,100.00\nB,Bo,1000.01\n";
    run(&mut store, folder(&[("customers.csv", list)]).path(), false);
    assert_eq!(all(&mut store).arr, Arr::of(110_001, false));
}

#[test]
fn a_list_with_signs_is_read_in_the_currency_that_it_shows() {
    let mut store = book();
    let list = "customer_id,name,arr\nA,Acme,$12k\nB,Bo,\"€1,200.50\"\nC,Cho,10000 JPY\n";
    run(&mut store, folder(&[("customers.csv", list)]).path(), false);
    let sums = [(currency("EUR"), 120_050), (currency("JPY"), 10_000)];
    assert_eq!(all(&mut store).arr, Arr::of(1_200_000, false).with(sums));
    // A later list that says no currency means the one that the book has.
    let list = "customer_id,name,arr\nC,Cho,20000\n";
    run(&mut store, folder(&[("customers.csv", list)]).path(), false);
    let sums = [(currency("EUR"), 120_050), (currency("JPY"), 20_000)];
    assert_eq!(all(&mut store).arr, Arr::of(1_200_000, false).with(sums));
}

#[test]
fn an_order_or_an_invoice_in_another_currency_is_refused() {
    let mut store = book();
    let orders = "order_id,customer_id,ordered_on,amount,currency\n\
        O1,D,2026-02-01,10,USD\nO2,D,2026-02-01,10,EUR\nO3,D,2026-02-01,€10,\n";
    let invoices = "invoice_id,customer_id,issued_on,due_on,amount,currency\n\
        I1,D,2026-02-01,2026-03-01,10,GBP\nI2,D,2026-02-01,2026-03-01,10,USD\n";
    let files = folder(&[
        ("customers.csv", CUSTOMERS),
        ("invoices.csv", invoices),
        ("orders.csv", orders),
    ]);
    let report = run(&mut store, files.path(), false);
    assert_eq!(counts(&report, "orders.csv")[0], 1);
    assert_eq!(counts(&report, "orders.csv")[5], 2);
    assert_eq!(counts(&report, "invoices.csv")[5], 1);
}
