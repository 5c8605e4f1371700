//! Random chains: what they come to is what an independent model says, and never exceeds any mandate above.

use crate::agent::evidence::{agent, keys, owner, signed};
use crate::agent::{START, mandate_model};
use candor_program::card::SignerKey;
use candor_program::evidence::Direction;
use candor_trace::evidence::{Limit, Mandate, SignedMandate, check_chain};
use proptest::prelude::*;

/// One link: how its limits, times and names go on from the link above.
#[derive(Clone, Debug)]
struct Step {
    grantee: usize,
    limits: Vec<(u8, i64, bool, bool)>,
    issued: i64,
    expires: i64,
    break_parent: bool,
    break_signature: bool,
}

fn arb_step() -> impl Strategy<Value = Step> {
    let rarely = || prop::bool::weighted(0.03);
    let limit = (0_u8..3, -2_i64..4, rarely(), rarely());
    let limits = prop::collection::vec(limit, 0..3);
    (0_usize..14, limits, -1_i64..12, -1_i64..12, rarely(), rarely()).prop_map(
        |(grantee, limits, issued, expires, break_parent, break_signature)| Step {
            grantee,
            limits,
            issued,
            expires,
            break_parent,
            break_signature,
        },
    )
}

/// Mostly a chain: each link is granted by the grantee above, and its numbers are close to those above.
fn build(steps: &[Step]) -> Vec<SignedMandate> {
    let keys: Vec<SignerKey> = keys().iter().map(|key| key.public()).collect();
    let (mut grantor, mut parent) = (owner().public(), [0; 32]);
    let (mut issued, mut expires) = (START, START + 1_000);
    let mut values = [100_i64, 100, 100];
    let mut chain = Vec::new();
    for (link, step) in steps.iter().enumerate() {
        let is_last = link + 1 == steps.len();
        let grantee = if is_last { agent().public() } else { keys[step.grantee] };
        let mut limits: Vec<Limit> = Vec::new();
        for &(name, by, flips, recounts) in &step.limits {
            let value = &mut values[usize::from(name)];
            // Limit 2 is one that narrows upwards.
            let at_least = (name == 2) != flips;
            *value += if name == 2 { by } else { -by };
            limits.push(Limit {
                name: ["daily", "orders", "reserve"][usize::from(name)].into(),
                direction: if at_least { Direction::AtLeast } else { Direction::AtMost },
                value: *value,
                decimals: u8::from(recounts),
            });
        }
        limits.sort_by(|a, b| a.name.cmp(&b.name));
        limits.dedup_by(|a, b| a.name == b.name);
        (issued, expires) =
            (issued.saturating_add_signed(step.issued), expires.saturating_add_signed(-step.expires));
        let stated = if step.break_parent { [1; 32] } else { parent };
        let mandate = Mandate { grantor, grantee, parent: stated, limits, issued, expires };
        (grantor, parent) = (grantee, mandate.id());
        let mut mandate = signed(mandate);
        if step.break_signature {
            mandate.signature[3] ^= 1;
        }
        chain.push(mandate);
    }
    chain
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_effective_limit_never_exceeds_any_ancestors(steps in prop::collection::vec(arb_step(), 0..11)) {
        let chain = build(&steps);
        let granted = check_chain(&chain);
        for name in ["daily", "orders", "reserve"] {
            let model = mandate_model::value(&chain, name, agent().public(), u64::MAX, None);
            let ours = granted.as_ref().ok().and_then(|granted| granted.limit(name)).map(|limit| limit.value);
            prop_assert_eq!(ours, model);
        }
        let Ok(granted) = granted else { return Ok(()) };
        for SignedMandate { mandate, .. } in &chain {
            prop_assert!(granted.issued <= mandate.issued && mandate.issued <= granted.complete);
            prop_assert!(granted.expires <= mandate.expires);
            for limit in &mandate.limits {
                let effective = granted.limit(&limit.name).expect("a limit stays");
                prop_assert_eq!(effective.decimals, limit.decimals);
                let is_narrower = match limit.direction {
                    Direction::AtMost => effective.value <= limit.value,
                    Direction::AtLeast => effective.value >= limit.value,
                };
                prop_assert!(is_narrower);
            }
        }
    }
}

/// The generator makes both: chains that hold, of several links, and chains that do not.
#[test]
fn random_chains_hold_and_do_not() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(arb_step(), 0..11);
    let (mut long, mut refused) = (0, 0);
    for _ in 0..400 {
        let steps = strategy.new_tree(&mut runner).unwrap().current();
        match check_chain(&build(&steps)) {
            Ok(_) if steps.len() > 1 => long += 1,
            Ok(_) => {}
            Err(_) => refused += 1,
        }
    }
    assert!(long > 15 && refused > 100, "{long} hold, {refused} do not");
}
