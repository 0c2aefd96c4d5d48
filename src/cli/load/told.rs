//! What became of a file on one server.

use crate::{
    cli::{
        connect::ServerUrl,
        exit::Failure,
        json::to_json,
        loads::{self, rejects},
        plain::plain,
        report,
        screen::{Output, RowOutput, Screen},
        words,
    },
    grpc::proto::{CoverageLoad, CoverageLoadHeader, SubmitCoverageLoadResponse},
};

/// How many rejects a refused load shows; `loads rejects` has them all.
const REJECTS_SHOWN: usize = 10;

/// Tells of a load that was not refused.
pub(super) fn submitted(
    reply: &SubmitCoverageLoadResponse,
    header: &CoverageLoadHeader,
    server: &ServerUrl,
    output: Output,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    if output == Output::Json {
        return Ok(writeln!(screen.out, "{}", to_json(reply)?)?);
    }
    let load = reply.load.as_ref().ok_or_else(|| server.broke_contract("it took the file and names no load"))?;
    let load_id = plain(&load.load_id);
    let state = words::spaced(&words::load_state(load.state));
    if header.validate_only && !reply.already_present {
        writeln!(screen.out, "{server}: {load_id} would be taken; this was a dry run, and nothing is kept")?;
    } else if reply.already_present {
        writeln!(screen.out, "{server}: {load_id} is {state} already; nothing changed")?;
    } else {
        writeln!(screen.out, "{server}: {load_id} is {state}")?;
    }
    report::write(screen.out, load)?;
    if header.activate == Some(false) && !reply.already_present {
        writeln!(screen.out, "\n`wan-matrix loads activate {load_id}` lets it answer")?;
    }
    Ok(())
}

/// Says why, and for a load that was judged and refused, what was in it.
pub(super) async fn refused(
    failure: &Failure,
    server: &ServerUrl,
    output: Output,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    // The refusal stands whether or not its report can be had.
    if let Err(lost) = show_refused(failure, server, output, screen).await {
        if lost.is_quiet() {
            return Err(lost);
        }
        let _ = writeln!(screen.notes, "the report of the refused load cannot be shown: {lost}");
    }
    screen.out.flush()?;
    // Best effort: the exit code says it too.
    let _ = writeln!(screen.notes, "error: {failure}");
    Ok(())
}

async fn show_refused(
    failure: &Failure,
    server: &ServerUrl,
    output: Output,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    if let Some(load) = failure.detail::<CoverageLoad>() {
        return show(load, "would be refused; this was a dry run", server, output, screen);
    }
    let judged = |reason: &String| reason.starts_with("LOAD_GUARD_") || reason == "LOAD_FILE_UNREADABLE";
    let Some(load_id) = failure.metadata("load_id").filter(|_| failure.reason().as_ref().is_some_and(judged)) else {
        return Ok(());
    };
    let load = loads::get(server, &load_id).await?;
    let set_aside = load.report.as_ref().is_some_and(|report| report.set_aside > 0);
    show(load, "is refused; nothing changed", server, output, screen)?;
    if output == Output::Table && set_aside {
        writeln!(screen.out)?;
        rejects::write(server, &load_id, 0, Some(REJECTS_SHOWN), RowOutput::Table, screen).await?;
    }
    Ok(())
}

fn show(
    load: CoverageLoad,
    became: &str,
    server: &ServerUrl,
    output: Output,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    if output == Output::Json {
        let reply = SubmitCoverageLoadResponse { load: Some(load), already_present: false };
        return Ok(writeln!(screen.out, "{}", to_json(&reply)?)?);
    }
    writeln!(screen.out, "{server}: {} {became}", plain(&load.load_id))?;
    Ok(report::write(screen.out, &load)?)
}
