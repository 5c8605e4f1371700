//! Poseidon: constants equal the reference generator's, the sparse form equals the paper's, known answers hold.

use ark_crypto_primitives::sponge::poseidon::{PoseidonConfig, PoseidonSponge, find_poseidon_ark_and_mds};
use ark_crypto_primitives::sponge::{CryptographicSponge, FieldBasedCryptographicSponge};
use candor_program::Fr;
use candor_program::poseidon::{RATE, WIDTH, hash, permute, permute_reference, tag};

fn oracle() -> PoseidonConfig<Fr> {
    let (ark, mds) = find_poseidon_ark_and_mds::<Fr>(254, RATE, 8, 57, 0);
    PoseidonConfig { full_rounds: 8, partial_rounds: 57, alpha: 5, ark, mds, rate: RATE, capacity: 1 }
}

#[test]
fn permutation_equals_the_arkworks_sponge() {
    let inputs = [Fr::from(1u64), Fr::from(2u64), Fr::from(3u64)];
    let mut sponge = PoseidonSponge::new(&oracle());
    sponge.absorb(&inputs.to_vec());
    let expected = sponge.squeeze_native_field_elements(3);
    let mut state = [Fr::from(0u64), inputs[0], inputs[1], inputs[2]];
    permute(&mut state);
    assert_eq!(expected, state[1..]);
}

#[test]
fn sparse_form_equals_the_reference_form() {
    let mut state: [Fr; WIDTH] = std::array::from_fn(|i| Fr::from(i as u64 + 7));
    for _ in 0..200 {
        let mut reference = state;
        permute(&mut state);
        permute_reference(&mut reference);
        assert_eq!(state, reference);
    }
}

#[test]
fn hashes_of_padded_lists_differ() {
    let zero = Fr::from(0u64);
    let all: Vec<Fr> = (0..8).map(|len| hash("cd.test", &vec![zero; len])).collect();
    for (i, a) in all.iter().enumerate() {
        assert!(all[i + 1..].iter().all(|b| a != b));
    }
    assert_ne!(hash("cd.tess", &[zero]), hash("cd.test", &[zero]));
    assert_eq!(tag("ab"), 0x6162);
}
