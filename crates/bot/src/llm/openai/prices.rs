//! What the models of Z.AI cost and how much they hold.

use crate::llm::Price;

/// Price and context of a GLM model; `None` if it is not known.
///
/// Source: litellm 1.109 price map and docs.z.ai, read 2026-11; in millionths of a US dollar for each million tokens.
pub(super) fn of_glm(model: &str) -> Option<(Price, u32)> {
    const K128: u32 = 128_000;
    const K200: u32 = 200_000;
    const M1: u32 = 1_000_000;
    let known = match model {
        "glm-4.5-flash" => (Price::new(0, 0, 0), K128),
        "glm-4.7-flash" => (Price::new(0, 0, 0), K200),
        "glm-4-32b" | "glm-4-32b-0414-128k" => (Price::new(100_000, 100_000, 100_000), K128),
        "glm-4.5-air" => (Price::new(200_000, 200_000, 1_100_000), K128),
        "glm-4.6" | "glm-4.7" => (Price::new(600_000, 110_000, 2_200_000), K200),
        "glm-5" => (Price::new(1_000_000, 200_000, 3_200_000), K200),
        "glm-5.1" => (Price::new(1_400_000, 260_000, 4_400_000), K200),
        "glm-5.2" | "glm-5.3" => (Price::new(1_400_000, 260_000, 4_400_000), M1),
        "glm-5.3-flash" => (Price::new(150_000, 30_000, 500_000), M1),
        _ => return None,
    };
    Some(known)
}

/// The version of a GLM model, such as (4, 7) of `glm-4.7-flash`.
pub(super) fn version_of_glm(model: &str) -> Option<(u32, u32)> {
    let rest = model.to_ascii_lowercase();
    let version = rest.strip_prefix("glm-")?.split('-').next()?;
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    Some((digits(major)?, digits(minor)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_names() {
        for (model, expected) in [
            ("glm-4.7-flash", Some((4, 7))),
            ("GLM-5", Some((5, 0))),
            ("glm-4.5v", Some((4, 5))),
            ("glm-4-32b", Some((4, 0))),
            ("glm-5.3-flash", Some((5, 3))),
            ("other", None),
            ("glm-x", None),
        ] {
            assert_eq!(version_of_glm(model), expected, "{model}");
        }
    }
}
