//! Writing what is shown into a file: the same rows and bytes as `retain export`.

use super::first_run::typed_path;
use super::log_line::Line;
use crate::domain::query::Query;
use crate::transfer::sheet::Format;
use crate::transfer::sheets;
use crate::tui::view::{AppStep, Look, Step};

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
                cx.push(Step::App(AppStep::Export(query.clone(), path)));
                return Ok(());
            }
            _ => "error.export_file",
        };
        Err(cx.look.say.word(word).to_owned())
    });
    line.text(&proposed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::effect::{Effect, Msg};
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
        let asked = h.effects.iter().find_map(|e| match e {
            Effect::Export {
                query: Query::Customers { filter, .. },
                path,
                past: None,
                ..
            } => Some((filter.clone(), path.clone())),
            _ => None,
        });
        assert_eq!(
            asked,
            Some(("health<60".to_owned(), "/nowhere/mine.xlsx".into()))
        );
        let job = h.job();
        h.say(Msg::Exported {
            job,
            path: "/nowhere/mine.xlsx".into(),
            result: Ok(12),
        });
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
