//! Numbers of 16 bits: FLOAT16 (IEEE 754 binary16) and BFLOAT16 (the upper half of binary32).

/// Bits of the fraction and largest exponent of binary16.
const FRACTION: i32 = 10;
const LARGEST: f64 = 65_504.0;
/// Exponent of the smallest normal number of binary16.
const NORMAL: i32 = -14;

/// The value of a FLOAT16.
pub(crate) fn float16(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> FRACTION & 0x1f);
    let fraction = f64::from(bits & 0x3ff);
    sign * match exponent {
        0 => fraction * power_of_two(NORMAL - FRACTION),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * power_of_two(exponent - 15 - FRACTION),
    }
}

/// The value of a BFLOAT16.
pub(crate) fn bfloat16(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}

/// The nearest FLOAT16, ties to even; beyond the largest by half a step or more, infinity.
pub(crate) fn round_float16(value: f64) -> f64 {
    if !value.is_finite() || value == 0.0 {
        return value;
    }
    let exponent = ((value.to_bits() >> 52 & 0x7ff) as i32 - 1023).max(NORMAL);
    let step = power_of_two(exponent - FRACTION);
    let rounded = (value / step).round_ties_even() * step;
    if rounded.abs() > LARGEST { f64::INFINITY.copysign(value) } else { rounded }
}

/// The nearest BFLOAT16, ties to even. A number is first rounded to FLOAT, as converters do.
pub(crate) fn round_bfloat16(value: f64) -> f64 {
    let single = value as f32;
    if !single.is_finite() {
        return f64::from(single);
    }
    let bits = single.to_bits();
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) & 0xffff_0000;
    f64::from(f32::from_bits(rounded))
}

fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023).clamp(1, 2046) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn float16_bits_have_their_values() {
        assert_eq!(float16(0x3c00), 1.0);
        assert_eq!(float16(0xc000), -2.0);
        assert_eq!(float16(0x7bff), 65_504.0);
        assert_eq!(float16(0x0001), 2.0f64.powi(-24));
        assert_eq!(float16(0xfc00), f64::NEG_INFINITY);
        assert!(float16(0x7e00).is_nan());
        assert_eq!(bfloat16(0x3fc0), 1.5);
    }

    #[test]
    fn every_float16_rounds_to_itself() {
        for bits in 0..=u16::MAX {
            let value = float16(bits);
            assert!(value.is_nan() || round_float16(value) == value, "{bits:#x}");
            let brain = bfloat16(bits);
            assert!(brain.is_nan() || round_bfloat16(brain) == brain, "{bits:#x}");
        }
    }

    #[test]
    fn ties_round_to_even_and_overflow_to_infinity() {
        assert_eq!(round_float16(2049.0), 2048.0);
        assert_eq!(round_float16(2051.0), 2052.0);
        assert_eq!(round_float16(65_519.0), 65_504.0);
        assert_eq!(round_float16(-65_520.0), f64::NEG_INFINITY);
        assert_eq!(round_bfloat16(257.0), 256.0);
        assert_eq!(round_bfloat16(259.0), 260.0);
    }
}
