//! Every tensor has its own place, and the number of rounds does not depend on the depth.

use candor_circuits::argument::{RowTerm, joined, row_scalars};
use candor_circuits::claim::{Functional, Object, above_low, half_power};
use candor_circuits::factor::{self, Factor, expand};
use candor_circuits::layout::{COLUMNS, LIMB_LOG2, Layout, Left};
use candor_circuits::relation::map::{Challenges, Reduction};
use candor_circuits::soundness::statistical_bits;
use candor_circuits::statement::extension;
use candor_program::Fr;
use candor_program::class::{Class, FORMAT_VERSION, Input, OperatorClass, TensorId, TermClass};

fn class(input_log2: u8, outputs: &[u8], row_log2: u8) -> Class {
    let operator = |(i, output_log2): (usize, &u8)| {
        let source_log2 = if i == 0 { input_log2 } else { outputs[i - 1] };
        let terms = vec![TermClass::dense(TensorId(i as u16), source_log2)];
        OperatorClass::Affine { axes: vec![*output_log2], terms }
    };
    Class {
        version: FORMAT_VERSION,
        input: Input::Vector { log2: input_log2 },
        operators: outputs.iter().enumerate().map(operator).collect(),
        tables: 0,
        row_log2,
        policy_size: 16,
        state_size: 4,
        evidence_size: 0,
    }
}

#[test]
fn places_are_disjoint_and_aligned() {
    for outputs in [&[3u8, 5, 0, 4, 5, 1][..], &[0], &[0, 0, 0], &[6, 1], &[2; 20]] {
        for batch_log2 in [0u8, 1, 2] {
            let layout = Layout::new(&class(2, outputs, 9), batch_log2, TensorId(1)).unwrap();
            let mut taken = vec![false; 1 << layout.position_vars()];
            for tensor in 1..=outputs.len() as u16 {
                let output = layout.output(TensorId(tensor)).unwrap();
                let place = output.place;
                assert_eq!(place.offset % (1 << place.vars), 0);
                for decision in 0..layout.batch() {
                    for index in 0..1usize << place.vars {
                        let position = (place.offset << layout.batch_log2) + (decision << place.vars) + index;
                        assert!(!std::mem::replace(&mut taken[position], true));
                        // the functional of a tensor at a corner of the cube reads that value's two bytes and nothing else
                        let bit = |value: usize, count: usize| -> Vec<Fr> {
                            (0..count).rev().map(|i| Fr::from((value >> i & 1) as u64)).collect()
                        };
                        let (d, i) = (bit(decision, layout.batch_log2), bit(index, place.vars));
                        let factors = above_low(&layout, output, &d, factor::point(&i));
                        assert_eq!(factors.len(), Object::Witness.vars(&layout));
                        let read: Vec<_> = expand(&factors)
                            .into_iter()
                            .filter(|(_, weight)| *weight != Fr::from(0u64))
                            .collect();
                        let high = position + (1 << layout.position_vars());
                        assert_eq!(read, [(position, Fr::from(1u64)), (high, Fr::from(256u64))]);
                    }
                }
            }
            let mut matrices = vec![false; 1 << layout.weight_vars];
            for contraction in &layout.contractions {
                let Left::Weights { place, .. } = &contraction.left else { panic!("a matrix has weights") };
                for weight in 0..1usize << place.vars {
                    assert!(!std::mem::replace(&mut matrices[place.offset + weight], true));
                }
            }
        }
    }
}

/// 2, 8 and 32 layers whose outputs fill the same cube: the same rounds.
#[test]
fn rounds_do_not_grow_with_depth() {
    let rounds = |layers: usize, output_log2: u8| {
        let layout = Layout::new(&class(4, &vec![output_log2; layers], 10), 0, TensorId(1)).unwrap();
        (layout.rounds, layout.witness_rows())
    };
    assert_eq!(rounds(2, 9), rounds(8, 7));
    assert_eq!(rounds(8, 7), rounds(32, 5));
    assert_eq!(rounds(32, 5), (13, 8));
}

/// A few outputs of many inputs: the products have more variables than the cells, and as many rounds are made; no object grows.
#[test]
fn a_wide_input_has_rounds_enough() {
    for (input_log2, output_log2, batch_log2) in [(9, 2, 0), (12, 0, 0), (12, 1, 3), (8, 0, 0)] {
        let layout = Layout::new(&class(input_log2, &[output_log2], 9), batch_log2, TensorId(1)).unwrap();
        assert_eq!(layout.rounds, usize::from(input_log2).max(LIMB_LOG2));
        assert_eq!(layout.decision_vars, usize::from(output_log2));
        let weights = Layout::new(&class(input_log2, &[output_log2], 9), 0, TensorId(1)).unwrap();
        assert_eq!((layout.weight_rows(), layout.bias_rows()), (weights.weight_rows(), weights.bias_rows()));
    }
}

#[test]
fn small_programs_have_room_for_the_limb_table() {
    let layout = Layout::new(&class(0, &[0], 9), 0, TensorId(1)).unwrap();
    assert_eq!((layout.rounds, layout.vars()), (LIMB_LOG2, 3));
    assert_eq!((layout.witness_rows(), layout.weight_vars), (1, 0));
    assert_eq!(1 << (layout.vars() - layout.position_vars()), COLUMNS);
    assert_eq!(half_power(3) * Fr::from(8u64), Fr::from(1u64));
}

/// Values over the hypercube are what the extension takes at its corners.
#[test]
fn extensions() {
    let values: Vec<Vec<Fr>> =
        (0..4).map(|d| (0..4).map(|i| Fr::from(10 * d + i + 1u64)).collect()).collect();
    let bits = |value: u64| [Fr::from(value >> 1), Fr::from(value & 1)];
    for decision in 0..4 {
        for index in 0..4 {
            let expected = values[decision as usize][index as usize];
            assert_eq!(extension(&values, &bits(decision), &bits(index)), expected);
        }
    }
    assert_eq!(extension(&[vec![Fr::from(7u64)]], &[], &[]), Fr::from(7u64));
    let point = [Fr::from(5u64), Fr::from(9u64)];
    let ones = vec![vec![Fr::from(1u64); 4]; 4];
    assert_eq!(extension(&ones, &point, &point), Fr::from(1u64));
    assert_eq!(factor::evaluate(&factor::point(&point), &bits(3)), Fr::from(45u64));
}

/// Joining terms changes no row's scalar: only rows that are the same, constants included, are joined.
#[test]
fn joined_terms() {
    let layout = Layout::new(&class(2, &[9, 9], 9), 2, TensorId(1)).unwrap();
    let rows = Object::Witness.vars(&layout) - layout.row_log2;
    let bits = |value: usize| factor::bits(value, rows - 1);
    let with =
        |first: Factor<Fr>, value: usize| std::iter::once(first).chain(bits(value)).collect::<Vec<_>>();
    let fixed = |constant: u64| Factor::Fixed(Fr::from(constant));
    let parts = [
        with(Factor::Bit(false), 1),
        with(Factor::Bit(true), 1),
        with(Factor::Bit(false), 1),
        with(fixed(256), 1),
        with(fixed(3), 1),
        with(fixed(256), 1),
        with(Factor::Point(Fr::from(9u64)), 1),
        with(Factor::Power(Fr::from(9u64)), 1),
        with(Factor::Point(Fr::from(9u64)), 1),
    ];
    let term = |(i, factors): (usize, Vec<Factor<Fr>>)| RowTerm {
        object: Object::Witness,
        factors,
        weight: Fr::from(i as u64 + 1),
    };
    let terms: Vec<RowTerm<Fr>> = parts.into_iter().enumerate().map(term).collect();
    let joined = joined(&terms);
    assert_eq!(row_scalars(&layout, &joined), row_scalars(&layout, &terms));
    assert_eq!(joined.len(), terms.len() - 2, "what has a coordinate is told by itself");
}

/// The printed bound: above 200 bits for every shape, smaller for larger proofs, never the field's size.
#[test]
fn soundness_bits() {
    let small = statistical_bits(&Layout::new(&class(0, &[0], 9), 0, TensorId(1)).unwrap());
    let large = statistical_bits(&Layout::new(&class(10, &[10; 40], 14), 8, TensorId(1)).unwrap());
    assert!((200..=253).contains(&small) && (200..=small).contains(&large), "{small}, {large}");
    // k polynomials of degree 2^28, at one point each, and one more: the largest terms by far
    assert_eq!(small, (253.596_f64 - (10.0 * 2f64.powi(28) + 1_000.0).log2()).floor() as u32);
}

/// Keys of byte space by their definition, and places beyond the last table: no lookup selects them.
#[test]
fn keys_and_shares_of_lookups() {
    let mut class = class(2, &[2, 2, 2], 9);
    for (table, source) in [(0, 1), (1, 2), (2, 3)] {
        class.operators.push(OperatorClass::Lookup { source: TensorId(source), table });
    }
    let layout = Layout::new(&Class { tables: 3, ..class }, 0, TensorId(4)).unwrap();
    assert_eq!((layout.table_id_vars(), layout.table_vars(), layout.map_vars()), (2, 18, 4));
    assert_eq!(layout.byte_vars(), 5);
    let bits = |value: u64, count: usize| (0..count).rev().map(move |i| Fr::from(value >> i & 1));
    let coordinates: Vec<Fr> = (0..18u64).map(|i| Fr::from(1_000 + 37 * i)).collect();
    let reduction = |id: u64, position: u64| Reduction {
        position: bits(position, 4).collect(),
        mapped: Fr::from(0u64),
        entry: bits(id, 2).chain(coordinates[2..].iter().copied()).collect(),
        table: Fr::from(0u64),
        claim: Fr::from(0u64),
    };
    let challenges = Challenges::new(reduction(0, 0), Fr::from(7u64), Fr::from(1u64 << 40));
    for (half, byte) in [(0u64, 0u64), (0, 1), (0, 255), (1, 0), (1, 128), (1, 255)] {
        let place: Vec<Fr> = bits(half, 1).chain(bits(byte, 8)).collect();
        // the high byte's coordinates come first
        let point = if half == 1 { &coordinates[2..10] } else { &coordinates[10..] };
        let bit = |(i, x): (usize, &Fr)| if byte >> (7 - i) & 1 == 1 { *x } else { Fr::from(1u64) - x };
        let equality: Fr = point.iter().enumerate().map(bit).product();
        let expected =
            equality + challenges.gamma * Fr::from(byte) + challenges.gamma_squared * Fr::from(half);
        assert_eq!(challenges.table_key(&place), expected);
    }
    for (number, map) in layout.maps.iter().enumerate() {
        for id in 0..4 {
            for lookup in 0..4 {
                let own = id == number as u64 && lookup == number as u64;
                let share = reduction(id, 4 * lookup).share(&layout, map);
                assert_eq!(share, Fr::from(u64::from(own)), "lookup {number}, table {id}, place {lookup}");
            }
        }
    }
}

/// A functional cut between rows and columns is the sum of its pieces.
#[test]
fn functionals_with_vectors_are_cut() {
    let element = |i: u64| Fr::from(i * i + 3 * i + 2);
    let vector = |vars: usize| Factor::Vector((0..1u64 << vars).map(element).collect());
    for lists in [
        vec![Factor::Point(element(5)), vector(4), Factor::Bit(true), vector(3)],
        vec![vector(10), Factor::Power(element(2))],
        vec![vector(2), vector(3)],
        vec![Factor::Bit(false), vector(11)],
    ] {
        let functional = Functional { scale: None, factors: lists };
        let vars = factor::vars(&functional.factors);
        let mut whole = vec![Fr::from(0u64); 1 << vars];
        for (index, weight) in expand(&functional.factors) {
            whole[index] = weight;
        }
        for row_log2 in 1..=vars + 1 {
            let parts = functional.parts(row_log2);
            let mut found = vec![Fr::from(0u64); 1 << vars.max(row_log2)];
            for piece in &parts.pieces {
                assert_eq!(factor::vars(&parts.column_factors(piece)), row_log2);
                for (row, weight) in parts.row_weights(piece) {
                    for (column, other) in expand(&parts.column_factors(piece)) {
                        found[(row << row_log2) + column] += weight * other;
                    }
                }
            }
            found.truncate(1 << vars);
            assert_eq!(found, whole, "rows of 2^{row_log2}");
            let point: Vec<Fr> = (0..vars as u64).map(|i| element(i + 40)).collect();
            assert_eq!(factor::evaluate(&functional.factors, &point), factor::extension(&whole, &point));
            assert_eq!(
                factor::apply(&functional.factors, whole.clone()),
                whole.iter().map(|w| *w * w).sum::<Fr>()
            );
        }
    }
}
