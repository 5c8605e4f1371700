//! The Gauss error function, which the standard library does not have.

/// From here on the complement is below 2^-53.
const ONE: f64 = 6.0;

/// `erf(x)`, to about 15 digits.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.6: a series of positive terms, so nothing cancels.
pub(super) fn erf(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x.abs() >= ONE {
        return x.signum();
    }
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > f64::EPSILON * 0.01 * sum.abs() {
        odd += 2.0;
        term *= 2.0 * x * x / odd;
        sum += term;
    }
    std::f64::consts::FRAC_2_SQRT_PI * libm::exp(-x * x) * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_tables() {
        for (x, expected) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (2.0, 0.995_322_265_018_952_7),
            (5.9, 1.0),
            (-1.0, -0.842_700_792_949_714_9),
            (40.0, 1.0),
        ] {
            assert!((erf(x) - expected).abs() < 2e-15, "{x}");
        }
        assert!(erf(f64::NAN).is_nan());
    }
}
