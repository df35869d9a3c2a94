//! `retain outbox`: the person's changes that the book does not have, and letting go of them.

use serde_json::json;

use super::Cx;
use super::fail::Done;
use super::out::one_line;

/// Show your changes that the book does not have yet
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Let go of them: they will not be written
    #[arg(long)]
    drop: bool,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let waiting = store.waiting()?;
    let dropped = if args.drop { store.drop_waiting()? } else { 0 };
    if cx.out.json {
        return cx
            .out
            .rows("waiting", json!({ "waiting": waiting, "dropped": dropped }));
    }
    for change in &waiting {
        let zone = store.config().zone;
        let when = format!(
            "{} {}",
            zone.day(change.at),
            zone.time(change.at).format("%H:%M")
        );
        let line = format!(
            "{}  {}  {}  ({})",
            when, change.person, change.label, change.why
        );
        cx.out.line(&one_line(&line))?;
    }
    if waiting.is_empty() {
        cx.out.line(&say!("outbox.nothing_waits_book_every"))?;
    } else if args.drop {
        cx.out
            .line(&say!("outbox.let_go_them", dropped = dropped))?;
    }
    Ok(())
}
