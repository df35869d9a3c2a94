//! Any text as a line that logs a touchpoint: its parts lie inside it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retain::domain::time::{Moment, Stamp, Zone};
use retain::domain::touchpoint::line;

fuzz_target!(|text: &str| {
    let moment = Moment::new(Stamp(1_795_000_000_000), Zone::default());
    let (_, parts) = line::parse(text, &[], &moment);
    assert!(parts.iter().all(|part| text.get(part.range.clone()).is_some()));
});
