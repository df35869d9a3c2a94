//! Parts that screens are made of: lists that keep their place, text fields.

pub mod area;
pub mod field;
pub mod list;
