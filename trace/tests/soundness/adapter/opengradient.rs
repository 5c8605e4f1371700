//! Requests, answers, signatures, keys and batches that are not what the enclave signed.

use candor_trace::adapter::json::{Json, JsonError};
use candor_trace::adapter::opengradient::{
    KEY_BITS, MAX_PROOF_HASHES, OpenGradientError, SIGNATURE_BYTES, TeeKey, TeeResponse, batch_leaf,
    canonical_request, signed_output, verify_batch,
};
use candor_trace::adapter::python::PythonError;

const PEM: &str = include_str!("../../../../fixtures/adapters/opengradient/tee.pem");
const REQUEST: &str = include_str!("../../../../fixtures/adapters/opengradient/text.request.json");
const RESPONSE: &str = include_str!("../../../../fixtures/adapters/opengradient/text.response.json");
const OTHER_RESPONSE: &str = include_str!("../../../../fixtures/adapters/opengradient/tools.response.json");

fn key() -> TeeKey {
    TeeKey::from_pem(PEM).unwrap()
}

fn verify(request: &str, response: &str) -> Result<TeeResponse, OpenGradientError> {
    TeeResponse::verify(&Json::parse(request).unwrap(), &Json::parse(response).unwrap(), &key())
}

fn honest() -> TeeResponse {
    verify(REQUEST, RESPONSE).unwrap()
}

/// The response with one value replaced.
fn with(from: &str, to: &str) -> OpenGradientError {
    assert!(RESPONSE.contains(from), "{from}");
    verify(REQUEST, &RESPONSE.replacen(from, to, 1)).unwrap_err()
}

#[test]
fn another_request_has_another_hash() {
    let honest = honest();
    for (from, to) in [
        ("Answer in JSON.", "Answer in JSON!"),
        ("\"temperature\": 1", "\"temperature\": 0.9999999999999999"),
        ("\"max_tokens\": 100", "\"max_tokens\": 100.0"),
        ("\"max_tokens\": 100", "\"max_tokens\": 101"),
        ("\"stop\": []", "\"stop\": [\"x\"]"),
        ("gpt-4.1", "gpt-4.1-mini"),
        ("\"developer\"", "\"user\""),
    ] {
        assert!(REQUEST.contains(from), "{from}");
        let error = verify(&REQUEST.replacen(from, to, 1), RESPONSE).unwrap_err();
        let OpenGradientError::Hash { field: "tee_request_hash", signed, got } = error else {
            panic!("{to}: {error:?}")
        };
        assert!(signed == honest.request_hash && got != signed, "{to}");
    }
    // What the gateway does not sign may differ: it says nothing.
    for (from, to) in [("\"top_p\": 0.9", "\"top_p\": 0.1"), ("\"stream\": false", "\"stream\": true")] {
        assert_eq!(verify(&REQUEST.replacen(from, to, 1), RESPONSE).as_ref(), Ok(&honest));
    }
}

#[test]
fn another_answer_has_another_hash() {
    let error = with("0.25", "0.26");
    assert!(matches!(error, OpenGradientError::Hash { field: "tee_output_hash", .. }), "{error:?}");
    // The hashes are those of the texts even if a liar adjusts them: then the signature does not hold.
    let honest = honest();
    let changed = RESPONSE.replacen("0.25", "0.26", 1);
    let output = signed_output(&Json::parse(&changed).unwrap()).unwrap();
    let hash = candor_program::encoding::keccak256(&[output.as_bytes()]);
    let changed = changed.replacen(&hex::encode(honest.output_hash), &hex::encode(hash), 1);
    let tee_id = key().tee_id();
    assert_eq!(verify(REQUEST, &changed), Err(OpenGradientError::NotSigned { tee_id }));
}

#[test]
fn time_and_signature_are_bound() {
    let tee_id = key().tee_id();
    let refused = OpenGradientError::NotSigned { tee_id };
    assert_eq!(with("\"tee_timestamp\": 1763700000", "\"tee_timestamp\": 1763700001"), refused);
    let field = |response: &str| {
        let json = Json::parse(response).unwrap();
        json.get("tee_signature").and_then(Json::as_text).unwrap().to_owned()
    };
    let (own, other) = (field(RESPONSE), field(OTHER_RESPONSE));
    assert_eq!(with(&own, &other), refused, "the signature of another answer");
    let got = SIGNATURE_BYTES - 1;
    let error = OpenGradientError::SignatureLength { expected: SIGNATURE_BYTES, got };
    assert_eq!(with(&own, &own[..own.len() - 4]), error);
    // A signature is a number below the modulus.
    let beyond = "/".repeat(own.len() - 3) + "w==";
    assert_eq!(with(&own, &beyond), refused);
}

#[test]
fn fields_are_needed_and_have_their_types() {
    let missing = |field| OpenGradientError::Field { field };
    for (from, to, field) in [
        ("\"tee_request_hash\"", "\"request_hash\"", "tee_request_hash"),
        ("\"tee_request_hash\": \"", "\"tee_request_hash\": \"0", "tee_request_hash"),
        ("\"tee_output_hash\"", "\"output_hash\"", "tee_output_hash"),
        ("\"tee_id\"", "\"id_of_tee\"", "tee_id"),
        ("\"tee_timestamp\": 1763700000", "\"tee_timestamp\": 1763700000.0", "tee_timestamp"),
        ("\"tee_timestamp\": 1763700000", "\"tee_timestamp\": -1", "tee_timestamp"),
        ("\"tee_timestamp\": 1763700000", "\"tee_timestamp\": 99999999999999999999", "tee_timestamp"),
        ("\"tee_signature\": \"", "\"tee_signature\": \"*", "tee_signature"),
        ("\"choices\"", "\"options\"", "choices"),
        ("\"message\"", "\"delta\"", "message"),
    ] {
        assert_eq!(with(from, to), missing(field), "{to}");
    }
    for (request, field) in [
        ("{}", "model"),
        (r#"{"model":"","messages":[{}]}"#, "model"),
        (r#"{"model":"m"}"#, "messages"),
        (r#"{"model":"m","messages":[]}"#, "messages"),
        (r#"{"model":"m","messages":[{}]}"#, "role"),
        (r#"{"model":"m","messages":[{"role":"user"}]}"#, "content"),
        (r#"{"model":"m","messages":[{"role":"user","content":[1]}]}"#, "content"),
        (r#"{"model":"m","messages":[{"role":"assistant","tool_calls":{"a":1}}]}"#, "tool_calls"),
        (r#"{"model":"m","messages":[{"role":"user","content":""}],"temperature":"0"}"#, "temperature"),
    ] {
        assert_eq!(canonical_request(&Json::parse(request).unwrap()), Err(missing(field)), "{request}");
    }
    for output in [r#"{"choices":[]}"#, r#"{"choices":{}}"#] {
        assert_eq!(signed_output(&Json::parse(output).unwrap()), Err(missing("choices")));
    }
    for content in ["5", "[1]", "{}"] {
        let output = format!(r#"{{"choices":[{{"message":{{"content":{content}}}}}]}}"#);
        assert_eq!(signed_output(&Json::parse(&output).unwrap()), Err(missing("content")));
    }
}

#[test]
fn unknown_roles_and_impossible_numbers_are_refused() {
    let request = r#"{"model":"m","messages":[{"role":"user","content":""},{"role":"king","content":""}]}"#;
    let error = OpenGradientError::Role { index: 1, role: "king".into() };
    assert_eq!(canonical_request(&Json::parse(request).unwrap()), Err(error));
    let request = format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":""}}],"temperature":{}}}"#,
        "9".repeat(400)
    );
    let error = canonical_request(&Json::parse(&request).unwrap()).unwrap_err();
    assert!(matches!(error, OpenGradientError::Python(PythonError::NotADouble { .. })), "{error:?}");
}

#[test]
fn keys_are_rsa_of_2048_bits_with_the_usual_exponent() {
    let large = include_str!("../../../../fixtures/adapters/opengradient/tee_3072.pem");
    let error = OpenGradientError::KeySize { expected: KEY_BITS, got: 3072 };
    assert_eq!(TeeKey::from_pem(large), Err(error));
    let small = include_str!("../../../../fixtures/adapters/opengradient/tee_exponent_3.pem");
    assert_eq!(TeeKey::from_pem(small), Err(OpenGradientError::KeyExponent));
    let line = PEM.lines().nth(2).unwrap();
    for pem in [
        String::new(),
        PEM.replace("PUBLIC", "PRIVATE"),
        PEM.replace("-----END PUBLIC KEY-----", ""),
        PEM.replacen(line, "", 1),
        PEM.replacen(line, "*", 1),
        // Two keys in one file.
        format!("{PEM}{PEM}"),
    ] {
        assert_eq!(TeeKey::from_pem(&pem), Err(OpenGradientError::KeyFormat), "{pem}");
    }
    assert_eq!(TeeKey::from_der(&[]), Err(OpenGradientError::KeyFormat));
}

#[test]
fn the_enclave_is_the_keys() {
    let expected = key().tee_id();
    let id = hex::encode(expected);
    let mut got = expected;
    got[31] ^= 1;
    assert_eq!(with(&id, &hex::encode(got)), OpenGradientError::TeeId { expected, got });
}

/// Every part of a payload changed alone: nothing in it can say what was not signed.
#[test]
fn payloads_say_what_was_signed_and_nothing_else() {
    let payload = honest().to_payload();
    let tee_id = key().tee_id();
    let refused = |from: &str, to: &str| {
        assert!(payload.contains(from), "{from}");
        TeeResponse::from_payload(&payload.replacen(from, to, 1)).unwrap_err()
    };
    assert_eq!(
        refused("max_tokens\\\": 100", "max_tokens\\\": 101"),
        OpenGradientError::NotSigned { tee_id }
    );
    assert_eq!(refused("\"text\":\"{", "\"text\":\" {"), OpenGradientError::NotSigned { tee_id });
    assert_eq!(
        refused("\"timestamp\":1763700000", "\"timestamp\":1763700001"),
        OpenGradientError::NotSigned { tee_id }
    );
    for (from, to) in [
        ("\"model\":\"gpt-4.1\"", "\"model\":\"gpt-9\""),
        ("\"output\":{\"risk\":\"0.25\"", "\"output\":{\"risk\":\"0.26\""),
        ("opengradient-tee", "opengradient"),
        ("\"teeId\":\"0x", "\"teeId\":\"0y"),
        ("\"requestHash\":\"0x", "\"requestHash\":\"0y"),
        ("\"outputHash\":\"0x", "\"outputHash\":\"0y"),
        ("{\"source\"", "{\"more\":1,\"source\""),
        ("{\"source\"", "{ \"source\""),
        ("\"timestamp\":1763700000", "\"timestamp\":\"1763700000\""),
    ] {
        assert_eq!(refused(from, to), OpenGradientError::NotThePayload, "{to}");
    }
    assert_eq!(refused("\"request\":", "\"asked\":"), OpenGradientError::Field { field: "request" });
    assert_eq!(refused("\"text\":", "\"txt\":"), OpenGradientError::Field { field: "text" });
    assert_eq!(
        refused("\"publicKey\":\"", "\"publicKey\":\"*"),
        OpenGradientError::Field { field: "publicKey" }
    );
    assert_eq!(refused("\"publicKey\":\"", "\"publicKey\":\"AAAA"), OpenGradientError::KeyFormat);
    let source = JsonError::DuplicateKey { key: "source".into() };
    let error = OpenGradientError::Json { part: "payload", source };
    assert_eq!(refused("{\"source\"", "{\"source\":1,\"source\""), error);
}

#[test]
fn batches_are_what_their_root_says() {
    let leaf = batch_leaf(&honest());
    let mut proof = vec![[7; 32]; MAX_PROOF_HASHES];
    let error = verify_batch(&[0; 32], &leaf, &proof).unwrap_err();
    let OpenGradientError::BatchRoot { expected: [0, ..], got: root } = error else { panic!("{error:?}") };
    assert_eq!(verify_batch(&root, &leaf, &proof), Ok(()));
    for index in [0, MAX_PROOF_HASHES - 1] {
        let mut changed = proof.clone();
        changed[index][0] ^= 1;
        assert!(matches!(verify_batch(&root, &leaf, &changed), Err(OpenGradientError::BatchRoot { .. })));
    }
    let other = batch_leaf(
        &TeeResponse::verify(
            &Json::parse(include_str!("../../../../fixtures/adapters/opengradient/tools.request.json"))
                .unwrap(),
            &Json::parse(OTHER_RESPONSE).unwrap(),
            &key(),
        )
        .unwrap(),
    );
    assert!(matches!(verify_batch(&root, &other, &proof), Err(OpenGradientError::BatchRoot { .. })));
    proof.push([7; 32]);
    let (limit, got) = (MAX_PROOF_HASHES, MAX_PROOF_HASHES + 1);
    assert_eq!(verify_batch(&root, &leaf, &proof), Err(OpenGradientError::ProofTooLong { limit, got }));
}
