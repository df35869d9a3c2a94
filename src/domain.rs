//! Types and rules of customer success, pure: no input or output, no clock, no SQL, no terminal.

pub mod action;
pub mod clash;
pub mod command;
pub mod config;
pub mod customer;
pub mod event;
pub mod field;
pub mod filter;
pub mod funnel;
pub mod heads;
pub mod health;
pub mod id;
pub mod money;
pub mod nps;
pub mod playbook;
pub mod priority;
pub mod query;
pub mod revenue;
pub mod roster;
pub mod rule;
pub mod signal;
pub mod stage;
pub mod task;
pub mod ticket;
pub mod time;
pub mod touchpoint;
