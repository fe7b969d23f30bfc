//! Every decoder of webhooks on samples that were changed at random: no panic, and each provider's samples still mean
//! something. `cargo fuzz run webhook` in `fuzz/` does the same guided by coverage.

use std::path::Path;

use rand_like::Dice;

#[path = "../../../../fuzz/decoders.rs"]
mod decoders;

/// Changed samples for each provider; `WARTEL_LONG` multiplies it: 500 makes ten million of all together.
const CASES: u64 = 3_000;

/// The bodies of webhooks among the samples of all providers.
fn seeds() -> Vec<Vec<u8>> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/messaging/samples");
    let folders = std::fs::read_dir(samples).unwrap().map(|folder| folder.unwrap().path());
    let files =
        folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
    let webhooks =
        files.filter(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("webhook")));
    let mut paths: Vec<_> = webhooks.collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A small generator of numbers that are the same in every run (xorshift64*).
mod rand_like {
    pub(super) struct Dice(u64);

    impl Dice {
        pub(super) fn new(seed: u64) -> Self {
            Self(seed.max(1))
        }

        pub(super) fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
            usize::try_from(number).unwrap() % end.max(1)
        }
    }
}

/// Things that break parsers, put where they do not belong.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"true",
    b"\"\"",
    b"{}",
    b"[]",
    b"@lid",
    b"@g.us",
    b"status@broadcast",
    b"\xF0\x9F\x91\x8D",
    b"\xFF",
    b"\0",
    b"%",
    b"%00",
    b"&",
    b"=",
    b"+",
    b"=&=",
    b"@",
    b":99999@s.whatsapp.net",
];

fn change(seed: &[u8], others: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut body = seed.to_vec();
    for _ in 0..=dice.below(4) {
        let (one, other) = (dice.below(body.len() + 1), dice.below(body.len() + 1));
        let (start, end) = (one.min(other), one.max(other));
        match dice.below(6) {
            0 if !body.is_empty() => {
                let place = dice.below(body.len());
                body[place] = u8::try_from(dice.below(256)).unwrap();
            }
            1 => drop(body.drain(start..end.min(start + 40))),
            2 => body.truncate(end),
            3 => {
                let piece = PIECES[dice.below(PIECES.len())];
                body.splice(start..start, piece.iter().copied()).for_each(drop);
            }
            4 => {
                let other = &others[dice.below(others.len())];
                let from = dice.below(other.len());
                let piece = other[from..].iter().copied().take(dice.below(200));
                body.splice(start..start, piece).for_each(drop);
            }
            _ => {
                let piece: Vec<u8> = body[start..end.min(start + 60)].to_vec();
                body.splice(end..end, piece).for_each(drop);
            }
        }
    }
    body
}

#[test]
fn no_body_makes_a_decoder_fail() {
    let long: u64 = std::env::var("WARTEL_LONG").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let (sources, seeds) = (decoders::all(), seeds());
    assert!(seeds.len() > 50, "{} samples", seeds.len());
    let (mut inputs, mut events) = (0_u64, 0_usize);
    for (number, source) in (1..).zip(&sources) {
        let plain: usize = seeds.iter().map(|seed| decoders::decode(&**source, seed)).sum();
        assert!(plain > 0, "{source:?} reads no sample at all");
        let mut dice = Dice::new(0x5EED + number);
        for _ in 0..CASES * long {
            let seed = &seeds[dice.below(seeds.len())];
            events += decoders::decode(&**source, &change(seed, &seeds, &mut dice));
            inputs += 2;
        }
    }
    println!("{inputs} requests to {} decoders held {events} events; none failed", sources.len());
}
