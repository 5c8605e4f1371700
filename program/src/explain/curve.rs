//! Piecewise linear functions of one integer, missing in places: how facts move with the time or with one input.

use crate::policy::Comparison;

/// `slope * x + offset`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Line {
    slope: i128,
    offset: i128,
}

impl Line {
    fn at(self, x: i64) -> i128 {
        self.slope * i128::from(x) + self.offset
    }
}

/// From a point to the next piece's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Piece {
    from: i64,
    line: Option<Line>,
}

/// A function on the integers from `low` to `high`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Curve {
    high: i64,
    /// In ascending order, the first from the lowest point.
    pieces: Vec<Piece>,
}

impl Curve {
    /// The same value everywhere, or missing everywhere.
    pub(super) fn constant(low: i64, high: i64, value: Option<i128>) -> Self {
        let line = value.map(|offset| Line { slope: 0, offset });
        Self { high, pieces: vec![Piece { from: low, line }] }
    }

    /// `x` itself where `shown` has a value, and missing elsewhere.
    pub(super) fn identity(shown: &Self) -> Self {
        shown.map(|line| line.map(|_| Line { slope: 1, offset: 0 }))
    }

    /// `x` itself where this has a value, and the other function elsewhere.
    pub(super) fn or_else_identity(&self, other: &Self) -> Self {
        Self::identity(self).join(other, Option::or)
    }

    /// A value for each of ascending points, until the next one.
    pub(super) fn steps(high: i64, values: impl Iterator<Item = (i64, Option<i64>)>) -> Self {
        let line = |value: i64| Line { slope: 0, offset: value.into() };
        Self { high, pieces: values.map(|(from, value)| Piece { from, line: value.map(line) }).collect() }
    }

    /// Where the function begins to follow another formula; the lowest point is the first.
    pub(super) fn starts(&self) -> impl Iterator<Item = i64> {
        self.pieces.iter().map(|piece| piece.from)
    }

    /// The function plus a constant.
    pub(super) fn plus(&self, constant: i128) -> Self {
        self.map(|line| line.map(|line| Line { offset: line.offset + constant, ..line }))
    }

    /// The sum; missing where either is.
    pub(super) fn sum(&self, other: &Self) -> Self {
        self.join(other, |left, right| {
            let (left, right) = (left?, right?);
            Some(Line { slope: left.slope + right.slope, offset: left.offset + right.offset })
        })
    }

    /// The difference; missing where either is.
    pub(super) fn minus(&self, other: &Self) -> Self {
        let negative = other.map(|line| line.map(|line| Line { slope: -line.slope, offset: -line.offset }));
        self.sum(&negative)
    }

    /// The magnitude.
    pub(super) fn magnitude(&self) -> Self {
        self.cut(0).map_pieces(|piece| {
            let line = piece.line?;
            let negative = line.at(piece.from) < 0;
            Some(if negative { Line { slope: -line.slope, offset: -line.offset } } else { line })
        })
    }

    /// The function where it lies between two values, and missing elsewhere.
    pub(super) fn within(&self, low: i64, high: i64) -> Self {
        let range = i128::from(low)..=i128::from(high);
        self.cut(low.into())
            .cut(high.into())
            .map_pieces(|piece| piece.line.filter(|line| range.contains(&line.at(piece.from))))
    }

    /// 1 where the comparison holds, 0 where it does not, missing where either side is.
    pub(super) fn compare(&self, comparison: Comparison, other: &Self) -> Self {
        let holds = |piece: &Piece| {
            let difference = piece.line?.at(piece.from);
            Some(Line { slope: 0, offset: comparison.holds(difference, 0).into() })
        };
        self.minus(other).cut(0).map_pieces(holds).merged()
    }

    /// `yes` where the condition is 1, `no` where it is 0, missing where the condition is.
    pub(super) fn choose(condition: &Self, yes: &Self, no: &Self) -> Self {
        let holds = |value: i128| {
            condition.map_pieces(|piece| piece.line.filter(|line| line.at(piece.from) == value))
        };
        let zero = |condition: Self| condition.map(|line| line.map(|_| Line { slope: 0, offset: 0 }));
        let (yes, no) = (zero(holds(1)).sum(yes), zero(holds(0)).sum(no));
        yes.join(&no, Option::or)
    }

    /// 0 where there is a value, missing elsewhere.
    pub(super) fn presence(&self) -> Self {
        self.map(|line| line.map(|_| Line { slope: 0, offset: 0 })).merged()
    }

    fn map(&self, change: impl Fn(Option<Line>) -> Option<Line>) -> Self {
        self.map_pieces(|piece| change(piece.line))
    }

    fn map_pieces(&self, change: impl Fn(&Piece) -> Option<Line>) -> Self {
        let pieces = self.pieces.iter().map(|piece| Piece { from: piece.from, line: change(piece) });
        Self { high: self.high, pieces: pieces.collect() }
    }

    /// The same function in pieces on each of which it is below, at or above a value throughout.
    fn cut(&self, value: i128) -> Self {
        let ends = self.pieces.iter().skip(1).map(|piece| i128::from(piece.from) - 1);
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for (piece, end) in self.pieces.iter().zip(ends.chain([self.high.into()])) {
            pieces.push(*piece);
            let Some(line) = piece.line.filter(|line| line.slope != 0) else { continue };
            let root = (value - line.offset).div_euclid(line.slope);
            // Sides change between two integers next to the root, or at the root and after it.
            for cut in [root, root + 1] {
                if let Ok(from) = i64::try_from(cut)
                    && from > piece.from
                    && cut <= end
                {
                    pieces.push(Piece { from, line: piece.line });
                }
            }
        }
        Self { high: self.high, pieces }
    }

    /// Both functions, point by point.
    fn join(&self, other: &Self, of: impl Fn(Option<Line>, Option<Line>) -> Option<Line>) -> Self {
        let mut pieces = Vec::with_capacity(self.pieces.len() + other.pieces.len());
        let (mut left, mut right) = (self.pieces.iter().peekable(), other.pieces.iter().peekable());
        let (mut left_line, mut right_line) = (None, None);
        while let Some(from) = [left.peek(), right.peek()].into_iter().flatten().map(|piece| piece.from).min()
        {
            if let Some(piece) = left.next_if(|piece| piece.from == from) {
                left_line = piece.line;
            }
            if let Some(piece) = right.next_if(|piece| piece.from == from) {
                right_line = piece.line;
            }
            pieces.push(Piece { from, line: of(left_line, right_line) });
        }
        Self { high: self.high, pieces }
    }

    /// The same function without cuts between equal pieces.
    fn merged(mut self) -> Self {
        self.pieces.dedup_by(|later, earlier| later.line == earlier.line);
        self
    }
}
