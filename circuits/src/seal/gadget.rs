//! Bits, ranges, comparisons and selections.

use super::system::{System, Wire, inverse_or_zero};
use ark_ff::{AdditiveGroup, BigInteger, One, PrimeField};
use candor_program::Fr;
use candor_program::arith::Arith;

/// The constant one.
pub fn one() -> Wire {
    Wire::constant(Fr::one())
}

/// The constant zero.
pub fn zero() -> Wire {
    Wire::constant(Fr::ZERO)
}

/// A constant integer.
pub fn constant(value: u64) -> Wire {
    Wire::constant(Fr::from(value))
}

pub use candor_program::encoding::power_of_two as power;

/// A bit that follows from earlier wires. Owes: the constraint that it follows from.
pub fn hinted_bit(system: &System, value: bool) -> Wire {
    let bit = system.hint(Fr::from(u64::from(value)));
    system.enforce(&bit, &bit, &bit);
    bit
}

/// `1 - x`.
pub fn not(x: &Wire) -> Wire {
    one().minus(x)
}

/// The bits of a wire, least significant first; requires it to be below `2^count`. Shapes: `count` below 254.
pub fn bits(system: &System, wire: &Wire, count: usize) -> Vec<Wire> {
    let value = wire.value().into_bigint();
    let bits: Vec<Wire> = (0..count).map(|i| hinted_bit(system, value.get_bit(i))).collect();
    system.equal(&compose(&bits), wire);
    bits
}

/// `sum of bit_i 2^i`.
pub fn compose(bits: &[Wire]) -> Wire {
    bits.iter().rev().fold(zero(), |sum, bit| sum.plus(&sum).plus(bit))
}

/// Requires a wire to be below `2^count`.
pub fn range(system: &System, wire: &Wire, count: usize) {
    let _bits = bits(system, wire, count);
}

/// Bits of a wire that is a number below `2^count` plus flags of the weights `2^flag`. Shapes: every flag at least `count`,
/// no two equal, all below 253.
pub fn flagged_bits<const FLAGS: usize>(
    system: &System,
    wire: &Wire,
    count: usize,
    flags: [u32; FLAGS],
) -> (Vec<Wire>, [Wire; FLAGS]) {
    let value = wire.value().into_bigint();
    let bits: Vec<Wire> = (0..count).map(|i| hinted_bit(system, value.get_bit(i))).collect();
    let set = flags.map(|flag| hinted_bit(system, value.get_bit(flag as usize)));
    let total =
        flags.iter().zip(&set).fold(compose(&bits), |sum, (flag, bit)| sum.plus(&bit.scale(power(*flag))));
    system.equal(&total, wire);
    (bits, set)
}

/// Magnitude of a wire, and its bits; requires it to be below `2^count`. Shapes: `count` below 253.
pub fn magnitude(system: &System, wire: &Wire, count: usize) -> (Wire, Vec<Wire>) {
    // of zero either sign gives zero
    let negative = hinted_bit(system, is_negative(wire.value()));
    let product = negative.times(wire);
    let magnitude = wire.minus(&product).minus(&product);
    let bits = bits(system, &magnitude, count);
    (magnitude, bits)
}

/// Whether a value stands for a negative integer.
fn is_negative(value: Fr) -> bool {
    value.into_bigint() > Fr::MODULUS_MINUS_ONE_DIV_TWO
}

/// Whether a wire is zero.
pub fn is_zero(system: &System, wire: &Wire) -> Wire {
    // the inverse of zero may be anything, and nothing depends on it
    let inverse = system.witness(inverse_or_zero(wire.value()));
    let zero_bit = system.hint(Fr::from(u64::from(wire.value() == Fr::ZERO)));
    // wire * inverse = 1 - zero_bit, wire * zero_bit = 0
    system.enforce(wire, &inverse, &not(&zero_bit));
    system.enforce(wire, &zero_bit, &zero());
    zero_bit
}

/// Whether `left < right`, for values whose difference is within `-2^count` to `2^count - 1`; other values have no witness.
pub fn less(system: &System, left: &Wire, right: &Wire, count: usize) -> Wire {
    let shifted = left.minus(right).offset(power(count as u32));
    let bits = bits(system, &shifted, count + 1);
    not(&bits[count])
}

/// `bit ? yes : no`.
pub fn select(bit: &Wire, yes: &Wire, no: &Wire) -> Wire {
    no.plus(&bit.times(&yes.minus(no)))
}

/// The entry that the bits (least significant first) point at. Shapes: `2^bits` entries or fewer (then the last repeats).
pub fn pick(bits: &[Wire], entries: &[Wire]) -> Wire {
    let mut level = entries.to_vec();
    for bit in bits {
        level = level
            .chunks(2)
            .map(|pair| if pair.len() == 2 { select(bit, &pair[1], &pair[0]) } else { pair[0].clone() })
            .collect();
    }
    level.swap_remove(0)
}

/// Unit vector: bits that sum to one, the one at `position`. Owes: the constraint that the position follows from.
pub fn one_hot(system: &System, count: usize, position: usize) -> Vec<Wire> {
    let bits: Vec<Wire> = (0..count).map(|i| hinted_bit(system, i == position)).collect();
    system.equal(&sum(&bits), &one());
    bits
}

/// Prefix vector: `count` ones, then zeros. Shapes: `length` bits. Requires `count` at most `length`.
pub fn prefix(system: &System, count: &Wire, length: usize) -> Vec<Wire> {
    let value = count.value().into_bigint();
    let bits: Vec<Wire> =
        (0..length).map(|i| hinted_bit(system, value > Fr::from(i as u64).into_bigint())).collect();
    for pair in bits.windows(2) {
        // a one after a zero is excluded: next * (1 - previous) = 0
        system.enforce(&pair[1], &not(&pair[0]), &zero());
    }
    system.equal(&sum(&bits), count);
    bits
}

/// Sum of wires.
pub fn sum(wires: &[Wire]) -> Wire {
    wires.iter().fold(zero(), |sum, wire| sum.plus(wire))
}

/// Sum of products. Shapes: equal lengths.
pub fn inner(left: &[Wire], right: &[Wire]) -> Wire {
    left.iter().zip(right).fold(zero(), |sum, (a, b)| sum.plus(&a.times(b)))
}

/// `a or b` of bits.
pub fn or(a: &Wire, b: &Wire) -> Wire {
    a.plus(b).minus(&a.times(b))
}

/// For each flag whether it is the first that is set.
pub fn first(flags: &[Wire]) -> Vec<Wire> {
    let mut seen = zero();
    flags
        .iter()
        .map(|flag| {
            let fresh = flag.times(&not(&seen));
            seen = seen.plus(&fresh);
            fresh
        })
        .collect()
}
