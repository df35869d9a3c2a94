//! Saved views of the list.

use serde::{Deserialize, Serialize};

/// A saved view: what a list shows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, Hash)]
#[serde(default)]
pub struct View {
    /// Filter line.
    pub filter: String,
    /// Code of the column it is sorted by; empty for the screen's own order.
    pub sort: String,
    /// Largest first.
    pub descending: bool,
    /// Codes of the columns shown; empty for the default set.
    pub columns: Vec<String>,
    /// It is a segment: counted among the segments.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub segment: bool,
}
