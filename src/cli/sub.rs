//! Every subcommand in one table: its arguments, its name, how it writes, what runs it.

use clap::Subcommand;

use super::fail::Done;
use super::{
    Cx, action, backup, calendar, checklist, complete, config, conflicts, contact, customer, demo,
    doctor, dump, duplicates, event, export, funnel, handover, health, history, import, keys, list,
    log, mail, man, merge, merge_driver, r#move, note, nps, outbox, people, person, play,
    portfolio, purge, report, restore, rule, segments, share, show, sql, subscription, survey,
    sync, tables, task, ticket, today, undo, view, vocabulary,
};

/// How a subcommand writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    /// Not at all.
    Looks,
    /// By commands, one undo step each: they can be tried and take an idempotency key.
    Writes,
    /// In a way of its own: whole files, backups, other copies.
    Own,
}

/// Declares [`Sub`] once. The help of each is the doc comment of its arguments.
macro_rules! subs {
    ($($(#[$more:meta])* $variant:ident($args:ty) = $name:literal, $manner:ident, $run:path;)*) => {
        /// One variant a subcommand; the text of each is in its own file.
        #[derive(Subcommand, Debug)]
        pub(super) enum Sub { $($(#[$more])* $variant($args),)* }

        impl Sub {
            /// Its name.
            pub(super) fn name(&self) -> &'static str {
                match self { $(Sub::$variant(_) => $name,)* }
            }

            /// How it writes.
            pub(super) fn manner(&self) -> Manner {
                match self { $(Sub::$variant(_) => Manner::$manner,)* }
            }

            /// Runs it.
            pub(super) fn run(&self, cx: &mut Cx<'_>) -> Done {
                match self { $(Sub::$variant(args) => $run(cx, args),)* }
            }
        }
    };
}

subs! {
    Demo(demo::Args) = "demo", Own, demo::run;
    Import(import::Args) = "import", Own, import::run;
    Add(customer::AddArgs) = "add", Writes, customer::add;
    Edit(customer::EditArgs) = "edit", Writes, customer::edit;
    Remove(customer::RemoveArgs) = "remove", Writes, customer::remove;
    List(list::Args) = "list", Looks, list::run;
    Show(show::Args) = "show", Looks, show::run;
    Search(portfolio::SearchArgs) = "search", Looks, portfolio::search;
    Today(today::Args) = "today", Looks, today::run;
    Done(portfolio::DoneArgs) = "done", Writes, portfolio::done;
    Snooze(portfolio::SnoozeArgs) = "snooze", Writes, portfolio::snooze;
    Wake(portfolio::WakeArgs) = "wake", Writes, portfolio::wake;
    Log(log::Args) = "log", Writes, log::run;
    Note(note::Args) = "note", Writes, note::run;
    Move(r#move::Args) = "move", Writes, r#move::run;
    Assign(portfolio::AssignArgs) = "assign", Writes, portfolio::assign;
    Tag(portfolio::TagArgs) = "tag", Writes, portfolio::tag;
    Pulse(portfolio::PulseArgs) = "pulse", Writes, portfolio::pulse;
    Contact(contact::Args) = "contact", Writes, contact::run;
    Event(event::Args) = "event", Writes, event::run;
    Ticket(ticket::Args) = "ticket", Writes, ticket::run;
    Subscription(subscription::Args) = "subscription", Writes, subscription::run;
    Task(task::Args) = "task", Writes, task::run;
    Checklist(checklist::Args) = "checklist", Writes, checklist::run;
    People(people::Args) = "people", Looks, people::run;
    Handover(handover::Args) = "handover", Writes, handover::run;
    Action(action::Args) = "action", Writes, action::run;
    Play(play::Args) = "play", Writes, play::run;
    Rule(rule::Args) = "rule", Writes, rule::run;
    Alerts(rule::AlertArgs) = "alerts", Looks, rule::alerts;
    Nps(nps::Args) = "nps", Writes, nps::run;
    Answer(survey::AnswerArgs) = "answer", Writes, survey::answer;
    Invite(survey::InviteArgs) = "invite", Writes, survey::invite;
    Survey(survey::Args) = "survey", Looks, survey::run;
    Health(health::Args) = "health", Writes, health::run;
    Funnel(funnel::Args) = "funnel", Looks, funnel::run;
    Segments(segments::Args) = "segments", Writes, segments::run;
    Targets(tables::TargetArgs) = "targets", Looks, tables::targets;
    HelpFirst(tables::HelpArgs) = "help-first", Looks, tables::help_first;
    Issues(tables::IssueArgs) = "issues", Looks, tables::issues;
    Stays(tables::StayArgs) = "stays", Looks, tables::stays;
    View(view::Args) = "view", Writes, view::run;
    Owners(vocabulary::OwnerArgs) = "owners", Looks, vocabulary::owners;
    Tags(vocabulary::TagArgs) = "tags", Looks, vocabulary::tags;
    Stages(vocabulary::StageArgs) = "stages", Looks, vocabulary::stages;
    Attribute(vocabulary::AttributeArgs) = "attribute", Writes, vocabulary::attribute;
    Fields(vocabulary::FieldArgs) = "fields", Looks, vocabulary::fields;
    Sql(sql::Args) = "sql", Looks, sql::run;
    Export(export::Args) = "export", Looks, export::run;
    Calendar(calendar::Args) = "calendar", Looks, calendar::run;
    Brief(report::BriefArgs) = "brief", Looks, report::brief;
    Qbr(report::QbrArgs) = "qbr", Looks, report::qbr;
    Digest(report::DigestArgs) = "digest", Looks, report::digest;
    Mail(mail::Args) = "mail", Looks, mail::run;
    Person(person::Args) = "person", Looks, person::run;
    Dump(dump::Args) = "dump", Looks, dump::dump;
    Load(dump::LoadArgs) = "load", Own, dump::load;
    Undo(undo::UndoArgs) = "undo", Writes, undo::undo;
    Redo(undo::RedoArgs) = "redo", Writes, undo::redo;
    Revert(undo::RevertArgs) = "revert", Writes, undo::revert;
    History(history::Args) = "history", Looks, history::run;
    Config(config::Args) = "config", Writes, config::run;
    Keys(keys::Args) = "keys", Looks, keys::run;
    Completions(complete::Args) = "completions", Looks, complete::run;
    Man(man::Args) = "man", Looks, man::run;
    Duplicates(duplicates::Args) = "duplicates", Looks, duplicates::run;
    MergeCustomers(duplicates::MergeArgs) = "merge-customers", Writes, duplicates::merge;
    Merge(merge::Args) = "merge", Own, merge::run;
    Conflicts(conflicts::Args) = "conflicts", Looks, conflicts::run;
    Resolve(conflicts::ResolveArgs) = "resolve", Writes, conflicts::resolve;
    Sync(sync::Args) = "sync", Own, sync::run;
    MergeDriver(merge_driver::Args) = "merge-driver", Own, merge_driver::run;
    #[command(alias = "forget")]
    Purge(purge::Args) = "purge", Own, purge::run;
    Doctor(doctor::Args) = "doctor", Own, doctor::run;
    Outbox(outbox::Args) = "outbox", Own, outbox::run;
    Backup(backup::Args) = "backup", Own, backup::run;
    Restore(restore::Args) = "restore", Own, restore::run;
    Share(share::Args) = "share", Own, share::run;
}

impl Sub {
    /// Says itself what it would do, with a --dry-run of its own.
    pub(super) fn tries_itself(&self) -> bool {
        matches!(self, Sub::Import(_) | Sub::Merge(_))
    }
}
