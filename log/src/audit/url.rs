//! A log that a web server serves.

use crate::audit::source::{Source, SourceError};
use crate::http::connect::Server;
use crate::http::{ConnectError, Patience};
use std::time::Duration;

/// The URL prefix of a log.
#[derive(Clone, Debug)]
pub struct Prefix {
    server: Server,
}

impl Prefix {
    /// How long a server may take for one file.
    pub const PATIENCE: Patience =
        Patience { connect: Duration::from_secs(10), whole: Duration::from_secs(60) };

    /// The log whose files begin with this URL.
    pub fn at(url: &str) -> Result<Self, ConnectError> {
        Ok(Self { server: Server::at(url, Self::PATIENCE)? })
    }
}

impl Source for Prefix {
    fn get(&self, file: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, SourceError> {
        let name = || file.to_owned();
        match self.server.get(file, None, limit_bytes) {
            Ok(answer) if answer.status == 200 => Ok(Some(answer.body)),
            // 410: pruned.
            Ok(answer) if matches!(answer.status, 404 | 410) => Ok(None),
            Ok(answer) => Err(SourceError::Status { file: name(), status: answer.status }),
            Err(ConnectError::TooLong { limit, .. }) => Err(SourceError::TooLong { file: name(), limit }),
            Err(source) => Err(SourceError::Connect { file: name(), source }),
        }
    }
}
