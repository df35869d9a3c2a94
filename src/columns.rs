//! What a customer row can show, sort and filter by: one table for list, filter, CSV, JSON, sort menu and column chooser.
