//! Black and white PNG pictures, without compression.
//!
//! Source: W3C PNG (third edition), RFC 1950 and RFC 1951, November 2026.

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A square picture of so many pixels on one side, black where `is_black` says so.
///
/// The side is a multiple of 8 and at most 512, so that the rows fit into one stored block.
pub(super) fn black_and_white(side: usize, is_black: impl Fn(usize, usize) -> bool) -> Vec<u8> {
    let mut rows = Vec::with_capacity(side * (side / 8 + 1));
    for y in 0..side {
        // Each row begins with its filter: none.
        rows.push(0);
        for byte in 0..side / 8 {
            rows.push((0..8).fold(0, |bits: u8, bit| bits << 1 | u8::from(!is_black(byte * 8 + bit, y))));
        }
    }
    let side = u32::try_from(side).unwrap_or_default().to_be_bytes();
    // 1 bit for each pixel, grey; the usual compression, filters and order.
    let header = [side.as_slice(), side.as_slice(), &[1, 0, 0, 0, 0]].concat();
    let mut png = SIGNATURE.to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", stored(&rows)), (b"IEND", Vec::new())] {
        png.extend(u32::try_from(data.len()).unwrap_or_default().to_be_bytes());
        let checked = [kind.as_slice(), &data].concat();
        png.extend(&checked);
        png.extend(crc32(&checked).to_be_bytes());
    }
    png
}

/// The zlib format with one stored block.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut stream = vec![0x78, 0x01, 1];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(bytes);
    stream.extend(adler32(bytes).to_be_bytes());
    stream
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 })
    })
}

fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_known_ones() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
        assert_eq!(crc32(b"IEND"), 0xAE42_6082);
    }

    #[test]
    fn a_picture_has_its_size_and_its_pixels() {
        let png = black_and_white(8, |x, y| x == y);
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x08\0\0\0\x08\x01\0"));
        let rows: Vec<u8> = (0..8).flat_map(|y| [0, !(0x80 >> y)]).collect();
        assert!(png.windows(rows.len()).any(|part| part == rows));
    }
}
