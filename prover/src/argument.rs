//! Makes one argument: witness, lookup, batched sumcheck, merge, opening.

use crate::channel::ProverChannel;
use crate::commit::{ByteRow, counts, function_of_bytes, total};
use crate::fold::Objects;
use crate::merge::merge;
use crate::multilinear::{equality_suffixes, equality_table};
use crate::opening::open;
use crate::sumcheck::{self, Instance, Lookup, Product, Rows, TableSide};
use crate::wide::{SignedWideSum, WideSum};
use crate::witness::Witness;
use ark_bn254::{G1Affine, G1Projective};
use ark_ff::{AdditiveGroup, batch_inversion};
use candor_circuits::argument::{Batching, ClaimPoints, FinalValues};
use candor_circuits::channel::Step;
use candor_circuits::claim::half_power;
use candor_circuits::layout::{COLUMNS, COLUMNS_LOG2, Dense, LIMB_LOG2, LIMBS, Layout};
use candor_circuits::relation::affine::known_sum;
use candor_circuits::statement::{self, ProgramData, PublicValues};
use candor_program::Fr;
use candor_program::class::TensorId;
use rayon::prelude::*;

/// What a prover keeps between proofs of one program.
pub struct ProvingKey<'a> {
    /// Powers of the reference string, at least a row's length.
    pub powers: &'a [G1Affine],
    /// Weights object.
    pub weights: &'a [i32],
    /// Bias object.
    pub bias: &'a [i64],
    /// Program data.
    pub program: &'a ProgramData<Fr>,
}

/// Writes a proof that the witness satisfies the statement; a false statement gives a proof that is rejected.
#[must_use]
pub fn prove(key: &ProvingKey<'_>, layout: &Layout, public: &PublicValues<Fr>, witness: &Witness) -> Vec<u8> {
    prove_observed(key, layout, public, witness, &mut |_| {})
}

/// Like [`prove`]; `observer` is told each message after it was sent, so that somebody with a clock can say where the
/// time goes.
#[must_use]
pub fn prove_observed(
    key: &ProvingKey<'_>,
    layout: &Layout,
    public: &PublicValues<Fr>,
    witness: &Witness,
    observer: &mut dyn FnMut(Step),
) -> Vec<u8> {
    let mut channel = ProverChannel::new(observer);
    let head = statement::elements(layout, key.program, public);
    channel.known(Step::Statement, &head);

    let row = 1usize << layout.row_log2;
    let bases = &key.powers[..row];
    let all = total(&bases[..row.min(witness.cells.len())]);
    let rows: Vec<ByteRow> =
        witness.cells.par_chunks(row).map(|cells| ByteRow::new(&bases[..cells.len()], cells, &all)).collect();
    let multiplicities = witness.multiplicities();
    let committed: Vec<G1Projective> = rows.par_iter().map(ByteRow::identity).collect();
    channel.points(Step::WitnessRows, &committed);
    channel.points(Step::Multiplicities, &[counts(bases, &multiplicities)]);

    let beta = channel.challenge();
    let mut inverses: Vec<Fr> = (0..LIMBS).map(|limb| beta - Fr::from(limb as u64)).collect();
    batch_inversion(&mut inverses);
    let multiplicities: Vec<Fr> = multiplicities.into_iter().map(Fr::from).collect();
    let table_helper: Vec<Fr> =
        multiplicities.iter().zip(&inverses).map(|(mu, inverse)| *mu * inverse).collect();
    channel.points(Step::HelperRows, &function_of_bytes(&rows, &inverses));
    channel.points(Step::TableHelper, &[crate::commit::multi_scalar(&bases[..LIMBS], &table_helper)]);

    let tau = channel.challenges(layout.vars());
    let alpha = channel.challenge();
    let batching = Batching::new(layout, beta, tau, &alpha);
    let prover = Sumcheck { key, layout, witness, batching: &batching };
    let bias_sum = prover.bias_sum();
    let scaled = prover.scaled();
    channel.scalars(Step::BiasSum, &[bias_sum]);
    let sent: Vec<Fr> = layout
        .scaled
        .iter()
        .zip(&scaled)
        .filter(|(term, _)| term.source != TensorId(0))
        .map(|(_, v)| *v)
        .collect();
    channel.scalars(Step::ScaledSources, &sent);

    let (values, r) =
        prover.run(&mut channel, &inverses, (&multiplicities, &table_helper), (&bias_sum, &scaled));
    let mut evaluations = vec![values.helper, values.table_helper, values.multiplicity];
    evaluations.extend(values.columns);
    channel.scalars(Step::Evaluations, &evaluations);
    for (term, (weight, source)) in layout.dense.iter().zip(values.weights.iter().zip(&values.sources)) {
        channel.scalars(Step::Weights(term.operator, term.term), &[*weight]);
        if term.source != TensorId(0) {
            channel.scalars(Step::Source(term.operator, term.term), &[*source]);
        }
    }

    let z = channel.challenge();
    let revealed_point = channel.challenges(layout.batch_log2 + layout.revealed_place().vars);
    let rho = channel.challenge();
    let points = ClaimPoints {
        layout,
        program: key.program,
        batching: &batching,
        r: &r,
        z: &z,
        revealed_point: &revealed_point,
    };
    let claims = points.claims(&values, &scaled, &bias_sum, points.revealed_value(public));
    let objects = Objects {
        row_log2: layout.row_log2,
        cells: &witness.cells,
        inverses: &inverses,
        multiplicities: &multiplicities,
        table_helper: &table_helper,
        weights: key.weights,
        bias: key.bias,
    };
    let merged = merge(&mut channel, &objects, &claims, rho);
    open(&mut channel, key.powers, merged);
    channel.finish()
}

/// The batched sumcheck of one proof.
struct Sumcheck<'a> {
    key: &'a ProvingKey<'a>,
    layout: &'a Layout,
    witness: &'a Witness,
    batching: &'a Batching<Fr>,
}

impl Sumcheck<'_> {
    /// `sum over l of m_l E_l bias_l(tau_i)`.
    fn bias_sum(&self) -> Fr {
        let operators =
            self.layout.outputs.iter().zip(&self.batching.points).zip(&self.key.program.operators);
        operators
            .map(|((place, point), data)| {
                let eq = equality_table(&point.index);
                let mut sum = SignedWideSum::default();
                for (eq, bias) in eq.iter().zip(&self.key.bias[place.offset..]) {
                    sum.add(eq, *bias);
                }
                point.share * data.multiplier * sum.reduce()
            })
            .sum()
    }

    /// A source tensor folded over the decisions. Shapes: 2^vars values, zero beyond the exact width.
    fn fold_decisions(&self, source: TensorId, decision: &[Fr], vars: usize) -> Vec<Fr> {
        let eq = equality_table(decision);
        let mut sums = vec![SignedWideSum::default(); 1 << vars];
        for (eq, tensors) in eq.iter().zip(&self.witness.tensors) {
            for (sum, value) in sums.iter_mut().zip(&tensors[usize::from(source.0)]) {
                sum.add(eq, i64::from(*value));
            }
        }
        sums.iter().map(SignedWideSum::reduce).collect()
    }

    fn scaled(&self) -> Vec<Fr> {
        let value = |term: &candor_circuits::layout::Scaled| {
            let point = &self.batching.points[term.operator];
            let folded = self.fold_decisions(term.source, &point.decision, point.index.len());
            crate::multilinear::dot(&folded, &equality_table(&point.index))
        };
        self.layout.scaled.iter().map(value).collect()
    }

    /// A matrix folded over its outputs at tau_i. Shapes: 2^input_log2 values.
    fn fold_outputs(&self, term: &Dense) -> Vec<Fr> {
        let eq = equality_table(&self.batching.points[term.operator].index);
        let width = 1usize << term.input_log2;
        let matrix = &self.key.weights[term.weights.offset..term.weights.offset + (eq.len() * width)];
        let block = width.clamp(1, 64);
        let mut folded = vec![Fr::ZERO; width];
        folded.par_chunks_mut(block).enumerate().for_each(|(i, target)| {
            let mut sums = [SignedWideSum::default(); 64];
            for (eq, row) in eq.iter().zip(matrix.chunks_exact(width)) {
                for (sum, weight) in sums.iter_mut().zip(&row[i * block..i * block + target.len()]) {
                    sum.add(eq, i64::from(*weight));
                }
            }
            for (target, sum) in target.iter_mut().zip(&sums) {
                *target = sum.reduce();
            }
        });
        folded
    }

    fn product(&self, term: &Dense) -> Product {
        let point = &self.batching.points[term.operator];
        let factor = -*self.batching.weights.rows()
            * point.share
            * self.key.program.operators[term.operator].multiplier
            * half_power(self.layout.vars() - term.input_log2);
        let source = self.fold_decisions(term.source, &point.decision, term.input_log2);
        Product::new(self.fold_outputs(term), source, factor)
    }

    fn run(
        &self,
        channel: &mut ProverChannel<'_>,
        inverses: &[Fr],
        (multiplicities, table_helper): (&[Fr], &[Fr]),
        (bias_sum, scaled): (&Fr, &[Fr]),
    ) -> (FinalValues<Fr>, Vec<Fr>) {
        let (layout, batching) = (self.layout, self.batching);
        let (n, weights) = (layout.vars(), &batching.weights);
        let suffixes = equality_suffixes(&batching.tau[1..]);
        let mut products: Vec<Product> = layout.dense.iter().map(|term| self.product(term)).collect();

        let mut lookup = Lookup::new(
            &suffixes,
            &batching.tau,
            (*weights.helper(), *weights.sums()),
            (batching.beta, inverses),
            &self.witness.cells,
        );
        let table_scale = half_power(n - LIMB_LOG2);
        let mut table = TableSide::new(
            &suffixes,
            &batching.tau[n - LIMB_LOG2..],
            (*weights.table() * table_scale, *weights.sums() * table_scale),
            batching.beta,
            (multiplicities.to_vec(), table_helper.to_vec()),
        );
        let known = known_sum(layout, &batching.points, &self.key.program.operators, bias_sum, scaled);
        let from_products: Fr = products
            .iter()
            .zip(&layout.dense)
            .map(|(product, term)| product.claim() * Fr::from(1u64 << (n - term.input_log2)))
            .sum();
        let row_scale = half_power(COLUMNS_LOG2);
        let row_claim = (*weights.rows() * known - from_products) * row_scale;
        let mut rows = Rows::new(
            &suffixes,
            &batching.tau[COLUMNS_LOG2..],
            weights,
            (row_scale, row_claim),
            &self.witness.cells,
        );
        let mut instances: Vec<&mut dyn Instance> = vec![&mut lookup, &mut rows, &mut table];
        instances.extend(products.iter_mut().map(|product| product as &mut dyn Instance));
        let r = sumcheck::prove(channel, n, &mut instances);

        let (table_helper, multiplicity) = table.values();
        let columns = self.columns(&r[COLUMNS_LOG2..]);
        let (dense_weights, sources) = products.iter().map(Product::values).unzip();
        let helper = lookup.helper();
        (FinalValues { helper, table_helper, multiplicity, columns, weights: dense_weights, sources }, r)
    }

    /// The columns at r_p.
    fn columns(&self, r_p: &[Fr]) -> [Fr; COLUMNS] {
        let eq = equality_table(r_p);
        let column = |cells: &[u8]| {
            let mut sum = WideSum::default();
            for (eq, cell) in eq.iter().zip(cells) {
                if *cell != 0 {
                    sum.add(eq, u64::from(*cell));
                }
            }
            sum.reduce()
        };
        let values: Vec<Fr> = self.witness.cells.par_chunks(eq.len()).map(column).collect();
        std::array::from_fn(|i| values[i])
    }
}
