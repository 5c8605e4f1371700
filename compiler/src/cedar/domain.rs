//! Values that a fact, or the difference of two facts, may have: an interval with holes.

use std::collections::BTreeSet;

/// Gaps of at most so many values become holes: one rule with two more predicates instead of two rules.
const GAP: i128 = 2;

/// `lowest..=highest` without some values in between. Never empty, and no hole at an end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Domain {
    pub(super) lowest: i128,
    pub(super) highest: i128,
    pub(super) holes: BTreeSet<i128>,
}

impl Domain {
    /// `None` where no value is left.
    pub(super) fn new(mut lowest: i128, mut highest: i128, mut holes: BTreeSet<i128>) -> Option<Self> {
        while holes.remove(&lowest) {
            lowest += 1;
        }
        while holes.remove(&highest) {
            highest -= 1;
        }
        if lowest > highest {
            return None;
        }
        holes.retain(|hole| (lowest..=highest).contains(hole));
        Some(Self { lowest, highest, holes })
    }

    pub(super) fn interval(lowest: i128, highest: i128) -> Option<Self> {
        Self::new(lowest, highest, BTreeSet::new())
    }

    pub(super) fn contains(&self, value: i128) -> bool {
        (self.lowest..=self.highest).contains(&value) && !self.holes.contains(&value)
    }

    /// The one value, where there is only one.
    pub(super) fn single(&self) -> Option<i128> {
        (self.lowest == self.highest).then_some(self.lowest)
    }

    pub(super) fn intersection(&self, other: &Self) -> Option<Self> {
        let holes = self.holes.union(&other.holes).copied().collect();
        Self::new(self.lowest.max(other.lowest), self.highest.min(other.highest), holes)
    }

    pub(super) fn is_subset(&self, other: &Self) -> bool {
        self.lowest >= other.lowest
            && self.highest <= other.highest
            && other.holes.iter().all(|hole| !self.contains(*hole))
    }

    /// The values of either, if they are one interval with few holes more than `base` has.
    pub(super) fn union(&self, other: &Self, base: &Self) -> Option<Self> {
        let (low, high) = if self.lowest <= other.lowest { (self, other) } else { (other, self) };
        let mut holes: BTreeSet<i128> = low
            .holes
            .iter()
            .chain(&high.holes)
            .copied()
            .filter(|hole| !low.contains(*hole) && !high.contains(*hole))
            .collect();
        let (start, end) = (low.highest.saturating_add(1), high.lowest);
        if start < end {
            let known = base.holes.range(start..end).count() as i128;
            if end - start - known > GAP {
                return None;
            }
            holes.extend(start..end);
        }
        Self::new(low.lowest, low.highest.max(high.highest), holes)
    }

    /// The values of `base` in a set, in intervals with few holes.
    pub(super) fn members(values: &BTreeSet<i128>, base: &Self) -> Vec<Self> {
        let members = values.iter().filter(|value| base.contains(**value));
        let single = members.filter_map(|value| Self::interval(*value, *value));
        single.fold(Vec::new(), |parts, part| joined(parts, part, base))
    }

    /// The values of `base` outside a set, in intervals with few holes.
    pub(super) fn others(values: &BTreeSet<i128>, base: &Self) -> Vec<Self> {
        let holes = || base.holes.union(values).copied().collect::<BTreeSet<i128>>();
        let Some(all) = Self::new(base.lowest, base.highest, holes()) else { return Vec::new() };
        // Where most of a small base is left out, its members are fewer than the holes.
        let width = (all.highest - all.lowest).saturating_add(1);
        let new = all.holes.difference(&base.holes).count() as i128;
        if width.saturating_sub(all.holes.len() as i128) < new {
            let rest = (all.lowest..=all.highest).filter(|value| all.contains(*value)).collect();
            return Self::members(&rest, base);
        }
        vec![all]
    }
}

/// Ascending parts with one more, joined to the last where they make one domain.
fn joined(mut parts: Vec<Domain>, part: Domain, base: &Domain) -> Vec<Domain> {
    match parts.last().and_then(|last| last.union(&part, base)) {
        Some(union) => {
            parts.pop();
            parts.push(union);
        }
        None => parts.push(part),
    }
    parts
}
