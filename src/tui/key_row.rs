//! Keys as rows: each screen declares its keys once, and the hint line, help, palette, `retain keys` and `keys.toml` read the rows.

use super::look::Look;
use super::step::Cx;

/// Whether a row applies now; the error is the code of a word in `[why_not]` that says why it does not.
pub type Applies = Result<(), &'static str>;

/// One thing a person can do on a screen of type `V`. Its id is `<screen>.<label>`, its words are those of the id in `[action]`
/// (or of `*.<label>`, for what means the same on every screen).
pub struct KeyRow<V: ?Sized + 'static> {
    /// The part of the id behind the screen's name.
    pub label: &'static str,
    /// Keys as `Key::parse_all` reads them; empty for what only the palette offers.
    pub keys: &'static [&'static str],
    /// When it applies.
    pub when: fn(&V, &Look) -> Applies,
    /// What it does.
    pub run: fn(&mut V, &mut Cx),
    /// Stands in the hint line. The line is filled in the order of the rows, so the most used come first.
    pub hint: bool,
    /// Does not apply where nothing can be written.
    pub writes: bool,
    /// Leads to something that is typed.
    pub types: bool,
    /// The subcommand that does the same; `None` for what is of the screen only ([`SCREEN_ONLY`]).
    pub cli: Option<&'static str>,
}

/// Labels of what a script has no use for: moving about, marking, copying, asking on the screen, and how it looks. Every other
/// row names the subcommand that does the same, and a test looks whether it is there.
pub const SCREEN_ONLY: &[&str] = &[
    "again",
    "all_mine",
    "all_theirs",
    "arrived",
    "as_of",
    "back",
    "bookmark",
    "bookmarks",
    "both",
    "card",
    "choose",
    "clear_filter",
    "close",
    "closed_too",
    "column_left",
    "column_right",
    "complete",
    "copy_email",
    "copy_id",
    "copy_name",
    "copy_row",
    "copy_table",
    "copy_text",
    "discard",
    "done_too",
    "down",
    "drafts",
    "editor",
    "enter",
    "escape",
    "everybody",
    "facts",
    "filter",
    "first",
    "fold",
    "form",
    "half_down",
    "half_up",
    "history_back",
    "history_forward",
    "kind_back",
    "kind_next",
    "kinds_all",
    "kinds_money",
    "kinds_notes",
    "kinds_nps",
    "kinds_rules",
    "kinds_stage",
    "kinds_tickets",
    "kinds_touch",
    "last",
    "leave",
    "left",
    "less",
    "let_go",
    "longer",
    "mark",
    "mark_all",
    "mark_none",
    "mine",
    "mode",
    "more",
    "mouse",
    "narrow",
    "next",
    "next_file",
    "next_stage",
    "number",
    "on",
    "open",
    "open_other",
    "older",
    "others",
    "own",
    "page_down",
    "page_up",
    "pane",
    "period",
    "plain",
    "preview",
    "previous",
    "previous_file",
    "previous_stage",
    "quit",
    "register",
    "repaint",
    "reverse",
    "right",
    "run",
    "save",
    "shorter",
    "split",
    "stage_left",
    "stage_right",
    "suspend",
    "take_up",
    "theirs",
    "today",
    "toggle",
    "turn",
    "unfold",
    "unroll",
    "up",
    "who",
];

/// A row that always applies and is not in the hint line.
pub const fn row<V: ?Sized>(
    label: &'static str,
    keys: &'static [&'static str],
    run: fn(&mut V, &mut Cx),
) -> KeyRow<V> {
    KeyRow {
        label,
        keys,
        when: |_, _| Ok(()),
        run,
        hint: false,
        writes: false,
        types: false,
        cli: None,
    }
}

impl<V: ?Sized> KeyRow<V> {
    /// Applies only where `when` says so.
    #[must_use]
    pub const fn when(mut self, when: fn(&V, &Look) -> Applies) -> KeyRow<V> {
        self.when = when;
        self
    }

    /// Leads to a write, as the subcommand `cli` does: applies only where the book can be written, and says so before anything is
    /// typed.
    #[must_use]
    pub const fn writes(mut self, cli: &'static str) -> KeyRow<V> {
        self.writes = true;
        if cli.is_empty() { self } else { self.cli(cli) }
    }

    /// Leads to something that is typed: where it does not apply, the words that a person types behind it must not act as keys.
    #[must_use]
    pub const fn types(mut self) -> KeyRow<V> {
        self.types = true;
        self
    }

    /// The subcommand that does the same.
    #[must_use]
    pub const fn cli(mut self, cli: &'static str) -> KeyRow<V> {
        self.cli = Some(cli);
        self
    }

    /// Whether it applies on this view now.
    pub fn applies(&self, view: &V, look: &Look) -> Applies {
        match (&look.read_only, look.past) {
            (Some(_), Some(_)) if self.writes => Err("past"),
            (Some(_), None) if self.writes => Err("read_only"),
            _ => (self.when)(view, look),
        }
    }

    /// Shown in the hint line.
    #[must_use]
    pub const fn hint(mut self) -> KeyRow<V> {
        self.hint = true;
        self
    }
}
