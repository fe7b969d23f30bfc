//! QR codes as pictures, so that what a device shows can really be scanned.
//!
//! One size is enough: version 5 (37 × 37 modules) with the lowest error correction, which holds 106 bytes in one block.
//! Source: ISO/IEC 18004:2015, November 2026.

mod png;

/// Modules on one side of version 5.
const SIZE: usize = 37;
/// Bytes that version 5 holds at level L, header and padding included.
const DATA_BYTES: usize = 108;
/// Bytes of error correction beside them.
const CHECK_BYTES: usize = 26;
/// The longest text in bytes: 12 bits of the header go off.
const MAX_TEXT: usize = 106;
/// What stands beside the finder patterns: level L, mask 0, with its own error correction.
const FORMAT: u32 = 0b111_0111_1100_0100;
/// Pixels on one side of the picture.
const PIXELS: usize = 256;
/// Pixels on one side of a module.
const MODULE: usize = 5;

/// A QR code of a text as a PNG picture of 256 × 256 pixels. What goes beyond 106 bytes is left out.
pub(crate) fn png(text: &str) -> Vec<u8> {
    let code = Modules::of(text.as_bytes());
    let margin = (PIXELS - SIZE * MODULE) / 2;
    let module = |pixel: usize| pixel.checked_sub(margin).map(|inner| inner / MODULE).filter(|at| *at < SIZE);
    png::black_and_white(PIXELS, |x, y| match (module(x), module(y)) {
        (Some(x), Some(y)) => code.is_dark(x, y),
        _ => false,
    })
}

/// The square of dark and light modules.
struct Modules {
    dark: Vec<bool>,
    /// Those that hold no data.
    fixed: Vec<bool>,
}

impl Modules {
    fn of(text: &[u8]) -> Self {
        let mut modules = Self { dark: vec![false; SIZE * SIZE], fixed: vec![false; SIZE * SIZE] };
        modules.draw_patterns();
        modules.draw_format();
        modules.draw_data(&codewords(text));
        modules
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        self.dark.get(y * SIZE + x) == Some(&true)
    }

    fn set(&mut self, x: usize, y: usize, dark: bool) {
        if let Some(module) = self.dark.get_mut(y * SIZE + x) {
            *module = dark;
        }
    }

    fn fix(&mut self, x: usize, y: usize, dark: bool) {
        self.set(x, y, dark);
        if let Some(module) = self.fixed.get_mut(y * SIZE + x) {
            *module = true;
        }
    }

    /// The three squares in the corners with the light frame around them, the small one, and the dotted lines.
    fn draw_patterns(&mut self) {
        for at in 0..SIZE {
            self.fix(6, at, at % 2 == 0);
            self.fix(at, 6, at % 2 == 0);
        }
        let far = SIZE - 4;
        for (centre_x, centre_y, reach) in [(3, 3, 4), (far, 3, 4), (3, far, 4), (30, 30, 2)] {
            for y in 0..SIZE {
                for x in 0..SIZE {
                    let distance = usize::max(x.abs_diff(centre_x), y.abs_diff(centre_y));
                    if distance <= reach {
                        // Large ones: 0 and 1 dark, 2 light, 3 dark, 4 light. The small one: 0 dark, 1 light, 2 dark.
                        let light: &[usize] = if reach == 4 { &[2, 4] } else { &[1] };
                        self.fix(x, y, !light.contains(&distance));
                    }
                }
            }
        }
    }

    fn draw_format(&mut self) {
        for bit in 0..15 {
            let dark = FORMAT >> bit & 1 == 1;
            let (x, y) = match bit {
                0..=5 => (8, bit),
                6 | 7 => (8, bit + 1),
                8 => (7, 8),
                _ => (14 - bit, 8),
            };
            self.fix(x, y, dark);
            let (x, y) = if bit < 8 { (SIZE - 1 - bit, 8) } else { (8, SIZE - 15 + bit) };
            self.fix(x, y, dark);
        }
        self.fix(8, SIZE - 8, true);
    }

    /// Two columns at a time from the right, up and down by turns, each bit under mask 0.
    fn draw_data(&mut self, words: &[u8]) {
        let mut bits = words.iter().flat_map(|word| (0..8).rev().map(move |bit| word >> bit & 1 == 1));
        let columns = (7..SIZE).rev().step_by(2).chain([5, 3, 1]);
        for (turn, right) in columns.enumerate() {
            for step in 0..SIZE {
                let y = if turn % 2 == 0 { SIZE - 1 - step } else { step };
                for x in [right, right - 1] {
                    if self.fixed.get(y * SIZE + x) == Some(&false) {
                        let bit = bits.next().unwrap_or(false);
                        self.set(x, y, bit ^ ((x + y) % 2 == 0));
                    }
                }
            }
        }
    }
}

/// The text as bytes mode, padded, with its error correction behind it.
fn codewords(text: &[u8]) -> Vec<u8> {
    let text = text.get(..MAX_TEXT).unwrap_or(text);
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    // Half bytes: the mode "bytes", the length, the text, the end.
    let halves = [0b0100, length >> 4, length & 15].into_iter();
    let halves: Vec<u8> =
        halves.chain(text.iter().flat_map(|byte| [byte >> 4, byte & 15])).chain([0]).collect();
    let mut words: Vec<u8> =
        halves.chunks(2).map(|pair| pair.iter().fold(0, |word, half| word << 4 | half)).collect();
    words.extend([0xEC, 0x11].into_iter().cycle().take(DATA_BYTES.saturating_sub(words.len())));
    let check = remainder(&words);
    words.extend(check);
    words
}

/// The error correction of Reed and Solomon over the field of 256 elements.
fn remainder(words: &[u8]) -> [u8; CHECK_BYTES] {
    let divisor = divisor();
    let mut rest = [0; CHECK_BYTES];
    for word in words {
        let [first, ..] = rest;
        let factor = word ^ first;
        rest.rotate_left(1);
        if let Some(last) = rest.last_mut() {
            *last = 0;
        }
        for (place, coefficient) in rest.iter_mut().zip(divisor) {
            *place ^= product(coefficient, factor);
        }
    }
    rest
}

/// The coefficients of (x − 2⁰)(x − 2¹)…(x − 2²⁵) without the first one, which is 1.
fn divisor() -> [u8; CHECK_BYTES] {
    let mut coefficients = [0; CHECK_BYTES];
    if let Some(last) = coefficients.last_mut() {
        *last = 1;
    }
    let mut root = 1;
    for _ in 0..CHECK_BYTES {
        let next: Vec<u8> = coefficients.iter().skip(1).copied().chain([0]).collect();
        for (place, next) in coefficients.iter_mut().zip(next) {
            *place = product(*place, root) ^ next;
        }
        root = product(root, 2);
    }
    coefficients
}

/// The product of two elements of the field, modulo x⁸ + x⁴ + x³ + x² + 1.
fn product(left: u8, right: u8) -> u8 {
    (0..8).rev().fold(0_u8, |sum, bit| {
        let doubled = sum << 1 ^ if sum >> 7 == 1 { 0x1D } else { 0 };
        doubled ^ if right >> bit & 1 == 1 { left } else { 0 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is dark, a line of hex digits for each row.
    fn rows(code: &Modules) -> Vec<String> {
        let row = |y| (0..SIZE).fold(0_u64, |bits, x| bits << 1 | u64::from(code.is_dark(x, y)));
        (0..SIZE).map(|y| format!("{:010x}", row(y))).collect()
    }

    #[test]
    fn a_qr_code_is_the_one_that_a_decoder_reads() {
        let text = crate::device::qr_text("6281100000001", 1, 1);
        assert!(text.len() <= MAX_TEXT, "nothing is left out");
        let hash = |text: &str| crate::contacts::fnv(rows(&Modules::of(text.as_bytes())).concat().bytes());
        // When this number was written down, the crate `rqrr` 0.9 read the text out of this very picture.
        assert_eq!(hash("2@wartel"), 5_906_525_914_941_810_086);
        assert_ne!(hash(&text), hash("2@wartel"));
    }

    #[test]
    fn error_correction_is_the_textbook_one() {
        // x²⁶ + … has the root 1: the sum of all coefficients is 0.
        assert_eq!(divisor().iter().fold(1, |sum, coefficient| sum ^ coefficient), 0);
        assert_eq!((product(2, 0x80), product(7, 1), product(0, 9)), (0x1D, 7, 0));
        let words = codewords(b"halo");
        assert_eq!(words.len(), DATA_BYTES + CHECK_BYTES);
        assert!(words.starts_with(&[0x40, 0x46, 0x86, 0x16, 0xC6, 0xF0, 0xEC, 0x11]));
        // A whole block leaves no remainder at any of the roots.
        let mut root = 1;
        for _ in 0..CHECK_BYTES {
            assert_eq!(words.iter().fold(0, |sum, word| product(sum, root) ^ word), 0);
            root = product(root, 2);
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_cut() {
        assert_eq!(codewords(&[b'x'; 300]), codewords(&[b'x'; MAX_TEXT]));
    }
}
