//! Retain: a customer-success console for the terminal over one local SQLite file.

pub mod cli;
pub mod columns;
pub mod domain;
pub mod error;
pub mod store;
pub mod text;
pub mod transfer;
pub mod tui;
