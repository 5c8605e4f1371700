//! Many seals and proofs at once: the verdict of each is the one that it has alone (threats.md 22).

use crate::world::{rerandomised, world};
use candor_circuits::compressed::compress_g1;
use candor_circuits::point::G1Affine;
use candor_circuits::proof::ProofFile;
use candor_circuits::seal::key::KeyError;
use candor_program::Fr;
use candor_trace::{Bundle, SealFile};
use candor_verifier::{
    BatchError, Expected, MAX_BATCH, Refusal, SealError, SealReader, Submitted, Verified, VerifyError,
    verify, verify_batch,
};

fn reader() -> SealReader<'static> {
    let world = world();
    SealReader::new(&world.expected, &world.bundle.card, &world.keys.verifying).unwrap()
}

/// All honest seals and proofs.
fn honest() -> (Vec<SealFile>, Vec<(Bundle, ProofFile)>) {
    let world = world();
    let mut seals = vec![world.file.clone()];
    let mut proofs = vec![(world.bundle.clone(), world.proof.clone())];
    for (bundle, proof, file) in &world.others {
        seals.push(file.clone());
        proofs.push((bundle.clone(), proof.clone()));
    }
    (seals, proofs)
}

fn batch(
    reader: &SealReader<'_>,
    expected: &Expected,
    seals: &[SealFile],
    proofs: &[(Bundle, ProofFile)],
) -> Vec<Result<Verified, Refusal>> {
    let seals = seals.iter().map(|file| Submitted::Seal { reader, file });
    let proofs = proofs.iter().map(|(bundle, proof)| Submitted::Proof { expected, bundle, proof });
    let submitted: Vec<Submitted<'_>> = seals.chain(proofs).collect();
    let verdicts = verify_batch(&submitted).unwrap();
    assert_eq!(verdicts.len(), submitted.len());
    // each as it is alone
    for (submitted, together) in submitted.iter().zip(&verdicts) {
        let alone = match *submitted {
            Submitted::Seal { reader, file } => {
                reader.verify(file).map(Verified::Seal).map_err(Refusal::from)
            }
            Submitted::Proof { expected, bundle, proof } => {
                verify(expected, bundle, proof).map(Verified::Proof).map_err(Refusal::from)
            }
        };
        assert_eq!(*together, alone);
    }
    verdicts
}

#[test]
fn honest_seals_and_proofs_are_accepted_together() {
    let (reader, expected, (seals, proofs)) = (reader(), &world().expected, honest());
    for (seals, proofs) in [
        (&seals[..1], &proofs[..0]),
        (&seals[..0], &proofs[..1]),
        (&seals[..], &proofs[..0]),
        (&seals[..0], &proofs[..]),
        (&seals[..], &proofs[..]),
    ] {
        assert!(batch(&reader, expected, seals, proofs).iter().all(Result::is_ok));
    }
}

#[test]
fn nothing_and_too_much_are_refused() {
    let (reader, world) = (reader(), world());
    assert_eq!(verify_batch(&[]), Err(BatchError::Empty));
    // refused before anything is looked at, and so are as many as fit: the broken one costs next to nothing each
    let mut broken = world.file.clone();
    broken.key_id[0] ^= 1;
    let many = |count: usize| vec![Submitted::Seal { reader: &reader, file: &broken }; count];
    let fits = verify_batch(&many(MAX_BATCH)).unwrap();
    assert!(fits.len() == MAX_BATCH && fits.iter().all(Result::is_err));
    let got = MAX_BATCH + 1;
    assert_eq!(verify_batch(&many(got)), Err(BatchError::TooMany { limit: MAX_BATCH, got }));
}

#[test]
fn duplicates_and_rerandomised_copies_are_each_accepted() {
    let (reader, world) = (reader(), world());
    let seals =
        [world.file.clone(), world.file.clone(), rerandomised(&world.file, 5), rerandomised(&world.file, 6)];
    let verdicts = batch(&reader, &world.expected, &seals, &[]);
    let Ok(Verified::Seal(first)) = &verdicts[0] else { panic!("{:?}", verdicts[0]) };
    for verdict in &verdicts {
        assert_eq!(*verdict, Ok(Verified::Seal(first.clone())));
    }
}

/// Wherever the bad one is, it is named, and spoils no other.
#[test]
fn a_bad_one_is_named() {
    let (reader, expected, (seals, proofs)) = (reader(), &world().expected, honest());
    let equation = Err(Refusal::Seal(SealError::Key(KeyError::Equation)));
    for bad in 0..seals.len() {
        let mut seals = seals.clone();
        seals[bad].payout[0] ^= 1;
        let verdicts = batch(&reader, expected, &seals, &proofs);
        for (index, verdict) in verdicts.iter().enumerate() {
            if index == bad {
                assert_eq!(*verdict, equation);
            } else {
                assert!(verdict.is_ok(), "{index}: {verdict:?}");
            }
        }
    }
    for bad in 0..proofs.len() {
        let mut proofs = proofs.clone();
        // the opening point, which only the pairing looks at
        let argument = &mut proofs[bad].1.segments[0].argument;
        let end = argument.len();
        let generator = candor_circuits::point::encode_g1(&<G1Affine as ark_ec::AffineRepr>::generator());
        argument[end - 64..].copy_from_slice(&generator.0);
        let verdicts = batch(&reader, expected, &seals, &proofs);
        for (index, verdict) in verdicts.iter().enumerate() {
            match verdict {
                Ok(_) => assert_ne!(index, seals.len() + bad),
                Err(Refusal::Proof(VerifyError::Argument { .. })) => assert_eq!(index, seals.len() + bad),
                Err(other) => panic!("{index}: {other}"),
            }
        }
    }
}

/// Two seals whose errors cancel in an unweighted sum: A is one's with D added, the other's with D subtracted, on the same B.
#[test]
fn errors_of_two_seals_do_not_cancel() {
    use ark_ec::{AffineRepr, CurveGroup};
    let (reader, world) = (reader(), world());
    let shifted = |by: Fr| {
        let mut file = world.file.clone();
        let a = candor_circuits::compressed::decompress_g1(&file.proof.a.0).unwrap();
        file.proof.a.0 = compress_g1(&(a + G1Affine::generator() * by).into_affine());
        file
    };
    let seals = [shifted(Fr::from(3u64)), shifted(-Fr::from(3u64))];
    let verdicts = batch(&reader, &world.expected, &seals, &[]);
    assert!(verdicts.iter().all(Result::is_err), "{verdicts:?}");
    let (good, bad) = (world.file.clone(), seals[0].clone());
    let verdicts = batch(&reader, &world.expected, &[bad.clone(), good, bad], &[]);
    assert_eq!(verdicts.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true, false]);
}

/// What is malformed never reaches the pairings; the others do.
#[test]
fn malformed_ones_do_not_stop_the_others() {
    let (reader, expected, (mut seals, mut proofs)) = (reader(), &world().expected, honest());
    seals[0].proof.points[0].0 = [0xff; 32];
    seals[1].headers.clear();
    proofs[1].1.segments[0].argument.pop();
    let verdicts = batch(&reader, expected, &seals, &proofs);
    assert_eq!(
        verdicts.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [false, false, true, true, false, true]
    );
}
