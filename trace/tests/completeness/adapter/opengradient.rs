//! Answers that another implementation made and signed: hashes are recomputed, the signature holds, the payload is evidence.

use alloy_sol_types::SolValue;
use alloy_sol_types::private::{B256, Bytes, U256};
use candor_program::encoding::keccak256;
use candor_trace::adapter::json::Json;
use candor_trace::adapter::opengradient::{
    TeeKey, TeeResponse, batch_leaf, canonical_request, signed_digest, verify_batch,
};
use candor_trace::adapter::python::dumps;

const PEM: &str = include_str!("../../../../fixtures/adapters/opengradient/tee.pem");
const TEXT: [&str; 2] = [
    include_str!("../../../../fixtures/adapters/opengradient/text.request.json"),
    include_str!("../../../../fixtures/adapters/opengradient/text.response.json"),
];
const TOOLS: [&str; 2] = [
    include_str!("../../../../fixtures/adapters/opengradient/tools.request.json"),
    include_str!("../../../../fixtures/adapters/opengradient/tools.response.json"),
];

fn verified([request, response]: [&str; 2]) -> TeeResponse {
    let [request, response] = [request, response].map(|text| Json::parse(text).unwrap());
    TeeResponse::verify(&request, &response, &TeeKey::from_pem(PEM).unwrap()).unwrap()
}

#[test]
fn an_answer_with_text() {
    let response = verified(TEXT);
    assert_eq!(response.model, "gpt-4.1");
    assert_eq!(response.timestamp, 1_763_700_000);
    assert_eq!(
        response.request,
        r#"{"max_tokens": 100, "messages": [{"content": "Answer in JSON.", "role": "system"}, {"content": "Risk of p\u00f3lvora \ud83d\ude00?", "role": "user"}], "model": "gpt-4.1", "temperature": 1.0}"#
    );
    assert_eq!(response.request_hash, keccak256(&[response.request.as_bytes()]));
    assert_eq!(response.output, "{\"risk\": \"0.25\", \"note\": \"\u{e9}\"}");
    assert_eq!(response.output_hash, keccak256(&[response.output.as_bytes()]));
    assert_eq!(response.tee_id, TeeKey::from_pem(PEM).unwrap().tee_id());
}

#[test]
fn an_answer_that_calls_tools() {
    let response = verified(TOOLS);
    assert_eq!(
        response.output,
        r#"[{"function": {"arguments": "{\"amount\": 1.50}", "name": "sell"}, "id": "c2", "type": "function"}]"#
    );
    assert!(response.request.contains(r#"{"filename": "a.pdf", "type": "file"}, {"type": "image_url"}"#));
    assert!(response.request.contains(r#""temperature": 0.0"#));
    assert!(response.request.contains(r#""web_search": true"#));
}

#[test]
fn a_reduced_request_stays_as_it_is() {
    for [request, _] in [TEXT, TOOLS] {
        let reduced = canonical_request(&Json::parse(request).unwrap()).unwrap();
        let text = dumps(&reduced).unwrap();
        let again = canonical_request(&Json::parse(&text).unwrap()).unwrap();
        assert_eq!(dumps(&again).as_ref(), Ok(&text));
    }
}

/// The payload of a record can be checked again with nothing else, and features are read from it.
#[test]
fn a_payload_carries_its_evidence() {
    for case in [TEXT, TOOLS] {
        let response = verified(case);
        assert_eq!(TeeResponse::from_payload(&response.to_payload()), Ok(response));
    }
    let payload = Json::parse(&verified(TEXT).to_payload()).unwrap();
    assert_eq!(payload.get("output").and_then(|output| output.get("risk")), Some(&Json::Text("0.25".into())));
    assert_eq!(payload.get("timestamp").and_then(Json::as_u64), Some(1_763_700_000));
}

#[test]
fn the_signed_digest_is_packed() {
    let expected =
        keccak256(&[&(B256::from([1; 32]), B256::from([2; 32]), U256::from(3)).abi_encode_packed()]);
    assert_eq!(signed_digest(&[1; 32], &[2; 32], 3), expected);
}

/// Leaves as an independent ABI encoder makes them.
#[test]
fn batch_leaves_are_abi_encoded_and_hashed_twice() {
    for case in [TEXT, TOOLS] {
        let response = verified(case);
        let encoded = (
            B256::from(response.tee_id),
            B256::from(response.request_hash),
            B256::from(response.output_hash),
            Bytes::from(response.signature.clone()),
            U256::from(response.timestamp),
        )
            .abi_encode_params();
        assert_eq!(batch_leaf(&response), keccak256(&[&keccak256(&[&encoded])]));
    }
}

/// The tree of two leaves in the documentation of OpenZeppelin's library.
#[test]
fn batches_are_those_of_openzeppelin() {
    let leaf = |address: u8, amount: u128| {
        let encoded =
            (alloy_sol_types::private::Address::from([address; 20]), U256::from(amount)).abi_encode_params();
        keccak256(&[&keccak256(&[&encoded])])
    };
    let leaves = [leaf(0x11, 5_000_000_000_000_000_000), leaf(0x22, 2_500_000_000_000_000_000)];
    let root = hex::decode("d4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77").unwrap();
    let root: [u8; 32] = root.try_into().unwrap();
    assert_eq!(verify_batch(&root, &leaves[0], &leaves[1..]), Ok(()));
    assert_eq!(verify_batch(&root, &leaves[1], &leaves[..1]), Ok(()));
    // A batch of one is its leaf.
    assert_eq!(verify_batch(&leaves[0], &leaves[0], &[]), Ok(()));
}
