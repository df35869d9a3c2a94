//! `retain add`, `edit` and `remove`: customers and their own fields.

use super::fail::Done;
use super::whom::Whom;
use super::{Cx, change, complete, joined};
use crate::domain::command::{Change, Command, Entity, NewCustomer};
use crate::domain::money;
use crate::error::Error;

/// Add a customer
#[derive(clap::Args, Debug)]
pub(super) struct AddArgs {
    /// What it is called
    #[arg(required = true)]
    name: Vec<String>,
    /// Who looks after it (default: you)
    #[arg(long, value_name = "NAME", add = complete::owners())]
    owner: Option<String>,
    /// The stage it begins in (default: the first)
    #[arg(long, value_name = "STAGE", default_value = "", add = complete::stages())]
    stage: String,
    /// Web site
    #[arg(long, value_name = "URL", default_value = "")]
    website: String,
    /// Telephone
    #[arg(long, value_name = "NUMBER", default_value = "")]
    phone: String,
    /// Tags, separated by commas
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    tags: Vec<String>,
    /// What it pays a month, from today on
    #[arg(long, value_name = "AMOUNT")]
    mrr: Option<String>,
}

pub(super) fn add(cx: &mut Cx<'_>, args: &AddArgs) -> Done {
    let mut store = if cx.globals.dry_run {
        cx.open()?
    } else {
        cx.open_or_create()?
    };
    let currency = store.config().currency;
    let amount = |text: &String| {
        money::parse(text, currency)
            .ok_or_else(|| Error::usage(say!("any.not_amount", text = text)))
    };
    let new = NewCustomer {
        name: joined(&args.name),
        owner: args.owner.clone().unwrap_or_else(|| cx.person.clone()),
        stage: args.stage.clone(),
        website: args.website.clone(),
        phone: args.phone.clone(),
        tags: args.tags.clone(),
        mrr: args.mrr.as_ref().map(amount).transpose()?.unwrap_or(0),
    };
    cx.write(&mut store, &Command::AddCustomer(new))
}

/// Change fields of customers: FIELD=VALUE, several
///
/// Fields: name, owner, website, phone, key, created, and attr.CODE for the book's own. FIELD= empties one. Tags: `retain tag`;
/// the stage: `retain move`.
#[derive(clap::Args, Debug)]
pub(super) struct EditArgs {
    #[command(flatten)]
    whom: Whom,
    /// FIELD=VALUE
    #[arg(value_name = "FIELD=VALUE", add = complete::assignments(Entity::Customer))]
    changes: Vec<String>,
}

pub(super) fn edit(cx: &mut Cx<'_>, args: &EditArgs) -> Done {
    let mut store = cx.open()?;
    let rows = args.whom.find(cx, &mut store)?;
    let changes = change::read(
        cx,
        &store,
        Entity::Customer,
        &args.whom.words(&args.changes),
    )?;
    cx.write(
        &mut store,
        &Command::Edit {
            entity: Entity::Customer,
            rows,
            changes,
        },
    )
}

/// Remove customers from every list; `retain undo`, or --back with the id, brings them back
#[derive(clap::Args, Debug)]
pub(super) struct RemoveArgs {
    #[command(flatten)]
    whom: Whom,
    /// Bring back what was removed, by the id
    #[arg(long)]
    back: bool,
}

pub(super) fn remove(cx: &mut Cx<'_>, args: &RemoveArgs) -> Done {
    let mut store = cx.open()?;
    if args.back {
        let wrong = || {
            Error::usage(say!("customer.what_removed_brought_back"))
                .hint(say!("customer.retain_history_edits_find"))
        };
        let id = args
            .whom
            .words(&[])
            .is_empty()
            .then(|| args.whom.id())
            .flatten()
            .ok_or_else(wrong)?;
        let back = vec![Change::set("removed", 0)];
        return cx.write(
            &mut store,
            &Command::Edit {
                entity: Entity::Customer,
                rows: vec![id],
                changes: back,
            },
        );
    }
    let rows = args.whom.find(cx, &mut store)?;
    cx.write(
        &mut store,
        &Command::Remove {
            entity: Entity::Customer,
            rows,
        },
    )
}
