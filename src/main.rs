//! Wires: parse, configure, run, drain; nothing else.

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::mpsc,
    thread,
    time::Duration,
};

use clap::Parser;
use tokio::runtime::Builder;
use wan_matrix::cli::{
    self, Cli, Command, ServerCommand,
    check::{self, CheckArgs},
    config,
    exit::{Exit, Failure},
    screen::Screen,
    serve, synth,
};

/// How long a server that failed waits for somebody to read why.
const LAST_WORDS: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    // clap exits with 2 by itself when the command line is wrong.
    let done = match Cli::parse().command {
        Command::Serve(args) => serve::run(args),
        Command::Ask(command) => ask(command),
        Command::Check(args) => check(args),
        Command::Config(command) => {
            config::run(command, &mut Screen::of_process(&mut io::stdout().lock(), &mut io::stderr()))
        }
        Command::Synth(args) => synth::run(args).map(|()| Exit::Answered).map_err(Failure::from),
    };
    done.unwrap_or_else(|failure| told(&failure)).into()
}

fn check(args: CheckArgs) -> Result<Exit, Failure> {
    let (mut out, mut notes) = (io::BufWriter::new(io::stdout().lock()), io::stderr());
    let done = check::run(args, &mut Screen::of_process(&mut out, &mut notes));
    out.flush()?;
    done
}

/// One worker carries the network; this thread writes, and may wait for whoever reads.
fn ask(command: ServerCommand) -> Result<Exit, Failure> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(Failure::Machine)?;
    let (mut out, mut notes) = (io::BufWriter::new(io::stdout().lock()), io::stderr());
    let done = runtime.block_on(cli::ask(command, &mut Screen::of_process(&mut out, &mut notes)));
    // A file or a call that is still being waited for must not keep the process.
    runtime.shutdown_background();
    // What was answered before a failure is worth reading.
    let written = out.flush();
    let exit = done?;
    written?;
    Ok(exit)
}

fn told(failure: &Failure) -> Exit {
    if failure.is_quiet() {
        return Exit::Answered;
    }
    let words = format!("error: {failure}\n");
    // With standard error gone, the exit code still tells.
    let say = move || drop(io::stderr().write_all(words.as_bytes()));
    match failure {
        // A server's log may be a pipe that is full and not read, and whoever supervises it waits for its end.
        Failure::Serve(_) => {
            let (said, heard) = mpsc::channel();
            let saying = thread::Builder::new().spawn(move || {
                say();
                drop(said);
            });
            let _ended = saying.map(|_| heard.recv_timeout(LAST_WORDS) as Result<(), _>);
        }
        _ => say(),
    }
    failure.exit()
}
