//! Notes.

use crate::tree::{ORIGIN, log_key, witness};
use candor_trace::tlog::{
    Algorithm, MAX_NOTE_BYTES, MAX_NOTE_SIGNATURES, Note, NoteError, NoteRejected, NoteSigner, SignatureLine,
    TIME_BOUND, VerifierKey,
};

const TEXT: &str = "text\n";

fn note() -> String {
    String::from_utf8(Note::new(TEXT, log_key().sign(TEXT)).unwrap().to_bytes()).unwrap()
}

fn parse(text: &str) -> NoteError {
    Note::parse(text.as_bytes()).unwrap_err()
}

#[test]
fn each_defect_of_a_note_has_its_reason() {
    let good = note();
    assert!(Note::parse(good.as_bytes()).is_ok());
    assert_eq!(parse(""), NoteError::NoSignatures);
    assert_eq!(parse(TEXT), NoteError::NoSignatures);
    assert_eq!(parse("text\n\n"), NoteError::NoSignatures);
    assert_eq!(parse(&good.replacen("\n\n", "\n", 1)), NoteError::NoSignatures);
    assert_eq!(parse(&good.replacen("\n\n", "\r\n\r\n", 1)), NoteError::ControlCharacter { offset: 4 });
    assert_eq!(parse(&good.replacen("text", "te\0t", 1)), NoteError::ControlCharacter { offset: 2 });
    assert_eq!(Note::parse(b"te\xffxt\n\n"), Err(NoteError::NotUtf8 { offset: 2 }));
    assert_eq!(parse(good.trim_end()), NoteError::SignatureLine { line: 1 });
    assert_eq!(parse(&format!("{good}\n")), NoteError::NoSignatures);
    assert_eq!(parse(&format!("{good}more\n")), NoteError::SignatureLine { line: 2 });
    assert_eq!(parse(&good.replacen('\u{2014}', "-", 1)), NoteError::SignatureLine { line: 1 });
    assert_eq!(parse(&good.replacen("\u{2014} ", "\u{2014}", 1)), NoteError::SignatureLine { line: 1 });
    assert_eq!(parse(&good.replacen(ORIGIN, &format!("{ORIGIN} "), 1)), NoteError::SignatureLine { line: 1 });
    assert_eq!(parse(&good.replacen(ORIGIN, "", 1)), NoteError::SignatureLine { line: 1 });
    assert_eq!(parse(&good.replacen(ORIGIN, "a+b", 1)), NoteError::SignatureLine { line: 1 });
    assert_eq!(
        parse(&good.replacen("==\n", "=\n", 1).replacen("=\n", "\n", 1)),
        NoteError::SignatureLine { line: 1 }
    );
    let no_newline = Note::new("text", log_key().sign(TEXT));
    assert_eq!(no_newline, Err(NoteError::TextWithoutNewline));
    assert_eq!(Note::new("", log_key().sign(TEXT)), Err(NoteError::TextWithoutNewline));
    assert_eq!(Note::new("\t\n", log_key().sign(TEXT)), Err(NoteError::ControlCharacter { offset: 0 }));
}

#[test]
fn a_signature_line_has_a_key_id_and_one_byte_more() {
    for (signature, accepted) in
        [("", false), ("AAAA", false), ("AAAAAA==", false), ("AAAAAAA=", true), ("AAAAAAB=", false)]
    {
        assert_eq!(
            SignatureLine::parse(&format!("\u{2014} a {signature}")).is_some(),
            accepted,
            "{signature}"
        );
    }
    assert_eq!(SignatureLine::parse(&"\u{2014} a A".repeat(MAX_NOTE_BYTES)), None);
}

#[test]
fn the_number_of_lines_is_limited() {
    let mut note = Note::new(TEXT, log_key().sign(TEXT)).unwrap();
    for number in 1..MAX_NOTE_SIGNATURES {
        note.add(NoteSigner::new("a", &[number as u8; 32]).unwrap().sign(TEXT)).unwrap();
    }
    let more = NoteSigner::new("b", &[1; 32]).unwrap().sign(TEXT);
    let refused = NoteError::TooManySignatures { limit: MAX_NOTE_SIGNATURES };
    assert_eq!(note.add(more.clone()), Err(refused));
    let bytes = note.to_bytes();
    assert!(Note::parse(&bytes).is_ok());
    assert_eq!(Note::parse(&[bytes, format!("{more}\n").into_bytes()].concat()), Err(refused));
}

#[test]
fn the_length_is_limited() {
    let around = note().len() - TEXT.len();
    let text = |length: usize| "x".repeat(length - 1) + "\n";
    let longest = text(MAX_NOTE_BYTES - around);
    let mut fits = Note::new(&longest, log_key().sign(&longest)).unwrap();
    assert_eq!(fits.to_bytes().len(), MAX_NOTE_BYTES);
    assert!(Note::parse(&fits.to_bytes()).is_ok());
    let longer = text(MAX_NOTE_BYTES - around + 1);
    let refused = NoteError::TooLong { limit: MAX_NOTE_BYTES, got: MAX_NOTE_BYTES + 1 };
    assert_eq!(Note::new(&longer, log_key().sign(&longer)), Err(refused));
    assert_eq!(Note::parse(&vec![b'\n'; MAX_NOTE_BYTES + 1]), Err(refused));
    let before = fits.clone();
    assert!(matches!(fits.add(witness(0).cosign(&longest, 1)), Err(NoteError::TooLong { .. })));
    assert_eq!(fits, before);
}

#[test]
fn one_bad_signature_of_a_known_key_rejects_the_note() {
    let key = log_key();
    let mut note = Note::new(TEXT, key.sign(TEXT)).unwrap();
    note.add(key.sign("other text\n")).unwrap();
    let bad = NoteRejected::BadSignature { name: ORIGIN.into(), key_id: key.verifier_key().id() };
    assert_eq!(note.verify(&[key.verifier_key()]), Err(bad));
    // To somebody who knows another signer only, the bad line is an unknown one.
    let cosigner = witness(0);
    note.add(cosigner.cosign(TEXT, 1)).unwrap();
    assert_eq!(note.verify(&[cosigner.verifier_key()]).unwrap().len(), 1);
    assert_eq!(note.verify(&[]), Err(NoteRejected::Unsigned));
    assert_eq!(note.verify(&[witness(1).verifier_key()]), Err(NoteRejected::Unsigned));
}

#[test]
fn a_cosignature_binds_its_time_and_has_one_length() {
    let cosigner = witness(0);
    let key = cosigner.verifier_key();
    let bytes_of = |line: &SignatureLine| [key.id().0.as_slice(), line.signature()].concat();
    let verify = |bytes: Vec<u8>| {
        let line = format!("\u{2014} {} {}", key.name(), base64(&bytes));
        Note::new(TEXT, SignatureLine::parse(&line).unwrap()).unwrap().verify(&[key])
    };
    let good = bytes_of(&cosigner.cosign(TEXT, 77));
    assert_eq!(verify(good.clone()).unwrap()[0].time, Some(77));
    let bad = Err(NoteRejected::BadSignature { name: key.name().into(), key_id: key.id() });
    for position in 4..good.len() {
        let mut changed = good.clone();
        changed[position] ^= 1;
        assert_eq!(verify(changed), bad, "byte {position}");
    }
    assert_eq!(verify(good[..good.len() - 1].to_vec()), bad);
    assert_eq!(verify([good.as_slice(), &[0]].concat()), bad);
    // A plain signature of the text is no cosignature, although the key is the same.
    let plain = NoteSigner::new(key.name(), &[100; 32]).unwrap();
    assert_eq!(plain.verifier_key().public_key(), key.public_key());
    assert_eq!(verify([key.id().0.as_slice(), plain.sign(TEXT).signature()].concat()), bad);
    // The largest time is signed and accepted, one more is not accepted whoever signs it.
    let latest = bytes_of(&cosigner.cosign(TEXT, u64::MAX));
    assert_eq!(verify(latest).unwrap()[0].time, Some(TIME_BOUND - 1));
    let message = candor_trace::tlog::cosigned_message(TIME_BOUND, TEXT);
    let beyond =
        [key.id().0.as_slice(), &TIME_BOUND.to_be_bytes(), plain.sign(&message).signature()].concat();
    assert_eq!(verify(beyond), bad);
}

/// A cosignature says nothing under the key's plain algorithm, and the other way round.
#[test]
fn algorithms_are_kept_apart() {
    let cosigner = witness(0);
    let plain = VerifierKey::new(
        cosigner.verifier_key().name(),
        Algorithm::Ed25519,
        &cosigner.verifier_key().public_key(),
    )
    .unwrap();
    let note = Note::new(TEXT, cosigner.cosign(TEXT, 1)).unwrap();
    assert_eq!(note.verify(&[&plain]), Err(NoteRejected::Unsigned));
}

/// Written out here, independent of the crate's own.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for position in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * position) & 63) as usize] as char;
            text.push(if position <= chunk.len() { digit } else { '=' });
        }
    }
    text
}
