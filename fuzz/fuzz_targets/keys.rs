//! Any text as a file of one's own keys: every mistake is a sentence.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retain::tui::keymap::Keymap;
use retain::tui::views::SCREENS;

fuzz_target!(|text: &str| {
    let mut keymap = Keymap::new(SCREENS.iter().map(|screen| (screen.actions)()));
    assert!(keymap.overlay(text).iter().all(|mistake| mistake.starts_with("keys.toml")));
});
