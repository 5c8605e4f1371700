//! Asking a server: one agent with time limits, and answers of limited length.

use std::time::Duration;
use thiserror::Error;

/// Where a server is, and how long it may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// To open a connection.
    pub connect: Duration,
    /// From sending the request to the end of the answer.
    pub whole: Duration,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// Not a URL prefix.
    #[error(
        "{url} is not the URL of a server: it begins with http:// or https://, and has neither query nor fragment"
    )]
    Url {
        /// What was given.
        url: String,
    },
    /// Nobody answered in time, or the connection broke. The request may have arrived.
    #[error("{url} did not answer: {source}")]
    Unreachable {
        /// Asked.
        url: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// The answer is longer than any that makes sense.
    #[error("{url} answered more than {limit} bytes")]
    TooLong {
        /// Asked.
        url: String,
        /// Limit.
        limit: u64,
    },
}

/// A server that is asked.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    agent: ureq::Agent,
    prefix: String,
}

/// What a server answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as text for a message: the beginning of it, without control characters.
    pub(crate) fn excerpt(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        text.chars().filter(|character| !character.is_control()).take(200).collect()
    }
}

impl Server {
    /// The server whose paths begin with this URL.
    pub(crate) fn at(url: &str, patience: Patience) -> Result<Self, ConnectError> {
        let invalid = || ConnectError::Url { url: url.to_owned() };
        let uri: ureq::http::Uri = url.parse().map_err(|_| invalid())?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(invalid)?;
        let known_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        if !known_scheme || uri.query().is_some() || url.contains('#') {
            return Err(invalid());
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(patience.connect))
            .timeout_global(Some(patience.whole))
            .user_agent("candor");
        // What runs on this machine is not behind a proxy.
        let local = matches!(host, "localhost" | "[::1]") || host.starts_with("127.");
        let config = if local { config.proxy(None) } else { config };
        Ok(Self { agent: config.build().into(), prefix: url.trim_end_matches('/').to_owned() })
    }
    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.prefix)
    }
    /// Gets a path.
    pub(crate) fn get(
        &self,
        path: &str,
        authorization: Option<&str>,
        limit_bytes: u64,
    ) -> Result<Answer, ConnectError> {
        let url = self.url(path);
        let mut request = self.agent.get(&url);
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        answer(url, request.call(), limit_bytes)
    }
    /// Posts a body with headers.
    pub(crate) fn post(
        &self,
        path: &str,
        headers: &[(&str, String)],
        body: &[u8],
        limit_bytes: u64,
    ) -> Result<Answer, ConnectError> {
        let url = self.url(path);
        let mut request = self.agent.post(&url);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        answer(url, request.send(body), limit_bytes)
    }
}

fn answer(
    url: String,
    response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    limit_bytes: u64,
) -> Result<Answer, ConnectError> {
    let unreachable =
        |source: ureq::Error| ConnectError::Unreachable { url: url.clone(), source: Box::new(source) };
    let mut response = response.map_err(unreachable)?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let retry_after = header("retry-after").and_then(|value| value.parse().ok()).map(Duration::from_secs);
    let content_type = header("content-type").map(str::to_owned);
    // The reader's own limit is the first length that it refuses.
    let refused = limit_bytes.saturating_add(1);
    let body = match response.body_mut().with_config().limit(refused).read_to_vec() {
        Ok(body) => body,
        Err(ureq::Error::BodyExceedsLimit(_)) => {
            return Err(ConnectError::TooLong { url, limit: limit_bytes });
        }
        Err(source) => return Err(unreachable(source)),
    };
    Ok(Answer { status: response.status().as_u16(), retry_after, content_type, body })
}
