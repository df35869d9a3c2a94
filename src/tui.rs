//! The screens: the loop, views, keys and drawing. The only ratatui and crossterm.
