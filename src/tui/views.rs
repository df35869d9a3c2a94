//! The registry of screens: one line each. What opens them by name, their keys, help, palette and `retain keys` read it.

use super::view::{Declared, Registered, screen};
use crate::tui::go::Go;

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

/// Declares every screen once: its name, its tab, and the place that opens it. A screen that is missing here has no keys and cannot
/// stand on the stack; a place without a screen does not compile.
macro_rules! screens {
    ($($name:literal $(tab $tab:literal)? $(by $go:ident)? => $screen:ty;)*) => {
        /// Every screen. Tabs are roots; the others are opened on top of them by `cx.go(place)` or `cx.open(view)`.
        pub const SCREENS: &[Registered] = &[$(screen::<$screen>()),*];

        $(impl Declared for $screen {
            const NAME: &'static str = $name;
            const TAB: Option<usize> = [$(Some($tab),)? None][0];
        })*

        /// The name of the screen that a place opens.
        fn name_of(to: &Go) -> &'static str {
            match to {
                $($(Go::$go { .. } => $name,)?)*
            }
        }
    };
}

screens! {
    "triage" tab 1 by Triage => triage::Triage;
    "customers" tab 2 by Customers => customers::Customers;
    "funnel" tab 3 by Funnel => funnel::Funnel;
    "tasks" tab 4 by Tasks => tasks::Tasks;
    "activity" tab 5 by Activity => activity::Activity;
    "calls" by Calls => calls::Calls;
    "alerts" by Alerts => alerts::Alerts;
    "board" by Board => board::Board;
    "rules" by Rules => rules::Rules;
    "trial" => rules::trial::TrialBox;
    "account" by Account => account::Account;
    "past" => account::past::Past;
    "form" by Form => form::Form;
    "clash" => clash::ClashBox;
    "conflicts" by Conflicts => conflicts::Conflicts;
    "deeds" by Deeds => deeds::Deeds;
    "drafts" by Drafts => drafts::DraftList;
    "duplicates" by Duplicates => duplicates::Duplicates;
    "merge" => merge::MergeBox;
    "import" => import::Import;
    "nps" by Nps => nps::Nps;
    "tables" by Tables => tables::Tables;
    "segments" by Segments => segments::Segments;
    "explain" by Explain => explain::Explain;
    "backtest" by Backtest => backtest::Test;
    "movers" by Movers => movers::Movers;
    "scorecards" by Scorecards => scorecards::Cards;
    "checklist" by Checklist => checklist::Checklists;
    "stakeholders" by Stakeholders => people::People;
    "help" by Help => help::Help;
    "palette" by Palette => palette::Palette;
    "first_run" by FirstRun => first_run::FirstRun;
    "channel" by Channel => channel::PickChannel;
    "pick" => pick::Pick;
    "line" => log_line::Line;
    "app" => app::Everywhere;
}

/// The screen that a place opens.
pub fn screen_of(to: &Go) -> &'static Registered {
    let name = name_of(to);
    SCREENS
        .iter()
        .find(|screen| screen.name == name)
        .unwrap_or(&SCREENS[0])
}

/// The root of a tab by its name.
pub fn root(name: &str) -> Option<&'static Registered> {
    SCREENS
        .iter()
        .find(|screen| screen.name == name && screen.tab.is_some())
}
