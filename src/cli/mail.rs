//! `retain mail`: drafts of mails from a template, one file a person.

use std::path::PathBuf;

use serde_json::json;

use super::Cx;
use super::fail::Done;
use super::out::one_line;
use crate::error::Error;
use crate::transfer::mail::{READY, Template, drafts};
use crate::transfer::replace::replace_in_folder;

/// Write drafts of mails from a template: one .eml file a customer, which a mail program opens to be sent
///
/// Nothing is sent. A template is a file that begins with `Subject: ...` and an empty line; its fields are {{customer}}, {{name}},
/// {{first}}, {{email}}, {{role}}, {{me}}, {{today}} and every column of a list, such as {{renews}} or {{attr.industry}}. Ready ones:
/// checkin, renewal, survey.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// A file, or the name of a ready template
    template: String,
    /// The customer: id, key or name
    #[arg(required_unless_present = "filter", conflicts_with = "filter")]
    customer: Option<String>,
    /// To all customers that pass this filter
    #[arg(long, short, value_name = "FILTER")]
    filter: Option<String>,
    /// To the contact with this name, or part of one (default: the main one)
    #[arg(long, value_name = "NAME", default_value = "")]
    contact: String,
    /// Write the drafts into this folder, which is made if it is not there
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let text = match READY.iter().find(|(name, _)| *name == args.template) {
        Some((_, text)) => (*text).to_owned(),
        None => std::fs::read_to_string(&args.template).map_err(|e| {
            let ready = READY
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(", ");
            Error::not_found(say!("mail.template_cannot_read", template = args.template))
                .hint(format!("ready ones: {ready}"))
                .because(e)
        })?,
    };
    let customers = match (&args.customer, &args.filter) {
        (Some(name), _) => vec![store.find_customer(name)?],
        (None, filter) => cx.filtered(&mut store, filter.as_deref().unwrap_or_default())?,
    };
    let (all, without) = drafts(
        &mut store,
        &customers,
        &args.contact,
        &Template::parse(&text)?,
        cx.now,
    )?;
    let cannot =
        |e| Error::failed(say!("mail.cannot_made", output = args.output.display())).because(e);
    std::fs::create_dir_all(&args.output).map_err(cannot)?;
    let mut files = Vec::new();
    for draft in &all {
        let path = args.output.join(format!("{}.eml", draft.name));
        replace_in_folder(&path, |out| {
            out.write_all(&draft.bytes)
                .map_err(|e| Error::failed(say!("mail.draft_cannot_written")).because(e))
        })?;
        files.push(json!({ "to": draft.to, "file": path }));
    }
    if cx.out.json {
        return Ok(cx
            .out
            .object(json!({ "drafts": files, "without_address": without }))?);
    }
    let n = all.len();
    cx.out.line(&one_line(&format!(
        "{n} {} in {}",
        if n == 1 { "draft is" } else { "drafts are" },
        args.output.display()
    )))?;
    for name in without {
        cx.warn(&say!("mail.no_such_contact_with", name = name));
    }
    Ok(())
}
