//! Nine roles and nothing else: which colours and attributes each has, per theme and per what the terminal can show.

use ratatui::style::{Color, Modifier, Style};

/// What a piece of the screen means. Drawing code names roles, never colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Less important text.
    Muted,
    /// Headings, keys, the focused border.
    Accent,
    /// Good.
    Ok,
    /// To be watched.
    Warn,
    /// Bad.
    Danger,
    /// For information.
    Info,
    /// The row under the cursor.
    Selection,
    /// Borders.
    Border,
}

/// The roles in the order of their styles.
pub const ROLES: [Role; 9] = [
    Role::Text,
    Role::Muted,
    Role::Accent,
    Role::Ok,
    Role::Warn,
    Role::Danger,
    Role::Info,
    Role::Selection,
    Role::Border,
];

/// How many colours may be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Colour {
    /// None: reverse, bold and underline only.
    Never,
    /// The terminal's own 16.
    #[default]
    Sixteen,
    /// The 256-colour cube.
    Cube,
    /// 24 bits.
    True,
}

/// A style for each role.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    styles: [Style; 9],
}

const SHIPPED: &[(&str, &str)] = &[
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
];

impl Theme {
    /// The terminal's own 16 colours: readable on dark and light alike, so muted is dim and never colour 8.
    pub fn terminal() -> Theme {
        let base = Style::reset();
        let mut styles = [base; 9];
        styles[Role::Muted as usize] = base.add_modifier(Modifier::DIM);
        styles[Role::Accent as usize] = base.fg(Color::Cyan);
        styles[Role::Ok as usize] = base.fg(Color::Green);
        styles[Role::Warn as usize] = base.fg(Color::Yellow);
        styles[Role::Danger as usize] = base.fg(Color::LightRed).add_modifier(Modifier::BOLD);
        styles[Role::Info as usize] = base.fg(Color::Magenta);
        styles[Role::Selection as usize] = base.add_modifier(Modifier::REVERSED);
        Theme { styles }
    }

    /// No colour at all.
    pub fn plain() -> Theme {
        let base = Style::reset();
        let mut styles = [base; 9];
        styles[Role::Accent as usize] = base.add_modifier(Modifier::BOLD);
        styles[Role::Danger as usize] = base.add_modifier(Modifier::BOLD);
        styles[Role::Warn as usize] = base.add_modifier(Modifier::UNDERLINED);
        styles[Role::Selection as usize] = base.add_modifier(Modifier::REVERSED);
        Theme { styles }
    }

    /// The theme `name` (`terminal`, `dark`, `light`) with at most `colour`; `None` for a name that is not shipped.
    pub fn named(name: &str, colour: Colour) -> Option<Theme> {
        let terminal = name.is_empty() || name == "terminal";
        let text = SHIPPED
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, text)| *text);
        if !terminal && text.is_none() {
            return None;
        }
        Some(match (colour, text) {
            (Colour::Never, _) => Theme::plain(),
            (Colour::Sixteen, _) | (_, None) => Theme::terminal(),
            (Colour::Cube, Some(text)) => read(text, cube)?,
            (Colour::True, Some(text)) => read(text, Color::Rgb)?,
        })
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }
}

/// Reads a theme file: one table a role, `fg` and `bg` as `#rrggbb`, `bold`.
fn read(text: &str, colour: fn(u8, u8, u8) -> Color) -> Option<Theme> {
    #[derive(serde::Deserialize)]
    struct Face {
        fg: String,
        bg: String,
        #[serde(default)]
        bold: bool,
    }
    let faces: std::collections::BTreeMap<String, Face> = toml::from_str(text).ok()?;
    let mut styles = [Style::reset(); 9];
    for role in ROLES {
        let face = faces.get(format!("{role:?}").to_lowercase().as_str())?;
        let (fg, bg) = (rgb(&face.fg)?, rgb(&face.bg)?);
        let style = Style::reset()
            .fg(colour(fg.0, fg.1, fg.2))
            .bg(colour(bg.0, bg.1, bg.2));
        styles[role as usize] = if face.bold {
            style.add_modifier(Modifier::BOLD)
        } else {
            style
        };
    }
    Some(Theme { styles })
}

fn rgb(text: &str) -> Option<(u8, u8, u8)> {
    let n = u32::from_str_radix(text.strip_prefix('#').filter(|t| t.len() == 6)?, 16).ok()?;
    Some(((n >> 16) as u8, (n >> 8) as u8, n as u8))
}

/// The nearest colour of the 6x6x6 cube (16-231).
fn cube(r: u8, g: u8, b: u8) -> Color {
    let step = |v: u8| {
        if v < 48 {
            0
        } else if v < 115 {
            1
        } else {
            (u16::from(v) - 35) / 40
        }
    };
    Color::Indexed((16 + 36 * step(r) + 6 * step(g) + step(b)) as u8)
}

/// Signs of the chrome that exist in two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Glyphs {
    pub ascii: bool,
    pub corners: [&'static str; 4],
    pub across: &'static str,
    pub down: &'static str,
    pub rising: &'static str,
    pub falling: &'static str,
    pub flat: &'static str,
    pub tick: &'static str,
    pub dot: &'static str,
    pub bullet: &'static str,
    pub crumb: &'static str,
    pub arrow: &'static str,
    pub bars: [&'static str; 8],
}

impl Glyphs {
    /// The signs for a terminal that shows UTF-8, or for one that shows ASCII only.
    pub fn new(ascii: bool) -> Glyphs {
        if ascii {
            Glyphs {
                ascii,
                corners: ["+", "+", "+", "+"],
                across: "-",
                down: "|",
                rising: "^",
                falling: "v",
                flat: "-",
                tick: "x",
                dot: "-",
                bullet: "*",
                crumb: ">",
                arrow: "->",
                bars: [".", ".", ":", ":", "=", "=", "#", "#"],
            }
        } else {
            Glyphs {
                ascii,
                corners: ["┌", "┐", "└", "┘"],
                across: "─",
                down: "│",
                rising: "▲",
                falling: "▼",
                flat: "-",
                tick: "✓",
                dot: "·",
                bullet: "●",
                crumb: "›",
                arrow: "→",
                bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
            }
        }
    }

    /// A row of bars for scores 0-100; a missing one is a space.
    pub fn spark(&self, scores: &[Option<u8>]) -> String {
        scores
            .iter()
            .map(|s| {
                s.map_or(" ", |s| {
                    self.bars[(usize::from(s.min(100)) * 8 / 101).min(7)]
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(c: (u8, u8, u8)) -> f64 {
        let part = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.04045 {
                v / 12.92
            } else {
                ((v + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(c.0) + 0.7152 * part(c.1) + 0.0722 * part(c.2)
    }

    #[test]
    fn shipped_themes_are_readable() {
        for (name, _) in SHIPPED {
            let theme = Theme::named(name, Colour::True).expect("a shipped theme parses");
            for role in ROLES.into_iter().filter(|r| *r != Role::Border) {
                let style = theme.style(role);
                let (Some(Color::Rgb(r, g, b)), Some(Color::Rgb(x, y, z))) = (style.fg, style.bg)
                else {
                    panic!("{name} {role:?}")
                };
                let (one, two) = (luminance((r, g, b)), luminance((x, y, z)));
                let contrast = (one.max(two) + 0.05) / (one.min(two) + 0.05);
                assert!(contrast >= 4.5, "{name} {role:?} has {contrast:.2}");
            }
        }
    }

    #[test]
    fn without_colour_no_style_has_one() {
        for role in ROLES {
            let style = Theme::named("dark", Colour::Never)
                .expect("a theme")
                .style(role);
            assert!(
                matches!(style.fg, Some(Color::Reset)) && matches!(style.bg, Some(Color::Reset)),
                "{role:?}"
            );
        }
    }
}
