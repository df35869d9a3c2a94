//! `retain answer`, `retain invite` and `retain survey`: answers to surveys recorded, invitations, and what was answered.

use serde_json::{Value, json};

use super::fail::Done;
use super::nps::{Window, find_contact};
use super::out::{Ink, one_line};
use super::{Cx, unexpected};
use crate::domain::command::{Command, Said};
use crate::domain::query::{Page, Query, Question};
use crate::domain::survey::FRICTION;
use crate::error::Error;
use crate::text::words::Words;

/// Record answers to a survey: satisfaction, effort, where buying hurt
#[derive(clap::Args, Debug)]
pub(super) struct AnswerArgs {
    /// Id, key or name
    #[arg(add = super::complete::customers())]
    customer: String,
    /// Satisfaction, 1 to 5
    #[arg(long, value_name = "1-5")]
    csat: Option<u8>,
    /// How easy it was, 1 to 7
    #[arg(long, value_name = "1-7")]
    ces: Option<u8>,
    /// What was said with the number
    #[arg(long, value_name = "TEXT", default_value = "")]
    text: String,
    /// How they heard of us
    #[arg(long, value_name = "TEXT")]
    heard: Option<String>,
    /// What they think of us
    #[arg(long, value_name = "TEXT")]
    opinion: Option<String>,
    /// Where the purchase hurt
    #[arg(long, value_name = "TEXT")]
    hurt: Option<String>,
    /// The round of asking that it belongs to
    #[arg(long, value_name = "WAVE", default_value = "")]
    wave: String,
    /// Who answered: a contact's name or part of one
    #[arg(long, value_name = "NAME")]
    contact: Option<String>,
    /// When: "2d ago", yesterday
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

pub(super) fn answer(cx: &mut Cx<'_>, args: &AnswerArgs) -> Done {
    let mut store = cx.open()?;
    let customer = store.find_customer(&args.customer)?;
    let contact = args
        .contact
        .as_deref()
        .map(|name| find_contact(cx, &mut store, customer, name))
        .transpose()?;
    let words = FRICTION
        .into_iter()
        .zip([&args.heard, &args.opinion, &args.hurt]);
    let mut answers: Vec<Said> = words
        .filter_map(|(code, text)| Some(Said::Words(code.to_owned(), text.clone()?)))
        .collect();
    answers.extend(args.csat.map(|score| Said::Csat(score, args.text.clone())));
    answers.extend(args.ces.map(|score| Said::Ces(score, args.text.clone())));
    if answers.is_empty() {
        return Err(Error::usage(say!("any.there_no_answer"))
            .hint(say!("survey.csat_ces_heard_opinion"))
            .into());
    }
    let at = cx.past(&store, args.at.as_deref())?;
    cx.write(
        &mut store,
        &Command::Survey {
            customer,
            contact,
            wave: args.wave.clone(),
            answers,
            at,
        },
    )
}

/// Record that an invitation to a survey was delivered
#[derive(clap::Args, Debug)]
pub(super) struct InviteArgs {
    /// Ids, keys or names; - reads them from standard input
    #[arg(required_unless_present = "filter", add = super::complete::customers())]
    customers: Vec<String>,
    /// All customers that pass this filter
    #[arg(long, short, value_name = "FILTER", conflicts_with = "customers", add = super::complete::filters())]
    filter: Option<String>,
    /// The round of asking, as you call it: "2026 autumn"
    #[arg(long, value_name = "WAVE")]
    wave: String,
    /// What it asks
    #[arg(long, value_name = "SURVEY", default_value = "nps", value_parser = ["nps", "csat", "ces", "friction"])]
    asks: String,
    /// When: "2d ago", yesterday
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

pub(super) fn invite(cx: &mut Cx<'_>, args: &InviteArgs) -> Done {
    let mut store = cx.open()?;
    let customers = match (&args.filter, args.customers.as_slice()) {
        (Some(filter), _) => cx.filtered(&mut store, filter)?,
        (None, [dash]) if dash == "-" => super::whom::from_stdin(&mut store)?,
        (None, names) => names
            .iter()
            .map(|name| store.find_customer(name))
            .collect::<Result<_, _>>()?,
    };
    let at = cx.past(&store, args.at.as_deref())?;
    cx.write(
        &mut store,
        &Command::Invite {
            customers,
            asks: args.asks.clone(),
            wave: args.wave.clone(),
            at,
        },
    )
}

/// What was answered to the questions of surveys, the same words together
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    window: Window,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    let filter = args.window.filter.clone();
    let check = Query::Customers {
        filter: filter.clone(),
        sort: String::new(),
        descending: false,
        columns: Vec::new(),
    };
    super::list::rows_page(&mut store, &check, &filter)?;
    let ask = Query::Friction {
        filter,
        period: args.window.period(store.today()),
    };
    let Page::Friction(questions) = store.answer(&ask)? else {
        return Err(unexpected().into());
    };
    let shared = store.roster()?;
    let roster = shared
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let words = Words::english();
    if cx.out.json {
        let names = |who: &[u32]| {
            who.iter()
                .map(|row| roster.name(*row as usize))
                .collect::<Vec<_>>()
        };
        let answer = |(text, who): &(String, Vec<u32>)| json!({"text": text, "n": who.len(), "customers": names(who)});
        let one = |q: &Question| json!({"question": q.code, "words": words.question(&q.code), "n": q.n, "answers": q.answers.iter().map(answer).collect::<Vec<_>>()});
        return cx.out.rows(
            "questions",
            json!({"questions": questions.iter().map(one).collect::<Vec<Value>>()}),
        );
    }
    for question in &questions {
        let head = cx
            .out
            .paint(Ink::Bold, &one_line(words.question(&question.code)));
        cx.out.line(&head)?;
        if question.n == 0 {
            cx.out.line("  no answers")?;
        }
        for (text, who) in question.answers.iter().take(20) {
            cx.out
                .line(&format!("{:>5}  {}", who.len(), one_line(text)))?;
        }
        if question.answers.len() > 20 {
            cx.out.line(&say!(
                "survey.other_answers",
                len = question.answers.len() - 20
            ))?;
        }
    }
    Ok(())
}
