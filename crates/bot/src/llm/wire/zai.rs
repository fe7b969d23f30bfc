//! The business codes of Z.AI, which ride in its own answers and in those of its Anthropic route.

use crate::llm::LlmErrorKind;

/// What a code means, and whether it is about this backend only (another one may answer). `None`: not a known code.
///
/// Source: docs.z.ai error codes, zai-rs 6.1.0 and zai-sdk 0.2.3, read 2026-11; 1304, 1309 and 1310 are unproven.
pub(in crate::llm) fn kind_of_code(code: &str) -> Option<(LlmErrorKind, bool)> {
    let number = match code.len() {
        4 => code.parse::<u16>().ok()?,
        _ => return None,
    };
    let kind = match number {
        1000..=1005 | 1100 | 1110..=1112 | 1114..=1121 | 1220 => LlmErrorKind::Auth,
        1113 | 1304 | 1308..=1311 | 1313..=1321 => LlmErrorKind::Quota,
        1200 | 1230 | 1305 => LlmErrorKind::Overloaded,
        1234 => LlmErrorKind::CutOff,
        1302 | 1303 => LlmErrorKind::RateLimited,
        1210 | 1212..=1215 | 1231 => LlmErrorKind::BadRequest,
        1211 | 1221 | 1222 => return Some((LlmErrorKind::BadRequest, true)),
        1261 => LlmErrorKind::ContextTooLong,
        1300 | 1301 => LlmErrorKind::Blocked,
        _ => return None,
    };
    Some((kind, false))
}

/// Whether a text has the form of such a code.
pub(in crate::llm) fn is_code(code: &str) -> bool {
    code.len() == 4 && code.starts_with('1') && code.bytes().all(|b| b.is_ascii_digit())
}
