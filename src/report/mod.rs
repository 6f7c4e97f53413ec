//! Operation reports for people and for programs: one HTML file that needs nothing else, and the same as JSON.
//!
//! Pure: a report goes in, text comes out. Whatever a report says may be hostile, so every text is made harmless here and
//! escaped by the templates. Absent: what belongs into a report, which is the engine's, and where it is kept.

mod json;
mod page;
mod pictures;
#[cfg(test)]
mod tests;
mod words;

use askama::Template as _;

use crate::domain::plain;
use crate::domain::report::OperationReport;
use page::Page;

/// The name of the HTML file.
pub const HTML: &str = "operation-report.html";

/// The name of the JSON file.
pub const JSON: &str = "operation-report.json";

/// The report as one HTML file: light and dark, on paper and on a phone, without anything loaded from elsewhere.
pub fn html(report: &OperationReport) -> Result<String, askama::Error> {
    Page::of(&harmless(report)).render()
}

/// The report as JSON; docs/json.md describes it.
pub fn json(report: &OperationReport) -> serde_json::Value {
    json::value(&harmless(report))
}

fn harmless(report: &OperationReport) -> OperationReport {
    let mut report = report.clone();
    report.each_text(&mut |text| *text = plain::block(text));
    report
}
