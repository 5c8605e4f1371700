//! Small agents, their records, and paths ready to be sealed.

use candor_benches::synthetic::{Random, Shape, perceptron};
use candor_circuits::seal::circuit::SealShape;
use candor_program::Program;
use candor_program::card::SignerKey;
use candor_program::evidence::{Authority, Slot, Subject};
use candor_program::feature::Feature;
use candor_program::observation::Observation;
use candor_program::policy::{Comparison, Effect, Fact, Operand, Predicate, ReasonText, Rule};
use candor_program::state::{Register, Update, Window};
use candor_prover::seal::{SealablePath, sealable};
use candor_prover::{Prover, ReferenceString, commit_program};
use candor_trace::{AgentKey, Bundle, Recorder, Salts, Selection, SignedRecord};

/// Widths of the S&P 500 agent's class.
pub(crate) const LARGE: &[usize] = &[64, 128, 128, 64, 3];
/// Widths of the small class: a dense and a scaled term, a padded action.
pub(crate) const SMALL: &[usize] = &[4, 4, 4, 3];

/// An agent and the reference string of its commitments.
pub(crate) struct Agent {
    pub(crate) program: Program,
    pub(crate) reference: ReferenceString,
}

impl Agent {
    /// A perceptron whose card is changed before its weights are committed.
    pub(crate) fn new(widths: &[usize], row_log2: u8, change: impl FnOnce(&mut Program)) -> Self {
        let reference = ReferenceString::development(row_log2, &[1; 32]).unwrap();
        let shape = Shape { widths, row_log2, residual: true, gain: 1 };
        let mut program = perceptron(&shape, reference.card(), 3);
        change(&mut program);
        program.card.weight_rows = commit_program(&reference, &program.card, &program.weights).unwrap();
        program.card.validate().unwrap();
        Self { program, reference }
    }

    /// Every kind of term, view and lookup.
    pub(crate) fn general() -> Self {
        let reference = ReferenceString::development(9, &[1; 32]).unwrap();
        let mut program = crate::every_term::program(reference.card());
        program.card.weight_rows = commit_program(&reference, &program.card, &program.weights).unwrap();
        program.validate().unwrap();
        Self { program, reference }
    }

    /// The small class with every kind of fact, comparison and register.
    pub(crate) fn small() -> Self {
        Self::new(SMALL, 9, enrich)
    }

    /// So many records from the genesis on.
    pub(crate) fn records(&self, count: u64) -> Vec<SignedRecord> {
        let key = AgentKey::from_bytes(&[9; 32]).unwrap();
        let mut recorder = Recorder::resume(self.program.clone(), key, None).unwrap();
        let mut random = Random(4);
        let step = |i: u64| {
            let salts = Salts { observations: u128::from(random.next_u64()), evidence: u128::from(i) };
            let observation = observation(&self.program, 1_000 + 60 * i, &mut random);
            recorder.record(observation, salts).unwrap().record
        };
        (0..count).map(step).collect()
    }

    /// A bundle of records.
    pub(crate) fn bundle(&self, records: &[SignedRecord], first: u64, last: u64) -> Bundle {
        Bundle::select(self.program.card.clone(), records, Selection::Range { first, last }).unwrap()
    }

    /// A proven bundle, taken apart for its seal.
    pub(crate) fn path<'a>(&self, bundle: &'a Bundle) -> (SealShape, SealablePath<'a>) {
        let prover = Prover::new_unchecked(&self.program, &self.reference).unwrap();
        let proof = prover.prove_path(bundle, [3; 20], &mut |_, _| ()).unwrap();
        let path = sealable(bundle, &proof).unwrap();
        (SealShape { layout: path.layout.clone() }, path)
    }
}

fn observation(program: &Program, time: u64, random: &mut Random) -> Observation {
    let value = |feature: &Feature, random: &mut Random| {
        let value = feature.min + (random.next_u64() % (feature.span() + 1)) as i64;
        format!("\"{}\"", candor_program::decimal::format_decimal(value, feature.decimals))
    };
    let values: Vec<String> = program.card.features.iter().map(|feature| value(feature, random)).collect();
    let line = format!("{{\"time\":{time},\"plugins\":{{\"feed\":[{}]}}}}", values.join(","));
    Observation::from_json(&line, &program.card).unwrap()
}

/// A slot of one attester about the agent.
pub(crate) fn slot(name: &str, default: Option<i64>, revoked_by: Option<u8>) -> Slot {
    let authority = Authority::Attester { key: SignerKey::Secp256k1 { address: [8; 20] } };
    let (subject, values) = (Subject::Agent, Vec::new());
    Slot { name: name.into(), authority, subject, decimals: 0, default, revoked_by, values }
}

/// Registers of every update, source and guard, windows, evidence, and a policy that asks for every kind of fact in every way.
pub(crate) fn enrich(program: &mut Program) {
    let card = &mut program.card;
    let window = |name: &str, seconds, offset| Window { name: name.into(), seconds, offset };
    card.windows = vec![window("short", 100, 7), window("day", 86_400, 0)];
    let register = |name: &str, initial, source| Register {
        name: name.into(),
        initial,
        window: None,
        source,
        when: None,
        on_execute: Update::Keep,
        on_deny: Update::Keep,
        on_abstain: Update::Keep,
    };
    use Update::{Add, Reset, Set};
    card.registers = vec![
        Register { on_deny: Add, on_execute: Reset, ..register("denials", 5, Operand::Constant(1)) },
        Register { on_execute: Set, ..register("last", 0, Fact::Time.into()) },
        Register {
            on_execute: Add,
            on_abstain: Set,
            when: Some(0),
            ..register("position", -7, Fact::ActionAmount.into())
        },
        Register { on_execute: Add, window: Some(0), ..register("count", 0, Operand::Constant(1)) },
    ];
    card.evidence =
        vec![slot("class", None, Some(1)), slot("epoch", Some(0), None), slot("approval", Some(0), None)];
    card.class.evidence_size = 4;
    let constant = Operand::Constant;
    let predicate = |fact, comparison, operand| Predicate { fact, comparison, operand };
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    card.policy.predicates = vec![
        predicate(Fact::ActionAmount, LessOrEqual, constant(1_000_000)),
        predicate(Fact::ActionCode, Equal, constant(2)),
        predicate(Fact::Elapsed(1), Less, constant(30)),
        predicate(Fact::Elapsed(2), GreaterOrEqual, Fact::Register(3).into()),
        predicate(Fact::Feature(0), Greater, Operand::Fact { fact: Fact::Feature(1), offset: -3 }),
        predicate(Fact::Register(3), NotEqual, Fact::Sequence.into()),
        predicate(Fact::Time, Less, constant(i64::MAX)),
        predicate(Fact::After(2), Greater, constant(100)),
        predicate(Fact::Elapsed(0), Equal, Fact::Elapsed(1).into()),
        predicate(Fact::Change(3), LessOrEqual, constant(1)),
        predicate(Fact::Evidence(0), GreaterOrEqual, Fact::ActionMagnitude.into()),
        predicate(Fact::Present(1), Equal, Fact::ActionVenue.into()),
        predicate(Fact::Issued(2), Greater, Fact::Register(1).into()),
        predicate(Fact::Output(0), Less, Fact::Output(2).into()),
        predicate(Fact::ActionAsset, NotEqual, Fact::Evidence(2).into()),
    ];
    let rule = |name: &str, effect, all_of, none_of, reason| Rule {
        name: name.into(),
        effect,
        all_of,
        none_of,
        reason,
    };
    card.policy.rules = vec![
        rule("permit", Effect::Permit, 0b10_0000_0001, 0b1000_0000, 16),
        rule("interval", Effect::Forbid, 0b100, 0, 17),
        rule("turn", Effect::Forbid, 0b1_0010, 0b10_0000_0100_0000, 18),
        rule("fallback", Effect::Permit, 0b1_0000_0000, 0b10, 19),
        rule("last", Effect::Permit, 0b1000_0000_0000, 0b100_0000_0010_1000, 16),
    ];
    let text = |code, name: &str| ReasonText { code, name: name.into(), remedy: String::new() };
    card.policy.reasons =
        vec![text(16, "mandate"), text(17, "interval"), text(18, "turn"), text(19, "fallback")];
}

/// Whether the long campaign was asked for.
pub(crate) fn full() -> bool {
    std::env::var("CANDOR_CAMPAIGN").is_ok_and(|value| value == "full")
}

/// So many cases in plain tests, so many in the long campaign.
pub(crate) fn cases(plain: usize, long: usize) -> usize {
    if full() { long } else { plain }
}
