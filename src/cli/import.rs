//! `retain import`
use super::*;
/// Make a import book
#[derive(clap::Args, Debug)]
pub(super) struct Args {}
pub(super) fn run(_: &mut Cx<'_>, _: &Args) -> Done { Ok(()) }
