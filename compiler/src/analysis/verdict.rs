//! Every way that a judgement can end, as clauses, and an example of it that the evaluator confirms.

use super::difference::{Answer, Clause, solve};
use super::space::{Side, Space, Wanted};
use candor_program::decision::Assessment;
use candor_program::explain::Request;
use candor_program::limits;
use candor_program::policy::{Effect, Outcome, Rule, reason};

/// How the policy's judgement about an action ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Ending {
    /// A permit decides.
    Permitted {
        /// Its index.
        rule: u8,
    },
    /// A forbid decides.
    Forbidden {
        /// Its index.
        rule: u8,
    },
    /// No rule matches.
    Unmatched,
    /// A rule looks at a fact that is missing.
    Lacking {
        /// The first such rule.
        rule: u8,
    },
    /// A permit decides, but an execution would leave a register without a value.
    Untold,
}

impl Ending {
    /// How an assessment of an action that acts ended.
    #[must_use]
    pub fn of(assessment: &Assessment) -> Option<Self> {
        let verdict = assessment.verdict;
        match (verdict.outcome, verdict.rule) {
            (Outcome::Abstained, _) => None,
            (Outcome::Permitted, rule) => Some(Self::Permitted { rule: rule? }),
            (Outcome::Denied, Some(rule)) if verdict.reason == reason::COULD_NOT_EVALUATE => {
                Some(Self::Lacking { rule })
            }
            (Outcome::Denied, Some(rule)) => Some(Self::Forbidden { rule }),
            (Outcome::Denied, None) if verdict.reason == reason::DEFAULT_DENY => Some(Self::Unmatched),
            (Outcome::Denied, None) => Some(Self::Untold),
        }
    }

    /// Whether the action is executed.
    #[must_use]
    pub fn permits(self) -> bool {
        matches!(self, Self::Permitted { .. })
    }

    /// The rule that decides.
    #[must_use]
    pub fn rule(self) -> Option<u8> {
        match self {
            Self::Permitted { rule } | Self::Forbidden { rule } | Self::Lacking { rule } => Some(rule),
            Self::Unmatched | Self::Untold => None,
        }
    }
}

/// What came of a question about requests.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Found<T> {
    /// There is one: judged, and so it is.
    Example(T),
    /// There is none: proven.
    Nothing,
    /// Neither was shown.
    Unknown,
}

impl Side<'_> {
    pub(super) fn rules(&self) -> impl Iterator<Item = (u8, &Rule)> {
        (0..).zip(self.card.policy.rules.iter().take(limits::RULES))
    }

    /// All endings that this table can have by its form.
    pub(super) fn endings(&self) -> Vec<Ending> {
        let mut endings: Vec<Ending> = self
            .rules()
            .map(|(rule, declared)| match declared.effect {
                Effect::Permit => Ending::Permitted { rule },
                Effect::Forbid => Ending::Forbidden { rule },
            })
            .collect();
        endings.extend(self.rules().map(|(rule, _)| Ending::Lacking { rule }));
        endings.extend([Ending::Unmatched, Ending::Untold]);
        endings
    }

    /// The rule matches.
    pub(super) fn matches(&mut self, space: &mut Space, rule: &Rule) -> Vec<Clause> {
        let mut clauses = Vec::new();
        for index in bits(rule.all_of) {
            clauses.push(self.literal(space, index, Wanted::Holds));
        }
        for index in bits(rule.none_of) {
            clauses.push(self.literal(space, index, Wanted::Fails));
        }
        clauses
    }

    /// The rule does not match, all its facts being there.
    pub(super) fn differs(&mut self, space: &mut Space, rule: &Rule) -> Clause {
        let mut ways = Vec::new();
        for index in bits(rule.all_of) {
            ways.extend(self.literal(space, index, Wanted::Fails));
        }
        for index in bits(rule.none_of) {
            ways.extend(self.literal(space, index, Wanted::Holds));
        }
        ways
    }

    /// No rule among the first ones looks at a fact that is missing.
    pub(super) fn complete(&mut self, space: &mut Space, rules: &[Rule]) -> Vec<Clause> {
        let used = rules.iter().fold(0, |used, rule| used | rule.all_of | rule.none_of);
        bits(used).map(|index| self.literal(space, index, Wanted::Present)).collect()
    }

    /// What requests that end so satisfy; several lists where there are several ways.
    pub(super) fn clauses(&mut self, space: &mut Space, ending: Ending) -> Vec<Vec<Clause>> {
        let all = &self.card.policy.rules;
        let rules = all.get(..limits::RULES).unwrap_or(all);
        let effect = |effect: Effect| rules.iter().enumerate().filter(move |(_, rule)| rule.effect == effect);
        let given = self.given(space);
        if let Ending::Lacking { rule } = ending {
            let (before, from) = rules.split_at(usize::from(rule).min(rules.len()));
            let Some(rule) = from.first() else { return Vec::new() };
            let mut clauses = given;
            clauses.extend(self.complete(space, before));
            let used = bits(rule.all_of | rule.none_of);
            clauses.push(used.flat_map(|index| self.literal(space, index, Wanted::Missing)).collect());
            return vec![clauses];
        }
        let mut clauses = given;
        clauses.extend(self.complete(space, rules));
        if let Ending::Forbidden { rule: decides } = ending {
            for (index, rule) in
                effect(Effect::Forbid).take_while(|(index, _)| *index <= usize::from(decides))
            {
                if index == usize::from(decides) {
                    clauses.extend(self.matches(space, rule));
                } else {
                    clauses.push(self.differs(space, rule));
                }
            }
            return vec![clauses];
        }
        for (_, rule) in effect(Effect::Forbid) {
            clauses.push(self.differs(space, rule));
        }
        let registers = 0..self.card.registers.len() as u16;
        match ending {
            Ending::Unmatched => {
                for (_, rule) in effect(Effect::Permit) {
                    clauses.push(self.differs(space, rule));
                }
                vec![clauses]
            }
            Ending::Untold => {
                clauses.push(
                    registers.flat_map(|register| self.after_is(space, register, Wanted::Missing)).collect(),
                );
                let permits = effect(Effect::Permit).map(|(_, rule)| {
                    let mut clauses = clauses.clone();
                    clauses.extend(self.matches(space, rule));
                    clauses
                });
                permits.collect()
            }
            _ => {
                clauses.extend(registers.map(|register| self.after_is(space, register, Wanted::Present)));
                for (index, rule) in effect(Effect::Permit) {
                    match Some(index).cmp(&ending.rule().map(usize::from)) {
                        std::cmp::Ordering::Less => clauses.push(self.differs(space, rule)),
                        std::cmp::Ordering::Equal => clauses.extend(self.matches(space, rule)),
                        std::cmp::Ordering::Greater => {}
                    }
                }
                vec![clauses]
            }
        }
    }

    /// A request that satisfies the clauses and, judged, the condition.
    pub(super) fn example(
        &self,
        space: &mut Space,
        clauses: &[Clause],
        steps: &mut usize,
        confirms: impl Fn(&Assessment) -> bool,
    ) -> Found<Request> {
        match solve(&space.variables, clauses, steps) {
            Answer::Nothing => Found::Nothing,
            Answer::Exhausted => Found::Unknown,
            Answer::Values(solutions) => {
                let mut requests = solutions.iter().filter_map(|values| self.request(space, values));
                let confirmed =
                    requests.find(|request| request.assess(self.card).is_ok_and(|judged| confirms(&judged)));
                confirmed.map_or(Found::Unknown, Found::Example)
            }
        }
    }

    /// A request that ends so.
    pub(super) fn ends(&mut self, space: &mut Space, ending: Ending, steps: &mut usize) -> Found<Request> {
        let mut unknown = false;
        for clauses in self.clauses(space, ending) {
            match self.example(space, &clauses, steps, |judged| Ending::of(judged) == Some(ending)) {
                Found::Nothing => {}
                Found::Unknown => unknown = true,
                example => return example,
            }
        }
        if unknown { Found::Unknown } else { Found::Nothing }
    }
}

/// The indices of the bits that are set.
pub(super) fn bits(mask: u64) -> impl Iterator<Item = u8> + Clone {
    (0..64).filter(move |bit| mask >> bit & 1 == 1)
}
