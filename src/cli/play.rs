//! `retain play`: playbooks at customers.

use clap::Subcommand;
use serde_json::json;

use super::fail::Done;
use super::out::{Ink, one_line};
use super::whom::Whom;
use super::{Cx, by_end, complete, joined, unexpected};
use crate::domain::command::Command;
use crate::domain::playbook::Anchor;
use crate::domain::query::{Page, PlayAsk, PlayRow, Query, StepRow};
use crate::error::{Error, Result};
use crate::store::Store;

/// Playbooks: what there are, which run where, start one, skip a step, end one
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// The playbooks of the book with their steps (`retain config playbooks` has them as TOML)
    Books,
    /// Those that run at customers
    List {
        /// Only at this customer: id, key or name
        #[arg(add = super::complete::customers())]
        customer: Option<String>,
        /// Only at customers that pass this filter
        #[arg(long, value_name = "FILTER", default_value = "", add = super::complete::filters())]
        filter: String,
        /// Ended ones too
        #[arg(long)]
        ended: bool,
    },
    /// Start a playbook at a customer, or at all that pass a filter
    Start {
        /// Code or label
        #[arg(add = complete::playbooks())]
        playbook: String,
        #[command(flatten)]
        whom: Whom,
        /// The day its steps count from, where they count from the start
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
    },
    /// Skip a step, with the reason
    Skip {
        /// The end of its task's id, as `retain play list` prints it (`retain task --done` takes the same)
        step: String,
        /// Why
        reason: Vec<String>,
    },
    /// End a playbook; its open steps leave the lists
    End {
        /// The end of its id
        play: String,
        /// What came of it
        outcome: Vec<String>,
    },
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    match &args.what {
        What::Books => books(cx, &store),
        What::List {
            customer,
            filter,
            ended,
        } => {
            let customer = customer
                .as_deref()
                .map(|c| store.find_customer(c))
                .transpose()?;
            let rows = answer(
                &mut store,
                PlayAsk {
                    filter: filter.clone(),
                    customer,
                    ended: *ended,
                },
            )?;
            print(cx, &rows)
        }
        What::Start {
            playbook,
            whom,
            from,
        } => {
            if let [word, ..] = whom.words(&[])[..] {
                return Err(Error::usage(say!("play.one_too_many_filter", word = word)).into());
            }
            let customers = whom.find(cx, &mut store)?;
            let from = cx.day(&store, from.as_deref())?;
            cx.write(
                &mut store,
                &Command::StartPlay {
                    customers,
                    playbook: playbook.clone(),
                    from,
                },
            )
        }
        What::Skip { step, reason } => {
            let rows = answer(&mut store, PlayAsk::default())?;
            let steps: Vec<(&PlayRow, &StepRow)> = rows
                .iter()
                .flat_map(|p| p.steps.iter().map(move |s| (p, s)))
                .collect();
            let named = steps
                .iter()
                .map(|(p, s)| (s.task, format!("{}, {}", p.customer_name, s.title)));
            let at = by_end("step", &say!("play.retain_play_list"), named, step)?;
            let step = steps[at].1.id;
            cx.write(
                &mut store,
                &Command::SkipStep {
                    step,
                    reason: joined(reason),
                },
            )
        }
        What::End { play, outcome } => {
            let rows = answer(&mut store, PlayAsk::default())?;
            let at = by_end(
                "running playbook",
                &say!("play.retain_play_list"),
                rows.iter()
                    .map(|p| (p.id, format!("{}, {}", p.customer_name, p.label))),
                play,
            )?;
            cx.write(
                &mut store,
                &Command::EndPlay {
                    play: rows[at].id,
                    outcome: joined(outcome),
                },
            )
        }
    }
}

fn answer(store: &mut Store, ask: PlayAsk) -> Result<Vec<PlayRow>> {
    match store.answer(&Query::Plays(ask))? {
        Page::Plays(rows) => Ok(rows),
        _ => Err(unexpected()),
    }
}

fn books(cx: &mut Cx<'_>, store: &Store) -> Done {
    let config = store.config();
    if cx.out.json {
        let value = serde_json::to_value(&config.playbooks)
            .map_err(|e| Error::failed(say!("play.playbooks_cannot_written_as")).because(e))?;
        return cx.out.rows("playbook", value);
    }
    for book in &config.playbooks.playbook {
        let from = match book.from {
            Anchor::Start => say!("play.from_its_start"),
            Anchor::Renewal => say!("play.from_renewal"),
            Anchor::Stage => say!("play.from_stage_entry"),
        };
        let head = cx.out.paint(
            Ink::Bold,
            &one_line(&format!("{}  {}", book.code, book.label)),
        );
        cx.out.line(&head)?;
        let goal = cx.out.paint(
            Ink::Dim,
            &one_line(&format!("  {} Days {from}.", book.goal)),
        );
        cx.out.line(&goal)?;
        for step in &book.step {
            cx.out
                .line(&one_line(&format!("  {:>4}d  {}", step.day, step.title)))?;
        }
    }
    Ok(())
}

fn print(cx: &mut Cx<'_>, rows: &[PlayRow]) -> Done {
    if cx.out.json {
        return cx.out.rows("plays", json!({ "plays": rows }));
    }
    if rows.is_empty() {
        return Ok(cx.out.line(&say!("play.no_playbook_runs_there"))?);
    }
    for play in rows {
        let done = play
            .steps
            .iter()
            .filter(|s| s.done.is_some() || !s.skipped.is_empty())
            .count();
        let by = if play.cause.is_empty() {
            String::new()
        } else {
            say!("play.by_rule", cause = play.cause).to_string()
        };
        let end = play
            .ended
            .map_or_else(String::new, |d| format!(", ended {d} {}", play.outcome));
        let head = say!(
            "play.done_since",
            id = super::tail(play.id),
            customer_name = play.customer_name,
            label = play.label,
            done = done,
            steps = play.steps.len(),
            started = play.started,
            by = by,
            end = end
        );
        let head = cx.out.paint(Ink::Bold, &one_line(&head));
        cx.out.line(&head)?;
        for step in &play.steps {
            let state = match (&step.done, step.skipped.as_str()) {
                (Some(_), _) => "done".to_owned(),
                (None, "") => step.due.map_or_else(String::new, |d| d.to_string()),
                (None, why) => format!("skipped: {why}"),
            };
            cx.out.line(&one_line(&format!(
                "  {}  {:<12} {} ({})",
                super::tail(step.task),
                state,
                step.title,
                step.owner
            )))?;
        }
    }
    Ok(())
}
