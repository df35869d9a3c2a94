//! The filter language: one grammar for the filter line, the CLI and saved views; parsed, completed and matched here.
