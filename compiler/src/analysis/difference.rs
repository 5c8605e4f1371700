//! Integers, bounds on them and on their differences: is there a solution, and which?
//!
//! Exact: constraints of the form `x - y <= c` over integers have a solution where their closure has no negative cycle.
//! Source: Cotton and Maler, Fast and flexible difference constraint propagation for DPLL(T), SAT 2006 (the closure is kept
//! as a matrix here).

/// `plus - minus <= bound`; a side that is `None` is 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Atom {
    pub(super) plus: Option<usize>,
    pub(super) minus: Option<usize>,
    pub(super) bound: i128,
}

/// All of these hold.
pub(super) type Alternative = Vec<Atom>;
/// At least one of these holds.
pub(super) type Clause = Vec<Alternative>;

/// An integer that is looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Variable {
    /// Lowest and highest value.
    pub(super) range: (i128, i128),
    /// Values that a solution should have where it can, the best first.
    pub(super) preferred: Vec<i128>,
}

/// What came of looking for a solution.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// The variables' values; several solutions, the one with the preferred values first.
    Values(Vec<Vec<i128>>),
    /// There is none.
    Nothing,
    /// The number of steps was reached.
    Exhausted,
}

/// The closure: `x - y` is at most the entry of row `x` and column `y`; row and column 0 are the number 0.
#[derive(Clone)]
struct Matrix {
    size: usize,
    entries: Vec<i128>,
}

impl Matrix {
    fn new(variables: &[Variable]) -> Option<Self> {
        let size = variables.len() + 1;
        let mut entries = vec![0; size * size];
        for row in 0..size {
            for column in 0..size {
                let high = row.checked_sub(1).map_or(0, |row| variables[row].range.1);
                let low = column.checked_sub(1).map_or(0, |column| variables[column].range.0);
                if row != column {
                    entries[row * size + column] = high - low;
                }
            }
        }
        let empty = variables.iter().any(|variable| variable.range.0 > variable.range.1);
        (!empty).then_some(Self { size, entries })
    }

    fn entry(&self, row: usize, column: usize) -> i128 {
        self.entries[row * self.size + column]
    }

    fn place(atom: &Atom) -> (usize, usize) {
        let place = |side: Option<usize>| side.map_or(0, |index| index + 1);
        (place(atom.plus), place(atom.minus))
    }

    fn allows(&self, atom: &Atom) -> bool {
        let (row, column) = Self::place(atom);
        self.entry(column, row) + atom.bound >= 0
    }

    fn implies(&self, atom: &Atom) -> bool {
        let (row, column) = Self::place(atom);
        self.entry(row, column) <= atom.bound
    }

    /// Adds a constraint; `false` where none is left that satisfies all.
    fn add(&mut self, atom: &Atom) -> bool {
        if self.implies(atom) {
            return true;
        }
        if !self.allows(atom) {
            return false;
        }
        let (row, column) = Self::place(atom);
        let to_row: Vec<i128> = (0..self.size).map(|from| self.entry(from, row) + atom.bound).collect();
        let from_column: Vec<i128> = (0..self.size).map(|to| self.entry(column, to)).collect();
        for (from, first) in to_row.iter().enumerate() {
            for (to, second) in from_column.iter().enumerate() {
                let entry = &mut self.entries[from * self.size + to];
                *entry = (*entry).min(first + second);
            }
        }
        true
    }

    fn add_all(&mut self, atoms: &[Atom]) -> bool {
        atoms.iter().all(|atom| self.add(atom))
    }

    /// Several solutions. Each variable in turn gets its preferred value, or the nearest one to it; or its lowest; or its
    /// highest; or some value.
    fn solutions(&self, variables: &[Variable]) -> Vec<Vec<i128>> {
        let mut solutions: Vec<Vec<i128>> = Vec::new();
        for attempt in 0..SOLUTIONS {
            if let Some(values) = self.clone().solution(variables, attempt)
                && !solutions.contains(&values)
            {
                solutions.push(values);
            }
        }
        solutions
    }

    fn solution(mut self, variables: &[Variable], attempt: u64) -> Option<Vec<i128>> {
        let mut values = Vec::with_capacity(variables.len());
        for (index, variable) in variables.iter().enumerate() {
            let (low, high) = (-self.entry(0, index + 1), self.entry(index + 1, 0));
            let value = match attempt {
                0 => {
                    let first = variable.preferred.first().copied().unwrap_or(0);
                    let fits = variable.preferred.iter().find(|value| (low..=high).contains(*value));
                    fits.copied().unwrap_or_else(|| first.clamp(low, high))
                }
                1 => low,
                2 => high,
                _ => {
                    // Small numbers first: sums of them overflow nothing.
                    let (low, high) = match (low.max(-NEAR), high.min(NEAR)) {
                        near if near.0 <= near.1 => near,
                        _ => (low, high),
                    };
                    low + i128::from(scattered(attempt, index)) % (high - low + 1)
                }
            };
            let side = Some(index);
            let fixed = [
                Atom { plus: side, minus: None, bound: value },
                Atom { plus: None, minus: side, bound: -value },
            ];
            if !self.add_all(&fixed) {
                return None;
            }
            values.push(value);
        }
        Some(values)
    }
}

/// Solutions that are tried where a condition could not be expressed.
const SOLUTIONS: u64 = 24;
/// Values up to this are tried first.
const NEAR: i128 = 64;

/// Some number that is the same every time (splitmix64).
fn scattered(attempt: u64, index: usize) -> u64 {
    let seed = (attempt << 32 | index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Values of all variables that satisfy every clause, found in at most `steps` steps, which it takes off.
pub(super) fn solve(variables: &[Variable], clauses: &[Clause], steps: &mut usize) -> Answer {
    let Some(matrix) = Matrix::new(variables) else { return Answer::Nothing };
    let open: Vec<&Clause> = clauses.iter().collect();
    match search(matrix, open, steps) {
        Found::Matrix(matrix) => Answer::Values(matrix.solutions(variables)),
        Found::Nothing => Answer::Nothing,
        Found::Exhausted => Answer::Exhausted,
    }
}

enum Found {
    Matrix(Matrix),
    Nothing,
    Exhausted,
}

fn search(mut matrix: Matrix, mut open: Vec<&Clause>, steps: &mut usize) -> Found {
    loop {
        if *steps == 0 {
            return Found::Exhausted;
        }
        *steps -= 1;
        // Clauses that hold anyway are done; one with a single way left is followed at once.
        let mut narrowest: Option<(&Clause, usize)> = None;
        let mut still_open = Vec::with_capacity(open.len());
        let mut followed = false;
        for clause in &open {
            if clause.iter().any(|way| way.iter().all(|atom| matrix.implies(atom))) {
                continue;
            }
            let mut ways = clause.iter().filter(|way| way.iter().all(|atom| matrix.allows(atom)));
            let (first, count) = (ways.next(), 1 + ways.count());
            let Some(first) = first else { return Found::Nothing };
            if count == 1 {
                if !matrix.add_all(first) {
                    return Found::Nothing;
                }
                followed = true;
                continue;
            }
            still_open.push(*clause);
            if narrowest.is_none_or(|(_, fewest)| count < fewest) {
                narrowest = Some((clause, count));
            }
        }
        open = still_open;
        if followed {
            continue;
        }
        let Some((clause, _)) = narrowest else { return Found::Matrix(matrix) };
        open.retain(|other| !std::ptr::eq(*other, clause));
        for way in clause {
            let mut tried = matrix.clone();
            if !tried.add_all(way) {
                continue;
            }
            match search(tried, open.clone(), steps) {
                Found::Nothing => {}
                done => return done,
            }
        }
        return Found::Nothing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_most(plus: usize, minus: Option<usize>, bound: i128) -> Atom {
        Atom { plus: Some(plus), minus, bound }
    }

    /// Small systems against trying every value.
    #[test]
    fn a_solution_is_found_exactly_where_there_is_one() {
        let mut seed = 1_u64;
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let (mut with, mut without) = (0, 0);
        for _ in 0..2_000 {
            let variables: Vec<Variable> = (0..3)
                .map(|_| Variable { range: (0, 3 + i128::from(next(3))), preferred: vec![2] })
                .collect();
            let clauses: Vec<Clause> = (0..2 + next(9))
                .map(|_| {
                    (0..1 + next(3))
                        .map(|_| {
                            let side = |of: u64| (of < 3).then_some(of as usize);
                            let bound = i128::from(next(8)) - 5;
                            vec![Atom { plus: side(next(4)), minus: side(next(4)), bound }]
                        })
                        .collect()
                })
                .collect();
            let satisfies = |values: &[i128]| {
                let value = |side: Option<usize>| side.map_or(0, |index| values[index]);
                clauses.iter().all(|clause| {
                    clause
                        .iter()
                        .any(|way| way.iter().all(|atom| value(atom.plus) - value(atom.minus) <= atom.bound))
                })
            };
            let mut all = (0..7 * 7 * 7).map(|code: i128| [code % 7, code / 7 % 7, code / 49]);
            let inside = |values: &[i128; 3]| {
                values.iter().zip(&variables).all(|(value, variable)| *value <= variable.range.1)
            };
            let exists = all.any(|values| inside(&values) && satisfies(&values));
            match solve(&variables, &clauses, &mut 10_000) {
                Answer::Values(values) => {
                    assert!(exists && !values.is_empty());
                    assert!(values.iter().all(|values| satisfies(values)));
                    with += 1;
                }
                Answer::Nothing => {
                    assert!(!exists);
                    without += 1;
                }
                Answer::Exhausted => panic!("10,000 steps are enough"),
            }
        }
        assert!(with > 200 && without > 200, "{with} {without}");
    }

    #[test]
    fn steps_are_counted() {
        let variables = vec![Variable { range: (0, 9), preferred: vec![] }];
        let clauses = vec![vec![vec![at_most(0, None, 3)]]];
        let Answer::Values(values) = solve(&variables, &clauses, &mut 2) else { panic!("two are enough") };
        assert_eq!(values.first(), Some(&vec![0]));
        assert_eq!(solve(&variables, &clauses, &mut 1), Answer::Exhausted);
        assert_eq!(solve(&variables, &clauses, &mut 0), Answer::Exhausted);
    }
}
