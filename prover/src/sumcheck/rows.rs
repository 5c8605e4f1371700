//! Positions: the row relation (rescale, ReLU, saturation).

use super::{EqRounds, Instance, Round};
use crate::multilinear::{bind, sum_over};
use ark_ff::{AdditiveGroup, Zero};
use candor_circuits::layout::COLUMNS;
use candor_circuits::relation::Weights;
use candor_program::Fr;
use candor_program::operator::rescale::{SHIFT, SPAN};

/// `eq(tau_p, p) (alpha^3 ((y' + (2b-1) e) 2^16 + rem - 2^15) + alpha^4 e (y' - 65535 b) + alpha^5 (b^2 - b))`.
///
/// As a polynomial in the columns: `linear + k_be b e + k_ey e y' + k_bb b^2`. Where nothing saturates in the whole batch,
/// b and e vanish and only the linear part is left.
pub(crate) struct Rows<'a> {
    suffixes: &'a [Vec<Fr>],
    eq: EqRounds,
    linear: Vec<Fr>,
    saturation: Option<Saturation>,
    last: Round,
}

struct Saturation {
    above_low: Vec<Fr>,
    excess: Vec<Fr>,
    upward: Vec<Fr>,
    factors: [Fr; 3],
}

impl Saturation {
    fn products(&self, [e, y, b]: [Fr; 3]) -> Fr {
        let [be, ey, bb] = self.factors;
        if e.is_zero() && b.is_zero() {
            return Fr::ZERO;
        }
        b * (be * e + bb * b) + ey * e * y
    }
    fn at(&self, i: usize) -> [Fr; 3] {
        [self.excess[i], self.above_low[i], self.upward[i]]
    }
    fn slope(&self, i: usize, half: usize) -> [Fr; 3] {
        let (low, high) = (self.at(i), self.at(i + half));
        std::array::from_fn(|j| high[j] - low[j])
    }
}

impl<'a> Rows<'a> {
    /// Shapes: `cells` are eight columns of 2^position_vars bytes; `scale` is the scale of the instance.
    pub(crate) fn new(
        suffixes: &'a [Vec<Fr>],
        tau_p: &[Fr],
        weights: &Weights<Fr>,
        (scale, claim): (Fr, Fr),
        cells: &[u8],
    ) -> Self {
        let positions = cells.len() / COLUMNS;
        let cell = |column: usize, p: usize| u64::from(cells[column * positions + p]);
        let above_low = |p| cell(0, p) + (cell(1, p) << 8);
        let excess = |p| cell(4, p) + (cell(5, p) << 8) + (cell(6, p) << 16);
        let (rows, bit) = (*weights.rows(), *weights.bit());
        let linear = (0..positions).map(|p| {
            let quotient = above_low(p) as i64 - excess(p) as i64;
            let remainder = (cell(2, p) + (cell(3, p) << 8)) as i64;
            let value = Fr::from((quotient << SHIFT) + remainder - (1 << (SHIFT - 1)));
            let value = rows * value;
            if cell(7, p) == 0 { value } else { value - bit * Fr::from(cell(7, p)) }
        });
        let linear = linear.collect();
        let saturates = cells[4 * positions..].iter().any(|cell| *cell != 0);
        let saturation = saturates.then(|| Saturation {
            above_low: (0..positions).map(|p| Fr::from(above_low(p))).collect(),
            excess: (0..positions).map(|p| Fr::from(excess(p))).collect(),
            upward: (0..positions).map(|p| Fr::from(cell(7, p))).collect(),
            factors: [
                rows * Fr::from(2u64 << SHIFT) - *weights.saturation() * Fr::from(SPAN),
                *weights.saturation(),
                bit,
            ],
        });
        let eq = EqRounds::new(tau_p, scale, claim);
        Self { suffixes, eq, linear, saturation, last: [Fr::ZERO; 3] }
    }
}

impl Instance for Rows<'_> {
    fn vars(&self) -> usize {
        self.eq.vars()
    }
    fn claim(&self) -> Fr {
        self.eq.claim
    }
    fn round(&mut self) -> Round {
        let half = self.linear.len() / 2;
        let eq = &self.suffixes[self.vars() - 1];
        let linear = &self.linear;
        let products = |i: usize| self.saturation.as_ref().map_or(Fr::ZERO, |s| s.products(s.at(i)));
        let at_0 = sum_over(half, |i| [eq[i] * (linear[i] + products(i))])[0];
        let leading = match &self.saturation {
            None => Fr::ZERO,
            Some(s) => sum_over(half, |i| [eq[i] * s.products(s.slope(i, half))])[0],
        };
        let at_1 = || sum_over(half, |i| [eq[i] * (linear[i + half] + products(i + half))])[0];
        self.last = self.eq.round(at_0, leading, at_1);
        self.last
    }
    fn bind(&mut self, challenge: Fr) {
        self.eq.bind(&self.last, challenge);
        bind(&mut self.linear, challenge);
        if let Some(s) = &mut self.saturation {
            for table in [&mut s.above_low, &mut s.excess, &mut s.upward] {
                bind(table, challenge);
            }
        }
    }
}
