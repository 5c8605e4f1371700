//! A witness answers each request that it must not cosign with the status that C2SP tlog-witness names.

use crate::disk::fault::Computer;
use crate::network::{Answer, ManualClock, connect, listener, read_answer, request};
use crate::tree::{ORIGIN, Tree, log_key, witness_key};
use candor_log::http::server::{ConnectionSettings, Rate, Running, WitnessSettings, serve_witness};
use candor_log::http::witness::{AddCheckpoint, MAX_REQUEST_BYTES, Witness, WitnessMemory};
use candor_trace::tlog::{Hash, Note, NoteSigner, SignatureLine};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

fn start_with(computer: &Computer, settings: WitnessSettings) -> Running {
    let memory = WitnessMemory::open(computer.disk()).unwrap();
    let witness = Witness::new(witness_key(), vec![log_key().verifier_key().clone()], memory);
    serve_witness(Arc::new(witness), Arc::new(ManualClock::at_seconds(1000)), listener(), settings).unwrap()
}

fn start() -> Running {
    start_with(&Computer::default(), WitnessSettings::default())
}

fn ask(witness: &Running, old: u64, proof: Vec<Hash>, checkpoint: Note) -> Answer {
    let body = AddCheckpoint { old, proof, checkpoint }.to_bytes();
    request(witness.address(), "POST", "/add-checkpoint", &[], &body)
}

/// Asks for the size, with the right proof.
fn grow(witness: &Running, tree: &Tree, old: u64, size: u64) -> Answer {
    ask(witness, old, tree.consistency(old, size), tree.checkpoint(&log_key(), size))
}

#[track_caller]
fn is_conflict(answer: &Answer, size: u64) {
    assert_eq!(answer.status, 409);
    assert_eq!(answer.header("content-type"), Some("text/x.tlog.size"));
    assert_eq!(answer.text(), format!("{size}\n"));
}

#[test]
fn roll_back_is_refused() {
    let (witness, tree) = (start(), Tree::of(1, 10));
    assert_eq!(grow(&witness, &tree, 0, 7).status, 200);
    // The smaller tree, as if it were the first, and as if it followed.
    is_conflict(&grow(&witness, &tree, 0, 5), 7);
    is_conflict(&grow(&witness, &tree, 3, 5), 7);
    let answer = ask(&witness, 7, Vec::new(), tree.checkpoint(&log_key(), 5));
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.text().contains("old size 7 is larger than the checkpoint's 5"), "{}", answer.text());
    // What it was told is forgotten; what it knows is not.
    assert_eq!(grow(&witness, &tree, 7, 10).status, 200);
}

#[test]
fn a_fork_is_refused() {
    let (witness, ours, other) = (start(), Tree::of(1, 10), Tree::of(2, 10));
    assert_eq!(grow(&witness, &ours, 0, 6).status, 200);
    // The same size with another root.
    is_conflict(&grow(&witness, &other, 6, 6), 6);
    // A larger tree of another history, with its own honest proof.
    let answer = grow(&witness, &other, 6, 9);
    assert_eq!(answer.status, 422, "{}", answer.text());
    // Every hash of the right proof flipped, left out, or doubled.
    let proof = ours.consistency(6, 9);
    for (position, hash) in proof.iter().enumerate() {
        let (mut flipped, mut short, mut long) = (proof.clone(), proof.clone(), proof.clone());
        flipped[position].0[0] ^= 1;
        short.remove(position);
        long.insert(position, *hash);
        for bad in [flipped, short, long] {
            assert_eq!(ask(&witness, 6, bad, ours.checkpoint(&log_key(), 9)).status, 422);
        }
    }
    assert_eq!(grow(&witness, &ours, 6, 9).status, 200);
}

#[test]
fn a_first_checkpoint_has_no_proof() {
    let (witness, tree) = (start(), Tree::of(1, 4));
    assert_eq!(ask(&witness, 0, vec![tree.0[0]], tree.checkpoint(&log_key(), 4)).status, 422);
    // Somebody else's idea of what this witness knows.
    is_conflict(&grow(&witness, &tree, 2, 4), 0);
    assert_eq!(grow(&witness, &tree, 0, 4).status, 200);
}

#[test]
fn only_configured_logs_are_known() {
    let (witness, tree) = (start(), Tree::of(1, 4));
    let stranger = NoteSigner::new("other.example/log", &[7; 32]).unwrap();
    assert_eq!(ask(&witness, 0, Vec::new(), tree.checkpoint(&stranger, 4)).status, 404);
    // The right name, another key: nobody who is trusted signed.
    let impostor = NoteSigner::new(ORIGIN, &[8; 32]).unwrap();
    assert_eq!(ask(&witness, 0, Vec::new(), tree.checkpoint(&impostor, 4)).status, 403);
    // The trusted key's name and id over another text.
    let line = tree.checkpoint(&log_key(), 3).signatures()[0].clone();
    let forged = Note::new(tree.checkpoint(&log_key(), 4).text(), line).unwrap();
    assert_eq!(ask(&witness, 0, Vec::new(), forged).status, 403);
    // Lines of unknown keys beside the right one are ignored.
    let mut note = tree.checkpoint(&log_key(), 4);
    note.add(SignatureLine::parse(&impostor.sign(note.text()).to_string()).unwrap()).unwrap();
    assert_eq!(ask(&witness, 0, Vec::new(), note).status, 200);
}

#[test]
fn what_is_no_request_is_malformed() {
    let (witness, tree) = (start(), Tree::of(1, 4));
    let good =
        AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: tree.checkpoint(&log_key(), 4) }.to_bytes();
    let text = String::from_utf8(good).unwrap();
    let with_extension = Note::new(
        &format!("{}extension\n", tree.checkpoint(&log_key(), 4).text()),
        log_key().sign(&format!("{}extension\n", tree.checkpoint(&log_key(), 4).text())),
    )
    .unwrap();
    let extended = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: with_extension }.to_bytes();
    let bodies: [&[u8]; 6] = [
        b"",
        b"old 0\n",
        text.replacen("old 0", "old 00", 1).as_bytes().to_vec().leak(),
        text.replacen("old 0", "new 0", 1).as_bytes().to_vec().leak(),
        &text.as_bytes()[..text.len() - 1],
        &extended,
    ];
    for body in bodies {
        let answer = request(witness.address(), "POST", "/add-checkpoint", &[], body);
        assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(body));
    }
    assert_eq!(request(witness.address(), "GET", "/add-checkpoint", &[], b"").status, 405);
    assert_eq!(request(witness.address(), "POST", "/other", &[], b"").status, 404);
}

#[test]
fn a_long_body_is_refused_at_one_byte_more() {
    let witness = start();
    let send = |length| request(witness.address(), "POST", "/add-checkpoint", &[], &vec![b'x'; length]);
    assert_eq!(send(MAX_REQUEST_BYTES).status, 400);
    assert_eq!(send(MAX_REQUEST_BYTES + 1).status, 413);
    // The same without saying so before: the fifth chunk is too much.
    let mut stream = connect(witness.address());
    let head = "POST /add-checkpoint HTTP/1.1\r\nHost: test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [&b"4000\r\n"[..], &[b'x'; 0x4000], b"\r\n"].concat();
    stream.write_all(head.as_bytes()).unwrap();
    (0..5).for_each(|_| stream.write_all(&chunk).unwrap());
    assert_eq!(read_answer(&mut stream).unwrap().status, 413);
}

#[test]
fn half_a_body_is_not_waited_for() {
    let settings = WitnessSettings { body_timeout: Duration::from_millis(200), ..WitnessSettings::default() };
    let witness = start_with(&Computer::default(), settings);
    let mut stream = connect(witness.address());
    let head =
        "POST /add-checkpoint HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 100\r\n\r\nold ";
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(read_answer(&mut stream).unwrap().status, 408);
}

#[test]
fn slow_headers_are_not_waited_for() {
    let connections =
        ConnectionSettings { header_timeout: Duration::from_millis(200), ..ConnectionSettings::default() };
    let settings = WitnessSettings { connections, ..WitnessSettings::default() };
    let witness = start_with(&Computer::default(), settings);
    let mut silent = connect(witness.address());
    let mut slow = connect(witness.address());
    slow.write_all(b"POST /add-checkpoint HTTP/1.1\r\nHost: t").unwrap();
    // Both are closed without an answer worth its name.
    for stream in [&mut silent, &mut slow] {
        assert!(read_answer(stream).is_none_or(|answer| answer.status == 408));
    }
}

#[test]
fn one_connection_more_than_allowed_is_turned_away() {
    for (max_connections, max_per_address) in [(2, 100), (100, 2)] {
        let connections =
            ConnectionSettings { max_connections, max_per_address, ..ConnectionSettings::default() };
        let settings = WitnessSettings { connections, ..WitnessSettings::default() };
        let witness = start_with(&Computer::default(), settings);
        let mut held = [connect(witness.address()), connect(witness.address())];
        // Both are served, so both are open.
        for stream in &mut held {
            stream.write_all(b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
            let mut first = [0; 12];
            std::io::Read::read_exact(stream, &mut first).unwrap();
            assert_eq!(&first, b"HTTP/1.1 200");
        }
        let mut third = connect(witness.address());
        let answer = read_answer(&mut third).unwrap();
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    }
}

#[test]
fn an_address_that_only_makes_work_is_told_to_come_again() {
    let settings =
        WitnessSettings { refused: Rate { per_second: 1, burst: 3 }, ..WitnessSettings::default() };
    let witness = start_with(&Computer::default(), settings);
    let garbage = || request(witness.address(), "POST", "/add-checkpoint", &[], b"garbage");
    for _ in 0..3 {
        assert_eq!(garbage().status, 400);
    }
    let answer = garbage();
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")));
}

#[test]
fn of_requests_at_once_from_one_size_one_is_cosigned() {
    let computer = Computer::default();
    let (witness, tree) = (start_with(&computer, WitnessSettings::default()), Tree::of(1, 40));
    assert_eq!(grow(&witness, &tree, 0, 3).status, 200);
    let cosigned: Vec<u64> = std::thread::scope(|scope| {
        let asked: Vec<_> = (10..26)
            .map(|size| {
                (
                    size,
                    scope.spawn({
                        let (witness, tree) = (&witness, &tree);
                        move || grow(witness, tree, 3, size)
                    }),
                )
            })
            .collect();
        asked
            .into_iter()
            .filter_map(|(size, thread)| match thread.join().unwrap() {
                answer if answer.status == 200 => Some(size),
                answer => {
                    assert_eq!(answer.status, 409);
                    None
                }
            })
            .collect()
    });
    let [size] = cosigned[..] else { panic!("cosigned from one size: {cosigned:?}") };
    // That one is what it knows, and nothing smaller.
    is_conflict(&grow(&witness, &tree, 3, 30), size);
    assert_eq!(grow(&witness, &tree, size, 30).status, 200);
}
