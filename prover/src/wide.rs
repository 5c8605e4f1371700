//! Sums of field elements times small integers, reduced once at the end.
//!
//! A product of a 254-bit element and a 64-bit integer costs four word multiplications instead of a full field
//! multiplication; sums of up to 2^64 of them fit 384 bits. Elements stay in Montgomery form, which is linear.

use ark_bn254::FrConfig;
use ark_ff::{BigInt, MontConfig};
use candor_program::Fr;

/// A sum of elements times unsigned small integers.
#[derive(Clone, Copy, Default)]
pub(crate) struct WideSum([u64; 6]);

impl WideSum {
    /// Adds `element * factor`.
    #[inline]
    pub(crate) fn add(&mut self, element: &Fr, factor: u64) {
        let mut carry = 0u128;
        for (limb, word) in self.0.iter_mut().zip(element.0.0) {
            let sum = u128::from(word) * u128::from(factor) + u128::from(*limb) + carry;
            *limb = sum as u64;
            carry = sum >> 64;
        }
        let sum = u128::from(self.0[4]) + carry;
        self.0[4] = sum as u64;
        self.0[5] += (sum >> 64) as u64;
    }

    /// The sum as an element.
    pub(crate) fn reduce(&self) -> Fr {
        let [a, b, c, d, e, f] = self.0;
        // Montgomery form x of weight 2^256 is x * R: one multiplication by R^2 (Montgomery form of R)
        let shift = Fr::new_unchecked(FrConfig::R2);
        reduce_words([a, b, c, d]) + Fr::new_unchecked(BigInt::new([e, f, 0, 0])) * shift
    }
}

/// Four words, at most 2^256, as Montgomery form below the modulus: at most five subtractions.
fn reduce_words(mut words: [u64; 4]) -> Fr {
    let modulus = FrConfig::MODULUS.0;
    loop {
        let mut difference = [0u64; 4];
        let mut borrow = false;
        for i in 0..4 {
            let (first, under) = words[i].overflowing_sub(modulus[i]);
            let (second, under_again) = first.overflowing_sub(u64::from(borrow));
            difference[i] = second;
            borrow = under || under_again;
        }
        if borrow {
            return Fr::new_unchecked(BigInt::new(words));
        }
        words = difference;
    }
}

/// A sum of elements times signed small integers.
#[derive(Clone, Copy, Default)]
pub(crate) struct SignedWideSum {
    positive: WideSum,
    negative: WideSum,
}

impl SignedWideSum {
    /// Adds `element * factor`.
    #[inline]
    pub(crate) fn add(&mut self, element: &Fr, factor: i64) {
        if factor >= 0 {
            self.positive.add(element, factor as u64);
        } else {
            self.negative.add(element, factor.unsigned_abs());
        }
    }

    /// The sum as an element.
    pub(crate) fn reduce(&self) -> Fr {
        self.positive.reduce() - self.negative.reduce()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{AdditiveGroup, Field, One};

    #[test]
    fn sums_equal_field_arithmetic_at_the_extremes() {
        let elements = [
            Fr::ZERO,
            Fr::one(),
            -Fr::one(),
            -Fr::from(2u64),
            Fr::from(u128::MAX),
            Fr::from(3u64).inverse().unwrap(),
        ];
        let factors = [0, 1, -1, 255, 65_535, i64::MAX, i64::MIN + 1, 1 << 40];
        let (mut sum, mut expected) = (SignedWideSum::default(), Fr::ZERO);
        for round in 0..1_000 {
            for (i, element) in elements.iter().enumerate() {
                let factor = factors[(i + round) % factors.len()];
                sum.add(element, factor);
                expected += *element * Fr::from(factor);
                if round % 97 == 0 {
                    assert_eq!(sum.reduce(), expected);
                }
            }
        }
        assert_eq!(sum.reduce(), expected);
    }
}
