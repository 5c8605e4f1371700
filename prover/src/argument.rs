//! Makes one argument: witness, lookup, batched sumcheck, merge, opening.

use crate::channel::ProverChannel;
use crate::commit::{ByteRow, counts, function_of_bytes, multi_scalar, total};
use crate::fold::Objects;
use crate::map::{Lookups as MapLookups, MapTables};
use crate::merge::merge;
use crate::multilinear::{equality_suffixes, equality_table};
use crate::opening::open;
use crate::sumcheck::{self, Contraction, Entries, Instance, Lookup, Rows, TableSide};
use crate::tensor::Tensors;
use crate::wide::{SignedWideSum, WideSum};
use crate::witness::Witness;
use ark_bn254::{G1Affine, G1Projective};
use ark_ff::batch_inversion;
use candor_circuits::argument::{Batching, ClaimPoints, FinalValues, Lookups};
use candor_circuits::channel::Step;
use candor_circuits::claim::{Object, half_power};
use candor_circuits::layout::{COLUMNS, LIMB_LOG2, LIMBS, Layout, TABLE_HALF_LOG2};
use candor_circuits::reading::Points;
use candor_circuits::relation::affine::known_sum;
use candor_circuits::relation::{contraction, map};
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
    /// Tables object.
    pub tables: &'a [u16],
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

    let with_tables = layout.tables > 0;
    let lookups = with_tables.then(|| MapLookups::send(&mut channel, layout, witness, key.tables, bases));
    let beta = channel.challenge();
    let challenges = lookups.as_ref().map(|lookups| lookups.challenges(beta, channel.challenge()));
    let mut inverses: Vec<Fr> = (0..LIMBS).map(|limb| beta - Fr::from(limb as u64)).collect();
    batch_inversion(&mut inverses);
    let multiplicities: Vec<Fr> = multiplicities.into_iter().map(Fr::from).collect();
    let table_helper: Vec<Fr> =
        multiplicities.iter().zip(&inverses).map(|(mu, inverse)| *mu * inverse).collect();
    channel.points(Step::HelperRows, &function_of_bytes(&rows, |_| &inverses));
    channel.points(Step::TableHelper, &[multi_scalar(&bases[..LIMBS], &table_helper)]);
    let map = match (lookups, &challenges) {
        (Some(lookups), Some(challenges)) => lookups.inverses(&mut channel, challenges, bases),
        _ => MapTables::default(),
    };

    let tau = channel.challenges(layout.rounds);
    let alpha = channel.challenge();
    let batching = Batching::new(layout, key.program, Lookups { beta, map: challenges }, tau, &alpha);
    let tensors = Tensors { layout, witness, weights: key.weights, tau: &batching.tau };
    let prover = Sumcheck { key, layout, witness, batching: &batching, tensors, map: &map };
    let bias_sum = prover.bias_sum();
    let linear: Vec<Fr> = layout.linear.iter().map(|term| prover.tensors.value(&term.operand)).collect();
    channel.scalars(Step::BiasSum, &[bias_sum]);
    let sent = layout.linear.iter().zip(&linear).filter(|(term, _)| !term.reads_input());
    channel.scalars(Step::LinearValues, &sent.map(|(_, value)| *value).collect::<Vec<_>>());

    let (values, r) =
        prover.run(&mut channel, &inverses, (&multiplicities, &table_helper), (&bias_sum, &linear));
    channel.scalars(Step::Evaluations, &values.evaluations());
    for (contraction, [left, right]) in layout.contractions.iter().zip(&values.factors) {
        let (operator, term) = (contraction.operator, contraction.term);
        match contraction.left_operand() {
            None => channel.scalars(Step::Weights(operator, term), &[*left]),
            Some(operand) if operand.source == TensorId(0) => (),
            Some(_) => channel.scalars(Step::Left(operator, term), &[*left]),
        }
        if contraction.right.source != TensorId(0) {
            channel.scalars(Step::Source(operator, term), &[*right]);
        }
    }

    let z = channel.challenge();
    let revealed_point = channel.challenges(layout.batch_log2 + layout.revealed_output().place.vars);
    let rho = channel.challenge();
    let points = ClaimPoints {
        layout,
        program: key.program,
        batching: &batching,
        r: &r,
        z: &z,
        revealed_point: &revealed_point,
    };
    let claims = points.claims(&values, &linear, &bias_sum, points.revealed_value(public));
    let objects = Objects {
        row_log2: layout.row_log2,
        cells: &witness.cells,
        inverses: &inverses,
        multiplicities: &multiplicities,
        table_helper: &table_helper,
        mapped: &witness.mapped,
        equalities: &map.equalities,
        map_helper: &map.helper,
        map_multiplicities: &map.multiplicities,
        map_table_helper: &map.table_helper,
        weights: key.weights,
        bias: key.bias,
        tables: key.tables,
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
    tensors: Tensors<'a>,
    map: &'a MapTables,
}

impl Sumcheck<'_> {
    /// `sum over l of m_l E_l bias_l(tau_i)`.
    fn bias_sum(&self) -> Fr {
        let operators = self.layout.outputs.iter().zip(&self.batching.operators);
        operators
            .filter(|(output, _)| output.object == Object::Witness)
            .map(|(output, point)| {
                let tau = &self.batching.tau;
                let eq = equality_table(&tau[tau.len() - output.place.vars..]);
                let mut sum = SignedWideSum::default();
                for (eq, bias) in eq.iter().zip(&self.key.bias[output.place.offset..]) {
                    sum.add(eq, *bias);
                }
                point.factor * sum.reduce()
            })
            .sum()
    }

    fn contraction(&self, contraction: &candor_circuits::layout::Contraction) -> Contraction {
        let (batching, operators) = (self.batching, &self.key.program.operators);
        let factor = -*batching.weights.rows()
            * contraction::factor(contraction, &batching.operators, operators)
            * half_power(self.layout.rounds - contraction.vars);
        let shared = contraction::shared(contraction, &Points { tau: &batching.tau, r: &[] });
        let (left, right) = self.tensors.factors(contraction);
        Contraction::new(left, right, &shared, factor)
    }

    fn run(
        &self,
        channel: &mut ProverChannel<'_>,
        inverses: &[Fr],
        (multiplicities, table_helper): (&[Fr], &[Fr]),
        (bias_sum, linear): (&Fr, &[Fr]),
    ) -> (FinalValues<Fr>, Vec<Fr>) {
        let (layout, batching) = (self.layout, self.batching);
        let (rounds, weights, tau) = (layout.rounds, &batching.weights, &batching.tau);
        let suffixes = equality_suffixes(&tau[1..]);
        let mut contractions: Vec<Contraction> =
            layout.contractions.par_iter().map(|contraction| self.contraction(contraction)).collect();

        let (n, scale) = (layout.vars(), |vars: usize| half_power(rounds - vars));
        let mut lookup = Lookup::of_cells(
            &suffixes,
            &tau[rounds - n..],
            (*weights.helper() * scale(n), *weights.sums() * scale(n)),
            (batching.lookups.beta, inverses),
            &self.witness.cells,
        );
        let denominators = (0..LIMBS).map(|limb| batching.lookups.beta - Fr::from(limb as u64)).collect();
        let mut table = TableSide::new(
            &suffixes,
            &tau[rounds - LIMB_LOG2..],
            (*weights.table() * scale(LIMB_LOG2), *weights.sums() * scale(LIMB_LOG2)),
            (denominators, multiplicities.to_vec(), table_helper.to_vec()),
        );
        let operators = &self.key.program.operators;
        let known = known_sum(layout, &batching.operators, operators, bias_sum, linear);
        let from_contractions: Fr = contractions
            .iter()
            .zip(&layout.contractions)
            .map(|(instance, shape)| instance.claim() * Fr::from(1u64 << (rounds - shape.vars)))
            .sum();
        let positions = layout.position_vars();
        let row_scale = scale(positions);
        let row_claim = (*weights.rows() * known - from_contractions) * row_scale;
        let tau_p = &tau[rounds - positions..];
        let mut rows = Rows::new(&suffixes, tau_p, weights, (row_scale, row_claim), &self.witness.cells);
        let mut map = self.map_instances(&suffixes);
        let mut instances: Vec<&mut dyn Instance> = vec![&mut lookup, &mut rows, &mut table];
        if let Some((positions, tables, entries)) = &mut map {
            instances.push(positions);
            instances.push(tables);
            instances.push(entries);
        }
        instances.extend(contractions.iter_mut().map(|contraction| contraction as &mut dyn Instance));
        let r = sumcheck::prove(channel, rounds, &mut instances);

        let (table_helper, multiplicity) = table.values();
        let columns = self.columns(&r[rounds - positions..]);
        let map = map.map(|(positions, tables, entries)| {
            let (table_helper, multiplicity) = tables.values();
            let (helper, equalities, sources) = (positions.helper(), entries.halves(), self.sources(&r));
            map::Values { helper, equalities, sources, table_helper, multiplicity }
        });
        let factors = contractions.iter().map(Contraction::values).collect();
        let helper = lookup.helper();
        (FinalValues { helper, table_helper, multiplicity, columns, map, factors }, r)
    }

    /// Both sides of the lookup operators, and the entries.
    fn map_instances<'s>(&self, suffixes: &'s [Vec<Fr>]) -> Option<(Lookup<'s>, TableSide<'s>, Entries)> {
        let [inverse, sums, table, entries] = self.batching.weights.map?;
        let value = self.batching.lookups.map.as_ref()?.reduction.table;
        let (layout, tau, map) = (self.layout, &self.batching.tau, self.map);
        let scale = |vars: usize| half_power(layout.rounds - vars);
        let (t, q, v) = (layout.map_vars(), layout.byte_vars(), 1 + TABLE_HALF_LOG2);
        let positions = Lookup::new(
            suffixes,
            &tau[tau.len() - q..],
            (inverse * scale(q), sums * scale(q)),
            (map.helper.clone(), map.denominator.clone(), map.sum()),
        );
        let tables = TableSide::new(
            suffixes,
            &tau[tau.len() - v..],
            (table * scale(v), sums * scale(v)),
            (map.table_denominator.clone(), map.multiplicities.clone(), map.table_helper.clone()),
        );
        let entries = Entries::new(map.selected.clone(), &map.equalities, entries * value * scale(t));
        Some((positions, tables, entries))
    }

    /// Both bytes of every lookup's source at r's last elements.
    fn sources(&self, r: &[Fr]) -> Vec<[Fr; 2]> {
        let layout = self.layout;
        let source = |map: &candor_circuits::layout::Map| {
            let eq = equality_table(&r[r.len() - layout.batch_log2 - map.place.vars..]);
            self.map.source(layout, map).map(|bytes| bytes_at(&eq, bytes))
        };
        layout.maps.iter().map(source).collect()
    }

    /// The columns at r_p.
    fn columns(&self, r_p: &[Fr]) -> [Fr; COLUMNS] {
        let eq = equality_table(r_p);
        let values: Vec<Fr> =
            self.witness.cells.par_chunks(eq.len()).map(|cells| bytes_at(&eq, cells)).collect();
        std::array::from_fn(|i| values[i])
    }
}

/// Sum of bytes with weights.
fn bytes_at(eq: &[Fr], bytes: &[u8]) -> Fr {
    let mut sum = WideSum::default();
    for (eq, byte) in eq.iter().zip(bytes).filter(|(_, byte)| **byte != 0) {
        sum.add(eq, u64::from(*byte));
    }
    sum.reduce()
}
