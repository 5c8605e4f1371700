//! The `candor` command: init, setup, agent-key, compile, record, compare, prove, verify, replay, challenge, settle,
//! inspect, demo. Everything that it does is a call of the libraries; here are files, arguments, text and exit codes.

pub mod arguments;
pub mod artefact;
pub mod classify;
pub mod command;
pub mod delivering;
pub mod events;
pub mod evidence;
pub mod exit;
pub mod expectation;
pub mod forgery;
pub mod key;
pub mod lines;
pub mod log_keys;
pub mod output;
pub mod progress;
pub mod publication;
pub mod selection;
pub mod session;
pub mod situation;
pub mod store;
pub mod wording;

use arguments::{Arguments, Context};
use clap::Parser;
use exit::{ExitClass, Failure};
use output::Output;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use store::Store;

/// Folder of a project where none is named.
pub const DEFAULT_DIRECTORY: &str = "./.candor";

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers and not errors; clap knows which stream they belong to.
            let _ = error.print();
            return if error.use_stderr() { ExitClass::Usage } else { ExitClass::Accepted }.into();
        }
    };
    // Not locked: a command may also read and write through other handles.
    let mut stdout = io::stdout();
    run(&arguments, &mut stdout).into()
}

/// Runs one command. Answers go to `writer`, diagnostics to the standard error.
pub fn run(arguments: &Arguments, writer: &mut dyn io::Write) -> ExitClass {
    let json = arguments.json;
    let directory = arguments.dir.as_deref().unwrap_or(Path::new(DEFAULT_DIRECTORY));
    let store = Store::at(directory);
    let mut context =
        Context { store, named_directory: arguments.dir.clone(), output: Output { json, writer } };
    let done = arguments.command.run(&mut context);
    let done = done.and_then(|report| context.output.report(&report).map(|()| report.class));
    done.unwrap_or_else(|failure| fail(&mut context.output, &failure))
}

fn fail(output: &mut Output<'_>, failure: &Failure) -> ExitClass {
    eprintln!("{failure}");
    if output.json {
        // If the output is closed too there is nobody left to tell.
        let _ = output.line(&failure.to_json().to_string());
    }
    failure.class
}
