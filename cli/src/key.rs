//! The agent's key file: 64 hexadecimal digits, readable by its owner alone.

use crate::exit::{ExitClass, Failure};
use crate::store::{self, Existing};
use candor_program::card::SignerKey;
use candor_trace::{AgentKey, Ed25519Key, SecretKey};
use std::path::Path;
use zeroize::{Zeroize, Zeroizing};

const MAX_KEY_FILE_BYTES: u64 = 128;

/// A fresh key from the operating system's randomness, written to a new file.
pub fn create(path: &Path) -> Result<AgentKey, Failure> {
    store::check_absent(path, Existing::Keep).map_err(|failure| {
        failure.fix("use this key, or move the file away first: a key is never overwritten")
    })?;
    loop {
        let mut secret = Zeroizing::new([0_u8; 32]);
        random(secret.as_mut_slice())?;
        // A random number is outside the group order once in 2^128 times; then another is taken.
        let Ok(key) = AgentKey::from_bytes(&secret) else { continue };
        let mut text = hex::encode(secret.as_slice());
        text.push('\n');
        let written = store::write_secret(path, text.as_bytes(), Existing::Keep);
        text.zeroize();
        return written.map(|()| key);
    }
}

/// What an Ed25519 key file begins with.
const ED25519: &[u8] = b"ed25519:";

/// A fresh Ed25519 key, written to a new file.
pub fn create_ed25519(path: &Path) -> Result<Ed25519Key, Failure> {
    let mut seed = Zeroizing::new([0_u8; 32]);
    random(seed.as_mut_slice())?;
    let mut text = format!("ed25519:{}\n", hex::encode(seed.as_slice()));
    let written = store::write_secret(path, text.as_bytes(), Existing::Keep);
    text.zeroize();
    written
        .map(|()| Ed25519Key::from_bytes(&seed))
        .map_err(|failure| failure.fix("a key is never overwritten: name another file with --output"))
}

/// The key of a file that nobody else may read, of either scheme.
pub fn load_any(path: &Path) -> Result<SecretKey, Failure> {
    let bytes = read_private(path)?;
    let Some(digits) = bytes.strip_prefix(ED25519) else { return load(path).map(SecretKey::Secp256k1) };
    let mut seed = Zeroizing::new([0_u8; 32]);
    hex::decode_to_slice(digits, seed.as_mut_slice()).map_err(|_| {
        Failure::new(ExitClass::Malformed, "this is no key: ed25519: and 64 hexadecimal digits are expected")
            .at(path.display())
            .fix("make a key with candor plugin key, or restore the file from a copy")
    })?;
    Ok(SecretKey::Ed25519(Ed25519Key::from_bytes(&seed)))
}

/// A public key as agent.toml writes it: an address, or `ed25519:0x` and a public key.
pub fn parse_signer(text: &str) -> Result<SignerKey, String> {
    let bytes = |digits: &str| digits.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
    let found = match text.strip_prefix("ed25519:") {
        Some(digits) => bytes(digits)
            .and_then(|bytes| bytes.try_into().ok())
            .map(|public_key| SignerKey::Ed25519 { public_key }),
        None => bytes(text)
            .and_then(|bytes| bytes.try_into().ok())
            .map(|address| SignerKey::Secp256k1 { address }),
    };
    found.ok_or_else(|| {
        "write an address (0x and 40 hexadecimal digits) or ed25519:0x and 64 hexadecimal digits".to_owned()
    })
}

fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    check_private(path)?;
    let mut bytes = Zeroizing::new(store::read(path, MAX_KEY_FILE_BYTES)?);
    while bytes.last().is_some_and(u8::is_ascii_whitespace) {
        bytes.pop();
    }
    Ok(bytes)
}

/// The key of a file that nobody else may read.
pub fn load(path: &Path) -> Result<AgentKey, Failure> {
    let bytes = read_private(path)?;
    let malformed = || {
        Failure::new(ExitClass::Malformed, "this is not an agent key: 64 hexadecimal digits are expected")
            .at(path.display())
            .fix("make a key with candor agent-key, or restore the file from a copy")
    };
    let mut secret = Zeroizing::new([0_u8; 32]);
    hex::decode_to_slice(bytes.as_slice(), secret.as_mut_slice()).map_err(|_| malformed())?;
    AgentKey::from_bytes(&secret).map_err(|error| malformed().fix(error))
}

/// Nobody but the owner may read or write a file.
#[cfg(unix)]
pub fn check_private(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = path.metadata().map_err(|error| store::unreadable(path, &error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Failure::usage(format!("others may read or write this secret: its mode is {mode:04o}"))
        .at(path.display())
        .fix(format!("chmod 600 {}; if somebody may have read it, make a new key", path.display())))
}

/// Nobody but the owner may read or write a file.
#[cfg(not(unix))]
pub fn check_private(_path: &Path) -> Result<(), Failure> {
    Ok(())
}

/// Bytes of the operating system's randomness.
pub fn random(bytes: &mut [u8]) -> Result<(), Failure> {
    getrandom::fill(bytes).map_err(|error| {
        Failure::new(ExitClass::Unexpected, format!("the operating system gives no randomness: {error}"))
    })
}

/// 128 random bits, for a salt.
pub fn salt() -> Result<u128, Failure> {
    let mut bytes = [0; 16];
    random(&mut bytes)?;
    Ok(u128::from_le_bytes(bytes))
}
