//! How much, over time: buckets that fill at a steady rate. Pure: the time is passed in.

use std::time::Duration;

/// Nanoseconds of Unix time, as every bucket counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct UnixNanos(pub u64);

/// A rate, and how much may come at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// Sustained, in units a second: at least 1, at most 1,000,000,000.
    pub per_second: u32,
    /// At once: at least 1.
    pub burst: u32,
}

impl Rate {
    /// Time in which so many units flow back.
    fn time_of(self, units: u64) -> u64 {
        let nanos = u128::from(units) * 1_000_000_000 / u128::from(self.per_second.max(1));
        u64::try_from(nanos).unwrap_or(u64::MAX).max(1)
    }
    /// Time in which an empty bucket becomes full.
    fn capacity(self) -> u64 {
        self.time_of(u64::from(self.burst.max(1)))
    }
    /// Time in which what is taken flows back: more than a whole bucket is taken as a whole bucket.
    fn cost(self, units: u64) -> u64 {
        self.time_of(units).min(self.capacity())
    }
}

/// What is left of a rate, as the time at which the bucket is full again. Source: the generic cell rate algorithm (ITU-T I.371).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bucket {
    full_at: UnixNanos,
}

impl Bucket {
    /// A full bucket.
    pub const FULL: Self = Self { full_at: UnixNanos(0) };

    /// A bucket that was written down.
    #[must_use]
    pub fn full_at(time: UnixNanos) -> Self {
        Self { full_at: time }
    }
    /// When it is full again: what is written down.
    #[must_use]
    pub fn is_full_at(self) -> UnixNanos {
        self.full_at
    }
    /// Takes one unit.
    ///
    /// Errors: how long until there is one. A clock that was put back never keeps a bucket empty for longer than it takes to
    /// fill.
    pub fn take(&mut self, rate: Rate, now: UnixNanos) -> Result<(), Duration> {
        self.take_units(rate, 1, now)
    }
    /// Takes so many units at once; more than the bucket holds are taken from a full one as a whole bucket.
    ///
    /// Errors: as [`Bucket::take`]; nothing is taken then.
    pub fn take_units(&mut self, rate: Rate, units: u64, now: UnixNanos) -> Result<(), Duration> {
        let capacity = rate.capacity();
        let missing = self.missing(now).min(capacity);
        let after = missing.saturating_add(rate.cost(units));
        // Kept also where nothing is taken: time that was put back is not waited for twice.
        self.full_at = UnixNanos(now.0.saturating_add(missing));
        if after > capacity {
            return Err(Duration::from_nanos(after - capacity));
        }
        self.full_at = UnixNanos(now.0.saturating_add(after));
        Ok(())
    }
    /// Puts a unit back that was taken for nothing.
    pub fn put_back(&mut self, rate: Rate) {
        self.put_back_units(rate, 1);
    }
    /// Puts so many units back that were taken at once for nothing.
    pub fn put_back_units(&mut self, rate: Rate, units: u64) {
        self.full_at = UnixNanos(self.full_at.0.saturating_sub(rate.cost(units)));
    }
    /// Whether a unit can be taken; how long until then otherwise. Nothing is taken.
    pub fn check(&self, rate: Rate, now: UnixNanos) -> Result<(), Duration> {
        let mut copy = *self;
        copy.take(rate, now)
    }
    /// Whether it is full.
    #[must_use]
    pub fn is_full(&self, now: UnixNanos) -> bool {
        self.missing(now) == 0
    }
    fn missing(&self, now: UnixNanos) -> u64 {
        self.full_at.0.saturating_sub(now.0)
    }
}
