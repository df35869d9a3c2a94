//! `retain rule` and `retain alerts`: what happens by itself, tried before it is saved, and what has fired.

use clap::Subcommand;
use serde_json::json;

use super::fail::Done;
use super::out::{Ink, one_line};
use super::{Cx, by_end, joined, unexpected};
use crate::columns;
use crate::domain::action::KINDS;
use crate::domain::command::Command;
use crate::domain::query::{FiredAsk, FiredRow, Page, Query};
use crate::domain::rule::{Alert, Call, Edge, Rule};
use crate::error::{Error, Result};
use crate::store::Store;

/// Rules: list, try, add, switch on and off, what has fired, take one firing back
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// The rules of the book (`retain config rules` has them as TOML)
    List,
    /// Whom a rule or a filter holds today, and for whom it would have fired lately
    Try {
        /// A rule's code, or a filter
        rule: Vec<String>,
        /// How many days to look back
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=730))]
        days: u16,
        /// Try the leaving of the filter instead of the coming in
        #[arg(long)]
        leave: bool,
    },
    /// Add a rule; customers that it holds already count as seen
    Add(Box<Add>),
    /// Switch a rule on
    On {
        /// Its code
        code: String,
    },
    /// Switch a rule off
    Off {
        /// Its code
        code: String,
    },
    /// Remove a rule
    Remove {
        /// Its code
        code: String,
    },
    /// What has fired, the latest first
    Log {
        /// Only this rule
        #[arg(long, value_name = "CODE", default_value = "")]
        rule: String,
        /// Not before this day: 2026-11-01, "7d ago"
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
    },
    /// Take one firing back: its call, its playbook and its alert; it does not fire again for the same entry
    Undo {
        /// The end of its id, as `retain rule log` prints it
        id: String,
    },
    /// Ask all rules for today, as the screens do when the day changes
    Run,
}

#[derive(clap::Args, Debug)]
struct Add {
    /// Code: lower-case letters and underscores
    code: String,
    /// The filter, in the language of lists
    #[arg(long, value_name = "FILTER")]
    when: String,
    /// What a person reads (default: the code)
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Fire when a customer leaves the filter
    #[arg(long)]
    leave: bool,
    /// Start this playbook
    #[arg(long, value_name = "CODE", default_value = "")]
    playbook: String,
    /// Open a call to action of this kind
    #[arg(long, value_name = "KIND", value_parser = clap::builder::PossibleValuesParser::new(KINDS))]
    action: Option<String>,
    /// The call's title (default: the label)
    #[arg(long, value_name = "TEXT", default_value = "", requires = "action")]
    title: String,
    /// Days in which the call is due
    #[arg(long, value_name = "DAYS", requires = "action")]
    days: Option<u16>,
    /// The call's severity, 1 (worst) to 4
    #[arg(long, requires = "action", value_parser = clap::value_parser!(u8).range(1..=4))]
    severity: Option<u8>,
    /// Alert the customer's owner or the team
    #[arg(long, value_parser = ["owner", "team"])]
    alert: Option<String>,
    /// Print what it would do and save nothing
    #[arg(long)]
    dry_run: bool,
}

/// What rules alert you to; asks the rules for today first
#[derive(clap::Args, Debug)]
pub(super) struct AlertArgs {
    /// Everybody's, not only those at your customers and to the team
    #[arg(long)]
    all: bool,
    /// Only those at your own customers, without those to the team
    #[arg(long, conflicts_with = "all")]
    own: bool,
    /// Not before this day (default: 14 days ago)
    #[arg(long, value_name = "DATE", default_value = "14d ago")]
    since: String,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let mut store = cx.open()?;
    match &args.what {
        What::List => list(cx, &mut store),
        What::Try { rule, days, leave } => {
            let text = joined(rule);
            let known = store.config().rules.find(&text).cloned();
            let on = if *leave { Edge::Leave } else { Edge::Enter };
            let rule = known.unwrap_or(Rule {
                code: "tried".into(),
                label: text.clone(),
                when: text,
                on,
                ..Rule::default()
            });
            trial(cx, &mut store, &rule, *days)
        }
        What::Add(add) => self::add(cx, &mut store, add),
        What::On { code } => change(cx, &mut store, code, |rule| {
            Rule {
                off: false,
                ..rule.clone()
            }
            .command(Some(rule))
        }),
        What::Off { code } => change(cx, &mut store, code, |rule| {
            Rule {
                off: true,
                ..rule.clone()
            }
            .command(Some(rule))
        }),
        What::Remove { code } => change(cx, &mut store, code, Rule::removal),
        What::Log { rule, since } => {
            let since = cx
                .past(&store, since.as_deref())?
                .map(|at| store.config().zone.day(at));
            let rows = fired(
                &mut store,
                FiredAsk {
                    rule: rule.clone(),
                    since,
                    ..FiredAsk::default()
                },
            )?;
            print(cx, &rows, &say!("rule.no_rule_fired_there"))
        }
        What::Undo { id } => {
            let rows = fired(
                &mut store,
                FiredAsk {
                    limit: usize::MAX,
                    ..FiredAsk::default()
                },
            )?;
            let at = by_end(
                "firing",
                &say!("rule.retain_rule_log"),
                rows.iter()
                    .map(|r| (r.id, format!("{}, {}", r.customer_name, r.text))),
                id,
            )?;
            cx.write(&mut store, &Command::TakeBackFiring { event: rows[at].id })
        }
        What::Run => {
            cx.really()?;
            let (count, labels) = store.run_rules(cx.now)?;
            cx.hand_on(&mut store);
            if cx.out.json {
                return Ok(cx.out.object(json!({ "fired": count, "rules": labels }))?);
            }
            let which = if labels.is_empty() {
                String::new()
            } else {
                format!(": {}", labels.join(", "))
            };
            Ok(cx.out.line(&one_line(&format!("{count} fired{which}")))?)
        }
    }
}

/// `retain alerts`.
pub(super) fn alerts(cx: &mut Cx<'_>, args: &AlertArgs) -> Done {
    let mut store = cx.open()?;
    if store.read_only().is_none() && !cx.globals.dry_run {
        store.run_rules(cx.now)?;
        cx.hand_on(&mut store);
    }
    let since = cx
        .past(&store, Some(&args.since))?
        .map(|at| store.config().zone.day(at));
    let rows = fired(
        &mut store,
        FiredAsk {
            since,
            alerts: true,
            mine: !args.all,
            own: args.own,
            ..FiredAsk::default()
        },
    )?;
    print(cx, &rows, &say!("rule.nothing_alerted"))
}

fn fired(store: &mut Store, ask: FiredAsk) -> Result<Vec<FiredRow>> {
    match store.answer(&Query::Fired(ask))? {
        Page::Fired(rows) => Ok(rows),
        _ => Err(unexpected()),
    }
}

fn print(cx: &mut Cx<'_>, rows: &[FiredRow], none: &str) -> Done {
    if cx.out.json {
        return cx.out.rows("fired", json!({ "fired": rows }));
    }
    if rows.is_empty() {
        return Ok(cx.out.line(none)?);
    }
    let table: Vec<Vec<String>> = rows
        .iter()
        .map(|r| {
            vec![
                super::tail(r.id),
                r.day.to_string(),
                r.customer_name.clone(),
                r.owner.clone(),
                r.alert.clone(),
                r.text.clone(),
            ]
        })
        .collect();
    Ok(cx.out.table(
        &["id", "day", "customer", "owner", "alerts", "why"],
        &[false; 6],
        &table,
    )?)
}

fn list(cx: &mut Cx<'_>, store: &mut Store) -> Done {
    let config = store.config();
    if cx.out.json {
        let value = serde_json::to_value(&config.rules)
            .map_err(|e| Error::failed(say!("rule.rules_cannot_written_as")).because(e))?;
        return cx.out.rows("rule", value);
    }
    for rule in &config.rules.rule {
        let head = format!(
            "{}  {}{}",
            rule.code,
            rule.label,
            if rule.off { " (off)" } else { "" }
        );
        let head = cx.out.paint(Ink::Bold, &one_line(&head));
        cx.out.line(&head)?;
        cx.out.line(&one_line(&format!(
            "  {} {}",
            if rule.on == Edge::Enter {
                "enters"
            } else {
                "leaves"
            },
            rule.when
        )))?;
        cx.out.line(&one_line(&format!("  {}", does(rule))))?;
    }
    Ok(())
}

/// What a rule does, in a line.
fn does(rule: &Rule) -> String {
    let mut parts = Vec::new();
    if let Some(call) = &rule.action {
        let days = call
            .days
            .map_or_else(String::new, |d| format!(" due in {d}d"));
        let title = if call.title.is_empty() {
            &rule.label
        } else {
            &call.title
        };
        parts.push(format!("opens {} \"{title}\"{days}", call.kind));
    }
    if !rule.playbook.is_empty() {
        parts.push(format!("starts {}", rule.playbook));
    }
    match rule.alert {
        Alert::None => {}
        Alert::Owner => parts.push(say!("rule.alerts_owner").into()),
        Alert::Team => parts.push(say!("rule.alerts_team").into()),
    }
    parts.join(", ")
}

/// Warns of words in a rule that nothing is called by: it is a slip, or something that comes later.
fn warn(cx: &mut Cx<'_>, store: &mut Store, rule: &Rule) -> Result<()> {
    for unknown in store.unknown_words(rule)? {
        cx.warn(&unknown.sentence());
    }
    Ok(())
}

fn trial(cx: &mut Cx<'_>, store: &mut Store, rule: &Rule, days: u16) -> Done {
    warn(cx, store, rule)?;
    let Page::Trial(trial) = store.answer_whole(&Query::Trial {
        rule: Box::new(rule.clone()),
        days,
    })?
    else {
        return Err(unexpected().into());
    };
    if cx.out.json {
        let value = serde_json::to_value(&trial)
            .map_err(|e| Error::failed(say!("rule.trial_cannot_written_as")).because(e))?;
        return Ok(cx.out.object(value)?);
    }
    let how = if trial.step == 1 {
        ""
    } else {
        &say!("rule.looked_at_once_week")
    };
    let verb = if rule.on == Edge::Enter {
        "enters"
    } else {
        "leaves"
    };
    cx.out.line(&one_line(&format!("{verb} {}", rule.when)))?;
    cx.out.line(&say!(
        "rule.holds_customers_today_these",
        today = trial.today.len()
    ))?;
    for (_, name) in trial.today.iter().take(20) {
        cx.out.line(&one_line(&format!("  {name}")))?;
    }
    if trial.today.len() > 20 {
        cx.out
            .line(&format!("  and {} more", trial.today.len() - 20))?;
    }
    cx.out.line(&say!(
        "rule.would_fired_times_last",
        fired = trial.fired.len(),
        days = days,
        how = how
    ))?;
    for (day, _, name) in trial.fired.iter().rev().take(20) {
        cx.out.line(&one_line(&format!("  {day}  {name}")))?;
    }
    if trial.fired.len() > 20 {
        cx.out
            .line(&format!("  and {} more", trial.fired.len() - 20))?;
    }
    Ok(())
}

fn add(cx: &mut Cx<'_>, store: &mut Store, add: &Add) -> Done {
    let rule = Rule {
        code: add.code.clone(),
        label: add.label.clone().unwrap_or_else(|| add.code.clone()),
        when: add.when.clone(),
        on: if add.leave { Edge::Leave } else { Edge::Enter },
        off: false,
        playbook: add.playbook.clone(),
        alert: match add.alert.as_deref() {
            Some("owner") => Alert::Owner,
            Some(_) => Alert::Team,
            None => Alert::None,
        },
        action: add.action.clone().map(|kind| Call {
            kind,
            title: add.title.clone(),
            days: add.days,
            severity: add.severity,
        }),
    };
    if add.dry_run {
        return trial(cx, store, &rule, 90);
    }
    warn(cx, store, &rule)?;
    let config = store.config();
    let mut rules = config.rules.clone();
    rules.rule.push(rule.clone());
    rules.check(&columns::fields(&config), &config.playbooks)?;
    cx.write(store, &rule.command(None)?)
}

fn change(
    cx: &mut Cx<'_>,
    store: &mut Store,
    code: &str,
    how: impl FnOnce(&Rule) -> Result<Command>,
) -> Done {
    let config = store.config();
    let Some(rule) = config.rules.find(code) else {
        let known: Vec<&str> = config.rules.rule.iter().map(|r| r.code.as_str()).collect();
        return Err(Error::not_found(say!("rule.there_no_rule", code = code))
            .hint(format!("rules: {}", known.join(", ")))
            .into());
    };
    cx.write(store, &how(rule)?)
}
