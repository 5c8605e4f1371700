//! Lies about views, products and lookups: a program with every kind of term, and the relation or check that stops each lie.

use crate::case::{Case, reference};
use crate::checks::only_without;
use crate::defect::{Defects, verify_with};
use crate::forger::Forgery;
use crate::lie::{add_to_bytes, count};
use crate::relations::Relation;
use crate::witness::violated;
use ark_ff::{AdditiveGroup, Field};
use candor_benches::synthetic::features;
use candor_circuits::channel::Check;
use candor_circuits::layout::{Left, TABLE_LOG2};
use candor_program::Fr;
use candor_program::class::TensorId;
use std::sync::OnceLock;

fn case() -> &'static Case {
    static CASE: OnceLock<Case> = OnceLock::new();
    CASE.get_or_init(|| {
        let program = crate::every_term::program(reference().card());
        let decisions: Vec<_> = (0..2).map(|seed| features(&program, seed)).collect();
        let case = Case::new(program, &decisions, 1, TensorId(5));
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
        &[Relation::Rows, Relation::MapSums],
    ),
    (
        "the entry of another table",
        |case, f| {
            let (position, x) = (first_mapped(case), looked_at(case, first_mapped(case)));
            f.sums.mapped[position] = f.sums.tables[(1 << TABLE_LOG2) + x];
            f.sums.map_multiplicities[x] -= Fr::ONE;
            f.sums.map_multiplicities[(1 << TABLE_LOG2) + x] += Fr::ONE;
        },
        &[Relation::Rows, Relation::MapSums],
    ),
    (
        "the entry of another value",
        |case, f| {
            let (position, x) = (first_mapped(case), looked_at(case, first_mapped(case)));
            f.sums.mapped[position] = f.sums.tables[x ^ 1];
            f.sums.map_multiplicities[x] -= Fr::ONE;
            f.sums.map_multiplicities[x ^ 1] += Fr::ONE;
        },
        &[Relation::Rows, Relation::MapSums],
    ),
    (
        "a padded place that is not zero",
        |case, f| {
            // three channels are padded to four; padded outputs read them
            f.sums.mapped[case.position(TensorId(2), 0, 13)] += Fr::ONE;
        },
        &[Relation::Rows, Relation::MapSums],
    ),
    ("a multiplicity one too high", |_, f| f.sums.map_multiplicities[7] += Fr::ONE, &[Relation::MapSums]),
    (
        "a negative multiplicity beyond the first table",
        |_, f| f.sums.map_multiplicities[(1 << TABLE_LOG2) + 9] = -Fr::ONE,
        &[Relation::MapSums],
    ),
    (
        "one multiplicity moved",
        |case, f| {
            let x = looked_at(case, first_mapped(case));
            f.sums.map_multiplicities[x] -= Fr::ONE;
            f.sums.map_multiplicities[x ^ 1] += Fr::ONE;
        },
        &[Relation::MapSums],
    ),
    (
        "a product's output one too high",
        |case, f| {
            // the place of an output that does not saturate: padding, whose value is 0
            add_to_bytes(case, &mut f.sums.cells, (0, 2), case.position(TensorId(3), 0, 3), 1);
            f.sums.multiplicities = count(&f.sums.cells);
        },
        &[Relation::Rows, Relation::MapSums],
    ),
    (
        "a convolution's output one too high",
        |case, f| {
            add_to_bytes(case, &mut f.sums.cells, (0, 2), case.position(TensorId(1), 0, 13), 1);
            f.sums.multiplicities = count(&f.sums.cells);
        },
        &[Relation::Rows, Relation::MapSums],
    ),
    (
        "a map helper that is not the inverse",
        |case, f| {
            let keys = known_keys(case, f);
            let [mut helper, table] = f.map_helpers(keys.0, &keys.1);
            helper[3] += Fr::ONE;
            helper[4] -= Fr::ONE;
            f.map_helpers = Some([helper, table]);
        },
        &[Relation::MapHelper],
    ),
    (
        "a map table helper that is not multiplicity over denominator",
        |case, f| {
            let keys = known_keys(case, f);
            let [helper, mut table] = f.map_helpers(keys.0, &keys.1);
            table[3] += Fr::ONE;
            table[4] -= Fr::ONE;
            f.map_helpers = Some([helper, table]);
        },
        &[Relation::MapTableHelper],
    ),
];

/// Beta and the keys of a play: the rows before them are those of the lie.
fn known_keys(case: &Case, forgery: &Forgery<'_>) -> (Fr, [Vec<Fr>; 2]) {
    use crate::defect::Name;
    let play = forgery.play();
    let drawn = |name: Name| play.challenges[name.index(&case.layout)];
    let challenges = candor_circuits::relation::map::Challenges::new(drawn(Name::Beta), drawn(Name::Gamma));
    (challenges.beta, forgery.keys(&challenges))
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
    opened("another number of an entry", &|objects| objects.map_multiplicities[5] += Fr::ONE);

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
