//! Rates: exact at N and N + 1, by agent, in total and by address, over restarts and clocks that go back.

use crate::disk::fault::Computer;
use candor_log::http::server::{
    Bucket, Charged, Exhausted, Limits, LimitsFileError, MAX_ADDRESSES, Rate, Rates, UnixNanos, read_limits,
    write_limits,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
const NOW: UnixNanos = UnixNanos(1_700_000_000 * SECOND);
const RATES: Rates = Rates {
    agent: Rate { per_second: 2, burst: 4 },
    total: Rate { per_second: 10, burst: 6 },
    address: Rate { per_second: 1, burst: 3 },
};

fn later(nanos: u64) -> UnixNanos {
    UnixNanos(NOW.0 + nanos)
}

fn agent(number: u8) -> [u8; 20] {
    [number; 20]
}

fn address(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(number).into()
}

#[test]
fn a_bucket_gives_its_burst_and_then_its_rate() {
    let (rate, mut bucket) = (Rate { per_second: 2, burst: 3 }, Bucket::FULL);
    for _ in 0..3 {
        assert_eq!(bucket.take(rate, NOW), Ok(()));
    }
    assert_eq!(bucket.take(rate, NOW), Err(Duration::from_millis(500)));
    // A refused attempt costs nothing.
    assert_eq!(bucket.take(rate, later(SECOND / 2 - 1)), Err(Duration::from_nanos(1)));
    assert_eq!(bucket.take(rate, later(SECOND / 2)), Ok(()));
    assert_eq!(bucket.take(rate, later(SECOND / 2)), Err(Duration::from_millis(500)));
    // After any time it is full, and not more than that.
    for _ in 0..3 {
        assert_eq!(bucket.take(rate, later(100 * SECOND)), Ok(()));
    }
    assert!(bucket.take(rate, later(100 * SECOND)).is_err());
}

#[test]
fn a_clock_that_goes_back_is_waited_for_no_longer_than_the_bucket_fills() {
    let (rate, mut bucket) = (Rate { per_second: 2, burst: 3 }, Bucket::FULL);
    for _ in 0..3 {
        bucket.take(rate, NOW).unwrap();
    }
    // A year back: the bucket is empty there, and fills as ever.
    let back = UnixNanos(NOW.0 - 365 * 86_400 * SECOND);
    assert_eq!(bucket.take(rate, back), Err(Duration::from_millis(500)));
    assert_eq!(bucket.take(rate, UnixNanos(back.0 + SECOND / 2)), Ok(()));
    assert!(bucket.is_full(UnixNanos(back.0 + 2 * SECOND)));
}

#[test]
fn rates_of_any_size_do_not_overflow() {
    for per_second in [0, 1, u32::MAX] {
        for burst in [0, 1, u32::MAX] {
            let (rate, mut bucket) = (Rate { per_second, burst }, Bucket::FULL);
            assert_eq!(bucket.take(rate, UnixNanos(0)), Ok(()));
            let _ = bucket.take(rate, UnixNanos(u64::MAX));
            let _ = bucket.take(rate, UnixNanos(0));
            bucket.put_back(rate);
        }
    }
}

#[test]
fn one_agent_cannot_use_up_what_is_anothers() {
    let limits = Limits::new(RATES, Charged::NONE);
    for _ in 0..4 {
        assert_eq!(limits.take_agent(&agent(1), NOW), Ok(()));
    }
    let wait = Duration::from_millis(500);
    for _ in 0..400 {
        assert_eq!(limits.take_agent(&agent(1), NOW), Err(Exhausted::Agent { retry_after: wait }));
    }
    // What was refused did not count for the total either: two of its six are left.
    assert_eq!(limits.take_agent(&agent(2), NOW), Ok(()));
    assert_eq!(limits.take_agent(&agent(2), NOW), Ok(()));
    let total = Exhausted::Total { retry_after: Duration::from_millis(100) };
    assert_eq!(limits.take_agent(&agent(2), NOW), Err(total));
    assert_eq!((total.scope(), total.retry_after()), ("total", Duration::from_millis(100)));
    // And what the total refused did not count for the agent.
    assert_eq!(limits.take_agent(&agent(2), later(SECOND / 10)), Ok(()));
    assert_eq!(limits.take_agent(&agent(2), later(SECOND / 5)), Ok(()));
    assert!(matches!(limits.take_agent(&agent(2), later(SECOND / 5)), Err(Exhausted::Agent { .. })));
}

#[test]
fn what_the_log_had_no_room_for_is_given_back() {
    let limits = Limits::new(RATES, Charged::NONE);
    for _ in 0..100 {
        assert_eq!(limits.take_agent(&agent(1), NOW), Ok(()));
        limits.put_back(&agent(1));
    }
}

#[test]
fn addresses_are_charged_for_what_was_refused() {
    let limits = Limits::new(RATES, Charged::NONE);
    for _ in 0..3 {
        assert_eq!(limits.check_address(address(1), NOW), Ok(()));
        limits.charge_address(address(1), NOW);
    }
    let exhausted = Exhausted::Address { retry_after: Duration::from_secs(1) };
    assert_eq!(limits.check_address(address(1), NOW), Err(exhausted));
    assert_eq!(limits.check_address(address(2), NOW), Ok(()));
    assert_eq!(limits.check_address(address(1), later(SECOND)), Ok(()));
    // The same IPv4 address written as IPv6 is the same; so is all of one IPv6 network.
    let IpAddr::V4(four) = address(1) else { unreachable!() };
    assert_eq!(limits.check_address(four.to_ipv6_mapped().into(), NOW), Err(exhausted));
    let six = |low: u16| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 0, 0, 0, low));
    (0..3).for_each(|_| limits.charge_address(six(1), NOW));
    assert_eq!(limits.check_address(six(2), NOW), Err(exhausted));
}

#[test]
fn more_addresses_than_are_counted_share_one_bucket() {
    let limits = Limits::new(RATES, Charged::NONE);
    for number in 0..MAX_ADDRESSES as u32 {
        limits.charge_address(address(number), NOW);
    }
    // The first one too many, and all after it, are one.
    for number in 0..3 {
        assert_eq!(limits.check_address(address(u32::MAX - number), NOW), Ok(()));
        limits.charge_address(address(u32::MAX - number), NOW);
    }
    assert!(limits.check_address(address(u32::MAX - 9), NOW).is_err());
    // Who was counted alone still is.
    assert_eq!(limits.check_address(address(0), NOW), Ok(()));
    // Once the others are full again there is room.
    limits.charge_address(address(u32::MAX), later(9 * SECOND));
    assert_eq!(limits.check_address(address(u32::MAX - 9), later(9 * SECOND)), Ok(()));
}

#[test]
fn a_restart_forgives_nothing() {
    let computer = Computer::default();
    let limits = Limits::new(RATES, read_limits(&computer.disk()).unwrap());
    for _ in 0..4 {
        limits.take_agent(&agent(1), NOW).unwrap();
    }
    limits.take_agent(&agent(2), NOW).unwrap();
    write_limits(&computer.disk(), &limits.charged(NOW)).unwrap();
    let limits = Limits::new(RATES, read_limits(&computer.disk()).unwrap());
    assert!(matches!(limits.take_agent(&agent(1), NOW), Err(Exhausted::Agent { .. })));
    assert_eq!(limits.take_agent(&agent(2), NOW), Ok(()));
    assert!(matches!(limits.take_agent(&agent(2), NOW), Err(Exhausted::Total { .. })));
    // Agents whose bucket is full are not written down.
    assert!(limits.charged(later(100 * SECOND)).agents.is_empty());
}

#[test]
fn a_damaged_file_of_limits_is_not_read_as_no_limits() {
    let computer = Computer::default();
    let mut charged = Charged::NONE;
    charged.agents.insert(agent(1), Bucket::full_at(NOW));
    charged.agents.insert(agent(2), Bucket::full_at(NOW));
    write_limits(&computer.disk(), &charged).unwrap();
    assert_eq!(read_limits(&computer.disk()).unwrap(), charged);
    let bytes = computer.read("private/limits").unwrap();
    for length in 0..bytes.len() {
        computer.tamper("private/limits", Some(bytes[..length].to_vec()));
        let error = read_limits(&computer.disk()).unwrap_err();
        assert!(matches!(error, LimitsFileError::Malformed { .. }), "{error}");
    }
    // Magic, version, total and count come before the first agent.
    let mut swapped = bytes.clone();
    swapped[22] = 9;
    computer.tamper("private/limits", Some(swapped));
    assert!(matches!(read_limits(&computer.disk()), Err(LimitsFileError::Order)));
    // A length that is claimed is not allocated.
    let mut long = bytes;
    long[18..22].copy_from_slice(&u32::MAX.to_le_bytes());
    computer.tamper("private/limits", Some(long));
    assert!(matches!(read_limits(&computer.disk()), Err(LimitsFileError::Malformed { .. })));
}
