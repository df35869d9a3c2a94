//! Drawing that holds on every terminal: programs and terminals do not agree on the width of graphemes made of several code
//! points (Devanagari, flags, joined emoji), so rows that have one are drawn with each of them put in its place.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use super::pen::Pen;
use crate::text;

/// The crossterm backend with a pen of its own and a copy of what is on the screen. A frame goes to the terminal as one
/// synchronised update, and one that changes nothing writes nothing. The stretch of a row from its first to its last grapheme of
/// several code points is written whole when anything in it changes: before such a grapheme its cells are blanked, so that
/// nothing old shines through where the terminal draws it narrower; after it the cursor is placed anew, so that what follows
/// covers what the terminal drew too wide.
pub struct Careful<W: Write> {
    inner: CrosstermBackend<W>,
    pen: Pen,
    /// A synchronised update is under way.
    begun: bool,
    /// The cursor is hidden; `None` when nobody knows.
    hidden: Option<bool>,
    /// Nothing but ASCII may be written, whatever a name consists of.
    ascii: bool,
    width: u16,
    shown: Vec<Cell>,
}

impl<W: Write> Careful<W> {
    /// A backend that writes to `out`.
    pub fn new(out: W) -> Careful<W> {
        let inner = CrosstermBackend::new(out);
        Careful {
            inner,
            pen: Pen::default(),
            begun: false,
            hidden: None,
            ascii: false,
            width: 0,
            shown: Vec::new(),
        }
    }

    /// The same for a terminal whose locale has no more than ASCII: other letters would arrive as rubbish there, and shift
    /// what stands behind them.
    pub fn ascii(out: W) -> Careful<W> {
        Careful {
            ascii: true,
            ..Careful::new(out)
        }
    }

    /// Knows nothing any more of what the terminal shows.
    fn forget(&mut self) {
        self.shown.clear();
        self.hidden = None;
        self.pen.lift();
    }

    /// Begins the frame, unless it has begun.
    fn begin(&mut self) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            queue!(self.inner, BeginSynchronizedUpdate)?;
        }
        Ok(())
    }

    fn keep(&mut self, cells: &[(u16, u16, &Cell)]) {
        let right = cells.iter().map(|c| c.0 + 1).max().unwrap_or(0);
        let bottom = cells.iter().map(|c| c.1 + 1).max().unwrap_or(0);
        if right > self.width {
            // More columns than were ever written: what is known of the others stays.
            let mut wider = Vec::new();
            for line in self.shown.chunks(usize::from(self.width).max(1)) {
                wider.extend_from_slice(line);
                wider.resize(
                    wider.len() + usize::from(right).saturating_sub(line.len()),
                    Cell::default(),
                );
            }
            (self.width, self.shown) = (right, wider);
        }
        let needed = usize::from(self.width) * usize::from(bottom);
        if self.shown.len() < needed {
            self.shown.resize(needed, Cell::default());
        }
        for (x, y, cell) in cells {
            let at = usize::from(*y) * usize::from(self.width) + usize::from(*x);
            self.shown[at] = (*cell).clone();
            // The rest of a wide grapheme is not said again; what the copy had there is gone from the screen.
            let end = (usize::from(*y) + 1) * usize::from(self.width);
            for covered in
                &mut self.shown[at + 1..(at + text::cells(cell.symbol()).max(1)).min(end)]
            {
                covered.reset();
            }
        }
    }

    fn row(&self, y: u16) -> &[Cell] {
        row(&self.shown, self.width, y)
    }

    /// The cells of a row that its uncertain graphemes may reach: first and behind the last.
    fn stretch(&self, y: u16) -> Option<(usize, usize)> {
        let mut found: Option<(usize, usize)> = None;
        for (x, cell) in self.row(y).iter().enumerate() {
            if uncertain(cell.symbol()) {
                let end = x + text::cells(cell.symbol()).max(apart(cell.symbol())) + SPILL;
                found = Some((found.map_or(x, |f| f.0), end));
            }
        }
        found
    }

    fn draw_stretch(&mut self, y: u16, (from, to): (usize, usize)) -> io::Result<()> {
        let Careful {
            inner,
            pen,
            shown,
            width,
            ..
        } = self;
        let row = row(shown, *width, y);
        let mut x = from;
        while x < row.len().min(to) {
            let cell = &row[x];
            let cells = text::cells(cell.symbol()).max(1);
            let sure = !uncertain(cell.symbol());
            if !sure {
                let mut blank = cell.clone();
                blank.set_symbol(" ");
                for x in x..(x + cells).min(row.len()) {
                    pen.put(inner, (x as u16, y), &blank, true)?;
                }
            }
            pen.put(inner, (x as u16, y), cell, sure)?;
            x += cells;
        }
        Ok(())
    }
}

fn row(shown: &[Cell], width: u16, y: u16) -> &[Cell] {
    let start = usize::from(y) * usize::from(width);
    shown
        .get(start..start + usize::from(width))
        .unwrap_or_default()
}

/// Where the letter begins that takes the cell at `x`: to write into the second half of a wide one takes it away.
fn letter_at(row: &[Cell], x: usize) -> usize {
    let mut at = 0;
    while let Some(cell) = row.get(at) {
        let next = at + text::cells(cell.symbol()).max(1);
        if next > x {
            break;
        }
        at = next;
    }
    at
}

/// The same cells, and between two of them in a row those that stand there already, where to write them again takes fewer
/// bytes than to place the cursor behind them.
fn bridged<'c>(
    shown: &'c [Cell],
    width: u16,
    cells: impl Iterator<Item = (u16, u16, &'c Cell)>,
) -> Vec<(u16, u16, &'c Cell)> {
    let mut out: Vec<(u16, u16, &Cell)> = Vec::new();
    for (x, y, cell) in cells {
        if let Some((before, line, last)) = out.last().copied()
            && line == y
        {
            let behind = usize::from(before) + text::cells(last.symbol()).max(1);
            let gap = row(shown, width, y)
                .get(behind..usize::from(x))
                .unwrap_or_default();
            if gap.len() <= BRIDGE
                && gap
                    .iter()
                    .all(|c| c.symbol().len() == 1 && c.style() == last.style())
            {
                out.extend(
                    gap.iter()
                        .enumerate()
                        .map(|(i, c)| ((behind + i) as u16, y, c)),
                );
            }
        }
        out.push((x, y, cell));
    }
    out
}

/// Longest gap that is written again: to place the cursor takes six bytes or more.
const BRIDGE: usize = 6;

/// Cells behind an uncertain grapheme that a terminal may draw it into.
const SPILL: usize = 2;

/// The cells of a grapheme on a terminal that knows nothing of joining and draws each of its letters.
fn apart(symbol: &str) -> usize {
    let mut letter = [0; 4];
    symbol
        .chars()
        .map(|c| text::cells(c.encode_utf8(&mut letter)))
        .sum::<usize>()
        .max(1)
}

/// A cell in ASCII: one for each cell that its grapheme takes.
fn plain(x: u16, y: u16, cell: &Cell) -> Vec<(u16, u16, Cell)> {
    if cell.symbol().is_ascii() {
        return vec![(x, y, cell.clone())];
    }
    let letters = text::ascii(cell.symbol(), text::cells(cell.symbol()).max(1));
    let cells = letters.chars().zip(x..).map(|(letter, x)| {
        let mut plain = cell.clone();
        plain.set_char(letter);
        (x, y, plain)
    });
    cells.collect()
}

/// True for a grapheme that terminals draw in different widths.
fn uncertain(symbol: &str) -> bool {
    !symbol.is_ascii() && symbol.chars().nth(1).is_some()
}

impl<W: Write> Write for Careful<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.inner)
    }
}

impl<W: Write> Backend for Careful<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let cells: Vec<(u16, u16, &Cell)> = content.collect();
        if cells.is_empty() {
            return Ok(());
        }
        self.begin()?;
        if self.ascii {
            let plain = cells.iter().flat_map(|(x, y, cell)| plain(*x, *y, cell));
            return plain
                .into_iter()
                .try_for_each(|(x, y, cell)| self.pen.put(&mut self.inner, (x, y), &cell, true));
        }
        let mut rows: Vec<u16> = cells.iter().map(|c| c.1).collect();
        rows.dedup();
        // A stretch that was uncertain may still show a part of what it was, so it counts until it has been drawn without.
        let before: Vec<Option<(usize, usize)>> = rows.iter().map(|y| self.stretch(*y)).collect();
        self.keep(&cells);
        let mut careful: BTreeMap<u16, (usize, usize)> = BTreeMap::new();
        for (y, before) in rows.into_iter().zip(before) {
            let after = self.stretch(y);
            let both = before
                .into_iter()
                .chain(after)
                .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
            if let Some((from, to)) = both {
                careful.insert(y, (letter_at(self.row(y), from), to));
            }
        }
        let within = |c: &(u16, u16, &Cell)| {
            careful
                .get(&c.1)
                .is_some_and(|s| (s.0..s.1).contains(&usize::from(c.0)))
        };
        let touched: Vec<u16> = cells.iter().filter(|c| within(c)).map(|c| c.1).collect();
        let sure = bridged(
            &self.shown,
            self.width,
            cells.iter().copied().filter(|c| !within(c)),
        );
        sure.into_iter()
            .try_for_each(|(x, y, cell)| self.pen.put(&mut self.inner, (x, y), cell, true))?;
        careful.retain(|y, _| touched.contains(y));
        careful
            .into_iter()
            .try_for_each(|(y, stretch)| self.draw_stretch(y, stretch))
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.hidden != Some(true) {
            queue!(self.inner, Hide)?;
            self.hidden = Some(true);
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.hidden != Some(false) {
            queue!(self.inner, Show)?;
            self.hidden = Some(false);
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        self.pen.lift();
        queue!(self.inner, MoveTo(x, y))
    }

    fn clear(&mut self) -> io::Result<()> {
        self.forget();
        self.inner.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.forget();
        self.inner.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pen.wipe(&mut self.inner)?;
        if std::mem::take(&mut self.begun) {
            queue!(self.inner, EndSynchronizedUpdate)?;
        }
        Backend::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Vec<Cell> {
        let area = ratatui::layout::Rect::new(0, 0, 12, 1);
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        buffer.set_string(0, 0, text, ratatui::style::Style::default());
        buffer.content
    }

    fn drawn(screens: &[&str]) -> String {
        let mut bytes = Vec::new();
        let mut backend = Careful::new(&mut bytes);
        for text in screens {
            let cells = row(text);
            backend
                .draw(cells.iter().enumerate().map(|(x, c)| (x as u16, 0, c)))
                .unwrap();
        }
        drop(backend);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_joined_grapheme_is_blanked_and_what_follows_is_placed() {
        let out = drawn(&["मयूर x"]);
        // The place of each grapheme that is uncertain is said before it and after it.
        let at = out.find("यू").expect("the grapheme is drawn");
        assert!(out[..at].contains("\u{1b}[1;2H"), "{out:?}");
        assert!(out[at..].contains("\u{1b}[1;"), "{out:?}");
    }

    /// What a terminal shows of the first row after these screens, of which each is told by what differs from the one before.
    fn shown(screens: &[String]) -> Vec<String> {
        let mut bytes = Vec::new();
        let mut backend = Careful::new(&mut bytes);
        let mut last = row("");
        // The first frame of a screen reaches its right edge.
        for text in std::iter::once("............").chain(screens.iter().map(String::as_str)) {
            let next = row(text);
            let buffer = |cells: &[Cell]| {
                let mut buffer =
                    ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, 12, 1));
                buffer.content.clone_from_slice(cells);
                buffer
            };
            let (old, new) = (buffer(&last), buffer(&next));
            backend.draw(old.diff(&new).into_iter()).unwrap();
            last = next;
        }
        drop(backend);
        let mut screen = vt100::Parser::new(2.try_into().unwrap(), 12.try_into().unwrap(), 0);
        screen.process(&bytes);
        // A blank that was written and a place that never was look the same.
        let letter = |x| {
            Some(screen.screen().cell(0, x)?.contents().to_owned())
                .filter(|c: &String| !c.is_empty())
        };
        (0..12)
            .map(|x| letter(x).unwrap_or_else(|| " ".to_owned()))
            .collect()
    }

    #[test]
    fn a_wide_letter_where_joined_ones_stood_stays_whole() {
        // The second half of the wide letter lies where the first joined one began.
        let screens = ["कयू x", "星 x"].map(str::to_owned);
        assert_eq!(
            shown(&screens),
            shown(&screens[1..]),
            "{:?}",
            shown(&screens)
        );
        assert_eq!(shown(&screens)[0], "星");
    }

    proptest::proptest! {
        #[test]
        fn whatever_stood_there_a_row_shows_what_is_meant(screens in proptest::collection::vec("(星|a|b| |क|यू|🇩🇪){0,6}", 1..5)) {
            let last = screens.len() - 1;
            proptest::prop_assert_eq!(shown(&screens), shown(&screens[last..]));
        }
    }

    #[test]
    fn plain_rows_are_written_as_they_are() {
        let out = drawn(&["Acme Foods"]);
        assert!(out.contains("Acme Foods"), "{out:?}");
    }

    #[test]
    fn what_a_wide_grapheme_covered_does_not_come_back() {
        let mut bytes = Vec::new();
        let mut backend = Careful::new(&mut bytes);
        let screens = [row("https://"), row("星海यू"), row("plain")];
        let mut before = row("");
        for screen in &screens {
            // As the terminal does it: only what differs, and of a wide grapheme its first cell.
            let mut covered = 0;
            let mut changed = Vec::new();
            for (x, cell) in screen.iter().enumerate() {
                if covered == 0 && *cell != before[x] {
                    changed.push((x as u16, 0, cell));
                }
                covered = if covered > 0 {
                    covered - 1
                } else {
                    text::cells(cell.symbol()).max(1) - 1
                };
            }
            backend.draw(changed.into_iter()).unwrap();
            before.clone_from(screen);
        }
        let shown: String = backend.row(0).iter().map(Cell::symbol).collect();
        assert_eq!(shown.trim_end(), "plain");
    }

    #[test]
    fn a_stretch_that_had_one_is_written_once_more_from_its_start() {
        let out = drawn(&["यू abc", "abc"]);
        assert!(out.contains("\u{1b}[1Habc"), "{out:?}");
    }

    #[test]
    fn a_short_gap_is_written_again_and_a_long_or_wide_one_is_not() {
        let changed = |before: &str, after: &str| {
            let (old, new) = (row(before), row(after));
            let written = |screens: &[&[Cell]]| {
                let mut bytes = Vec::new();
                let mut backend = Careful::new(&mut bytes);
                let mut shown = row("");
                for screen in screens {
                    let differs = (0..screen.len())
                        .filter(|x| screen[*x] != shown[*x])
                        .map(|x| (x as u16, 0, &screen[x]));
                    backend.draw(differs).unwrap();
                    shown = screen.to_vec();
                }
                drop(backend);
                String::from_utf8(bytes).unwrap()
            };
            written(&[&old, &new])[written(&[&old]).len()..].to_owned()
        };
        assert!(changed("a one b", "x one y").contains("x one y"));
        let far = changed("a12345678b", "x12345678y");
        assert!(!far.contains("1234"), "{far:?}");
        let wide = changed("a星b", "x星y");
        assert!(!wide.contains('星'), "{wide:?}");
    }

    #[test]
    fn every_update_that_is_begun_is_ended_and_nothing_is_written_for_nothing() {
        let mut bytes = Vec::new();
        let mut backend = Careful::new(&mut bytes);
        let cells = row("Acme");
        for cells in [&cells[..4], &[], &[]] {
            backend
                .draw(cells.iter().enumerate().map(|(x, c)| (x as u16, 0, c)))
                .unwrap();
            backend.hide_cursor().unwrap();
            Backend::flush(&mut backend).unwrap();
        }
        // What the terminal's owner does at the end, without another frame.
        backend.show_cursor().unwrap();
        drop(backend);
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "\x1b[?2026h\x1b[1HAcme\x1b[?25l\x1b[?2026l\x1b[?25h"
        );
    }

    #[test]
    fn what_a_terminal_that_joins_nothing_draws_too_wide_is_covered() {
        let family = "👩\u{200d}👩\u{200d}👧\u{200d}👦";
        let out = drawn(&[&format!("{family} x")]);
        // Behind the family stand a blank and the x: they are written, and so is what four faces would have reached.
        let behind = out.rsplit(family).next().unwrap().replace("\x1b[1;3H", "");
        assert!(
            behind.starts_with(" x") && behind.trim_end_matches(|c| c != ' ').len() >= 8,
            "{out:?}"
        );
    }

    #[test]
    fn a_terminal_of_ascii_gets_nothing_else() {
        let mut bytes = Vec::new();
        let mut backend = Careful::ascii(&mut bytes);
        let cells = row("Ürün 星 यू│x");
        backend
            .draw(cells.iter().enumerate().map(|(x, c)| (x as u16, 0, c)))
            .unwrap();
        drop(backend);
        assert!(bytes.is_ascii(), "{bytes:?}");
        let out = String::from_utf8(bytes).unwrap();
        assert!(out.contains("Urun ??"), "{out:?}");
    }

    #[test]
    fn what_changes_apart_from_the_grapheme_is_written_alone() {
        let mut bytes = Vec::new();
        let mut backend = Careful::new(&mut bytes);
        let cells = row("यू     abc");
        backend
            .draw(cells.iter().enumerate().map(|(x, c)| (x as u16, 0, c)))
            .unwrap();
        let changed = row("यू     abd");
        backend.draw(std::iter::once((8, 0, &changed[8]))).unwrap();
        drop(backend);
        let out = String::from_utf8(bytes).unwrap();
        assert_eq!(
            out.matches("यू").count(),
            1,
            "the grapheme is not drawn again: {out:?}"
        );
    }
}
