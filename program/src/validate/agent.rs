//! What surrounds the model: names, features, head, policy, state and transaction.

use super::Part;
use super::error::{ProgramError, within};
use super::{argument, name};
use crate::card::Card;
use crate::feature::Feature;
use crate::head::ActionTemplate;
use crate::limits;
use crate::operator::{Affine, Operator};
use crate::policy::{Fact, reason};
use crate::transaction::ArgumentSource;
use std::collections::BTreeSet;

pub(super) fn check_names(card: &Card) -> Result<(), ProgramError> {
    name::shown(Part::Agent, 0, &card.name)?;
    name::shown(Part::Agent, 1, &card.agent_version)?;
    within(Part::Plugins, 1, limits::PLUGINS, card.plugins.len())?;
    name::unique(Part::Plugins, card.plugins.iter().map(|plugin| plugin.id.as_str()))?;
    for (index, plugin) in card.plugins.iter().enumerate() {
        name::shown(Part::Plugins, index, &plugin.version)?;
    }
    Ok(())
}

pub(super) fn check_features(card: &Card) -> Result<(), ProgramError> {
    name::unique(Part::Features, card.features.iter().map(|feature| feature.name.as_str()))?;
    for (feature, declared) in card.features.iter().enumerate() {
        let Feature { plugin, decimals, min, max, .. } = *declared;
        if max < min || declared.span() > u64::from(u16::MAX) {
            return Err(ProgramError::FeatureRange { feature, min, max });
        }
        if decimals > limits::DECIMALS {
            return Err(ProgramError::FeatureDecimals { feature, got: decimals });
        }
        if !is_pointer(&declared.pointer) {
            return Err(ProgramError::FeaturePointer { feature });
        }
        if usize::from(plugin) >= card.plugins.len() {
            return Err(ProgramError::FeaturePlugin { feature, plugin });
        }
    }
    Ok(())
}

/// JSON pointer of RFC 6901, section 3, within limits and fit to be shown.
fn is_pointer(pointer: &str) -> bool {
    let starts = pointer.is_empty() || pointer.starts_with('/');
    let escapes = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    starts
        && escapes
        && pointer.len() <= limits::POINTER_BYTES
        && pointer.split('/').count() <= limits::POINTER_DEPTH + 1
        && name::text(Part::Features, 0, pointer).is_ok()
}

pub(super) fn check_head(card: &Card) -> Result<(), ProgramError> {
    let actions = card.head.actions();
    within(Part::Actions, 1, limits::ACTIONS, actions.len())?;
    if card.amount_decimals > limits::DECIMALS {
        return Err(ProgramError::AmountDecimals { got: card.amount_decimals });
    }
    name::unique(Part::Actions, actions.iter().map(|action| action.name.as_str()))?;
    if let Some(action) = actions.iter().position(|action| action.abstain != (action.amount == 0)) {
        return Err(ProgramError::ActionAmount { action });
    }
    // Its magnitude is a fact.
    if let Some(action) = actions.iter().position(|action| action.amount == i64::MIN) {
        return Err(ProgramError::ActionMagnitude { action });
    }
    type Index = fn(&ActionTemplate) -> u16;
    let asset: Index = |action| action.asset;
    let venue: Index = |action| action.venue;
    for (part, names, index) in
        [(Part::Assets, card.head.assets(), asset), (Part::Venues, card.head.venues(), venue)]
    {
        within(part, 0, limits::INSTRUMENTS, names.len())?;
        name::unique(part, names.iter().map(String::as_str))?;
        let known = names.len().max(1);
        if let Some(action) = actions.iter().position(|action| usize::from(index(action)) >= known) {
            return Err(ProgramError::ActionInstrument { action, part });
        }
    }
    let outputs = card.operators.last().and_then(Operator::affine).map_or(0, Affine::width);
    if outputs as usize != actions.len() {
        return Err(ProgramError::Outputs { outputs, actions: actions.len() });
    }
    Ok(())
}

pub(super) fn check_policy(card: &Card) -> Result<(), ProgramError> {
    let (policy, size) = (&card.policy, card.class.policy_size);
    if ![16, 64].contains(&size) {
        return Err(ProgramError::PolicySize { got: size });
    }
    capacity(Part::Predicates, size, policy.predicates.len())?;
    capacity(Part::Rules, size, policy.rules.len())?;
    for (index, predicate) in policy.predicates.iter().enumerate() {
        predicate.facts().try_for_each(|fact| check_fact(card, Part::Predicates, index, fact))?;
    }
    within(Part::Reasons, 0, limits::REASONS, policy.reasons.len())?;
    name::unique(Part::Reasons, policy.reasons.iter().map(|reason| reason.name.as_str()))?;
    let mut codes = BTreeSet::new();
    for (index, text) in policy.reasons.iter().enumerate() {
        name::text(Part::Reasons, index, &text.remedy)?;
        if text.code < reason::FIRST_FREE {
            return Err(ProgramError::ReasonReserved { code: text.code });
        }
        if !codes.insert(text.code) {
            return Err(ProgramError::ReasonDuplicate { code: text.code });
        }
    }
    name::unique(Part::Rules, policy.rules.iter().map(|rule| rule.name.as_str()))?;
    let unused = u64::MAX.checked_shl(policy.predicates.len() as u32).unwrap_or(0);
    for (rule, declared) in policy.rules.iter().enumerate() {
        if (declared.all_of | declared.none_of) & unused != 0 {
            return Err(ProgramError::RuleMask { rule });
        }
        if declared.reason < reason::FIRST_FREE {
            return Err(ProgramError::ReasonReserved { code: declared.reason });
        }
        if !codes.contains(&declared.reason) {
            return Err(ProgramError::ReasonUnknown { rule, code: declared.reason });
        }
    }
    Ok(())
}

pub(super) fn check_transaction(card: &Card) -> Result<(), ProgramError> {
    let template = &card.transaction;
    name::identifier(Part::Function, 0, &template.function)?;
    within(Part::Arguments, 0, limits::ARGUMENTS, template.arguments.len())?;
    for (index, declared) in template.arguments.iter().enumerate() {
        name::identifier(Part::Arguments, index, &declared.name)?;
        if !declared.abi_type.exists() {
            return Err(ProgramError::ArgumentType { argument: index });
        }
        match declared.source {
            ArgumentSource::Constant(word) if !declared.abi_type.accepts(&word) => {
                return Err(ProgramError::ArgumentConstant { argument: index });
            }
            ArgumentSource::Constant(_) => {}
            ArgumentSource::Fact { fact, offset } => {
                if !declared.abi_type.takes_facts() {
                    return Err(ProgramError::ArgumentFact { argument: index });
                }
                check_fact(card, Part::Arguments, index, fact)?;
                argument::check(card, index, declared.abi_type, fact, offset)?;
            }
        }
    }
    name::unique(Part::Arguments, template.arguments.iter().map(|argument| argument.name.as_str()))
}

pub(super) fn capacity(part: Part, capacity: u8, got: usize) -> Result<(), ProgramError> {
    if got > usize::from(capacity) { Err(ProgramError::Capacity { part, capacity, got }) } else { Ok(()) }
}

pub(super) fn check_fact(card: &Card, part: Part, index: usize, fact: Fact) -> Result<(), ProgramError> {
    let exists = match fact {
        Fact::ActionCode
        | Fact::ActionAmount
        | Fact::ActionMagnitude
        | Fact::ActionAsset
        | Fact::ActionVenue
        | Fact::Time
        | Fact::Sequence => true,
        Fact::Feature(feature) => usize::from(feature) < card.features.len(),
        Fact::Output(output) => usize::from(output) < card.head.actions().len(),
        Fact::Register(register)
        | Fact::After(register)
        | Fact::Change(register)
        | Fact::Elapsed(register) => usize::from(register) < card.registers.len(),
        Fact::Evidence(slot) | Fact::Present(slot) | Fact::Issued(slot) => {
            usize::from(slot) < card.evidence.len()
        }
    };
    if exists { Ok(()) } else { Err(ProgramError::FactIndex { part, index, fact }) }
}
