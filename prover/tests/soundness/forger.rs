//! A prover who may lie at every step, and who uses every challenge that he can predict.
//!
//! Without a lie it is a second, independent prover: it writes the production prover's bytes.

use crate::brute::Values;
use crate::case::{Case, Objects};
use crate::defect::{DefectiveTranscript, Defects};
use crate::table::{Instance, Table, apply, bind, commit, dense, divide, equality, evaluate};
use ark_bn254::G1Projective;
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};
use candor_circuits::argument::{Batching, ClaimPoints, FinalValues, Lookups, cubic, quadratic};
use candor_circuits::channel::Step;
use candor_circuits::claim::{Claim, Object};
use candor_circuits::layout::{COLUMNS, LIMB_LOG2, LIMBS, Left, TABLE_LOG2};
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
    /// Map helper and map table helper.
    pub(crate) map_helpers: Option<[Table; 2]>,
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
            map_helpers: None,
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
        if layout.tables > 0 {
            sender.points(Step::MappedRows, &commit_rows(&opened.mapped));
            sender.points(Step::MapMultiplicities, &commit_rows(&opened.map_multiplicities));
        }
        let beta = sender.challenge();
        let challenges = (layout.tables > 0).then(|| map::Challenges::new(beta, sender.challenge()));
        let (helper, table_helper) = self.helpers(beta);
        sender.points(Step::HelperRows, &commit_rows(&helper));
        sender.points(Step::TableHelper, &[commit(powers, &table_helper)]);
        let keys = challenges.as_ref().map(|challenges| self.keys(challenges));
        let map_helpers = keys.as_ref().map(|keys| self.map_helpers(beta, keys)).unwrap_or_default();
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
        let claim = *batching.weights.rows() * known;
        let mut instances = self.instances(&batching, &helper, &table_helper);
        instances.extend(self.map_instances(&batching, keys.as_ref(), &map_helpers));
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
            Object::MapHelper => &map_helpers[0],
            Object::MapMultiplicities => &opened.map_multiplicities,
            Object::MapTableHelper => &map_helpers[1],
            Object::Weights => &opened.weights,
            Object::Bias => &opened.bias,
            Object::Tables => &opened.tables,
        };
        self.merge_and_open(&mut sender, &claims, rho, object);
        Play { proof: sender.proof, challenges: sender.transcript.drawn, claims }
    }

    fn helpers(&self, beta: Fr) -> (Table, Table) {
        let inverse = |value: Fr| (beta - value).inverse().unwrap();
        let helper = || self.sums.cells.iter().map(|cell| inverse(*cell)).collect();
        let limbs = self.sums.multiplicities.iter().zip(0..LIMBS as u64);
        let table_helper = || limbs.map(|(mu, limb)| *mu * inverse(Fr::from(limb))).collect();
        (self.helper.clone().unwrap_or_else(helper), self.table_helper.clone().unwrap_or_else(table_helper))
    }

    /// Keys of all mapped positions, and of the whole table space, place by place.
    pub(crate) fn keys(&self, challenges: &map::Challenges<Fr>) -> [Table; 2] {
        let (case, layout) = (self.case, &self.case.layout);
        let low = |tensor: TensorId| case.data.operators[usize::from(tensor.0) - 1].low;
        let key = |id: usize, x: Fr, z: Fr| {
            challenges.gamma.square() * Fr::from(id as u64) + challenges.gamma * x + z
        };
        let mut mapped = self.sums.mapped.clone();
        for map in &layout.maps {
            let tensor = TensorId(map.operator as u16 + 1);
            for (decision, index) in
                (0..layout.batch()).flat_map(|d| (0..1 << map.place.vars).map(move |i| (d, i)))
            {
                let values = Values { case, objects: &self.sums, public: &self.public };
                let (x, z) =
                    (values.value(map.source, decision, index), values.value(tensor, decision, index));
                mapped[case.position(tensor, decision, index)] = key(map.table, x, z);
            }
        }
        let entry = |(place, entry): (usize, &Fr)| {
            let (id, x) = (place >> TABLE_LOG2, Fr::from((place % (1 << TABLE_LOG2)) as u64));
            match layout.maps.iter().find(|map| map.table == id) {
                Some(map) => key(id, x + low(map.source), *entry + low(TensorId(map.operator as u16 + 1))),
                None => key(id, x, *entry),
            }
        };
        [mapped, self.sums.tables.iter().enumerate().map(entry).collect()]
    }

    /// Map helper and map table helper for these keys.
    pub(crate) fn map_helpers(&self, beta: Fr, [mapped, tables]: &[Table; 2]) -> [Table; 2] {
        let inverse = |key: &Fr| (beta - key).inverse().unwrap();
        let entry = |(mu, key): (&Fr, &Fr)| if *mu == Fr::ZERO { Fr::ZERO } else { *mu * inverse(key) };
        let tables = || self.sums.map_multiplicities.iter().zip(tables).map(entry).collect();
        self.map_helpers.clone().unwrap_or_else(|| [mapped.iter().map(inverse).collect(), tables()])
    }

    /// Both sides of the lookup operators; none without tables.
    fn map_instances(
        &self,
        batching: &Batching<Fr>,
        keys: Option<&[Table; 2]>,
        helpers: &[Table; 2],
    ) -> Vec<Instance> {
        let (layout, beta, tau) = (&self.case.layout, batching.lookups.beta, &batching.tau);
        let (Some([a6, a7, a8]), Some([mapped, tables])) = (batching.weights.map, keys) else {
            return Vec::new();
        };
        let scale = |vars: usize| Fr::from(2u64).pow([(layout.rounds - vars) as u64]).inverse().unwrap();
        let (t, v) = (layout.map_vars(), layout.table_vars());
        let (s_t, s_v) = (scale(t), scale(v));
        let positions = Instance {
            tables: vec![
                equality(&tau[tau.len() - t..]),
                helpers[0].clone(),
                mapped.clone(),
                self.sums.mapped.clone(),
            ],
            term: Box::new(move |v| s_t * (a6 * v[0] * (v[1] * (beta - v[2]) - Fr::ONE) + a7 * v[1])),
        };
        let multiplicities = self.sums.map_multiplicities.clone();
        let entries = Instance {
            tables: vec![
                equality(&tau[tau.len() - v..]),
                helpers[1].clone(),
                tables.clone(),
                multiplicities,
                self.sums.tables.clone(),
            ],
            term: Box::new(move |v| s_v * (a8 * v[0] * (v[1] * (beta - v[2]) - v[3]) - a7 * v[1])),
        };
        vec![positions, entries]
    }

    /// The zero-check point's decision and index coordinates of an operator.
    fn tau_of<'b>(&self, batching: &'b Batching<Fr>, operator: usize) -> (&'b [Fr], &'b [Fr]) {
        let (layout, tau) = (&self.case.layout, &batching.tau);
        let vars = layout.outputs[operator].place.vars;
        (&tau[tau.len() - vars - layout.batch_log2..tau.len() - vars], &tau[tau.len() - vars..])
    }

    /// `sum over l of m_l E_l bias_l(tau_i)`.
    fn true_bias_sum(&self, batching: &Batching<Fr>) -> Fr {
        let outputs = self.case.layout.outputs.iter().enumerate();
        let operator = |(operator, output): (usize, &candor_circuits::layout::Output)| -> Fr {
            let eq = equality(self.tau_of(batching, operator).1);
            let bias = &self.sums.bias[output.place.offset..];
            batching.operators[operator].factor * eq.iter().zip(bias).map(|(eq, bias)| *eq * bias).sum::<Fr>()
        };
        outputs.filter(|(_, output)| output.object == Object::Witness).map(operator).sum()
    }

    /// Cells, limb table, rows, contractions.
    fn instances(&self, batching: &Batching<Fr>, helper: &Table, table_helper: &Table) -> Vec<Instance> {
        let (layout, beta, tau) = (&self.case.layout, batching.lookups.beta, &batching.tau);
        let [a0, a1, a2, a3, a4, a5] = batching.weights.rows;
        let scale = |vars: usize| Fr::from(2u64).pow([(layout.rounds - vars) as u64]).inverse().unwrap();
        let cell_scale = scale(layout.vars());
        let cells = Instance {
            tables: vec![
                equality(&tau[tau.len() - layout.vars()..]),
                helper.clone(),
                self.sums.cells.clone(),
            ],
            term: Box::new(move |v| cell_scale * (a0 * v[0] * (v[1] * (beta - v[2]) - Fr::ONE) + a1 * v[1])),
        };
        let limb_scale = scale(LIMB_LOG2);
        let table = Instance {
            tables: vec![
                equality(&tau[tau.len() - LIMB_LOG2..]),
                (0..LIMBS as u64).map(Fr::from).collect(),
                table_helper.clone(),
                self.sums.multiplicities.clone(),
            ],
            term: Box::new(move |v| limb_scale * (a2 * v[0] * (v[2] * (beta - v[1]) - v[3]) - a1 * v[2])),
        };
        let mut tables = vec![equality(&tau[tau.len() - layout.position_vars()..])];
        tables.extend(self.sums.cells.chunks(self.case.positions()).map(<[Fr]>::to_vec));
        let row_scale = scale(layout.position_vars());
        let [byte, word] = [Fr::from(256u64), Fr::from(1u64 << 16)];
        let rows = Instance {
            tables,
            term: Box::new(move |v| {
                let (y, rem) = (v[1] + v[2] * byte, v[3] + v[4] * byte);
                let (e, b) = (v[5] + v[6] * byte + v[7] * word, v[8]);
                let row = (y + (b + b - Fr::ONE) * e) * word + rem - Fr::from(1u64 << 15);
                let saturation = e * (y - b * Fr::from(65_535u64));
                row_scale * v[0] * (a3 * row + a4 * saturation + a5 * (b * b - b))
            }),
        };
        let mut instances = vec![cells, table, rows];
        let own = Values { case: self.case, objects: &self.sums, public: &self.public };
        for contraction in &layout.contractions {
            let (operator, number) = (contraction.operator, contraction.term);
            let coefficient = match contraction.left {
                Left::Weights { .. } => Fr::ONE,
                Left::Operand { coefficient, .. } => {
                    self.case.data.operators[operator].coefficients[coefficient]
                }
            };
            let factor = -a3 * batching.operators[operator].factor * coefficient * scale(contraction.vars);
            let tables = own.term(operator, number).factors(number, self.tau_of(batching, operator));
            instances.push(Instance {
                tables: tables.to_vec(),
                term: Box::new(move |v| factor * v[0] * v[1] * v[2]),
            });
        }
        instances
    }

    fn rounds(
        &self,
        sender: &mut Sender,
        mut instances: Vec<Instance>,
        mut claim: Fr,
    ) -> (FinalValues<Fr>, Vec<Fr>) {
        let vars = self.case.layout.rounds;
        let mut r = Vec::with_capacity(vars);
        for round in 0..vars {
            let left = vars - round;
            let mut values = [Fr::ZERO; 4];
            for instance in &instances {
                let share = if instance.vars() == left {
                    instance.round()
                } else {
                    [instance.sum() * Fr::from(2u64).pow([(left - 1 - instance.vars()) as u64]); 4]
                };
                values.iter_mut().zip(share).for_each(|(value, share)| *value += share);
            }
            let mut sent = [values[0], values[2], values[3]];
            if let Some((_, x)) = self.repairs.round.filter(|(at, _)| *at == round) {
                let truth = cubic(&(values[0] + values[1]), &sent, &x);
                bend(&claim, &mut sent, cubic, x, truth);
            }
            sender.scalars(Step::Round(round), &sent);
            let challenge = sender.challenge();
            claim = cubic(&claim, &sent, &challenge);
            instances.iter_mut().filter(|instance| instance.vars() == left).for_each(|i| i.bind(challenge));
            r.push(challenge);
        }
        let last = |instance: usize, table: usize| instances[instance].tables[table][0];
        let layout = &self.case.layout;
        let contractions = 3..3 + layout.contractions.len();
        let map = (layout.tables > 0).then(|| {
            let (positions, entries) = (contractions.end, contractions.end + 1);
            let source = |map: &candor_circuits::layout::Map| -> Fr {
                let eq = equality(&r[r.len() - layout.batch_log2 - map.place.vars..]);
                let place = layout.output(map.source).unwrap().place.offset << layout.batch_log2;
                let byte = |column, i| self.sums.cells[self.case.cell(column, place + i)];
                let values = (0..eq.len()).map(|i| byte(0, i) + byte(1, i) * Fr::from(256u64));
                eq.iter().zip(values).map(|(eq, value)| *eq * value).sum()
            };
            map::Values {
                helper: last(positions, 1),
                mapped: last(positions, 3),
                sources: layout.maps.iter().map(source).collect(),
                table_helper: last(entries, 1),
                multiplicity: last(entries, 3),
                table: last(entries, 4),
            }
        });
        let values = FinalValues {
            helper: last(0, 1),
            table_helper: last(1, 2),
            multiplicity: last(1, 3),
            columns: std::array::from_fn::<_, COLUMNS, _>(|column| last(2, 1 + column)),
            map,
            factors: contractions.map(|i| [last(i, 1), last(i, 2)]).collect(),
        };
        (values, r)
    }

    fn merge_and_open<'o>(
        &self,
        sender: &mut Sender,
        claims: &[Claim<Fr>],
        rho: Fr,
        object: impl Fn(Object) -> &'o Table,
    ) {
        let k = self.case.layout.row_log2;
        let mut parts: Vec<(Table, Table)> = Vec::new();
        let (mut claimed, mut power) = (Fr::ZERO, Fr::ONE);
        // weight of the first witness row in each part
        let mut first_row = Vec::new();
        for claim in claims {
            for functional in &claim.functionals {
                let cut = functional.parts(k);
                let scale = functional.scale.unwrap_or(Fr::ONE) * power;
                for piece in &cut.pieces {
                    let rows = cut.row_weights(piece);
                    let mut folded = vec![Fr::ZERO; 1 << k];
                    for (row, weight) in &rows {
                        let values = object(claim.object).iter().skip(row << k);
                        folded.iter_mut().zip(values).for_each(|(sum, value)| *sum += scale * weight * value);
                    }
                    parts.push((folded, dense(&cut.column_factors(piece))));
                    let first = rows.iter().find(|(row, _)| *row == 0 && claim.object == Object::Witness);
                    first_row.push(first.map_or(Fr::ZERO, |(_, weight)| scale * weight));
                }
            }
            claimed += power * claim.value;
            power *= rho;
        }
        let rows: Vec<Table> = parts.iter().map(|(folded, _)| folded.clone()).collect();
        let mut s = Vec::with_capacity(k);
        for round in 0..k {
            let half = 1 << (k - 1 - round);
            let at = |x: u64| -> Fr {
                let value = |table: &Table, i: usize| table[i] + Fr::from(x) * (table[i + half] - table[i]);
                let part = |(p, q): &(Table, Table)| (0..half).map(|i| value(p, i) * value(q, i)).sum::<Fr>();
                parts.iter().map(part).sum()
            };
            let mut sent = [at(0), at(2)];
            if let Some((_, x)) = self.repairs.merge_round.filter(|(at, _)| *at == round) {
                let truth = quadratic(&(sent[0] + at(1)), &sent, &x);
                bend(&claimed, &mut sent, quadratic, x, truth);
            }
            sender.scalars(Step::MergeRound(round), &sent);
            let challenge = sender.challenge();
            claimed = quadratic(&claimed, &sent, &challenge);
            for (p, q) in &mut parts {
                bind(p, challenge);
                bind(q, challenge);
            }
            s.push(challenge);
        }
        let mut row = vec![Fr::ZERO; 1 << k];
        for (folded, (_, q)) in rows.iter().zip(&parts) {
            row.iter_mut().zip(folded).for_each(|(sum, value)| *sum += q[0] * value);
        }
        let first_row: Fr = first_row.iter().zip(&parts).map(|(weight, (_, q))| *weight * q[0]).sum();
        row.extend(self.beyond.iter().map(|value| first_row * value));
        self.open(sender, row, &s, claimed);
    }

    fn open(&self, sender: &mut Sender, row: Table, s: &[Fr], claimed: Fr) {
        let (k, powers, half) = (s.len(), self.case.reference.powers(), Fr::from(2u64).inverse().unwrap());
        let fold = |values: &Table, s: Fr| -> Table {
            values.chunks(2).map(|pair| pair[0] + s * (pair[1] - pair[0])).collect()
        };
        let mut folds = vec![row];
        for j in 0..k - 1 {
            folds.push(fold(&folds[j], s[k - 1 - j]));
        }
        // what is missing for the claim to be true
        let missing = claimed - fold(&folds[k - 1], s[0])[0];
        if let Some(x) = self.repairs.folds {
            let square = x.square();
            let change = missing * (s[0] - square * (Fr::ONE - s[0])).inverse().unwrap();
            folds[k - 1][0] -= change * square;
            folds[k - 1][1] += change;
        }
        sender.points(Step::Folds, &folds[1..].iter().map(|fold| commit(powers, fold)).collect::<Vec<_>>());
        let x = sender.challenge();
        let mut values: Vec<Fr> =
            folds.iter().flat_map(|fold| [evaluate(fold, x), evaluate(fold, -x)]).collect();
        values.push(evaluate(&folds[0], x.square()));
        let x_inverse = x.inverse().unwrap();
        // change of a fold's value at x^2 by a change of one of the previous fold's value at x
        let effect = |s: Fr| half * ((Fr::ONE - s) + s * x_inverse);
        let lies = [self.repairs.fold_values, self.repairs.quotient, self.repairs.secret];
        if lies.iter().any(Option::is_some) {
            let change = missing * effect(s[0]).inverse().unwrap();
            values[2 * (k - 1)] += change;
            if let Some(q) = self.repairs.fold_values {
                let first = -change * q.pow([k as u64 - 1]);
                values[0] += first;
                values[2 * k] -= q * first * effect(s[k - 1]);
            }
        }
        sender.scalars(Step::FoldEvaluations, &values);

        let q = sender.challenge();
        let mut batched = vec![Fr::ZERO; folds[0].len()];
        let mut power = Fr::ONE;
        for fold in &folds {
            batched.iter_mut().zip(fold).for_each(|(sum, value)| *sum += power * value);
            power *= q;
        }
        let points = [x, -x, x.square()];
        let targets = batched_values(&values, s, q, x);
        let interpolated = |at: Fr| -> Fr {
            let basis = |i: usize| {
                let (a, b) = (points[(i + 1) % 3], points[(i + 2) % 3]);
                (at - a) * (at - b) * ((points[i] - a) * (points[i] - b)).inverse().unwrap()
            };
            (0..3).map(|i| targets[i] * basis(i)).sum()
        };
        let vanishing = |at: Fr| -> Fr { points.iter().map(|point| at - point).product() };
        let quotient = match self.repairs.quotient {
            Some(zeta) => {
                vec![(evaluate(&batched, zeta) - interpolated(zeta)) * vanishing(zeta).inverse().unwrap()]
            }
            None => points.iter().fold(batched.clone(), |quotient, point| divide(&quotient, *point)),
        };
        sender.points(Step::Quotient, &[commit(powers, &quotient)]);
        let zeta = sender.challenge();
        let vanishing = vanishing(zeta);
        batched.iter_mut().zip(&quotient).for_each(|(value, quotient)| *value -= vanishing * quotient);
        let opening = match self.repairs.secret {
            // any point: the pairing asks for L = (tau - zeta) W
            Some(tau) => {
                batched[0] -= interpolated(zeta);
                commit(powers, &batched) * (tau - zeta).inverse().unwrap()
            }
            None => commit(powers, &divide(&batched, zeta)),
        };
        sender.points(Step::OpeningPoint, &[opening]);
    }
}

/// Batched values at x, -x, x^2, as the verifier derives them.
fn batched_values(values: &[Fr], s: &[Fr], q: Fr, x: Fr) -> [Fr; 3] {
    let (k, half) = (s.len(), Fr::from(2u64).inverse().unwrap());
    let (mut sums, mut power, mut at_square) = ([Fr::ZERO; 3], Fr::ONE, values[2 * k]);
    for j in 0..k {
        let (plus, minus) = (values[2 * j], values[2 * j + 1]);
        for (sum, value) in sums.iter_mut().zip([plus, minus, at_square]) {
            *sum += power * value;
        }
        power *= q;
        let (even, odd) = ((plus + minus) * half, (plus - minus) * half * x.inverse().unwrap());
        at_square = even + s[k - 1 - j] * (odd - even);
    }
    sums
}

/// Witness cells that satisfy every claim about the witness, whatever else they are.
pub(crate) fn late_witness(cells: &[Fr], claims: &[Claim<Fr>]) -> Table {
    let claims: Vec<&Claim<Fr>> = claims.iter().filter(|claim| claim.object == Object::Witness).collect();
    let sum =
        |claim: &Claim<Fr>, cells: &[Fr]| -> Fr { claim.functionals.iter().map(|f| apply(f, cells)).sum() };
    let missing: Vec<Fr> = claims.iter().map(|claim| claim.value - sum(claim, cells)).collect();
    let weights: Vec<Table> = claims.iter().map(|claim| dense(&claim.functionals[0].factors)).collect();
    // the columns read every cell, the other claims those of one tensor: one cell for each, spread out
    let mut used: Vec<usize> = Vec::new();
    for (i, weights) in weights.iter().enumerate() {
        let free: Vec<usize> =
            (0..cells.len()).filter(|cell| weights[*cell] != Fr::ZERO && !used.contains(cell)).collect();
        used.push(free[(free.len() - 1 + 11 * i) % free.len()]);
    }
    let rows = weights.iter().map(|weights| used.iter().map(|cell| weights[*cell]).collect()).collect();
    let change = crate::table::solve(rows, missing).unwrap();
    let mut cells = cells.to_vec();
    used.iter().zip(change).for_each(|(cell, change)| cells[*cell] += change);
    cells
}
