//! The seal's circuit is satisfied by honest paths, and its constraints are counted.

use candor_benches::synthetic::{Random, Shape, perceptron};
use candor_circuits::seal::circuit::{SealShape, synthesize};
use candor_program::Program;
use candor_program::observation::Observation;
use candor_prover::seal::sealable;
use candor_prover::{Prover, ReferenceString, commit_program};
use candor_trace::{AgentKey, Bundle, Recorder, Salts, Selection, SignedRecord};

fn agent(widths: &[usize]) -> (Program, ReferenceString) {
    let reference = ReferenceString::development(10, &[1; 32]).unwrap();
    let shape = Shape { widths, row_log2: 10, residual: false, gain: 1 };
    let mut program = perceptron(&shape, reference.card(), 3);
    program.card.weight_rows = commit_program(&reference, &program.card, &program.weights).unwrap();
    (program, reference)
}

fn observation(program: &Program, time: u64, random: &mut Random) -> Observation {
    let values: Vec<String> = program
        .card
        .features
        .iter()
        .map(|feature| {
            let value = feature.min + (random.next_u64() % (feature.span() + 1)) as i64;
            format!("\"{}\"", candor_program::decimal::format_decimal(value, feature.decimals))
        })
        .collect();
    let line = format!("{{\"time\":{time},\"plugins\":{{\"feed\":[{}]}}}}", values.join(","));
    Observation::from_json(&line, &program.card).unwrap()
}

fn run(program: &Program, records: u64) -> Vec<SignedRecord> {
    let key = AgentKey::from_bytes(&[9; 32]).unwrap();
    let mut recorder = Recorder::resume(program.clone(), key, None).unwrap();
    let mut random = Random(4);
    (0..records)
        .map(|i| {
            let salts = Salts { observations: u128::from(random.next_u64()), evidence: u128::from(i) };
            let observation = observation(program, 1_000 + 60 * i, &mut random);
            recorder.record(observation, salts).unwrap().record
        })
        .collect()
}

#[test]
fn honest_paths_satisfy_the_circuit() {
    let (program, reference) = agent(&[64, 128, 128, 64, 3]);
    let prover = Prover::new_unchecked(&program, &reference).unwrap();
    let records = run(&program, 12);
    for (first, last) in [(0, 0), (1, 1), (5, 5), (2, 4), (8, 11)] {
        let bundle = Bundle::select(program.card.clone(), &records, Selection::Range { first, last }).unwrap();
        let proof = prover.prove_path(&bundle, [3; 20], &mut |_, _| ()).unwrap();
        let path = sealable(&bundle, &proof).unwrap();
        let shape = SealShape { layout: path.layout.clone() };
        let synthesis = synthesize(&shape, &path.witness, true);
        let matrices = synthesis.system.matrices();
        println!("{first}..{last}: {} constraints {:?}", matrices.constraints.len(), matrices.by_owner());
        assert_eq!(synthesis.system.unsatisfied(), None);
        assert_eq!(matrices.first_unsatisfied(&synthesis.system.assignment()), None);
        let record = &bundle.records.last().unwrap().header;
        assert_eq!(synthesis.boundary.0[5], record.acc.to_fr());
        assert_eq!(synthesis.boundary.0[10], candor_program::Fr::from(record.executed));
    }
}
