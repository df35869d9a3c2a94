//! All integration tests in one binary, which is linked once.

mod architecture;
mod cases;
mod cli;
mod faults;
mod team;
mod terminal;
