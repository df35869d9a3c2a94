//! The registry of screens: one line each. What opens them by name, their keys, help, palette and `retain keys` read it.

use super::view::{Registered, screen};

pub mod account;
pub mod activity;
pub mod alerts;
pub mod app;
pub mod backtest;
pub mod board;
pub mod calls;
pub mod channel;
pub mod checklist;
pub mod clash;
pub mod conflicts;
pub mod customers;
pub mod deeds;
pub mod drafts;
pub mod duplicates;
pub mod explain;
pub mod export;
pub mod filter_line;
pub mod first_run;
pub mod form;
pub mod funnel;
pub mod groups;
pub mod help;
pub mod import;
pub mod log_line;
pub mod merge;
pub mod movers;
pub mod narrow;
pub mod nps;
pub mod palette;
pub mod people;
pub mod pick;
pub mod rules;
pub mod scorecards;
pub mod segments;
pub mod tables;
pub mod tasks;
pub mod triage;

/// Every screen. Tabs are roots; the others are opened on top of them by `cx.go(name, state)` or `cx.open(view)`.
pub const SCREENS: &[Registered] = &[
    screen::<triage::Triage>(Some(1)),
    screen::<customers::Customers>(Some(2)),
    screen::<funnel::Funnel>(Some(3)),
    screen::<tasks::Tasks>(Some(4)),
    screen::<activity::Activity>(Some(5)),
    screen::<calls::Calls>(None),
    screen::<alerts::Alerts>(None),
    screen::<board::Board>(None),
    screen::<rules::Rules>(None),
    screen::<rules::trial::TrialBox>(None),
    screen::<account::Account>(None),
    screen::<account::past::Past>(None),
    screen::<form::Form>(None),
    screen::<clash::ClashBox>(None),
    screen::<conflicts::Conflicts>(None),
    screen::<deeds::Deeds>(None),
    screen::<drafts::DraftList>(None),
    screen::<duplicates::Duplicates>(None),
    screen::<merge::MergeBox>(None),
    screen::<import::Import>(None),
    screen::<nps::Nps>(None),
    screen::<tables::Tables>(None),
    screen::<segments::Segments>(None),
    screen::<explain::Explain>(None),
    screen::<backtest::Test>(None),
    screen::<movers::Movers>(None),
    screen::<scorecards::Cards>(None),
    screen::<checklist::Checklists>(None),
    screen::<people::People>(None),
    screen::<help::Help>(None),
    screen::<palette::Palette>(None),
    screen::<first_run::FirstRun>(None),
    screen::<channel::PickChannel>(None),
    screen::<pick::Pick>(None),
    screen::<log_line::Line>(None),
    screen::<app::Everywhere>(None),
];
