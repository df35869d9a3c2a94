//! The subcommands: one file each. The only printing, and the only clap.
