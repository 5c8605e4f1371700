//! Published means: with the cosignatures that the policy asks for.

use crate::fleet::{Agent, LONG, append, settings, signer};
use candor_log::FileSystem;
use candor_log::pipeline::{Cosign, CosignRequest, Log, LogSettings};
use candor_trace::tlog::{CosignatureSigner, Hash, QuorumPolicy, SignatureLine, verify_consistency};
use std::sync::{Arc, Mutex};

/// A witness that checks what it is shown, and signs while it is there.
struct Witness {
    signer: CosignatureSigner,
    present: bool,
    seen: (u64, Hash),
    asked: u64,
}

/// Two witnesses, of which the second may be away, and a stranger.
#[derive(Clone)]
struct Witnesses(Arc<Mutex<Vec<Witness>>>);

impl Witnesses {
    fn new() -> Self {
        let empty = candor_trace::tlog::empty_root();
        let witness = |name: &str, seed| Witness {
            signer: CosignatureSigner::new(name, &[seed; 32]).unwrap(),
            present: true,
            seen: (0, empty),
            asked: 0,
        };
        let all = vec![witness("one.example", 1), witness("two.example", 2), witness("stranger.example", 3)];
        Self(Arc::new(Mutex::new(all)))
    }
    fn policy(&self, needed: usize) -> QuorumPolicy {
        let witnesses = self.0.lock().unwrap();
        let keys = witnesses.iter().take(2).map(|witness| witness.signer.verifier_key().clone()).collect();
        QuorumPolicy::new(signer().verifier_key().clone(), keys, needed).unwrap()
    }
    fn set_present(&self, present: bool) {
        self.0.lock().unwrap()[1].present = present;
    }
    fn asked(&self) -> u64 {
        self.0.lock().unwrap()[1].asked
    }
}

impl Cosign for Witnesses {
    fn cosign(&self, request: &CosignRequest<'_>) -> Vec<SignatureLine> {
        let mut lines = Vec::new();
        for witness in self.0.lock().unwrap().iter_mut() {
            witness.asked += 1;
            let (size, root) = (request.checkpoint.size(), *request.checkpoint.root());
            let proof = request.consistency(witness.seen.0).unwrap();
            verify_consistency(witness.seen.0, &witness.seen.1, size, &root, &proof).unwrap();
            witness.seen = (size, root);
            if witness.present {
                lines.push(witness.signer.cosign(request.note.text(), 1_800_000_000));
            } else {
                // What it signed is another text.
                lines.push(witness.signer.cosign("something else\n", 1_800_000_000));
            }
        }
        lines
    }
}

#[test]
fn nothing_is_published_until_enough_witnesses_cosigned() {
    let folder = tempfile::tempdir().unwrap();
    let witnesses = Witnesses::new();
    let settings = LogSettings { policy: Some(witnesses.policy(2)), ..settings() };
    let disk = FileSystem::at(folder.path());
    let log = Log::create_with(disk, settings.clone(), signer(), Box::new(witnesses.clone())).unwrap();
    let mut agent = Agent::new(0);
    log.register(agent.registration.clone()).unwrap();
    append(&log, &mut agent, 3);
    assert!(log.wait_published(2, LONG).unwrap());
    let checked = witnesses.policy(2).check(&log.checkpoint().unwrap()).unwrap();
    let names: Vec<&str> = checked.cosigned().iter().map(|witness| witness.name.as_str()).collect();
    assert_eq!((checked.checkpoint().size(), names), (3, vec!["one.example", "two.example"]));
    // The stranger's line is not kept: the log, and two witnesses.
    assert_eq!(log.checkpoint().unwrap().signatures().len(), 3);

    witnesses.set_present(false);
    append(&log, &mut agent, 3);
    assert!(log.wait_integrated(5, LONG).unwrap());
    let asked = witnesses.asked();
    while witnesses.asked() < asked + 3 {
        std::thread::yield_now();
    }
    let status = log.status();
    assert_eq!((status.sizes.published, status.sizes.signed), (Some(3), 6));
    assert!(status.quorum_misses > 0 && status.stopped.is_none());
    assert_eq!(witnesses.policy(2).check(&log.checkpoint().unwrap()).unwrap().checkpoint().size(), 3);
    // Shutting down does not wait for witnesses, and opening again goes on from what was signed.
    assert_eq!(log.shut_down().unwrap().published, Some(3));
    drop(log);
    let disk = FileSystem::at(folder.path());
    let (log, report) = Log::open_with(disk, settings, signer(), Box::new(witnesses.clone())).unwrap();
    assert_eq!((report.published, report.signed), (Some(3), 6));
    witnesses.set_present(true);
    assert!(log.wait_published(5, LONG).unwrap());
    let proof = log.inclusion(5).unwrap();
    proof.verify(&log.entry(5).unwrap().leaf_hash(), &witnesses.policy(2)).unwrap();
}
