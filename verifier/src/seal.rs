//! Verify a seal: one Groth16 proof and one opening for a whole path, from signed headers and the card alone.

use crate::assumption::{Assumption, Bodies};
use crate::error::ErrorKind;
use crate::expected::Expected;
use candor_circuits::layout::{Layout, LayoutError};
use candor_circuits::model::{ModelError, decode_rows};
use candor_circuits::native::{ArgumentError, check_opening};
use candor_circuits::point::{PointError, decode_g1, hash_points};
use candor_circuits::proof::MAX_BATCH_LOG2;
use candor_circuits::seal::boundary::Boundary;
use candor_circuits::seal::exposed;
use candor_circuits::seal::key::{G2Bytes, GrothProof, INPUTS, KeyError, SealKey};
use candor_circuits::setup::VerifierSetup;
use candor_circuits::soundness::statistical_bits;
use candor_circuits::statement::ProgramData;
use candor_program::Fr;
use candor_program::card::Card;
use candor_program::digest::transaction_word;
use candor_program::encoding::{FrBytes, fr_from_bytes};
use candor_program::head::{Action, Head};
use candor_program::interval::ProgramError;
use candor_program::policy::{Fact, Facts};
use candor_program::transaction::ArgumentSource;
use candor_trace::{
    Chain, ChainError, Header, Link, Purpose, SealFile, SignatureError, Start, check_link, context_digest,
};
use std::fmt;
use thiserror::Error;

/// What [`verify_seal`] has established. Made by nothing else.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Sealed {
    /// The program that decided.
    pub program_id: [u8; 32],
    /// The agent that signed.
    pub agent: [u8; 20],
    /// Headers of the path, in order.
    pub headers: Vec<Header>,
    /// Whom the seal pays if it decides a dispute.
    pub payout: [u8; 20],
    /// The three public inputs of its Groth16 proof, for verifiers of other makes.
    pub public_inputs: [Fr; INPUTS],
    /// What it rests on.
    pub assumptions: Vec<Assumption>,
}

/// An encoded scalar of a seal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SealScalar {
    /// H.
    BoundaryDigest,
    /// A value of the boundary's tail, by index.
    Exposed(usize),
    /// A word of a header, by the record's sequence number.
    Header(u64),
}

impl fmt::Display for SealScalar {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BoundaryDigest => write!(out, "the boundary's digest"),
            Self::Exposed(index) => write!(out, "exposed value {index}"),
            Self::Header(sequence) => write!(out, "a word of record {sequence}"),
        }
    }
}

/// Why a seal is not accepted.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SealError {
    /// The card is not well formed.
    #[error("the card: {source}")]
    Card {
        /// Why.
        #[from]
        source: Box<ProgramError>,
    },
    /// Another program than expected.
    #[error("{part} is of program 0x{}, expected 0x{}", hex::encode(.got), hex::encode(.expected))]
    Program {
        /// Card, seal or header.
        part: &'static str,
        /// Expected.
        expected: [u8; 32],
        /// Found.
        got: [u8; 32],
    },
    /// The card is for another domain.
    #[error("the card is for another chain or contract than expected")]
    Domain,
    /// The seal is for another purpose than a path.
    #[error("the seal is not of a path")]
    Purpose,
    /// The seal names another key.
    #[error("the seal was made with key 0x{}, got key 0x{}", hex::encode(.expected), hex::encode(.got))]
    OtherKey {
        /// In the seal.
        expected: [u8; 32],
        /// Given.
        got: [u8; 32],
    },
    /// The key is for another class or batch.
    #[error("the seal key is for another class or batch than the seal")]
    KeyClass,
    /// The key or the seal's proof.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The reader refuses an assumption.
    #[error("it rests on `{assumption}`, which is refused")]
    Refused {
        /// Its name.
        assumption: crate::assumption::AssumptionName,
    },
    /// No header, or more than the batch.
    #[error("{got} headers do not fit a batch of {batch}")]
    Headers {
        /// Capacity.
        batch: usize,
        /// Found.
        got: usize,
    },
    /// A header is of another agent.
    #[error("record {sequence} is of agent 0x{}, expected 0x{}", hex::encode(.got), hex::encode(.expected))]
    Agent {
        /// Sequence number.
        sequence: u64,
        /// Expected.
        expected: [u8; 20],
        /// Found.
        got: [u8; 20],
    },
    /// A signature.
    #[error("record {sequence}: {source}")]
    Signature {
        /// Sequence number.
        sequence: u64,
        /// Why.
        source: SignatureError,
    },
    /// A link of the chain; the accumulators themselves are the seal's to prove.
    #[error("record {sequence}: {source}")]
    Chain {
        /// Sequence number.
        sequence: u64,
        /// Why.
        source: Box<ChainError>,
    },
    /// A record's transaction is not what its action becomes.
    #[error("record {sequence} names another transaction than its executed action becomes")]
    Transaction {
        /// Sequence number.
        sequence: u64,
    },
    /// The transaction's template takes facts that headers do not carry.
    #[error(
        "argument {argument} of the transaction takes a fact that is not in a header: verify the proof instead of the seal"
    )]
    TransactionFact {
        /// Argument number.
        argument: usize,
    },
    /// The shape is beyond the limits.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The seal has another number of points or values than its class.
    #[error(
        "the seal has {points} points and {values} values, its class {expected_points} and {expected_values}"
    )]
    Lengths {
        /// By the class.
        expected_points: usize,
        /// By the class.
        expected_values: usize,
        /// Found.
        points: usize,
        /// Found.
        values: usize,
    },
    /// A scalar is the field's modulus or more: a second encoding of a value.
    #[error("{scalar} is not below the field's modulus")]
    Scalar {
        /// Which.
        scalar: SealScalar,
    },
    /// A point of the argument.
    #[error("point {index}: {error}")]
    Point {
        /// Which.
        index: usize,
        /// What is wrong with it.
        error: PointError,
    },
    /// The card's reference string.
    #[error("the reference string: {0}")]
    Setup(PointError),
    /// The card's weight rows.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The opening.
    #[error(transparent)]
    Opening(#[from] ArgumentError),
}

impl SealError {
    /// Which of the kinds that never mix.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Card { .. }
            | Self::Lengths { .. }
            | Self::Scalar { .. }
            | Self::Point { .. }
            | Self::Model(_)
            | Self::Setup(_) => ErrorKind::Malformed,
            Self::Key(KeyError::Point { .. }) => ErrorKind::Malformed,
            Self::Layout(_) => ErrorKind::Limit,
            Self::Refused { .. } => ErrorKind::RefusedAssumption,
            _ => ErrorKind::Rejected,
        }
    }
}

/// The headers of a seal are those of the expected agent and program, in one chain, and everything between the two ends of
/// their accumulators happened as the program prescribes.
///
/// Needs no body, no observation, no weights: the card, the key and the file.
/// Errors: the first check that fails. Owes: everything in [`Sealed::assumptions`].
pub fn verify_seal(
    expected: &Expected,
    card: &Card,
    key: &SealKey,
    file: &SealFile,
) -> Result<Sealed, SealError> {
    card.validate().map_err(Box::new)?;
    let chain = Chain::of(card);
    check_program("the card", expected, chain.ids.program_id)?;
    check_program("the seal", expected, file.program_id)?;
    if card.domain != expected.domain {
        return Err(SealError::Domain);
    }
    if file.purpose != Purpose::Path {
        return Err(SealError::Purpose);
    }
    let (named, got) = (file.key_id, key.id());
    if named != got {
        return Err(SealError::OtherKey { expected: named, got });
    }
    let batch_log2 = file.batch_log2;
    if key.class_digest != chain.ids.class_digest
        || key.batch_log2 != batch_log2
        || batch_log2 > MAX_BATCH_LOG2
    {
        return Err(SealError::KeyClass);
    }
    let layout = Layout::new(&card.class, batch_log2, card.class.output())?;
    let first = file.headers.first().map_or(0, |signed| signed.header.sequence);
    let mut assumptions = vec![Assumption::seal_key(key)];
    assumptions.extend(Assumption::of_proof(card));
    assumptions.extend(Assumption::of_records());
    assumptions.extend(Assumption::of_path(card, Bodies::Absent, &file.start, first));
    assumptions.push(Assumption::StatisticalSoundness { bits: statistical_bits(&layout) });
    if let Some(assumption) = assumptions.iter().map(Assumption::name).find(|name| expected.refuses(*name)) {
        return Err(SealError::Refused { assumption });
    }
    let checked = key.validate()?;
    check_scalars(file)?;
    let ends = check_headers(expected, card, &chain, &layout, file)?;

    let counts = exposed::point_counts(&layout);
    let (expected_points, expected_values) = (counts.iter().sum(), exposed::count(&layout));
    let (points, values) = (file.proof.points.len(), file.proof.exposed.len());
    if (points, values) != (expected_points, expected_values) {
        return Err(SealError::Lengths { expected_points, expected_values, points, values });
    }
    let boundary = boundary(&chain, file, &ends, &counts);
    let fingerprint = boundary.fingerprint(file.proof.boundary_digest.to_fr());
    let proof = GrothProof { a: file.proof.a, b: G2Bytes(file.proof.b), c: file.proof.c };
    let public_inputs = fingerprint.inputs();
    checked.verify(&public_inputs, &proof)?;

    let decode = |(index, bytes)| decode_g1(bytes).map_err(|error| SealError::Point { index, error });
    let points = file.proof.points.iter().enumerate().map(decode).collect::<Result<Vec<_>, _>>()?;
    let tail: Vec<Fr> = file.proof.exposed.iter().map(|value| value.to_fr()).collect();
    let outstanding = exposed::read(&layout, &tail).ok_or(SealError::Lengths {
        expected_points,
        expected_values,
        points: points.len(),
        values,
    })?;
    let setup = VerifierSetup::of(&card.setup).map_err(SealError::Setup)?;
    check_opening(&layout, &outstanding, &points, &decode_rows(card)?, &setup)?;
    Ok(Sealed {
        program_id: chain.ids.program_id,
        agent: expected.agent,
        headers: file.headers.iter().map(|signed| signed.header.clone()).collect(),
        payout: file.payout,
        public_inputs,
        assumptions,
    })
}

/// Every scalar of the file has one encoding. Decoding a file checks that too; a file assembled in memory passes here alone.
fn check_scalars(file: &SealFile) -> Result<(), SealError> {
    let check = |value: &FrBytes, scalar| match fr_from_bytes(&value.0) {
        Some(_) => Ok(()),
        None => Err(SealError::Scalar { scalar }),
    };
    let before = match &file.start {
        Start::Genesis => None,
        Start::After(previous) => Some(previous),
    };
    for Header { sequence, state_before, observations, evidence, state_after, acc, .. } in
        before.into_iter().chain(&file.headers).map(|signed| &signed.header)
    {
        for value in [state_before, observations, evidence, state_after, acc] {
            check(value, SealScalar::Header(*sequence))?;
        }
    }
    check(&file.proof.boundary_digest, SealScalar::BoundaryDigest)?;
    for (index, value) in file.proof.exposed.iter().enumerate() {
        check(value, SealScalar::Exposed(index))?;
    }
    Ok(())
}

fn check_program(part: &'static str, expected: &Expected, got: [u8; 32]) -> Result<(), SealError> {
    let expected = expected.program_id;
    if expected == got { Ok(()) } else { Err(SealError::Program { part, expected, got }) }
}

/// The two ends of a path, and what it is bound to.
struct Ends {
    acc_before: Fr,
    context: Fr,
}

fn check_headers(
    expected: &Expected,
    card: &Card,
    chain: &Chain,
    layout: &Layout,
    file: &SealFile,
) -> Result<Ends, SealError> {
    let (batch, got) = (layout.batch(), file.headers.len());
    if got == 0 || got > batch || got.next_power_of_two() != batch {
        return Err(SealError::Headers { batch, got });
    }
    let mut link = match &file.start {
        Start::Genesis => Link::genesis(chain, expected.agent),
        Start::After(previous) => {
            check_program("the record before the seal", expected, previous.header.program_id)?;
            let sequence = previous.header.sequence;
            previous
                .check_signature(&card.domain)
                .map_err(|source| SealError::Signature { sequence, source })?;
            Link::after(chain, &previous.header)
        }
    };
    let acc_before = link.acc().to_fr();
    let mut hashes = Vec::with_capacity(got);
    for signed in &file.headers {
        let (header, sequence) = (&signed.header, signed.header.sequence);
        if header.agent != expected.agent {
            return Err(SealError::Agent { sequence, expected: expected.agent, got: header.agent });
        }
        signed.check_signature(&card.domain).map_err(|source| SealError::Signature { sequence, source })?;
        check_link(&link, header)
            .map_err(|source| SealError::Chain { sequence, source: Box::new(source) })?;
        check_transaction(card, header)?;
        hashes.push(signed.record_hash(&card.domain));
        link = Link::after(chain, header);
    }
    let context = context_digest(file.purpose, &card.domain, &expected.agent, &file.payout, &hashes);
    Ok(Ends { acc_before, context })
}

/// The transaction that a header names is the template's, on the header's own words.
fn check_transaction(card: &Card, header: &Header) -> Result<(), SealError> {
    let sequence = header.sequence;
    let executed = match header.executed {
        0 => None,
        word => Some(action(card, word).ok_or(SealError::Transaction { sequence })?),
    };
    let transaction = match executed {
        None => None,
        Some(action) => {
            for (argument, declared) in card.transaction.arguments.iter().enumerate() {
                if let ArgumentSource::Fact {
                    fact: Fact::Feature(_) | Fact::Register(_) | Fact::Elapsed(_),
                    ..
                } = declared.source
                {
                    return Err(SealError::TransactionFact { argument });
                }
            }
            let facts = Facts { action, time: header.time, sequence, features: &[], registers: &[] };
            Some(card.transaction.build(&facts).ok_or(SealError::Transaction { sequence })?)
        }
    };
    let word = transaction_word(&card.domain, &header.agent, sequence, transaction.as_ref());
    if word == header.transaction { Ok(()) } else { Err(SealError::Transaction { sequence }) }
}

/// The action of a word; the seal proves that it is the requested one.
fn action(card: &Card, word: u128) -> Option<Action> {
    let code = u16::try_from((word >> 64).checked_sub(1)?).ok()?;
    let Head::ArgMax { actions } = &card.head;
    let template = actions.get(usize::from(code))?;
    let action = Action { code, abstain: template.abstain, amount: template.amount };
    (action.word() == word).then_some(action)
}

/// The boundary vector from public material alone.
fn boundary(chain: &Chain, file: &SealFile, ends: &Ends, counts: &[usize]) -> Boundary {
    let (first, last) = (file.headers.first(), file.headers.last());
    let word = |header: Option<&candor_trace::SignedHeader>, pick: fn(&Header) -> Fr| {
        header.map_or_else(Fr::default, |signed| pick(&signed.header))
    };
    let [high, low] = ProgramData::halves(&chain.ids.model_id);
    let mut x = vec![
        high,
        low,
        chain.ids.program_fr,
        ends.context,
        ends.acc_before,
        word(last, |header| header.acc.to_fr()),
        word(first, |header| header.state_before.to_fr()),
        word(last, |header| header.state_after.to_fr()),
        word(first, |header| Fr::from(header.sequence)),
        Fr::from(file.headers.len() as u64),
        word(last, |header| Fr::from(header.executed)),
    ];
    let mut points = file.proof.points.iter();
    for count in counts {
        x.push(hash_points(points.by_ref().take(*count)));
    }
    x.extend(file.proof.exposed.iter().map(|value| value.to_fr()));
    Boundary(x)
}
