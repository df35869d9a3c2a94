//! Rows of customers in lists: which columns fit, their header, their cells from the shared roster.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Hit};
use super::look::Look;
use super::measure::cells;
use super::theme::Role;
use super::who::Who;
use super::widgets::list::List;
use crate::columns::{self, Align, Listed};
use crate::domain::config::Config;
use crate::domain::health::Band;
use crate::domain::priority::REASONS;
use crate::domain::roster::Roster;

/// One column of a list on the screen.
#[derive(Clone, Debug)]
pub enum Shown {
    /// A column of the table or an attribute.
    Listed(Listed),
    /// The reasons for being in the queue; takes the room that is left.
    Why,
}

/// The columns of the triage queue.
pub fn triage_columns() -> Vec<Shown> {
    let mut shown: Vec<Shown> = ["priority", "name", "arr", "health", "renews"]
        .iter()
        .filter_map(|c| columns::column(c))
        .map(|c| Shown::Listed(Listed::Column(c)))
        .collect();
    shown.push(Shown::Why);
    shown
}

/// The columns with these codes; the default set when there are none. The name is always among them.
pub fn columns_of(codes: &[String], config: &Config) -> Vec<Shown> {
    let mut chosen: Vec<Listed> = codes
        .iter()
        .filter_map(|c| Listed::find(config, c))
        .collect();
    if chosen.is_empty() {
        chosen = columns::default_set()
            .filter(|c| c.code() != "priority")
            .map(Listed::Column)
            .collect();
    }
    if !chosen.iter().any(|c| c.code() == "name") {
        chosen.extend(columns::column("name").map(Listed::Column));
        chosen.rotate_right(1);
    }
    chosen.into_iter().map(Shown::Listed).collect()
}

impl Shown {
    /// The code of its header's words.
    pub fn code(&self) -> &str {
        match self {
            Shown::Listed(listed) => listed.code(),
            Shown::Why => "why",
        }
    }

    fn widths(&self) -> (u16, u16) {
        match self {
            Shown::Listed(listed) => listed.widths(),
            Shown::Why => (14, 40),
        }
    }

    fn right(&self) -> bool {
        matches!(self, Shown::Listed(listed) if listed.align() == Align::Right)
    }
}

/// The columns that fit into `room` cells with their widths: in order, the name before all others; what is left over goes to the
/// reasons, or the name.
fn fitting(shown: &[Shown], mut room: u16, look: &Look) -> Vec<(usize, u16)> {
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|i| shown[*i].code() != "name");
    let mut fit: Vec<(usize, u16)> = Vec::new();
    for i in order {
        // A column is never narrower than its header's words.
        let min = shown[i]
            .widths()
            .0
            .max(cells(header(look, shown[i].code())) as u16);
        if fit.is_empty() {
            fit.push((i, min.min(room)));
            room -= min.min(room);
        } else if room > min {
            fit.push((i, min));
            room -= min + 1;
        }
    }
    let why = fit.iter().any(|(i, _)| matches!(shown[*i], Shown::Why));
    // Beside the reasons everything else is content with what its cells need, and the name takes what they can spare.
    let name = if why {
        12 + if room < 20 {
            4
        } else {
            (room - 16).clamp(6, 10)
        }
    } else {
        20
    };
    let most = |i: usize, width: u16| match shown[i].code() {
        "name" => name,
        "owner" => owner_width(look),
        _ if why => width,
        _ => shown[i].widths().1,
    };
    // A cut owner says less than a cut name, and a column that is wider than its cells nothing at all.
    fit.sort_by_key(|(i, _)| match shown[*i].code() {
        "owner" => 0,
        "name" => 1,
        _ => 2,
    });
    for (i, width) in &mut fit {
        let more = most(*i, *width).saturating_sub(*width).min(room);
        *width += more;
        room -= more;
    }
    fit.sort_unstable();
    let takes = fit
        .iter()
        .position(|(i, _)| matches!(shown[*i], Shown::Why))
        .or_else(|| fit.iter().position(|(i, _)| shown[*i].code() == "name"));
    if let Some(at) = takes {
        fit[at].1 += room;
    }
    fit
}

/// What the longest owner's name takes, within reason.
fn owner_width(look: &Look) -> u16 {
    let longest = look
        .read()
        .and_then(|r| r.owners.iter().map(|(_, name)| cells(name)).max());
    longest.map_or(10, |n| n.clamp(5, 12) as u16)
}

/// The role of a band.
pub fn band(band: Band) -> Role {
    match band {
        Band::Unknown => Role::Muted,
        Band::Risk => Role::Danger,
        Band::Watch => Role::Warn,
        Band::Good => Role::Ok,
    }
}

/// The column's words over a list.
pub fn header<'a>(look: &'a Look, code: &'a str) -> &'a str {
    let own = || {
        code.strip_prefix("attr.")
            .and_then(|c| look.config.attribute(c))
            .map(|a| a.label.as_str())
            .filter(|l| !l.is_empty())
    };
    look.say
        .find(&format!("column.{code}"))
        .or_else(own)
        .unwrap_or(code)
}

/// Why a customer is in the queue: `NPS 3 · silent 41d`.
pub fn why(roster: &Roster, at: usize, look: &Look) -> String {
    let reasons = roster.reasons(at);
    let words = reasons.iter().filter_map(|w| {
        REASONS
            .get(usize::from(w.key.reason.0))
            .map(|kind| look.say.why(kind.code, w.figure))
    });
    words
        .collect::<Vec<_>>()
        .join(&format!(" {} ", look.glyphs.dot))
}

/// Signs that columns show, in the forms of this terminal.
pub fn signs(text: String, look: &Look) -> String {
    if look.glyphs.ascii {
        text.replace('▲', "^").replace('▼', "v")
    } else {
        text
    }
}

/// A cell's text and its role.
pub fn cell(shown: &Shown, roster: &Roster, at: usize, look: &Look) -> (String, Role) {
    match shown {
        Shown::Why => (why(roster, at, look), Role::Text),
        Shown::Listed(column) => {
            let role = match column.code() {
                "health" | "band" => band(roster.rows[at].health.band),
                "owner" | "tag" => Role::Muted,
                _ => Role::Text,
            };
            (signs(column.show(roster, at, roster.today), look), role)
        }
    }
}

/// Draws the header and the rows in sight, and says how many fit.
pub fn draw_rows(canvas: &mut Canvas, area: Rect, list: &List<Who>, shown: &[Shown]) {
    if area.height == 0 || area.width < 6 {
        return;
    }
    let height = usize::from(area.height.saturating_sub(1));
    canvas.drawn.list_rows = height;
    let look = canvas.look;
    let fit = fitting(shown, area.width.saturating_sub(3), look);
    let mut x = area.x + 2;
    for (i, width) in &fit {
        let words = header(look, shown[*i].code());
        if shown[*i].right() {
            canvas.right(x + width, area.y, *width, words, Role::Muted);
        } else {
            canvas.text(x, area.y, *width, words, Role::Muted);
        }
        canvas.hit(Rect::new(x, area.y, *width, 1), Hit::Header(*i));
        x += width + 1;
    }
    let Some(roster) = look.read() else { return };
    let top = list.first(height);
    for (line, (index, who)) in list
        .rows
        .iter()
        .enumerate()
        .skip(top)
        .take(height)
        .enumerate()
    {
        let whole = Rect::new(area.x, area.y + 1 + line as u16, area.width, 1);
        canvas.hit(whole, Hit::Row(index));
        if list.marks.contains(who) {
            canvas.text(area.x, whole.y, 1, look.glyphs.tick, Role::Accent);
        }
        if let Some(at) = who.row(&roster) {
            draw_row(
                canvas,
                whole,
                &fit,
                shown,
                &roster,
                at,
                list.ghost == Some(*who),
            );
        }
        if index == list.cursor {
            canvas.tint(whole, Role::Selection);
        }
    }
}

fn draw_row(
    canvas: &mut Canvas,
    line: Rect,
    fit: &[(usize, u16)],
    shown: &[Shown],
    roster: &Roster,
    at: usize,
    ghost: bool,
) {
    let mut x = line.x + 2;
    for (i, width) in fit {
        let (text, role) = cell(&shown[*i], roster, at, canvas.look);
        let wide = (cells(&text) as u16).min(*width);
        let from = if shown[*i].right() {
            x + width - wide
        } else {
            x
        };
        canvas.text(
            from,
            line.y,
            *width,
            &text,
            if ghost { Role::Muted } else { role },
        );
        x += width + 1;
    }
}
