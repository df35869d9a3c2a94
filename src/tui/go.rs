//! Places of the screens as values: a value opens a screen, the history of jumps keeps it, and the state file stores it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::drafts::Key;
use crate::domain::id::Id;
use crate::domain::query::View;
use crate::domain::table::Kind;
use crate::domain::time::Day;
use crate::domain::touchpoint::Channel;

/// A screen and what it shows. A tab without a place comes to the front as it was left.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "view", content = "state", rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Go {
    Triage(Option<RollAt>),
    Customers(Option<RollAt>),
    Funnel(Option<FunnelAt>),
    Tasks(Option<TasksAt>),
    Activity(Option<ActivityAt>),
    Account(AccountAt),
    Alerts(AlertsAt),
    Backtest(BacktestAt),
    Board(BoardAt),
    Calls(CallsAt),
    Checklist(ChecklistAt),
    Conflicts {},
    Deeds(DeedsAt),
    Drafts {},
    Explain(ExplainAt),
    Movers(MoversAt),
    Nps(NpsAt),
    Rules(RulesAt),
    Scorecards(ScorecardsAt),
    Segments(SegmentsAt),
    Stakeholders(StakeholdersAt),
    Tables(TablesAt),
    #[serde(skip)]
    Channel(ChannelAt),
    #[serde(skip)]
    Duplicates,
    #[serde(skip)]
    FirstRun,
    #[serde(skip)]
    Form(Box<FormAt>),
    /// Over the screen of this name.
    #[serde(skip)]
    Help(String),
    /// The same.
    #[serde(skip)]
    Palette(String),
}

impl Go {
    /// The page of a customer.
    pub fn account(customer: Id) -> Go {
        Go::Account(AccountAt {
            customer: Some(customer),
            ..AccountAt::default()
        })
    }

    /// What a customer's figures are made of.
    pub fn explain(customer: Id) -> Go {
        let customer = Some(customer);
        Go::Explain(ExplainAt {
            customer,
            since: None,
        })
    }

    /// A list of customers.
    pub fn customers(view: View, name: &str) -> Go {
        Go::Customers(Some(RollAt {
            view: Some(view),
            name: name.to_owned(),
            ..RollAt::default()
        }))
    }

    /// A form of a customer, or of nobody yet.
    pub fn form(form: &str, customer: Option<Id>) -> Go {
        Go::Form(Box::new(FormAt::of(form, customer)))
    }

    /// A tab that comes to the front as it was left.
    pub fn is_bare(&self) -> bool {
        use Go::{Activity, Customers, Funnel, Tasks, Triage};
        matches!(
            self,
            Triage(None) | Customers(None) | Funnel(None) | Tasks(None) | Activity(None)
        )
    }

    /// A place as it was stored. Where the screen does not understand it, it is the screen's beginning; `None`: no such screen.
    pub fn read(view: &Value, state: &Value) -> Option<Go> {
        let read = |state: &Value| serde_json::from_value(json!({"view": view, "state": state}));
        read(state).or_else(|_| read(&json!({}))).ok()
    }
}

/// A list of customers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RollAt {
    /// Filter, sort and columns; `None`: those that the list has.
    pub view: Option<View>,
    /// The customer under the cursor.
    pub row: Option<Id>,
    /// The line of the cursor.
    pub line: u64,
    /// The name of a saved view.
    pub name: String,
    /// Those that are put off too.
    pub snoozed: bool,
}

/// The page of a customer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct AccountAt {
    pub customer: Option<Id>,
    pub groups: u8,
    pub search: String,
    pub event: Option<Id>,
    pub limit: usize,
}

/// Batches.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ActivityAt {
    pub search: String,
    pub row: Option<Id>,
}

/// Alerts, or the log of a rule or of all.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct AlertsAt {
    pub whose: usize,
    pub done: bool,
    pub log: bool,
    pub rule: String,
    pub row: Option<Id>,
}

/// What scores were worth.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct BacktestAt {
    pub months: Option<u8>,
}

/// The board.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct BoardAt {
    pub filter: String,
    pub stage: usize,
    pub row: Option<Id>,
}

/// Calls to action of a kind, mine or everybody's.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct CallsAt {
    pub filter: String,
    pub everybody: bool,
    pub closed: bool,
    pub kind: String,
    pub row: Option<Id>,
}

/// A checklist of a customer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ChecklistAt {
    pub customer: Option<Id>,
    pub stage: String,
}

/// What a batch did.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct DeedsAt {
    pub batch: Option<Id>,
}

/// What a customer's figures are made of.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ExplainAt {
    pub customer: Option<Id>,
    pub since: Option<Day>,
}

/// The funnel.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct FunnelAt {
    pub filter: String,
    pub stage: usize,
    pub cards: bool,
    pub figure: usize,
    pub period: String,
    pub unfolded: bool,
    pub any_order: bool,
    pub row: Option<Id>,
}

/// Whose health moved.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct MoversAt {
    pub back: usize,
}

/// NPS.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct NpsAt {
    pub filter: String,
    pub period: String,
    pub figure: Option<String>,
    pub people: bool,
    pub person: Option<Id>,
}

/// The rules.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct RulesAt {
    pub rule: String,
}

/// The scorecards.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ScorecardsAt {
    pub card: usize,
}

/// Segments.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct SegmentsAt {
    pub own: bool,
    pub name: Option<String>,
}

/// The people at a customer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct StakeholdersAt {
    pub customer: Option<Id>,
}

/// A table of figures.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct TablesAt {
    pub table: Kind,
    pub filter: String,
    pub period: String,
    pub any_order: bool,
    pub at: Option<String>,
}

/// Tasks, mine or everybody's.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct TasksAt {
    pub filter: String,
    pub everybody: bool,
    pub done: bool,
    pub row: Option<Id>,
}

/// The letter that picks the channel of a touchpoint; with a channel, its line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs)]
pub struct ChannelAt {
    pub customers: Vec<Id>,
    pub channel: Option<&'static Channel>,
}

/// A form.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FormAt {
    /// Its code.
    pub form: String,
    /// Whom it is about.
    pub customer: Option<Id>,
    /// The row that it edits.
    pub row: Option<Id>,
    /// What its fields start with.
    pub values: Map<String, Value>,
    /// The line whose draft goes with the save.
    pub from: Option<Key>,
    /// The draft that it takes up.
    pub draft: Option<Key>,
}

impl FormAt {
    /// The form with a code, of a customer.
    pub fn of(form: &str, customer: Option<Id>) -> FormAt {
        FormAt {
            form: form.to_owned(),
            customer,
            ..FormAt::default()
        }
    }
}
