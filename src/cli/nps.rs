//! `retain nps`: records an answer to "would you recommend us".

use super::fail::Done;
use super::{Cx, joined};
use crate::domain::command::Command;
use crate::domain::id::Id;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::text::fold;

/// Record an NPS answer, 0 to 10
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Id, key or name
    customer: String,
    /// 0 to 10
    #[arg(value_parser = clap::value_parser!(u8).range(0..=10))]
    score: u8,
    /// What they said
    text: Vec<String>,
    /// Who answered: a contact's name or part of one
    #[arg(long, value_name = "NAME")]
    contact: Option<String>,
    /// When: "2d ago", yesterday
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let customer = store.find_customer(&args.customer)?;
    let contact = args.contact.as_deref().map(|name| find_contact(cx, &mut store, customer, name)).transpose()?;
    let at = cx.past(&store, args.at.as_deref())?;
    cx.write(&mut store, &Command::Nps { customer, contact, score: args.score, text: joined(&args.text), at })
}

fn find_contact(cx: &Cx<'_>, store: &mut Store, customer: Id, name: &str) -> Result<Id> {
    let contacts = cx.contacts(store, customer)?;
    let wanted = fold(name.trim());
    let exact = contacts.iter().find(|c| fold(&c.name) == wanted || c.id.to_string() == name || c.external == name);
    let fits: Vec<_> = exact.map_or_else(|| contacts.iter().filter(|c| fold(&c.name).contains(&wanted)).collect(), |c| vec![c]);
    match fits.as_slice() {
        [one] => Ok(one.id),
        [] => {
            Err(contacts.iter().take(8).fold(Error::not_found(format!("No contact is called \"{name}\"")), |e, c| e.hint(c.name.clone())))
        }
        several => Err(several
            .iter()
            .take(8)
            .fold(Error::usage(format!("\"{name}\" fits {} contacts", several.len())), |e, c| e.hint(c.name.clone()))),
    }
}
