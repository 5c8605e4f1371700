//! Every way to widen a mandate, or to use somebody else's, alone.

use crate::agent::evidence::{
    ALLOWANCE, PRINCIPAL, agent, chain, ed25519, evidence_program, granted, holder, keys, limit, owner, secp,
    signed,
};
use crate::agent::mandate_model::{self, RULES, Rule};
use crate::agent::{START, other_key};
use candor_program::card::SignerKey;
use candor_program::evidence::{Direction, Subject};
use candor_program::limits;
use candor_trace::SecretKey;
use candor_trace::evidence::{
    Credential, CredentialError, Holder, Limit, MAX_LIMITS, MAX_LINKS, Mandate, MandateError, SignedMandate,
    TextDefect, check_chain,
};
use candor_trace::signer::SignerError;

/// Owner, a desk, a strategy, the agent: 250 and 9 a week, 200, 150.
fn honest() -> Vec<Mandate> {
    let limits =
        [vec![limit("daily", 250), limit("weekly", 9)], vec![limit("daily", 200)], vec![limit("daily", 150)]];
    chain(&[ed25519(0x60), secp(0x61)], &limits)
}

/// Every mandate names the one before it again, and is signed by whom it names: a widening agent's own doing.
fn relinked(mut chain: Vec<Mandate>) -> Vec<Mandate> {
    for link in 1..chain.len() {
        chain[link].parent = chain[link - 1].id();
    }
    chain
}

fn defect(chain: Vec<Mandate>) -> MandateError {
    of_credential(&granted(chain), &holder())
}

fn of_credential(credential: &Credential, holder: &Holder) -> MandateError {
    match credential.statement(&evidence_program().card.evidence[ALLOWANCE], holder).unwrap_err() {
        CredentialError::Mandates(defect) => defect,
        defect => panic!("{defect:?}"),
    }
}

fn changed(change: impl FnOnce(&mut Vec<Mandate>)) -> MandateError {
    let mut chain = honest();
    change(&mut chain);
    defect(relinked(chain))
}

#[test]
fn no_mandate_widens_the_one_before() {
    let widened = |link, parent, got| {
        let (name, decimals) = ("daily".into(), 2);
        MandateError::Widened { link, name, decimals, parent, got }
    };
    // Messages count mandates from 1, as `candor mandate show` does, and have decimals.
    assert_eq!(widened(2, 200, 201).to_string(), "mandate 3 widens limit `daily` from 2.00 to 2.01");
    assert_eq!(changed(|chain| chain[2].limits[0].value = 201), widened(2, 200, 201));
    assert_eq!(changed(|chain| chain[1].limits[0].value = i64::MAX), widened(1, 250, i64::MAX));
    // Around a mandate that leaves the limit out.
    let around = changed(|chain| {
        chain[1].limits.clear();
        chain[2].limits[0].value = 251;
    });
    assert_eq!(around, widened(2, 250, 251));
    // As wide is not wider.
    let mut same = honest();
    same[2].limits[0].value = 200;
    let slot = &evidence_program().card.evidence[ALLOWANCE];
    assert_eq!(granted(relinked(same)).statement(slot, &holder()).unwrap().value, 200);
    let least = |value| Limit { direction: Direction::AtLeast, ..limit("daily", value) };
    let lower = changed(|chain| {
        (chain[0].limits[0], chain[1].limits[0]) = (least(100), least(100));
        chain[2].limits[0] = least(99);
    });
    assert_eq!(lower, widened(2, 100, 99));
}

#[test]
fn direction_and_decimals_stay() {
    let restated = |link| MandateError::Restated { link, name: "daily".into() };
    assert_eq!(changed(|chain| chain[2].limits[0].direction = Direction::AtLeast), restated(2));
    // 1.50 becomes 150.
    assert_eq!(changed(|chain| chain[2].limits[0].decimals = 0), restated(2));
    let other = MandateError::OtherLimit { name: "daily".into() };
    let flipped = changed(|chain| {
        chain.iter_mut().for_each(|mandate| mandate.limits[0].direction = Direction::AtLeast);
        (chain[1].limits[0].value, chain[2].limits[0].value) = (250, 300);
    });
    assert_eq!(flipped, other);
    let counted = changed(|chain| {
        chain.iter_mut().for_each(|mandate| mandate.limits[0].decimals = 0);
    });
    assert_eq!(counted, other);
}

#[test]
fn a_limit_that_the_owner_did_not_grant_is_not_there() {
    let added = changed(|chain| chain[2].limits.push(limit("yearly", 1)));
    assert_eq!(added, MandateError::Added { link: 2, name: "yearly".into() });
    let added = changed(|chain| {
        chain[0].limits.remove(0);
    });
    assert_eq!(added, MandateError::Added { link: 1, name: "daily".into() });
    let none = changed(|chain| chain.iter_mut().for_each(|mandate| mandate.limits.clear()));
    assert_eq!(none, MandateError::NoLimit { name: "daily".into() });
}

#[test]
fn no_mandate_outlives_or_precedes_the_one_before() {
    let (issued, expires) = (START + 1, START + 864_000 - 1);
    assert_eq!(
        changed(|chain| chain[2].expires = expires + 1),
        MandateError::Expires { link: 2, parent: expires, got: expires + 1 }
    );
    assert_eq!(
        changed(|chain| chain[2].issued = issued - 1),
        MandateError::Issued { link: 2, parent: issued, got: issued - 1 }
    );
    let time = holder().time;
    assert_eq!(changed(|chain| chain[2].issued = time + 1), MandateError::Later { time, issued: time + 1 });
    let mut just = honest();
    just[2].issued = time;
    let slot = &evidence_program().card.evidence[ALLOWANCE];
    assert!(granted(relinked(just)).statement(slot, &holder()).is_ok());
}

#[test]
fn mandates_are_handed_on_in_order_from_the_owner_to_the_agent() {
    let honest = honest();
    let public = |key: SecretKey| key.public();
    // Re-parented: from another mandate of the same grantee, wider than the one before it.
    let wider = Mandate { limits: vec![limit("daily", 1_000)], ..honest[0].clone() };
    let (expected, got) = (honest[0].id(), wider.id());
    let mut reparented = honest.clone();
    reparented[1].parent = got;
    assert_eq!(defect(reparented), MandateError::Parent { link: 1, expected, got });
    // The one before exchanged for the wider one.
    let exchanged = vec![wider.clone(), honest[1].clone(), honest[2].clone()];
    assert_eq!(defect(exchanged), MandateError::Parent { link: 1, expected: got, got: expected });
    // A chain cut off above its root.
    let tail = honest[1..].to_vec();
    let (owner_key, desk) = (public(owner()), public(ed25519(0x60)));
    assert_eq!(defect(tail), MandateError::Owner { expected: owner_key, got: desk });
    let rooted = MandateError::Parent { link: 0, expected: [0; 32], got: [1; 32] };
    assert_eq!(changed(|chain| chain[0].parent = [1; 32]), rooted);
    // Grantee exchanged, links out of order, one doubled, one left out.
    let grantor = |link, expected, got| MandateError::Grantor { link, expected, got };
    let stranger = public(secp(0x63));
    let strategy = public(secp(0x61));
    assert_eq!(changed(|chain| chain[1].grantee = stranger), grantor(2, stranger, strategy));
    assert_eq!(changed(|chain| chain.swap(1, 2)), grantor(1, desk, strategy));
    assert_eq!(changed(|chain| chain.insert(1, chain[1].clone())), grantor(2, strategy, desk));
    assert_eq!(changed(|chain| drop(chain.remove(1))), grantor(1, desk, strategy));
    // Replayed by another agent, and one link short of the agent.
    let (me, other) = (public(agent()), SignerKey::Secp256k1 { address: other_key().address() });
    let theirs = Holder { agent: other_key().address(), ..holder() };
    assert_eq!(
        of_credential(&granted(honest.clone()), &theirs),
        MandateError::Agent { expected: other, got: me }
    );
    assert_eq!(changed(|chain| drop(chain.pop())), MandateError::Agent { expected: me, got: strategy });
}

#[test]
fn every_mandate_is_signed_by_its_grantor() {
    for link in 0..3 {
        let Credential::Mandates(mut chain) = granted(honest()) else { panic!("mandates") };
        chain[link].signature[7] ^= 1;
        let error = of_credential(&Credential::Mandates(chain), &holder());
        assert!(matches!(error, MandateError::Signature { link: got, .. } if got == link), "{error:?}");
    }
    // The agent signs in the owner's name.
    let Credential::Mandates(mut chain) = granted(honest()) else { panic!("mandates") };
    chain[0].signature = agent().sign(&chain[0].mandate.message());
    let error = of_credential(&Credential::Mandates(chain), &holder());
    assert!(
        matches!(error, MandateError::Signature { link: 0, source: SignerError::OtherSigner { .. } }),
        "{error:?}"
    );
}

#[test]
fn a_slot_about_a_principal_takes_no_mandates() {
    let mut slot = evidence_program().card.evidence.remove(ALLOWANCE);
    slot.subject = Subject::Principal { id: PRINCIPAL };
    assert_eq!(granted(honest()).statement(&slot, &holder()), Err(MandateError::Subject.into()));
}

/// Depth, limits, names and times at their bound and one beyond it.
#[test]
fn what_exceeds_a_bound_is_refused() {
    let between: Vec<SecretKey> = keys().into_iter().skip(4).collect();
    let limits = [vec![limit("daily", 5)]];
    let slot = &evidence_program().card.evidence[ALLOWANCE];
    let longest = granted(chain(&between[..MAX_LINKS - 1], &limits));
    assert!(longest.statement(slot, &holder()).is_ok());
    let depth = |got| MandateError::Depth { limit: MAX_LINKS, got };
    assert_eq!(defect(chain(&between[..MAX_LINKS], &limits)), depth(MAX_LINKS + 1));
    assert_eq!(check_chain(&[]), Err(depth(0)));
    let names =
        |count: usize| (0..count).map(|number| limit(&format!("a{number:02}"), 1)).collect::<Vec<_>>();
    let most = |chain: &mut Vec<Mandate>, count| {
        chain[0].limits = names(count - 1);
        chain[0].limits.push(limit("daily", 250));
    };
    let mut full = honest();
    most(&mut full, MAX_LIMITS);
    full[1].limits.clear();
    full[2].limits.clear();
    assert!(granted(relinked(full.clone())).statement(slot, &holder()).is_ok());
    most(&mut full, MAX_LIMITS + 1);
    assert_eq!(
        defect(relinked(full)),
        MandateError::LimitCount { link: 0, limit: MAX_LIMITS, got: MAX_LIMITS + 1 }
    );
    let order = |name: &str| MandateError::Order { link: 0, name: name.into() };
    assert_eq!(changed(|chain| chain[0].limits.swap(0, 1)), order("daily"));
    assert_eq!(changed(|chain| chain[0].limits.insert(0, limit("daily", 9_000))), order("daily"));
    let name = |defect| MandateError::Name { link: 0, defect };
    assert_eq!(changed(|chain| chain[0].limits[0].name.clear()), name(TextDefect::Empty));
    let long = TextDefect::TooLong { limit: 128, got: 129 };
    assert_eq!(changed(|chain| chain[0].limits[0].name = "d".repeat(129)), name(long));
    let (issued, expires) = (START, limits::TIME);
    assert_eq!(changed(|chain| chain[0].expires = expires), MandateError::Time { link: 0, issued, expires });
    let mut last = honest();
    last[0].expires = limits::TIME - 1;
    assert!(granted(relinked(last)).statement(slot, &holder()).is_ok());
}

/// A chain that only the rule of this name keeps from giving the agent more than the owner granted.
fn against(rule: Rule) -> Vec<SignedMandate> {
    let mut chain = honest();
    let daily = |value| vec![limit("daily", value)];
    match rule {
        Rule::Owner => chain[0].grantor = secp(0x63).public(),
        Rule::Grantor => chain[1].grantor = secp(0x63).public(),
        Rule::Parent => {
            chain[1].parent = [7; 32];
            chain[2].parent = chain[1].id();
            return chain.into_iter().map(signed).collect();
        }
        Rule::Signature => {
            chain[0].limits = daily(9_000);
            let mut chain: Vec<SignedMandate> = relinked(chain).into_iter().map(signed).collect();
            chain[0].signature[9] ^= 1;
            return chain;
        }
        Rule::Agent => chain[2].grantee = secp(0x63).public(),
        Rule::Issued => chain[1].issued = START - 1,
        Rule::Expires => chain[2].expires = limits::TIME - 1,
        Rule::Complete => chain[2].issued = holder().time + 1,
        Rule::Value => chain[2].limits = daily(9_000),
        Rule::Direction => {
            chain[2].limits = vec![Limit { direction: Direction::AtLeast, ..limit("daily", 9_000) }];
        }
        Rule::Decimals => chain[2].limits[0].decimals = 0,
        Rule::Added => chain[2].limits.push(limit("yearly", 1)),
        Rule::Order => chain[2].limits = vec![limit("daily", 3), limit("daily", 2)],
        Rule::Depth => {
            let between: Vec<SecretKey> = keys().into_iter().skip(4).take(8).collect();
            chain = self::chain(&between, &[daily(250)]);
        }
    }
    relinked(chain).into_iter().map(signed).collect()
}

/// Leaving any rule out fools whoever leaves it out: none of them is covered by another.
#[test]
fn without_any_one_rule_a_chain_passes_that_must_not() {
    let slot = &evidence_program().card.evidence[ALLOWANCE];
    let (me, time) = (agent().public(), holder().time);
    for rule in RULES {
        let chain = against(rule);
        assert_eq!(mandate_model::value(&chain, "daily", me, time, None), None, "{rule:?}");
        assert!(mandate_model::value(&chain, "daily", me, time, Some(rule)).is_some(), "{rule:?}");
        assert!(Credential::Mandates(chain).statement(slot, &holder()).is_err(), "{rule:?}");
    }
}
