//! `retain demo`
use super::*;
/// Make a demo book
#[derive(clap::Args, Debug)]
pub(super) struct Args {}
pub(super) fn run(_: &mut Cx<'_>, _: &Args) -> Done { Ok(()) }
