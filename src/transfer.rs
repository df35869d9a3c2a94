//! Files in and out: imports, demo data; tables, whole books, calendars, reports and drafts out.

pub mod calendar;
pub mod cells;
pub mod config_files;
pub mod demo;
pub mod handover;
pub mod hooks;
pub mod import;
pub mod mail;
pub mod markdown;
pub mod replace;
pub mod report;
pub mod rows;
pub mod sheet;
pub mod sheets;
pub mod tables;
