//! What `program_fr` hashes: one list, generic over the algebra, so that a seal rebuilds it from its wires with this very code.
//!
//! Fields of few bits share an element. Owes (a seal): every field within its width, else two programs have one list.

use crate::Fr;
use crate::arith::Arith;
use crate::card::Card;
use crate::class::TermClass;
use crate::class::{Class, OperatorClass};
use crate::encoding::{fr_from_i64, power_of_two};
use crate::evidence::{Slot, Statement};
use crate::limits;
use crate::operator::Operator;
use crate::policy::{Comparison, Effect, Fact, Operand};
use crate::poseidon;
use crate::state::{Register, Update};

/// Bits of fields in one element: no sum of so many wraps the modulus.
const ELEMENT_BITS: u32 = 250;
/// Bits of a multiplier, and of a coefficient above -2^31.
pub const MULTIPLIER_BITS: u32 = 32;
/// Bits of minus the lowest output.
pub const LOW_BITS: u32 = 16;
/// Bits of a count of actions or rules.
pub const COUNT_BITS: u32 = 16;
/// Bits of an asset, and of a venue.
pub const INSTRUMENT_BITS: u32 = 16;
/// Bits of a window's length, and of its offset.
pub const WINDOW_BITS: u32 = 32;
/// Bits of the number of a register's window: 0 for none, else index + 1.
pub const WINDOW_INDEX_BITS: u32 = 3;
/// Bits of the number of a register's predicate: 0 for none, else index + 1.
pub const WHEN_BITS: u32 = 7;
/// Bits of one update.
pub const UPDATE_BITS: u32 = 2;
/// Bits of a register's value, and of an evidence slot's default: lifted by 2^63.
pub const VALUE_BITS: u32 = 64;
/// Bits of the number of the slot that revokes: 0 for none, else index + 1.
pub const REVOKER_BITS: u32 = 5;
/// Bits of a statement's times.
pub const TIME_BITS: u32 = 62;
/// Bits of a comparison: less, equal, not.
pub const COMPARISON_BITS: u32 = 3;
/// Bits of a reason code.
pub const REASON_BITS: u32 = 16;
/// Spans in one element, and the bits of each: one more than they need, since a seal knows them as a sum of two 16-bit values.
const SPANS: (usize, u32) = (14, 17);
/// Differences of bases in one element, and the bits of each.
const DIFFERENCES: (usize, u32) = (3, 72);
/// What a difference of bases is lifted by: above every one that a seal can know to lie within the bits.
const DIFFERENCE_OFFSET_LOG2: u32 = 70;

/// Data of an operator.
pub struct OperatorFields<F> {
    /// Multiplier of the rescale; none of a lookup.
    pub multiplier: Option<F>,
    /// Minus the lowest output.
    pub negated_low: F,
    /// Coefficients of the linear terms and products, above -2^31.
    pub coefficients: Vec<F>,
}

/// Data of an action.
pub struct ActionFields<F> {
    /// Whether it is the decision not to act.
    pub abstain: F,
    /// Amount above -2^63.
    pub amount: F,
    /// Asset.
    pub asset: F,
    /// Venue.
    pub venue: F,
}

/// Data of a window.
pub struct WindowFields<F> {
    /// Length in seconds.
    pub seconds: F,
    /// Seconds by which windows begin earlier.
    pub offset: F,
}

/// Data of a register.
pub struct RegisterFields<F> {
    /// Initial value above -2^63.
    pub initial: F,
    /// Window: 0 for none, else index + 1.
    pub window: F,
    /// Predicate that must hold: 0 for none, else index + 1.
    pub when: F,
    /// Place of the source among the facts.
    pub source: F,
    /// What is added to that fact's raw value, signed.
    pub difference: F,
    /// Updates on execution, denial and abstention: 0 keep, 1 set, 2 add, 3 reset.
    pub updates: [F; 3],
}

/// Data of an evidence slot.
pub struct SlotFields<F> {
    /// Whether there is a default.
    pub has_default: F,
    /// The default above -2^63; 0 where there is none.
    pub default: F,
    /// Slot that revokes: 0 for none, else index + 1.
    pub revoked_by: F,
}

/// A statement in any algebra; all zero where there is none.
#[derive(Clone, Debug)]
pub struct StatementFields<F> {
    /// Whether there is one.
    pub present: F,
    /// Value above -2^63.
    pub value: F,
    /// Begin.
    pub issued: F,
    /// End.
    pub expires: F,
}

/// Data of a predicate.
pub struct PredicateFields<F> {
    /// Whether "less" satisfies it, whether "equal" does, and whether the outcome is inverted: one bit each, from the lowest.
    pub comparison: F,
    /// Place of the left side among the facts.
    pub left: F,
    /// Place of the right side.
    pub right: F,
    /// Base of the right side minus base of the left, signed.
    pub difference: F,
}

/// Data of a rule.
pub struct RuleFields<F> {
    /// Whether it forbids.
    pub forbid: F,
    /// Reason code.
    pub reason: F,
    /// Predicates that must hold.
    pub all_of: F,
    /// Predicates that must not.
    pub none_of: F,
}

/// Everything that a seal reads as data. Shapes: every list is padded to the size of the class.
pub struct ProgramFields<F> {
    /// Digest of what no seal reads: widths, initial registers, counts.
    pub rest: F,
    /// Highest minus lowest value of every feature.
    pub spans: Vec<F>,
    /// Operators.
    pub operators: Vec<OperatorFields<F>>,
    /// Number of actions.
    pub action_count: F,
    /// Actions.
    pub actions: Vec<ActionFields<F>>,
    /// Windows.
    pub windows: Vec<WindowFields<F>>,
    /// Registers.
    pub registers: Vec<RegisterFields<F>>,
    /// Evidence slots.
    pub slots: Vec<SlotFields<F>>,
    /// Predicates.
    pub predicates: Vec<PredicateFields<F>>,
    /// Number of rules.
    pub rule_count: F,
    /// Rules.
    pub rules: Vec<RuleFields<F>>,
}

/// The facts of a class by place, a predicate's right side that is a constant last: `None`.
#[must_use]
pub fn facts(class: &Class) -> Vec<Option<Fact>> {
    let features = 0..padded(class.input.features_log2(), limits::FEATURES) as u16;
    let outputs = 0..outputs(class) as u16;
    let registers = 0..u16::from(class.state_size);
    let slots = 0..u16::from(class.evidence_size);
    let single = [
        Fact::ActionCode,
        Fact::ActionAmount,
        Fact::ActionMagnitude,
        Fact::ActionAsset,
        Fact::ActionVenue,
        Fact::Time,
        Fact::Sequence,
    ];
    features
        .map(Fact::Feature)
        .chain(outputs.map(Fact::Output))
        .chain(registers.clone().map(Fact::Register))
        .chain(registers.clone().map(Fact::After))
        .chain(registers.clone().map(Fact::Change))
        .chain(registers.map(Fact::Elapsed))
        .chain(slots.clone().map(Fact::Evidence))
        .chain(slots.clone().map(Fact::Present))
        .chain(slots.map(Fact::Issued))
        .chain(single)
        .map(Some)
        .chain([None])
        .collect()
}

/// Padded number of outputs, and of actions.
fn outputs(class: &Class) -> usize {
    class.tensor_log2(class.output()).map_or(0, |log2| padded(log2, limits::ACTIONS))
}

/// Bits of a fact's place.
#[must_use]
pub fn place_bits(class: &Class) -> u32 {
    facts(class).len().next_power_of_two().trailing_zeros()
}

fn padded(log2: u8, limit: usize) -> usize {
    1_usize.checked_shl(log2.into()).unwrap_or(0).min(limit)
}

/// `value + 2^63`.
fn lifted(value: i64) -> Fr {
    Fr::from(value.wrapping_sub(i64::MIN) as u64)
}

/// The fields, from a card.
///
/// Owes: that the card is valid; a fact that does not exist is taken for a constant.
#[must_use]
pub fn fields(card: &Card) -> ProgramFields<Fr> {
    let class = &card.class;
    let policy_size = usize::from(class.policy_size);
    let mut spans: Vec<Fr> = card.features.iter().map(|feature| Fr::from(feature.span())).collect();
    spans.resize(spans.len().max(padded(class.input.features_log2(), limits::FEATURES)), Fr::from(0_u64));
    let places = facts(class);
    let actions = card.head.actions();
    ProgramFields {
        rest: rest(card),
        spans,
        operators: card.operators.iter().zip(&class.operators).map(operator).collect(),
        action_count: Fr::from(actions.len() as u64),
        actions: action_fields(card),
        windows: windows(card),
        registers: registers(card, &places),
        slots: slots(card),
        predicates: predicates(card, &places, policy_size),
        rule_count: Fr::from(card.policy.rules.len() as u64),
        rules: rules(card, policy_size),
    }
}

fn rest(card: &Card) -> Fr {
    let extents = |operator: &Operator| operator.affine().map_or(vec![], |affine| affine.axes.clone());
    let widths = card.operators.iter().flat_map(extents).map(Fr::from);
    let summed = |operator: &Operator| {
        let terms = operator.affine().map_or(&[][..], |affine| affine.terms.as_slice());
        terms.iter().flat_map(|term| term.summed.clone()).map(Fr::from).collect::<Vec<_>>()
    };
    let widths = widths.chain(card.operators.iter().flat_map(summed));
    let counts = [
        card.features.len(),
        card.windows.len(),
        card.registers.len(),
        card.evidence.len(),
        card.policy.predicates.len(),
    ];
    let list: Vec<Fr> = widths.chain(counts.map(|count| Fr::from(count as u64))).collect();
    poseidon::hash("cd.rest", &list)
}

fn operator((operator, shape): (&Operator, &OperatorClass)) -> OperatorFields<Fr> {
    let negated_low = -fr_from_i64(operator.low().into());
    let (Operator::Affine(affine), OperatorClass::Affine { terms, .. }) = (operator, shape) else {
        return OperatorFields { multiplier: None, negated_low, coefficients: vec![] };
    };
    let coefficients = affine.terms.iter().zip(terms).filter_map(|(term, shape)| match shape {
        TermClass::Weighted { .. } => None,
        TermClass::Linear { .. } | TermClass::Product { .. } => {
            Some(fr_from_i64(i64::from(term.coefficient) - i64::from(i32::MIN)))
        }
    });
    let multiplier = Some(Fr::from(affine.rescale.multiplier));
    OperatorFields { multiplier, negated_low, coefficients: coefficients.collect() }
}

fn action_fields(card: &Card) -> Vec<ActionFields<Fr>> {
    let actions = card.head.actions();
    let of = |index: usize| {
        let action = actions.get(index);
        ActionFields {
            abstain: Fr::from(u64::from(action.is_some_and(|action| action.abstain))),
            amount: lifted(action.map_or(0, |action| action.amount)),
            asset: Fr::from(action.map_or(0, |action| action.asset)),
            venue: Fr::from(action.map_or(0, |action| action.venue)),
        }
    };
    (0..outputs(&card.class).max(actions.len())).map(of).collect()
}

fn windows(card: &Card) -> Vec<WindowFields<Fr>> {
    let of = |index: usize| {
        let window = card.windows.get(index);
        WindowFields {
            // A window of no length would have no witness.
            seconds: Fr::from(window.map_or(1, |window| window.seconds)),
            offset: Fr::from(window.map_or(0, |window| window.offset)),
        }
    };
    (0..limits::WINDOWS.max(card.windows.len())).map(of).collect()
}

fn registers(card: &Card, places: &[Option<Fact>]) -> Vec<RegisterFields<Fr>> {
    let of = |index: usize| match card.registers.get(index) {
        Some(register) => register_fields(card, places, register),
        None => RegisterFields {
            initial: lifted(0),
            window: Fr::from(0_u64),
            when: Fr::from(0_u64),
            source: Fr::from(0_u64),
            difference: Fr::from(0_u64),
            updates: [Fr::from(0_u64); 3],
        },
    };
    (0..usize::from(card.class.state_size).max(card.registers.len())).map(of).collect()
}

fn register_fields(card: &Card, places: &[Option<Fact>], register: &Register) -> RegisterFields<Fr> {
    let (fact, added) = operand(card, register.source);
    let updates = [register.on_execute, register.on_deny, register.on_abstain];
    RegisterFields {
        initial: lifted(register.initial),
        window: numbered(register.window),
        when: numbered(register.when),
        source: place(places, fact),
        difference: signed(added),
        updates: updates.map(|change| Fr::from(update(change))),
    }
}

fn slots(card: &Card) -> Vec<SlotFields<Fr>> {
    let of = |index: usize| {
        let slot: Option<&Slot> = card.evidence.get(index);
        let default = slot.and_then(|slot| slot.default);
        SlotFields {
            has_default: Fr::from(u64::from(default.is_some())),
            default: default.map_or(Fr::from(0_u64), lifted),
            revoked_by: numbered(slot.and_then(|slot| slot.revoked_by)),
        }
    };
    (0..usize::from(card.class.evidence_size).max(card.evidence.len())).map(of).collect()
}

/// 0 for none, else index + 1.
fn numbered(index: Option<u8>) -> Fr {
    Fr::from(index.map_or(0, |index| u64::from(index) + 1))
}

fn place(places: &[Option<Fact>], fact: Option<Fact>) -> Fr {
    let found = places.iter().position(|other| *other == fact);
    Fr::from(found.unwrap_or(places.len().saturating_sub(1)) as u64)
}

fn signed(value: i128) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

/// The fact of an operand, and what is added to its raw value.
fn operand(card: &Card, operand: Operand) -> (Option<Fact>, i128) {
    match operand {
        Operand::Constant(value) => (None, value.into()),
        Operand::Fact { fact, offset } => (Some(fact), base(card, fact) + i128::from(offset)),
    }
}

fn update(update: Update) -> u64 {
    match update {
        Update::Keep => 0,
        Update::Set => 1,
        Update::Add => 2,
        Update::Reset => 3,
    }
}

fn comparison(comparison: Comparison) -> u64 {
    let (less, equal, not) = (1, 2, 4);
    match comparison {
        Comparison::Equal => equal,
        Comparison::NotEqual => equal + not,
        Comparison::Less => less,
        Comparison::LessOrEqual => less + equal,
        Comparison::Greater => less + equal + not,
        Comparison::GreaterOrEqual => less + not,
    }
}

fn predicates(card: &Card, places: &[Option<Fact>], size: usize) -> Vec<PredicateFields<Fr>> {
    let of = |index: usize| {
        let Some(predicate) = card.policy.predicates.get(index) else {
            let zero = Fr::from(0_u64);
            return PredicateFields { comparison: zero, left: zero, right: zero, difference: zero };
        };
        let (right, right_base) = operand(card, predicate.operand);
        PredicateFields {
            comparison: Fr::from(comparison(predicate.comparison)),
            left: place(places, Some(predicate.fact)),
            right: place(places, right),
            difference: signed(right_base - base(card, predicate.fact)),
        }
    };
    (0..size.max(card.policy.predicates.len())).map(of).collect()
}

fn rules(card: &Card, size: usize) -> Vec<RuleFields<Fr>> {
    let of = |index: usize| {
        let rule = card.policy.rules.get(index);
        RuleFields {
            forbid: Fr::from(u64::from(rule.is_some_and(|rule| rule.effect == Effect::Forbid))),
            reason: Fr::from(rule.map_or(0, |rule| rule.reason)),
            all_of: Fr::from(rule.map_or(0, |rule| rule.all_of)),
            none_of: Fr::from(rule.map_or(0, |rule| rule.none_of)),
        }
    };
    (0..size.max(card.policy.rules.len())).map(of).collect()
}

/// What a fact adds to the raw value that a seal holds: a feature is held above its minimum.
fn base(card: &Card, fact: Fact) -> i128 {
    match fact {
        Fact::Feature(index) => card.features.get(usize::from(index)).map_or(0, |feature| feature.min.into()),
        _ => 0,
    }
}

/// So many values of so many bits to an element, the first in the lowest bits.
pub fn pack<F: Arith>(values: &[F], (count, bits): (usize, u32)) -> Vec<F> {
    let zero = F::constant(Fr::from(0_u64));
    let scale = power_of_two(bits);
    let element =
        |values: &[F]| values.iter().rev().fold(zero.clone(), |sum, value| sum.scale(scale).plus(value));
    values.chunks(count).map(element).collect()
}

impl StatementFields<Fr> {
    /// The fields of an entry.
    #[must_use]
    pub fn of(statement: Option<Statement>) -> Self {
        let Some(Statement { value, issued, expires }) = statement else {
            let zero = Fr::from(0_u64);
            return Self { present: zero, value: zero, issued: zero, expires: zero };
        };
        let present = Fr::from(1_u64);
        Self { present, value: lifted(value), issued: Fr::from(issued), expires: Fr::from(expires) }
    }
}

impl<F: Arith> StatementFields<F> {
    /// The entry as one element. Owes (a seal): every field within its width.
    pub fn element(&self) -> F {
        let (value, issued) = (1, 1 + VALUE_BITS);
        self.present
            .plus(&self.value.scale(power_of_two(value)))
            .plus(&self.issued.scale(power_of_two(issued)))
            .plus(&self.expires.scale(power_of_two(issued + TIME_BITS)))
    }
}

/// Fields one after the other; one that does not fit into what is left of [`ELEMENT_BITS`] begins the next element.
fn pack_fields<F: Arith>(fields: &[(F, u32)]) -> Vec<F> {
    let (mut elements, mut used) = (Vec::<F>::new(), ELEMENT_BITS);
    for (field, bits) in fields {
        match elements.last_mut() {
            Some(element) if used + bits <= ELEMENT_BITS => {
                *element = element.plus(&field.scale(power_of_two(used)));
                used += bits;
            }
            _ => {
                elements.push(field.clone());
                used = *bits;
            }
        }
    }
    elements
}

impl<F: Arith> ProgramFields<F> {
    /// The digest of the list.
    pub fn digest(&self, class: &Class) -> F {
        let mut list = vec![self.rest.clone()];
        list.extend(pack(&self.spans, SPANS));
        list.extend(self.actions.iter().map(|action| action.amount.clone()));
        let lift = power_of_two(DIFFERENCE_OFFSET_LOG2);
        let predicates = self.predicates.iter().map(|predicate| &predicate.difference);
        let registers = self.registers.iter().map(|register| &register.difference);
        let differences: Vec<F> =
            predicates.chain(registers).map(|difference| difference.offset(lift)).collect();
        list.extend(pack(&differences, DIFFERENCES));
        list.extend(pack_fields(&self.narrow(class)));
        poseidon::hash("cd.prog", &list)
    }

    /// The fields of few bits, with their widths.
    fn narrow(&self, class: &Class) -> Vec<(F, u32)> {
        let (place, mask) = (place_bits(class), u32::from(class.policy_size));
        let mut fields: Vec<(&F, u32)> = Vec::new();
        for operator in &self.operators {
            fields.extend(operator.multiplier.iter().map(|multiplier| (multiplier, MULTIPLIER_BITS)));
            fields.push((&operator.negated_low, LOW_BITS));
            fields.extend(operator.coefficients.iter().map(|coefficient| (coefficient, MULTIPLIER_BITS)));
        }
        fields.push((&self.action_count, COUNT_BITS));
        for action in &self.actions {
            fields.push((&action.abstain, 1));
            fields.extend([(&action.asset, INSTRUMENT_BITS), (&action.venue, INSTRUMENT_BITS)]);
        }
        for window in &self.windows {
            fields.extend([(&window.seconds, WINDOW_BITS), (&window.offset, WINDOW_BITS)]);
        }
        for register in &self.registers {
            fields.extend([(&register.initial, VALUE_BITS), (&register.window, WINDOW_INDEX_BITS)]);
            fields.extend([(&register.when, WHEN_BITS), (&register.source, place)]);
            fields.extend(register.updates.iter().map(|update| (update, UPDATE_BITS)));
        }
        for slot in &self.slots {
            fields.extend([(&slot.has_default, 1), (&slot.default, VALUE_BITS)]);
            fields.push((&slot.revoked_by, REVOKER_BITS));
        }
        for predicate in &self.predicates {
            fields.push((&predicate.comparison, COMPARISON_BITS));
            fields.extend([(&predicate.left, place), (&predicate.right, place)]);
        }
        fields.push((&self.rule_count, COUNT_BITS));
        for rule in &self.rules {
            fields.extend([(&rule.forbid, 1), (&rule.reason, REASON_BITS)]);
            fields.extend([(&rule.all_of, mask), (&rule.none_of, mask)]);
        }
        fields.into_iter().map(|(field, bits)| (field.clone(), bits)).collect()
    }
}
