//! Pages about the funnel.

use std::borrow::Cow;
use std::sync::PoisonError;

use crate::domain::funnel::{self, Period, Visit};
use crate::domain::query::{FunnelPage, PeriodAsk};
use crate::error::Result;
use crate::store::{Store, kept};

use super::{days_of, select};

/// The funnel's page.
pub fn page(
    store: &mut Store,
    text: &str,
    period: Option<PeriodAsk>,
    mode: funnel::Mode,
) -> Result<FunnelPage> {
    let shared = store.roster()?;
    let today = store.today;
    let selection = match select(store, text)? {
        Ok(selection) => selection,
        Err(mistake) => {
            let period = Period {
                from: today,
                to: today,
            };
            return Ok(FunnelPage {
                stages: Vec::new(),
                flows: Vec::new(),
                period,
                mode,
                cards: Vec::new(),
                mistake: Some(mistake),
            });
        }
    };
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let visits = kept::visits(store, &roster)?;
    let period = days_of(period.unwrap_or(PeriodAsk::Days(90)), today, || {
        visits.iter().map(|v| v.entered).min()
    });
    let counted: Cow<'_, [Visit]> = if selection.all {
        Cow::Borrowed(visits.as_slice())
    } else {
        visits
            .iter()
            .filter(|v| selection.passes[v.customer as usize])
            .copied()
            .collect()
    };
    let stages = &store.config.stages;
    let mut cards: Vec<Vec<u32>> = vec![Vec::new(); stages.stage.len()];
    let mut present = Vec::with_capacity(selection.rows.len());
    for row in selection.rows {
        let at = row as usize;
        let signals = &roster.rows[at].signals;
        if let (Some(age), Some(card)) = (
            roster.stage_age(at),
            cards.get_mut(usize::from(signals.stage.0)),
        ) {
            present.push((signals.stage, age, roster.arr(at)));
            card.push(row);
        }
    }
    for card in &mut cards {
        roster.sort_cards(card);
    }
    let (figures, flows) = funnel::figures(stages, &counted, &present, period, mode, today);
    Ok(FunnelPage {
        stages: figures,
        flows,
        period,
        mode,
        cards,
        mistake: None,
    })
}
