//! threats.md 8: drop each constraint in turn, and a forged assignment satisfies all that are left.
//!
//! The forger chooses wrong values for some variables, goes on honestly, and settles the argument's two equations with the
//! messages that nothing else depends on. A forgery counts where exactly the dropped constraint is violated. The
//! constraints for which none of the forgeries does are listed, with the reason, in tests/golden/seal_redundant.txt.

use crate::agent::{Agent, LARGE, cases, enrich, full};
use ark_ff::{AdditiveGroup, Field, One, Zero};
use candor_benches::synthetic::Random;
use candor_circuits::seal::boundary::{Boundary, Fingerprint};
use candor_circuits::seal::circuit::{SealShape, Synthesis, synthesize_in};
use candor_circuits::seal::key::INPUTS;
use candor_circuits::seal::system::{Constraint, Index, Matrices, System};
use candor_circuits::seal::witness::PathWitness;
use candor_program::head::{ActionTemplate, Head};
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate, Rule};
use candor_program::state::{State, Update};
use candor_program::{Card, Fr};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

type Forced = BTreeMap<Index, Fr>;

/// The circuit of a shape, as a forger studies it.
struct Study<'a> {
    shape: &'a SealShape,
    matrices: Matrices,
    /// The argument's two equations and the boundary's last.
    relations: usize,
    folding: usize,
    sum: usize,
    /// Messages that the argument's two equations are settled with.
    free: [usize; 2],
    boolean: BTreeSet<Index>,
    /// Linear equations by variable.
    equations: HashMap<Index, Vec<usize>>,
    hints: BTreeSet<Index>,
}

fn single(row: &[(Index, Fr)]) -> Option<Index> {
    if let [(index, _)] = row { Some(*index) } else { None }
}

fn is_bit(constraint: &Constraint) -> bool {
    constraint.a == constraint.b && constraint.a == constraint.c && single(&constraint.a).is_some()
}

fn is_equation(constraint: &Constraint) -> bool {
    constraint.c.is_empty() && constraint.b == [(0, Fr::one())]
}

impl<'a> Study<'a> {
    fn new(shape: &'a SealShape, witness: &PathWitness<'_>) -> Self {
        let synthesis = synthesize_in(System::forging(true, INPUTS, Forced::new()), shape, witness, None);
        let matrices = synthesis.system.matrices();
        let numbered = || matrices.constraints.iter().enumerate();
        let of = |owner| numbered().filter(move |(_, c)| c.owner == owner && is_equation(c)).map(|(i, _)| i);
        let [relations, folding] = of("argument").collect::<Vec<_>>()[..] else { panic!("two equations") };
        let sum = of("boundary").next_back().unwrap();
        let bits = matrices.constraints.iter().filter(|c| is_bit(c));
        let boolean = bits.filter_map(|c| single(&c.a)).collect();
        let mut equations: HashMap<Index, Vec<usize>> = HashMap::new();
        for (number, constraint) in numbered().filter(|(_, c)| is_equation(c)) {
            for (variable, _) in &constraint.a {
                equations.entry(*variable).or_default().push(number);
            }
        }
        let layout = &shape.layout;
        let sent = layout.linear.iter().filter(|term| !term.reads_input()).count();
        let free = [1 + sent + 3 * layout.rounds, witness.messages.scalars.len() - 3];
        let hints = synthesis.system.hints().into_iter().collect();
        Self { shape, relations, folding, sum, free, boolean, equations, hints, matrices }
    }

    fn run(
        &self,
        base: &PathWitness<'_>,
        forced: &Forced,
        shift: [Fr; 2],
        given: Option<&Fingerprint>,
    ) -> Synthesis {
        let mut witness = base.clone();
        for (position, shift) in self.free.into_iter().zip(shift) {
            witness.messages.scalars[position] += shift;
        }
        synthesize_in(System::forging(false, INPUTS, forced.clone()), self.shape, &witness, given)
    }

    fn row(row: &[(Index, Fr)], assignment: &[Fr]) -> Fr {
        row.iter().map(|(index, factor)| assignment[*index as usize] * factor).sum()
    }

    fn residual(&self, number: usize, assignment: &[Fr]) -> Fr {
        let Constraint { a, b, c, .. } = &self.matrices.constraints[number];
        Self::row(a, assignment) * Self::row(b, assignment) - Self::row(c, assignment)
    }

    /// Runs, and settles the two equations that are not the dropped one.
    fn settled(&self, base: &PathWitness<'_>, forced: &Forced, dropped: usize) -> Synthesis {
        let mut shift = [Fr::zero(); 2];
        let mut done = self.run(base, forced, shift, None);
        for (position, equation) in [self.relations, self.folding].into_iter().enumerate() {
            let at_0 = self.residual(equation, &done.system.assignment());
            if equation == dropped || at_0.is_zero() {
                continue;
            }
            shift[position] = Fr::one();
            let at_1 = self.residual(equation, &self.run(base, forced, shift, None).system.assignment());
            shift[position] = -at_0 * (at_1 - at_0).inverse().expect("a free message moves its equation");
            done = self.run(base, forced, shift, None);
        }
        done
    }

    /// Other values of a variable worth trying.
    fn others(&self, variable: Index, assignment: &[Fr]) -> Vec<Fr> {
        let value = assignment[variable as usize];
        if self.boolean.contains(&variable) {
            vec![Fr::one() - value, Fr::from(2u64), -Fr::one()]
        } else {
            vec![value + Fr::one(), value - Fr::one()]
        }
    }

    fn variables(constraint: &Constraint) -> Vec<Index> {
        let mut seen = BTreeSet::new();
        let rows = constraint.c.iter().chain(&constraint.b).chain(&constraint.a);
        rows.map(|(index, _)| *index)
            .filter(|index| *index > INPUTS as Index && seen.insert(*index))
            .collect()
    }

    /// Sets of wrong values that may violate a constraint alone.
    fn candidates(&self, number: usize, assignment: &[Fr]) -> Vec<Forced> {
        let constraint = &self.matrices.constraints[number];
        let mut candidates = vec![Forced::new()];
        let variables = Self::variables(constraint);
        let ends = variables.iter().take(3).chain(variables.iter().rev().take(3));
        for variable in ends {
            candidates.extend(
                self.others(*variable, assignment).into_iter().map(|other| [(*variable, other)].into()),
            );
        }
        if is_bit(constraint) {
            self.unbalanced(variables[0], assignment, &mut candidates);
        } else if constraint.c.is_empty() && !is_equation(constraint) {
            self.pairs(number, assignment, &mut candidates);
        }
        candidates
    }

    /// A bit of an equation set to what one or two others, flipped, leave over; or a prefix that ends in two.
    fn unbalanced(&self, bit: Index, assignment: &[Fr], candidates: &mut Vec<Forced>) {
        for equation in self.equations.get(&bit).into_iter().flatten() {
            let row = &self.matrices.constraints[*equation].a;
            let factor = row.iter().find(|(index, _)| *index == bit).unwrap().1.inverse().unwrap();
            let mut near: Vec<_> =
                row.iter().filter(|(index, _)| *index != bit && self.boolean.contains(index)).collect();
            near.sort_by_key(|(index, _)| index.abs_diff(bit));
            let flip = |(index, weight): &(Index, Fr)| {
                let flipped = Fr::one() - assignment[*index as usize];
                (*index, flipped, *weight * (flipped - assignment[*index as usize]) * factor)
            };
            let value = assignment[bit as usize];
            let flips: Vec<_> = near.into_iter().take(6).map(flip).collect();
            for (first, other, change) in &flips {
                candidates.push([(bit, value - change), (*first, *other)].into());
            }
            for (i, (first, other, change)) in flips.iter().enumerate() {
                for (second, another, more) in &flips[i + 1..] {
                    candidates
                        .push([(bit, value - change - more), (*first, *other), (*second, *another)].into());
                }
            }
            let length = row.iter().position(|(index, _)| *index == bit).unwrap();
            if let Some(forced) = self.pattern(*equation, |position| match position {
                _ if position + 1 < length => Fr::one(),
                _ if position + 1 == length => Fr::from(2u64),
                _ => Fr::zero(),
            }) {
                candidates.push(forced);
            }
        }
    }

    /// Bits of `sum of bits = count` by position, and the count that fits them.
    fn pattern(&self, equation: usize, value: impl Fn(usize) -> Fr) -> Option<Forced> {
        let row = &self.matrices.constraints[equation].a;
        let (count, bits) = row.split_first()?;
        if self.boolean.contains(&count.0) || !bits.iter().all(|(index, _)| self.boolean.contains(index)) {
            return None;
        }
        let mut forced: Forced = bits.iter().enumerate().map(|(i, (index, _))| (*index, value(i))).collect();
        let total: Fr = bits.iter().map(|(index, weight)| forced[index] * weight).sum();
        forced.insert(count.0, -total * count.1.inverse()?);
        Some(forced)
    }

    /// Products that must be zero: a rise in a prefix, a choice of what is not there, a wrong zero test.
    fn pairs(&self, number: usize, assignment: &[Fr], candidates: &mut Vec<Forced>) {
        let constraint = &self.matrices.constraints[number];
        if let (Some(next), Some(before)) = (single(&constraint.a), constraint.b.last()) {
            for equation in self.equations.get(&next).into_iter().flatten() {
                let row = &self.matrices.constraints[*equation].a;
                let place = |variable: Index| row.iter().position(|(index, _)| *index == variable);
                if let (Some(at), Some(_)) = (place(next), place(before.0)) {
                    // 1 .. 1 0 1 0 .. 0, the count being the row's first variable
                    let shape = |i: usize| if i + 2 < at || i + 1 == at { Fr::one() } else { Fr::zero() };
                    candidates.extend(self.pattern(*equation, shape));
                }
                if row.iter().all(|(index, _)| *index == 0 || self.boolean.contains(index)) {
                    let chosen = row.iter().filter(|(index, _)| *index != 0);
                    candidates.push(
                        chosen.map(|(index, _)| (*index, Fr::from(u64::from(*index == next)))).collect(),
                    );
                }
            }
        }
        if let (Some(zero_bit), Some(before)) = (single(&constraint.b), number.checked_sub(1)) {
            let inverse = &self.matrices.constraints[before];
            if inverse.a == constraint.a
                && let Some(inverse) = single(&inverse.b)
            {
                let flipped = Fr::one() - assignment[zero_bit as usize];
                candidates.push([(zero_bit, flipped), (inverse, Fr::zero())].into());
            }
        }
    }

    /// A choice that another equation notices: the prover's data, on which that equation depends, follow it.
    fn repaired(
        &self,
        forced: &Forced,
        violated: &[usize],
        assignment: &[Fr],
        honest: &[Fr],
    ) -> Option<Forced> {
        let equation = violated.iter().find(|number| is_equation(&self.matrices.constraints[**number]))?;
        let row = &self.matrices.constraints[*equation].a;
        let residual = Self::row(row, assignment);
        // one bit of the equation that makes up for it
        let flip = |(index, weight): &&(Index, Fr)| {
            let value = assignment[*index as usize];
            self.boolean.contains(index) && (Fr::one() - value.double()) * weight == -residual
        };
        if let Some((bit, _)) = row.iter().find(flip) {
            let mut repaired = forced.clone();
            repaired.insert(*bit, Fr::one() - assignment[*bit as usize]);
            return Some(repaired);
        }
        let (data, weight) =
            row.iter().find(|(index, _)| *index > INPUTS as Index && !self.hints.contains(index))?;
        let mut repaired = forced.clone();
        // what the prover looked up stays where it was
        let near = row.iter().map(|(index, _)| *index).filter(|index| index != data).min()?;
        for hint in
            self.hints.range(near.saturating_sub(12)..near + 12).filter(|hint| self.boolean.contains(hint))
        {
            repaired.entry(*hint).or_insert(honest[*hint as usize]);
        }
        repaired.insert(*data, assignment[*data as usize] - residual * weight.inverse()?);
        Some(repaired)
    }

    /// Whether some forgery on this base violates exactly this constraint.
    fn forged_on(&self, number: usize, base: &Base<'_>) -> bool {
        let Base { witness: base, assignment: honest, violated: by_itself, .. } = base;
        let tunable = |violated: &usize| *violated != self.relations && *violated != self.folding;
        let only = |forced: &Forced| -> (bool, Synthesis) {
            let run = self.run(base, forced, [Fr::zero(); 2], None);
            let violated: Vec<usize> = run.system.violated();
            let promising = violated.iter().filter(|v| tunable(v)).all(|v| *v == number);
            if !promising || !(violated.contains(&number) || [self.relations, self.folding].contains(&number))
            {
                return (false, run);
            }
            // every eighth forgery is finished; the two equations have a free message each, whatever the others are
            if !number.is_multiple_of(8) && tunable(&number) {
                return (true, run);
            }
            let settled = self.settled(base, forced, number);
            (settled.system.violated() == [number], settled)
        };
        // What the base violates without any lie is known; run again only if that may be this constraint alone.
        let is_other = |violated: &usize| tunable(violated) && *violated != number;
        let hopeless = by_itself.is_empty() || by_itself.iter().filter(|v| is_other(v)).count() > 2;
        for forced in self.candidates(number, honest) {
            if forced.is_empty() && hopeless {
                continue;
            }
            let (success, run) = only(&forced);
            if success {
                return true;
            }
            let violated: Vec<usize> =
                run.system.violated().into_iter().filter(|v| tunable(v) && *v != number).collect();
            if violated.len() <= 2
                && let Some(repaired) = self.repaired(&forced, &violated, &run.system.assignment(), honest)
                && only(&repaired).0
            {
                return true;
            }
        }
        false
    }

    /// Forgeries of the boundary: the outside is told another vector.
    fn told_otherwise(&self, number: usize, base: &Base<'_>) -> bool {
        let violated = |fingerprint: &Fingerprint, forced: &Forced| {
            let run = self.run(&base.witness, forced, [Fr::zero(); 2], Some(fingerprint));
            (run.system.violated(), self.residual(self.sum, &run.system.assignment()))
        };
        let Boundary(x) = &base.boundary;
        let mut told = Boundary(x.clone());
        told.0[10] += Fr::one();
        // another H for the same vector, another vector for the same H
        let attempts = [base.boundary.fingerprint(base.digest + Fr::one()), told.fingerprint(base.digest)];
        if attempts.iter().any(|fingerprint| violated(fingerprint, &Forced::new()).0 == [number]) {
            return true;
        }
        let Some(product) = single(&self.matrices.constraints[number].c) else { return false };
        let value = base.assignment[product as usize];
        let fingerprint = told.fingerprint(base.digest);
        let at = |shift: Fr| violated(&fingerprint, &[(product, value + shift)].into()).1;
        // the product under the rho of the lie, then moved by what the sum lacks
        let (zero, one) = (at(Fr::zero()), at(Fr::one()));
        let Some(slope) = (one - zero).inverse() else { return false };
        violated(&fingerprint, &[(product, value - zero * slope)].into()).0 == [number]
    }

    /// Whether some forgery is accepted once this constraint is dropped.
    fn forged(&self, number: usize, bases: &[Base<'_>]) -> bool {
        let boundary = self.matrices.constraints[number].owner == "boundary";
        (boundary && self.told_otherwise(number, &bases[0]))
            || bases.iter().any(|base| self.forged_on(number, base))
    }

    /// The bases with what an honest prover makes of them.
    fn bases<'b>(&self, witnesses: Vec<PathWitness<'b>>) -> Vec<Base<'b>> {
        let honest = |witness: PathWitness<'b>| {
            let run = self.run(&witness, &Forced::new(), [Fr::zero(); 2], None);
            let violated = run.system.violated();
            let assignment = run.system.assignment();
            Base { witness, assignment, boundary: run.boundary, digest: run.digest, violated }
        };
        witnesses.into_iter().map(honest).collect()
    }

    /// Every constraint's name: owner and number within the owner.
    fn names(&self) -> Vec<String> {
        let mut seen = BTreeMap::<&str, usize>::new();
        let name = |constraint: &Constraint| {
            let place = seen.entry(constraint.owner).or_default();
            *place += 1;
            format!("{} {}", constraint.owner, *place - 1)
        };
        self.matrices.constraints.iter().map(name).collect()
    }

    /// Drops the constraints of these numbers in turn. None may be left that is neither forged nor listed, or both.
    fn drop_all(&self, numbers: &[usize], bases: &[Base<'_>], listed: &BTreeSet<String>) {
        let names = self.names();
        let wrong: Vec<&String> = numbers
            .par_iter()
            .filter(|number| self.forged(**number, bases) == listed.contains(&names[**number]))
            .map(|number| &names[*number])
            .inspect(|name| println!("{name}: forged and listed, or neither"))
            .collect();
        println!("{} constraints dropped, {} wrong", numbers.len(), wrong.len());
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

/// A witness that forgeries start from, and what an honest prover makes of it.
struct Base<'a> {
    witness: PathWitness<'a>,
    assignment: Vec<Fr>,
    boundary: Boundary,
    digest: Fr,
    violated: Vec<usize>,
}

/// The path's state before, with these registers.
fn state(path: &PathWitness<'_>, registers: [i64; 4]) -> State {
    State { registers: registers.to_vec(), ..path.state_before.clone() }
}

/// Cards and what the records are changed to: between them, every test and comparison goes either way.
fn bases<'a>(cards: &'a [Card], path: &PathWitness<'a>) -> Vec<PathWitness<'a>> {
    let mut bases = vec![path.clone()];
    let mut random = Random(31);
    for card in cards {
        let mut witness = PathWitness { card, ..path.clone() };
        for record in &mut witness.records {
            // equal and small outputs, in every padded place
            record.outputs = (0..4).map(|_| 100 + (random.next_u64() % 3) as u16 * 50).collect();
        }
        bases.push(PathWitness { state_before: state(path, [i64::MAX; 4]), ..witness.clone() });
        bases.push(witness);
    }
    for card in cards.iter().filter(|card| (0..4).contains(&card.head.actions().len())) {
        let mut witness = PathWitness { card, ..path.clone() };
        for record in &mut witness.records {
            record.outputs = card.head.actions().iter().map(|_| 10).collect();
        }
        bases.push(witness);
    }
    for place in 0..4 {
        let mut witness = path.clone();
        for record in &mut witness.records {
            record.outputs = (0..4).map(|i| if i == place { 5 } else { 0 }).collect();
        }
        bases.push(witness);
    }
    // elapsed times missing, sums that overflow, facts that are equal
    for registers in [[i64::MAX; 4], [i64::MIN; 4], [0; 4], [1_000; 4]] {
        bases.push(PathWitness { state_before: state(path, registers), ..path.clone() });
    }
    // every window ended
    let mut later = path.clone();
    later.records.iter_mut().for_each(|record| record.time += 1_000_000);
    bases.push(later);
    bases.push(PathWitness { records: Vec::new(), ..path.clone() });
    bases.push(PathWitness { records: vec![path.records[0].clone()], ..path.clone() });
    bases
}

fn cards(card: &Card) -> Vec<Card> {
    let actions = |count: usize| {
        let action = |i: usize| ActionTemplate {
            name: format!("a{i}"),
            abstain: i == 3,
            amount: if i == 3 { 0 } else { 7 },
            asset: 2,
            venue: 3,
        };
        Head::ArgMax { actions: (0..count).map(action).collect(), assets: Vec::new(), venues: Vec::new() }
    };
    let mut cards = Vec::new();
    // registers that change by much and overflow, or begin with what they are not
    for update in [Update::Add, Update::Set, Update::Reset] {
        let mut card = card.clone();
        card.head = actions(4);
        for (number, register) in (0..).zip(&mut card.registers) {
            (register.window, register.when) = (None, (update != Update::Add).then_some(number));
            (register.source, register.initial) = (Operand::Constant(1 << 40), -9);
            (register.on_execute, register.on_deny, register.on_abstain) = (update, update, update);
        }
        cards.push(card);
    }
    for count in [4, 4, 4, 4, 0, 1, 2, 3] {
        let mut card = card.clone();
        card.head = actions(count);
        cards.push(card);
    }
    // a full table that lacks facts, that never matches, that always does, whose sides differ
    for (fact, comparison, operand) in [
        (Fact::Elapsed(0), Comparison::Equal, Operand::from(Fact::Elapsed(0))),
        (Fact::ActionCode, Comparison::Less, Fact::ActionCode.into()),
        (Fact::Time, Comparison::Equal, Fact::Time.into()),
        (Fact::Time, Comparison::Equal, Operand::Constant(5)),
    ] {
        let mut card = card.clone();
        card.head = actions(4);
        card.policy.predicates = vec![Predicate { fact, comparison, operand }; 16];
        let rule = |i: usize| Rule {
            name: String::new(),
            effect: if i < 8 { Effect::Forbid } else { Effect::Permit },
            all_of: 1 << i,
            none_of: 0,
            reason: 16,
        };
        card.policy.rules = (0..16).map(rule).collect();
        cards.push(card);
    }
    cards
}

/// Listed constraints: `owner number-within-the-owner`, then a reason.
fn listed(file: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split(": ").next().unwrap().to_owned())
        .collect()
}

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
}

#[test]
fn every_constraint_is_needed() {
    let agent = Agent::small();
    let records = agent.records(2);
    let bundle = agent.bundle(&records, 0, 1);
    let (shape, path) = agent.path(&bundle);
    let study = Study::new(&shape, &path.witness);
    let cards = cards(&agent.program.card);
    let bases = study.bases(bases(&cards, &path.witness));
    assert!(bases[0].violated.is_empty());
    let stride = number("CANDOR_STRIDE", if full() { 1 } else { 307 });
    let offset = number("CANDOR_OFFSET", 0);
    let owner = std::env::var("CANDOR_OWNER").ok();
    let constraints = study.matrices.constraints.iter().enumerate();
    let numbers: Vec<usize> = constraints
        .filter(|(number, _)| number % stride == offset % stride)
        .filter(|(_, constraint)| owner.as_ref().is_none_or(|owner| owner == constraint.owner))
        .map(|(number, _)| number)
        .collect();
    study.drop_all(&numbers, &bases, &listed("seal_redundant.txt"));
}

/// Of every part of the S&P 500 class as many constraints as its share, at least a twentieth of all.
#[test]
fn a_sample_of_the_large_class_is_needed() {
    let agent = Agent::new(LARGE, 10, enrich);
    let records = agent.records(1);
    let bundle = agent.bundle(&records, 0, 0);
    let (shape, path) = agent.path(&bundle);
    let study = Study::new(&shape, &path.witness);
    let cards = cards(&agent.program.card);
    let bases = study.bases(bases(&cards, &path.witness));
    assert!(bases[0].violated.is_empty());
    let sample = number("CANDOR_SAMPLE", cases(60, 2_000));
    let total = study.matrices.constraints.len();
    let mut parts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, constraint) in study.matrices.constraints.iter().enumerate() {
        parts.entry(constraint.owner).or_default().push(number);
    }
    let mut random = Random(number("CANDOR_OFFSET", 53) as u64);
    let mut numbers = Vec::new();
    for part in parts.values() {
        let wanted = (sample * part.len()).div_ceil(total).max(sample / 20).min(part.len());
        let mut left = part.clone();
        for _ in 0..wanted {
            numbers.push(left.swap_remove((random.next_u64() % left.len() as u64) as usize));
        }
    }
    study.drop_all(&numbers, &bases, &listed("seal_redundant_large.txt"));
}
