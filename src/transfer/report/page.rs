//! A report as one page: Markdown made HTML, plots as drawings within the page, a style that prints.

use std::fmt::Write as _;

use pulldown_cmark::{Event, Options, Parser, html};

use super::{Part, Plot, Report, Shape, number};

/// Nothing is fetched, and nothing runs, whatever the page says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE: &str = "\
body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
h1{font-size:1.6rem;margin:0 0 .5rem}h2{font-size:1.15rem;margin:1.6rem 0 .4rem;border-bottom:1px solid #ccc}h3{font-size:1rem}\
ul{padding-left:1.2rem}table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{text-align:left;padding:.2rem .5rem;\
border-bottom:1px solid #ddd;vertical-align:top}figure{margin:1rem 0;break-inside:avoid}figcaption{font-weight:600}\
svg{width:100%;height:auto}@media print{body{margin:0;max-width:none;font-size:11pt}h2,h3{break-after:avoid}tr,li{break-inside:avoid}}";

/// The page.
pub fn page(report: &Report) -> String {
    let title = escaped(&report.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    for part in &report.parts {
        match part {
            Part::Text(text) => {
                // What is HTML in Markdown is text here: nobody writes any, so it came from outside.
                let events =
                    Parser::new_ext(text, Options::ENABLE_TABLES).map(|event| match event {
                        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
                        other => other,
                    });
                html::push_html(&mut out, events);
            }
            Part::Plot(plot) => drawn(&mut out, plot),
        }
    }
    out.push_str("</body>\n</html>\n");
    out
}

/// Text that is neither a tag nor the end of an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in crate::text::safe(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 150.0;
/// Room at the left for the figures of the axis, below for the names of the ends, above.
const LEFT: f64 = 44.0;
const BELOW: f64 = 18.0;
const ABOVE: f64 = 8.0;

fn drawn(out: &mut String, plot: &Plot) {
    let Some((low, high)) = plot.bounds() else {
        return;
    };
    let span = if high > low { high - low } else { 1.0 };
    let floor = HEIGHT - BELOW;
    let y = |value: f64| floor - (value - low) / span * (floor - ABOVE);
    let step = (WIDTH - LEFT) / plot.points.len().max(1) as f64;
    let middle = |at: usize| LEFT + step * (at as f64 + 0.5);
    let title = escaped(&plot.title);
    let _ = write!(
        out,
        "<figure><figcaption>{title}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\" \
         font-size=\"11\" fill=\"#555\">"
    );
    for value in [low, high] {
        let at = y(value);
        let _ = write!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            at + 4.0,
            number(value)
        );
    }
    match plot.shape {
        Shape::Bars => {
            for (at, (name, value)) in plot.points.iter().enumerate() {
                let Some(value) = value else { continue };
                let top = y(*value);
                let _ = write!(
                    out,
                    "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#3b6ea5\"><title>{}: {}</title></rect>",
                    middle(at) - step * 0.35,
                    step * 0.7,
                    (floor - top).max(0.0),
                    escaped(name),
                    number(*value)
                );
            }
        }
        Shape::Line => {
            let mut path = String::new();
            let mut broken = true;
            for (at, (_, value)) in plot.points.iter().enumerate() {
                match value {
                    Some(value) => {
                        let _ = write!(
                            path,
                            "{}{:.1} {:.1}",
                            if broken { 'M' } else { 'L' },
                            middle(at),
                            y(*value)
                        );
                        broken = false;
                    }
                    None => broken = true,
                }
            }
            let _ = write!(
                out,
                "<path d=\"{path}\" fill=\"none\" stroke=\"#3b6ea5\" stroke-width=\"2\"/>"
            );
            for (at, (name, value)) in plot.points.iter().enumerate() {
                let Some(value) = value else { continue };
                let (x, y) = (middle(at), y(*value));
                let _ = write!(
                    out,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"#3b6ea5\"><title>{}: {}</title></circle>",
                    escaped(name),
                    number(*value)
                );
            }
        }
    }
    for (at, anchor) in [(0, "start"), (plot.points.len() - 1, "end")] {
        let x = if anchor == "start" { LEFT } else { WIDTH };
        let _ = write!(
            out,
            "<text x=\"{x}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            HEIGHT - 4.0,
            escaped(&plot.points[at].0)
        );
    }
    out.push_str("</svg></figure>\n");
}
