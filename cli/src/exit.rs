//! How a command ends: a class with a stable exit code, and what happened, where, and what to do.

use std::fmt;
use std::process::ExitCode;

/// What an exit code says. The numbers are documented in docs/cli.md and never change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ExitClass {
    /// Done; where something was judged, it was accepted.
    Accepted = 0,
    /// The machine failed: a file could not be read or written, a disk is full.
    Unexpected = 1,
    /// The command line, or what it names, cannot be used like this.
    Usage = 2,
    /// Bytes or text are not what they should be.
    Malformed = 3,
    /// Well formed, but rejected by a named check.
    Rejected = 4,
    /// More than a documented limit.
    Limit = 5,
    /// Not enough is known for a verdict.
    Undecided = 6,
    /// The agent cheated, and the evidence says how.
    Fraud = 7,
    /// It rests on something that the caller did not agree to, such as a development string.
    RefusedAssumption = 8,
    /// The model uses what is not supported.
    UnsupportedModel = 9,
}

impl ExitClass {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
    /// The worse of two for whoever relies on both: accepted, then what the caller may still agree to, then what cannot be
    /// looked at, then what a check rejects, then fraud.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let rank = |class: Self| match class {
            Self::Accepted => 0,
            Self::RefusedAssumption => 1,
            Self::Undecided => 2,
            Self::UnsupportedModel => 3,
            Self::Usage => 4,
            Self::Limit => 5,
            Self::Malformed => 6,
            Self::Unexpected => 7,
            Self::Rejected => 8,
            Self::Fraud => 9,
        };
        if rank(other) > rank(self) { other } else { self }
    }
    /// Its name, as `--json` prints it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Unexpected => "unexpected",
            Self::Usage => "usage",
            Self::Malformed => "malformed",
            Self::Rejected => "rejected",
            Self::Limit => "limit",
            Self::Undecided => "undecided",
            Self::Fraud => "fraud",
            Self::RefusedAssumption => "refused-assumption",
            Self::UnsupportedModel => "unsupported-model",
        }
    }
}

impl From<ExitClass> for ExitCode {
    fn from(class: ExitClass) -> Self {
        Self::from(class.code())
    }
}

/// Why a command did not do what it was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Class, and with it the exit code.
    pub class: ExitClass,
    /// What happened.
    pub message: String,
    /// File, line, record, node or field.
    pub place: Option<String>,
    /// What to do about it.
    pub fix: Option<String>,
}

impl Failure {
    /// A failure that so far says only what happened.
    pub fn new(class: ExitClass, message: impl fmt::Display) -> Self {
        Self { class, message: message.to_string(), place: None, fix: None }
    }
    /// The caller's mistake.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(ExitClass::Usage, message)
    }
    /// Says where.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.place = Some(match self.place {
            Some(inner) => format!("{place}, {inner}"),
            None => place.to_string(),
        });
        self
    }
    /// Says what to do.
    #[must_use]
    pub fn fix(mut self, fix: impl fmt::Display) -> Self {
        self.fix = Some(fix.to_string());
        self
    }
    /// The failure as `--json` prints it.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "error": {
                "class": self.class.name(),
                "exitCode": self.class.code(),
                "message": self.message,
                "place": self.place,
                "fix": self.fix,
            }
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.message)?;
        if let Some(place) = &self.place {
            write!(formatter, "\n  where: {place}")?;
        }
        if let Some(fix) = &self.fix {
            write!(formatter, "\n  to do: {fix}")?;
        }
        write!(formatter, "\n  exit code {}: {}", self.class.code(), self.class.name())
    }
}

impl std::error::Error for Failure {}
