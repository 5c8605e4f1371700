//! What is wrong with a policy on its own: each finding is proven for all requests, or shown by an example.

use super::STEPS;
use super::space::{Side, Space};
use super::verdict::{Ending, Found, bits};
use candor_program::card::Card;
use candor_program::explain::Request;
use candor_program::limits;
use candor_program::policy::{Effect, Fact, Predicate};
use candor_program::transaction::ArgumentSource;
use std::collections::{BTreeMap, BTreeSet};

/// Something about a policy that its author should know.
#[derive(Clone, PartialEq, Debug)]
pub enum Finding {
    /// No request of any action meets the rule's conditions. Proven.
    NeverMatches {
        /// Index of the rule.
        rule: u8,
    },
    /// The rule's conditions can be met, but where they are, another rule decides. Proven.
    NeverDecides {
        /// Index of the rule.
        rule: u8,
        /// One rule that always decides before it; `None`: several together.
        before: Option<u8>,
    },
    /// No request for the action is permitted. Proven.
    NeverPermitted {
        /// Code of the action.
        action: u16,
    },
    /// No rule and no register looks at the predicate.
    PredicateUnused {
        /// Index of the predicate.
        predicate: u8,
    },
    /// No rule, register, argument or other slot looks at the slot.
    SlotUnused {
        /// Index of the slot.
        slot: u16,
    },
    /// Where there is no valid statement for the slot, every action is denied, for one rule looks at it and it has no
    /// default. The example was judged.
    AbsenceDenies {
        /// Index of the slot.
        slot: u16,
        /// The first rule that looks at it.
        rule: u8,
        /// Such a request.
        example: Box<Request>,
    },
    /// Whether it is so could be neither proven nor shown.
    Undecided {
        /// The question.
        question: Question,
    },
}

/// What can remain open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Question {
    /// Whether a rule ever matches.
    Matches {
        /// Index of the rule.
        rule: u8,
    },
    /// Whether a rule ever decides.
    Decides {
        /// Index of the rule.
        rule: u8,
    },
    /// Whether an action is ever permitted.
    Permitted {
        /// Code of the action.
        action: u16,
    },
}

/// What [`check`] found out.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Checked {
    /// Findings, those about rules first.
    pub findings: Vec<Finding>,
    /// An example for every rule that decides, in the order of rules; judged.
    pub decided: BTreeMap<u8, Request>,
}

/// Checks a policy: rules that never match or never decide, actions that nobody permits, and what is not used.
///
/// Requests are all those that the model can make at any time in any state, whether records reach that state or not.
/// Owes: [`Card::validate`].
#[must_use]
pub fn check(card: &Card) -> Checked {
    let fixed = BTreeMap::new();
    let codes = 0_u16..card.head.actions().len() as u16;
    let acting = codes.zip(card.head.actions()).filter(|(_, action)| !action.abstain);
    let mut asked: Vec<Asked<'_>> = acting
        .map(|(code, _)| Asked { side: Side::new(card, code, &fixed, ""), space: Space::default() })
        .collect();
    let mut checked = Checked::default();
    for (rule, declared) in (0_u8..).zip(card.policy.rules.iter().take(limits::RULES)) {
        let ending = match declared.effect {
            Effect::Permit => Ending::Permitted { rule },
            Effect::Forbid => Ending::Forbidden { rule },
        };
        match over(&mut asked, |asked| asked.ends(ending)) {
            Found::Example(request) => {
                checked.decided.insert(rule, request);
                continue;
            }
            decides => {
                let matches = over(&mut asked, |asked| asked.matches(rule));
                let question = match (&matches, &decides) {
                    (Found::Nothing, _) => None,
                    (Found::Unknown, Found::Unknown) => Some(Question::Matches { rule }),
                    (_, Found::Unknown) => Some(Question::Decides { rule }),
                    _ => None,
                };
                checked.findings.push(match (matches, question) {
                    (Found::Nothing, _) => Finding::NeverMatches { rule },
                    (_, Some(question)) => Finding::Undecided { question },
                    _ => Finding::NeverDecides { rule, before: before(card, &mut asked, rule) },
                });
            }
        }
    }
    for asked in &mut asked {
        let permits = asked.side.endings().into_iter().filter(|ending| ending.permits());
        let mut permitted = Found::Nothing;
        for ending in permits {
            match asked.ends(ending) {
                Found::Example(request) => {
                    permitted = Found::Example(request);
                    break;
                }
                Found::Unknown => permitted = Found::Unknown,
                Found::Nothing => {}
            }
        }
        let action = asked.side.action;
        match permitted {
            Found::Example(_) => {}
            Found::Nothing => checked.findings.push(Finding::NeverPermitted { action }),
            Found::Unknown => {
                let question = Question::Permitted { action };
                checked.findings.push(Finding::Undecided { question });
            }
        }
    }
    unused(card, &mut checked.findings);
    absences(card, &mut asked, &mut checked.findings);
    checked
}

/// Requests for one action.
struct Asked<'a> {
    side: Side<'a>,
    space: Space,
}

impl Asked<'_> {
    fn ends(&mut self, ending: Ending) -> Found<Request> {
        self.side.ends(&mut self.space, ending, &mut STEPS.clone())
    }

    fn matches(&mut self, rule: u8) -> Found<Request> {
        let Some(declared) = self.side.card.policy.rules.get(usize::from(rule)) else {
            return Found::Nothing;
        };
        let mut clauses = self.side.given(&mut self.space);
        clauses.extend(self.side.matches(&mut self.space, declared));
        self.side.example(&mut self.space, &clauses, &mut STEPS.clone(), |judged| {
            !judged.evaluation.lacks(declared) && judged.evaluation.matches(declared)
        })
    }

    /// Whether there is a request that both rules could decide on but for which only the first matches.
    fn without(&mut self, rule: u8, other: u8) -> Found<Request> {
        let rules = &self.side.card.policy.rules;
        let pair = rules.get(usize::from(rule)).zip(rules.get(usize::from(other)));
        let Some((rule, other)) = pair else { return Found::Nothing };
        let mut clauses = self.side.given(&mut self.space);
        clauses.extend(self.side.complete(&mut self.space, rules));
        clauses.extend(self.side.matches(&mut self.space, rule));
        clauses.push(self.side.differs(&mut self.space, other));
        let confirms = |judged: &candor_program::decision::Assessment| {
            judged.evaluation.matches(rule) && !judged.evaluation.matches(other)
        };
        self.side.example(&mut self.space, &clauses, &mut STEPS.clone(), confirms)
    }
}

/// An example for any action; nothing if there is none for all of them.
fn over<'a>(
    asked: &mut [Asked<'a>],
    mut ask: impl FnMut(&mut Asked<'a>) -> Found<Request>,
) -> Found<Request> {
    let mut result = Found::Nothing;
    for one in asked {
        match ask(one) {
            Found::Nothing => {}
            Found::Unknown => result = Found::Unknown,
            example => return example,
        }
    }
    result
}

/// One rule that decides wherever another would.
fn before(card: &Card, asked: &mut [Asked<'_>], rule: u8) -> Option<u8> {
    let declared = card.policy.rules.get(usize::from(rule))?;
    let others = (0_u8..).zip(card.policy.rules.iter().take(limits::RULES));
    let mut earlier = others.filter(|(index, other)| match (other.effect, declared.effect) {
        (Effect::Forbid, Effect::Permit) => true,
        (Effect::Permit, Effect::Forbid) => false,
        _ => *index < rule,
    });
    earlier
        .find(|(other, _)| over(asked, |one| one.without(rule, *other)) == Found::Nothing)
        .map(|(other, _)| other)
}

fn unused(card: &Card, findings: &mut Vec<Finding>) {
    let rules = card.policy.rules.iter().take(limits::RULES);
    let mut used = rules.fold(0, |used, rule| used | rule.all_of | rule.none_of);
    for register in &card.registers {
        used |= register.when.map_or(0, |when| 1_u64.checked_shl(when.into()).unwrap_or(0));
    }
    let predicates = card.policy.predicates.len().min(limits::RULES) as u8;
    let idle = (0..predicates).filter(|index| used >> index & 1 == 0);
    findings.extend(idle.map(|predicate| Finding::PredicateUnused { predicate }));
    let looked_at = bits(used).filter_map(|index| card.policy.predicates.get(usize::from(index)));
    let registers = card.registers.iter().filter_map(|register| register.source.fact());
    let arguments = card.transaction.arguments.iter().filter_map(|argument| match argument.source {
        ArgumentSource::Fact { fact, .. } => Some(fact),
        ArgumentSource::Constant(_) => None,
    });
    let facts = looked_at.flat_map(Predicate::facts).chain(registers).chain(arguments);
    let mut slots: BTreeSet<u16> = facts
        .filter_map(|fact| match fact {
            Fact::Evidence(slot) | Fact::Present(slot) | Fact::Issued(slot) => Some(slot),
            _ => None,
        })
        .collect();
    slots.extend(card.evidence.iter().filter_map(|slot| slot.revoked_by.map(u16::from)));
    let all = 0..card.evidence.len() as u16;
    let idle = all.filter(|slot| !slots.contains(slot));
    findings.extend(idle.map(|slot| Finding::SlotUnused { slot }));
}

/// Slots without which nothing is permitted.
fn absences(card: &Card, asked: &mut [Asked<'_>], findings: &mut Vec<Finding>) {
    for slot in 0..card.evidence.len() as u16 {
        let needed = |index: u8| {
            let predicate = card.policy.predicates.get(usize::from(index));
            let mut facts = predicate.into_iter().flat_map(Predicate::facts);
            let default = card.evidence.get(usize::from(slot)).and_then(|slot| slot.default);
            facts.any(|fact| match fact {
                Fact::Evidence(of) => of == slot && default.is_none(),
                Fact::Issued(of) => of == slot,
                _ => false,
            })
        };
        let mut rules = (0_u8..).zip(card.policy.rules.iter().take(limits::RULES));
        let Some((rule, _)) = rules.find(|(_, rule)| bits(rule.all_of | rule.none_of).any(needed)) else {
            continue;
        };
        let example = over(asked, |one| {
            let mut clauses = one.side.given(&mut one.space);
            clauses.push(one.side.missing(&mut one.space, Fact::Issued(slot)));
            one.side.example(&mut one.space, &clauses, &mut STEPS.clone(), |judged| {
                matches!(Ending::of(judged), Some(Ending::Lacking { .. }))
            })
        });
        if let Found::Example(example) = example {
            findings.push(Finding::AbsenceDenies { slot, rule, example: Box::new(example) });
        }
    }
}
