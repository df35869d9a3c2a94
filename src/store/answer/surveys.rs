//! Pages about what customers say when asked.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use rusqlite::{OptionalExtension, params};

use crate::domain::funnel::Period;
use crate::domain::id::Id;
use crate::domain::query::{NpsPage, PeriodAsk, Question, Reply};
use crate::domain::survey::{self, FRICTION, Figures, Said};
use crate::error::Result;
use crate::store::search::text_at_raw as text_at;
use crate::store::{Store, kept};

use super::{days_of, select};

/// Scores, waves, months and the list to call.
pub fn nps(store: &mut Store, text: &str, ask: PeriodAsk) -> Result<NpsPage> {
    let shared = store.roster()?;
    let today = store.today;
    let selection = match select(store, text)? {
        Ok(selection) => selection,
        Err(mistake) => {
            let (answers, figures, period) = (
                Arc::default(),
                Figures::default(),
                Period {
                    from: today,
                    to: today,
                },
            );
            return Ok(NpsPage {
                answers,
                figures,
                period,
                calls: Vec::new(),
                waiting: 0,
                mistake: Some(mistake),
            });
        }
    };
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let answers = kept::answers(store, &roster)?;
    let period = days_of(ask, today, || answers.said.iter().map(|s| s.day).min());
    let figures = survey::figures(
        &answers,
        &selection.rows,
        |row| selection.passes[row as usize],
        period.from,
        period.to,
    );
    let waits = |said: &Said| {
        let signals = &roster.rows[said.customer as usize].signals;
        let same = signals.nps_day == Some(said.day) && signals.nps_followed;
        !same && signals.reached.is_none_or(|touch| touch <= said.day)
    };
    let (mut calls, followed): (Vec<u32>, Vec<u32>) = figures
        .window
        .counted
        .iter()
        .partition(|at| waits(&answers.said[**at as usize]));
    let waiting = calls.len();
    calls.extend(followed);
    Ok(NpsPage {
        answers,
        figures,
        period,
        calls,
        waiting,
        mistake: None,
    })
}

/// The words of some answers and who said them.
pub fn replies(store: &Store, events: &[Id]) -> Result<Vec<Reply>> {
    let query = "SELECT e.text, coalesce(c.name, '') FROM event e LEFT JOIN contact c ON c.n = e.contact WHERE e.id = ?";
    let mut statement = store.conn.prepare_cached(query)?;
    let mut read = |event: &Id| {
        statement
            .query_row([event], |r| {
                Ok(Reply {
                    event: *event,
                    text: text_at(r, 0)?,
                    contact: text_at(r, 1)?,
                })
            })
            .optional()
            .map_err(Into::into)
    };
    events
        .iter()
        .filter_map(|event| read(event).transpose())
        .collect()
}

/// The answers to questions of surveys, the same words together. The questions of the template come first, also without answers.
/// A filter with a mistake selects nobody; the page beside it says what is wrong.
pub fn friction(store: &mut Store, text: &str, ask: PeriodAsk) -> Result<Vec<Question>> {
    let shared = store.roster()?;
    let Ok(selection) = select(store, text)? else {
        return Ok(Vec::new());
    };
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let period = days_of(ask, store.today, || {
        crate::domain::time::Day::from_number(0)
    });
    let query = "SELECT customer, channel, text FROM event WHERE kind = 18 AND removed = 0 AND day BETWEEN ? AND ? ORDER BY day, customer, id";
    let mut statement = store.conn.prepare_cached(query)?;
    let mut rows = statement.query(params![period.from, period.to])?;
    let mut questions: BTreeMap<String, Question> = BTreeMap::new();
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let at = roster
            .row_of(row.get(0)?)
            .filter(|at| selection.passes[*at]);
        let (Some(at), code, words) = (at, text_at(row, 1)?, text_at(row, 2)?) else {
            continue;
        };
        let question = questions.entry(code.clone()).or_insert_with(|| Question {
            code: code.clone(),
            ..Question::default()
        });
        question.n += 1;
        let next = question.answers.len();
        let folded = crate::text::fold(words.trim().trim_end_matches('.'));
        let place = *places.entry((code, folded)).or_insert(next);
        if place == next {
            question.answers.push((words, Vec::new()));
        }
        question.answers[place].1.push(at as u32);
    }
    for question in questions.values_mut() {
        question
            .answers
            .sort_by_key(|(_, who)| std::cmp::Reverse(who.len()));
    }
    let own = |code: &str| {
        questions.remove(code).unwrap_or_else(|| Question {
            code: code.to_owned(),
            ..Question::default()
        })
    };
    let mut all: Vec<Question> = FRICTION.map(own).into_iter().collect();
    all.extend(questions.into_values());
    Ok(all)
}
