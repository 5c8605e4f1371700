//! The batched sumcheck: every relation as a polynomial in tables.

use super::{Forgery, Sender, bend};
use crate::brute::Values;
use crate::table::{Instance, Table, equality};
use ark_ff::{AdditiveGroup, Field};
use candor_circuits::argument::{Batching, FinalValues, cubic};
use candor_circuits::channel::Step;
use candor_circuits::claim::Object;
use candor_circuits::layout::{COLUMNS, LIMB_LOG2, LIMBS, Left};
use candor_circuits::relation::map;
use candor_program::Fr;

impl Forgery<'_> {
    /// Helper and table helper.
    pub(super) fn helpers(&self, beta: Fr) -> (Table, Table) {
        let inverse = |value: Fr| (beta - value).inverse().unwrap();
        let helper = || self.sums.cells.iter().map(|cell| inverse(*cell)).collect();
        let limbs = self.sums.multiplicities.iter().zip(0..LIMBS as u64);
        let table_helper = || limbs.map(|(mu, limb)| *mu * inverse(Fr::from(limb))).collect();
        (self.helper.clone().unwrap_or_else(helper), self.table_helper.clone().unwrap_or_else(table_helper))
    }

    /// The zero-check point's decision and index coordinates of an operator.
    pub(super) fn tau_of<'b>(&self, batching: &'b Batching<Fr>, operator: usize) -> (&'b [Fr], &'b [Fr]) {
        let (layout, tau) = (&self.case.layout, &batching.tau);
        let vars = layout.outputs[operator].place.vars;
        (&tau[tau.len() - vars - layout.batch_log2..tau.len() - vars], &tau[tau.len() - vars..])
    }

    /// `sum over l of m_l E_l bias_l(tau_i)`.
    pub(super) fn true_bias_sum(&self, batching: &Batching<Fr>) -> Fr {
        let outputs = self.case.layout.outputs.iter().enumerate();
        let operator = |(operator, output): (usize, &candor_circuits::layout::Output)| -> Fr {
            let eq = equality(self.tau_of(batching, operator).1);
            let bias = &self.sums.bias[output.place.offset..];
            batching.operators[operator].factor * eq.iter().zip(bias).map(|(eq, bias)| *eq * bias).sum::<Fr>()
        };
        outputs.filter(|(_, output)| output.object == Object::Witness).map(operator).sum()
    }

    /// Cells, limb table, rows, contractions.
    pub(super) fn instances(
        &self,
        batching: &Batching<Fr>,
        helper: &Table,
        table_helper: &Table,
    ) -> Vec<Instance> {
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

    pub(super) fn rounds(
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
            let [positions, entries, product] = [0, 1, 2].map(|i| contractions.end + i);
            map::Values {
                helper: last(positions, 1),
                equalities: [last(product, 1), last(product, 2)],
                sources: layout.maps.iter().map(|map| self.source_at(map, &r)).collect(),
                table_helper: last(entries, 1),
                multiplicity: last(entries, 3),
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
}
