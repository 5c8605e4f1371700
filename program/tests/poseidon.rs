//! Poseidon: constants equal the reference generator's, all forms equal the paper's, known answers hold.

use ark_crypto_primitives::sponge::poseidon::{PoseidonConfig, PoseidonSponge, find_poseidon_ark_and_mds};
use ark_crypto_primitives::sponge::{CryptographicSponge, FieldBasedCryptographicSponge};
use ark_ff::{BigInt, PrimeField};
use candor_program::Fr;
use candor_program::arith::Arith;
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

/// The algebra of a circuit, as far as the permutation is concerned: nothing but the operations.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Plain(Fr);

impl Arith for Plain {
    fn constant(value: Fr) -> Self {
        Self(value)
    }
    fn plus(&self, other: &Self) -> Self {
        Self(self.0 + other.0)
    }
    fn minus(&self, other: &Self) -> Self {
        Self(self.0 - other.0)
    }
    fn times(&self, other: &Self) -> Self {
        Self(self.0 * other.0)
    }
}

fn assert_equals_the_reference(state: [Fr; WIDTH]) -> [Fr; WIDTH] {
    let (mut native, mut sparse, mut reference) = (state, state.map(Plain), state);
    permute(&mut native);
    permute(&mut sparse);
    permute_reference(&mut reference);
    assert_eq!(native, reference, "{state:?}");
    assert_eq!(sparse, reference.map(Plain), "{state:?}");
    // Equal as limbs too, so that encodings are.
    assert_eq!(native.map(|element| element.into_bigint()), reference.map(|element| element.into_bigint()));
    native
}

#[test]
fn native_and_sparse_forms_equal_the_reference_form() {
    let mut state: [Fr; WIDTH] = std::array::from_fn(|i| Fr::from(i as u64 + 7));
    for _ in 0..2000 {
        state = assert_equals_the_reference(state);
    }
}

#[test]
fn forms_are_equal_at_the_ends_of_the_field() {
    let ends = [Fr::from(0u64), Fr::from(1u64), -Fr::from(1u64), -Fr::from(2u64), Fr::from(u64::MAX)];
    // The largest and smallest Montgomery forms too: that is what is computed with.
    let forms = [BigInt::new([1, 0, 0, 0]), BigInt::new([u64::MAX, u64::MAX, u64::MAX, 0]), {
        let mut largest = Fr::MODULUS;
        largest.0[0] -= 1;
        largest
    }];
    let values: Vec<Fr> = ends.into_iter().chain(forms.map(Fr::new_unchecked)).collect();
    for number in 0..values.len().pow(4) {
        let digit = |place: u32| values[number / values.len().pow(place) % values.len()];
        assert_equals_the_reference([digit(0), digit(1), digit(2), digit(3)]);
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
