//! Custom attributes of customers: what a book's own fields are called, and of which type they are.

use serde::{Deserialize, Serialize};

/// The type of a custom attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum AttributeType {
    /// Any words.
    #[default]
    Text,
    /// A whole number.
    Int,
    /// An amount in the book's currency, minor units.
    Money,
    /// A civil date.
    Date,
    /// One of a few words.
    Enum,
    /// Yes or no.
    Bool,
}

/// A custom attribute of customers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
pub struct Attribute {
    /// Stable code, lower case with underscores.
    pub code: String,
    /// What a person reads.
    pub label: String,
    /// How its values are read, compared and shown.
    #[serde(rename = "type", default)]
    pub kind: AttributeType,
}
