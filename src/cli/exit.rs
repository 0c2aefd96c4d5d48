//! How a command ends: its exit code, and what is said on standard error when it could not do what was asked.

use std::{error::Error, fmt, io, path::PathBuf, process::ExitCode};

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{connect::ServerUrl, credentials::tls_fault, json::NotProtoJson, plain::plain, synth::SynthFailure};
use crate::grpc::code_name;

/// The exit codes of every command. From 64 up they are those of `sysexits.h`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// Everything asked was answered.
    Answered = 0,
    /// Some location has no answer, or a load was refused.
    Unanswered = 1,
    /// The command line, or a file it names, cannot be used.
    Usage = 2,
    /// No server answers there.
    Unreachable = 69,
    /// The server failed.
    Server = 70,
    /// The server does not let this caller do that.
    Denied = 77,
    /// A configuration file is wrong.
    Configuration = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do what was asked. The text says what happened, to whom, and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// A file named on the command line cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    #[expect(missing_docs, reason = "the message is the documentation")]
    File { path: PathBuf, source: io::Error },
    /// A configuration file is wrong.
    #[error("{0}")]
    Configuration(String),
    /// No connection to the server.
    #[error("no server answers at {server}: {}", unreachable(server, .source))]
    #[expect(missing_docs, reason = "the message is the documentation")]
    Unreachable { server: ServerUrl, source: tonic::transport::Error },
    /// The server answered with an error.
    #[error("{}", Refusal { server, status })]
    #[expect(missing_docs, reason = "the message is the documentation")]
    Status { server: ServerUrl, status: Box<Status> },
    /// What the server sent breaks its own contract.
    #[error("{server} sent an answer that breaks its contract: {what}")]
    #[expect(missing_docs, reason = "the message is the documentation")]
    Answer { server: ServerUrl, what: String },
    /// An answer could not be written as JSON.
    #[error(transparent)]
    Json(#[from] NotProtoJson),
    /// The server of this process did not come up, or did not end well.
    #[error("{0}")]
    Serve(String),
    /// This machine could not give what the command needs.
    #[error("this machine does not let it go on: {0}")]
    Machine(io::Error),
    /// Standard output took no more.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl From<SynthFailure> for Failure {
    fn from(failure: SynthFailure) -> Self {
        match failure {
            SynthFailure::Synth(error) => Self::Usage(error.to_string()),
            SynthFailure::Table3(_) => Self::Configuration(failure.to_string()),
            SynthFailure::Summary(error) => Self::Output(error),
        }
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Self {
        // csv's own conversion would hide that a reader went away.
        Self::Output(match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }
}

impl Failure {
    /// The code to exit with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::File { .. } => Exit::Usage,
            Self::Configuration(_) => Exit::Configuration,
            Self::Unreachable { .. } => Exit::Unreachable,
            Self::Status { status, .. } => of_status(status),
            Self::Answer { .. } | Self::Json(_) | Self::Serve(_) | Self::Machine(_) => Exit::Server,
            Self::Output(_) => Exit::Unanswered,
        }
    }

    /// Whether the reader of the output went away (`| head`): nothing to complain about.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The `reason` of the server's ErrorInfo, if the server gave one.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.error_info().map(|info| info.reason)
    }

    /// A value from the metadata of the server's ErrorInfo.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<String> {
        self.error_info()?.metadata.remove(key)
    }

    /// A message of this contract among the details of the server's error.
    #[must_use]
    pub fn detail<M: prost::Message + prost::Name + Default>(&self) -> Option<M> {
        let Self::Status { status, .. } = self else { return None };
        let details: tonic_types::pb::Status = prost::Message::decode(status.details()).ok()?;
        let ours = details
            .details
            .iter()
            .find(|detail| detail.type_url.rsplit('/').next().is_some_and(|name| name == M::full_name()))?;
        M::decode(ours.value.as_slice()).ok()
    }

    fn error_info(&self) -> Option<tonic_types::ErrorInfo> {
        let Self::Status { status, .. } = self else { return None };
        status.get_details_error_info()
    }
}

fn of_status(status: &Status) -> Exit {
    // A status with a source was made by this side's transport: the server did not say it.
    if status.source().is_some() {
        return Exit::Unreachable;
    }
    match status.code() {
        Code::Ok => Exit::Answered,
        Code::PermissionDenied | Code::Unauthenticated => Exit::Denied,
        Code::Unavailable if reason_of(status) == "COVERAGE_DAMAGED" => Exit::Server,
        // tonic's own timeout is CANCELLED.
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => Exit::Unreachable,
        Code::Internal | Code::Unknown | Code::DataLoss | Code::Unimplemented | Code::OutOfRange => Exit::Server,
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted => Exit::Unanswered,
    }
}

fn reason_of(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// Why there is no connection, and what to do.
fn unreachable(server: &ServerUrl, error: &(dyn Error + 'static)) -> String {
    if let Some(fault) = tls_fault(error) {
        return format!("the TLS connection failed: {fault}");
    }
    let with_tls = if server.is_https() { ", with TLS" } else { "" };
    let next = format!("is `wan-matrix serve` running there{with_tls}? --server or WAN_MATRIX_SERVER names another");
    format!("{}\n  next: {next}", innermost(error))
}

/// What this side's transport made of a call, and what to do. The server has not said it.
fn unanswered(server: &ServerUrl, error: &(dyn Error + 'static)) -> String {
    let why = tls_fault(error).unwrap_or_else(|| {
        // Plain text meets TLS as bytes that are none of its own, whose words help nobody.
        let tls = if server.is_https() {
            ""
        } else {
            "; if it stays so, does the server speak TLS? Then name it as https://, with --ca"
        };
        format!("{}\n  next: try again shortly{tls}", innermost(error))
    });
    format!("{server} gave no answer: {why}")
}

/// Transport errors say "transport error" and keep the cause ("Connection refused") inside.
pub(super) fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// A status, with every detail a person can act on.
struct Refusal<'a> {
    server: &'a ServerUrl,
    status: &'a Status,
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = self.status.source() {
            return f.write_str(&unanswered(self.server, source));
        }
        let details = self.status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.as_str()).unwrap_or_default();
        write!(f, "{} answered {}", self.server, code_name(self.status.code()))?;
        if !reason.is_empty() {
            write!(f, " ({})", plain(reason))?;
        }
        if !self.status.message().is_empty() {
            write!(f, "\n  {}", plain(self.status.message()))?;
        }
        if let Some(info) = details.error_info() {
            let mut metadata: Vec<_> = info.metadata.iter().collect();
            metadata.sort();
            for (key, value) in metadata {
                write!(f, "\n  {}: {}", plain(key), plain(value))?;
            }
        }
        for violation in details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default() {
            // The message often is its only violation.
            if !self.status.message().contains(&violation.description) {
                write!(f, "\n  in {}: {}", plain(&violation.field), plain(&violation.description))?;
            }
        }
        if let Some(delay) = details.retry_info().and_then(|retry| retry.retry_delay) {
            write!(f, "\n  it asks to be tried again in {} s", delay.as_secs_f64())?;
        }
        let metadata = |key| details.error_info().and_then(|info| info.metadata.get(key)).map(String::as_str);
        next(self.status.code(), reason, metadata("load_id"), metadata("guards"))
            .map_or(Ok(()), |next| write!(f, "\n  next: {next}"))
    }
}

/// What this program can do about it. The server's own words stand above; this only adds commands.
fn next(code: Code, reason: &str, load_id: Option<&str>, guards: Option<&str>) -> Option<String> {
    let id = load_id.map_or_else(|| "ID".to_owned(), plain);
    Some(match (reason, code) {
        ("LOAD_NOT_FOUND", _) => "`wan-matrix loads list` names the loads this server knows".to_owned(),
        ("LOAD_RETAINED", _) => {
            format!("`wan-matrix loads activate {id}` lets it answer; `wan-matrix active` shows what answers now")
        }
        ("LOAD_DIGEST_MISMATCH", _) => "if the file was still being written, send it again once it is whole".to_owned(),
        ("COVERAGE_INCOMPLETE", _) => "`wan-matrix active` shows which regions have no load".to_owned(),
        ("COVERAGE_DAMAGED", _) => "tell the server's operator: its log names the damaged load".to_owned(),
        ("LOAD_GUARD_REJECTS", _) if load_id.is_some() => {
            format!("`wan-matrix loads rejects {id}` lists every row to correct")
        }
        ("LOAD_GUARD_REJECTS", _) => "`wan-matrix check` lists the rows to correct; sent without --dry-run, \
             `wan-matrix loads rejects` lists those too that delete what the base does not have"
            .to_owned(),
        (reason, _) if reason.starts_with("LOAD_GUARD_") => {
            let guards = guards.map_or_else(|| "GUARD".to_owned(), plain);
            format!("if this is the right file, send it with --override {guards} --note TEXT")
        }
        ("LOAD_BASE_NOT_ACTIVE", _) => "`wan-matrix active` shows which load a delta must name with --base".to_owned(),
        ("LOAD_OVERTAKEN", _) => "`wan-matrix active` shows what answers now".to_owned(),
        ("USER_ROLE_NOT_ELIGIBLE", _) => {
            "ask the server's operator under which User Roles this caller is known there".to_owned()
        }
        (_, Code::PermissionDenied | Code::Unauthenticated) => {
            "ask the server's operator which role this caller needs".to_owned()
        }
        (_, Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled) => "try again shortly".to_owned(),
        (_, Code::Unimplemented) => "this server is older than this command, or not a wan-matrix server".to_owned(),
        (_, Code::Internal | Code::Unknown | Code::DataLoss) => {
            "nothing you did; the server's log says more".to_owned()
        }
        _ => return None,
    })
}

#[cfg(test)]
#[path = "exit_tests.rs"]
mod tests;
