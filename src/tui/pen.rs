//! The terminal's pen: where it stands and how it writes, so that only what differs from the last cell is said. (The crossterm
//! backend says both colours at every change, in their long form, places the cursor behind every wide letter, and resets
//! all of it after each piece: over ssh that is half of what a key costs.)

use std::fmt::Write as _;
use std::io::{self, Write};

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use crate::text;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Ink {
    fg: Color,
    bg: Color,
    line: Color,
    modifier: Modifier,
}

const PLAIN: Ink = Ink {
    fg: Color::Reset,
    bg: Color::Reset,
    line: Color::Reset,
    modifier: Modifier::empty(),
};

/// What the terminal was told last.
pub struct Pen {
    ink: Ink,
    /// Where the next letter falls; `None` where terminals may disagree.
    at: Option<(u16, u16)>,
}

impl Default for Pen {
    fn default() -> Pen {
        Pen {
            ink: PLAIN,
            at: None,
        }
    }
}

impl Pen {
    /// Writes a cell. `sure`: every terminal draws its grapheme in as many cells as we count.
    pub fn put(
        &mut self,
        out: &mut impl Write,
        (x, y): (u16, u16),
        cell: &Cell,
        sure: bool,
    ) -> io::Result<()> {
        if self.at != Some((x, y)) {
            match (x, y) {
                (0, y) => write!(out, "\x1b[{}H", y + 1)?,
                (x, y) => write!(out, "\x1b[{};{}H", y + 1, x + 1)?,
            }
        }
        let ink = Ink {
            fg: cell.fg,
            bg: cell.bg,
            line: cell.underline_color,
            modifier: cell.modifier,
        };
        if ink != self.ink {
            write!(out, "\x1b[{}m", change(self.ink, ink))?;
            self.ink = ink;
        }
        out.write_all(cell.symbol().as_bytes())?;
        let cells = text::cells(cell.symbol()).max(1) as u16;
        self.at = sure.then_some((x + cells, y));
        Ok(())
    }

    /// Forgets where the cursor is: somebody else has moved it.
    pub fn lift(&mut self) {
        self.at = None;
    }

    /// Goes back to plain writing, so that what others write is not coloured.
    pub fn wipe(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.at = None;
        if self.ink == PLAIN {
            return Ok(());
        }
        self.ink = PLAIN;
        out.write_all(b"\x1b[m")
    }
}

/// The parameters (ECMA-48, 8.3.117) that lead from one ink to another.
fn change(from: Ink, to: Ink) -> String {
    if to == PLAIN {
        return String::new();
    }
    let mut out = String::new();
    let mut say = |what: &dyn std::fmt::Display| {
        let comma = if out.is_empty() { "" } else { ";" };
        // Writing to a string does not fail.
        let _ = write!(out, "{comma}{what}");
    };
    let mut have = from.modifier;
    let gone = from.modifier - to.modifier;
    for (modifier, _, off) in MODIFIERS {
        // One code ends bold and dim, another both ways of blinking: what stays of the pair is said again below.
        if gone.contains(*modifier) && have.contains(*modifier) {
            say(off);
            have -= MODIFIERS
                .iter()
                .filter(|m| m.2 == *off)
                .fold(Modifier::empty(), |all, m| all | m.0);
        }
    }
    for (modifier, on, _) in MODIFIERS {
        if to.modifier.contains(*modifier) && !have.contains(*modifier) {
            say(on);
        }
    }
    if from.fg != to.fg {
        say(&colour(to.fg, 30));
    }
    if from.bg != to.bg {
        say(&colour(to.bg, 40));
    }
    if from.line != to.line {
        say(&match to.line {
            // Lines have no short forms, and take their parts behind colons or semicolons; these are understood more widely.
            Color::Reset => "59".to_owned(),
            Color::Rgb(r, g, b) => format!("58;2;{r};{g};{b}"),
            other => format!("58;5;{}", number(other)),
        });
    }
    out
}

/// What switches each modifier on and off.
const MODIFIERS: &[(Modifier, u8, u8)] = &[
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// A colour of the letters (`base` 30) or behind them (40).
fn colour(colour: Color, base: u8) -> String {
    match colour {
        Color::Reset => (base + 9).to_string(),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
        other => match number(other) {
            n @ 0..=7 => (base + n).to_string(),
            n @ 8..=15 => (base + 60 + n - 8).to_string(),
            n => format!("{};5;{n}", base + 8),
        },
    }
}

/// The number of a colour in the palette of 256.
fn number(colour: Color) -> u8 {
    match colour {
        Color::Indexed(n) => n,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Black | Color::Reset | Color::Rgb(..) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::style::Style;

    fn cell(symbol: &str, style: Style) -> Cell {
        let mut cell = Cell::default();
        cell.set_symbol(symbol).set_style(style);
        cell
    }

    fn written(cells: &[(u16, u16, Cell)]) -> String {
        let (mut pen, mut out) = (Pen::default(), Vec::new());
        for (x, y, cell) in cells {
            pen.put(&mut out, (*x, *y), cell, true).unwrap();
        }
        pen.wipe(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_what_differs_is_said() {
        let red = Style::new().fg(Color::Red);
        let cells = [
            (0, 0, cell("a", Style::new())),
            (1, 0, cell("星", red)),
            (3, 0, cell("b", red.add_modifier(Modifier::BOLD))),
            (4, 0, cell("c", red.add_modifier(Modifier::DIM))),
            (0, 1, cell("d", Style::new())),
            (9, 1, cell("e", Style::new().fg(Color::Indexed(99)))),
        ];
        let said =
            "\x1b[1Ha\x1b[31m星\x1b[1mb\x1b[22;2mc\x1b[2H\x1b[md\x1b[2;10H\x1b[38;5;99me\x1b[m";
        assert_eq!(written(&cells), said);
    }

    fn style() -> impl Strategy<Value = Style> {
        let colour = || {
            prop_oneof![
                Just(Color::Reset),
                (0u8..=255).prop_map(Color::Indexed),
                Just(Color::LightBlue),
                (0u8..9, 0u8..9, 0u8..9).prop_map(|(r, g, b)| Color::Rgb(r, g, b))
            ]
        };
        // The terminal of the test knows one strength of a letter, not both at once.
        let one = |m: Modifier| {
            if m.contains(Modifier::BOLD) {
                m - Modifier::DIM
            } else {
                m
            }
        };
        let modifiers =
            (0u16..=0b1_1111_1111).prop_map(move |bits| one(Modifier::from_bits_truncate(bits)));
        (colour(), colour(), modifiers)
            .prop_map(|(fg, bg, modifier)| Style::new().fg(fg).bg(bg).add_modifier(modifier))
    }

    proptest! {
        /// Whatever was said before, a terminal shows each cell as it is meant.
        #[test]
        fn a_terminal_shows_what_was_meant(styles in proptest::collection::vec(style(), 1..12)) {
            let cells: Vec<(u16, u16, Cell)> = styles.iter().enumerate().map(|(x, s)| (x as u16, 0, cell("x", *s))).collect();
            let mut screen = vt100::Parser::new(2.try_into().unwrap(), 20.try_into().unwrap(), 0);
            screen.process(written(&cells).as_bytes());
            for (x, (_, _, cell)) in cells.iter().enumerate() {
                let shown = screen.screen().cell(0, x as u16).unwrap();
                prop_assert_eq!(shown.bold(), cell.modifier.contains(Modifier::BOLD));
                prop_assert_eq!(shown.dim(), cell.modifier.contains(Modifier::DIM));
                prop_assert_eq!(shown.italic(), cell.modifier.contains(Modifier::ITALIC));
                prop_assert_eq!(shown.underline(), cell.modifier.contains(Modifier::UNDERLINED));
                prop_assert_eq!(shown.inverse(), cell.modifier.contains(Modifier::REVERSED));
                let same = |shown: vt100::Color, meant: Color| match (shown, meant) {
                    (vt100::Color::Default, Color::Reset) => true,
                    (vt100::Color::Rgb(r, g, b), Color::Rgb(x, y, z)) => (r, g, b) == (x, y, z),
                    (vt100::Color::Idx(n), meant) => !matches!(meant, Color::Reset | Color::Rgb(..)) && n == number(meant),
                    _ => false,
                };
                prop_assert!(same(shown.fgcolor(), cell.fg), "{:?} {:?}", shown.fgcolor(), cell.fg);
                prop_assert!(same(shown.bgcolor(), cell.bg), "{:?} {:?}", shown.bgcolor(), cell.bg);
            }
        }
    }
}
