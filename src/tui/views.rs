//! The registry of screens: one line each. What opens them by name, their keys, help, palette and `retain keys` read it.

use super::view::{Registered, screen};

pub mod app;
pub mod customers;
pub mod log_line;
pub mod pick;

/// Every screen. Tabs are roots; the others are opened on top of them by `cx.go(name, state)` or `cx.open(view)`.
pub const SCREENS: &[Registered] = &[
    screen::<customers::Customers>(Some(2)),
    screen::<pick::Pick>(None),
    screen::<log_line::Line>(None),
    screen::<app::Everywhere>(None),
];
