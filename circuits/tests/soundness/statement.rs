//! Every error of a statement and of a card's rows.

use candor_benches::synthetic::{Shape, features, perceptron};
use candor_circuits::layout::LayoutError;
use candor_circuits::model::{ModelError, decode_rows, weight_layout};
use candor_circuits::point::PointError;
use candor_circuits::proof::MAX_BATCH_LOG2;
use candor_circuits::statement::{Statement, StatementError};
use candor_program::card::{PointBytes, SetupCard, SetupSource};
use candor_program::class::TensorId;
use candor_program::{Fr, Program};

fn program() -> Program {
    let setup = SetupCard {
        source: SetupSource::Development,
        powers_log2: 9,
        powers_digest: [0; 32],
        tau_g2: [0; 128],
    };
    perceptron(&Shape { widths: &[5, 7, 3], row_log2: 9, residual: false, gain: 1 }, &setup, 1)
}

fn statement(decisions: usize, batch_log2: u8) -> (Program, Statement) {
    let program = program();
    let features = (0..decisions as u64).map(|seed| features(&program, seed)).collect();
    let values = vec![vec![0, -32_768, 32_767]; decisions];
    let statement =
        Statement { batch_log2, context: Fr::from(1u64), revealed: TensorId(2), features, values };
    (program, statement)
}

fn error(change: impl Fn(&mut Statement)) -> StatementError {
    let (program, mut statement) = statement(3, 2);
    change(&mut statement);
    statement.public_values(&program.card).unwrap_err()
}

#[test]
fn decisions() {
    let decisions = |features, values, batch_log2| StatementError::Decisions { features, values, batch_log2 };
    assert_eq!(error(|s| s.values.truncate(2)), decisions(3, 2, 2));
    assert_eq!(error(|s| s.batch_log2 = 1), decisions(3, 3, 1));
    assert_eq!(
        error(|s| {
            s.values.clear();
            s.features.clear();
        }),
        decisions(0, 0, 2)
    );
    // a batch is completed in memory: only those that a proof may have
    for batch_log2 in [MAX_BATCH_LOG2 + 1, 31, 32, 63, 64, 255] {
        assert_eq!(error(|s| s.batch_log2 = batch_log2), decisions(3, 3, batch_log2));
    }
    let (program, largest) = statement(3, MAX_BATCH_LOG2);
    assert_eq!(largest.public_values(&program.card).unwrap().features.len(), 1 << MAX_BATCH_LOG2);
}

#[test]
fn shapes_and_ranges() {
    let features = StatementError::Features { decision: 1, expected: 5, got: 4 };
    assert_eq!(
        error(|s| {
            s.features[1].pop();
        }),
        features
    );
    let values = StatementError::Values { decision: 2, expected: 3, got: 4 };
    assert_eq!(error(|s| s.values[2].push(0)), values);
    for got in [32_768, -32_769, i32::MAX, i32::MIN] {
        let range = StatementError::Range { decision: 0, index: 1, low: -32_768, high: 32_767, got };
        assert_eq!(error(|s| s.values[0][1] = got), range);
    }
    for tensor in [0, 3, u16::MAX] {
        assert_eq!(error(|s| s.revealed = TensorId(tensor)), StatementError::Revealed { tensor });
    }
}

/// The completed batch repeats the last decision, and every list is filled up to its padded length.
#[test]
fn completion() {
    let (program, statement) = statement(3, 2);
    let public = statement.public_values(&program.card).unwrap();
    assert_eq!(public.features[3], public.features[2]);
    assert_eq!(public.values[3], public.values[2]);
    assert!(public.features.iter().all(|features| features.len() == 8));
    let number = |value: i64| Fr::from(value);
    for (values, above_low) in public.values.iter().zip(&public.above_low) {
        assert_eq!(*values, [number(0), number(-32_768), number(32_767), number(0)]);
        assert_eq!(*above_low, [number(32_768), number(0), number(65_535), number(0)]);
    }
}

#[test]
fn rows_of_a_card() {
    let mut card = program().card;
    let layout = weight_layout(&card).unwrap();
    let expected = layout.program_rows();
    assert_eq!(expected, layout.weight_rows() + layout.bias_rows());
    assert_eq!(decode_rows(&card), Err(ModelError::Rows { expected, got: 0 }));
    card.weight_rows = vec![PointBytes([0; 64]); expected + 1];
    assert_eq!(decode_rows(&card), Err(ModelError::Rows { expected, got: expected + 1 }));
    card.weight_rows.pop();
    assert_eq!(decode_rows(&card).unwrap().len(), expected);
    card.weight_rows[1].0[5] = 1;
    let off_curve = ModelError::Point { row: 1, error: PointError::NotOnCurve };
    assert_eq!(decode_rows(&card), Err(off_curve));
    card.class.row_log2 = 8;
    assert_eq!(decode_rows(&card), Err(ModelError::Layout(LayoutError::RowLength { row_log2: 8 })));
}
