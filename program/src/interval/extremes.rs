//! Lowest and highest entry of any range of a table, in few steps: a model looks a table up at many positions, each with bounds of its own.

/// Entries of a block.
const BLOCK: usize = 64;

/// A table with the extremes of its blocks.
pub(super) struct Extremes<'a> {
    table: &'a [u16],
    /// Entry `i` of level `k`: extremes of the `2^k` blocks from block `i` on.
    levels: Vec<Vec<(u16, u16)>>,
}

impl<'a> Extremes<'a> {
    pub(super) fn new(table: &'a [u16]) -> Self {
        let mut levels = vec![table.chunks(BLOCK).map(extremes).collect::<Vec<_>>()];
        let mut reach = 1;
        while let Some(last) = levels.last().filter(|last| last.len() > reach) {
            let pairs = last.iter().zip(last.iter().skip(reach));
            levels.push(pairs.map(|(first, second)| joined(*first, *second)).collect());
            reach *= 2;
        }
        Self { table, levels }
    }

    /// Lowest and highest entry from `first` to `last`; (65535, 0) where there is none.
    pub(super) fn between(&self, first: usize, last: usize) -> (u16, u16) {
        let end = last.saturating_add(1).min(self.table.len());
        // Whole blocks within the range.
        let (begin_block, end_block) = (first.div_ceil(BLOCK), end / BLOCK);
        if begin_block >= end_block {
            return extremes(self.table.get(first..end).unwrap_or(&[]));
        }
        let head = extremes(self.table.get(first..begin_block * BLOCK).unwrap_or(&[]));
        let tail = extremes(self.table.get(end_block * BLOCK..end).unwrap_or(&[]));
        joined(joined(head, tail), self.blocks(begin_block, end_block))
    }

    /// Extremes of the blocks `begin..end`: two runs of a power of two, which may overlap.
    fn blocks(&self, begin: usize, end: usize) -> (u16, u16) {
        let level = (end - begin).ilog2();
        let run = |from: usize| {
            let level = self.levels.get(level as usize);
            level.and_then(|level| level.get(from)).copied().unwrap_or((u16::MAX, 0))
        };
        joined(run(begin), run(end - (1 << level)))
    }
}

fn extremes(entries: &[u16]) -> (u16, u16) {
    entries.iter().fold((u16::MAX, 0), |(low, high), entry| (low.min(*entry), high.max(*entry)))
}

fn joined(one: (u16, u16), other: (u16, u16)) -> (u16, u16) {
    (one.0.min(other.0), one.1.max(other.1))
}
