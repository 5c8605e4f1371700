//! Every status code of `POST /candor/v1/records`, each with the code that says why.

use crate::fleet::{Agent, key, program, settings, slow};
use crate::network::{Answer, get, request};
use crate::served::{
    NO_BYTE_LIMIT, NO_LIMIT, OPERATOR, READER, claim, claim_for, generous, post, restart, serve, start,
    still, submit,
};
use candor_log::FileSystem;
use candor_log::http::server::{Rate, Rates, ServerSettings};
use candor_log::http::{ClaimError, SubmissionClaim};
use candor_log::pipeline::{Log, LogSettings};
use candor_program::encoding::encode;
use candor_trace::{SignatureBytes, SignedRecord};
use serde_json::json;

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text());
    assert!(!answer.json()["error"]["message"].as_str().unwrap().is_empty());
}

#[test]
fn headers_that_claim_nothing_are_malformed() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let log = start(place.path(), &[&agent], settings(), generous());
    let record = agent.record();
    let good = claim(0, &agent, &record).headers();
    for (position, (name, value)) in good.iter().enumerate() {
        let mut headers = good.to_vec();
        headers.remove(position);
        let answer = request(log.address(), "POST", "/candor/v1/records", &headers, &encode(&record));
        refused(&answer, 400, "malformed-header");
        assert!(answer.text().contains(name), "{}", answer.text());
        for bad in ["", "0x", "1x", "-1", "00", "0xAB", &format!("{value} 0"), "18446744073709551616"] {
            let mut headers = good.to_vec();
            headers[position].1 = bad.to_owned();
            let answer = request(log.address(), "POST", "/candor/v1/records", &headers, &encode(&record));
            refused(&answer, 400, "malformed-header");
        }
    }
    for query in ["?wait=never", "?weight=sequenced"] {
        let path = format!("/candor/v1/records{query}");
        refused(&request(log.address(), "POST", &path, &good, b""), 400, "malformed-query");
    }
    refused(&get(log.address(), "/candor/v1/records"), 405, "method");
    refused(&get(log.address(), "/candor/v2/records"), 404, "not-found");
    assert_eq!(log.log().status().sizes.sequenced, 0);
}

#[test]
fn each_header_has_its_error() {
    let mut agent = Agent::new(0);
    let record = agent.record();
    let claim = claim(0, &agent, &record);
    let headers = claim.headers();
    let get = |name: &str| headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str());
    assert_eq!(SubmissionClaim::from_headers(get), Ok(claim));
    for (name, _) in &headers {
        let missing = SubmissionClaim::from_headers(|wanted| get(wanted).filter(|_| wanted != *name));
        assert_eq!(missing, Err(ClaimError::Missing { name }));
        let malformed =
            SubmissionClaim::from_headers(|wanted| if wanted == *name { Some("x") } else { get(wanted) });
        assert!(matches!(malformed, Err(ClaimError::Malformed { name: found, .. }) if found == *name));
    }
}

#[test]
fn only_registered_agents_and_programs_are_heard() {
    let place = tempfile::tempdir().unwrap();
    let (known, mut unknown) = (Agent::new(0), Agent::new(1));
    let mut other_program = Agent::with_program(0, program(2));
    let log = start(place.path(), &[&known], settings(), generous());
    let record = unknown.record();
    refused(&submit(log.address(), 1, &unknown, &record), 403, "unknown-program");
    let record = other_program.record();
    refused(&submit(log.address(), 0, &other_program, &record), 403, "unknown-program");
}

#[test]
fn a_submission_is_bound_to_its_log_agent_record_sequence_and_body() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let log = start(place.path(), &[&agent], settings(), generous());
    let (first, second) = (agent.record(), agent.record());
    let good = claim(0, &agent, &first);
    // Signed for another log, or by another key.
    for stolen in [claim_for("other.example/log", 0, &agent, &first), {
        let by_another = claim(1, &agent, &first);
        SubmissionClaim { agent: good.agent, ..by_another }
    }] {
        refused(&post(log.address(), &stolen, &encode(&first)), 401, "submission-signature");
    }
    // Every part of the claim changed alone.
    let mut v = good.signature.0;
    v[64] ^= 1;
    let changed = [
        SubmissionClaim { record_hash: [1; 32], ..good.clone() },
        SubmissionClaim { sequence: 1, ..good.clone() },
        SubmissionClaim { body_hash: [1; 32], ..good.clone() },
        SubmissionClaim { signature: SignatureBytes(v), ..good.clone() },
    ];
    for claim in changed {
        refused(&post(log.address(), &claim, &encode(&first)), 401, "submission-signature");
    }
    // A right claim about something else than is sent: the body exchanged, the record exchanged.
    let exchanged = SignedRecord { body: second.body.clone(), ..first.clone() };
    refused(&post(log.address(), &good, &encode(&exchanged)), 400, "claim-mismatch");
    refused(&post(log.address(), &good, &encode(&second)), 400, "claim-mismatch");
    refused(&post(log.address(), &good, &encode(&first)[1..]), 400, "malformed-record");
    refused(&post(log.address(), &good, b""), 400, "malformed-record");
    assert_eq!(log.log().status().sizes.sequenced, 0);
    assert_eq!(post(log.address(), &good, &encode(&first)).status, 200);
}

#[test]
fn what_breaks_a_chain_is_refused_with_the_rule() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let log = start(place.path(), &[&agent], settings(), generous());
    let records = agent.records(3);
    let sign = |mut record: SignedRecord| {
        let domain = &agent.registration.domain;
        record.signature = key(0).sign(&record.record_hash(domain));
        record
    };
    let send = |record: &SignedRecord| submit(log.address(), 0, &agent, record);
    let gap = send(&records[1]);
    refused(&gap, 409, "chain-gap");
    assert_eq!(gap.json()["error"]["expectedSequence"], json!(0));
    assert_eq!(send(&records[0]).status, 200);
    let change = |change: fn(&mut SignedRecord)| {
        let mut record = records[1].clone();
        change(&mut record);
        sign(record)
    };
    let cases: [(SignedRecord, u16, &str); 5] = [
        (change(|record| record.header.previous_record[0] ^= 1), 409, "chain-previous-record"),
        (change(|record| record.header.acc.0[31] ^= 1), 409, "chain-acc"),
        (change(|record| record.header.state_before.0[31] ^= 1), 422, "body"),
        (change(|record| record.body.features[0] ^= 1), 422, "body"),
        (
            {
                let mut record = records[1].clone();
                record.signature = records[2].signature;
                record
            },
            422,
            "record-signature",
        ),
    ];
    for (record, status, code) in cases {
        refused(&send(&record), status, code);
    }
    assert_eq!(send(&records[1]).json()["index"], json!(1));
}

#[test]
fn a_second_record_for_one_place_is_refused_and_kept() {
    let place = tempfile::tempdir().unwrap();
    let (mut agent, mut twin) = (Agent::new(0), Agent::new(0));
    let log = start(place.path(), &[&agent], settings(), generous());
    let first = agent.record();
    assert_eq!(submit(log.address(), 0, &agent, &first).status, 200);
    let observation = crate::agent::observation(crate::agent::START + 1, crate::agent::Want::Buy);
    let second = twin.recorder.record(observation, crate::agent::salts(0)).unwrap().record;
    let answer = submit(log.address(), 0, &twin, &second);
    refused(&answer, 409, "equivocation");
    let name = answer.json()["error"]["evidence"].as_str().unwrap().to_owned();
    let evidence = log.log().read_evidence(&name).unwrap();
    assert_eq!((evidence.first, evidence.second), (first.signed_header(), second.signed_header()));
}

#[test]
fn a_record_is_refused_at_one_byte_too_many() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let record = agent.record();
    let length = encode(&record).len();
    for (max_record_bytes, max_body_bytes, status) in
        [(length, 1 << 20, 200), (length - 1, 1 << 20, 413), (length, encode(&record.body).len() - 1, 413)]
    {
        let place = place.path().join(format!("{max_record_bytes}-{max_body_bytes}"));
        let log_settings = LogSettings { max_body_bytes, ..settings() };
        let log = start(&place, &[&agent], log_settings, ServerSettings { max_record_bytes, ..generous() });
        let answer = submit(log.address(), 0, &agent, &record);
        assert_eq!(answer.status, status, "{}", answer.text());
        if status == 413 {
            refused(&answer, 413, "too-large");
        }
    }
}

#[test]
fn a_full_queue_is_said_and_nothing_is_lost() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    // Nothing is integrated, so three is all that the tail takes.
    let log_settings = LogSettings { tail_limit_entries: 3, ..slow() };
    let log = start(place.path(), &[&agent], log_settings, generous());
    let records = agent.records(5);
    let mut accepted = 0;
    for record in &records {
        let answer = submit(log.address(), 0, &agent, record);
        if answer.status == 200 {
            accepted += 1;
        } else {
            refused(&answer, 429, "backlog");
            assert_eq!(answer.header("retry-after"), Some("1"));
            break;
        }
    }
    assert!(accepted >= 3, "{accepted}");
    log.stop().unwrap();
    let log = restart(place.path(), settings(), generous());
    for (sequence, record) in records.iter().enumerate() {
        let answer = submit(log.address(), 0, &agent, record);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["index"], json!(sequence));
        assert_eq!(answer.json()["duplicate"], json!(sequence < accepted));
    }
}

#[test]
fn limits_are_per_agent_and_in_total_and_survive_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let (mut one, mut two) = (Agent::new(0), Agent::new(1));
    let agent_rate = Rate { per_second: 1, burst: 3 };
    let rates = Rates {
        agent: agent_rate,
        agent_bytes: NO_BYTE_LIMIT,
        total: Rate { per_second: 1, burst: 5 },
        address: NO_LIMIT,
    };
    let server = ServerSettings { rates, ..generous() };
    let log = Log::create(FileSystem::at(place.path()), settings(), crate::fleet::signer()).unwrap();
    log.register(one.registration.clone()).unwrap();
    log.register(two.registration.clone()).unwrap();
    let mut log = serve(log, FileSystem::at(place.path()), still(), server.clone());
    let records = one.records(4);
    for record in &records[..3] {
        assert_eq!(submit(log.address(), 0, &one, record).status, 200);
    }
    for _ in 0..2 {
        let answer = submit(log.address(), 0, &one, &records[3]);
        refused(&answer, 429, "agent-limit");
        assert_eq!(answer.header("retry-after"), Some("1"));
        // What it has handed in already costs nothing.
        assert_eq!(submit(log.address(), 0, &one, &records[0]).status, 429);
        log.stop().unwrap();
        let (opened, _) =
            Log::open(FileSystem::at(place.path()), settings(), crate::fleet::signer()).unwrap();
        log = serve(opened, FileSystem::at(place.path()), still(), server.clone());
    }
    let records = two.records(3);
    assert_eq!(submit(log.address(), 1, &two, &records[0]).status, 200);
    assert_eq!(submit(log.address(), 1, &two, &records[1]).status, 200);
    refused(&submit(log.address(), 1, &two, &records[2]), 429, "total-limit");
}

#[test]
fn an_agents_bytes_are_limited_to_the_byte_and_survive_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let (mut one, mut two) = (Agent::new(0), Agent::new(1));
    let records = one.records(4);
    let length = |record: &SignedRecord| encode(record).len() as u32;
    let three: u32 = records[..3].iter().map(length).sum();
    let with_burst = |burst| {
        let agent_bytes = Rate { per_second: 1000, burst };
        let rates = Rates { agent: NO_LIMIT, agent_bytes, total: NO_LIMIT, address: NO_LIMIT };
        ServerSettings { rates, ..generous() }
    };
    let open = |server: &ServerSettings| {
        let (log, _) = Log::open(FileSystem::at(place.path()), settings(), crate::fleet::signer()).unwrap();
        serve(log, FileSystem::at(place.path()), still(), server.clone())
    };
    let log = Log::create(FileSystem::at(place.path()), settings(), crate::fleet::signer()).unwrap();
    log.register(one.registration.clone()).unwrap();
    log.register(two.registration.clone()).unwrap();
    log.shut_down().unwrap();
    drop(log);
    // A byte too few for the third.
    let few = with_burst(three - 1);
    let mut log = open(&few);
    for record in &records[..2] {
        assert_eq!(submit(log.address(), 0, &one, record).status, 200);
    }
    for _ in 0..2 {
        let answer = submit(log.address(), 0, &one, &records[2]);
        refused(&answer, 429, "agent-bytes-limit");
        assert_eq!(answer.header("retry-after"), Some("1"));
        log.stop().unwrap();
        log = open(&few);
    }
    refused(&submit(log.address(), 0, &one, &records[2]), 429, "agent-bytes-limit");
    let text = get(log.address(), "/metrics").text().to_owned();
    let counted = "candor_log_submissions_total{outcome=\"agent-bytes-limit\"} 1";
    assert!(text.lines().any(|line| line == counted), "{text}");
    // Another agent's bytes are its own.
    let record = two.record();
    assert_eq!(submit(log.address(), 1, &two, &record).status, 200);
    log.stop().unwrap();
    // With that byte it is taken, and nothing after it.
    let log = open(&with_burst(three));
    assert_eq!(submit(log.address(), 0, &one, &records[2]).status, 200);
    let text = get(log.address(), "/metrics").text().to_owned();
    let counted = format!("candor_log_accepted_bytes_total {}", length(&records[2]));
    assert!(text.lines().any(|line| line == counted), "{counted} in {text}");
    let answer = submit(log.address(), 0, &one, &records[3]);
    refused(&answer, 429, "agent-bytes-limit");
    // What it waits for is the bytes that are missing: so many, at 1,000 a second.
    let wait = length(&records[3]).div_ceil(1000).to_string();
    assert_eq!(answer.header("retry-after"), Some(wait.as_str()));
}

#[test]
fn somebody_who_repeats_an_agents_submissions_does_not_use_up_its_limit() {
    let place = tempfile::tempdir().unwrap();
    let mut agent = Agent::new(0);
    let rates = Rates {
        agent: Rate { per_second: 1, burst: 4 },
        agent_bytes: NO_BYTE_LIMIT,
        total: NO_LIMIT,
        address: Rate { per_second: 1, burst: 50 },
    };
    let log = Log::create(FileSystem::at(place.path()), settings(), crate::fleet::signer()).unwrap();
    log.register(agent.registration.clone()).unwrap();
    let log = serve(log, FileSystem::at(place.path()), still(), ServerSettings { rates, ..generous() });
    let records = agent.records(3);
    assert_eq!(submit(log.address(), 0, &agent, &records[0]).status, 200);
    for _ in 0..40 {
        let again = submit(log.address(), 0, &agent, &records[0]);
        assert_eq!(again.json()["duplicate"], json!(true));
    }
    assert_eq!(submit(log.address(), 0, &agent, &records[1]).status, 200);
    // The address that repeats is told to stop in the end.
    let mut answers = (0..20).map(|_| submit(log.address(), 0, &agent, &records[0]));
    refused(&answers.find(|answer| answer.status != 200).unwrap(), 429, "address-limit");
}

#[test]
fn what_needs_a_token_is_not_done_without() {
    let place = tempfile::tempdir().unwrap();
    let (mut agent, stranger) = (Agent::new(0), Agent::new(1));
    let log = start(place.path(), &[&agent], settings(), generous());
    let record = agent.record();
    let claim = claim(0, &agent, &record);
    assert_eq!(post(log.address(), &claim, &encode(&record)).status, 200);
    let body = format!("/candor/v1/bodies/0x{}", hex::encode(claim.body_hash));
    let ask = |path: &str, token: Option<&str>| {
        let headers: Vec<_> =
            token.map(|token| ("authorization", format!("Bearer {token}"))).into_iter().collect();
        request(log.address(), "GET", path, &headers, b"")
    };
    let without = ask(&body, None);
    refused(&without, 401, "token");
    assert_eq!(without.header("www-authenticate"), Some("Bearer"));
    refused(&ask(&body, Some(&READER[1..])), 401, "token");
    refused(&ask(&format!("{}0", &body[..body.len() - 1]), Some(READER)), 404, "not-found");
    refused(&ask("/candor/v1/bodies/0x12", Some(READER)), 400, "malformed-hash");
    for token in [READER, OPERATOR] {
        assert_eq!(ask(&body, Some(token)).body, encode(&record.body));
    }
    let registration = &stranger.registration;
    let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let good = json!({
        "agent": hex(&registration.agent),
        "chainId": registration.domain.chain_id,
        "verifyingContract": hex(&registration.domain.verifying_contract),
        "programId": hex(&registration.program_id),
        "programFr": hex(&registration.program_fr.0),
        "initialState": hex(&registration.initial_state.0),
    });
    let register = |value: &serde_json::Value, token: &str| {
        let headers = [("authorization", format!("Bearer {token}"))];
        request(log.address(), "POST", "/candor/v1/agents", &headers, value.to_string().as_bytes())
    };
    refused(&register(&good, "none"), 401, "token");
    refused(&register(&good, READER), 403, "scope");
    for field in ["agent", "verifyingContract", "programId", "programFr", "initialState"] {
        for bad in [json!("0x12"), json!("ff"), json!(hex(&[0xff; 32])), json!(7)] {
            let mut request = good.clone();
            request[field] = bad;
            let answer = register(&request, OPERATOR);
            // An id may be any 32 bytes; a field element may not.
            if !(field == "programId" && request[field] == json!(hex(&[0xff; 32]))) {
                refused(&answer, 400, "malformed-registration");
            }
        }
    }
    assert_eq!(register(&good, OPERATOR).status, 204);
    assert_eq!(register(&good, OPERATOR).status, 204);
    let mut changed = good.clone();
    changed["chainId"] = json!(1);
    refused(&register(&changed, OPERATOR), 409, "registration");
    let mut stranger = stranger;
    let record = stranger.record();
    assert_eq!(submit(log.address(), 1, &stranger, &record).status, 200);
}

#[test]
fn no_path_leads_out_of_what_is_public() {
    let place = tempfile::tempdir().unwrap();
    let agent = Agent::new(0);
    let log = start(place.path(), &[&agent], settings(), generous());
    for path in [
        "/tile/../private/log.key",
        "/tile/..%2f..%2fprivate%2fregistrations",
        "/tile/0/../../agents.json",
        "/tile//etc/passwd",
        "/tile/0/x001",
        "/tile/entries/..",
        "/private/registrations",
        "/tile/0/000",
    ] {
        refused(&get(log.address(), path), 404, "not-found");
    }
}
