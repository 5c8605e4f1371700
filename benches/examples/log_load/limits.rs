//! What the machine itself can do, measured in the same run: synced appends, hashes, signatures, chain links.

use crate::agents::{HeaderChain, program};
use candor_trace::{Chain, Link, PublicKey, SignedHeader, check_link};
use sha2::{Digest, Sha256};
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// For how long each limit is measured.
const TIME: Duration = Duration::from_millis(1500);

/// Appends of so many bytes that are written and synced in one file, a second, when so many share a sync.
pub(crate) fn synced_appends(folder: &Path, bytes: usize, group: usize) -> std::io::Result<f64> {
    let mut file = File::create(folder.join("raw"))?;
    let block = vec![0x5a; bytes * group];
    let start = Instant::now();
    let mut groups = 0_u64;
    while start.elapsed() < TIME {
        file.write_all(&block)?;
        file.sync_all()?;
        groups += 1;
    }
    Ok((groups * group as u64) as f64 / start.elapsed().as_secs_f64())
}

/// SHA-256 of 1 MiB blocks on one thread. Units: MB (10^6 bytes) a second.
pub(crate) fn sha256_megabytes() -> f64 {
    let block = vec![0x5a; 1 << 20];
    let (start, mut blocks) = (Instant::now(), 0_u64);
    while start.elapsed() < TIME {
        std::hint::black_box(Sha256::digest(std::hint::black_box(&block)));
        blocks += 1;
    }
    (blocks << 20) as f64 / start.elapsed().as_secs_f64() / 1e6
}

/// How many records two threads can check and do nothing else, a second.
pub(crate) struct Checks {
    /// Signers recovered.
    pub(crate) recovered: f64,
    /// Signatures checked with a key that was seen before.
    pub(crate) prepared: f64,
    /// The same, and the link to the record before (Poseidon).
    pub(crate) linked: f64,
}

/// What checking costs: the log's own checks without the log.
pub(crate) fn checks() -> Result<Checks, Box<dyn Error + Send + Sync>> {
    let program = program();
    let mut agent = HeaderChain::new(&program, 0)?;
    let chain = Chain::of(&program.card);
    let headers: Vec<SignedHeader> = (0..64).map(|_| agent.next_submission().signed).collect();
    let mut links = vec![Link::genesis(&chain, agent.registration.agent)];
    links.extend(headers.iter().map(|signed| Link::after(&chain, &signed.header)));
    let hash = |index: usize| headers[index].record_hash(&chain.domain);
    let key = PublicKey::recover(&hash(0), &headers[0].signature)?.prepare();
    let recovered = |index: usize| headers[index].check_signature(&chain.domain).is_ok();
    let prepared = |index: usize| key.signed(&hash(index), &headers[index].signature);
    let linked = |index: usize| prepared(index) && check_link(&links[index], &headers[index].header).is_ok();
    Ok(Checks {
        recovered: on_two_threads(headers.len(), &recovered)?,
        prepared: on_two_threads(headers.len(), &prepared)?,
        linked: on_two_threads(headers.len(), &linked)?,
    })
}

fn on_two_threads(
    count: usize,
    check: &(impl Fn(usize) -> bool + Sync),
) -> Result<f64, Box<dyn Error + Send + Sync>> {
    let work = || {
        let (start, mut done) = (Instant::now(), 0_u64);
        while start.elapsed() < TIME {
            for index in 0..count {
                if !check(index) {
                    return None;
                }
            }
            done += count as u64;
        }
        Some(done as f64 / start.elapsed().as_secs_f64())
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let own = work();
        let other = other.join().map_err(|_| "a thread panicked")?;
        Ok(own.zip(other).map(|(own, other)| own + other).ok_or("an honest record was refused")?)
    })
}
