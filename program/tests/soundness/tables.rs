//! Lookups and tables that are refused.

use crate::sample::{self, dense};
use candor_program::Program;
use candor_program::card::OperatorWeights;
use candor_program::class::{OperatorClass, TensorId};
use candor_program::evaluate::{ExecuteError, execute};
use candor_program::interval::{Part, ProgramError, analyse};
use candor_program::limits;
use candor_program::operator::{Operator, Rescale};

fn affine(source: u16, low: i32) -> (OperatorClass, Operator) {
    sample::affine(&[2], vec![dense(source, 2)], Rescale { multiplier: 65_536, low })
}

/// Two affine operators (tensors 1, 2), a lookup of each in one table (3, 4), a last operator that reads a lookup.
fn program() -> Program {
    let lows = [-100, -100];
    let affines = lows.map(|low| affine(0, low));
    let lookups = [1, 2].map(|source| sample::lookup(source, 0, -7));
    sample::program_of(&[2], affines.into_iter().chain(lookups).chain([affine(4, 0)]).collect())
}

fn refused(change: impl FnOnce(&mut Program)) -> ProgramError {
    let mut program = program();
    change(&mut program);
    program.validate().unwrap_err()
}

fn source(program: &mut Program, operator: usize) -> &mut TensorId {
    match &mut program.card.class.operators[operator] {
        OperatorClass::Lookup { source, .. } => source,
        OperatorClass::Affine { .. } => panic!("affine"),
    }
}

fn low(program: &mut Program, operator: usize) -> &mut i32 {
    match &mut program.card.operators[operator] {
        Operator::Lookup(lookup) => &mut lookup.low,
        Operator::Affine(affine) => &mut affine.rescale.low,
    }
}

#[test]
fn the_sample_is_valid() {
    assert_eq!(program().validate(), Ok(()));
}

#[test]
fn tables() {
    let of = |tables: u8| {
        let mut operators = vec![affine(0, 0)];
        operators.extend((0..tables).map(|table| sample::lookup(1, table, 0)));
        operators.push(affine(1, 0));
        sample::program_of(&[2], operators).validate()
    };
    let limit = usize::from(limits::TABLES);
    let error = |got| Err(ProgramError::Count { part: Part::Tables, minimum: 0, limit, got });
    assert_eq!((of(0), of(limits::TABLES), of(limits::TABLES + 1)), (Ok(()), Ok(()), error(limit + 1)));
    assert_eq!(Err(refused(|program| program.card.class.tables = 255)), error(255));
}

#[test]
fn lookup_source() {
    let error = |operator, tensor| ProgramError::LookupSource { operator, tensor };
    // The input, itself, a later operator, none at all.
    for tensor in [0, 4, 5, 6, u16::MAX] {
        assert_eq!(refused(|program| *source(program, 3) = TensorId(tensor)), error(3, tensor));
    }
    // Another lookup.
    assert_eq!(refused(|program| *source(program, 3) = TensorId(3)), error(3, 3));
}

#[test]
fn lookup_table() {
    for got in [1, 2, 255] {
        let table = |program: &mut Program| match &mut program.card.class.operators[3] {
            OperatorClass::Lookup { table, .. } => *table = got,
            OperatorClass::Affine { .. } => panic!("affine"),
        };
        assert_eq!(refused(table), ProgramError::LookupTable { operator: 3, table: got, tables: 1 });
    }
    let none = |program: &mut Program| program.card.class.tables = 0;
    assert_eq!(refused(none), ProgramError::LookupTable { operator: 2, table: 0, tables: 0 });
}

#[test]
fn table_unused() {
    assert_eq!(refused(|program| program.card.class.tables = 2), ProgramError::TableUnused { table: 1 });
}

#[test]
fn table_range() {
    let error = ProgramError::TableRange { operator: 3, table: 0 };
    for got in [-8, -6, 0] {
        assert_eq!(refused(|program| *low(program, 3) = got), error);
    }
    for got in [-101, -99, 0] {
        assert_eq!(refused(|program| *low(program, 1) = got), error);
    }
    // With a table of its own any range will do.
    let operators =
        vec![affine(0, -100), affine(0, 0), sample::lookup(1, 0, -7), sample::lookup(2, 1, 0), affine(4, 0)];
    assert_eq!(sample::program_of(&[2], operators).validate(), Ok(()));
}

#[test]
fn low_of_a_lookup() {
    for got in [1, -65_536, i32::MIN, i32::MAX] {
        let both =
            |program: &mut Program| [2, 3].into_iter().for_each(|operator| *low(program, operator) = got);
        assert_eq!(refused(both), ProgramError::Low { operator: 2, got });
    }
    for ends in [-65_535, 0] {
        let operators = vec![affine(0, ends), sample::lookup(1, 0, ends), affine(2, 0)];
        assert_eq!(sample::program_of(&[2], operators).validate(), Ok(()));
    }
}

#[test]
fn table_count() {
    let error = |got| ProgramError::TableCount { expected: 1, got };
    assert_eq!(refused(|program| program.weights.tables.clear()), error(0));
    assert_eq!(refused(|program| program.weights.tables.push(vec![0; 65_536])), error(2));
}

#[test]
fn table_size() {
    for got in [0, 1, 65_535, 65_537] {
        let resize = |program: &mut Program| program.weights.tables[0].resize(got, 0);
        assert_eq!(refused(resize), ProgramError::TableSize { table: 0, expected: 65_536, got });
    }
}

#[test]
fn table_zero() {
    // The value 0 of a tensor from -100 on is entry 100; the result 0 of a table from -7 on is 7.
    for (entry, got) in [(0, -7), (6, -1), (8, 1), (u16::MAX, 65_528)] {
        let change = |program: &mut Program| program.weights.tables[0][100] = entry;
        assert_eq!(refused(change), ProgramError::TableZero { table: 0, got });
    }
    let mut other = program();
    other.weights.tables[0][99] = u16::MAX;
    other.weights.tables[0][101] = u16::MAX;
    assert_eq!(other.validate(), Ok(()));
}

#[test]
fn a_lookup_has_no_weights() {
    let with =
        |change: fn(&mut OperatorWeights)| refused(|program| change(&mut program.weights.operators[2]));
    let matrices = ProgramError::WeightMatrices { operator: 2, expected: 0, got: 1 };
    assert_eq!(with(|weights| weights.dense.push(vec![])), matrices);
    assert_eq!(
        with(|weights| weights.bias.push(0)),
        ProgramError::BiasShape { operator: 2, expected: 0, got: 1 }
    );
}

/// What is never validated is not run beyond a table's end.
#[test]
fn a_short_table_reads_zero() {
    let mut program = program();
    program.weights.tables[0].truncate(50);
    assert_eq!(execute(&program, &[1, 2]).unwrap().tensors[3], [-7, -7]);
    program.weights.tables.clear();
    assert_eq!(execute(&program, &[1, 2]).unwrap().tensors[3], [-7, -7]);
    program.card.operators[2] = affine(0, 0).1;
    assert!(matches!(execute(&program, &[1, 2]), Ok(_) | Err(ExecuteError::Excess { .. })));
}

/// A lookup's interval is that of the entries between its source's bounds, for ranges of any length.
#[test]
fn bounds_are_those_of_the_entries_in_between() {
    let mut numbers = sample::Numbers(12);
    let operators = vec![
        sample::affine(&[1], vec![dense(0, 1)], Rescale { multiplier: 65_536, low: -32_768 }),
        sample::lookup(1, 0, -32_768),
        sample::affine(&[1], vec![dense(2, 1)], Rescale { multiplier: 1, low: 0 }),
    ];
    let mut program = sample::program_of(&[1], operators);
    program.weights.tables[0].fill_with(|| numbers.next() as u16 / 2 + 16_384);
    program.weights.tables[0][32_768] = 32_768;
    let lengths = [0, 1, 2, 62, 63, 64, 65, 127, 128, 129, 191, 192, 4_095, 4_096, 40_000, 65_535];
    for length in lengths {
        for begin in [0, 1, 63, 64, 65, 1_000, 65_535 - length, numbers.between(0, 65_535 - length)] {
            if begin + length > 65_535 {
                continue;
            }
            (program.card.features[0].min, program.card.features[0].max) = (0, length);
            program.weights.operators[0].bias[0] = begin - 32_768;
            // One entry that is lower and one that is higher than all others, at the ends or outside.
            for extreme in [begin, begin + length, begin - 1, begin + length + 1] {
                let Ok(place) = usize::try_from(extreme) else { continue };
                let Some(entry) = program.weights.tables[0].get(place).copied() else { continue };
                if place == 32_768 {
                    continue;
                }
                for value in [0, u16::MAX] {
                    program.weights.tables[0][place] = value;
                    let entries = &program.weights.tables[0][begin as usize..=(begin + length) as usize];
                    let expected = (*entries.iter().min().unwrap(), *entries.iter().max().unwrap());
                    let interval = analyse(&program).unwrap()[1];
                    let got = (interval.output_min + 32_768, interval.output_max + 32_768);
                    assert_eq!(got, (expected.0.into(), expected.1.into()), "{begin} {length} {place}");
                }
                program.weights.tables[0][place] = entry;
            }
        }
    }
}
