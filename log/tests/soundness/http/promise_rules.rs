//! Every rule about promises alone: what it refuses, and what passes, or who is accused, where it is left out.

use crate::promise_model::{OF_THE_LOG, OF_THE_NOTE, Outcome, Rule, is_promise, outcome};
use crate::promises::{Served, TIME, WINDOW, policy, promise, served};
use crate::tree::{Tree, log_key};
use candor_log::audit::{LogProofError, check_promises};
use candor_trace::tlog::{CosignatureSigner, NoteSigner, Promise, SignedPromise};

/// A note that only this rule refuses as a promise of the log.
fn note_against(rule: Rule, text: &str) -> Vec<u8> {
    let stranger = NoteSigner::new(log_key().verifier_key().name(), &[8; 32]).unwrap();
    let changed = match rule {
        Rule::First => text.replacen("/v1", "/v2", 1),
        Rule::Log => text.replacen("log log.", "log other.", 1),
        Rule::Lines => format!("{text}more\n"),
        Rule::Decimal => text.replacen("sequence 5", "sequence 05", 1),
        Rule::Hexadecimal => text.replacen("agent 0xab", "agent 0xAB", 1),
        Rule::Signed => return format!("{text}\n{}\n", stranger.sign(text)).into_bytes(),
        _ => panic!("{rule:?} is not about the note"),
    };
    assert_ne!(changed, text, "{rule:?}");
    format!("{changed}\n{}\n", log_key().sign(&changed)).into_bytes()
}

#[test]
fn without_any_one_rule_a_note_passes_for_a_promise() {
    let key = log_key();
    let log = key.verifier_key();
    let honest = Promise { agent: [0xab; 20], ..promise(&Tree::of(1, 9), 5) };
    let bytes = honest.sign(&key).to_note(log).to_bytes();
    assert!(is_promise(&bytes, log, None) && SignedPromise::parse(&bytes, log).is_ok());
    for rule in OF_THE_NOTE {
        let bytes = note_against(rule, &honest.text(log.name()));
        assert!(!is_promise(&bytes, log, None), "{rule:?}");
        assert!(SignedPromise::parse(&bytes, log).is_err(), "{rule:?}");
        assert!(is_promise(&bytes, log, Some(rule)), "{rule:?}");
    }
}

/// What a log publishes, a promise of it, what became of that, and what somebody finds who leaves the rule out.
fn log_against(rule: Rule) -> (Served, Promise, Outcome, Outcome) {
    let (tree, other) = (Tree::of(1, 9), Tree::of(2, 9));
    let late = promise(&tree, 7);
    match rule {
        Rule::Checkpoint => {
            // Somebody else's log, under its name.
            let mut log = served(&other, 9, None);
            let stranger = NoteSigner::new(log_key().verifier_key().name(), &[8; 32]).unwrap();
            log.0.insert("checkpoint".into(), other.checkpoint(&stranger, 9).to_bytes());
            (log, late, Outcome::NoAnswer, Outcome::Broken)
        }
        Rule::Proven => {
            let mut log = served(&tree, 9, None);
            log.0.extend(served(&other, 9, None).0.into_iter().filter(|(name, _)| name != "checkpoint"));
            (log, late, Outcome::NoAnswer, Outcome::Broken)
        }
        Rule::Leaf => (served(&other, 9, None), late, Outcome::Broken, Outcome::Kept),
        Rule::Window => (served(&tree, 5, Some(TIME + WINDOW)), late, Outcome::Pending, Outcome::Broken),
        Rule::Witness => {
            let mut note = tree.checkpoint(&log_key(), 5);
            let stranger = CosignatureSigner::new("stranger.example", &[4; 32]).unwrap();
            note.add(stranger.cosign(note.text(), TIME + WINDOW + 1)).unwrap();
            let mut log = served(&tree, 5, None);
            log.0.insert("checkpoint".into(), note.to_bytes());
            (log, late, Outcome::Pending, Outcome::Broken)
        }
        _ => panic!("{rule:?} is not about the log"),
    }
}

/// What [`check_promises`] finds of one promise.
fn found(log: &Served, promise: &Promise) -> Outcome {
    let signed = std::iter::once(Ok::<_, LogProofError>(promise.sign(&log_key())));
    match check_promises(log, &policy(), WINDOW, signed) {
        Ok(report) if report.broken_count == 1 => Outcome::Broken,
        Ok(report) if report.pending == 1 => Outcome::Pending,
        Ok(report) => {
            assert_eq!(report.kept, 1);
            Outcome::Kept
        }
        Err(_) => Outcome::NoAnswer,
    }
}

#[test]
fn without_any_one_rule_a_log_is_accused_or_excused_wrongly() {
    let tree = Tree::of(1, 9);
    let kept = promise(&tree, 7);
    for (size, cosigned, expected) in [
        (9, None, Outcome::Kept),
        (5, Some(TIME + WINDOW), Outcome::Pending),
        (5, Some(TIME + WINDOW + 1), Outcome::Broken),
    ] {
        let log = served(&tree, size, cosigned);
        assert_eq!(
            (found(&log, &kept), outcome(&log.0, &policy(), (&kept, WINDOW), None)),
            (expected, expected)
        );
    }
    for rule in OF_THE_LOG {
        let (log, promise, right, wrong) = log_against(rule);
        let model = |without| outcome(&log.0, &policy(), (&promise, WINDOW), without);
        assert_eq!((found(&log, &promise), model(None)), (right, right), "{rule:?}");
        assert_eq!(model(Some(rule)), wrong, "{rule:?}");
    }
}
