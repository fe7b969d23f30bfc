//! Threat 13: whoever has everything that the store keeps, and not the key, has nothing to try codes against.

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};
use wartel_core::{KeyId, MasterKey, TenantId};
use wartel_otp::testing::sample_phone;
use wartel_otp::{CodeKeys, Nonce, OtpStore, Purpose};

use crate::desk::{Desk, key, rounds, sample};
use crate::json_store::JsonStore;

/// A code is out there; this is what the thief holds, and the code that she wants.
async fn stolen() -> (Vec<String>, String) {
    let store = JsonStore::default();
    let shared: Arc<dyn OtpStore> = Arc::new(store.clone());
    let desk = Desk::with(|builder| builder.store(shared));
    let started = desk.otp.start(sample()).await.unwrap();
    desk.otp.check(started.id, &crate::desk::another(&desk.code())).await.unwrap();
    (store.written(), desk.code())
}

/// Every text and number that stands in the documents, and what she knows besides.
fn words(documents: &[String]) -> Vec<Vec<u8>> {
    fn collect(value: &Value, into: &mut HashSet<Vec<u8>>) {
        match value {
            Value::String(text) => {
                into.insert(text.clone().into_bytes());
                let hex: Option<Vec<u8>> = text
                    .replace('-', "")
                    .as_bytes()
                    .chunks(2)
                    .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                    .collect();
                into.extend(hex.filter(|bytes| bytes.len() >= 8));
            }
            Value::Number(number) if number.as_u64().is_some_and(|n| n > 1_000_000) => {
                into.insert(number.to_string().into_bytes());
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
            Value::Object(fields) => fields.values().for_each(|value| collect(value, into)),
            _ => {}
        }
    }
    let phone = sample_phone();
    let mut words =
        HashSet::from([Vec::new(), phone.e164().into(), phone.digits().into(), b"default".to_vec()]);
    let last = documents.last().unwrap();
    collect(&serde_json::from_str(last).unwrap(), &mut words);
    words.into_iter().collect()
}

/// Eight bytes from every place of the documents, read as hex and as base64.
fn windows(documents: &[String]) -> HashSet<u64> {
    let mut found = HashSet::new();
    for document in documents {
        for at in 0..document.len() {
            let hex = document.get(at..at + 16).and_then(|text| u64::from_str_radix(text, 16).ok());
            let base64 = document.get(at..at + 12).and_then(|text| {
                let bytes = STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()?;
                Some(first_eight(&bytes))
            });
            found.extend(hex);
            found.extend(base64);
        }
    }
    found
}

fn first_eight(bytes: &[u8]) -> u64 {
    bytes[..8].iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// The candidates of which some hash, salted or keyed with some word of the dump, stands in the dump.
fn found(candidates: impl Iterator<Item = u32>, documents: &[String]) -> Vec<String> {
    let (words, windows) = (words(documents), windows(documents));
    let fits = |code: &str| {
        let code = code.as_bytes();
        words.iter().any(|word| {
            let salted =
                [Sha256::digest([word, code].concat()), Sha256::digest([code, word.as_slice()].concat())];
            let keyed = [hmac(word, code), hmac(code, word)];
            salted.iter().any(|digest| windows.contains(&first_eight(digest)))
                || keyed.iter().any(|digest| windows.contains(&first_eight(digest)))
        })
    };
    candidates.map(|code| format!("{code:06}")).filter(|code| fits(code)).collect()
}

/// By default each 200th candidate and the right code; `WARTEL_LONG=200` tries all 1,000,000.
#[tokio::test]
async fn no_candidate_fits_what_the_store_keeps() {
    let (documents, code) = stolen().await;
    let step = (200 / rounds(1)).max(1) as usize;
    let right = code.parse::<u32>().unwrap();
    let candidates = (0..1_000_000).step_by(step).chain([right]);
    println!("{} candidates, {} words", 1_000_000 / step, words(&documents).len());
    assert_eq!(found(candidates, &documents), Vec::<String>::new());
}

/// A store that kept a hash would be seen, however it is salted, keyed or written.
#[tokio::test]
async fn a_hash_that_is_kept_is_found() {
    let (documents, code) = stolen().await;
    let right = code.parse::<u32>().unwrap();
    let nearby = || right.saturating_sub(20)..(right + 20).min(1_000_000);
    let phone = sample_phone();
    let hex = |digest: &[u8]| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for kept in [
        hex(&Sha256::digest(&code)),
        hex(&hmac(phone.e164().as_bytes(), code.as_bytes())),
        URL_SAFE_NO_PAD.encode(Sha256::digest([phone.digits(), &code].concat())),
        STANDARD_NO_PAD.encode(hmac(code.as_bytes(), phone.e164().as_bytes())),
    ] {
        let mut documents = documents.clone();
        let last = documents.last_mut().unwrap();
        *last = last.replacen('{', &format!("{{\"code_hash\":\"{kept}\","), 1);
        assert_eq!(found(nearby(), &documents).as_slice(), std::slice::from_ref(&code), "{kept}");
    }
}

/// The code follows from the dump and the key, so the dump is the right one; and from the dump and no word in it.
#[tokio::test]
async fn with_the_key_the_dump_gives_the_code_and_with_nothing_else() {
    let (documents, code) = stolen().await;
    let document: Value = serde_json::from_str(documents.last().unwrap()).unwrap();
    let challenge = &document["challenges"][0];
    let nonce = Nonce::try_from(challenge["nonce"].as_str().unwrap().to_owned()).unwrap();
    let derive = |keys: &CodeKeys, id: &KeyId| {
        let tenant = TenantId::default();
        let code = keys.derive(id, &tenant, &Purpose::REGISTRATION, &sample_phone(), &nonce, 6).unwrap();
        code.expose().expose().to_owned()
    };
    let id = KeyId::from_stored(challenge["key"].as_str().unwrap());
    assert_eq!(derive(&CodeKeys::new(&key(), &[]), &id), code);
    for word in words(&documents) {
        let hashed = Sha256::digest(&word).to_vec();
        for guess in [[word, vec![0; 32]].concat()[..32].to_vec(), hashed] {
            let hex: String = guess.iter().map(|byte| format!("{byte:02x}")).collect();
            let Ok(guess) = MasterKey::parse(&hex) else { continue };
            let keys = CodeKeys::new(&guess, &[]);
            assert_ne!(derive(&keys, keys.current_id()), code, "a word of the dump is the key");
        }
    }
}
