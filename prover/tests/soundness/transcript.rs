//! Every message is absorbed, and every challenge is drawn after all that it must depend on.
//!
//! For each message: with that message left out of the transcript a complete forgery of a false statement is accepted, and
//! the same bytes are rejected by the production verifier, under the transcript that absorbs it. For each challenge: the
//! same with that challenge known beforehand.

use crate::attack::*;
use crate::case::case;
use crate::defect::{Defects, Name, verify_with};
use crate::forger::{Forgery, Play};
use crate::lie::{cancel, under, wrong_row};
use ark_ff::Field;
use candor_circuits::channel::Step;
use candor_program::Fr;
use candor_program::class::TensorId;

/// The forgery is accepted with the defect and rejected without it.
fn only_with(defects: &Defects, forged: &Forged, what: &str) {
    let case = case();
    let report = verify_with(case, &forged.public, defects, &forged.proof);
    assert_eq!(report.result, Ok(()), "{what}: the forgery must succeed where the defect is");
    let sound = case.verify(&forged.public, &forged.proof);
    assert!(sound.is_err(), "{what}: accepted by the production verifier");
}

#[test]
fn the_forger_who_does_not_lie_writes_the_provers_bytes() {
    let case = case();
    let play = Forgery::honest(case).play();
    assert_eq!(case.verify(&case.public, &play.proof), Ok(()));
    assert_eq!(play.proof, case.honest_proof());
    let report = verify_with(case, &case.public, &Defects::default(), &play.proof);
    assert_eq!(report.result, Ok(()));
    assert_eq!(report.challenges, play.challenges);
    assert_eq!(report.challenges.len(), Name::all(&case.layout).len());
}

#[test]
fn the_statement_is_absorbed() {
    let case = case();
    let defects = Defects::omitting(&[Step::Statement]);
    only_with(&defects, &values_of_the_statement(&defects), "values");
    only_with(&defects, &features_of_the_statement(&defects), "features");
    let play = under(Forgery::honest(case), &defects).play();
    let mut public = case.public.clone();
    public.context += Fr::ONE;
    only_with(&defects, &Forged { public, proof: play.proof }, "context");
}

#[test]
fn rows_and_multiplicities_are_absorbed() {
    let omitting = |step| Defects::omitting(&[step]);
    let defects = omitting(Step::WitnessRows);
    only_with(&defects, &witness_after_the_claims(&defects), "witness");
    let defects = omitting(Step::Multiplicities);
    only_with(&defects, &multiplicities_after_beta(&defects), "multiplicities");
    let defects = omitting(Step::HelperRows);
    only_with(&defects, &helper_after_tau(&defects), "helper");
    let defects = omitting(Step::TableHelper);
    only_with(&defects, &table_helper_after_tau(&defects), "table helper");
}

#[test]
fn rounds_are_absorbed() {
    for round in 0..case().layout.rounds {
        let defects = Defects::omitting(&[Step::Round(round)]);
        only_with(&defects, &round_after_challenge(&defects, round), &format!("round {round}"));
    }
}

#[test]
fn evaluations_are_absorbed() {
    let defects = Defects::omitting(&[Step::Evaluations]);
    let forged = values_that_cancel(
        &defects,
        |values, [a, b]| {
            values.columns[0] += a;
            values.multiplicity += b;
        },
        |play| [Fr::ONE, rho_power(play, 3)],
    );
    only_with(&defects, &forged, "evaluations");
}

/// One such value alone is fixed by the relations before rho is drawn; two that are not absorbed can be chosen to cancel.
#[test]
fn sums_sources_and_weights_are_absorbed() {
    let case = case();
    let layout = &case.layout;
    let claims = Forgery::honest(case).play().claims.len();
    let own_sources = layout.contractions.iter().filter(|term| term.right.source != TensorId(0)).count();
    let (bias, scaled) = (claims - 1, 4 + own_sources);
    let weights = claims - 1 - layout.contractions.len();
    let matrix = &layout.contractions[0];
    let first_matrix = Step::Weights(matrix.operator, matrix.term);

    let two = |steps: [Step; 2], claims: [usize; 2], shift: fn(&mut Forgery<'static>, [Fr; 2])| {
        let defects = Defects::omitting(&steps);
        let play =
            cancel(|| under(wrong_row(case), &defects), shift, |play| claims.map(|c| rho_power(play, c)));
        only_with(
            &defects,
            &Forged { public: wrong_row(case).public, proof: play.proof },
            &format!("{steps:?}"),
        );
    };
    two([Step::BiasSum, first_matrix], [bias, weights], |forgery, [a, b]| {
        forgery.bias_sum = a;
        forgery.values = Some(Box::new(move |values| values.factors[0][0] += b));
    });
    two([Step::LinearValues, first_matrix], [scaled, weights], |forgery, [a, b]| {
        forgery.linear = a;
        forgery.values = Some(Box::new(move |values| values.factors[0][0] += b));
    });
    for (i, term) in layout.contractions.iter().enumerate().skip(1) {
        assert_ne!(term.right.source, TensorId(0), "the second dense term on reads an operator's output");
        let source = Step::Source(term.operator, term.term);
        let own = Step::Weights(term.operator, term.term);
        let shift: fn(&mut Forgery<'static>, [Fr; 2]) = match i {
            1 => |forgery, [a, b]| {
                forgery.bias_sum = a;
                forgery.values = Some(Box::new(move |values| values.factors[1][1] += b));
            },
            _ => |forgery, [a, b]| {
                forgery.bias_sum = a;
                forgery.values = Some(Box::new(move |values| values.factors[2][1] += b));
            },
        };
        two([Step::BiasSum, source], [bias, 4 + i - 1], shift);
        let shift: fn(&mut Forgery<'static>, [Fr; 2]) = match i {
            1 => |forgery, [a, b]| {
                forgery.bias_sum = a;
                forgery.values = Some(Box::new(move |values| values.factors[1][0] += b));
            },
            _ => |forgery, [a, b]| {
                forgery.bias_sum = a;
                forgery.values = Some(Box::new(move |values| values.factors[2][0] += b));
            },
        };
        two([Step::BiasSum, own], [bias, weights + i], shift);
    }
}

#[test]
fn merge_and_opening_are_absorbed() {
    let attack = |step, name| {
        let defects = Defects::omitting(&[step]);
        only_with(&defects, &opening_after_challenge(&defects, name), &format!("{step:?}"));
    };
    for round in 0..case().layout.row_log2 {
        attack(Step::MergeRound(round), Name::S(round));
    }
    attack(Step::Folds, Name::X);
    attack(Step::FoldEvaluations, Name::Q);
    attack(Step::Quotient, Name::Zeta);
    // no challenge follows the opening point: the pairing reads it itself
}

/// Every message changes the very next challenge: what no forgery above may depend on is bound as well.
#[test]
fn every_message_changes_the_next_challenge() {
    let case = case();
    let proof = case.honest_proof();
    let honest = verify_with(case, &case.public, &Defects::default(), &proof);
    let ignoring = Defects::ignoring(&[
        candor_circuits::channel::Check::Relations,
        candor_circuits::channel::Check::Folding,
        candor_circuits::channel::Check::Pairing,
    ]);
    let mut followed = 0;
    for leaf in &honest.leaves {
        let mut changed = proof.clone();
        if leaf.is_point {
            let other: [u8; 64] = candor_circuits::point::encode_g1(&case.reference.powers()[3]).0;
            changed[leaf.bytes.clone()].copy_from_slice(&other);
        } else {
            changed[leaf.bytes.clone()].copy_from_slice(&[0; 32]);
        }
        if changed == proof {
            continue;
        }
        let report = verify_with(case, &case.public, &ignoring, &changed);
        let first = report.challenges.iter().zip(&honest.challenges).position(|(a, b)| a != b);
        let drawn_before = drawn_before(case, leaf.step);
        assert_eq!(first, drawn_before, "{leaf:?}");
        followed += usize::from(first.is_some());
    }
    assert!(followed > 50);
}

/// Number of challenges that are drawn before a message; `None` if none follows it.
fn drawn_before(case: &crate::case::Case, step: Step) -> Option<usize> {
    let name = match step {
        Step::Statement
        | Step::WitnessRows
        | Step::Multiplicities
        | Step::MappedRows
        | Step::MapMultiplicities => *Name::all(&case.layout).first()?,
        Step::MappedValue | Step::TableRound(0) => Name::U(0),
        Step::TableRound(round) => Name::U(round),
        Step::TableValue | Step::Equalities => Name::Beta,
        Step::HelperRows | Step::TableHelper | Step::MapHelperRows | Step::MapTableHelper => Name::Tau(0),
        Step::BiasSum | Step::LinearValues => Name::R(0),
        Step::Round(round) => Name::R(round),
        Step::Evaluations | Step::Weights(..) | Step::Left(..) | Step::Source(..) => Name::Z,
        Step::MergeRound(round) => Name::S(round),
        Step::Folds => Name::X,
        Step::FoldEvaluations => Name::Q,
        Step::Quotient => Name::Zeta,
        Step::OpeningPoint | Step::Boundary => return None,
    };
    Some(name.index(&case.layout))
}

/// A prover who knows a challenge before he must send what it is drawn from proves anything.
#[test]
fn no_challenge_may_be_known_beforehand() {
    let case = case();
    let layout = &case.layout;
    let honest: Play = Forgery::honest(case).play();
    let old = |name: Name| honest.challenges[name.index(layout)];
    let fixing = |names: &[Name]| Defects {
        fixed: names.iter().map(|name| (name.index(layout), old(*name))).collect(),
        ..Defects::default()
    };
    let tau: Vec<Name> = (0..layout.rounds).map(Name::Tau).collect();
    let t: Vec<Name> = Name::all(layout).into_iter().filter(|name| matches!(name, Name::T(_))).collect();

    let defects = fixing(&[Name::Beta]);
    only_with(&defects, &multiplicities_after_beta(&defects), "beta");
    let defects = fixing(&tau);
    only_with(&defects, &helper_after_tau(&defects), "tau, helper");
    only_with(&defects, &table_helper_after_tau(&defects), "tau, table helper");
    let defects = fixing(&[Name::Alpha]);
    only_with(&defects, &relations_that_cancel(&defects, old(Name::Alpha)), "alpha");
    for round in [0, layout.rounds - 1] {
        let defects = fixing(&[Name::R(round)]);
        only_with(&defects, &round_after_challenge(&defects, round), "r");
    }
    let defects = fixing(&[Name::Z]);
    let columns = values_that_cancel(
        &defects,
        |values, [a, b]| {
            values.columns[0] += a;
            values.columns[2] += b;
        },
        |_| [Fr::ONE, old(Name::Z).square()],
    );
    only_with(&defects, &columns, "z: two columns that cancel");
    let defects = fixing(&t);
    only_with(&defects, &values_of_the_statement(&defects), "t");
    let defects = fixing(&[Name::Rho]);
    let openings = values_that_cancel(
        &defects,
        |values, [a, b]| {
            values.helper += a;
            values.multiplicity += b;
        },
        |_| [old(Name::Rho), old(Name::Rho).pow([3])],
    );
    only_with(&defects, &openings, "rho: two openings that cancel");
    for name in [Name::S(0), Name::S(layout.row_log2 - 1), Name::X, Name::Q, Name::Zeta] {
        let defects = fixing(&[name]);
        only_with(&defects, &opening_after_challenge(&defects, name), &format!("{name:?}"));
    }
}
