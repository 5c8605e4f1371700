//! What a program remembers, what it is told and what it may do, in the words of [`Vocabulary`].

use crate::vocabulary::Vocabulary;
use candor_program::card::{Card, SignerKey};
use candor_program::evidence::{Authority, Direction, Slot, Subject};
use candor_program::policy::{Effect, Rule};
use candor_program::state::{Register, Update};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// The rules of a program for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PolicyReport {
    /// Windows.
    pub windows: Vec<WindowLine>,
    /// Registers.
    pub registers: Vec<RegisterLine>,
    /// Evidence slots.
    pub evidence: Vec<EvidenceLine>,
    /// Rules, in order.
    pub rules: Vec<RuleLine>,
}

/// A window.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WindowLine {
    /// Name.
    pub name: String,
    /// Length.
    pub seconds: u32,
    /// Seconds by which windows begin earlier.
    pub offset: u32,
}

/// A register.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RegisterLine {
    /// Name.
    pub name: String,
    /// Value at first, and at the beginning of every window.
    pub initial: String,
    /// Window.
    pub window: Option<String>,
    /// What it is set to or grows by.
    pub source: String,
    /// Condition of a change.
    pub when: Option<String>,
    /// Change on an execution.
    pub on_execute: &'static str,
    /// Change on a denial.
    pub on_deny: &'static str,
    /// Change on an abstention.
    pub on_abstain: &'static str,
}

/// An evidence slot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EvidenceLine {
    /// Name.
    pub name: String,
    /// Who must have signed.
    pub authority: String,
    /// Whom it must be about.
    pub subject: String,
    /// Value without a valid statement.
    pub default: Option<String>,
    /// Slot that revokes.
    pub revoked_by: Option<String>,
    /// Names of values, each with its value.
    pub values: BTreeMap<String, String>,
}

/// A rule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RuleLine {
    /// Name.
    pub name: String,
    /// `permit` or `forbid`.
    pub effect: &'static str,
    /// Conditions that must hold.
    pub all_of: Vec<String>,
    /// Conditions that must not.
    pub none_of: Vec<String>,
    /// Reason.
    pub reason: String,
    /// What would change the verdict.
    pub remedy: Option<String>,
    /// Field of agent.toml that it was made from, where it is no rule of `[[policy.rules]]`.
    pub from: Option<String>,
}

impl PolicyReport {
    /// The rules of a card.
    #[must_use]
    pub fn of(card: &Card) -> Self {
        Self::with_origins(card, &BTreeMap::new())
    }

    /// The rules of a card; `origins` tells what rules were made from, by name.
    pub(crate) fn with_origins(card: &Card, origins: &BTreeMap<String, String>) -> Self {
        let vocabulary = Vocabulary::of(card);
        let windows = card.windows.iter().map(|window| WindowLine {
            name: window.name.clone(),
            seconds: window.seconds,
            offset: window.offset,
        });
        let registers = card.registers.iter().enumerate();
        let slots = card.evidence.iter().enumerate();
        Self {
            windows: windows.collect(),
            registers: registers
                .map(|(index, register)| register_line(card, &vocabulary, index, register))
                .collect(),
            evidence: slots.map(|(index, slot)| evidence_line(card, &vocabulary, index, slot)).collect(),
            rules: card.policy.rules.iter().map(|rule| rule_line(card, &vocabulary, rule, origins)).collect(),
        }
    }
}

fn register_line(card: &Card, vocabulary: &Vocabulary, index: usize, register: &Register) -> RegisterLine {
    let window = register.window.and_then(|window| card.windows.get(usize::from(window)));
    let when = register.when.and_then(|when| card.policy.predicates.get(usize::from(when)));
    // At most 16 registers.
    let fact = candor_program::policy::Fact::Register(index as u16);
    RegisterLine {
        name: register.name.clone(),
        initial: vocabulary.show(fact, register.initial),
        window: window.map(|window| window.name.clone()),
        source: vocabulary.operand(register.source),
        when: when.map(|predicate| vocabulary.condition(predicate)),
        on_execute: update(register.on_execute),
        on_deny: update(register.on_deny),
        on_abstain: update(register.on_abstain),
    }
}

fn update(update: Update) -> &'static str {
    match update {
        Update::Keep => "keep",
        Update::Set => "set",
        Update::Add => "add",
        Update::Reset => "reset",
    }
}

fn evidence_line(card: &Card, vocabulary: &Vocabulary, index: usize, slot: &Slot) -> EvidenceLine {
    // At most 16 slots.
    let fact = candor_program::policy::Fact::Evidence(index as u16);
    let revoker = slot.revoked_by.and_then(|by| card.evidence.get(usize::from(by)));
    EvidenceLine {
        name: slot.name.clone(),
        authority: match &slot.authority {
            Authority::Attester { key } => format!("attester {}", Key(key)),
            Authority::Mandate { owner, limit, direction } => {
                let direction = match direction {
                    Direction::AtMost => "at most",
                    Direction::AtLeast => "at least",
                };
                format!("mandate of {} ({limit}, {direction})", Key(owner))
            }
        },
        subject: match slot.subject {
            Subject::Agent => "agent".into(),
            Subject::Principal { id } => format!("0x{}", Hex(&id)),
        },
        default: slot.default.map(|value| vocabulary.show(fact, value)),
        revoked_by: revoker.map(|revoker| revoker.name.clone()),
        values: slot
            .values
            .iter()
            .map(|value| {
                (value.name.clone(), candor_program::decimal::format_decimal(value.value, slot.decimals))
            })
            .collect(),
    }
}

fn rule_line(
    card: &Card,
    vocabulary: &Vocabulary,
    rule: &Rule,
    origins: &BTreeMap<String, String>,
) -> RuleLine {
    let conditions = |mask: u64| {
        let predicates = card.policy.predicates.iter().take(64).enumerate();
        predicates
            .filter(|(index, _)| mask >> index & 1 == 1)
            .map(|(_, predicate)| vocabulary.condition(predicate))
            .collect()
    };
    RuleLine {
        name: rule.name.clone(),
        effect: match rule.effect {
            Effect::Permit => "permit",
            Effect::Forbid => "forbid",
        },
        all_of: conditions(rule.all_of),
        none_of: conditions(rule.none_of),
        reason: card.policy.reason_name(rule.reason).into(),
        remedy: card.policy.remedy(rule.reason).map(str::to_owned),
        from: origins.get(&rule.name).cloned(),
    }
}

struct Hex<'b>(&'b [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// A key as agent.toml writes it.
struct Key<'k>(&'k SignerKey);

impl fmt::Display for Key<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            SignerKey::Secp256k1 { address } => write!(out, "0x{}", Hex(address)),
            SignerKey::Ed25519 { public_key } => write!(out, "ed25519:0x{}", Hex(public_key)),
        }
    }
}

impl fmt::Display for PolicyReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for slot in &self.evidence {
            write!(out, "  evidence {}: {} about {}", slot.name, slot.authority, slot.subject)?;
            match &slot.default {
                Some(default) => write!(out, ", else {default}")?,
                None => write!(out, ", else missing: what asks for it is denied")?,
            }
            if let Some(by) = &slot.revoked_by {
                write!(out, ", revoked by {by}")?;
            }
            writeln!(out)?;
        }
        for register in &self.registers {
            write!(out, "  state {}: {}", register.name, register.initial)?;
            let updates = [
                ("executed", register.on_execute),
                ("denied", register.on_deny),
                ("abstained", register.on_abstain),
            ];
            for (outcome, update) in updates.into_iter().filter(|(_, update)| *update != "keep") {
                write!(out, "; {outcome}: {update}")?;
                if update != "reset" {
                    write!(out, " {}", register.source)?;
                }
            }
            if let Some(when) = &register.when {
                write!(out, "; when {when}")?;
            }
            if let Some(window) = &register.window {
                write!(out, "; anew every {window}")?;
            }
            writeln!(out)?;
        }
        for rule in &self.rules {
            write!(out, "  {} {}", rule.effect, rule.name)?;
            let none_of = rule.none_of.iter().map(|condition| format!("not {condition}"));
            let conditions: Vec<String> = rule.all_of.iter().cloned().chain(none_of).collect();
            if conditions.is_empty() {
                write!(out, ": always")?;
            } else {
                write!(out, ": {}", conditions.join(", "))?;
            }
            match &rule.from {
                Some(from) => writeln!(out, " ({from})")?,
                None => writeln!(out)?,
            }
        }
        Ok(())
    }
}
