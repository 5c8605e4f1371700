//! Keys, tokens and witnesses of a log, as files and on the command line.

use crate::exit::{ExitClass, Failure};
use crate::key::{self, check_private};
use crate::store::{self, Existing};
use candor_log::http::witness::WitnessAddress;
use candor_trace::tlog::{CosignatureSigner, KeyError, NoteSigner, PolicyError, QuorumPolicy, VerifierKey};
use std::path::{Path, PathBuf};
use zeroize::{Zeroize, Zeroizing};

const MAX_KEY_BYTES: u64 = 1 << 10;
const MAX_LIST_BYTES: u64 = 1 << 18;
const MAX_TOKEN_BYTES: u64 = 1 << 10;

/// Secrets in a log's directory.
#[must_use]
pub fn log_key(directory: &Path) -> PathBuf {
    directory.join("private/log.key")
}

/// Token that registers agents and reads bodies.
#[must_use]
pub fn operator_token(directory: &Path) -> PathBuf {
    directory.join("private/operator.token")
}

/// Witnesses of a log.
#[must_use]
pub fn witnesses_file(directory: &Path) -> PathBuf {
    directory.join("private/witnesses")
}

/// A fresh key of a log.
pub fn create_log_key(path: &Path, origin: &str) -> Result<NoteSigner, Failure> {
    let signer = with_seed(|seed| NoteSigner::new(origin, seed))?;
    write_secret_text(path, signer.to_text())?;
    Ok(signer)
}

/// A fresh key of a witness.
pub fn create_witness_key(path: &Path, name: &str) -> Result<CosignatureSigner, Failure> {
    let signer = with_seed(|seed| CosignatureSigner::new(name, seed))?;
    write_secret_text(path, signer.to_text())?;
    Ok(signer)
}

fn with_seed<T>(make: impl FnOnce(&[u8; 32]) -> Result<T, KeyError>) -> Result<T, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    key::random(seed.as_mut_slice())?;
    make(&seed).map_err(|error| {
        Failure::usage(error).fix("a name is like a URL without its scheme: log.example/agents")
    })
}

fn write_secret_text(path: &Path, text: Zeroizing<String>) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        store::create_private_directory(folder)?;
    }
    let mut line = Zeroizing::new(text.as_bytes().to_vec());
    line.push(b'\n');
    let written = store::write_secret(path, &line, Existing::Keep);
    line.zeroize();
    written.map_err(|failure| {
        failure.fix("use this key, or move the file away first: a key is never overwritten")
    })
}

fn read_secret(path: &Path, limit_bytes: u64) -> Result<Zeroizing<String>, Failure> {
    check_private(path)?;
    let bytes = Zeroizing::new(store::read(path, limit_bytes)?);
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::new(ExitClass::Malformed, "the file is not text").at(path.display()))?;
    Ok(Zeroizing::new(text.trim_end().to_owned()))
}

fn malformed(path: &Path) -> impl Fn(KeyError) -> Failure + '_ {
    |error| Failure::new(ExitClass::Malformed, error).at(path.display()).fix("restore the key from a copy")
}

/// The key of a log.
pub fn load_log_key(path: &Path) -> Result<NoteSigner, Failure> {
    NoteSigner::parse(&read_secret(path, MAX_KEY_BYTES)?).map_err(malformed(path))
}

/// The key of a witness.
pub fn load_witness_key(path: &Path) -> Result<CosignatureSigner, Failure> {
    CosignatureSigner::parse(&read_secret(path, MAX_KEY_BYTES)?).map_err(malformed(path))
}

/// A fresh access token, in a file of its own.
pub fn create_token(path: &Path) -> Result<(), Failure> {
    let mut bytes = Zeroizing::new([0; 32]);
    key::random(bytes.as_mut_slice())?;
    write_secret_text(path, Zeroizing::new(hex::encode(bytes.as_slice())))
}

/// The access token in a file.
pub fn load_token(path: &Path) -> Result<Zeroizing<String>, Failure> {
    read_secret(path, MAX_TOKEN_BYTES)
}

/// The tokens in a file, one a line.
pub fn load_tokens(path: &Path) -> Result<Vec<Zeroizing<String>>, Failure> {
    let text = read_secret(path, MAX_LIST_BYTES)?;
    let tokens = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(tokens.map(|token| Zeroizing::new(token.to_owned())).collect())
}

/// A verifier key, or those in a file: one a line, `#` begins a comment.
pub fn verifier_keys(text_or_file: &str) -> Result<Vec<VerifierKey>, Failure> {
    if let Ok(key) = VerifierKey::parse(text_or_file) {
        return Ok(vec![key]);
    }
    let path = Path::new(text_or_file);
    let bytes = store::read(path, MAX_LIST_BYTES).map_err(|failure| {
        failure
            .fix("name a verifier key, such as log.example/agents+1b2c3d4e+AeW..., or a file with one a line")
    })?;
    let text = String::from_utf8_lossy(&bytes);
    let lines =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let keys: Result<Vec<VerifierKey>, Failure> = lines
        .map(|(number, line)| {
            VerifierKey::parse(line.trim()).map_err(|error| {
                Failure::new(ExitClass::Malformed, error).at(format!(
                    "{}, line {}",
                    path.display(),
                    number + 1
                ))
            })
        })
        .collect();
    keys
}

/// Exactly one verifier key.
pub fn verifier_key(text_or_file: &str) -> Result<VerifierKey, Failure> {
    let keys = verifier_keys(text_or_file)?;
    match <[VerifierKey; 1]>::try_from(keys) {
        Ok([key]) => Ok(key),
        Err(keys) => {
            Err(Failure::usage(format!("{} verifier keys where one is expected", keys.len()))
                .at(text_or_file))
        }
    }
}

/// Witnesses of a log, and how many of them must cosign.
#[derive(Clone, Debug)]
pub struct WitnessList {
    /// Keys and URLs.
    pub addresses: Vec<WitnessAddress>,
    /// How many must cosign what is called published.
    pub quorum: usize,
}

impl WitnessList {
    /// The list in a file: lines `witness KEY URL`, one line `quorum N`, `#` begins a comment.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let bytes = store::read(path, MAX_LIST_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        let (mut addresses, mut quorum) = (Vec::new(), None);
        for (number, line) in text.lines().enumerate() {
            let at = |failure: Failure| failure.at(format!("{}, line {}", path.display(), number + 1));
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                ["witness", key, url] => {
                    let key = VerifierKey::parse(key)
                        .map_err(|error| at(Failure::new(ExitClass::Malformed, error)))?;
                    addresses.push(WitnessAddress { key, url: (*url).to_owned() });
                }
                ["quorum", count] if quorum.is_none() => {
                    let malformed = |error| at(Failure::new(ExitClass::Malformed, error));
                    quorum = Some(count.parse().map_err(malformed)?);
                }
                _ => {
                    let message = "neither `witness KEY URL` nor the only `quorum N`";
                    return Err(at(Failure::new(ExitClass::Malformed, message)));
                }
            }
        }
        let quorum = quorum.ok_or_else(|| {
            Failure::new(ExitClass::Malformed, "no line `quorum N` says how many cosignatures are needed")
                .at(path.display())
        })?;
        Ok(Self { addresses, quorum })
    }
    /// The list of a log's directory; `None` where it has no witnesses.
    pub fn of_log(directory: &Path) -> Result<Option<Self>, Failure> {
        let path = witnesses_file(directory);
        if path.symlink_metadata().is_ok() { Self::load(&path).map(Some) } else { Ok(None) }
    }
    /// The policy that it makes with a log's key.
    pub fn policy(&self, log: &VerifierKey) -> Result<QuorumPolicy, Failure> {
        let keys = self.addresses.iter().map(|address| address.key.clone()).collect();
        QuorumPolicy::new(log.clone(), keys, self.quorum)
            .map_err(|error: PolicyError| Failure::usage(error).fix("correct the list of witnesses"))
    }
}
