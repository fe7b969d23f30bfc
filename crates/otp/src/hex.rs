//! Bytes as text.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Two lower-case hex digits for each byte.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let digit = |half: u8| DIGITS.get(usize::from(half)).map_or('0', |digit| char::from(*digit));
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_byte_has_its_two_digits() {
        let all: Vec<u8> = (0..=255).collect();
        let expected: String = all.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(super::encode(&all), expected);
    }
}
