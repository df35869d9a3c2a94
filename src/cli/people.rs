//! `retain people`: the stakeholder map of a customer.

use serde_json::json;

use super::Cx;
use super::fail::Done;
use super::out::{Ink, one_line};
use crate::domain::stakeholders::{EDGES, by_role, coverage, days_since};

/// Who is who at a customer: roles by days since the last touch with gaps, and the people by role
///
/// Over all customers: `retain list -f "buyer:none or buyer>90d"`, and the same with champion and sponsor.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Id, key or name
    #[arg(add = super::complete::customers())]
    customer: String,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    store.look_back(cx.now)?;
    let customer = store.find_customer(&args.customer)?;
    let account = cx.account(&mut store, customer, 1)?;
    let (config, today) = (store.config(), cx.moment(&store).today);
    let map = coverage(&account.signals, &account.contacts, &config, today);
    let people = by_role(&account.contacts);
    if cx.out.json {
        let people: Vec<_> = people
            .iter()
            .map(|c| json!({"id": c.id, "name": c.name, "role": c.role, "email": c.email, "phone": c.phone, "main": c.primary, "days": days_since(c, config.zone, today)}))
            .collect();
        return cx.out.rows(
            "people",
            json!({ "id": customer, "roles": map, "people": people }),
        );
    }
    let edges: Vec<String> = EDGES
        .iter()
        .map(|edge| format!("{:>6}", format!("{edge}d")))
        .collect();
    let head = format!(
        "{:<11} {:>6} {}  older  never",
        "role",
        "people",
        edges.join("")
    );
    let head = cx.out.paint(Ink::Bold, &head);
    cx.out.line(&head)?;
    for row in &map {
        let mut cells = [""; EDGES.len() + 2];
        cells[row.column()] = "x";
        let cells: String = cells
            .iter()
            .enumerate()
            .map(|(at, c)| format!("{c:>0$}", if at < EDGES.len() { 6 } else { 7 }))
            .collect();
        let gap = match (row.gap, row.people) {
            (true, 0) => "  gap: nobody".to_owned(),
            (true, _) if row.days.is_none() => "  gap: never".to_owned(),
            (true, _) => {
                say!("people.gap_more_than_days", limit = row.limit.unwrap_or(0)).to_string()
            }
            _ => String::new(),
        };
        let role = if row.role.is_empty() {
            "(none)"
        } else {
            &row.role
        };
        cx.out
            .line(format!("{role:<11} {:>6} {cells}{gap}", row.people).trim_end())?;
    }
    for contact in people {
        let since = days_since(contact, config.zone, today)
            .map_or_else(|| "never".to_owned(), |d| format!("{d}d"));
        let line = format!(
            "  {:<10} {:<24} {since:>6}  {}  {}",
            contact.role, contact.name, contact.email, contact.phone
        );
        cx.out.line(&one_line(line.trim_end()))?;
    }
    Ok(())
}
