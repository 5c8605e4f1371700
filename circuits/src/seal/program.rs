//! The program as wires: everything that program_fr covers, bound by its digest (docs/spec/digests.md).

use super::gadget::{bit, bits, compose, one, power, prefix, range, sum, zero};
use super::system::{System, Wire};
use crate::statement::{AffineData, ProgramData};
use candor_program::arith::Arith;
use candor_program::class::{Class, OperatorClass, TermClass};
use candor_program::encoding::{fr_from_bytes_mod, fr_from_i64};
use candor_program::head::Head;
use candor_program::operator::{Operator, Term};
use candor_program::policy::{Comparison, Effect, Fact, Operand};
use candor_program::state::Update;
use candor_program::{Card, Fr, digest, poseidon};

/// What an output index stands for.
pub(super) struct ActionWires {
    pub(super) abstain: Wire,
    /// Amount plus 2^63.
    pub(super) amount: Wire,
    /// Whether the action exists.
    pub(super) valid: Wire,
}

/// One predicate.
pub(super) struct PredicateWires {
    /// Unit vector over the six comparisons.
    pub(super) comparison: Vec<Wire>,
    pub(super) is_fact: Wire,
    /// Kind and index of the left side, `kind + 2^8 index`.
    pub(super) left: Wire,
    /// Kind and index of the right side.
    pub(super) right: Wire,
    /// Base of the right side minus base of the left, signed.
    pub(super) difference: Wire,
}

/// One rule.
pub(super) struct RuleWires {
    pub(super) forbid: Wire,
    pub(super) reason: Wire,
    pub(super) all_of: Vec<Wire>,
    pub(super) none_of: Vec<Wire>,
    pub(super) valid: Wire,
}

/// How one register changes on execution: unit vector over keep, time, add amount, increment.
pub(super) struct RegisterWires {
    pub(super) update: Vec<Wire>,
}

/// The program.
pub(super) struct ProgramWires {
    pub(super) data: ProgramData<Wire>,
    pub(super) feature_count: Wire,
    pub(super) spans: Vec<Wire>,
    pub(super) actions: Vec<ActionWires>,
    pub(super) predicates: Vec<PredicateWires>,
    pub(super) rules: Vec<RuleWires>,
    pub(super) registers: Vec<RegisterWires>,
}

fn fact_code(fact: Fact) -> u64 {
    let (kind, index) = match fact {
        Fact::ActionCode => (0, 0),
        Fact::ActionAmount => (1, 0),
        Fact::Time => (2, 0),
        Fact::Sequence => (3, 0),
        Fact::Feature(index) => (4, index),
        Fact::Register(index) => (5, index),
        Fact::Elapsed(index) => (6, index),
    };
    kind + (u64::from(index) << 8)
}

fn base(card: &Card, fact: Fact) -> i128 {
    match fact {
        Fact::Feature(index) => card.features.get(usize::from(index)).map_or(0, |feature| feature.min.into()),
        _ => 0,
    }
}

fn unsigned(value: i64) -> u64 {
    value.wrapping_sub(i64::MIN) as u64
}

/// Reads a program into wires and binds it to program_fr, which it also gives.
pub(super) fn program(system: &System, card: &Card, model_id: [Wire; 2]) -> ProgramWires {
    system.enter("program");
    let reader = Reader { system, card };
    let (operators, operators_digest) = reader.operators();
    let (feature_count, spans, spans_digest) = reader.spans();
    let (actions, head_digest) = reader.actions();
    let (registers, registers_digest) = reader.registers();
    let (predicates, predicates_digest) = reader.predicates();
    let (rules, rules_digest) = reader.rules();
    let parts =
        [operators_digest, spans_digest, head_digest, registers_digest, predicates_digest, rules_digest];
    let class_digest = Wire::constant(fr_from_bytes_mod(&digest::class_digest(&card.class)));
    let program_fr = poseidon::hash("cd.prog", &parts);
    let data = ProgramData { class_digest, model_id, program_fr, operators };
    ProgramWires { data, feature_count, spans, actions, predicates, rules, registers }
}

struct Reader<'a> {
    system: &'a System,
    card: &'a Card,
}

impl Reader<'_> {
    fn class(&self) -> &Class {
        &self.card.class
    }

    fn witness(&self, value: u128) -> Wire {
        self.system.witness(Fr::from(value))
    }

    fn signed(&self, value: i64) -> Wire {
        self.system.witness(fr_from_i64(value))
    }

    fn operators(&self) -> (Vec<AffineData<Wire>>, Wire) {
        let (mut list, mut data) = (Vec::new(), Vec::new());
        for (class, operator) in self.class().operators.iter().zip(&self.card.operators) {
            let (OperatorClass::Affine { terms, .. }, Operator::Affine(affine)) = (class, operator);
            let multiplier = self.witness(affine.rescale.multiplier.into());
            let low = self.signed(affine.rescale.low.into());
            let mut coefficients = Vec::new();
            for (class, term) in terms.iter().zip(&affine.terms) {
                if let (TermClass::Scaled { .. }, Term::Scaled { coefficient, .. }) = (class, term) {
                    coefficients.push(self.signed((*coefficient).into()));
                }
            }
            list.extend([self.witness(affine.width.into()), multiplier.clone(), low.clone()]);
            list.extend(coefficients.iter().cloned());
            data.push(AffineData { multiplier, low, coefficients });
        }
        (data, poseidon::hash("cd.oper", &list))
    }

    fn spans(&self) -> (Wire, Vec<Wire>, Wire) {
        let count = self.witness(self.card.features.len() as u128);
        let mut values: Vec<u64> = self.card.features.iter().map(|feature| feature.span()).collect();
        values.resize(1 << self.class().input_log2, 0);
        let spans: Vec<Wire> = values
            .into_iter()
            .map(|value| {
                let span = self.witness(value.into());
                range(self.system, &span, 16);
                span
            })
            .collect();
        let mut list = vec![count.clone()];
        list.extend(pack(&spans, 16, 15));
        (count, spans, poseidon::hash("cd.span", &list))
    }

    fn actions(&self) -> (Vec<ActionWires>, Wire) {
        let Head::ArgMax { actions } = &self.card.head;
        let length = 1usize << self.class().operators.last().map_or(0, OperatorClass::output_log2);
        let count = self.witness(actions.len() as u128);
        let valid = prefix(self.system, &count, length);
        let mut list = vec![count];
        let mut wires = Vec::new();
        for (index, valid) in valid.into_iter().enumerate() {
            let action = actions.get(index);
            let abstain = bit(self.system, action.is_some_and(|action| action.abstain));
            let amount = self.witness(action.map_or(0, |action| unsigned(action.amount)).into());
            range(self.system, &amount, 64);
            list.push(abstain.plus(&amount).plus(&amount));
            wires.push(ActionWires { abstain, amount, valid });
        }
        (wires, poseidon::hash("cd.head", &list))
    }

    fn registers(&self) -> (Vec<RegisterWires>, Wire) {
        let mut list = vec![self.witness(self.card.registers.len() as u128)];
        let mut wires = Vec::new();
        for index in 0..usize::from(self.class().state_size) {
            let register = self.card.registers.get(index);
            let code = register.map_or(0, |register| match register.on_execute {
                Update::Keep => 0,
                Update::Time => 1,
                Update::AddAmount => 2,
                Update::Increment => 3,
            });
            let code = bits(self.system, &self.witness(code), 2);
            let initial = self.witness(register.map_or(0, |register| unsigned(register.initial)).into());
            range(self.system, &initial, 64);
            list.push(compose(&code).plus(&initial.scale(Fr::from(4u64))));
            let both = code[0].times(&code[1]);
            let neither = one().minus(&code[0]).minus(&code[1]).plus(&both);
            wires.push(RegisterWires {
                update: vec![neither, code[0].minus(&both), code[1].minus(&both), both],
            });
        }
        (wires, poseidon::hash("cd.regs", &list))
    }

    fn predicates(&self) -> (Vec<PredicateWires>, Wire) {
        let predicates = &self.card.policy.predicates;
        let mut list = vec![self.witness(predicates.len() as u128)];
        let mut wires = Vec::new();
        for index in 0..usize::from(self.class().policy_size) {
            let predicate = predicates.get(index);
            let comparison = predicate.map_or(0, |predicate| match predicate.comparison {
                Comparison::Equal => 0,
                Comparison::NotEqual => 1,
                Comparison::Less => 2,
                Comparison::LessOrEqual => 3,
                Comparison::Greater => 4,
                Comparison::GreaterOrEqual => 5,
            });
            let comparison: Vec<Wire> = (0..6).map(|i| bit(self.system, i == comparison)).collect();
            self.system.equal(&sum(&comparison), &one());
            let comparison_code = comparison
                .iter()
                .enumerate()
                .fold(zero(), |code, (i, bit)| code.plus(&bit.scale(Fr::from(i as u64))));
            let (right, right_base) = predicate.map_or((None, 0), |predicate| match predicate.operand {
                Operand::Constant(value) => (None, i128::from(value)),
                Operand::Fact(fact) => (Some(fact), base(self.card, fact)),
            });
            let is_fact = bit(self.system, right.is_some());
            let left_code = predicate.map_or(0, |predicate| fact_code(predicate.fact));
            let left = self.witness(left_code.into());
            range(self.system, &left, 24);
            let right = self.witness(right.map_or(0, fact_code).into());
            range(self.system, &right, 24);
            let shifted = predicate.map_or(0, |p| right_base - base(self.card, p.fact) + (1 << 66));
            let shifted = self.witness(shifted.unsigned_abs());
            range(self.system, &shifted, 67);
            let code = comparison_code.plus(&is_fact.scale(power(8)));
            let code = code.plus(&left.scale(power(16))).plus(&right.scale(power(40)));
            list.push(code.plus(&shifted.scale(power(64))));
            let difference = shifted.offset(-power(66));
            wires.push(PredicateWires { comparison, is_fact, left, right, difference });
        }
        (wires, poseidon::hash("cd.pred", &list))
    }

    fn rules(&self) -> (Vec<RuleWires>, Wire) {
        let size = usize::from(self.class().policy_size);
        let rules = &self.card.policy.rules;
        let count = self.witness(rules.len() as u128);
        let valid = prefix(self.system, &count, size);
        let mut list = vec![count];
        let mut wires = Vec::new();
        for (index, valid) in valid.into_iter().enumerate() {
            let rule = rules.get(index);
            let forbid = bit(self.system, rule.is_some_and(|rule| rule.effect == Effect::Forbid));
            let reason = self.witness(rule.map_or(0, |rule| rule.reason).into());
            range(self.system, &reason, 16);
            let mask = |mask: u64| -> Vec<Wire> {
                (0..size).map(|i| bit(self.system, mask >> i & 1 == 1)).collect()
            };
            let all_of = mask(rule.map_or(0, |rule| rule.all_of));
            let none_of = mask(rule.map_or(0, |rule| rule.none_of));
            let head = forbid.plus(&reason.scale(power(8)));
            let masks = compose(&all_of).scale(power(32)).plus(&compose(&none_of).scale(power(96)));
            list.push(head.plus(&masks));
            wires.push(RuleWires { forbid, reason, all_of, none_of, valid });
        }
        (wires, poseidon::hash("cd.rule", &list))
    }
}

/// Packs values below `2^width`, `count` to an element, the first in the lowest bits.
pub(super) fn pack(values: &[Wire], width: u32, count: usize) -> Vec<Wire> {
    let chunk =
        |values: &[Wire]| values.iter().rev().fold(zero(), |sum, value| sum.scale(power(width)).plus(value));
    values.chunks(count).map(chunk).collect()
}
