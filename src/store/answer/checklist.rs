//! The checklists of a customer: the questions of each stage with the latest answer, and what its exit criteria say today.

use std::collections::HashMap;
use std::sync::PoisonError;

use crate::columns;
use crate::domain::checklist::{Answer, Answered, Checklist, Item};
use crate::domain::event::EventKind;
use crate::domain::id::Id;
use crate::domain::time::Stamp;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::search::text_at_raw as text_at;

use super::load_attribute;

const _: () = assert!(EventKind::Check as i64 == 14);

/// Every stage's checklist, in the order of the lifecycle; nothing for a customer that is gone.
pub fn all(store: &mut Store, customer: Id) -> Result<Vec<Checklist>> {
    let answers = answers(store, customer)?;
    let shared = store.roster()?;
    let config = store.config.clone();
    let fields = columns::fields(&config);
    for filter in config
        .stages
        .stage
        .iter()
        .flat_map(|s| s.exits(&fields))
        .filter_map(|(_, filter)| filter.ok())
    {
        for code in filter.attributes() {
            load_attribute(store, &shared, &code)?;
        }
    }
    let roster = shared.read().unwrap_or_else(PoisonError::into_inner);
    let Some(at) = roster.row_of_id(customer) else {
        return Ok(Vec::new());
    };
    let signals = roster.rows[at].signals;
    let lists = config.stages.all().filter_map(|no| {
        let stage = config.stages.get(no)?;
        let unmet = columns::unmet(&roster, at, no);
        let answered = |code: &str| answers.get(&(stage.code.clone(), code.to_owned())).cloned();
        Some(Checklist {
            stage: stage.code.clone(),
            label: stage.label.clone(),
            present: signals.since.is_some() && signals.stage == no,
            items: stage
                .checklist
                .iter()
                .map(|q| Item {
                    answered: answered(&q.code),
                    question: q.clone(),
                })
                .collect(),
            exit: stage.exit.clone(),
            exit_when: stage
                .exit_when
                .iter()
                .map(|text| (text.clone(), !unmet.contains(&text.as_str())))
                .collect(),
        })
    });
    Ok(lists.collect())
}

/// The latest answer by the codes of stage and question.
fn answers(store: &Store, customer: Id) -> Result<HashMap<(String, String), Answered>> {
    let query = "SELECT e.channel, e.reference, e.number, e.text, e.at, b.person FROM event e JOIN batch b ON b.n = e.batch
                 JOIN customer c ON c.n = e.customer WHERE c.id = ? AND e.kind = 14 AND e.removed = 0 ORDER BY e.at, e.id";
    let mut statement = store.conn.prepare_cached(query)?;
    let mut rows = statement.query([&customer])?;
    let mut answers = HashMap::new();
    while let Some(r) = rows.next()? {
        let mut read = || -> rusqlite::Result<()> {
            if let Some(answer) = r.get::<_, Option<i64>>(2)?.and_then(Answer::from_number) {
                let answered = Answered {
                    answer,
                    note: text_at(r, 3)?,
                    by: text_at(r, 5)?,
                    at: Stamp(r.get(4)?),
                };
                answers.insert((text_at(r, 0)?, text_at(r, 1)?), answered);
            }
            Ok(())
        };
        read()?;
    }
    Ok(answers)
}

impl Store {
    /// The question of a stage's checklist that a person means by its code, its number from 1, or a part of its words.
    pub fn find_question(&self, stage: &str, name: &str) -> Result<String> {
        let stages = &self.config.stages;
        let Some(stage) = stages.find(stage).and_then(|no| stages.get(no)) else {
            return Err(Error::usage(say!(
                "checklist.there_no_stage_2",
                stage = stage
            )));
        };
        let wanted = crate::text::fold(name.trim());
        let number = name
            .trim()
            .parse::<usize>()
            .ok()
            .and_then(|n| n.checked_sub(1))
            .and_then(|at| stage.checklist.get(at));
        if let Some(found) = stage
            .checklist
            .iter()
            .find(|q| q.code == name.trim())
            .or(number)
        {
            return Ok(found.code.clone());
        }
        let fits: Vec<_> = stage
            .checklist
            .iter()
            .filter(|q| crate::text::fold(&q.ask).contains(&wanted))
            .collect();
        match fits.as_slice() {
            [one] => Ok(one.code.clone()),
            [] => Err(stage.checklist.iter().fold(
                Error::not_found(say!(
                    "checklist.no_question",
                    label = stage.label,
                    name = name
                )),
                |e, q| e.hint(format!("{}: {}", q.code, q.ask)),
            )),
            several => Err(several.iter().fold(
                Error::usage(format!("\"{name}\" fits {} questions", several.len())),
                |e, q| e.hint(format!("{}: {}", q.code, q.ask)),
            )),
        }
    }
}
