//! Lies about views, products and lookups: a program with every kind of term, and the relation or check that stops each lie.

use crate::case::{Case, reference};
use crate::checks::only_without;
use crate::defect::{Defects, verify_with};
use crate::forger::Forgery;
use crate::lie::{add_to_bytes, count};
use crate::relations::Relation;
use crate::witness::violated;
use ark_ff::{AdditiveGroup, Field};
use candor_benches::synthetic::{Random, Shape, features, perceptron};
use candor_circuits::channel::Check;
use candor_circuits::layout::{Left, TABLE_LOG2};
use candor_program::card::OperatorWeights;
use candor_program::class::{Group, Input, Operand, OperatorClass, Stride, TensorId, TermClass};
use candor_program::operator::{Affine, Lookup, Operator, Rescale, Term};
use candor_program::{Fr, Program};
use std::sync::OnceLock;

fn axis(label: u8) -> Group {
    Group::Axis { label }
}

fn window(extents: &[u32], offset: i32, labels: &[(u8, u32, i32)]) -> Group {
    let labels = labels.iter().map(|(label, extent, stride)| Stride { label: *label, extent: *extent, stride: *stride });
    Group::Window { extents: extents.to_vec(), offset, step: 1, labels: labels.collect() }
}

fn operand(source: u16, groups: Vec<Group>) -> Operand {
    Operand { source: TensorId(source), groups }
}

fn log2(extent: u32) -> u8 {
    extent.next_power_of_two().trailing_zeros() as u8
}

fn add(program: &mut Program, axes: &[u32], low: i32, terms: Vec<(TermClass, Vec<u32>, i32)>, random: &mut Random) {
    let (mut shapes, mut data, mut dense) = (Vec::new(), Vec::new(), Vec::new());
    for (shape, summed, coefficient) in terms {
        if let Some(extents) = shape.weight_extents(axes, &summed) {
            dense.push((0..extents.iter().product()).map(|_| random.signed(1 << 14) as i32).collect());
        }
        shapes.push(shape);
        data.push(Term { coefficient, summed });
    }
    let bias = (0..axes.iter().product()).map(|_| random.signed(1 << 20)).collect();
    let class = OperatorClass::Affine { axes: axes.iter().map(|extent| log2(*extent)).collect(), terms: shapes };
    program.card.class.operators.push(class);
    let rescale = Rescale { multiplier: 1, low };
    program.card.operators.push(Operator::Affine(Affine { axes: axes.to_vec(), terms: data, rescale }));
    program.weights.operators.push(OperatorWeights { dense, bias });
}

fn look_up(program: &mut Program, source: u16, table: u8, low: i32) {
    program.card.class.operators.push(OperatorClass::Lookup { source: TensorId(source), table });
    program.card.operators.push(Operator::Lookup(Lookup { low }));
    program.weights.operators.push(OperatorWeights { dense: vec![], bias: vec![] });
}

/// A convolution with padding and stride, two tables, a product over a flattened tensor, a broadcast sum, a depthwise term.
fn program() -> Program {
    let shape = Shape { widths: &[12, 3], row_log2: 9, residual: false, gain: 1 };
    let (mut program, mut random) = (perceptron(&shape, reference().card(), 5), Random(21));
    program.card.class.input = Input::Tensor { extents: vec![2, 2, 3] };
    program.card.class.operators.clear();
    program.card.operators.clear();
    program.weights.operators.clear();
    let image = vec![axis(3), window(&[2], -1, &[(1, 2, 1), (4, 2, 1)]), window(&[3], 0, &[(2, 2, 2), (5, 2, 1)])];
    let convolution = TermClass::Weighted { weights: vec![0], operand: operand(0, image), contracted: vec![1, 1, 1] };
    add(&mut program, &[3, 2, 2], -32_768, vec![(convolution, vec![2, 2, 2], 1)], &mut random);
    look_up(&mut program, 1, 0, -32_768);
    let flat = |first: u8, label: u8| vec![axis(first), window(&[2, 2], 0, &[(label, 4, 1)])];
    let product = TermClass::Product {
        left: operand(2, flat(0, 2)),
        right: operand(1, flat(1, 2)),
        contracted: vec![2],
    };
    let mut broadcast = flat(0, 2);
    broadcast.push(window(&[], 0, &[(1, 3, 0)]));
    let sum = TermClass::Linear { operand: operand(2, broadcast), summed: vec![2] };
    add(&mut program, &[3, 3], 0, vec![(product, vec![4], 1), (sum, vec![4], 3 << 12)], &mut random);
    look_up(&mut program, 3, 1, 0);
    let all = TermClass::Weighted {
        weights: vec![0],
        operand: operand(4, vec![window(&[3, 3], 0, &[(1, 9, 1)])]),
        contracted: vec![4],
    };
    let depthwise =
        TermClass::Weighted { weights: vec![0], operand: operand(4, vec![axis(0), axis(1)]), contracted: vec![2] };
    let square = TermClass::Product {
        left: operand(4, vec![axis(0), axis(1)]),
        right: operand(3, vec![axis(0), axis(1)]),
        contracted: vec![2],
    };
    let terms = vec![(all, vec![9], 1), (depthwise, vec![3], 1), (square, vec![3], 1)];
    add(&mut program, &[3], -32_768, terms, &mut random);
    let mut table = |zero_at: usize, zero: u16| {
        let mut table: Vec<u16> = (0..1usize << TABLE_LOG2).map(|_| random.next_u64() as u16).collect();
        table[zero_at] = zero;
        table
    };
    program.weights.tables = vec![table(32_768, 32_768), table(0, 0)];
    program.card.class.tables = 2;
    program
}

fn case() -> &'static Case {
    static CASE: OnceLock<Case> = OnceLock::new();
    CASE.get_or_init(|| {
        let program = program();
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
    (
        "a multiplicity one too high",
        |_, f| f.sums.map_multiplicities[7] += Fr::ONE,
        &[Relation::MapSums],
    ),
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
    let ignoring = |checks: &[Check]| verify_with(case, &forgery.public, &Defects::ignoring(checks), &proof).result;
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
