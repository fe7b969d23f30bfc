//! Why the console did nothing, as problems.

use std::time::Duration;

use axum::http::StatusCode;
use wartel_bot::catalogue::{ImportReport, ItemProblem};
use wartel_bot::console::ConsoleError;

use super::{Shop, ShopText};
use crate::codes::ProblemCode;
use crate::engine::store_problem;
use crate::problem::{FieldIssue, LineIssue, Problem};
use crate::texts::Text;

/// When to write again in a chat in which too much waits.
const WAITING_WAIT: Duration = Duration::from_secs(30);

impl Shop {
    pub(super) fn problem(&self, error: &ConsoleError) -> Problem {
        let new = |code, detail: &'static str, text| Problem::new(code, detail, Text::from(text));
        match error {
            ConsoleError::NotFound => Problem::not_found(),
            ConsoleError::NotRead => {
                let detail = "If-Match must say which revision was read";
                new(ProblemCode::Changed, detail, ShopText::NotRead)
                    .with_status(StatusCode::PRECONDITION_REQUIRED)
            }
            ConsoleError::Changed => {
                let detail = "it was changed since it was read, or is not there any more";
                new(ProblemCode::Changed, detail, ShopText::Changed)
            }
            ConsoleError::NoAddress => {
                let detail = "no address of this customer is known any more";
                new(ProblemCode::NoAddress, detail, ShopText::NoAddress)
            }
            ConsoleError::OtherLeadOpen => {
                let detail = "another lead of this customer is open";
                new(ProblemCode::OtherLeadOpen, detail, ShopText::OtherLeadOpen)
            }
            ConsoleError::TooManyWaiting => {
                let detail = "too many messages wait to be sent in this chat";
                new(ProblemCode::RateLimited, detail, ShopText::TooManyWaiting).with_retry_after(WAITING_WAIT)
            }
            ConsoleError::Message => field("text", ShopText::Message),
            ConsoleError::Shop(problem) => {
                // One rule may speak of two fields.
                let issue = |field| FieldIssue { field, text: Text::from(ShopText::Must(problem.expected)) };
                Problem::invalid_fields(problem.field.split(", ").map(issue).collect())
            }
            ConsoleError::Item(problem) => self.item_problem(problem),
            ConsoleError::File(problem) => {
                new(ProblemCode::InvalidSheet, "the file cannot be read", ShopText::File(*problem))
            }
            ConsoleError::Store(error) => store_problem(error),
            _ => {
                tracing::error!(error = %error, "the console does not do what was asked");
                Problem::internal()
            }
        }
    }

    fn item_problem(&self, problem: &ItemProblem) -> Problem {
        let name = match problem {
            ItemProblem::Code => "code",
            ItemProblem::Title => "title",
            ItemProblem::Price => "price",
            ItemProblem::Attribute { .. } => "attributes",
            // What is unknown is not repeated; what is known helps more.
            ItemProblem::UnknownAttribute { .. } => {
                let attributes = &self.console.schema().attributes;
                let known: Vec<&str> = attributes.iter().map(|spec| spec.key.as_str()).collect();
                return field("attributes", ShopText::UnknownAttribute(known.join(", ").into()));
            }
            ItemProblem::Notes => "notes",
            _ => "photos",
        };
        field(name, ShopText::ItemWrong(Box::new(problem.clone())))
    }
}

/// One field is wrong.
pub(super) fn field(name: &'static str, text: ShopText) -> Problem {
    Problem::invalid_fields(vec![FieldIssue { field: name, text: Text::from(text) }])
}

/// Some lines of a file are wrong, and nothing of it is stored.
pub(super) fn sheet_problem(report: ImportReport) -> Problem {
    let detail = "lines of the file are wrong, so nothing of it is stored";
    let text = ShopText::SheetWrong { bad_lines: report.bad_lines };
    let line = |problem: wartel_bot::catalogue::LineProblem| LineIssue {
        line: problem.line,
        column: problem.column.clone(),
        text: Text::from(ShopText::Line(Box::new(problem))),
    };
    Problem::new(ProblemCode::InvalidSheet, detail, Text::from(text))
        .with_lines(report.problems.into_iter().map(line).collect())
}
