//! Random programs of every kind of term, view and lookup: what the evaluator gives is accepted, another value is not.

use crate::generate;
use crate::proven::Proven;
use crate::sample::Numbers;
use candor_circuits::channel::Check;
use candor_circuits::layout::Left;
use candor_circuits::native::ArgumentError;
use candor_circuits::reading::Axes;
use candor_program::class::TensorId;

/// What the programs of a run had.
#[derive(Default, Debug)]
struct Found {
    linear: usize,
    weighted: usize,
    products: usize,
    shared: usize,
    views: usize,
    lookups: usize,
    cut: usize,
    revealed_lookups: usize,
}

impl Found {
    fn add(&mut self, case: &Proven) {
        let layout = &case.layout;
        self.linear += layout.linear.len();
        for contraction in &layout.contractions {
            match contraction.left {
                Left::Weights { .. } => self.weighted += 1,
                Left::Operand { .. } => self.products += 1,
            }
            self.shared += usize::from(contraction.shared_vars() > 0);
        }
        let rights = layout.contractions.iter().map(|contraction| &contraction.right);
        for reading in rights.chain(layout.linear.iter().map(|term| &term.operand)) {
            let mut after = 0;
            for axes in reading.axes.iter().rev() {
                let (vars, row) = (axes.vars(), layout.row_log2);
                if let Axes::View { .. } = axes {
                    self.views += 1;
                    self.cut += usize::from(after < row && after + vars > row);
                }
                after += vars;
            }
        }
        self.lookups += layout.maps.len();
        self.revealed_lookups +=
            usize::from(layout.maps.iter().any(|map| map.operator + 1 == usize::from(layout.revealed.0)));
    }
}

#[test]
fn random_programs() {
    let mut found = Found::default();
    let count = if std::env::var("CANDOR_CAMPAIGN").is_ok_and(|value| value == "full") { 600 } else { 60 };
    for seed in 0..count {
        let mut numbers = Numbers(0xa96e_0000 + seed);
        let program = generate::program(&mut numbers);
        let batch_log2 = (seed % 3) as u8;
        let inputs: Vec<_> = (0..numbers.between(1, 1 << batch_log2))
            .map(|_| generate::input(&mut numbers, &program))
            .collect();
        let revealed = TensorId(1 + (numbers.next() % program.card.operators.len() as u64) as u16);
        let case = Proven::new(program, &inputs, batch_log2, revealed);
        case.program.validate().unwrap();
        found.add(&case);
        let witness = case.witness();
        let proof = case.prove(&witness);
        assert_eq!(case.accepts(&proof), Ok(()), "seed {seed}");

        // the same proof for another value, and a proof of another value
        let mut other = case;
        let values = &mut other.statement.values[0];
        let index = (numbers.next() % values.len() as u64) as usize;
        let low = other.program.card.operators[usize::from(revealed.0) - 1].low();
        values[index] += if values[index] == low { 1 } else { -1 };
        other.public = other.statement.public_values(&other.program.card).unwrap();
        assert!(other.accepts(&proof).is_err(), "seed {seed}");
        let proof = other.prove(&witness);
        assert_eq!(other.accepts(&proof), Err(ArgumentError::Rejected(Check::Folding)), "seed {seed}");
    }
    let Found { linear, weighted, products, shared, views, lookups, revealed_lookups, .. } = found;
    for count in [linear, weighted, products, shared, views] {
        assert!(count > 50, "{found:?}");
    }
    assert!(lookups > 5 && revealed_lookups > 0, "{found:?}");
}
