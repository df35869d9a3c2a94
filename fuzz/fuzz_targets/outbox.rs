//! Any lines as the outbox of a person, with the checksums that they should have: the book opens, what is sound comes back once, and the rest
//! is told.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use retain::store::any_bytes;

fuzz_target!(|bytes: &[u8]| {
    any_bytes::outbox(bytes);
});

// Mostly lines stay lines; else nearly all bytes would be refused as no line at all.
fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    static LINES: OnceLock<Vec<String>> = OnceLock::new();
    if seed.is_multiple_of(16) {
        return fuzzer_mutate(data, size, most);
    }
    let lines = LINES.get_or_init(any_bytes::lines_of_outboxes);
    let changed = any_bytes::mutate(&data[..size], lines, most, seed.into());
    data[..changed.len()].copy_from_slice(&changed);
    changed.len()
});
