//! `retain doctor`: examines the book, and makes anew what follows from its facts when asked to.

use serde_json::json;

use super::Cx;
use super::fail::Done;
use super::out::{Ink, one_line};
use crate::error::Error;

/// Examine the book
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// First fold every customer's figures again from its first event, index all words and list conflicts anew; changes no fact
    #[arg(long)]
    rebuild: bool,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let rebuilt = if args.rebuild {
        Some(store.rebuild()?)
    } else {
        None
    };
    let checks = store.doctor()?;
    let well = checks.iter().all(|c| c.ok);
    if cx.out.json {
        cx.out.rows(
            "checks",
            json!({ "ok": well, "rebuilt": rebuilt, "book": store.book()?, "digest": store.digest()?, "checks": checks }),
        )?;
    } else {
        if let Some(customers) = rebuilt {
            cx.out.line(&say!(
                "doctor.folded_figures_customers_again",
                customers = customers
            ))?;
        }
        for check in &checks {
            let (ink, word) = if check.ok {
                (Ink::Good, "ok   ")
            } else {
                (Ink::Risk, "WRONG")
            };
            let word = cx.out.paint(ink, word);
            cx.out.line(&format!(
                "{word} {:<12} {}",
                check.code,
                one_line(&check.words)
            ))?;
        }
    }
    if well {
        return Ok(());
    }
    let wrong: Vec<&str> = checks.iter().filter(|c| !c.ok).map(|c| c.code).collect();
    cx.out.flush()?;
    Err(Error::failed(say!("doctor.book_not_well", wrong = wrong.join(", "))).into())
}
