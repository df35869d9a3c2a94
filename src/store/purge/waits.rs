//! What waits in an outbox as a command, without what was purged.

use rusqlite::Connection;
use serde_json::Value as Json;

use crate::domain::command::{Command, Target};
use crate::domain::id::Id;
use crate::error::{Error, Result};

use super::left_of;

/// What is left of a command.
pub enum Left {
    /// All of it.
    All,
    /// It without some of the rows that it named.
    Some(Box<Command>),
    /// It was about what is purged alone.
    Nothing,
}

/// A command without the rows that were purged.
pub fn without(conn: &Connection, command: &Command) -> Result<Left> {
    let lost = |e| Error::failed(say!("waits.change_waits_no_written")).because(e);
    let mut command = command.clone();
    // What stands beside the customers, one for each, goes with them.
    let beside = match &mut command {
        Command::DoneWith { customers, reasons } => Some((customers, reasons)),
        Command::Move {
            customers,
            to: Target::Each(codes),
            ..
        } => Some((customers, codes)),
        _ => None,
    };
    let mut fewer = false;
    if let Some((customers, words)) = beside {
        let (whom, said) = (std::mem::take(customers), std::mem::take(words));
        for (id, word) in whom.into_iter().zip(said) {
            if left_of(conn, id)?.is_some() {
                fewer = true;
            } else {
                customers.push(id);
                words.push(word);
            }
        }
        if fewer && customers.is_empty() {
            return Ok(Left::Nothing);
        }
    }
    let mut json = serde_json::to_value(&command).map_err(lost)?;
    let before = json.clone();
    if names(conn, &mut json)? {
        return Ok(Left::Nothing);
    }
    if json == before && !fewer {
        return Ok(Left::All);
    }
    Ok(Left::Some(Box::new(
        serde_json::from_value(json).map_err(lost)?,
    )))
}

/// Takes ids of purged rows out of lists. `true`: the value is one itself, is a list of nothing else, or has such a one in it.
fn names(conn: &Connection, json: &mut Json) -> Result<bool> {
    match json {
        Json::String(text) => match text.parse::<Id>() {
            Ok(id) => Ok(left_of(conn, id)?.is_some()),
            Err(_) => Ok(false),
        },
        Json::Array(all) => {
            let before = all.len();
            let mut left = Vec::with_capacity(before);
            for mut one in std::mem::take(all) {
                if !names(conn, &mut one)? {
                    left.push(one);
                }
            }
            *all = left;
            Ok(before > 0 && all.is_empty())
        }
        Json::Object(fields) => {
            let mut purged = false;
            for (_, one) in fields.iter_mut() {
                purged |= names(conn, one)?;
            }
            Ok(purged)
        }
        _ => Ok(false),
    }
}
