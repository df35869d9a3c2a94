//! `retain keys`: the table of all keys. It comes from the screens' own rows, through `main`.

use serde_json::json;

use super::Cx;
use super::fail::Done;

/// Print every key of the screens
#[derive(clap::Args, Debug)]
pub(super) struct Args {}

pub(super) fn run(cx: &mut Cx<'_>, _: &Args) -> Done {
    let keys = (cx.wiring.keys)();
    if cx.out.json {
        let row = |[action, keys, words, cli]: &[String; 4]| json!({ "action": action, "keys": keys, "words": words, "subcommand": cli });
        return cx.out.rows(
            "rows",
            json!({ "rows": keys.iter().map(row).collect::<Vec<_>>() }),
        );
    }
    let rows: Vec<Vec<String>> = keys
        .into_iter()
        .map(|[action, keys, words, cli]| vec![keys, words, action, cli])
        .collect();
    Ok(cx.out.table(
        &["keys", "what", "action", "subcommand"],
        &[false; 4],
        &rows,
    )?)
}
