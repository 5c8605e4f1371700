//! Asking several witnesses at once, as a log's publisher does.

use crate::http::connect::{ConnectError, Patience};
use crate::http::witness::ask::{AskError, WitnessAddress, WitnessClient};
use crate::pipeline::{Cosign, CosignRequest};
use candor_trace::tlog::SignatureLine;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What became of asking, by witness and outcome.
#[derive(Debug, Default)]
pub struct Asked(Mutex<BTreeMap<(String, &'static str), u64>>);

impl Asked {
    fn count(&self, witness: &str, outcome: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((witness.to_owned(), outcome)).or_insert(0) += 1;
    }
    /// Witness, outcome, how often.
    #[must_use]
    pub fn counts(&self) -> Vec<(String, &'static str, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|((witness, outcome), count)| (witness.clone(), *outcome, *count)).collect()
    }
}

/// Told of every witness that gave no cosignature.
pub type AskObserver = dyn Fn(&AskError) + Send + Sync;

/// All witnesses of a log. Each is asked in a thread of its own, so that a slow one costs no more than its own time; how many
/// cosignatures are needed is the log's publication policy.
pub struct Witnesses {
    clients: Vec<Mutex<WitnessClient>>,
    asked: Arc<Asked>,
    observer: Box<AskObserver>,
}

impl Witnesses {
    /// Nobody is asked yet.
    pub fn new(
        addresses: &[WitnessAddress],
        patience: Patience,
        observer: Box<AskObserver>,
    ) -> Result<Self, ConnectError> {
        let clients = addresses.iter().map(|address| WitnessClient::new(address, patience).map(Mutex::new));
        Ok(Self { clients: clients.collect::<Result<_, _>>()?, asked: Arc::default(), observer })
    }
    /// What became of asking, for the server's metrics.
    #[must_use]
    pub fn asked(&self) -> Arc<Asked> {
        Arc::clone(&self.asked)
    }
    fn ask(&self, client: &Mutex<WitnessClient>, request: &CosignRequest<'_>) -> Option<SignatureLine> {
        let mut client = client.lock().unwrap_or_else(PoisonError::into_inner);
        let name = client.key().name().to_owned();
        let size = request.checkpoint.size();
        match client.cosign(request.note, size, |old| request.consistency(old)) {
            Ok(line) => {
                self.asked.count(&name, "cosigned");
                Some(line)
            }
            Err(error) => {
                self.asked.count(&name, outcome(&error));
                (self.observer)(&error);
                None
            }
        }
    }
}

fn outcome(error: &AskError) -> &'static str {
    match error {
        AskError::Connect(_) => "unreachable",
        AskError::Ahead { .. } => "ahead",
        AskError::Conflict { .. } => "conflict",
        AskError::Refused { .. } => "refused",
        AskError::Answer { .. } => "no-answer",
        AskError::Signature { .. } => "signature",
        AskError::Proof { .. } => "proof",
    }
}

impl Cosign for Witnesses {
    fn cosign(&self, request: &CosignRequest<'_>) -> Vec<SignatureLine> {
        std::thread::scope(|scope| {
            let asked: Vec<_> =
                self.clients.iter().map(|client| scope.spawn(|| self.ask(client, request))).collect();
            // A thread that panicked gave no cosignature.
            asked.into_iter().filter_map(|thread| thread.join().ok().flatten()).collect()
        })
    }
}
