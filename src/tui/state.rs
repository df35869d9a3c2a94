//! The state file: where we were, drafts, what was recent. In the platform's state folder, never in the book.

use std::path::Path;

use serde_json::Value;

const FILE: &str = "screens.json";

/// The saved state; `Value::Null` when there is none or it cannot be read.
pub fn read(dir: Option<&Path>) -> Value {
    let text = dir.and_then(|d| std::fs::read_to_string(d.join(FILE)).ok());
    text.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or(Value::Null)
}

/// Writes the state beside the old one and renames it into place, so that a crash leaves one of the two whole. Without a folder
/// (no permission, no home) nothing is kept.
pub fn write(dir: Option<&Path>, text: &str) {
    let Some(dir) = dir else { return };
    let beside = dir.join(format!("{FILE}.{}", std::process::id()));
    let written = std::fs::create_dir_all(dir).and_then(|()| std::fs::write(&beside, text));
    if let Err(error) = written.and_then(|()| std::fs::rename(&beside, dir.join(FILE))) {
        tracing::warn!(kind = ?error.kind(), "the state of the screens could not be saved");
    }
}
