//! What an event is in words: its letter, its title on one line, the text below it, who recorded it.

use crate::domain::event::{Event, EventKind};
use crate::domain::money;
use crate::domain::stage::Stages;
use crate::domain::touchpoint;
use crate::tui::look::Look;
use crate::tui::measure::cells;
use crate::tui::preview::asked;
use crate::tui::theme::Role;

/// The letter on the timeline: a touchpoint's is that of its channel.
pub fn letter(event: &Event, look: &Look) -> char {
    let by_channel = touchpoint::channel(&event.channel).filter(|_| event.kind == EventKind::Touch);
    let letter = by_channel.map_or(event.kind.letter(), |c| c.letter);
    if look.glyphs.ascii && !letter.is_ascii() {
        '+'
    } else {
        letter
    }
}

/// The role of the title: what needs a second look stands out.
pub fn role(event: &Event) -> Role {
    match (event.kind, event.number) {
        (EventKind::Nps, Some(n)) if n <= 6 => Role::Danger,
        (EventKind::Nps, Some(n)) if n >= 9 => Role::Ok,
        (EventKind::Ticket, Some(1)) if step(event) != "closed" => Role::Warn,
        (EventKind::Churn, _) => Role::Danger,
        (EventKind::Stage, _) => Role::Info,
        _ => Role::Text,
    }
}

/// Who recorded it, and whether its text was changed since.
pub fn by(event: &Event, look: &Look) -> String {
    match (event.author.is_empty(), event.edited) {
        (false, true) => format!("{}, {}", event.author, look.say.word("account.edited")),
        (true, true) => look.say.word("account.edited").to_owned(),
        _ => event.author.clone(),
    }
}

fn more<'a>(event: &'a Event, key: &str) -> &'a str {
    event
        .more
        .get(key)
        .and_then(|v| v.as_str())
        .unwrap_or_default()
}

fn step(event: &Event) -> &str {
    let told = more(event, "step");
    if told.is_empty() {
        &event.channel
    } else {
        told
    }
}

fn stage_name<'a>(stages: &'a Stages, code: &'a str) -> &'a str {
    stages.find(code).map_or(code, |no| stages.label(no))
}

/// The title without the event's text.
fn head(event: &Event, look: &Look) -> String {
    let say = &look.say;
    let kind = say.codes.kind(event.kind.code());
    let n = event.number.unwrap_or_default();
    let currency = look.config.currency;
    let from = || {
        if event.contact_name.is_empty() {
            String::new()
        } else {
            say.fill("account.from", &[("who", &event.contact_name)])
        }
    };
    match event.kind {
        EventKind::Touch => {
            let mut text = say.codes.channel(&event.channel).to_owned();
            if event.direction == "in" {
                text.push_str(say.word("account.inbound"));
            }
            if let Some(minutes) = event.number.filter(|m| *m > 0) {
                text.push_str(&say.fill("account.minutes", &[("n", &minutes.to_string())]));
            }
            if !event.contact_name.is_empty() {
                text.push_str(&say.fill("account.with", &[("who", &event.contact_name)]));
            }
            if let Some(mood) = event.more.get("mood").and_then(serde_json::Value::as_i64) {
                text.push_str(&say.fill("account.mood", &[("n", &mood.to_string())]));
            }
            text
        }
        EventKind::Nps | EventKind::Csat | EventKind::Ces => format!("{kind} {n}{}", from()),
        EventKind::Check => asked(event, look),
        EventKind::Override => match event.number {
            Some(n) => say.fill(
                "account.override",
                &[("n", &n.to_string()), ("until", more(event, "until"))],
            ),
            None => say.word("account.override_ended").to_owned(),
        },
        EventKind::Rule => {
            let did = [
                ("action", "account.rule_call"),
                ("play", "account.rule_play"),
                ("alert", "account.rule_alert"),
            ];
            let words: Vec<&str> = did
                .iter()
                .filter(|(key, _)| !more(event, key).is_empty())
                .map(|(_, word)| say.word(word))
                .collect();
            if words.is_empty() {
                say.word("account.rule_fired").to_owned()
            } else {
                format!("{kind} {}", words.join(", "))
            }
        }
        EventKind::Invite => format!("{kind} {}", event.channel),
        EventKind::Survey => format!("{kind} {}{}", event.channel, from()),
        EventKind::Pulse => say.fill("account.pulse", &[("n", &n.to_string())]),
        EventKind::Ticket => {
            let key = event
                .reference
                .rsplit_once(':')
                .map_or(event.reference.as_str(), |(key, _)| key);
            let key = if key.is_empty() {
                String::new()
            } else {
                format!("#{key} ")
            };
            format!(
                "{key}P{} {}",
                n.clamp(1, 4),
                say.find(&format!("account.{}", step(event)))
                    .unwrap_or(step(event))
            )
            .trim_end()
            .to_owned()
        }
        EventKind::Stage => {
            let (before, after) = (
                stage_name(&look.config.stages, more(event, "from")),
                stage_name(&look.config.stages, more(event, "to")),
            );
            let mut text = if before.is_empty() {
                format!("{kind} {after}")
            } else {
                format!("{kind} {before} {} {after}", look.glyphs.arrow)
            };
            if !more(event, "code").is_empty() {
                text.push_str(&format!(" ({})", say.codes.reason(more(event, "code"))));
            }
            text
        }
        EventKind::Order | EventKind::Invoice | EventKind::Subscription => {
            let mut text = format!("{kind} {}", money::full(n, currency));
            if event.kind == EventKind::Subscription {
                text.push_str(say.word("account.a_month"));
            }
            for key in ["status", "due", "paid"] {
                if !more(event, key).is_empty() {
                    text.push_str(&format!(
                        " {} {}",
                        look.glyphs.dot,
                        say.fill(&format!("account.{key}"), &[("what", more(event, key))])
                    ));
                }
            }
            text
        }
        EventKind::Usage => say.fill("account.usage", &[("n", &n.to_string())]),
        EventKind::Churn => {
            let lost = if n > 0 {
                format!(" {} {}", look.glyphs.dot, money::full(n, currency))
            } else {
                String::new()
            };
            format!(
                "{kind}: {}{lost}{}",
                say.codes.reason(more(event, "code")),
                if n > 0 {
                    say.word("account.a_month")
                } else {
                    ""
                }
            )
        }
        EventKind::Note | EventKind::Task => kind.to_owned(),
    }
}

/// A short text stands behind the title; a longer one below it. A ticket's subject and a task's title always stand behind.
fn fits(event: &Event, head: &str, width: usize) -> bool {
    let text = event.text.trim();
    let always = matches!(
        event.kind,
        EventKind::Ticket | EventKind::Task | EventKind::Subscription
    );
    // The name of who recorded it stands on the same line.
    always
        || (!text.contains('\n')
            && cells(head) + 2 + cells(text) + cells(&event.author) + 10 <= width)
}

/// The title, with the text where it is short.
pub fn title(event: &Event, look: &Look, width: usize) -> String {
    let head = head(event, look);
    let text = event.text.trim();
    if text.is_empty() || !fits(event, &head, width) {
        return head;
    }
    let colon = if event.kind == EventKind::Ticket {
        " "
    } else {
        ": "
    };
    format!("{head}{colon}{text}")
}

/// The text below the title; empty where the title has it.
pub fn below(event: &Event, look: &Look, width: usize) -> String {
    let text = event.text.trim();
    if text.is_empty() || fits(event, &head(event, look), width) {
        String::new()
    } else {
        text.to_owned()
    }
}
