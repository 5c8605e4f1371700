//! The program as wires: everything that program_fr covers, bound by its digest (docs/spec/digests.md).

use super::gadget::{bits, power, prefix, range, zero};
use super::system::{System, Wire};
use crate::statement::{OperatorData, ProgramData};
use candor_program::arith::Arith;
use candor_program::digest::fields::{
    ActionFields, COMPARISON_BITS, INSTRUMENT_BITS, LOW_BITS, MULTIPLIER_BITS, OperatorFields,
    PredicateFields, ProgramFields, REASON_BITS, REVOKER_BITS, RegisterFields, RuleFields, SlotFields,
    UPDATE_BITS, VALUE_BITS, WHEN_BITS, WINDOW_BITS, WINDOW_INDEX_BITS, WindowFields, facts, fields,
    place_bits,
};
use candor_program::encoding::fr_from_bytes_mod;
use candor_program::policy::Fact;
use candor_program::{Card, Fr, digest};

/// What an output index stands for.
pub(super) struct ActionWires {
    pub(super) abstain: Wire,
    /// Amount plus 2^63.
    pub(super) amount: Wire,
    pub(super) asset: Wire,
    pub(super) venue: Wire,
    /// Whether the action exists.
    pub(super) valid: Wire,
}

/// One predicate.
pub(super) struct PredicateWires {
    /// Whether less satisfies it, whether equal does, whether the outcome is inverted.
    pub(super) comparison: Vec<Wire>,
    /// Bits of the left side's place among the facts.
    pub(super) left: Vec<Wire>,
    /// Bits of the right side's place.
    pub(super) right: Vec<Wire>,
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

/// One window.
pub(super) struct WindowWires {
    pub(super) seconds: Wire,
    pub(super) offset: Wire,
}

/// One register.
pub(super) struct RegisterWires {
    /// Signed.
    pub(super) initial: Wire,
    /// Bits of the window's number, 0 for none.
    pub(super) window: Vec<Wire>,
    /// Bits of the number of the predicate that must hold, 0 for none.
    pub(super) when: Vec<Wire>,
    /// Bits of the source's place among the facts.
    pub(super) source: Vec<Wire>,
    /// What is added to the source's raw value, signed.
    pub(super) difference: Wire,
    /// Bits of the updates on execution, denial and abstention.
    pub(super) updates: [[Wire; 2]; 3],
}

/// One evidence slot.
pub(super) struct SlotWires {
    pub(super) has_default: Wire,
    /// Default plus 2^63; 0 where there is none.
    pub(super) default: Wire,
    /// Bits of the number of the slot that revokes, 0 for none.
    pub(super) revoked_by: Vec<Wire>,
}

/// The program.
pub(super) struct ProgramWires {
    pub(super) data: ProgramData<Wire>,
    /// The facts of the class by place.
    pub(super) facts: Vec<Option<Fact>>,
    pub(super) spans: Vec<Wire>,
    pub(super) actions: Vec<ActionWires>,
    pub(super) predicates: Vec<PredicateWires>,
    pub(super) rules: Vec<RuleWires>,
    pub(super) windows: Vec<WindowWires>,
    pub(super) registers: Vec<RegisterWires>,
    pub(super) slots: Vec<SlotWires>,
}

/// Bits of a register's difference: bases and offsets are 64-bit values, so that it lies within -2^64 to 2^64 - 1.
const SOURCE_DIFFERENCE_BITS: u32 = 65;

/// Reads a program into wires and binds it to program_fr, which it also gives.
///
/// What shares an element of the list is held to its width: here, or by the records, of which there is at least one (spans:
/// a span is the sum of two 16-bit values; differences of predicates: a comparison bounds them below 2^70).
pub(super) fn program(system: &System, card: &Card, model_id: [Wire; 2]) -> ProgramWires {
    system.enter("program");
    let (known, class) = (fields(card), &card.class);
    let reader = Reader { system };
    let (operators, data) = known.operators.iter().map(|operator| reader.operator(operator)).unzip();
    let action_count = system.witness(known.action_count);
    let valid = prefix(system, &action_count, known.actions.len());
    let (action_fields, actions) =
        known.actions.iter().zip(valid).map(|(action, valid)| reader.action(action, valid)).unzip();
    let places = place_bits(class) as usize;
    let (window_fields, windows) = known.windows.iter().map(|window| reader.window(window)).unzip();
    let (register_fields, registers) =
        known.registers.iter().map(|register| reader.register(register, places)).unzip();
    let (slot_fields, slots) = known.slots.iter().map(|slot| reader.slot(slot)).unzip();
    let (predicate_fields, predicates) =
        known.predicates.iter().map(|predicate| reader.predicate(predicate, places)).unzip();
    let rule_count = system.witness(known.rule_count);
    let valid = prefix(system, &rule_count, known.rules.len());
    let size = usize::from(class.policy_size);
    let (rule_fields, rules) =
        known.rules.iter().zip(valid).map(|(rule, valid)| reader.rule(rule, valid, size)).unzip();
    let wires = ProgramFields {
        rest: system.witness(known.rest),
        spans: known.spans.iter().map(|span| system.witness(*span)).collect(),
        operators,
        action_count,
        actions: action_fields,
        windows: window_fields,
        registers: register_fields,
        slots: slot_fields,
        predicates: predicate_fields,
        rule_count,
        rules: rule_fields,
    };
    let class_digest = Wire::constant(fr_from_bytes_mod(&digest::class_digest(class)));
    let data = ProgramData { class_digest, model_id, program_fr: wires.digest(class), operators: data };
    let (facts, spans) = (facts(class), wires.spans);
    ProgramWires { data, facts, spans, actions, predicates, rules, windows, registers, slots }
}

struct Reader<'a> {
    system: &'a System,
}

impl Reader<'_> {
    /// A field of so many bits, and the bits.
    fn field(&self, value: Fr, width: u32) -> (Wire, Vec<Wire>) {
        let field = self.system.witness(value);
        let bits = bits(self.system, &field, width as usize);
        (field, bits)
    }

    /// A field that nothing reads bit by bit.
    fn number(&self, value: Fr, width: u32) -> Wire {
        let field = self.system.witness(value);
        range(self.system, &field, width as usize);
        field
    }

    fn operator(&self, known: &OperatorFields<Fr>) -> (OperatorFields<Wire>, OperatorData<Wire>) {
        let multiplier = known.multiplier.map(|multiplier| self.number(multiplier, MULTIPLIER_BITS));
        let negated_low = self.number(known.negated_low, LOW_BITS);
        let lifted = known.coefficients.iter();
        let coefficients: Vec<Wire> = lifted.map(|value| self.number(*value, MULTIPLIER_BITS)).collect();
        let data = OperatorData {
            multiplier: multiplier.clone().unwrap_or_else(zero),
            low: zero().minus(&negated_low),
            coefficients: coefficients.iter().map(|value| value.offset(-power(31))).collect(),
        };
        (OperatorFields { multiplier, negated_low, coefficients }, data)
    }

    /// An amount is an element of its own, which its digest alone binds.
    fn action(&self, known: &ActionFields<Fr>, valid: Wire) -> (ActionFields<Wire>, ActionWires) {
        let abstain = self.number(known.abstain, 1);
        let amount = self.system.witness(known.amount);
        let asset = self.number(known.asset, INSTRUMENT_BITS);
        let venue = self.number(known.venue, INSTRUMENT_BITS);
        let fields = ActionFields {
            abstain: abstain.clone(),
            amount: amount.clone(),
            asset: asset.clone(),
            venue: venue.clone(),
        };
        (fields, ActionWires { abstain, amount, asset, venue, valid })
    }

    fn window(&self, known: &WindowFields<Fr>) -> (WindowFields<Wire>, WindowWires) {
        let seconds = self.number(known.seconds, WINDOW_BITS);
        let offset = self.number(known.offset, WINDOW_BITS);
        let fields = WindowFields { seconds: seconds.clone(), offset: offset.clone() };
        (fields, WindowWires { seconds, offset })
    }

    /// A difference shares its element, and no comparison bounds it.
    fn register(&self, known: &RegisterFields<Fr>, places: usize) -> (RegisterFields<Wire>, RegisterWires) {
        let initial = self.number(known.initial, VALUE_BITS);
        let (window, window_bits) = self.field(known.window, WINDOW_INDEX_BITS);
        let (when, when_bits) = self.field(known.when, WHEN_BITS);
        let (source, source_bits) = self.field(known.source, places as u32);
        let difference = self.system.witness(known.difference);
        let lifted = difference.offset(power(SOURCE_DIFFERENCE_BITS - 1));
        range(self.system, &lifted, SOURCE_DIFFERENCE_BITS as usize);
        let (updates, bits): (Vec<Wire>, Vec<Vec<Wire>>) =
            known.updates.iter().map(|update| self.field(*update, UPDATE_BITS)).unzip();
        let wires = RegisterWires {
            initial: initial.offset(-power(63)),
            window: window_bits,
            when: when_bits,
            source: source_bits,
            difference: difference.clone(),
            updates: std::array::from_fn(|i| [bits[i][0].clone(), bits[i][1].clone()]),
        };
        let updates = std::array::from_fn(|i| updates[i].clone());
        (RegisterFields { initial, window, when, source, difference, updates }, wires)
    }

    fn slot(&self, known: &SlotFields<Fr>) -> (SlotFields<Wire>, SlotWires) {
        let has_default = self.number(known.has_default, 1);
        let default = self.number(known.default, VALUE_BITS);
        let (revoked_by, bits) = self.field(known.revoked_by, REVOKER_BITS);
        let wires =
            SlotWires { has_default: has_default.clone(), default: default.clone(), revoked_by: bits };
        (SlotFields { has_default, default, revoked_by }, wires)
    }

    fn predicate(
        &self,
        known: &PredicateFields<Fr>,
        places: usize,
    ) -> (PredicateFields<Wire>, PredicateWires) {
        let (code, comparison) = self.field(known.comparison, COMPARISON_BITS);
        let (left_place, left) = self.field(known.left, places as u32);
        let (right_place, right) = self.field(known.right, places as u32);
        let difference = self.system.witness(known.difference);
        let fields = PredicateFields {
            comparison: code,
            left: left_place,
            right: right_place,
            difference: difference.clone(),
        };
        (fields, PredicateWires { comparison, left, right, difference })
    }

    fn rule(&self, known: &RuleFields<Fr>, valid: Wire, size: usize) -> (RuleFields<Wire>, RuleWires) {
        let forbid = self.number(known.forbid, 1);
        let reason = self.number(known.reason, REASON_BITS);
        let (all, all_of) = self.field(known.all_of, size as u32);
        let (none, none_of) = self.field(known.none_of, size as u32);
        let fields =
            RuleFields { forbid: forbid.clone(), reason: reason.clone(), all_of: all, none_of: none };
        (fields, RuleWires { forbid, reason, all_of, none_of, valid })
    }
}
