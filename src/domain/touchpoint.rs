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
}

const fn row(code: &'static str, key: Option<char>, letter: char, aliases: &'static [&'static str]) -> Channel {
    Channel { code, key, aliases, letter }
}

/// Every channel there is, the most used first.
pub const CHANNELS: &[Channel] = &[
    row("phone", Some('c'), 'C', &["call", "tel", "telephone"]),
    row("email", Some('e'), 'E', &["mail", "e-mail"]),
    row("meeting", Some('m'), 'M', &["visit", "onsite"]),
    row("chat", Some('h'), 'H', &["live_chat", "livechat"]),
    row("business_review", Some('q'), 'Q', &["qbr", "ebr", "review meeting"]),
    row("training", Some('t'), 'M', &["workshop"]),
    row("sms", Some('s'), 'E', &["text"]),
    row("social", Some('o'), 'H', &["social_media"]),
    row("video_demo", Some('d'), 'M', &["demo"]),
    row("survey", None, 'E', &[]),
    row("website_chat", None, 'H', &["web_chat"]),
    row("support_ticket", None, 'H', &["support", "ticket"]),
    row("knowledge_base", None, 'W', &["kb"]),
    row("community", None, 'H', &["forum", "community_forum"]),
    row("chatbot", None, 'H', &["bot"]),
    row("landing_page", None, 'W', &[]),
    row("blog", None, 'W', &["article"]),
    row("case_study", None, 'W', &[]),
    row("newsletter", None, 'E', &[]),
    row("welcome_series", None, 'E', &[]),
    row("win_back", None, 'E', &["winback", "win_back_email"]),
    row("retargeting", None, 'W', &["retargeting_ad"]),
    row("in_site_offer", None, 'W', &["onsite_offer"]),
    row("direct_mail", None, 'W', &["coupon", "post"]),
    row("billboard", None, 'W', &[]),
    row("tv", None, 'W', &["television"]),
    row("podcast", None, 'W', &[]),
    row("influencer", None, 'W', &[]),
    row("event", None, 'M', &["conference", "trade_show"]),
    row("webinar", None, 'M', &[]),
    row("testimonial", None, 'W', &["review"]),
    row("referral", None, 'W', &[]),
    row("loyalty_programme", None, 'W', &["loyalty_program", "loyalty"]),
    row("portal", None, 'W', &[]),
    row("other", None, 'W', &[]),
];

/// The channel with this code or alias, compared without case.
pub fn channel(name: &str) -> Option<&'static Channel> {
    let name = name.trim().to_lowercase().replace([' ', '-'], "_");
    let fits = |c: &&Channel| c.code == name || c.aliases.iter().any(|a| a.replace([' ', '-'], "_") == name);
    CHANNELS.iter().find(fits)
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
