//! The S&P 500 agent: at least 99% of the test days decide as the float reference.

use crate::support::{fixture, setup};
use candor_compiler::{AgentSource, lower};

#[test]
fn test_days_decide_as_the_float_reference() {
    let source = AgentSource::read(&fixture("sp500/agent.toml")).unwrap();
    let lowered = lower(&source, &setup()).unwrap();
    println!("{}", lowered.report);
    let reference = lowered.report.reference.as_ref().unwrap();
    assert_eq!((reference.agreement.observations, reference.unmatched), (1510, 0));
    assert!(reference.agreement.percent() >= 99.0, "{}", reference.agreement);
    assert!(reference.agreement.worst_error.unwrap() < 0.01);
    assert_eq!(lowered.report.parameters, 64 * 128 + 128 + 128 * 128 + 128 + 128 * 64 + 64 + 64 * 3 + 3);
    assert_eq!(lowered.report.operators.len(), 4);
    assert_eq!(lowered.card.class.row_log2, 10);
    assert_eq!(lowered.card.transaction.signature(), "rebalance(uint256,int256,uint256)");
    assert_eq!(lowered, lower(&source, &setup()).unwrap());
}
