//! Tombstones: a log's signed word about what it pruned. Source: docs/spec/log.md, "Tombstones".

use super::{Mark, PolicyError, RetentionPolicy};
use candor_trace::tlog::{Hash, Note, NoteError, NoteSigner, TILE_WIDTH, VerifierKey};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// First line of a tombstone. The second line of a checkpoint is a number, that of a tombstone never; a promise has another
/// first line: no signature of one is one of another.
const FIRST_LINE: &str = "candor-log-tombstone/v1";
/// Lines of a tombstone.
const LINES: usize = 10;
/// Longest text: the lines with the longest origin and numbers.
pub const MAX_TOMBSTONE_TEXT_BYTES: usize = 2048;

/// A range of indices below whose end everything is past its window, and what went of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PrunedRange {
    /// Where the tombstone before ended.
    pub from: u64,
    /// Below this index things may be gone.
    pub to: u64,
    /// How many went, of this range or of what an earlier tombstone still kept.
    pub dropped: u64,
    /// The mark that the window was counted from; of an empty range zeros.
    pub mark: Mark,
}

/// Names a tombstone's content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContentDigest {
    /// Length.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Hash,
}

/// What one pruning took away, when, and by which promise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tombstone {
    /// From 0, without gaps.
    pub number: u64,
    /// SHA-256 of the text of the tombstone before; zeros for the first.
    pub previous: Hash,
    /// The log's clock. Units: Unix seconds.
    pub time: u64,
    /// Entries of the published checkpoint.
    pub tree_size: u64,
    /// Root of the published checkpoint.
    pub root: Hash,
    /// The policy that it went by.
    pub retention: RetentionPolicy,
    /// Entries: whole bundles.
    pub entries: PrunedRange,
    /// Bodies.
    pub bodies: PrunedRange,
    /// The list of what went.
    pub content: ContentDigest,
}

/// A tombstone that the log's key signed, with the hash that the next one names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedTombstone {
    tombstone: Tombstone,
    text_hash: Hash,
    note: Note,
}

/// Why bytes are no tombstone of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum TombstoneError {
    /// No note.
    #[error("malformed tombstone: {0}")]
    Note(#[from] NoteError),
    /// More text than a tombstone has.
    #[error("{got} bytes; the text of a tombstone has at most {limit}")]
    TooLong {
        /// Limit.
        limit: usize,
        /// Found.
        got: usize,
    },
    /// A line is not what it should be.
    #[error("line {line} of the tombstone is not `{expected}` with its values")]
    Line {
        /// From 1.
        line: usize,
        /// What it should begin with.
        expected: &'static str,
    },
    /// There are other than ten lines.
    #[error("{got} lines; a tombstone has {LINES}")]
    Lines {
        /// Found.
        got: usize,
    },
    /// The tombstone is another log's.
    #[error("the tombstone is not of the log that was asked for")]
    OtherLog,
    /// Its policy is none.
    #[error("the tombstone's retention policy: {0}")]
    Policy(#[from] PolicyError),
    /// A range that is none, or reaches beyond the published tree.
    #[error("{from} to {to} is no range of settled {what} in a tree of {tree_size}")]
    Range {
        /// `entries` or `bodies`.
        what: &'static str,
        /// Its beginning.
        from: u64,
        /// Its end.
        to: u64,
        /// Entries of the tree.
        tree_size: u64,
    },
    /// The log's key did not sign it.
    #[error("the log's key did not sign the tombstone")]
    Signature,
}

/// Why a signed tombstone is no honest one: it contradicts itself, the one before, or what was promised.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum TombstoneFault {
    /// Another number than its place.
    #[error("it has number {got}, at its place is {expected}")]
    Number {
        /// Expected.
        expected: u64,
        /// Found.
        got: u64,
    },
    /// It does not name the tombstone before it.
    #[error("it does not continue the tombstone before it")]
    Previous,
    /// It is older than the one before it.
    #[error("it is dated {got}, the tombstone before it {before}")]
    TimeBackwards {
        /// Of the one before.
        before: u64,
        /// Found.
        got: u64,
    },
    /// A range does not begin where the one before ended.
    #[error("its {what} begin at {got}, those of the tombstone before it end at {expected}")]
    RangeGap {
        /// `entries` or `bodies`.
        what: &'static str,
        /// Expected.
        expected: u64,
        /// Found.
        got: u64,
    },
    /// It went by a policy that promises less than was promised before.
    #[error("it went by a shorter promise: {0}")]
    Shortened(PolicyError),
    /// The mark that it counts from does not reach so far.
    #[error("{what} below {to} went, the mark that the window was counted from reaches to {marked}")]
    Unmarked {
        /// `entries` or `bodies`.
        what: &'static str,
        /// End of the range.
        to: u64,
        /// Size of the mark.
        marked: u64,
    },
    /// Pruned too early.
    #[error(
        "{what} were pruned too early: published at {marked}, kept for {window} seconds, pruned at {time}"
    )]
    TooEarly {
        /// `entries`, `bodies` or `evidence`.
        what: &'static str,
        /// When the log says that they were published. Units: Unix seconds.
        marked: u64,
        /// Promised. Units: seconds.
        window: u64,
        /// When they were pruned. Units: Unix seconds.
        time: u64,
    },
    /// It is dated in the future.
    #[error("it is dated {time}, now is {now}")]
    Ahead {
        /// Found.
        time: u64,
        /// Of whoever checks.
        now: u64,
    },
}

impl Tombstone {
    /// The text that the log of this origin signs.
    #[must_use]
    pub fn text(&self, origin: &str) -> String {
        let RetentionPolicy {
            dispute_seconds,
            proving_seconds,
            finality_seconds,
            margin_seconds,
            entries_extra_seconds,
            evidence_seconds,
        } = self.retention;
        let evidence = evidence_seconds.map_or("-".to_owned(), |seconds| seconds.to_string());
        let range = |PrunedRange { from, to, dropped, mark: Mark { time, size } }: &PrunedRange| {
            format!("{from} {to} {dropped} {time} {size}")
        };
        let Self { number, previous, time, tree_size, root, entries, bodies, content, .. } = self;
        format!(
            "{FIRST_LINE}\nlog {origin}\nnumber {number}\nprevious {previous}\ntime {time}\ntree {tree_size} {root}\n\
             retention {dispute_seconds} {proving_seconds} {finality_seconds} {margin_seconds} {entries_extra_seconds} {evidence}\n\
             entries {}\nbodies {}\ncontent {} {}\n",
            range(entries),
            range(bodies),
            content.bytes,
            content.sha256,
        )
    }
    /// The tombstone, signed with the key of the checkpoints.
    ///
    /// Errors: [`TombstoneError::Range`], and a note that would be too long.
    /// Owes: that all this is so; a signed tombstone that is not kept to is evidence against the key.
    pub fn sign(self, signer: &NoteSigner) -> Result<SignedTombstone, TombstoneError> {
        self.check_ranges()?;
        let text = self.text(signer.verifier_key().name());
        let note = Note::new(&text, signer.sign(&text))?;
        Ok(SignedTombstone { tombstone: self, text_hash: hash_of(&text), note })
    }
    fn check_ranges(&self) -> Result<(), TombstoneError> {
        let tree_size = self.tree_size;
        for (what, PrunedRange { from, to, .. }) in [("entries", self.entries), ("bodies", self.bodies)] {
            let whole =
                what == "bodies" || (from.is_multiple_of(TILE_WIDTH) && to.is_multiple_of(TILE_WIDTH));
            if from > to || to > tree_size || !whole {
                return Err(TombstoneError::Range { what, from, to, tree_size });
            }
        }
        Ok(())
    }
    /// Strictly parses the text of a tombstone of the log of this origin.
    ///
    /// Owes: the signature.
    fn parse(text: &str, origin: &str) -> Result<Self, TombstoneError> {
        if text.len() > MAX_TOMBSTONE_TEXT_BYTES {
            return Err(TombstoneError::TooLong { limit: MAX_TOMBSTONE_TEXT_BYTES, got: text.len() });
        }
        let lines: Vec<&str> = text.split_terminator('\n').collect();
        let [first, log, number, previous, time, tree, retention, entries, bodies, content] =
            lines.as_slice()
        else {
            return Err(TombstoneError::Lines { got: lines.len() });
        };
        if *first != FIRST_LINE {
            return Err(TombstoneError::Line { line: 1, expected: FIRST_LINE });
        }
        let [got] = values(2, "log ", log)?;
        if got != origin {
            return Err(TombstoneError::OtherLog);
        }
        let [number] = numbers(3, "number ", number)?;
        let [previous] = values(4, "previous ", previous)?;
        let [time] = numbers(5, "time ", time)?;
        let [tree_size, root] = values(6, "tree ", tree)?;
        let [windows @ .., evidence] = values::<6>(7, "retention ", retention)?;
        let [dispute, proving, finality, margin, extra] = each(7, "retention ", windows)?;
        let evidence_seconds = match evidence {
            "-" => None,
            seconds => {
                Some(decimal(seconds).ok_or(TombstoneError::Line { line: 7, expected: "retention " })?)
            }
        };
        let [bytes, sha256] = values(10, "content ", content)?;
        let retention = RetentionPolicy {
            dispute_seconds: dispute,
            proving_seconds: proving,
            finality_seconds: finality,
            margin_seconds: margin,
            entries_extra_seconds: extra,
            evidence_seconds,
        };
        retention.validate()?;
        let tombstone = Self {
            number,
            previous: hash(4, "previous ", previous)?,
            time,
            tree_size: decimal(tree_size).ok_or(TombstoneError::Line { line: 6, expected: "tree " })?,
            root: hash(6, "tree ", root)?,
            retention,
            entries: range(8, "entries ", entries)?,
            bodies: range(9, "bodies ", bodies)?,
            content: ContentDigest {
                bytes: decimal(bytes).ok_or(TombstoneError::Line { line: 10, expected: "content " })?,
                sha256: hash(10, "content ", sha256)?,
            },
        };
        tombstone.check_ranges()?;
        Ok(tombstone)
    }
    /// Nothing went before its window was over, counted from the marks that it names. `promised`: what was promised, where
    /// whoever checks has kept that; the longer promise counts.
    pub fn check_windows(&self, promised: Option<&RetentionPolicy>) -> Result<(), TombstoneFault> {
        let longer =
            |window: fn(&RetentionPolicy) -> u64| window(&self.retention).max(promised.map_or(0, window));
        let ranges = [
            ("entries", self.entries, longer(RetentionPolicy::entries_seconds)),
            ("bodies", self.bodies, longer(RetentionPolicy::bodies_seconds)),
        ];
        for (what, PrunedRange { from, to, mark, .. }, window) in ranges {
            if from == to {
                continue;
            }
            if mark.size < to {
                return Err(TombstoneFault::Unmarked { what, to, marked: mark.size });
            }
            self.check_window(what, mark.time, window)?;
        }
        Ok(())
    }
    /// Something that was there at a time went after its window.
    pub(crate) fn check_window(
        &self,
        what: &'static str,
        marked: u64,
        window: u64,
    ) -> Result<(), TombstoneFault> {
        match marked.checked_add(window) {
            Some(end) if end <= self.time => Ok(()),
            _ => Err(TombstoneFault::TooEarly { what, marked, window, time: self.time }),
        }
    }
}

impl SignedTombstone {
    /// The tombstone in a note that this log's key signed. Lines of other keys are ignored.
    pub fn parse(bytes: &[u8], log: &VerifierKey) -> Result<Self, TombstoneError> {
        let note = Note::parse(bytes)?;
        let tombstone = Tombstone::parse(note.text(), log.name())?;
        let verified = note.verify(&[log]).map_err(|_| TombstoneError::Signature)?;
        // A cosignature's key vouches for no tombstone.
        if verified.iter().any(|line| line.time.is_some()) {
            return Err(TombstoneError::Signature);
        }
        Ok(Self { tombstone, text_hash: hash_of(note.text()), note })
    }
    /// The tombstone.
    #[must_use]
    pub fn tombstone(&self) -> &Tombstone {
        &self.tombstone
    }
    /// SHA-256 of its text: what the next one names.
    #[must_use]
    pub fn text_hash(&self) -> &Hash {
        &self.text_hash
    }
    /// The signed note.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.to_bytes()
    }
    /// It is the one that comes after another, or the first.
    pub fn check_follows(&self, before: Option<&Self>) -> Result<(), TombstoneFault> {
        let Tombstone { number, previous, time, entries, bodies, retention, .. } = &self.tombstone;
        let expected = before.map_or(0, |before| before.tombstone.number.saturating_add(1));
        if *number != expected {
            return Err(TombstoneFault::Number { expected, got: *number });
        }
        if *previous != before.map_or(Hash([0; 32]), |before| before.text_hash) {
            return Err(TombstoneFault::Previous);
        }
        let earlier = before.map(|before| &before.tombstone);
        if let Some(earlier) = earlier.filter(|earlier| *time < earlier.time) {
            return Err(TombstoneFault::TimeBackwards { before: earlier.time, got: *time });
        }
        for (what, expected, got) in [
            ("entries", earlier.map_or(0, |earlier| earlier.entries.to), entries.from),
            ("bodies", earlier.map_or(0, |earlier| earlier.bodies.to), bodies.from),
        ] {
            if expected != got {
                return Err(TombstoneFault::RangeGap { what, expected, got });
            }
        }
        match earlier {
            Some(earlier) => retention.check_follows(&earlier.retention).map_err(TombstoneFault::Shortened),
            None => Ok(()),
        }
    }
}

fn hash_of(text: &str) -> Hash {
    Hash(Sha256::digest(text.as_bytes()).into())
}

/// The words behind what a line begins with: so many, with one space between.
fn values<'a, const N: usize>(
    line: usize,
    expected: &'static str,
    text: &'a str,
) -> Result<[&'a str; N], TombstoneError> {
    let refused = TombstoneError::Line { line, expected };
    let words: Vec<&str> = text.strip_prefix(expected).ok_or(refused)?.split(' ').collect();
    words.try_into().map_err(|_| refused)
}

fn numbers<const N: usize>(
    line: usize,
    expected: &'static str,
    text: &str,
) -> Result<[u64; N], TombstoneError> {
    each(line, expected, values(line, expected, text)?)
}

fn each<const N: usize>(
    line: usize,
    expected: &'static str,
    words: [&str; N],
) -> Result<[u64; N], TombstoneError> {
    let mut numbers = [0; N];
    for (number, word) in numbers.iter_mut().zip(words) {
        *number = decimal(word).ok_or(TombstoneError::Line { line, expected })?;
    }
    Ok(numbers)
}

fn range(line: usize, expected: &'static str, text: &str) -> Result<PrunedRange, TombstoneError> {
    let [from, to, dropped, time, size] = numbers(line, expected, text)?;
    Ok(PrunedRange { from, to, dropped, mark: Mark { time, size } })
}

fn hash(line: usize, expected: &'static str, text: &str) -> Result<Hash, TombstoneError> {
    Hash::from_base64(text).map_err(|_| TombstoneError::Line { line, expected })
}

/// The number, if this is its decimal form.
fn decimal(text: &str) -> Option<u64> {
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if leading_zero || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
