//! The seal of a class with several axes, views, products and lookups.

use crate::agent::Agent;
use crate::golden::matrices;
use candor_circuits::argument::Outstanding;
use candor_circuits::channel::Check;
use candor_circuits::model::decode_rows;
use candor_circuits::native::{ArgumentError, check_opening};
use candor_circuits::seal::circuit::{HEAD, synthesize};
use candor_circuits::seal::exposed::{count, expose, point_counts, read};
use candor_circuits::setup::VerifierSetup;
use candor_program::Fr;

#[test]
fn honest_paths_satisfy_the_circuit() {
    let agent = Agent::general();
    let records = agent.records(2);
    for last in [0, 1] {
        let bundle = agent.bundle(&records, 0, last);
        let (shape, path) = agent.path(&bundle);
        let synthesis = synthesize(&shape, &path.witness, true);
        assert_eq!(synthesis.system.unsatisfied(), None);
        assert_eq!(synthesis.system.matrices().first_unsatisfied(&synthesis.system.assignment()), None);
        let blank = matrices(&agent.program.card, shape.layout.batch_log2 as u8);
        assert!(synthesis.system.matrices().constraints == blank.constraints, "the shape is the class's");
        assert_eq!(synthesis.boundary.0[5], bundle.records.last().unwrap().header.acc.to_fr());

        // what the circuit exposes is what the native verifier has left to check, and suffices for it
        let hashes = point_counts(&shape.layout).len();
        assert_eq!(hashes, 12);
        let tail = &synthesis.boundary.0[HEAD + hashes..];
        assert_eq!(tail, expose(&path.argument.outstanding));
        assert_eq!(tail.len(), count(&shape.layout));
        let outstanding = read(&shape.layout, tail).unwrap();
        let rows = decode_rows(&agent.program.card).unwrap();
        let setup = VerifierSetup::of(&agent.program.card.setup).unwrap();
        let check = |outstanding: &Outstanding<Fr>| {
            check_opening(&shape.layout, outstanding, &path.argument.points, &rows, &setup)
        };
        assert_eq!(check(&outstanding), Ok(()));
        for place in (0..tail.len()).step_by(7) {
            let mut changed = tail.to_vec();
            changed[place] += Fr::from(1u64);
            let outstanding = read(&shape.layout, &changed).unwrap();
            let rejected = Err(ArgumentError::Rejected(Check::Pairing));
            // a coordinate of rows with the weight zero says nothing
            assert!(
                check(&outstanding) == rejected || tail[place] == Fr::from(0u64),
                "exposed value {place}"
            );
        }
        assert!(read(&shape.layout, &tail[1..]).is_none());
    }
}

/// Every scalar of the argument is held by the circuit: another value has no witness, or another boundary.
#[test]
fn changed_scalars() {
    let agent = Agent::general();
    let records = agent.records(1);
    let bundle = agent.bundle(&records, 0, 0);
    let (shape, path) = agent.path(&bundle);
    let honest = synthesize(&shape, &path.witness, false);
    for scalar in 0..path.witness.messages.scalars.len() {
        let mut witness = path.witness.clone();
        witness.messages.scalars[scalar] += Fr::from(1u64);
        let changed = synthesize(&shape, &witness, false);
        let refused = changed.system.unsatisfied() == Some("argument");
        assert!(refused || changed.digest != honest.digest, "scalar {scalar}");
    }
    for hash in 0..path.witness.messages.hashes.len() {
        let mut witness = path.witness.clone();
        witness.messages.hashes[hash] += Fr::from(1u64);
        assert_ne!(synthesize(&shape, &witness, false).digest, honest.digest, "hash {hash}");
    }
}
