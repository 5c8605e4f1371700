//! Messages of lookup operators and of general programs: each is absorbed, and no challenge may be known before it.
//!
//! The lie is a table with other entries: the forger's tensors, rows and statement follow from it, so that all but the lookup holds.

use crate::case::{Case, Objects, reference};
use crate::checks::only_without;
use crate::defect::{Defects, Name, verify_with};
use crate::forger::{Forgery, Play, Repairs, late};
use crate::general::{case, count_halves, unused};
use crate::lie::{cancel, under, wrong_row};
use crate::relations::Relation;
use crate::table::{equality, solve};
use crate::witness::violated;
use ark_ff::{AdditiveGroup, Field};
use candor_benches::synthetic::features;
use candor_circuits::channel::{Check, Step};
use candor_circuits::claim::Object;
use candor_circuits::layout::LIMBS;
use candor_circuits::relation::map::Challenges;
use candor_program::Fr;
use candor_program::class::TensorId;
use candor_prover::witness::Witness;

/// The forgery is accepted with the defect and rejected without it.
fn only_with(defects: &Defects, forgery: &Forgery<'_>, what: &str) {
    let (case, proof) = (forgery.case, forgery.play().proof);
    assert_ne!(
        (&forgery.public.values, &forgery.public.above_low),
        (&case.public.values, &case.public.above_low),
        "{what}: the statement must be false"
    );
    let report = verify_with(case, &forgery.public, defects, &proof);
    assert_eq!(report.result, Ok(()), "{what}: the forgery must succeed where the defect is");
    assert!(case.verify(&forgery.public, &proof).is_err(), "{what}: accepted by the production verifier");
}

/// Everything that follows from another entry of the third table: of the first value that is looked up in it.
fn other_table(case: &'static Case) -> Forgery<'static> {
    let map = case.layout.maps.iter().find(|map| map.table == 2).unwrap();
    let position = map.place.offset << case.layout.batch_log2;
    let bytes = case.witness.looked_at(&case.layout);
    let x = usize::from(bytes[position]) + LIMBS * usize::from(bytes[case.objects.mapped.len() + position]);
    let mut program = case.program.clone();
    program.weights.tables[2][x] ^= 0x8000;
    let witness = Witness::new(&program, &case.layout, &case.statement.features).unwrap();
    let mut forgery = Forgery::honest(case);
    let mut statement = case.statement.clone();
    let revealed = usize::from(case.layout.revealed.0);
    for (values, tensors) in statement.values.iter_mut().zip(&witness.tensors) {
        values.clone_from(&tensors[revealed]);
    }
    forgery.public = statement.public_values(&case.program.card).unwrap();
    forgery.sums.cells = witness.cells.iter().map(|cell| Fr::from(*cell)).collect();
    forgery.sums.mapped = witness.mapped.iter().map(|value| Fr::from(*value)).collect();
    forgery.sums.multiplicities = witness.multiplicities().into_iter().map(Fr::from).collect();
    forgery.sums.map_multiplicities = count_halves(&forgery.looked_at());
    forgery
}

fn challenges(forgery: &Forgery<'_>) -> Challenges<Fr> {
    forgery.play().map.unwrap()
}

/// The first equality that selects an entry is changed until the entries are what they should be: now it is no byte's.
fn hide_in_an_equality(forgery: &mut Forgery<'static>) {
    let reduction = challenges(forgery).reduction;
    let (selected, mut equalities) = (forgery.selected(&reduction), forgery.equalities(&reduction));
    let (low, high) = equalities.split_at(selected.len());
    let sum: Fr = selected.iter().zip(low).zip(high).map(|((g, low), high)| *g * low * high).sum();
    let at = selected.iter().position(|share| *share != Fr::ZERO).unwrap();
    let missing = reduction.claim * reduction.table.inverse().unwrap() - sum;
    let change = missing * (selected[at] * high[at]).inverse().unwrap();
    equalities[at] += change;
    forgery.equalities = Some(equalities);
}

/// Sum of the map helper minus sum of the map table helper.
fn sums_gap(forgery: &Forgery<'_>) -> Fr {
    let [helper, table] = forgery.map_helpers(&challenges(forgery));
    helper.iter().sum::<Fr>() - table.iter().sum::<Fr>()
}

#[test]
fn every_hiding_place_is_one_relation() {
    let mut forgery = other_table(case());
    assert_eq!(violated(&forgery, "another table"), [Relation::Entries]);
    hide_in_an_equality(&mut forgery);
    assert_eq!(violated(&forgery, "a wrong equality"), [Relation::MapSums]);
    only_without(Check::Relations, &forgery, "a wrong equality");
}

/// Knows the round's challenge before the round: the wrong claim becomes true there.
fn table_round_after_challenge(defects: &Defects, round: usize) -> Forgery<'static> {
    let mut forgery = under(other_table(case()), defects);
    let challenge = challenges(&forgery).reduction.entry[round];
    forgery.repairs = Repairs { table_round: Some((round, challenge)), ..Repairs::default() };
    forgery
}

/// Knows beta and gamma before the equalities: one where no lookup is makes up for the wrong one.
fn equalities_after_gamma(defects: &Defects) -> Forgery<'static> {
    let mut forgery = under(other_table(case()), defects);
    hide_in_an_equality(&mut forgery);
    let Challenges { beta, .. } = challenges(&forgery);
    let free = unused(case());
    let keys = &forgery.keys(&challenges(&forgery))[0];
    let inverse = (beta - keys[free]).inverse().unwrap() - sums_gap(&forgery);
    let mut equalities = forgery.equalities.clone().unwrap();
    equalities[free] += beta - inverse.inverse().unwrap() - keys[free];
    forgery.equalities = Some(equalities);
    forgery
}

/// Knows tau before a helper: two of its values are wrong, and cancel in the zero-check.
fn helper_after_tau(defects: &Defects, side: usize) -> Forgery<'static> {
    let mut forgery = under(other_table(case()), defects);
    hide_in_an_equality(&mut forgery);
    let play = forgery.play();
    let challenges = play.map.as_ref().unwrap();
    let (keys, mut helpers) = (forgery.keys(challenges), forgery.map_helpers(challenges));
    let tau: Vec<Fr> =
        (0..case().layout.rounds).map(|i| play.challenges[Name::Tau(i).index(&case().layout)]).collect();
    let eq = equality(&tau[tau.len() - keys[side].len().trailing_zeros() as usize..]);
    let in_check = |place: usize| eq[place] * (challenges.beta - keys[side][place]);
    let gap = if side == 0 { -sums_gap(&forgery) } else { sums_gap(&forgery) };
    let changes = solve(vec![vec![Fr::ONE; 2], vec![in_check(0), in_check(1)]], vec![gap, Fr::ZERO]).unwrap();
    helpers[side][0] += changes[0];
    helpers[side][1] += changes[1];
    forgery.map_helpers = Some(helpers);
    forgery
}

#[test]
fn messages_of_lookups_are_absorbed() {
    let omitting = |step| Defects::omitting(&[step]);
    let rounds = case().layout.table_vars();
    for round in [0, 1, rounds / 2, rounds - 1] {
        let defects = omitting(Step::TableRound(round));
        only_with(&defects, &table_round_after_challenge(&defects, round), "a table round");
    }
    let defects = omitting(Step::MapMultiplicities);
    let mut forgery = under(other_table(case()), &defects);
    hide_in_an_equality(&mut forgery);
    let challenges = challenges(&forgery);
    let denominator = challenges.beta - forgery.keys(&challenges)[1][0];
    let missing = sums_gap(&forgery) * denominator;
    forgery.sums.map_multiplicities[0] += missing;
    only_with(&defects, &forgery, "map multiplicities");
    let defects = omitting(Step::Equalities);
    only_with(&defects, &equalities_after_gamma(&defects), "equalities");
    let defects = omitting(Step::MapHelperRows);
    only_with(&defects, &helper_after_tau(&defects, 0), "map helper");
    let defects = omitting(Step::MapTableHelper);
    only_with(&defects, &helper_after_tau(&defects, 1), "map table helper");
}

/// Looked-up values are made after everything that is asked of them.
#[test]
fn mapped_rows_are_absorbed() {
    let program = crate::every_term::program(reference().card());
    let decisions: Vec<_> = (0..2).map(|seed| features(&program, seed)).collect();
    let case = Case::new(program, &decisions, 1, TensorId(5));
    assert_eq!(case.layout.revealed_output().object, Object::Mapped);
    let defects = Defects::omitting(&[Step::MappedRows]);
    let mut forgery = under(Forgery::honest(&case), &defects);
    forgery.public = case.with_value(0, 1, 1);
    let claims = forgery.play().claims;
    let mapped = late(Object::Mapped, &case.objects.mapped, &claims);
    forgery.opened = Some(Objects { mapped, ..case.objects.clone() });
    only_with(&defects, &forgery, "mapped rows");
}

/// Knows kappa before the looked-up values: one where no lookup is makes up for the wrong ones.
#[test]
fn kappa_is_drawn_after_the_looked_up_values() {
    let case = case();
    let honest = Forgery::honest(case).play();
    let names = (0..case.layout.map_vars()).map(|i| Name::Kappa(i).index(&case.layout));
    let defects =
        Defects { fixed: names.map(|at| (at, honest.challenges[at])).collect(), ..Defects::default() };
    let mut forgery = under(other_table(case), &defects);
    let eq = equality(&challenges(&forgery).reduction.position);
    let wrong = forgery.sums.mapped.iter().zip(entries(&forgery));
    let wrong: Fr = wrong.zip(&eq).map(|((value, entry), eq)| *eq * (*value - entry)).sum();
    let free = unused(case);
    forgery.sums.mapped[free] -= wrong * eq[free].inverse().unwrap();
    only_with(&defects, &forgery, "kappa");
}

/// What the true tables have for the forger's values.
fn entries(forgery: &Forgery<'_>) -> Vec<Fr> {
    let (layout, bytes) = (&forgery.case.layout, forgery.looked_at());
    let mut entries = vec![Fr::ZERO; forgery.sums.mapped.len()];
    for map in &layout.maps {
        let start = map.place.offset << layout.batch_log2;
        for position in start..start + (1 << (map.place.vars + layout.batch_log2)) {
            let whole = bytes[position] + bytes[position + entries.len()] * Fr::from(LIMBS as u64);
            let x = (0usize..1 << 16).find(|x| Fr::from(*x as u64) == whole).unwrap();
            entries[position] = forgery.sums.tables[(map.table << 16) + x];
        }
    }
    entries
}

/// No challenge of the lookups may be known beforehand.
#[test]
fn challenges_of_lookups_are_drawn_late_enough() {
    let case = case();
    let honest = Forgery::honest(case).play();
    let fixing = |names: &[Name]| Defects {
        fixed: names
            .iter()
            .map(|name| name.index(&case.layout))
            .map(|at| (at, honest.challenges[at]))
            .collect(),
        ..Defects::default()
    };
    for round in [0, case.layout.table_vars() - 1] {
        let defects = fixing(&[Name::U(round)]);
        only_with(&defects, &table_round_after_challenge(&defects, round), "u");
    }
    let defects = fixing(&[Name::Beta, Name::Gamma]);
    only_with(&defects, &equalities_after_gamma(&defects), "beta and gamma");
    let tau: Vec<Name> = (0..case.layout.rounds).map(Name::Tau).collect();
    for side in 0..2 {
        let defects = fixing(&tau);
        only_with(&defects, &helper_after_tau(&defects, side), "tau");
    }
}

/// Two scalars that are not absorbed, with the numbers of their claims, close the gap of the relations and cancel in the merge.
fn two_scalars(
    base: fn() -> Forgery<'static>,
    steps: [Step; 2],
    claims: [usize; 2],
    shift: impl Fn(&mut Forgery<'static>, [Fr; 2]),
) {
    let defects = Defects::omitting(&steps);
    let rho = |play: &Play| play.challenges[Name::Rho.index(&case().layout)];
    let weights = |play: &Play| claims.map(|claim| rho(play).pow([claim as u64]));
    let play = cancel(|| under(base(), &defects), shift, weights);
    let public = base().public;
    let report = verify_with(case(), &public, &defects, &play.proof);
    assert_eq!(report.result, Ok(()), "{steps:?}: the forgery must succeed where the defect is");
    assert!(case().verify(&public, &play.proof).is_err(), "{steps:?}");
}

/// One such value alone is fixed by the relations before rho is drawn; two that are not absorbed can be chosen to cancel.
#[test]
fn scalars_of_general_programs_are_absorbed() {
    let layout = &case().layout;
    let claims = Forgery::honest(case()).play().claims;
    let bias = claims.len() - 1;
    let lookup = || other_table(case());
    let mapped = 4 + 2 + layout.maps.len() + 2;
    assert_eq!([claims[mapped].object, claims[mapped + 1].object], [Object::Mapped, Object::Tables]);
    two_scalars(lookup, [Step::MappedValue, Step::TableValue], [mapped, mapped + 1], |forgery, changes| {
        forgery.reduction = changes;
    });
    two_scalars(lookup, [Step::BiasSum, Step::MappedValue], [bias, mapped], |forgery, [a, b]| {
        (forgery.bias_sum, forgery.reduction[0]) = (a, b);
    });
    two_scalars(lookup, [Step::BiasSum, Step::TableValue], [bias, mapped + 1], |forgery, [a, b]| {
        (forgery.bias_sum, forgery.reduction[1]) = (a, b);
    });

    // operands in the order of their claims
    let row = || wrong_row(case());
    let mut next = mapped + 2;
    for (i, contraction) in layout.contractions.iter().enumerate() {
        let (operator, term) = (contraction.operator, contraction.term);
        let sides = [
            contraction.left_operand().map(|operand| (0, operand, Step::Left(operator, term))),
            Some((1, &contraction.right, Step::Source(operator, term))),
        ];
        let read = sides.into_iter().flatten().filter(|(_, operand, _)| operand.source != TensorId(0));
        for (side, _, step) in read {
            two_scalars(row, [Step::BiasSum, step], [bias, next], move |forgery, [a, b]| {
                forgery.bias_sum = a;
                forgery.values = Some(Box::new(move |values| values.factors[i][side] += b));
            });
            next += 1;
        }
    }
    assert_eq!(layout.linear.iter().filter(|term| term.reads_input()).count(), 0);
    two_scalars(row, [Step::BiasSum, Step::LinearValues], [bias, next], |forgery, [a, b]| {
        (forgery.bias_sum, forgery.linear) = (a, b);
    });
    next += layout.linear.len() + 1;
    let weighted = layout.contractions.iter().enumerate().filter(|(_, c)| c.left_operand().is_none());
    for (i, contraction) in weighted {
        let step = Step::Weights(contraction.operator, contraction.term);
        two_scalars(row, [Step::BiasSum, step], [bias, next], move |forgery, [a, b]| {
            forgery.bias_sum = a;
            forgery.values = Some(Box::new(move |values| values.factors[i][0] += b));
        });
        next += 1;
    }
    assert_eq!(next, bias);
    // values at the final point, two at a time: the helper and a byte of the first source
    let evaluations = Defects::omitting(&[Step::Evaluations]);
    let rho = |play: &Play| play.challenges[Name::Rho.index(layout)];
    let shift = |forgery: &mut Forgery<'static>, [a, b]: [Fr; 2]| {
        forgery.values = Some(Box::new(move |values| {
            let map = values.map.as_mut().unwrap();
            map.equalities[0] += a;
            map.sources[0][0] += b;
        }));
    };
    let play = cancel(|| under(lookup(), &evaluations), shift, |play| [5, 6].map(|c| rho(play).pow([c])));
    let public = lookup().public;
    assert_eq!(verify_with(case(), &public, &evaluations, &play.proof).result, Ok(()));
    assert!(case().verify(&public, &play.proof).is_err());
}
