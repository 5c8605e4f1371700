//! The class of a model: a deterministic function of its shape, so that retraining keeps it.

use candor_program::class::{Class, FORMAT_VERSION, Input, OperatorClass, TermClass};
use candor_program::digest::{evidence_size, state_size};
use candor_program::policy::Table;

/// Shortest and longest committed row, log2.
pub const ROW_LOG2: std::ops::RangeInclusive<u8> = 9..=14;

/// Proof of one decision from which on rows are made longer than the weights ask for: models of few weights and many values.
pub const PROOF_BYTES: u64 = 14_000;

/// Log2 of the length of a committed row, from the number of padded weights.
///
/// Short rows make a proof fast, many rows make it, verification and the card large: the shortest rows with which sixteen
/// decisions stay below 15 kB and one is verified in less than 8 ms, measured on two cores (docs/adr/0010-row-length.md). Two square
/// matrices with small ones beside them lie just above a power of two; for a million weights they keep 2^12, which proves in two
/// thirds of the time of 2^13. From half as many again on, the widest models have tensors that need the longer rows.
#[must_use]
pub fn row_log2(padded_weights: u64) -> u8 {
    match padded_weights {
        0..=0x1_ffff => 10,
        0x2_0000..=0x7_ffff => 11,
        0x8_0000..=0x17_ffff => 12,
        0x18_0000..=0x3f_ffff => 13,
        _ => 14,
    }
}

/// Log2 of the padded length of a vector.
#[must_use]
pub fn padded_log2(width: usize) -> u8 {
    // Below 64.
    width.next_power_of_two().trailing_zeros() as u8
}

/// Entries of all weight matrices, padded.
#[must_use]
pub fn padded_weights(class: &Class) -> u64 {
    let log2 = |axes: &[u8]| axes.iter().map(|log2| u32::from(*log2)).sum::<u32>();
    let operator = |operator: &OperatorClass| {
        let OperatorClass::Affine { axes, terms } = operator else { return 0 };
        let weighted = terms.iter().filter_map(|term| match term {
            TermClass::Weighted { weights, contracted, .. } => {
                let labels = weights.iter().filter_map(|label| axes.get(usize::from(*label)).copied());
                Some(log2(&labels.collect::<Vec<u8>>()) + log2(contracted))
            }
            _ => None,
        });
        weighted.map(|log2| 1u64 << log2.min(62)).sum::<u64>()
    };
    class.operators.iter().map(operator).sum::<u64>() + (u64::from(class.tables) << 16)
}

/// Witness cells of one decision: eight for every padded output position, rounded up to a power of two.
#[must_use]
pub fn witness_cells(class: &Class) -> u64 {
    let operator = |operator: &OperatorClass| match operator {
        OperatorClass::Affine { axes, .. } => {
            1u64 << axes.iter().map(|log2| u32::from(*log2)).sum::<u32>().min(62)
        }
        OperatorClass::Lookup { .. } => 0,
    };
    let positions: u64 = class.operators.iter().map(operator).sum();
    8 * positions.next_power_of_two().max(32)
}

/// Bytes of a proof of one decision, estimated: rows of 64 bytes of what is committed anew, scalars of 32 for rounds and values.
#[must_use]
pub fn proof_bytes(class: &Class) -> u64 {
    let (cells, k) = (witness_cells(class), u64::from(class.row_log2));
    let rows = |values: u64| values.div_ceil(1 << k);
    let (mut lookups, mut mapped, mut scalars) = (0u64, 0u64, 0u64);
    for operator in &class.operators {
        match operator {
            OperatorClass::Affine { terms, .. } => {
                let linear = |term: &&TermClass| matches!(term, TermClass::Linear { .. });
                scalars += 2 * terms.len() as u64 - terms.iter().filter(linear).count() as u64;
            }
            OperatorClass::Lookup { source, .. } => {
                lookups += 1;
                let axes = class.axes(*source).unwrap_or_default();
                mapped += 1u64 << axes.iter().map(|log2| u32::from(*log2)).sum::<u32>().min(62);
            }
        }
    }
    let mut points = 2 * rows(cells) + k + 5;
    scalars += 3 * u64::from(cells.ilog2()) + 4 * k + 16;
    if class.tables > 0 {
        let mapped = mapped.next_power_of_two();
        points += rows(mapped) + 2 * rows(2 * mapped) + 2;
        scalars += 2 * (16 + u64::from(class.tables.next_power_of_two().ilog2())) + 7 + 2 * lookups;
    }
    64 * points + 32 * scalars
}

/// What surrounds the model, as far as the class depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) policy: &'a Table,
    pub(crate) registers: usize,
    pub(crate) evidence: usize,
}

/// The model of a class: what only depends on the shapes of its tensors and how they are wired.
#[derive(Clone, Debug)]
pub(crate) struct Wiring {
    pub(crate) input: Input,
    pub(crate) operators: Vec<OperatorClass>,
    pub(crate) tables: u8,
}

/// The class of a model, policy, state and evidence; rows no longer than the reference string.
pub(crate) fn class(wiring: Wiring, surroundings: Surroundings<'_>, powers_log2: u8) -> Class {
    let Surroundings { policy, registers, evidence } = surroundings;
    let mut class = Class {
        version: FORMAT_VERSION,
        input: wiring.input,
        operators: wiring.operators,
        tables: wiring.tables,
        row_log2: *ROW_LOG2.start(),
        policy_size: if policy.predicates.len() <= 16 && policy.rules.len() <= 16 { 16 } else { 64 },
        // At most 16 of each.
        state_size: state_size(registers) as u8,
        evidence_size: evidence_size(evidence) as u8,
    };
    class.row_log2 = row_log2(padded_weights(&class)).min(powers_log2);
    while class.row_log2 < powers_log2.min(*ROW_LOG2.end()) && proof_bytes(&class) > PROOF_BYTES {
        class.row_log2 += 1;
    }
    class
}
