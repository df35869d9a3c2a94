//! Files in and out: imports, demo data, JSON and CSV out.

pub mod cells;
pub mod demo;
pub mod handover;
pub mod import;
pub mod rows;
