//! Touchpoints: the channels by which we and they are in contact, and the line that logs one.

use super::id::Id;
use super::time::Stamp;

pub mod line;

/// One channel. Its label is a word of the language (`channel.<code>`).
#[derive(Debug, PartialEq, Eq)]
pub struct Channel {
    /// What is stored and what scripts see.
    pub code: &'static str,
    /// The letter that picks it while logging; `None` for the rarer ones, found by typing.
    pub key: Option<char>,
    /// Other names it is imported or typed under.
    pub aliases: &'static [&'static str],
    /// The letter on the timeline.
    pub letter: char,
    /// They can answer on it, so a touch counts for the cadence. Newsletters, advertisements and the like are one way.
    pub two_way: bool,
}

const fn row(
    code: &'static str,
    key: Option<char>,
    letter: char,
    aliases: &'static [&'static str],
) -> Channel {
    Channel {
        code,
        key,
        aliases,
        letter,
        two_way: true,
    }
}

/// A channel on which nobody answers.
const fn one_way(code: &'static str, letter: char, aliases: &'static [&'static str]) -> Channel {
    Channel {
        two_way: false,
        ..row(code, None, letter, aliases)
    }
}

/// Every channel there is, the most used first.
pub const CHANNELS: &[Channel] = &[
    row("phone", Some('c'), 'C', &["call", "tel", "telephone"]),
    row("email", Some('e'), 'E', &["mail", "e-mail"]),
    row("meeting", Some('m'), 'M', &["visit", "onsite"]),
    row("chat", Some('h'), 'H', &["live_chat", "livechat"]),
    row(
        "business_review",
        Some('q'),
        'Q',
        &["qbr", "ebr", "review meeting"],
    ),
    row("training", Some('t'), 'M', &["workshop"]),
    row("sms", Some('s'), 'E', &["text"]),
    row("social", Some('o'), 'H', &["social_media"]),
    row("video_demo", Some('d'), 'M', &["demo"]),
    one_way("survey", 'E', &[]),
    row("website_chat", None, 'H', &["web_chat"]),
    row("support_ticket", None, 'H', &["support", "ticket"]),
    one_way("knowledge_base", 'W', &["kb"]),
    row("community", None, 'H', &["forum", "community_forum"]),
    one_way("chatbot", 'H', &["bot"]),
    one_way("landing_page", 'W', &[]),
    one_way("blog", 'W', &["article"]),
    one_way("case_study", 'W', &[]),
    one_way("newsletter", 'E', &[]),
    one_way("welcome_series", 'E', &[]),
    one_way("win_back", 'E', &["winback", "win_back_email"]),
    one_way("retargeting", 'W', &["retargeting_ad"]),
    one_way("in_site_offer", 'W', &["onsite_offer"]),
    one_way("direct_mail", 'W', &["coupon", "post"]),
    one_way("billboard", 'W', &[]),
    one_way("tv", 'W', &["television"]),
    one_way("podcast", 'W', &[]),
    one_way("influencer", 'W', &[]),
    row("event", None, 'M', &["conference", "trade_show"]),
    row("webinar", None, 'M', &[]),
    row("testimonial", None, 'W', &["review"]),
    row("referral", None, 'W', &[]),
    one_way("loyalty_programme", 'W', &["loyalty_program", "loyalty"]),
    one_way("portal", 'W', &[]),
    row("other", None, 'W', &[]),
];

/// The channel with this code or alias, compared without case.
pub fn channel(name: &str) -> Option<&'static Channel> {
    let name = name.trim().to_lowercase().replace([' ', '-'], "_");
    let fits = |c: &&Channel| {
        c.code == name || c.aliases.iter().any(|a| a.replace([' ', '-'], "_") == name)
    };
    CHANNELS.iter().find(fits)
}

/// The place of a channel in [`CHANNELS`] by its code.
pub fn number(code: &str) -> Option<u8> {
    CHANNELS
        .iter()
        .position(|c| c.code == code)
        .and_then(|at| u8::try_from(at).ok())
}

/// A touchpoint before it is written.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct TouchDraft {
    /// Code of a channel of [`CHANNELS`].
    pub channel: String,
    /// They came to us. Otherwise we went to them.
    pub inbound: bool,
    /// Who was there; the first is the event's contact.
    pub contacts: Vec<Id>,
    /// When it happened; `None` is the moment of writing.
    pub at: Option<Stamp>,
    /// How long it took.
    pub minutes: Option<u32>,
    /// How it went, 1 (bad) to 5 (good).
    pub mood: Option<u8>,
    /// What was said.
    pub text: String,
    /// A task that follows from it.
    pub follow_up: Option<super::task::TaskDraft>,
}
