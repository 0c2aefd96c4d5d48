//! `wan-matrix duis`: a DUIS 12.1 request document in, its response document out.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::Args;
use tokio::task;

use super::{
    connect::{Server, soon},
    exit::{Exit, Failure},
    plain::plain,
    screen::Screen,
    words,
};
use crate::{duis, grpc::proto::RequestWanMatrixDuisRequest};

/// Which document to answer.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  wan-matrix duis request.xml > response.xml
  wan-matrix duis < request.xml

The document is a DUIS Request of Service Request 12.1, version 5.3, 5.3a or 5.4.
Its signature is ignored, and the response has none. The codes beside I0 are
assumed unless the server's operator has configured others.

Exit codes: 0 the response holds a WAN Matrix; 1 it holds none, or the document is
malformed; 2 usage, 69 no server, 70 server error, 77 denied.")]
pub struct DuisArgs {
    /// The request document [default: standard input]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub server: Server,
}

/// Asks and writes the response document.
///
/// # Errors
/// [`Failure`] when the document cannot be read, the server cannot be asked or gives no document, or the output is
/// closed.
pub async fn run(args: DuisArgs, screen: &mut Screen<'_>) -> Result<Exit, Failure> {
    let DuisArgs { file, server } = args;
    // A thread of its own: standard input may stay silent for long.
    let document = task::spawn_blocking(move || read(file)).await.map_err(|error| Failure::Machine(error.into()))??;
    let mut client = server.url.wan_matrix().await?;
    let reply = client.request_wan_matrix_duis(soon(RequestWanMatrixDuisRequest { document })).await;
    let reply = reply.map_err(|status| server.url.refused(status))?.into_inner();
    screen.out.write_all(&reply.document)?;
    screen.out.flush()?;
    if !reply.missing_regions.is_empty() {
        let missing: Vec<_> = reply.missing_regions.iter().map(|&region| words::region(region)).collect();
        writeln!(screen.notes, "note: not heard, for want of an active load: {}", missing.join(", "))?;
    }
    let Some(error) = reply.error else { return Ok(Exit::Answered) };
    writeln!(screen.notes, "{}: {}", words::error_reason(error.reason), plain(&error.message))?;
    Ok(Exit::Unanswered)
}

/// The whole document, and no more than a server would read.
fn read(file: Option<PathBuf>) -> Result<Vec<u8>, Failure> {
    let path = file.unwrap_or_else(|| PathBuf::from("-"));
    let mut document = Vec::new();
    let most = duis::Request::MAX_BYTES as u64 + 1;
    let done = if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut document)
    } else {
        File::open(&path).and_then(|file| file.take(most).read_to_end(&mut document))
    };
    match done {
        Err(source) => Err(Failure::File { path, source }),
        Ok(_) if document.len() > duis::Request::MAX_BYTES => Err(Failure::Usage(format!(
            "{} is no DUIS 12.1 request: it has more than {} bytes",
            path.display(),
            duis::Request::MAX_BYTES
        ))),
        Ok(_) => Ok(document),
    }
}

#[cfg(test)]
#[path = "duis_tests.rs"]
mod tests;
