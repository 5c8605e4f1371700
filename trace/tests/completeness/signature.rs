use crate::agent::{key, run};
use candor_trace::{AgentKey, PublicKey, SignatureBytes, recover};

/// secp256k1 vector of the Ethereum JSON-RPC world: key 0x4c08...2318 and the address that belongs to it.
#[test]
fn known_key_has_the_known_address() {
    let secret: [u8; 32] = hex_array("4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318");
    let key = AgentKey::from_bytes(&secret).unwrap();
    assert_eq!(hex::encode(key.address()), "2c7536e3605d9c16a7a3d7b1898e529396a65c23");
    assert_eq!(*key.to_bytes(), secret);
}

/// Signed by another implementation: ethers' transaction vector for the same key.
#[test]
fn known_hash_gives_the_known_signature() {
    let secret = hex_array("4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318");
    let key = AgentKey::from_bytes(&secret).unwrap();
    let transaction =
        hex::decode("e9808504e3b29200831e848094f0109fc8df283027b6285cc889f5aa624eac1f55843b9aca0080018080")
            .unwrap();
    let hash = candor_program::encoding::keccak256(&[&transaction]);
    let signature = key.sign(&hash);
    assert_eq!(
        hex::encode(signature.0),
        "c9cf86333bcb065d140032ecaab5d9281bde80f21b9687b3e94161de42d51895\
         727a108a0b8d101465414033c3f705a9c7b826e596766046ee1183dbc8aeaa681b"
            .replace(' ', "")
    );
    assert_eq!(recover(&hash, &signature), Ok(key.address()));
}

#[test]
fn both_recovery_bytes_occur_and_recover() {
    let mut seen = [false; 2];
    for byte in 0..32 {
        let hash = [byte; 32];
        let signature = key().sign(&hash);
        assert_eq!(recover(&hash, &signature), Ok(key().address()));
        assert_eq!(key().sign(&hash), signature, "signing is deterministic");
        seen[usize::from(signature.0[64] - 27)] = true;
    }
    assert_eq!(seen, [true, true]);
}

/// Keys at both ends of the range, whose tables begin with the generator or its negative, and hashes at both ends too.
#[test]
fn prepared_keys_know_their_signatures() {
    let mut secrets = vec![[0; 32], [0; 32], [0; 32], HIGHEST_SECRET];
    for (number, secret) in secrets.iter_mut().take(3).enumerate() {
        secret[31] = number as u8 + 1;
    }
    secrets.extend((1..24).map(|byte| [byte * 11; 32]));
    for secret in secrets {
        let key = AgentKey::from_bytes(&secret).unwrap();
        let zero = key.sign(&[0; 32]);
        let prepared = PublicKey::recover(&[0; 32], &zero).unwrap().prepare();
        assert_eq!(prepared.address(), key.address());
        let hashes =
            [[0; 32], [0xff; 32], HIGHEST_SECRET].into_iter().chain((0..64).map(|byte| [byte * 3; 32]));
        for hash in hashes {
            assert!(prepared.signed(&hash, &key.sign(&hash)), "{secret:?} {hash:?}");
        }
    }
}

#[test]
fn a_key_never_shows_its_secret() {
    assert_eq!(format!("{:?}", key()), format!("AgentKey(address 0x{})", hex::encode(key().address())));
}

#[test]
fn signature_bytes_have_one_encoding() {
    let signature: SignatureBytes = run()[0].signature;
    let bytes = borsh::to_vec(&signature).unwrap();
    assert_eq!(bytes, signature.0);
}

/// The order of the group less one.
const HIGHEST_SECRET: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x40,
];

fn hex_array(text: &str) -> [u8; 32] {
    hex::decode(text).unwrap().try_into().unwrap()
}
