//! A prover who may lie at every step, and who uses every challenge that he can predict.
//!
//! Without a lie it is a second, independent prover: it writes the production prover's bytes.

mod lookup;
mod opening;
mod sums;

pub(crate) use opening::late;

use crate::brute::Values;
use crate::case::{Case, Objects};
use crate::defect::{DefectiveTranscript, Defects};
use crate::table::{Table, commit};
use ark_bn254::G1Projective;
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};
use candor_circuits::argument::{Batching, ClaimPoints, FinalValues, Lookups};
use candor_circuits::channel::Step;
use candor_circuits::claim::{Claim, Object};
use candor_circuits::point::{encode_g1, hash_points};
use candor_circuits::relation::affine::known_sum;
use candor_circuits::relation::map;
use candor_circuits::statement::{PublicValues, elements};
use candor_program::Fr;
use candor_program::class::TensorId;
use candor_program::encoding::fr_to_bytes;

/// How a lie is hidden behind a predicted challenge. Each repair makes its own message false and all later ones true.
#[derive(Clone, Copy, Default)]
pub(crate) struct Repairs {
    /// A round of the batched sumcheck whose challenge is known.
    pub(crate) round: Option<(usize, Fr)>,
    /// A round of the sum over the tables whose challenge is known.
    pub(crate) table_round: Option<(usize, Fr)>,
    /// A round of the merge whose challenge is known.
    pub(crate) merge_round: Option<(usize, Fr)>,
    /// x is known before the folds.
    pub(crate) folds: Option<Fr>,
    /// q is known before the folds' values.
    pub(crate) fold_values: Option<Fr>,
    /// zeta is known before the quotient.
    pub(crate) quotient: Option<Fr>,
    /// The secret of the reference string is known.
    pub(crate) secret: Option<Fr>,
}

/// A change of the values at the final point.
pub(crate) type Shift<'a> = Box<dyn Fn(&mut FinalValues<Fr>) + 'a>;

/// What is claimed, what is committed, and every lie in between.
pub(crate) struct Forgery<'a> {
    pub(crate) case: &'a Case,
    /// The statement.
    pub(crate) public: PublicValues<Fr>,
    /// What the sums and values are taken of.
    pub(crate) sums: Objects,
    /// What is committed and opened, if it is something else.
    pub(crate) opened: Option<Objects>,
    /// Helper, given beta and tau.
    pub(crate) helper: Option<Table>,
    /// Table helper.
    pub(crate) table_helper: Option<Table>,
    /// Equalities.
    pub(crate) equalities: Option<Table>,
    /// Map helper and map table helper.
    pub(crate) map_helpers: Option<[Table; 2]>,
    /// Added to the value of mapped, and to that of the tables.
    pub(crate) reduction: [Fr; 2],
    /// Coefficients of the first witness row beyond a row's length.
    pub(crate) beyond: Table,
    /// Added to the bias sum.
    pub(crate) bias_sum: Fr,
    /// Added to the first linear term's operand.
    pub(crate) linear: Fr,
    /// Changes the values at the final point.
    pub(crate) values: Option<Shift<'a>>,
    pub(crate) repairs: Repairs,
    /// The verifier's defects, which the forger knows.
    pub(crate) defects: Defects,
}

/// A written proof, and what its writer knows.
pub(crate) struct Play {
    pub(crate) proof: Vec<u8>,
    /// All challenges, in order.
    pub(crate) challenges: Vec<Fr>,
    /// What is opened.
    pub(crate) claims: Vec<Claim<Fr>>,
    /// Challenges of the lookup operators, where there are tables.
    pub(crate) map: Option<map::Challenges<Fr>>,
}

/// The forger's end of the channel.
struct Sender {
    transcript: DefectiveTranscript,
    proof: Vec<u8>,
}

impl Sender {
    fn scalars(&mut self, step: Step, values: &[Fr]) {
        values.iter().for_each(|value| self.proof.extend_from_slice(&fr_to_bytes(value)));
        self.transcript.absorb(step, values);
    }
    fn points(&mut self, step: Step, points: &[G1Projective]) {
        let encoded: Vec<_> = G1Projective::normalize_batch(points).iter().map(encode_g1).collect();
        encoded.iter().for_each(|point| self.proof.extend_from_slice(&point.0));
        self.transcript.absorb(step, &[hash_points(&encoded)]);
    }
    fn challenge(&mut self) -> Fr {
        self.transcript.challenge()
    }
    fn challenges(&mut self, count: usize) -> Vec<Fr> {
        (0..count).map(|_| self.challenge()).collect()
    }
}

/// Changes one sent value so that the claim after the challenge `x` becomes `wanted`.
fn bend(claim: &Fr, sent: &mut [Fr], follow: fn(&Fr, &[Fr], &Fr) -> Fr, x: Fr, wanted: Fr) {
    let now = follow(claim, sent, &x);
    sent[1] += Fr::ONE;
    let slope = follow(claim, sent, &x) - now;
    sent[1] += (wanted - now) * slope.inverse().unwrap() - Fr::ONE;
}

impl<'a> Forgery<'a> {
    /// No lie at all.
    pub(crate) fn honest(case: &'a Case) -> Self {
        Self {
            case,
            public: case.public.clone(),
            sums: case.objects.clone(),
            opened: None,
            helper: None,
            table_helper: None,
            equalities: None,
            map_helpers: None,
            reduction: [Fr::ZERO; 2],
            beyond: Vec::new(),
            bias_sum: Fr::ZERO,
            linear: Fr::ZERO,
            values: None,
            repairs: Repairs::default(),
            defects: Defects::default(),
        }
    }

    /// Writes the proof.
    pub(crate) fn play(&self) -> Play {
        let (case, layout) = (self.case, &self.case.layout);
        let mut sender = Sender { transcript: DefectiveTranscript::new(&self.defects), proof: Vec::new() };
        sender.transcript.absorb(Step::Statement, &elements(layout, &case.data, &self.public));
        let opened = self.opened.as_ref().unwrap_or(&self.sums);
        let (powers, row) = (case.reference.powers(), 1 << layout.row_log2);
        let commit_rows =
            |values: &[Fr]| values.chunks(row).map(|row| commit(powers, row)).collect::<Vec<_>>();
        let mut witness_rows = commit_rows(&opened.cells);
        witness_rows[0] += commit(&powers[row..], &self.beyond);
        sender.points(Step::WitnessRows, &witness_rows);
        sender.points(Step::Multiplicities, &[commit(powers, &opened.multiplicities)]);
        let reduction = (layout.tables > 0).then(|| {
            sender.points(Step::MappedRows, &commit_rows(&opened.mapped));
            sender.points(Step::MapMultiplicities, &commit_rows(&opened.map_multiplicities));
            self.table_rounds(&mut sender)
        });
        let equalities = reduction.as_ref().map(|reduction| self.equalities(reduction)).unwrap_or_default();
        if layout.tables > 0 {
            sender.points(Step::Equalities, &commit_rows(&equalities));
        }
        let beta = sender.challenge();
        let challenges = reduction.map(|reduction| map::Challenges::new(reduction, beta, sender.challenge()));
        let (helper, table_helper) = self.helpers(beta);
        sender.points(Step::HelperRows, &commit_rows(&helper));
        sender.points(Step::TableHelper, &[commit(powers, &table_helper)]);
        let map_helpers =
            challenges.as_ref().map(|challenges| self.map_helpers(challenges)).unwrap_or_default();
        if layout.tables > 0 {
            sender.points(Step::MapHelperRows, &commit_rows(&map_helpers[0]));
            sender.points(Step::MapTableHelper, &commit_rows(&map_helpers[1]));
        }

        let tau = sender.challenges(layout.rounds);
        let alpha = sender.challenge();
        let batching = Batching::new(layout, &case.data, Lookups { beta, map: challenges }, tau, &alpha);
        let bias_sum = self.true_bias_sum(&batching) + self.bias_sum;
        let own = Values { case, objects: &self.sums, public: &self.public };
        let value = |term: &candor_circuits::layout::Linear| {
            own.term(term.operator, term.term).linear(self.tau_of(&batching, term.operator))
        };
        let mut linear: Vec<Fr> = layout.linear.iter().map(value).collect();
        if let Some(first) = linear.first_mut() {
            *first += self.linear;
        }
        sender.scalars(Step::BiasSum, &[bias_sum]);
        let sent = layout.linear.iter().zip(&linear).filter(|(term, _)| !term.reads_input());
        sender.scalars(Step::LinearValues, &sent.map(|(_, value)| *value).collect::<Vec<_>>());

        let known = known_sum(layout, &batching.operators, &case.data.operators, &bias_sum, &linear);
        let claim = batching.claim(&known);
        let mut instances = self.instances(&batching, &helper, &table_helper);
        instances.extend(self.map_instances(&batching, &map_helpers));
        let (mut values, r) = self.rounds(&mut sender, instances, claim);
        if let Some(shift) = &self.values {
            shift(&mut values);
        }
        sender.scalars(Step::Evaluations, &values.evaluations());
        for (contraction, [left, right]) in layout.contractions.iter().zip(&values.factors) {
            let (operator, term) = (contraction.operator, contraction.term);
            match contraction.left_operand() {
                None => sender.scalars(Step::Weights(operator, term), &[*left]),
                Some(operand) if operand.source == TensorId(0) => {}
                Some(_) => sender.scalars(Step::Left(operator, term), &[*left]),
            }
            if contraction.right.source != TensorId(0) {
                sender.scalars(Step::Source(operator, term), &[*right]);
            }
        }

        let z = sender.challenge();
        let revealed_point = sender.challenges(layout.batch_log2 + layout.revealed_output().place.vars);
        let rho = sender.challenge();
        let points = ClaimPoints {
            layout,
            program: &case.data,
            batching: &batching,
            r: &r,
            z: &z,
            revealed_point: &revealed_point,
        };
        let claims = points.claims(&values, &linear, &bias_sum, points.revealed_value(&self.public));
        let object = |object: Object| match object {
            Object::Witness => &opened.cells,
            Object::Helper => &helper,
            Object::Multiplicities => &opened.multiplicities,
            Object::TableHelper => &table_helper,
            Object::Mapped => &opened.mapped,
            Object::Equalities => &equalities,
            Object::MapHelper => &map_helpers[0],
            Object::MapMultiplicities => &opened.map_multiplicities,
            Object::MapTableHelper => &map_helpers[1],
            Object::Weights => &opened.weights,
            Object::Bias => &opened.bias,
            Object::Tables => &opened.tables,
        };
        self.merge_and_open(&mut sender, &claims, rho, object);
        let map = batching.lookups.map;
        Play { proof: sender.proof, challenges: sender.transcript.drawn, claims, map }
    }
}
