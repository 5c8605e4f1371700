//! Answers of somebody's float model, to compare the integer model with.

use crate::error::CompileError;
use crate::observed::lines;
use crate::source::SourceFile;
use serde::Deserialize;
use thiserror::Error;

/// What is wrong with a line of reference answers.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ReferenceError {
    /// Not the JSON of an answer.
    #[error(
        "not a reference answer at column {column}; write {{\"time\": ..., \"logits\": [...], \"action\": \"...\"}}"
    )]
    NotJson {
        /// Column, from 1.
        column: usize,
    },
    /// Neither logits nor action.
    #[error("neither `logits` nor `action`; give at least one of them")]
    Empty,
    /// Number of logits.
    #[error("{got} logits for {expected} actions; give one for each action, in the order of agent.toml")]
    LogitCount {
        /// Expected.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// An action that agent.toml does not have.
    #[error("the action `{}` is not in agent.toml; use the names under [[head.actions]]", got.escape_debug())]
    UnknownAction {
        /// Found.
        got: String,
    },
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) time: u64,
    pub(crate) logits: Option<Vec<f64>>,
    /// Index of the action.
    pub(crate) action: usize,
}

#[derive(Deserialize)]
struct Line {
    time: u64,
    logits: Option<Vec<f64>>,
    action: Option<String>,
}

/// The answers of a file.
pub(crate) fn read(file: &SourceFile, actions: &[&str]) -> Result<Vec<Answer>, CompileError> {
    lines(file)
        .map(|line| {
            let (line, text) = line?;
            answer(text, actions).map_err(|source| CompileError::Reference {
                path: file.path.clone(),
                line,
                source,
            })
        })
        .collect()
}

fn answer(text: &str, actions: &[&str]) -> Result<Answer, ReferenceError> {
    let line: Line =
        serde_json::from_str(text).map_err(|error| ReferenceError::NotJson { column: error.column() })?;
    if let Some(logits) = &line.logits
        && logits.len() != actions.len()
    {
        return Err(ReferenceError::LogitCount { expected: actions.len(), got: logits.len() });
    }
    let action = match (line.action, &line.logits) {
        (Some(got), _) => match actions.iter().position(|action| *action == got) {
            Some(action) => action,
            None => return Err(ReferenceError::UnknownAction { got }),
        },
        (None, Some(logits)) => crate::network::arg_max(logits),
        (None, None) => return Err(ReferenceError::Empty),
    };
    Ok(Answer { time: line.time, logits: line.logits, action })
}
