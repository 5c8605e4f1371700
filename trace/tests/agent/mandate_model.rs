//! The rules for chains of mandates once more, each of which can be left out: to show what it is for.

use super::evidence::owner;
use candor_program::card::SignerKey;
use candor_program::evidence::Direction;
use candor_trace::check_signed;
use candor_trace::evidence::SignedMandate;
use std::collections::BTreeMap;

/// A rule of docs/spec/evidence.md.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    Owner,
    Grantor,
    Parent,
    Signature,
    Agent,
    Issued,
    Expires,
    Complete,
    Value,
    Direction,
    Decimals,
    Added,
    Order,
    Depth,
}

/// All of them.
pub(crate) const RULES: [Rule; 14] = [
    Rule::Owner,
    Rule::Grantor,
    Rule::Parent,
    Rule::Signature,
    Rule::Agent,
    Rule::Issued,
    Rule::Expires,
    Rule::Complete,
    Rule::Value,
    Rule::Direction,
    Rule::Decimals,
    Rule::Added,
    Rule::Order,
    Rule::Depth,
];

/// The value of a limit after a chain for this agent at this time; `None`: refused, or not named.
pub(crate) fn value(
    chain: &[SignedMandate],
    name: &str,
    agent: SignerKey,
    time: u64,
    without: Option<Rule>,
) -> Option<i64> {
    let kept = |rule: Rule, holds: bool| holds || without == Some(rule);
    let mut holds = kept(Rule::Depth, (1..=8).contains(&chain.len()));
    let (mut grantor, mut parent) = (owner().public(), [0; 32]);
    let (mut issued, mut expires) = (0, u64::MAX);
    let mut limits: BTreeMap<String, (Direction, i64, u8)> = BTreeMap::new();
    for (link, SignedMandate { mandate, signature }) in chain.iter().enumerate() {
        let rule = if link == 0 { Rule::Owner } else { Rule::Grantor };
        holds &= kept(rule, mandate.grantor == grantor);
        holds &= kept(Rule::Parent, mandate.parent == parent);
        holds &= kept(Rule::Signature, check_signed(&mandate.grantor, &mandate.message(), signature).is_ok());
        holds &= kept(Rule::Issued, mandate.issued >= issued);
        holds &= kept(Rule::Expires, mandate.expires <= expires);
        let names: Vec<&String> = mandate.limits.iter().map(|limit| &limit.name).collect();
        holds &= kept(Rule::Order, names.windows(2).all(|pair| pair[0] < pair[1]));
        for limit in &mandate.limits {
            let stated = (limit.direction, limit.value, limit.decimals);
            let above = limits.insert(limit.name.clone(), stated);
            let Some((direction, value, decimals)) = above else {
                holds &= kept(Rule::Added, link == 0);
                continue;
            };
            holds &= kept(Rule::Direction, limit.direction == direction);
            holds &= kept(Rule::Decimals, limit.decimals == decimals);
            let narrower = match limit.direction {
                Direction::AtMost => limit.value <= value,
                Direction::AtLeast => limit.value >= value,
            };
            holds &= kept(Rule::Value, narrower);
        }
        (grantor, parent) = (mandate.grantee, mandate.id());
        (issued, expires) = (mandate.issued, mandate.expires);
    }
    holds &= kept(Rule::Agent, grantor == agent);
    holds &= kept(Rule::Complete, issued <= time);
    limits.get(name).filter(|_| holds).map(|(_, value, _)| *value)
}
