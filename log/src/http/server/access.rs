//! Access tokens: who may read bodies, and who may register agents.

use sha2::{Digest, Sha256};

/// Shortest token; shorter ones could be guessed.
pub const MIN_TOKEN_BYTES: usize = 32;

/// What a token allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Everything: registering agents, reading bodies.
    Operator,
    /// Reading bodies.
    Bodies,
}

/// Hashes of the tokens that are accepted. None: nothing that needs one is served.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccessTokens(Vec<([u8; 32], Scope)>);

impl AccessTokens {
    /// Accepts a token.
    ///
    /// Errors: the token's length, where it is shorter than [`MIN_TOKEN_BYTES`].
    pub fn accept(&mut self, token: &str, scope: Scope) -> Result<(), usize> {
        if token.len() < MIN_TOKEN_BYTES {
            return Err(token.len());
        }
        self.0.push((hash(token), scope));
        Ok(())
    }
    /// What the value of an `Authorization` header allows.
    ///
    /// Hashes are compared, so that the time it takes says nothing about a token.
    #[must_use]
    pub fn scope(&self, authorization: Option<&str>) -> Option<Scope> {
        let token = authorization?.strip_prefix("Bearer ")?;
        let hash = hash(token);
        self.0.iter().find(|(accepted, _)| *accepted == hash).map(|(_, scope)| *scope)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
