//! The rules for promises once more, each of which can be left out: to show what it is for.

use candor_trace::tlog::{
    Checkpoint, Hash, Note, Promise, QuorumPolicy, SignatureLine, TileId, VerifierKey, leaf_hash, node_hash,
};
use std::collections::BTreeMap;

/// A rule of docs/spec/log.md, "Promises".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// The first line says that it is a promise of this version.
    First,
    /// It is of this log.
    Log,
    /// It has nine lines.
    Lines,
    /// Numbers have one spelling.
    Decimal,
    /// Hashes have one spelling.
    Hexadecimal,
    /// The log's key signed it.
    Signed,
    /// The log's key signed the checkpoint that it is compared with.
    Checkpoint,
    /// What is there instead is proven to the signed root: tiles alone accuse nobody.
    Proven,
    /// The promised leaf is there.
    Leaf,
    /// A promise is late only after a window.
    Window,
    /// And only if a witness of the policy says so.
    Witness,
}

/// Those about the promise itself.
pub(crate) const OF_THE_NOTE: [Rule; 6] =
    [Rule::First, Rule::Log, Rule::Lines, Rule::Decimal, Rule::Hexadecimal, Rule::Signed];
/// Those about whether it is kept.
pub(crate) const OF_THE_LOG: [Rule; 5] =
    [Rule::Checkpoint, Rule::Proven, Rule::Leaf, Rule::Window, Rule::Witness];

fn keeps(without: Option<Rule>) -> impl Fn(Rule, bool) -> bool {
    move |rule, holds| holds || without == Some(rule)
}

/// Whether bytes are a promise of this log.
pub(crate) fn is_promise(bytes: &[u8], log: &VerifierKey, without: Option<Rule>) -> bool {
    let kept = keeps(without);
    let note = Note::parse(bytes).expect("a note");
    let lines: Vec<&str> = note.text().lines().collect();
    let after = |line: usize, name: &str| lines[line].strip_prefix(name).expect("its name").to_owned();
    let decimal = |line, name: &str| {
        let text = after(line, name);
        text.parse::<u64>().expect("a number").to_string() == text
    };
    let lower = |line, name: &str| !after(line, name).contains(|letter: char| letter.is_ascii_uppercase());
    kept(Rule::First, lines[0] == "candor-log-promise/v1")
        && kept(Rule::Log, after(1, "log ") == log.name())
        && kept(Rule::Lines, lines.len() == 9)
        && kept(Rule::Decimal, decimal(4, "sequence ") && decimal(7, "index ") && decimal(8, "time "))
        && kept(Rule::Hexadecimal, lower(2, "agent 0x") && lower(3, "program 0x") && lower(5, "record 0x"))
        && kept(Rule::Signed, note.verify(&[log]).is_ok())
}

/// What became of a promise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Kept,
    Pending,
    Broken,
    /// What is published gives no answer.
    NoAnswer,
}

/// What became of a promise of a log whose leaves are in one tile.
pub(crate) fn outcome(
    files: &BTreeMap<String, Vec<u8>>,
    policy: &QuorumPolicy,
    (promise, window): (&Promise, u64),
    without: Option<Rule>,
) -> Outcome {
    let kept = keeps(without);
    let note = Note::parse(&files["checkpoint"]).expect("a note");
    if !kept(Rule::Checkpoint, note.verify(&[policy.log()]).is_ok()) {
        return Outcome::NoAnswer;
    }
    let checkpoint = Checkpoint::parse(note.text()).expect("a checkpoint");
    let size = checkpoint.size();
    if promise.index >= size {
        let window = if without == Some(Rule::Window) { 0 } else { window };
        let cosigners: Vec<_> = note.signatures().iter().filter(|line| !line.is_by(policy.log())).collect();
        let theirs = |line: &&&SignatureLine| {
            kept(Rule::Witness, policy.witnesses().iter().any(|key| line.is_by(key)))
        };
        // Eight bytes of time, then the signature.
        let times = cosigners.iter().filter(theirs).map(|line| {
            let (time, _) = line.signature().split_first_chunk::<8>().expect("a time");
            u64::from_be_bytes(*time)
        });
        return match times.min() {
            Some(time) if time > promise.time + window => Outcome::Broken,
            _ => Outcome::Pending,
        };
    }
    let tile = &files[&TileId::of_tree(0, 0, size).expect("a tile").path()];
    let leaves: Vec<Hash> = tile.as_chunks::<32>().0.iter().copied().map(Hash).collect();
    if !kept(Rule::Proven, root(&leaves) == *checkpoint.root()) {
        return Outcome::NoAnswer;
    }
    if kept(Rule::Leaf, leaves[promise.index as usize] == promise.leaf) {
        Outcome::Kept
    } else {
        Outcome::Broken
    }
}

/// RFC 6962, section 2.1.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => leaf_hash(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&root(left), &root(right))
        }
    }
}
