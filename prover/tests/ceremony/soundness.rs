//! Dishonest ceremonies, damaged files, and everything that is not allowed.

use crate::world::{
    beacon, begun, circuit, container, contributed, finished, g1, matrices, phase_one, powers_of_tau, secrets,
};
use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Field;
use candor_circuits::point::{PointError, encode_g1, encode_g2};
use candor_circuits::seal::key::{G2Bytes, KeyError, KeyPoint};
use candor_program::card::PointBytes;
use candor_program::encoding::{DecodeError, fr_from_bytes_mod};
use candor_prover::ceremony::{
    Beacon, Ceremony, CeremonyError, Circuit, Element, MAX_BEACON_BYTES, MAX_CONTRIBUTIONS,
    MAX_ITERATIONS_LOG2, MAX_NAME_BYTES, PhaseOne, Query,
};

fn refused(ceremony: &Ceremony) -> CeremonyError {
    ceremony.verify(&circuit(), phase_one()).err().unwrap()
}

#[test]
fn keys_without_a_secret_are_refused() {
    assert_eq!(refused(&begun()), CeremonyError::NoContribution);
    assert_eq!(begun().close("beacon", beacon()), Err(CeremonyError::NoContribution));
    // a beacon put first by hand: its factor is public
    let mut ceremony = finished();
    let last = ceremony.contributions.pop().unwrap();
    ceremony.contributions = vec![last];
    assert_eq!(refused(&ceremony), CeremonyError::NoContribution);
}

#[test]
fn factors_that_undo_each_other_are_caught_by_the_lint() {
    let mut ceremony = begun();
    let secret = fr_from_bytes_mod(&[1; 32]);
    ceremony.contribute("one", &[1; 32]).unwrap();
    let inverse: [u8; 32] = candor_program::encoding::FrBytes::from(secret.inverse().unwrap()).0;
    ceremony.contribute("its inverse", &inverse).unwrap();
    let error = KeyError::Generator { point: KeyPoint::Delta };
    assert_eq!(refused(&ceremony), CeremonyError::Lint(error));
}

#[test]
fn contributions_out_of_order_replaced_left_out_or_repeated_are_refused() {
    let honest = contributed();
    let mut swapped = honest.clone();
    swapped.contributions.swap(0, 1);
    assert_eq!(refused(&swapped), CeremonyError::ProofOfKnowledge { number: 1 });

    let mut other = begun();
    other.contribute("first", &[8; 32]).unwrap();
    let mut replaced = honest.clone();
    replaced.contributions[0] = other.contributions[0].clone();
    assert_eq!(refused(&replaced), CeremonyError::ProofOfKnowledge { number: 2 });

    let mut last = begun();
    last.contribute("first", &[1; 32]).unwrap();
    last.contribute("second", &[8; 32]).unwrap();
    let mut replaced = honest.clone();
    replaced.contributions[1] = last.contributions[1].clone();
    assert_eq!(refused(&replaced), CeremonyError::Element { element: Element::DeltaInG1 });

    let mut left_out = honest.clone();
    left_out.contributions.remove(0);
    assert_eq!(refused(&left_out), CeremonyError::ProofOfKnowledge { number: 1 });
    let mut left_out = honest.clone();
    left_out.contributions.pop();
    assert_eq!(refused(&left_out), CeremonyError::Element { element: Element::DeltaInG1 });

    let mut repeated = honest.clone();
    repeated.contributions.push(honest.contributions[1].clone());
    assert_eq!(refused(&repeated), CeremonyError::ProofOfKnowledge { number: 3 });
}

#[test]
fn a_contributor_who_wipes_out_the_others_is_refused() {
    // keys with a delta known to the last contributor, and a proof for that delta as if it were a factor
    let mut ceremony = begun();
    ceremony.contribute("honest", &[1; 32]).unwrap();
    let mut alone = begun();
    alone.subject = ceremony.subject.clone();
    let delta = Fr::from(99u64);
    let transcript = ceremony.transcript();
    let mut forged = ceremony.contributions[0].clone();
    forged.name = "forger".to_owned();
    (forged.step_g1, forged.delta_g1) = (encode_g1(&g1(delta)), encode_g1(&g1(delta)));
    forged.proof_g2 = G2Bytes(encode_g2(&(forged.challenge(&transcript) * delta).into_affine()));
    ceremony.contributions.push(forged);
    assert_eq!(refused(&ceremony), CeremonyError::Step { number: 2 });
}

#[test]
fn forged_proofs_of_knowledge_are_refused() {
    let honest = contributed();
    let before = {
        let mut one = begun();
        one.contribute("first", &[1; 32]).unwrap();
        one.transcript()
    };
    // the right shape, a factor of one's own choosing
    let mut forged = honest.clone();
    forged.contributions[1].proof_g2 = G2Bytes(encode_g2(&G2Affine::generator()));
    assert_eq!(refused(&forged), CeremonyError::ProofOfKnowledge { number: 2 });
    // the proof of another factor
    let mut forged = honest.clone();
    let challenge = forged.contributions[1].challenge(&before);
    forged.contributions[1].proof_g2 = G2Bytes(encode_g2(&(challenge * Fr::from(3u64)).into_affine()));
    assert_eq!(refused(&forged), CeremonyError::ProofOfKnowledge { number: 2 });
    // another name under the same proof
    let mut forged = honest.clone();
    forged.contributions[1].name = "somebody else".to_owned();
    assert_eq!(refused(&forged), CeremonyError::ProofOfKnowledge { number: 2 });
    // a step that is not the proven one
    let mut forged = honest.clone();
    forged.contributions[1].step_g1 = encode_g1(&g1(Fr::from(3u64)));
    assert_eq!(refused(&forged), CeremonyError::ProofOfKnowledge { number: 2 });
}

#[test]
fn the_challenge_depends_on_all_that_is_said_before_the_proof() {
    let honest = contributed().contributions[1].clone();
    let transcript = [5; 32];
    let challenge = honest.challenge(&transcript);
    assert!(
        challenge.is_on_curve()
            && challenge.is_in_correct_subgroup_assuming_on_curve()
            && !challenge.is_zero()
    );
    let mut others = vec![honest.clone(); 4];
    others[0].name.push('x');
    others[1].beacon = Some(beacon());
    others[2].step_g1 = encode_g1(&g1(Fr::from(3u64)));
    others[3].delta_g1 = encode_g1(&g1(Fr::from(3u64)));
    assert!(others.iter().all(|other| other.challenge(&transcript) != challenge));
    assert_ne!(honest.challenge(&[6; 32]), challenge);
    let mut other = honest.clone();
    other.proof_g2 = G2Bytes([1; 128]);
    assert_eq!(other.challenge(&transcript), challenge);
    assert_ne!(other.transcript_after(&transcript), honest.transcript_after(&transcript));
}

#[test]
fn points_of_contributions_are_decoded_strictly() {
    type Change = fn(&mut candor_prover::ceremony::Contribution);
    let cases: [(Change, PointError); 6] = [
        (|c| c.step_g1 = PointBytes([0; 64]), PointError::Identity),
        (|c| c.delta_g1 = PointBytes([0; 64]), PointError::Identity),
        (|c| c.proof_g2 = G2Bytes([0; 128]), PointError::Identity),
        (|c| c.step_g1 = PointBytes([1; 64]), PointError::NotOnCurve),
        (|c| c.delta_g1 = PointBytes([0xff; 64]), PointError::NotCanonical),
        (|c| c.proof_g2 = G2Bytes([1; 128]), PointError::NotOnCurve),
    ];
    for (change, error) in cases {
        let mut ceremony = contributed();
        change(&mut ceremony.contributions[1]);
        assert_eq!(refused(&ceremony), CeremonyError::ContributionPoint { number: 2, error });
    }
}

#[test]
fn beacons_that_do_not_fit_are_refused() {
    for other in [
        Beacon { value: vec![0xac; 32], iterations_log2: 5 },
        Beacon { value: vec![0xab; 32], iterations_log2: 4 },
    ] {
        let mut ceremony = finished();
        ceremony.contributions[2].beacon = Some(other);
        assert_eq!(refused(&ceremony), CeremonyError::Beacon { number: 3 });
    }
    // a secret contribution that is passed off as a beacon's
    let mut ceremony = contributed();
    ceremony.contributions[1].beacon = Some(beacon());
    assert_eq!(refused(&ceremony), CeremonyError::Beacon { number: 2 });
    // a beacon's contribution that is passed off as a secret one
    let mut ceremony = finished();
    ceremony.contributions[2].beacon = None;
    assert_eq!(refused(&ceremony), CeremonyError::ProofOfKnowledge { number: 3 });
    // anything after it
    let closed = CeremonyError::AfterBeacon { number: 4 };
    assert_eq!(finished().contribute("late", &[4; 32]), Err(closed.clone()));
    assert_eq!(finished().close("late", beacon()), Err(closed.clone()));
    let mut ceremony = finished();
    ceremony.contributions.push(contributed().contributions[0].clone());
    assert_eq!(refused(&ceremony), closed);
}

#[test]
fn limits_hold_at_their_edge() {
    let named = |bytes: usize| begun().contribute(&"n".repeat(bytes), &[1; 32]).map(|_| ());
    let error = CeremonyError::Name { number: 1, limit: MAX_NAME_BYTES };
    assert_eq!(named(MAX_NAME_BYTES), Ok(()));
    assert_eq!(named(MAX_NAME_BYTES + 1), Err(error.clone()));
    assert_eq!(begun().contribute("two\nlines", &[1; 32]), Err(error.clone()));
    assert_eq!(begun().contribute("zero", &[0; 32]), Err(CeremonyError::ZeroSecret));

    let close = |value: usize, iterations_log2: u8| {
        contributed().close("beacon", Beacon { value: vec![1; value], iterations_log2 }).map(|_| ())
    };
    let (limit, got) = (MAX_BEACON_BYTES, MAX_BEACON_BYTES + 1);
    assert_eq!(close(MAX_BEACON_BYTES, 0), Ok(()));
    assert_eq!(close(got, 0), Err(CeremonyError::BeaconValue { limit, got }));
    assert_eq!(close(0, 0), Err(CeremonyError::BeaconValue { limit, got: 0 }));
    let (limit, got) = (MAX_ITERATIONS_LOG2, MAX_ITERATIONS_LOG2 + 1);
    assert_eq!(close(1, got), Err(CeremonyError::BeaconIterations { limit, got }));
    assert_eq!(close(1, u8::MAX), Err(CeremonyError::BeaconIterations { limit, got: u8::MAX }));
    // the same in a file
    let mut ceremony = finished();
    ceremony.contributions[2].beacon = Some(Beacon { value: vec![1], iterations_log2: got });
    assert_eq!(refused(&ceremony), CeremonyError::BeaconIterations { limit, got });
    let mut ceremony = contributed();
    ceremony.contributions[0].name = "n".repeat(MAX_NAME_BYTES + 1);
    assert_eq!(refused(&ceremony), error);
    assert_eq!(Ceremony::from_bytes(&ceremony.to_bytes()), Err(error));

    let mut full = contributed();
    full.contributions = vec![full.contributions[0].clone(); MAX_CONTRIBUTIONS];
    let (limit, got) = (MAX_CONTRIBUTIONS, MAX_CONTRIBUTIONS + 1);
    let many = CeremonyError::Contributions { limit, got };
    assert_eq!(full.contribute("one more", &[1; 32]), Err(many.clone()));
    assert_eq!(Ceremony::from_bytes(&full.to_bytes()).unwrap().contributions.len(), limit);
    full.contributions.push(full.contributions[0].clone());
    assert_eq!(Ceremony::from_bytes(&full.to_bytes()), Err(many));
}

#[test]
fn every_point_of_the_keys_is_checked() {
    let honest = finished();
    let other = g1(Fr::from(123u64));
    type Change = fn(&mut candor_prover::ceremony::Parameters, G1Affine);
    let elements: [(Change, Element); 5] = [
        (|p, other| p.alpha_g1 = other, Element::Alpha),
        (|p, other| p.beta_g1 = other, Element::BetaInG1),
        (|p, _| p.beta_g2 = G2Affine::generator(), Element::BetaInG2),
        (|p, other| p.delta_g1 = other, Element::DeltaInG1),
        (|p, _| p.delta_g2 = G2Affine::generator(), Element::DeltaInG2),
    ];
    for (change, element) in elements {
        let mut ceremony = honest.clone();
        change(&mut ceremony.parameters, other);
        assert_eq!(refused(&ceremony), CeremonyError::Element { element });
    }
    type List = fn(&mut candor_prover::ceremony::Parameters) -> &mut Vec<G1Affine>;
    let lists: [(List, Query); 5] = [
        (|p| &mut p.inputs, Query::Inputs),
        (|p| &mut p.a, Query::A),
        (|p| &mut p.b_g1, Query::BInG1),
        (|p| &mut p.l, Query::L),
        (|p| &mut p.h, Query::H),
    ];
    for (list, query) in lists {
        let count = list(&mut honest.clone().parameters).len();
        for index in 0..count {
            let mut ceremony = honest.clone();
            list(&mut ceremony.parameters)[index] = other;
            assert_eq!(refused(&ceremony), CeremonyError::Query { query }, "{query:?} {index}");
        }
        let mut ceremony = honest.clone();
        list(&mut ceremony.parameters).pop();
        let error = CeremonyError::Length { query, expected: count, got: count - 1 };
        assert_eq!(refused(&ceremony), error);
    }
    let count = honest.parameters.b_g2.len();
    for index in [0, 1, count - 1] {
        let mut ceremony = honest.clone();
        ceremony.parameters.b_g2[index] = (G2Affine::generator() * Fr::from(123u64)).into_affine();
        assert_eq!(refused(&ceremony), CeremonyError::Query { query: Query::BInG2 });
    }
    let mut ceremony = honest.clone();
    ceremony.parameters.b_g2.push(G2Affine::generator());
    let error = CeremonyError::Length { query: Query::BInG2, expected: count, got: count + 1 };
    assert_eq!(refused(&ceremony), error);
}

#[test]
fn changes_that_cancel_each_other_in_a_plain_sum_are_refused() {
    let mut ceremony = finished();
    ceremony.parameters.l.swap(1, 2);
    assert_eq!(refused(&ceremony), CeremonyError::Query { query: Query::L });
    let mut ceremony = finished();
    let shift = g1(Fr::from(9u64));
    let h = &mut ceremony.parameters.h;
    (h[0], h[1]) = ((h[0] + shift).into_affine(), (h[1] - shift).into_affine());
    assert_eq!(refused(&ceremony), CeremonyError::Query { query: Query::H });
}

#[test]
fn a_contribution_that_moves_delta_but_not_what_is_divided_by_it_is_refused() {
    let mut ceremony = contributed();
    let stale = ceremony.parameters.clone();
    ceremony.contribute("lazy", &[3; 32]).unwrap();
    ceremony.parameters.l = stale.l;
    assert_eq!(refused(&ceremony), CeremonyError::Query { query: Query::L });
    let mut ceremony = contributed();
    ceremony.contribute("lazy", &[3; 32]).unwrap();
    ceremony.parameters.h = stale.h;
    assert_eq!(refused(&ceremony), CeremonyError::Query { query: Query::H });
}

#[test]
fn a_ceremony_of_something_else_is_named() {
    let ceremony = finished();
    let of = |circuit: &Circuit| ceremony.verify(circuit, phase_one()).err().unwrap();
    assert_eq!(of(&Circuit::new([8; 32], 0, matrices())), CeremonyError::OtherClass { expected: 0, got: 0 });
    assert_eq!(of(&Circuit::new([7; 32], 1, matrices())), CeremonyError::OtherClass { expected: 1, got: 0 });
    let mut other = matrices();
    other.constraints[3].a[0].1 += Fr::from(1u64);
    assert_eq!(of(&Circuit::new([7; 32], 0, other)), CeremonyError::OtherCircuit);
    let mut secrets = secrets();
    secrets.alpha += Fr::from(1u64);
    let file = powers_of_tau(circuit().domain_log2(), &secrets);
    let phase_one = PhaseOne::read(&file, &circuit()).unwrap();
    let refused = ceremony.verify(&circuit(), &phase_one).err().unwrap();
    let (expected, got) = (ceremony.subject.phase_one, candor_program::encoding::keccak256(&[&file]));
    assert_eq!(refused, CeremonyError::OtherPhaseOne { expected, got });
}

#[test]
fn damaged_files_are_named() {
    let ceremony = contributed();
    let bytes = ceremony.to_bytes();
    let body = (bytes.len() - 1 - candor_program::encoding::HEADER_BYTES) as u64;
    let truncated = DecodeError::Truncated { offset: body };
    assert_eq!(Ceremony::from_bytes(&bytes[..bytes.len() - 1]), Err(truncated.into()));
    let trailing = DecodeError::TrailingBytes { count: 1 };
    assert_eq!(Ceremony::from_bytes(&[&bytes[..], &[0]].concat()), Err(trailing.into()));
    let foreign = container(&[]);
    let refused = Ceremony::from_bytes(&[&foreign[..], &[0; 8]].concat()).unwrap_err();
    assert!(matches!(refused, CeremonyError::Malformed(DecodeError::WrongMagic { .. })));

    // points are found by their bytes
    let place = |point: &[u8]| bytes.windows(point.len()).rposition(|window| window == point).unwrap();
    let parameters = &ceremony.parameters;
    let with = |at: usize, content: &[u8]| {
        let mut changed = bytes.clone();
        changed[at..at + content.len()].copy_from_slice(content);
        Ceremony::from_bytes(&changed).unwrap_err()
    };
    let error = PointError::NotOnCurve;
    for (point, query) in
        [(parameters.inputs[1], Query::Inputs), (parameters.l[1], Query::L), (parameters.h[1], Query::H)]
    {
        let at = place(&encode_g1(&point).0);
        assert_eq!(with(at, &[1; 64]), CeremonyError::Point { query, index: 1, error });
    }
    let index = parameters.b_g2.iter().position(|point| !point.is_zero()).unwrap();
    let at = place(&encode_g2(&parameters.b_g2[index]));
    assert_eq!(with(at, &[1; 128]), CeremonyError::Point { query: Query::BInG2, index, error });
    let at = place(&encode_g1(&parameters.alpha_g1).0);
    let identity = PointError::Identity;
    assert_eq!(with(at, &[0; 64]), CeremonyError::ElementPoint { element: Element::Alpha, error: identity });
    let at = place(&encode_g2(&parameters.delta_g2));
    assert_eq!(
        with(at, &[0; 128]),
        CeremonyError::ElementPoint { element: Element::DeltaInG2, error: identity }
    );
    // outside the subgroup: a point of the twist that no cofactor was taken of
    let outside = (1u64..)
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(ark_bn254::Fq2::from(x), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap();
    let error = PointError::WrongSubgroup;
    assert_eq!(
        with(at, &encode_g2(&outside)),
        CeremonyError::ElementPoint { element: Element::DeltaInG2, error }
    );
}
