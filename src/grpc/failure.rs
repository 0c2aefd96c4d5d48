//! An error as a caller gets it: as a `Status` with its details, or as one result of a batch.

use std::{collections::HashMap, time::Duration};

use prost::{Message as _, Name as _};
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _, pb};

use super::proto::{CoverageLoad, ErrorReason, WanMatrixError};

/// The domain of every `google.rpc.ErrorInfo` of this service.
const DOMAIN: &str = "wanmatrix";

/// An error, in the words it is sent in. `error.rs` alone decides which code and reason an error has.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    code: Code,
    /// Unspecified: the error carries no `ErrorInfo`.
    reason: ErrorReason,
    message: String,
    metadata: Vec<(&'static str, String)>,
    violations: Vec<Violation>,
    retry: Option<Duration>,
    load: Option<Box<CoverageLoad>>,
}

/// A field of the request and what is wrong with it.
pub(super) type Violation = (String, String);

impl Failure {
    pub(super) fn new(code: Code, reason: ErrorReason, message: impl Into<String>) -> Self {
        let (metadata, violations) = (Vec::new(), Vec::new());
        Self { code, reason, message: bounded(message.into()), metadata, violations, retry: None, load: None }
    }

    /// A request at fault in one field.
    pub(super) fn field(reason: ErrorReason, field: impl Into<String>, what: impl Into<String>) -> Self {
        Self::fields(reason, vec![(field.into(), what.into())])
    }

    /// A request at fault in one or more fields; the message tells of all of them.
    pub(super) fn fields(reason: ErrorReason, violations: Vec<Violation>) -> Self {
        let violations: Vec<_> = violations.into_iter().map(|(field, what)| (field, bounded(what))).collect();
        let worded: Vec<_> = violations.iter().map(|(field, what)| format!("{field}: {what}")).collect();
        Self { violations, ..Self::new(Code::InvalidArgument, reason, worded.join("; ")) }
    }

    /// With a fact that a program can read.
    pub(super) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.metadata.push((key, value.into()));
        self
    }

    /// With the field of the request that the message speaks of.
    pub(super) fn violating(mut self, field: impl Into<String>) -> Self {
        self.violations.push((field.into(), self.message.clone()));
        self
    }

    /// With the time after which it is worth asking again.
    pub(super) fn retry_after(mut self, delay: Duration) -> Self {
        self.retry = Some(delay);
        self
    }

    /// With the load that a dry run refused: it is kept nowhere else.
    pub(super) fn carrying(mut self, load: CoverageLoad) -> Self {
        self.load = Some(Box::new(load));
        self
    }

    /// In other words.
    pub(super) fn said(mut self, message: String) -> Self {
        self.message = message;
        self
    }

    /// As one result of a batch: the code, reason and words of the status.
    pub(super) fn in_batch(self) -> WanMatrixError {
        WanMatrixError { code: self.code.into(), reason: self.reason.into(), message: self.message }
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let mut details = ErrorDetails::new();
        if failure.reason != ErrorReason::Unspecified {
            let metadata = failure.metadata.into_iter().map(|(key, value)| (key.to_owned(), value));
            details.set_error_info(reason_name(failure.reason), DOMAIN, metadata.collect::<HashMap<_, _>>());
        }
        if !failure.violations.is_empty() {
            let violations = failure.violations.into_iter().map(|(field, what)| FieldViolation::new(field, what));
            details.set_bad_request(violations.collect::<Vec<_>>());
        }
        if failure.retry.is_some() {
            details.set_retry_info(failure.retry);
        }
        let status = Self::with_error_details(failure.code, failure.message, details);
        failure.load.iter().fold(status, |status, load| with_load(&status, load))
    }
}

/// The status with one detail more.
fn with_load(status: &Status, load: &CoverageLoad) -> Status {
    let detail =
        Any { type_url: format!("type.googleapis.com/{}", CoverageLoad::full_name()), value: load.encode_to_vec() };
    // What was encoded a moment ago can be read.
    let mut all = pb::Status::decode(status.details()).unwrap_or_default();
    all.details.push(detail);
    Status::with_details(status.code(), status.message(), all.encode_to_vec().into())
}

/// Errors travel in headers, which clients bound at some 8 KiB: what is longer would reach nobody.
fn bounded(mut words: String) -> String {
    const LONGEST: usize = 1024;
    if words.len() > LONGEST {
        words.truncate(words.floor_char_boundary(LONGEST));
        words.push('…');
    }
    words
}

/// The reason as `google.rpc.ErrorInfo` has it: the enum value's name without its prefix.
fn reason_name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix(PREFIX).unwrap_or(name)
}

const PREFIX: &str = "ERROR_REASON_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_the_enum_values_name_without_its_prefix() {
        let published = include_str!("../../proto/wanmatrix/v1/errors.proto").lines().filter_map(|line| {
            let (name, number) = line.trim().strip_prefix(PREFIX)?.strip_suffix(';')?.split_once(" = ")?;
            Some((name, number.parse::<i32>().unwrap()))
        });
        let mut reasons = 0;
        for (name, number) in published {
            let reason = ErrorReason::try_from(number).unwrap();
            assert_eq!(reason_name(reason), name);
            let status = Status::from(Failure::new(Code::NotFound, reason, "said").with("key", "value"));
            let info = status.get_details_error_info();
            // Unspecified is no reason at all.
            assert_eq!(info.is_some(), number != 0, "{name}");
            if let Some(info) = info {
                assert_eq!((info.reason.as_str(), info.domain.as_str()), (name, "wanmatrix"));
                assert_eq!(info.metadata.get("key").map(String::as_str), Some("value"));
            }
            reasons += 1;
        }
        assert!(reasons > 20, "the proto was not read: {reasons} reasons");
    }

    #[test]
    fn a_batch_gets_the_code_reason_and_words_of_the_status() {
        let failure = Failure::field(ErrorReason::DateMalformed, "as_of_date", "no date");
        let alone = Status::from(failure.clone());
        let in_batch = failure.in_batch();
        assert_eq!(in_batch.code, i32::from(alone.code()));
        assert_eq!(in_batch.reason(), ErrorReason::DateMalformed);
        assert_eq!(in_batch.message, alone.message());
        let violation = &alone.get_details_bad_request().unwrap().field_violations[0];
        assert_eq!((violation.field.as_str(), violation.description.as_str()), ("as_of_date", "no date"));
    }
}
