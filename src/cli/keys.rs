//! `retain keys`: the table of all keys. The text comes from the screens' own rows, through `main`.

use super::Cx;
use super::fail::Done;

/// Print every key of the screens
#[derive(clap::Args, Debug)]
pub(super) struct Args {}

pub(super) fn run(cx: &mut Cx<'_>, _: &Args) -> Done {
    let text = (cx.wiring.keys)();
    if cx.out.json {
        let rows: Vec<&str> = text.lines().collect();
        return Ok(cx.out.object(serde_json::json!({ "lines": rows }))?);
    }
    for line in text.lines() {
        cx.out.line(line)?;
    }
    Ok(())
}
