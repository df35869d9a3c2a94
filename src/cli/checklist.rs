//! `retain checklist`: the questions of a stage at a customer, and their answers.

use serde_json::json;

use super::fail::Done;
use super::out::{Ink, one_line};
use super::{Cx, joined, unexpected};
use crate::domain::checklist::{Answer, Checklist};
use crate::domain::command::Command;
use crate::domain::query::{Page, Query};
use crate::error::Error;

/// The checklist of a customer's stage: show it, or answer a question
///
/// `retain checklist acme` shows that of its present stage, `retain checklist acme fraud yes "3-D Secure is on"` answers.
/// Answers change nothing before them: the latest one holds, and `retain undo` takes it back.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Id, key or name
    #[arg(add = super::complete::customers())]
    customer: String,
    /// Code or number of a question, or a part of its words
    #[arg(requires = "answer")]
    question: Option<String>,
    /// yes, no or na
    answer: Option<String>,
    /// In your own words
    note: Vec<String>,
    /// Code or name of another stage than the present one
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let customer = store.find_customer(&args.customer)?;
    let Page::Checklists(lists) = store.answer(&Query::Checklists { customer })? else {
        return Err(unexpected().into());
    };
    let stages = store.config();
    let list = match &args.stage {
        Some(name) => {
            let code = stages
                .stages
                .find(name)
                .map(|no| stages.stages.code(no).to_owned());
            let code = code.ok_or_else(|| Error::usage(say!("any.there_no_stage", name = name)))?;
            lists.into_iter().find(|l| l.stage == code)
        }
        None => lists.into_iter().find(|l| l.present),
    };
    let Some(list) = list else {
        return Err(Error::usage(say!("checklist.customer_no_stage"))
            .hint(say!("checklist.name_one_with_stage"))
            .into());
    };
    let (Some(question), Some(answer)) = (&args.question, &args.answer) else {
        return print(cx, &list);
    };
    let answer = Answer::parse(answer).ok_or_else(|| {
        Error::usage(say!("checklist.not_answer", answer = answer))
            .hint(say!("checklist.yes_no_or_na"))
    })?;
    let question = store.find_question(&list.stage, question)?;
    cx.write(
        &mut store,
        &Command::Check {
            customer,
            stage: list.stage,
            question,
            answer,
            note: joined(&args.note),
        },
    )
}

fn print(cx: &mut Cx<'_>, list: &Checklist) -> Done {
    if cx.out.json {
        return Ok(cx
            .out
            .object(json!({ "checklist": list, "gaps": list.gaps() }))?);
    }
    let head = format!(
        "{}: {} of {} answered",
        list.label,
        list.items.len() - list.gaps(),
        list.items.len()
    );
    let head = cx.out.paint(Ink::Bold, &one_line(&head));
    cx.out.line(&head)?;
    for item in &list.items {
        let said = item.answered.as_ref().map_or("-", |a| a.answer.code());
        cx.out.line(&one_line(&format!(
            "  {said:<4} {:<13} {}",
            item.question.code, item.question.ask
        )))?;
        if let Some(answered) = &item.answered {
            let by = format!(
                "{:19}{} {}  {}",
                "",
                answered.by,
                answered.at.utc().format("%Y-%m-%d"),
                answered.note
            );
            let by = cx.out.paint(Ink::Dim, &one_line(by.trim_end()));
            cx.out.line(&by)?;
        }
    }
    if !list.exit.is_empty() || !list.exit_when.is_empty() {
        cx.out.line(&say!("checklist.before_moves_on"))?;
    }
    for words in &list.exit {
        cx.out.line(&one_line(&format!("       {words}")))?;
    }
    for (filter, met) in &list.exit_when {
        cx.out.line(&one_line(&format!(
            "  {}  {filter}",
            if *met { "met " } else { "open" }
        )))?;
    }
    Ok(())
}
