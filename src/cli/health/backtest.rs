//! `retain health --backtest`: the scores of past month ends against what became of the customers.

use serde_json::json;

use crate::cli::fail::Done;
use crate::cli::{Cx, unexpected};
use crate::domain::health::backtest::{Row, Share};
use crate::domain::query::{Page, Query};
use crate::store::Store;
use crate::text::words::Words;

pub(super) fn run(cx: &mut Cx<'_>, store: &mut Store, months: u8) -> Done {
    let Page::Backtest(test) = store.answer_whole(&Query::Backtest { months })? else {
        return Err(unexpected().into());
    };
    let said = test.sentences(&Words::english());
    if cx.out.json {
        return Ok(cx
            .out
            .object(json!({ "backtest": test, "sentences": said }))?);
    }
    for sentence in said {
        cx.out.line(&sentence)?;
    }
    let cells = |row: &Row| {
        let lost = row.rate.map_or(
            ["-".to_owned(), "-".to_owned()],
            |Share { value, low, high }| {
                [
                    format!("{:.1}%", value * 100.0),
                    format!("{:.1}% to {:.1}%", low * 100.0, high * 100.0),
                ]
            },
        );
        let [rate, interval] = lost;
        vec![
            row.band.code().to_owned(),
            row.n.to_string(),
            row.lost.to_string(),
            rate,
            interval,
        ]
    };
    let rows: Vec<Vec<String>> = test.bands.iter().map(cells).collect();
    Ok(cx.out.table(
        &["band", "n", "lost", "rate", "95% interval"],
        &[false, true, true, true, true],
        &rows,
    )?)
}
