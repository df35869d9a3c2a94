//! Any text as a filter: read, or a mistake inside it; what is read is written so that it reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retain::domain::config::Config;
use retain::domain::filter::Filter;

fuzz_target!(|text: &str| {
    let fields = retain::columns::fields(&Config::default());
    match Filter::parse(text, &fields) {
        Ok(filter) => assert_eq!(Filter::parse(&filter.to_text(), &fields), Ok(filter)),
        Err(mistake) => assert!(text.get(mistake.start..mistake.end).is_some()),
    }
});
