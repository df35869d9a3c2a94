//! `retain log`: one line logs a touchpoint.

use super::fail::Done;
use super::whom::Whom;
use super::{Cx, complete};
use crate::domain::command::Command;
use crate::domain::touchpoint::{CHANNELS, channel, line};
use crate::error::{Error, Result};

/// Log a touchpoint: a call, an e-mail, a meeting
///
/// The line understands people (@dana), time (2d ago, fri 14:30), duration (45m), mood (:) :| :() and a
/// follow-up task (!call back fri) among its words.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    whom: Whom,
    /// What happened
    text: Vec<String>,
    /// phone, email, meeting, chat, business_review, training, ... or another name of one
    #[arg(long, short, default_value = "phone", add = complete::channels())]
    channel: String,
    /// They came to us
    #[arg(long)]
    inbound: bool,
    /// When, if the line does not say it: "2d ago", "fri 14:30"
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

pub(super) fn run(cx: &mut Cx<'_>, args: &Args) -> Done {
    let code = channel_code(&args.channel)?;
    let text = args.whom.text("What happened", &args.text)?;
    let mut store = cx.open()?;
    let customers = args.whom.find(cx, &mut store)?;
    // People are those of one customer: several have none in common.
    let contacts = if let [one] = customers[..] {
        cx.contacts(&store, one)?
    } else {
        Vec::new()
    };
    let (mut touch, parts) = line::parse(&text, &contacts, &cx.moment(&store));
    if let Some(unread) = parts.iter().find_map(|p| p.meaning.as_ref().err()) {
        return Err(Error::usage(unread.clone())
            .hint(say!("log.nothing_written_retain_show"))
            .into());
    }
    touch.channel = code.to_owned();
    touch.inbound |= args.inbound;
    touch.at = touch.at.or(cx.past(&store, args.at.as_deref())?);
    cx.write(&mut store, &Command::LogTouch { customers, touch })
}

fn channel_code(name: &str) -> Result<&'static str> {
    channel(name).map(|c| c.code).ok_or_else(|| {
        let all: Vec<&str> = CHANNELS.iter().map(|c| c.code).collect();
        Error::usage(say!("log.there_no_channel", name = name))
            .hint(format!("channels: {}", all.join(", ")))
    })
}
