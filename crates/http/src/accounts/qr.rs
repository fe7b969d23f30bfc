//! QR codes as pictures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fast_qr::QRBuilder;
use fast_qr::convert::svg::SvgBuilder;
use wartel_messaging::QrCode;

/// How a PNG begins. Source: RFC 2083 §3.1.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A QR code as SVG, with the white margin that phones need. `None` if it holds more than a QR code can, or the
/// provider's picture is no PNG.
pub(super) fn svg(qr: &QrCode) -> Option<String> {
    match qr {
        QrCode::Text(text) => {
            let code = QRBuilder::new(text.as_str()).build().ok()?;
            Some(SvgBuilder::default().to_str(&code))
        }
        QrCode::Png(png) if png.starts_with(PNG) => Some(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\">\
             <rect width=\"100\" height=\"100\" fill=\"#ffffff\"/>\
             <image width=\"100\" height=\"100\" href=\"data:image/png;base64,{}\"/></svg>",
            STANDARD.encode(png)
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_pictures_become_svg() {
        let text = svg(&QrCode::Text("2@made-up-by-the-tests".to_owned())).unwrap();
        assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"), "{text}");
        assert!(!text.contains("made-up"), "the text is drawn, not written");
        let other = svg(&QrCode::Text("2@other".to_owned())).unwrap();
        assert_ne!(text, other);
        let png = [PNG, b"rest"].concat();
        let picture = svg(&QrCode::Png(png.into())).unwrap();
        assert!(picture.contains("data:image/png;base64,iVBORw0KGgpyZXN0\""), "{picture}");
    }

    #[test]
    fn what_is_no_qr_code_is_none() {
        assert!(svg(&QrCode::Text("x".repeat(8_000))).is_none());
        assert!(svg(&QrCode::Png(b"<script>".as_slice().into())).is_none());
    }
}
