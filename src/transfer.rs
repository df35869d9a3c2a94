//! Files in and out: CSV import, demo data, JSON and CSV out.

pub mod cells;
pub mod config_files;
pub mod demo;
pub mod handover;
pub mod hooks;
pub mod import;
pub mod rows;
