//! Reports: a brief before a meeting, the story of a period, a digest of what moved. Each is Markdown, and a page that prints: by
//! itself in one file, without a script, without the network, with everything from the book escaped.

pub mod brief;
pub mod digest;
mod page;
pub mod qbr;

use std::fmt::Write as _;

use super::markdown;

/// A report.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// Its heading.
    pub title: String,
    /// What it says, in order.
    pub parts: Vec<Part>,
}

/// A part of a report.
#[derive(Clone, PartialEq, Debug)]
pub enum Part {
    /// Markdown.
    Text(String),
    /// A plot.
    Plot(Plot),
}

/// How a plot is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// A line through the points; where there is no data it is broken.
    Line,
    /// A bar a point, from 0.
    Bars,
}

/// Figures in a row.
#[derive(Clone, PartialEq, Debug)]
pub struct Plot {
    /// What they are.
    pub title: String,
    /// How they are drawn.
    pub shape: Shape,
    /// Each with what it is of.
    pub points: Vec<(String, Option<f64>)>,
    /// The least and the greatest that is drawn, where that is fixed.
    pub range: Option<(f64, f64)>,
}

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl Plot {
    /// The least and the greatest value that is drawn; bars stand on 0.
    fn bounds(&self) -> Option<(f64, f64)> {
        let values = || self.points.iter().filter_map(|p| p.1);
        values().next()?;
        let least = if self.shape == Shape::Bars {
            0.0
        } else {
            values().fold(f64::INFINITY, f64::min)
        };
        let found = (least, values().fold(f64::NEG_INFINITY, f64::max));
        Some(self.range.unwrap_or(found))
    }

    /// On one line: signs of eight heights, and the figures at both ends.
    fn line(&self) -> Option<String> {
        let (low, high) = self.bounds()?;
        let level = |v: f64| {
            let part = if high > low {
                (v - low) / (high - low)
            } else {
                0.5
            };
            LEVELS[((part * 8.0) as usize).min(7)]
        };
        let signs: String = self.points.iter().map(|p| p.1.map_or(' ', level)).collect();
        let mut ends = self.points.iter().filter_map(|p| p.1.map(|v| (&p.0, v)));
        let first = ends.next()?;
        let last = ends.next_back().unwrap_or(first);
        Some(format!(
            "- **{}:** {signs} {} ({}) to {} ({})",
            self.title,
            number(first.1),
            first.0,
            number(last.1),
            last.0
        ))
    }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

impl Report {
    /// An empty one.
    pub fn new(title: impl Into<String>) -> Report {
        Report {
            title: title.into(),
            parts: Vec::new(),
        }
    }

    /// A report of Markdown whose first line is the heading.
    pub fn of(markdown: &str) -> Report {
        let (title, rest) = markdown.split_once('\n').unwrap_or((markdown, ""));
        let mut report = Report::new(title.trim_start_matches("# ").replace('\\', ""));
        report.say(rest);
        report
    }

    /// Adds Markdown; nothing where there is none.
    pub fn say(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !text.trim().is_empty() {
            self.parts.push(Part::Text(text));
        }
    }

    /// Adds a plot that has at least two figures, and of bars one that is not 0.
    pub fn plot(&mut self, plot: Plot) {
        let figures = || plot.points.iter().filter_map(|p| p.1);
        if figures().count() > 1 && (plot.shape == Shape::Line || figures().any(|n| n != 0.0)) {
            self.parts.push(Part::Plot(plot));
        }
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n", markdown::line(&self.title));
        for part in &self.parts {
            match part {
                Part::Text(text) => {
                    let _ = write!(out, "\n{}\n", text.trim());
                }
                Part::Plot(plot) => {
                    if let Some(line) = plot.line() {
                        let _ = write!(out, "\n{line}\n");
                    }
                }
            }
        }
        out
    }

    /// As a page of its own.
    pub fn html(&self) -> String {
        page::page(self)
    }
}

/// Lines under a heading; nothing without lines.
fn list(title: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    format!(
        "## {title}\n\n{}",
        lines.iter().map(|l| format!("- {l}\n")).collect::<String>()
    )
}

/// A table under a heading; nothing without rows. Cells are Markdown already.
fn table(title: &str, heads: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let rule = vec!["---"; heads.len()].join(" | ");
    let rows: String = rows
        .iter()
        .map(|r| format!("| {} |\n", r.join(" | ")))
        .collect();
    format!(
        "## {title}\n\n| {} |\n| {rule} |\n{rows}",
        heads.join(" | ")
    )
}

#[cfg(test)]
mod tests;
