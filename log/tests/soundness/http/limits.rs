//! Rates: exact at N and N + 1, by agent, in total and by address, over restarts and clocks that go back.

use crate::disk::fault::Computer;
use candor_log::http::server::{
    AgentBuckets, Bucket, Charged, Exhausted, Limits, LimitsFileError, MAX_ADDRESSES, Rate, Rates, UnixNanos,
    read_limits, write_limits,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
/// Of a record, where bytes are not the point.
const BYTES: u64 = 1;
const NOW: UnixNanos = UnixNanos(1_700_000_000 * SECOND);
const RATES: Rates = Rates {
    agent: Rate { per_second: 2, burst: 4 },
    agent_bytes: Rate { per_second: 100, burst: 1000 },
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
        assert_eq!(limits.take_agent(&agent(1), BYTES, NOW), Ok(()));
    }
    let wait = Duration::from_millis(500);
    for _ in 0..400 {
        assert_eq!(limits.take_agent(&agent(1), BYTES, NOW), Err(Exhausted::Agent { retry_after: wait }));
    }
    // What was refused did not count for the total either: two of its six are left.
    assert_eq!(limits.take_agent(&agent(2), BYTES, NOW), Ok(()));
    assert_eq!(limits.take_agent(&agent(2), BYTES, NOW), Ok(()));
    let total = Exhausted::Total { retry_after: Duration::from_millis(100) };
    assert_eq!(limits.take_agent(&agent(2), BYTES, NOW), Err(total));
    assert_eq!((total.scope(), total.retry_after()), ("total", Duration::from_millis(100)));
    // And what the total refused did not count for the agent.
    assert_eq!(limits.take_agent(&agent(2), BYTES, later(SECOND / 10)), Ok(()));
    assert_eq!(limits.take_agent(&agent(2), BYTES, later(SECOND / 5)), Ok(()));
    assert!(matches!(limits.take_agent(&agent(2), BYTES, later(SECOND / 5)), Err(Exhausted::Agent { .. })));
}

#[test]
fn bytes_are_counted_one_by_one() {
    let limits = Limits::new(RATES, Charged::NONE);
    assert_eq!(limits.take_agent(&agent(1), 400, NOW), Ok(()));
    // 600 are left, a hundred a second come back.
    let exhausted = |millis| Exhausted::AgentBytes { retry_after: Duration::from_millis(millis) };
    assert_eq!(limits.take_agent(&agent(1), 601, NOW), Err(exhausted(10)));
    assert_eq!(limits.take_agent(&agent(1), 1000, NOW), Err(exhausted(4000)));
    assert_eq!(
        (exhausted(10).scope(), exhausted(10).retry_after()),
        ("agent-bytes", Duration::from_millis(10))
    );
    // What was refused for its bytes was not counted as a record: three of four are left.
    assert_eq!(limits.take_agent(&agent(1), 600, NOW), Ok(()));
    assert_eq!(limits.take_agent(&agent(1), 1, NOW), Err(exhausted(10)));
    // Another agent has its own.
    assert_eq!(limits.take_agent(&agent(2), 1000, NOW), Ok(()));
    // What the total refused is given back: of agent 2 nothing is left, of agent 3 everything.
    for _ in 0..3 {
        assert_eq!(limits.take_agent(&agent(4), BYTES, NOW), Ok(()));
    }
    assert!(matches!(limits.take_agent(&agent(3), 1000, NOW), Err(Exhausted::Total { .. })));
    assert_eq!(limits.take_agent(&agent(3), 1000, later(SECOND / 10)), Ok(()));
    // And so is what the log had no room for.
    limits.put_back(&agent(3), 1000);
    assert_eq!(limits.take_agent(&agent(3), 1000, later(SECOND / 5)), Ok(()));
}

#[test]
fn a_record_that_is_longer_than_a_full_bucket_empties_it() {
    let (rate, mut bucket) = (Rate { per_second: 100, burst: 1000 }, Bucket::FULL);
    assert_eq!(bucket.take_units(rate, u64::MAX, NOW), Ok(()));
    assert_eq!(bucket.take_units(rate, 1, NOW), Err(Duration::from_millis(10)));
    assert_eq!(bucket.take_units(rate, 5000, later(SECOND)), Err(Duration::from_secs(9)));
    assert_eq!(bucket.take_units(rate, 5000, later(10 * SECOND)), Ok(()));
    bucket.put_back_units(rate, 5000);
    assert!(bucket.is_full(later(10 * SECOND)));
}

#[test]
fn what_the_log_had_no_room_for_is_given_back() {
    let limits = Limits::new(RATES, Charged::NONE);
    for _ in 0..100 {
        assert_eq!(limits.take_agent(&agent(1), BYTES, NOW), Ok(()));
        limits.put_back(&agent(1), BYTES);
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
        limits.take_agent(&agent(1), BYTES, NOW).unwrap();
    }
    limits.take_agent(&agent(2), BYTES, NOW).unwrap();
    write_limits(&computer.disk(), &limits.charged(NOW)).unwrap();
    let limits = Limits::new(RATES, read_limits(&computer.disk()).unwrap());
    assert!(matches!(limits.take_agent(&agent(1), BYTES, NOW), Err(Exhausted::Agent { .. })));
    assert_eq!(limits.take_agent(&agent(2), BYTES, NOW), Ok(()));
    assert!(matches!(limits.take_agent(&agent(2), BYTES, NOW), Err(Exhausted::Total { .. })));
    // Agents whose bucket is full are not written down.
    assert!(limits.charged(later(100 * SECOND)).agents.is_empty());
}

#[test]
fn a_damaged_file_of_limits_is_not_read_as_no_limits() {
    let computer = Computer::default();
    let mut charged = Charged::NONE;
    let (records, bytes) = (Bucket::full_at(NOW), Bucket::full_at(later(SECOND)));
    charged.agents.insert(agent(1), AgentBuckets { records, bytes });
    charged.agents.insert(agent(2), AgentBuckets { records: bytes, bytes: records });
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
