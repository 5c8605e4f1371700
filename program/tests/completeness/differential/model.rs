//! The decision, read off docs/spec/program.md once more: in integers that cannot overflow, by counting and ordering.

use candor_program::Card;
use candor_program::evidence::Statement;
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate, Rule};
use candor_program::state::{Register, Update};
use candor_program::transaction::{AbiType, ArgumentSource};
use sha3::{Digest, Keccak256};

/// What is decided on.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Above their minima.
    pub(crate) features: Vec<u16>,
    pub(crate) outputs: Vec<i32>,
    pub(crate) registers: Vec<i64>,
    /// Of the last record.
    pub(crate) last_time: u64,
    pub(crate) evidence: Vec<Option<Statement>>,
    pub(crate) time: u64,
    pub(crate) sequence: u64,
}

/// What a record states about a decision.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Expected {
    pub(crate) requested: u128,
    pub(crate) verdict: u64,
    pub(crate) executed: u128,
    pub(crate) registers: Vec<i128>,
    pub(crate) calldata: Option<Vec<u8>>,
}

/// How a decision ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Ending {
    Abstained,
    Lacking,
    Forbidden,
    NotPermitted,
    RegisterBlocked,
    ArgumentOutOfRange,
    Executed,
}

impl Ending {
    pub(crate) const ALL: [Self; 7] = [
        Self::Abstained,
        Self::Lacking,
        Self::Forbidden,
        Self::NotPermitted,
        Self::RegisterBlocked,
        Self::ArgumentOutOfRange,
        Self::Executed,
    ];
}

struct World<'a> {
    card: &'a Card,
    case: &'a Case,
    code: usize,
    /// Registers, ended windows begun anew.
    begun: Vec<i128>,
    /// As an execution leaves them, once that is known.
    after: Vec<Option<i128>>,
}

/// 2^63.
const HALF: i128 = 1 << 63;

fn fits_i64(value: i128) -> bool {
    value + HALF >= 0 && value < HALF
}

/// The latest multiple of the length, less the offset, that is not after the time.
fn window_start(seconds: u32, offset: u32, time: u64) -> i128 {
    let shifted = i128::from(time) + i128::from(offset);
    shifted - shifted % i128::from(seconds)
}

impl World<'_> {
    fn fact(&self, fact: Fact) -> Option<i128> {
        let register = |index: u16| self.begun[usize::from(index)];
        let template = &self.card.head.actions()[self.code];
        match fact {
            Fact::ActionCode => Some(self.code as i128),
            Fact::ActionAmount => Some(template.amount.into()),
            Fact::ActionMagnitude => Some(i128::from(template.amount).abs()),
            Fact::ActionAsset => Some(template.asset.into()),
            Fact::ActionVenue => Some(template.venue.into()),
            Fact::Time => Some(self.case.time.into()),
            Fact::Sequence => Some(self.case.sequence.into()),
            Fact::Feature(index) => {
                let (feature, above) =
                    (&self.card.features[usize::from(index)], self.case.features[usize::from(index)]);
                Some(i128::from(feature.min) + i128::from(above))
            }
            Fact::Output(index) => Some(self.case.outputs[usize::from(index)].into()),
            Fact::Register(index) => Some(register(index)),
            Fact::After(index) => *self.after.get(usize::from(index))?,
            Fact::Change(index) => {
                let after = (*self.after.get(usize::from(index))?)?;
                Some((after - register(index)).abs()).filter(|change| fits_i64(*change))
            }
            Fact::Elapsed(index) => Some(i128::from(self.case.time) - register(index))
                .filter(|elapsed| (0..HALF).contains(elapsed)),
            Fact::Evidence(index) => {
                let default = self.card.evidence[usize::from(index)].default.map(i128::from);
                self.statement(index).map(|statement| statement.value.into()).or(default)
            }
            Fact::Present(index) => Some(i128::from(self.statement(index).is_some())),
            Fact::Issued(index) => self.statement(index).map(|statement| statement.issued.into()),
        }
    }

    /// The statement of a slot while it counts.
    fn current(&self, index: usize) -> Option<Statement> {
        let time = self.case.time;
        self.case.evidence[index].filter(|statement| (statement.issued..statement.expires).contains(&time))
    }

    /// The same, where it is not revoked.
    fn statement(&self, index: u16) -> Option<Statement> {
        let current = self.current(usize::from(index))?;
        let Some(by) = self.card.evidence[usize::from(index)].revoked_by else { return Some(current) };
        let default = self.card.evidence[usize::from(by)].default;
        let from = self.current(usize::from(by)).map(|statement| statement.value).or(default)?;
        (i128::from(current.issued) >= i128::from(from)).then_some(current)
    }

    fn operand(&self, operand: Operand) -> Option<i128> {
        match operand {
            Operand::Constant(value) => Some(value.into()),
            Operand::Fact { fact, offset } => Some(self.fact(fact)? + i128::from(offset)),
        }
    }

    /// 1 or 0 for true or false; `None` where something is missing.
    fn truth(&self, predicate: &Predicate) -> Option<u32> {
        let right = self.operand(predicate.operand)?;
        // -1, 0 or 1
        let order = (self.fact(predicate.fact)? - right).signum();
        let accepted: &[i128] = match predicate.comparison {
            Comparison::Equal => &[0],
            Comparison::NotEqual => &[-1, 1],
            Comparison::Less => &[-1],
            Comparison::LessOrEqual => &[-1, 0],
            Comparison::Greater => &[1],
            Comparison::GreaterOrEqual => &[0, 1],
        };
        Some(accepted.contains(&order).into())
    }

    /// The rank of a rule that decides: lacking rules before forbids before permits; `None` if it does not match.
    fn rank(&self, truths: &[Option<u32>], rule: &Rule) -> Option<u8> {
        let (mut lacking, mut violations) = (0, 0);
        for (index, truth) in truths.iter().enumerate() {
            let (all, none) = ((rule.all_of >> index) as u32 & 1, (rule.none_of >> index) as u32 & 1);
            match truth {
                None => lacking += all + none,
                Some(truth) => violations += all * (1 - truth) + none * truth,
            }
        }
        match (lacking, violations, rule.effect) {
            (1.., _, _) => Some(0),
            (0, 0, Effect::Forbid) => Some(1),
            (0, 0, Effect::Permit) => Some(2),
            (0, 1.., _) => None,
        }
    }

    /// What a register becomes; `None` where that cannot be told, or does not fit.
    fn next(&self, index: usize, update: fn(&Register) -> Update) -> Option<i128> {
        let (value, register) = (self.begun[index], &self.card.registers[index]);
        let holds = match register.when {
            Some(predicate) => self.truth(&self.card.policy.predicates[usize::from(predicate)])?,
            None => 1,
        };
        let next = match update(register) {
            _ if holds == 0 => value,
            Update::Keep => value,
            Update::Reset => register.initial.into(),
            Update::Set => self.operand(register.source)?,
            Update::Add => value + self.operand(register.source)?,
        };
        Some(next).filter(|next| fits_i64(*next))
    }

    /// All registers, those that have no next value as they were.
    fn moved(&self, update: fn(&Register) -> Update) -> Vec<i128> {
        (0..self.begun.len()).map(|index| self.next(index, update).unwrap_or(self.begun[index])).collect()
    }

    fn calldata(&self) -> Option<Vec<u8>> {
        let template = &self.card.transaction;
        let types: Vec<String> = template.arguments.iter().map(|argument| name(argument.abi_type)).collect();
        let signature = format!("{}({})", template.function, types.join(","));
        let mut calldata = Keccak256::digest(signature)[..4].to_vec();
        for argument in &template.arguments {
            match argument.source {
                ArgumentSource::Constant(word) => calldata.extend(word),
                ArgumentSource::Fact { fact, offset } => {
                    let value = self.fact(fact)? + i128::from(offset);
                    let (low, high) = bounds(argument.abi_type);
                    if value < low || value > high {
                        return None;
                    }
                    calldata.extend([if value < 0 { 0xff } else { 0 }; 16]);
                    calldata.extend(value.to_be_bytes());
                }
            }
        }
        Some(calldata)
    }
}

fn name(abi_type: AbiType) -> String {
    match abi_type {
        AbiType::Uint(bits) => format!("uint{bits}"),
        AbiType::Int(bits) => format!("int{bits}"),
        AbiType::Bool => "bool".into(),
        AbiType::Address => "address".into(),
        AbiType::Bytes32 => "bytes32".into(),
    }
}

/// What a type can hold of the integers below 2^126.
fn bounds(abi_type: AbiType) -> (i128, i128) {
    match abi_type {
        AbiType::Uint(bits) => (0, (1 << bits.min(126)) - 1),
        AbiType::Int(bits) => (-(1 << (bits - 1).min(126)), (1 << (bits - 1).min(126)) - 1),
        AbiType::Bool => (0, 1),
        AbiType::Address | AbiType::Bytes32 => (1, 0),
    }
}

fn word(code: usize, amount: i128) -> u128 {
    (code as u128 + 1) * (1 << 64) + (amount + HALF) as u128
}

pub(crate) fn decide(card: &Card, case: &Case) -> (Expected, Ending) {
    let actions = card.head.actions();
    // The greatest output; of several, the one at the lowest index.
    let code = (0..actions.len()).max_by_key(|index| (case.outputs[*index], usize::MAX - index)).unwrap();
    let begun = card.registers.iter().zip(&case.registers).map(|(register, value)| {
        let same = register.window.is_none_or(|window| {
            let window = &card.windows[usize::from(window)];
            let start = |time| window_start(window.seconds, window.offset, time);
            start(case.time) == start(case.last_time)
        });
        if same { (*value).into() } else { register.initial.into() }
    });
    let mut world = World { card, case, code, begun: begun.collect(), after: vec![] };
    world.after =
        (0..card.registers.len()).map(|index| world.next(index, |register| register.on_execute)).collect();
    let requested = word(code, actions[code].amount.into());
    let stopped = |outcome: u64, reason: u64, rule: u64| Expected {
        requested,
        verdict: outcome + 256 * reason + (rule << 24),
        executed: 0,
        registers: world.moved(if outcome == 0 {
            |register| register.on_abstain
        } else {
            |register| register.on_deny
        }),
        calldata: None,
    };
    if actions[code].abstain {
        return (stopped(0, 0, 0), Ending::Abstained);
    }
    let truths: Vec<Option<u32>> =
        card.policy.predicates.iter().map(|predicate| world.truth(predicate)).collect();
    let ranked = card.policy.rules.iter().zip(1_u64..).filter_map(|(rule, number)| {
        world.rank(&truths, rule).map(|rank| (rank, number, u64::from(rule.reason)))
    });
    let (number, reason) = match ranked.min() {
        None => return (stopped(2, 1, 0), Ending::NotPermitted),
        Some((0, number, _)) => return (stopped(2, 2, number), Ending::Lacking),
        Some((1, number, reason)) => return (stopped(2, reason, number), Ending::Forbidden),
        Some((_, number, reason)) => (number, reason),
    };
    let Some(registers) = world.after.iter().copied().collect() else {
        return (stopped(2, 2, 0), Ending::RegisterBlocked);
    };
    let Some(calldata) = world.calldata() else { return (stopped(2, 2, 0), Ending::ArgumentOutOfRange) };
    let verdict = 1 + 256 * reason + (number << 24);
    let calldata = Some(calldata);
    (Expected { requested, verdict, executed: requested, registers, calldata }, Ending::Executed)
}
