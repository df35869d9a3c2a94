//! The letter that picks the channel of a touchpoint; then the line that logs it.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::pick::{Item, Pick};
use crate::domain::customer::Contact;
use crate::domain::id::Id;
use crate::domain::query::{Page, Query, TimelineAsk};
use crate::domain::touchpoint::{CHANNELS, Channel, channel};
use crate::tui::canvas::Canvas;
use crate::tui::go::Go;
use crate::tui::key::Key;
use crate::tui::key_row::{KeyRow, row};
use crate::tui::look::Look;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::verbs;
use crate::tui::view::{Keyed, Place, Screen, Title};

/// Asks for the channel, and meanwhile for the contacts that the line completes.
#[derive(Default)]
pub struct PickChannel {
    customers: Vec<Id>,
    contacts: Vec<Contact>,
    // The channel that is known already: the line follows once the contacts are there.
    then: Option<&'static Channel>,
}

impl PickChannel {
    fn log(&self, channel: &'static Channel, cx: &mut Cx) {
        cx.close();
        verbs::touch_line(self.customers.clone(), channel, self.contacts.clone(), cx);
    }

    fn others(&mut self, cx: &mut Cx) {
        let (customers, contacts) = (self.customers.clone(), self.contacts.clone());
        let items = CHANNELS
            .iter()
            .map(|c| Item::new(c.code, cx.look.say.codes.channel(c.code)))
            .collect();
        let title = cx.look.say.word("prompt.channel").to_owned();
        cx.close();
        cx.open(Pick::new(title, items, move |code, cx| {
            if let Some(channel) = channel(code) {
                verbs::touch_line(customers.clone(), channel, contacts.clone(), cx);
            }
        }));
    }
}

impl Keyed for PickChannel {
    const KEYS: &'static [&'static [KeyRow<PickChannel>]] = &[&[
        row("others", &["enter", "tab"], PickChannel::others).hint(),
        row("close", &["esc"], |_, cx| cx.close()).hint(),
    ]];
}

impl Screen for PickChannel {
    fn place(&self) -> Place {
        Place::Line
    }

    fn title(&self, _look: &Look) -> Title {
        Title::default()
    }

    fn typing(&self) -> bool {
        true
    }

    fn type_key(&mut self, key: &KeyEvent, cx: &mut Cx) {
        let key = Key::of(key).by_position();
        let letter = if let crossterm::event::KeyCode::Char(c) = key.code {
            c
        } else {
            return;
        };
        match verbs::channel_of(letter) {
            Some(channel) => self.log(channel, cx),
            None => cx.toast(
                cx.look
                    .say
                    .fill("message.no_channel", &[("key", &letter.to_string())]),
            ),
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        match self.customers.as_slice() {
            [one] => vec![(
                0,
                Query::Account {
                    customer: *one,
                    timeline: TimelineAsk {
                        limit: 1,
                        ..TimelineAsk::default()
                    },
                },
            )],
            _ => Vec::new(),
        }
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, cx: &mut Cx) {
        if let Page::Account(Some(account)) = page.as_ref() {
            self.contacts.clone_from(&account.contacts);
        }
        if let Some(channel) = self.then.take() {
            self.log(channel, cx);
        }
    }

    fn restore(&mut self, to: &Go) {
        let Go::Channel(at) = to else { return };
        self.customers.clone_from(&at.customers);
        self.then = at.channel;
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let across = look.glyphs.across.repeat(usize::from(area.width));
        canvas.text(area.x, area.y, area.width, &across, Role::Accent);
        let prompt = look.say.fill(
            "prompt.touch_channel",
            &[("who", &verbs::named(&self.customers, look))],
        );
        canvas.text(
            area.x + 1,
            area.y + 1,
            area.width.saturating_sub(2),
            &prompt,
            Role::Accent,
        );
        let mut pieces: Vec<(String, Role)> = Vec::new();
        for channel in CHANNELS {
            if let Some(key) = channel.key {
                pieces.push((key.to_string(), Role::Accent));
                pieces.push((
                    format!(" {}  ", look.say.codes.channel(channel.code)),
                    Role::Text,
                ));
            }
        }
        pieces.push(("Enter".to_owned(), Role::Accent));
        pieces.push((format!(" {}", look.say.word("hint.others")), Role::Text));
        let pieces: Vec<(&str, Role)> = pieces.iter().map(|(t, r)| (t.as_str(), *r)).collect();
        canvas.pieces(
            area.x + 1,
            area.y + 2,
            area.width.saturating_sub(2),
            &pieces,
        );
    }
}
