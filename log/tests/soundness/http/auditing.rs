//! Servers that would make an auditor hold more than it should.

use crate::fleet::own_policy;
use crate::network::listener;
use candor_log::audit::{AuditError, AuditSettings, Prefix, audit};
use candor_program::encoding::DecodeError;
use candor_trace::ENTRY_BYTES;
use candor_trace::tlog::{Checkpoint, Hash, MAX_BUNDLE_BYTES};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bundles of a checkpoint of this many entries, as the auditor takes them up at a time.
const SIZE: u64 = 32 * 256;

/// Answers with a signed checkpoint and bundles of the longest entries that the format has; counts the bundles.
fn hostile(listener: &TcpListener, bundles: &AtomicUsize) {
    let checkpoint = Checkpoint::new(crate::fleet::ORIGIN, SIZE, Hash([1; 32])).unwrap();
    let checkpoint = checkpoint.sign(&crate::fleet::signer()).unwrap().to_bytes();
    let entry = [&u16::MAX.to_be_bytes()[..], &[7; u16::MAX as usize]].concat();
    let bundle = entry.repeat(256);
    assert_eq!(bundle.len(), MAX_BUNDLE_BYTES);
    for stream in listener.incoming() {
        let mut stream = BufReader::new(stream.unwrap());
        let (mut request, mut line) = (String::new(), String::new());
        stream.read_line(&mut request).unwrap();
        while stream.read_line(&mut line).unwrap() > 2 {
            line.clear();
        }
        let (status, body): (u16, &[u8]) = match request.split(' ').nth(1).unwrap() {
            "/checkpoint" => (200, &checkpoint),
            "/agents.json" => (200, b"[]"),
            path if path.starts_with("/tile/entries/") => {
                bundles.fetch_add(1, Ordering::SeqCst);
                (200, &bundle)
            }
            _ => (404, b""),
        };
        let head =
            format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        let sent =
            stream.get_mut().write_all(head.as_bytes()).and_then(|()| stream.get_mut().write_all(body));
        sent.unwrap();
    }
}

#[test]
fn overlong_bundles_are_looked_at_before_more_are_asked_for() {
    let listener = listener();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let bundles = Arc::new(AtomicUsize::new(0));
    let counted = bundles.clone();
    std::thread::spawn(move || hostile(&listener, &counted));
    let whom = own_policy();
    let settings = AuditSettings::new(&whom);
    let error = audit(&Prefix::at(&url).unwrap(), &settings, |_, _| ()).unwrap_err();
    let limit = ENTRY_BYTES as u64;
    assert!(
        matches!(&error, AuditError::Entry { index: 0, source: DecodeError::TooLong { limit: l, .. }, .. } if *l == limit),
        "{error}"
    );
    // One of them is more than is held at a time; without that limit all 32 would have been asked for.
    assert_eq!(bundles.load(Ordering::SeqCst), 1);
}
