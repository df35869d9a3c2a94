//! `retain contact`: people at customers.

use clap::Subcommand;
use serde_json::json;

use super::fail::Done;
use super::whom::Whom;
use super::{Cx, change, complete, joined};
use crate::domain::command::{Command, Entity, NewContact};
use crate::domain::customer::ROLES;

/// People at customers: list, add, edit, remove
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List the people at customers
    List(Whom),
    /// Add a person
    Add {
        /// Id, key or name of the customer
        #[arg(add = complete::customers())]
        customer: String,
        /// What the person is called
        #[arg(required = true)]
        name: Vec<String>,
        /// What the person means for the account
        #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(ROLES))]
        role: Option<String>,
        /// E-mail address
        #[arg(long, value_name = "ADDRESS", default_value = "")]
        email: String,
        /// Telephone
        #[arg(long, value_name = "NUMBER", default_value = "")]
        phone: String,
    },
    /// Change fields of a person: name, role, email, phone, key, main
    Edit {
        /// Id, the end of one, e-mail or name
        contact: String,
        /// FIELD=VALUE
        #[arg(required = true, value_name = "FIELD=VALUE", add = complete::assignments(Entity::Contact))]
        changes: Vec<String>,
    },
    /// Remove people; `retain undo` brings them back
    Remove {
        /// Ids, ends of them, e-mails or names
        #[arg(required = true)]
        contacts: Vec<String>,
    },
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = if matches!(args.what, What::List(_)) {
        cx.open_to_look()?
    } else {
        cx.open()?
    };
    match &args.what {
        What::List(whom) => {
            let (mut rows, mut table) = (Vec::new(), Vec::new());
            for customer in whom.find(cx, &mut store)? {
                let account = cx.account(&mut store, customer, 1)?;
                for c in &account.contacts {
                    let last = c.last_touch.map(|at| store.config().zone.day(at));
                    rows.push(json!({
                        "id": c.id, "customer": customer, "customer_name": account.customer.name, "key": c.external, "name": c.name,
                        "role": c.role, "email": c.email, "phone": c.phone, "main": c.primary, "last_touch": last,
                    }));
                    let id = super::tail(c.id);
                    table.push(vec![
                        id,
                        account.customer.name.clone(),
                        c.name.clone(),
                        c.role.clone(),
                        c.email.clone(),
                        c.phone.clone(),
                    ]);
                }
            }
            cx.list(
                "contacts",
                rows,
                &["id", "customer", "name", "role", "email", "phone"],
                &table,
                &say!("contact.no_people_there"),
            )
        }
        What::Add {
            customer,
            name,
            role,
            email,
            phone,
        } => {
            let customer = store.find_customer(customer)?;
            let contact = NewContact {
                name: joined(name),
                role: role.clone().unwrap_or_default(),
                email: email.clone(),
                phone: phone.clone(),
            };
            cx.write(&mut store, &Command::AddContact { customer, contact })
        }
        What::Edit { contact, changes } => {
            let (row, _) = change::row(&store, Entity::Contact, "contact", contact)?;
            cx.edit(&mut store, Entity::Contact, row, changes)
        }
        What::Remove { contacts } => {
            let rows = change::rows(&store, Entity::Contact, "contact", contacts)?;
            cx.write(
                &mut store,
                &Command::Remove {
                    entity: Entity::Contact,
                    rows,
                },
            )
        }
    }
}
