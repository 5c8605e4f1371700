//! Lies about views, products and lookups: a program with every kind of term, and the relation or check that stops each lie.

use crate::case::{Case, reference};
use crate::checks::only_without;
use crate::defect::{Defects, verify_with};
use crate::forger::Forgery;
use crate::lie::{add_to_bytes, count};
use crate::relations::{Relation, violations};
use crate::witness::violated;
use ark_ff::{AdditiveGroup, Field, PrimeField};
use candor_benches::synthetic::features;
use candor_circuits::channel::Check;
use candor_circuits::layout::{LIMBS, Left, TABLE_LOG2};
use candor_program::Fr;
use candor_program::class::TensorId;
use std::sync::OnceLock;

pub(crate) fn case() -> &'static Case {
    static CASE: OnceLock<Case> = OnceLock::new();
    CASE.get_or_init(|| {
        let program = crate::every_term::program(reference().card());
        let decisions: Vec<_> = (0..2).map(|seed| features(&program, seed)).collect();
        let case = Case::new(program, &decisions, 1, TensorId(6));
        case.program.validate().unwrap();
        case
    })
}

/// A mapped position of the first lookup, a value of which is not its table's everywhere.
fn first_mapped(case: &Case) -> usize {
    case.position(TensorId(2), 0, 1)
}

/// Value of `y'` at the source of a mapped position of the first lookup.
fn looked_at(case: &Case, position: usize) -> usize {
    let start = case.layout.outputs[1].place.offset << case.layout.batch_log2;
    let source = (case.layout.outputs[0].place.offset << case.layout.batch_log2) + position - start;
    let byte = |column| usize::from(case.witness.cells[case.cell(column, source)]);
    byte(0) + 256 * byte(1)
}

#[test]
fn a_second_prover_writes_the_same_proof() {
    let case = case();
    let forgery = Forgery::honest(case);
    assert_eq!(violated(&forgery, "honest"), []);
    assert!(forgery.play().proof == case.honest_proof(), "the provers differ");
}

/// A lie about looked-up values or their number, and what it violates.
type Lie = (&'static str, fn(&Case, &mut Forgery<'static>), &'static [Relation]);

const LIES: &[Lie] = &[
    (
        "a looked-up value one too high",
        |case, f| f.sums.mapped[first_mapped(case)] += Fr::ONE,
        // the next operator's rows are of the true value
        &[Relation::Rows, Relation::Entries],
    ),
    (
        "the entry of another table",
        |case, f| {
            let (position, x) = (first_mapped(case), looked_at(case, first_mapped(case)));
            f.sums.mapped[position] = f.sums.tables[(1 << TABLE_LOG2) + x];
        },
        &[Relation::Rows, Relation::Entries],
    ),
    (
        "the entry of another value",
        |case, f| {
            let (position, x) = (first_mapped(case), looked_at(case, first_mapped(case)));
            f.sums.mapped[position] = f.sums.tables[x ^ 1];
        },
        &[Relation::Rows, Relation::Entries],
    ),
    (
        "a padded place that is not zero",
        |case, f| {
            // three channels are padded to four; padded outputs read them
            f.sums.mapped[case.position(TensorId(2), 0, 13)] += Fr::ONE;
        },
        &[Relation::Rows, Relation::Entries],
    ),
    ("a value where no lookup is", |case, f| f.sums.mapped[unused(case)] += Fr::ONE, &[Relation::Entries]),
    ("a multiplicity one too high", |_, f| f.sums.map_multiplicities[7] += Fr::ONE, &[Relation::MapSums]),
    (
        "a negative multiplicity in the second half",
        |_, f| f.sums.map_multiplicities[LIMBS + 9] = -Fr::ONE,
        &[Relation::MapSums],
    ),
    (
        "one multiplicity moved",
        |case, f| {
            let x = looked_at(case, first_mapped(case)) % LIMBS;
            f.sums.map_multiplicities[x] -= Fr::ONE;
            f.sums.map_multiplicities[x ^ 1] += Fr::ONE;
        },
        &[Relation::MapSums],
    ),
    (
        "twice as many of everything",
        |_, f| f.sums.map_multiplicities.iter_mut().for_each(|mu| *mu = mu.double()),
        &[Relation::MapSums],
    ),
    (
        "a product's output one too high",
        |case, f| {
            // the place of an output that does not saturate: padding, whose value is 0
            add_to_bytes(case, &mut f.sums.cells, (0, 2), case.position(TensorId(3), 0, 3), 1);
            f.sums.multiplicities = count(&f.sums.cells);
        },
        &[Relation::Rows, Relation::MapSums, Relation::Entries],
    ),
    (
        "a convolution's output one too high, counted as such",
        |case, f| {
            add_to_bytes(case, &mut f.sums.cells, (0, 2), case.position(TensorId(1), 0, 13), 1);
            f.sums.multiplicities = count(&f.sums.cells);
            f.sums.map_multiplicities = count_halves(&f.looked_at());
        },
        &[Relation::Rows, Relation::Entries],
    ),
    (
        "an equality of another byte",
        |case, f| {
            let reduction = f.play().map.unwrap().reduction;
            let mut equalities = f.equalities(&reduction);
            let (position, x) = (first_mapped(case), looked_at(case, first_mapped(case)));
            equalities[position] = Forgery::halves(&reduction)[0][(x % LIMBS) ^ 1];
            f.equalities = Some(equalities);
        },
        &[Relation::MapSums, Relation::Entries],
    ),
    (
        "an equality of the other half, where no lookup is",
        |case, f| {
            let reduction = f.play().map.unwrap().reduction;
            let mut equalities = f.equalities(&reduction);
            equalities[unused(case)] = Forgery::halves(&reduction)[1][0];
            f.equalities = Some(equalities);
        },
        &[Relation::MapSums],
    ),
    (
        "a map helper that is not the inverse",
        |_, f| {
            let [mut helper, table] = f.map_helpers(&f.play().map.unwrap());
            helper[3] += Fr::ONE;
            helper[4] -= Fr::ONE;
            f.map_helpers = Some([helper, table]);
        },
        &[Relation::MapHelper],
    ),
    (
        "a map table helper that is not multiplicity over denominator",
        |_, f| {
            let [helper, mut table] = f.map_helpers(&f.play().map.unwrap());
            table[3] += Fr::ONE;
            table[4] -= Fr::ONE;
            f.map_helpers = Some([helper, table]);
        },
        &[Relation::MapTableHelper],
    ),
];

/// A mapped position of no lookup.
pub(crate) fn unused(case: &Case) -> usize {
    let layout = &case.layout;
    let used = layout.maps.iter().map(|map| (map.place.offset + (1 << map.place.vars)) << layout.batch_log2);
    let position = used.max().unwrap();
    assert!(position < case.objects.mapped.len(), "every mapped position is used");
    position
}

/// How often each byte occurs in each half.
pub(crate) fn count_halves(bytes: &[Fr]) -> Vec<Fr> {
    bytes.chunks(bytes.len() / 2).flat_map(count).collect()
}

#[test]
fn every_lie_violates_its_relation() {
    let case = case();
    for (name, tell, violates) in LIES {
        let mut forgery = Forgery::honest(case);
        tell(case, &mut forgery);
        assert_eq!(violated(&forgery, name), *violates, "{name}");
    }
}

/// What is summed is what is opened: a view shifted by one, weights under other labels, another table, other looked-up values.
#[test]
fn sums_are_of_what_is_opened() {
    let case = case();
    let opened = |what: &str, change: &dyn Fn(&mut crate::case::Objects)| {
        let mut opened = case.objects.clone();
        change(&mut opened);
        let forgery = Forgery { opened: Some(opened), ..Forgery::honest(case) };
        only_without(Check::Folding, &forgery, what);
    };
    opened("looked-up values shifted by one", &|objects| objects.mapped.rotate_right(1));
    opened("cells shifted by one", &|objects| objects.cells.rotate_right(1));
    opened("another number of a byte", &|objects| objects.map_multiplicities[5] += Fr::ONE);

    // the program's rows are its card's, whatever a prover sums: weights under other labels give other sums
    let contraction = &case.layout.contractions[0];
    let Left::Weights { place, .. } = &contraction.left else { panic!("a convolution has weights") };
    let mut sums = case.objects.clone();
    sums.weights[place.offset..place.offset + 8].swap(1, 4);
    assert_ne!(sums.weights, case.objects.weights);
    let forgery = Forgery { sums, opened: Some(case.objects.clone()), ..Forgery::honest(case) };
    let proof = forgery.play().proof;
    let ignoring =
        |checks: &[Check]| verify_with(case, &forgery.public, &Defects::ignoring(checks), &proof).result;
    assert!(ignoring(&[Check::Relations]).is_err() && ignoring(&[Check::Folding]).is_err());
    assert_eq!(ignoring(&[Check::Relations, Check::Folding]), Ok(()));
    let mut sums = case.objects.clone();
    sums.tables[9] += Fr::ONE;
    let forgery = Forgery { sums, opened: Some(case.objects.clone()), ..Forgery::honest(case) };
    only_without(Check::Folding, &forgery, "a table with another entry");
}

/// Tables with the entry that a wrong value needs: everything holds but the opening of the tables.
#[test]
fn tables_are_those_of_the_card() {
    let case = case();
    assert_eq!(case.layout.tables, 3);
    for map in &case.layout.maps {
        let (bytes, count) = (Forgery::honest(case).looked_at(), case.objects.mapped.len());
        let first = map.place.offset << case.layout.batch_log2;
        let entry = [first, first + count].map(|at| bytes[at].into_bigint().0[0] as usize);
        let mut forgery = Forgery::honest(case);
        forgery.sums.tables[(map.table << TABLE_LOG2) + entry[0] + LIMBS * entry[1]] += Fr::ONE;
        for position in first..first + (1 << (map.place.vars + case.layout.batch_log2)) {
            if (bytes[position], bytes[position + count]) == (bytes[first], bytes[first + count]) {
                forgery.sums.mapped[position] += Fr::ONE;
            }
        }
        forgery.opened =
            Some(crate::case::Objects { tables: case.objects.tables.clone(), ..forgery.sums.clone() });
        let play = forgery.play();
        let missed = violations(&forgery, &play);
        assert_eq!(missed[Relation::Entries as usize], Fr::ZERO, "the entries are those of the other table");
        let proof = play.proof;
        let without =
            |checks: &[Check]| verify_with(case, &forgery.public, &Defects::ignoring(checks), &proof).result;
        assert_eq!(without(&[Check::Relations, Check::Folding]), Ok(()));
        assert!(without(&[Check::Relations]).is_err(), "the tables are opened");
    }
}

/// Values of operands at the final point that satisfy the relations without being the tensors'.
#[test]
fn operands_are_opened() {
    let case = case();
    let products = case.layout.contractions.iter().enumerate().filter(|(_, c)| c.left_operand().is_some());
    for (i, _) in products {
        let mut forgery = Forgery::honest(case);
        forgery.values = Some(Box::new(move |values| {
            let two = Fr::from(2u64);
            values.factors[i][0] *= two;
            values.factors[i][1] *= two.inverse().unwrap();
        }));
        only_without(Check::Folding, &forgery, "both operands scaled");
    }
    let mut forgery = Forgery::honest(case);
    forgery.values = Some(Box::new(|values| {
        let map = values.map.as_mut().unwrap();
        map.table_helper = Fr::ZERO;
    }));
    assert!(case.verify(&forgery.public, &forgery.play().proof).is_err());
}
