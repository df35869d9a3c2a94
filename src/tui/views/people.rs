//! Who is who at a customer: each role by the days since its last touch, with gaps, and the people by role.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::form::{Form, Target};
use crate::domain::customer::Contact;
use crate::domain::id::Id;
use crate::domain::query::{Account, Page, Query, TimelineAsk};
use crate::domain::stakeholders::{EDGES, by_role, coverage, days_since};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::go::{Go, StakeholdersAt};
use crate::tui::key_row::{Applies, KeyRow, row};
use crate::tui::look::Look;
use crate::tui::measure::cells;
use crate::tui::step::Cx;
use crate::tui::theme::Role;
use crate::tui::view::{Keyed, Screen, Title};
use crate::tui::widgets::list::Lister;

/// The screen.
#[derive(Default)]
pub struct People {
    customer: Option<Id>,
    page: Option<Arc<Page>>,
    cursor: usize,
}

fn has_person(v: &People, _: &Look) -> Applies {
    if v.person().is_some() {
        Ok(())
    } else {
        Err("no_person")
    }
}

impl People {
    fn account(&self) -> Option<&Account> {
        match self.page.as_deref() {
            Some(Page::Account(Some(account))) => Some(account),
            _ => None,
        }
    }

    fn person(&self) -> Option<&Contact> {
        by_role(&self.account()?.contacts).get(self.cursor).copied()
    }

    fn form(&mut self, code: &'static str, row: Option<Id>, cx: &mut Cx) {
        let Some(account) = self.account() else {
            return;
        };
        let target = Target {
            customer: self.customer,
            row,
            account: Some(Arc::new(account.clone())),
            event: None,
            ..Target::default()
        };
        cx.open(Form::new(code, target, cx.look));
    }
}

/// Width of the role's name, and of each column of the grid.
const NAME: u16 = 12;
const CELL: u16 = 7;

impl Lister for People {
    fn move_to(&mut self, to: usize, _look: &Look) {
        self.cursor = to.min(
            self.account()
                .map_or(0, |a| a.contacts.len().saturating_sub(1)),
        );
    }

    fn at(&self) -> (usize, usize) {
        (self.cursor, self.account().map_or(0, |a| a.contacts.len()))
    }

    fn moved(&mut self, _cx: &mut Cx) {}
}

impl Keyed for People {
    const KEYS: &'static [&'static [KeyRow<People>]] = &[
        &[
            row("edit", &["enter", "E"], |v: &mut Self, cx| {
                v.form("contact", v.person().map(|c| c.id), cx)
            })
            .cli("contact edit")
            .when(has_person)
            .hint(),
            row("add", &["c"], |v: &mut Self, cx| {
                v.form("new_contact", None, cx)
            })
            .cli("contact add")
            .hint(),
        ],
        Self::MOVES,
    ];
}

impl Screen for People {
    fn title(&self, look: &Look) -> Title {
        Title {
            crumb: look.say.word("screen.stakeholders").to_owned(),
            ..Title::default()
        }
    }

    fn watches(&self, _look: &Look) -> Vec<(u8, Query)> {
        let timeline = TimelineAsk {
            limit: 1,
            ..TimelineAsk::default()
        };
        self.customer
            .map(|customer| (0, Query::Account { customer, timeline }))
            .into_iter()
            .collect()
    }

    fn on_page(&mut self, _part: u8, page: &Arc<Page>, _cx: &mut Cx) {
        let before = self.person().map(|person| person.id);
        self.page = Some(page.clone());
        // The cursor stays on its person, wherever that one stands now.
        if let Some(account) = self.account() {
            let place = by_role(&account.contacts)
                .iter()
                .position(|c| Some(c.id) == before);
            self.cursor = place
                .unwrap_or(self.cursor)
                .min(account.contacts.len().saturating_sub(1));
        }
    }

    fn on_hit(&mut self, hit: Hit, cx: &mut Cx) {
        self.list_hit(hit, cx);
    }

    fn show(&mut self, customer: Id, _cx: &mut Cx) {
        *self = People {
            customer: Some(customer),
            ..People::default()
        };
    }

    fn subjects(&self, _look: &Look) -> Vec<Id> {
        self.customer.into_iter().collect()
    }

    fn save(&self, _look: &Look) -> Option<Go> {
        Some(Go::Stakeholders(StakeholdersAt {
            customer: self.customer,
        }))
    }

    fn restore(&mut self, to: &Go) {
        let Go::Stakeholders(at) = to else { return };
        self.customer = at.customer;
    }

    fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let look = canvas.look;
        let Some(account) = self.account() else {
            return;
        };
        let name = self.customer.map(|id| look.name_of(id)).unwrap_or_default();
        let inner = canvas.frame(area, look.say.word("screen.stakeholders"), &name, true);
        let (x, right) = (inner.x + 1, inner.right().saturating_sub(1));
        let mut y = inner.y;
        let edges = EDGES.iter().map(|edge| {
            look.say
                .fill("stakeholders.edge", &[("n", &edge.to_string())])
        });
        let heads = std::iter::once(look.say.word("stakeholders.people").to_owned())
            .chain(edges)
            .chain(
                ["stakeholders.older", "stakeholders.never"].map(|w| look.say.word(w).to_owned()),
            );
        canvas.text(x, y, NAME, look.say.word("stakeholders.role"), Role::Muted);
        for (at, head) in heads.enumerate() {
            canvas.right(
                x + NAME + CELL * (at as u16 + 1),
                y,
                CELL,
                &head,
                Role::Muted,
            );
        }
        let today = look.now.today;
        for row in coverage(&account.signals, &account.contacts, &look.config, today) {
            y += 1;
            if y >= inner.bottom() {
                return;
            }
            let name = if row.role.is_empty() {
                look.say.word("stakeholders.without")
            } else {
                look.say.codes.role(&row.role)
            };
            canvas.text(
                x,
                y,
                NAME,
                name,
                if row.gap { Role::Warn } else { Role::Text },
            );
            canvas.right(
                x + NAME + CELL,
                y,
                CELL,
                &row.people.to_string(),
                Role::Text,
            );
            let (cell, role) = match row.days {
                Some(days) => (
                    format!("{days}d"),
                    if row.gap { Role::Warn } else { Role::Ok },
                ),
                None => (
                    "-".to_owned(),
                    if row.gap { Role::Warn } else { Role::Muted },
                ),
            };
            canvas.right(
                x + NAME + CELL * (row.column() as u16 + 2),
                y,
                CELL,
                &cell,
                role,
            );
            let gap = match (row.gap, row.people, row.limit) {
                (true, 0, _) => look.say.word("stakeholders.gap_nobody").to_owned(),
                (true, ..) if row.days.is_none() => {
                    look.say.word("stakeholders.gap_never").to_owned()
                }
                (true, _, Some(limit)) => look
                    .say
                    .fill("stakeholders.gap_days", &[("n", &limit.to_string())]),
                _ => String::new(),
            };
            let at = x + NAME + CELL * 6 + 2;
            canvas.text(at, y, right.saturating_sub(at), &gap, Role::Warn);
        }
        y += 2;
        let people = by_role(&account.contacts);
        if people.is_empty() && y < inner.bottom() {
            canvas.text(
                x,
                y,
                right.saturating_sub(x),
                look.say.word("stakeholders.nobody"),
                Role::Muted,
            );
        }
        let room = usize::from(inner.bottom().saturating_sub(y));
        canvas.drawn.list_rows = room;
        let top = (self.cursor + 1).saturating_sub(room);
        // No wider than the names need, so that how to reach them has the rest.
        let name = people
            .iter()
            .map(|c| cells(&c.name) as u16)
            .max()
            .unwrap_or(0)
            .clamp(8, 25);
        for (y, (at, contact)) in (y..inner.bottom()).zip(people.into_iter().enumerate().skip(top))
        {
            let line = Rect::new(inner.x, y, inner.width, 1);
            canvas.hit(line, Hit::Row(at));
            let role = if contact.role.is_empty() {
                look.say.word("stakeholders.without")
            } else {
                look.say.codes.role(&contact.role)
            };
            canvas.text(x, y, NAME, role, Role::Muted);
            canvas.text(x + NAME + 1, y, name, &contact.name, Role::Text);
            let since = days_since(contact, look.now.zone, today).map_or_else(
                || look.say.word("stakeholders.never").to_owned(),
                |d| format!("{d}d"),
            );
            let at_x = x + NAME + name + 8;
            canvas.right(at_x, y, 6, &since, Role::Text);
            let reach = [contact.email.as_str(), contact.phone.as_str()].join("  ");
            let at_x = at_x + 2;
            canvas.text(
                at_x,
                y,
                right.saturating_sub(at_x),
                reach.trim(),
                Role::Info,
            );
            if at == self.cursor {
                canvas.tint(line, Role::Selection);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::harness::Harness;

    #[test]
    fn the_map_shows_roles_gaps_and_people_and_opens_a_person() {
        for (w, height) in [(120, 36), (80, 24)] {
            let mut h = Harness::new("en", 1);
            h.size(w, height).press("enter g p");
            insta::assert_snapshot!(format!("people_{w}x{height}"), h.text());
            h.press("g g enter");
            assert!(
                h.text().contains("Role") && h.text().contains("Champion"),
                "{}",
                h.text()
            );
        }
    }
}
