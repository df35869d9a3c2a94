//! Any text as a setting of a book: taken or refused, and what is taken can be worked with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retain::domain::config::Config;
use retain::domain::health;
use retain::domain::signal::Signals;
use retain::domain::time::Day;
use retain::store::apply_config;

fuzz_target!(|input: (u8, &str)| {
    let (which, value) = input;
    let keys = ["stages", "scorecards", "policy", "currency", "zone", "attribute.x"];
    let mut config = Config::default();
    if apply_config(&mut config, keys[usize::from(which) % keys.len()], value).is_ok() {
        retain::columns::fields(&config);
        health::explain(config.scorecards.choose("reach", |_| true), &Signals::default(), &config, Day::MIN);
    }
});
