//! docs/spec/seal.md, "One reading": where values share an element, carrying from one to the next keeps every digest, and no such
//! assignment is satisfying.

use crate::agent::Agent;
use ark_ff::{Field, One};
use candor_circuits::seal::circuit::{Synthesis, synthesize_in};
use candor_circuits::seal::key::INPUTS;
use candor_circuits::seal::system::{Constraint, Index, System};
use candor_program::Fr;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Values beside each other in an element that is hashed: the element's constraint, the two, and how many of the first one of the
/// second is worth.
struct Neighbours {
    constraint: usize,
    low: Index,
    high: Index,
    worth: Fr,
}

/// The parts that hold a value to its width.
const OWNERS: [&str; 10] = [
    "program",
    "path",
    "features",
    "outputs",
    "evidence",
    "record",
    "windows",
    "facts",
    "state",
    "predicates",
];

/// The prover's own values that a hash squares together: what absorbs an element is the first round's square.
fn neighbours(constraints: &[Constraint], hints: &BTreeSet<Index>) -> Vec<Neighbours> {
    let mut found = BTreeMap::new();
    for (constraint, square) in constraints.iter().enumerate().filter(|(_, c)| c.a == c.b && c.a != c.c) {
        let mut row: Vec<_> =
            square.a.iter().filter(|(i, _)| *i > INPUTS as Index && !hints.contains(i)).collect();
        // 2^0 first: among powers of two below the modulus the order of coefficients is the order of integers
        row.sort_by_key(|(_, factor)| *factor);
        for pair in row.windows(2) {
            let [(low, light), (high, heavy)] = *pair else { unreachable!("windows of two") };
            let worth = *heavy * light.inverse().unwrap();
            found.entry((*low, *high)).or_insert(Neighbours { constraint, low: *low, high: *high, worth });
        }
    }
    found.into_values().collect()
}

#[test]
fn no_carry_between_packed_values_is_satisfying() {
    let agent = Agent::small();
    let records = agent.records(2);
    let bundle = agent.bundle(&records, 0, 1);
    let (shape, path) = agent.path(&bundle);
    let run = |forced: BTreeMap<Index, Fr>, record: bool| -> Synthesis {
        synthesize_in(System::forging(record, INPUTS, forced), &shape, &path.witness, None)
    };
    let honest = run(BTreeMap::new(), true);
    assert_eq!(honest.system.unsatisfied(), None);
    let constraints = honest.system.matrices().constraints;
    let values = honest.system.assignment();
    let pairs = neighbours(&constraints, &honest.system.hints().into_iter().collect());
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for pair in &pairs {
        *owners.entry(constraints[pair.constraint].owner).or_default() += 1;
    }
    println!("{} pairs by the hash that takes them: {owners:?}", pairs.len());
    // spans, differences and fields; registers; sequence and time; features and outputs
    assert!(["program", "path", "record", "argument"].iter().all(|owner| owners.contains_key(owner)));

    let cases: Vec<_> = pairs.iter().flat_map(|pair| [(pair, Fr::one()), (pair, -Fr::one())]).collect();
    let accepted = cases.par_iter().filter(|(pair, sign)| {
        let of = |index: Index| values[index as usize];
        let forced = [(pair.low, of(pair.low) + pair.worth * sign), (pair.high, of(pair.high) - sign)].into();
        let forged = run(forced, false);
        let assignment = forged.system.assignment();
        let element = |values: &[Fr]| -> Fr {
            let row = &constraints[pair.constraint].a;
            row.iter().map(|(index, factor)| values[*index as usize] * factor).sum()
        };
        // the second reading of one element
        assert_eq!(element(&assignment), element(&values));
        assert_eq!(forged.boundary.0[2], honest.boundary.0[2]);
        let caught = |number: &usize| OWNERS.contains(&constraints[*number].owner);
        !forged.system.violated().iter().any(caught)
    });
    let accepted: Vec<_> = accepted.map(|(pair, sign)| (pair.low, pair.high, sign.to_string())).collect();
    assert!(accepted.is_empty(), "{accepted:?}");
}
