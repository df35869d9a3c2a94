//! Writing what is shown into a file: the same rows and bytes as `retain export`.

use std::path::PathBuf;

use super::first_run::typed_path;
use super::log_line::Line;
use crate::domain::query::Query;
use crate::error::Result;
use crate::store::Store;
use crate::transfer::replace::replace;
use crate::transfer::sheet::{self, Format};
use crate::transfer::sheets;
use crate::tui::bench::Bench;
use crate::tui::look::Look;
use crate::tui::step::{Cx, Job};

/// Asks for the file; its name says the format, and one is proposed.
pub fn line(query: Query, look: &Look) -> Line {
    // The funnel is two tables, which one CSV does not hold.
    let several = matches!(query, Query::Funnel { .. });
    let format = if several { Format::Xlsx } else { Format::Csv };
    let proposed = sheets::file_name(&query, look.now.today, format).unwrap_or_default();
    let prompt = look.say.word("prompt.export").to_owned();
    let line = Line::new(prompt, move |text, cx| {
        let path = typed_path(text.trim());
        let word = match Format::of(&path) {
            Some(Format::Csv | Format::Json) if several => "error.export_tables",
            Some(_) if !path.exists() => {
                cx.run(Export {
                    query: query.clone(),
                    path,
                });
                return Ok(());
            }
            _ => "error.export_file",
        };
        Err(cx.look.say.word(word).to_owned())
    });
    line.text(&proposed)
}

/// Writes the answer to a question into a file, by a connection of its own; of a past day where that is shown.
#[derive(Clone, PartialEq, Debug)]
pub struct Export {
    /// What is asked.
    pub query: Query,
    /// The file.
    pub path: PathBuf,
}

impl Job for Export {
    type Answer = Result<usize>;

    fn writes(&self) -> Option<&'static str> {
        Some("job.export")
    }

    fn run(&self, bench: &mut Bench) -> Result<usize> {
        let mut store = match bench.past {
            Some(day) => Store::open_past(&bench.book, &bench.options, day)?,
            None => bench.open()?,
        };
        let format = Format::of(&self.path).unwrap_or(Format::Csv);
        let sheets = sheets::of(&mut store, &self.query)?;
        replace(&self.path, |out| sheet::write(format, out, &sheets))?;
        Ok(sheets.iter().map(|s| s.rows.len()).sum())
    }

    fn ended(self, answer: Result<usize>, _here: bool, cx: &mut Cx) {
        let path = self.path.display().to_string();
        match answer {
            Ok(rows) => cx.good(cx.look.say.fill(
                "message.exported",
                &[("n", &rows.to_string()), ("path", &path)],
            )),
            Err(error) => cx.refused(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::harness::Harness;

    #[test]
    fn a_list_is_asked_into_a_file_with_the_filter_that_holds() {
        let mut h = Harness::new("en", 1);
        h.press("2")
            .press("/")
            .type_text("health<60")
            .press("enter")
            .press("y x");
        assert!(h.text().contains("Write into (.csv"), "{}", h.text());
        h.press("ctrl-u").type_text("out.txt").press("enter");
        assert!(h.text().contains("named .csv, .xlsx"), "{}", h.text());
        h.press("ctrl-u")
            .type_text("/nowhere/mine.xlsx")
            .press("enter");
        let asked = h.effects.iter().find_map(|e| e.job::<Export>()).cloned();
        let asked = asked.expect("it is exported");
        assert!(h.app.look.past.is_none());
        let Query::Customers { filter, .. } = &asked.query else {
            panic!("{asked:?}")
        };
        assert_eq!(
            (filter.as_str(), asked.path.as_path()),
            ("health<60", std::path::Path::new("/nowhere/mine.xlsx"))
        );
        h.ends(h.job(), asked, Ok(12));
        assert!(
            h.text().contains("12 rows are in /nowhere/mine.xlsx"),
            "{}",
            h.text()
        );
    }

    #[test]
    fn the_funnel_goes_into_a_file_that_holds_two_tables() {
        let mut h = Harness::new("en", 1);
        h.press("3").press("y x");
        assert!(h.text().contains(".xlsx"), "{}", h.text());
        h.press("ctrl-u").type_text("/nowhere/f.csv").press("enter");
        assert!(h.text().contains("two tables"), "{}", h.text());
    }
}
