//! Many pairing equations at once: exactly what holds one by one (threats.md 22).

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use candor_circuits::pairing::{BatchPairingError, PairingEquation, PairingTerm, check_all};

fn g1(scalar: u64) -> G1Affine {
    (G1Affine::generator() * Fr::from(scalar)).into_affine()
}

fn g2(scalar: u64) -> G2Affine {
    (G2Affine::generator() * Fr::from(scalar)).into_affine()
}

/// e(a G, b H) e(-c G, H) = 1: holds if c = ab.
fn product(a: u64, b: u64, c: u64) -> PairingEquation {
    let minus = -Fr::from(1u64);
    PairingEquation::new(vec![
        PairingTerm { sum: vec![(g1(a), Fr::from(1u64))], with: g2(b) },
        PairingTerm { sum: vec![(g1(c), minus)], with: g2(1) },
    ])
}

#[test]
fn together_as_one_by_one() {
    for bad in 0..16u32 {
        let equations: Vec<PairingEquation> =
            (0..4).map(|i| product(3 + i, 5, 5 * (3 + i) + u64::from(bad >> i & 1))).collect();
        let single: Vec<bool> = equations.iter().map(PairingEquation::holds).collect();
        assert_eq!(single, (0..4).map(|i| bad >> i & 1 == 0).collect::<Vec<_>>());
        let expected = if bad == 0 { Ok(()) } else { Err(BatchPairingError::Rejected) };
        assert_eq!(check_all(&equations.iter().collect::<Vec<_>>()), expected, "{bad:b}");
    }
}

/// Two lies that cancel in a plain sum, and one lie told twice with both signs.
#[test]
fn errors_do_not_cancel() {
    let (more, less) = (product(3, 5, 16), product(3, 5, 14));
    let sum = PairingEquation::new(vec![
        PairingTerm { sum: vec![(g1(3), Fr::from(2u64))], with: g2(5) },
        PairingTerm { sum: vec![(g1(16), -Fr::from(1u64)), (g1(14), -Fr::from(1u64))], with: g2(1) },
    ]);
    assert!(sum.holds(), "the defect put back in: without weights the two errors cancel");
    assert_eq!(check_all(&[&more, &less]), Err(BatchPairingError::Rejected));
    assert_eq!(check_all(&[&less, &more]), Err(BatchPairingError::Rejected));
    assert_eq!(check_all(&[&more, &less, &less, &more]), Err(BatchPairingError::Rejected));
}

#[test]
fn duplicates_count_as_often_as_they_are_there() {
    let (good, bad) = (product(3, 5, 15), product(3, 5, 16));
    assert_eq!(check_all(&[&good, &good, &good]), Ok(()));
    assert_eq!(check_all(&[&bad, &bad]), Err(BatchPairingError::Rejected));
    assert_eq!(check_all(&[&good, &bad, &good]), Err(BatchPairingError::Rejected));
    // as many copies as the group's order would need cannot be made; the inverse of an equation can
    let inverse = PairingEquation::new(vec![
        PairingTerm { sum: vec![(g1(3), -Fr::from(1u64))], with: g2(5) },
        PairingTerm { sum: vec![(g1(16), Fr::from(1u64))], with: g2(1) },
    ]);
    assert_eq!(check_all(&[&bad, &inverse]), Err(BatchPairingError::Rejected));
}

/// Nothing to check proves nothing (the defect of ark-poly-commit's `batch_check`).
#[test]
fn nothing_is_refused() {
    assert_eq!(check_all(&[]), Err(BatchPairingError::NoEquation));
    let good = product(3, 5, 15);
    let empty = PairingEquation::new(Vec::new());
    assert!(!empty.holds());
    assert_eq!(check_all(&[&good, &empty]), Err(BatchPairingError::EmptyEquation { index: 1 }));
    let hollow = PairingEquation::new(vec![PairingTerm { sum: Vec::new(), with: g2(1) }]);
    assert!(!hollow.holds());
    assert_eq!(check_all(&[&hollow, &good]), Err(BatchPairingError::EmptyEquation { index: 0 }));
}
