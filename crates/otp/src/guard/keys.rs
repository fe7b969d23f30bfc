//! Under which names challenges are counted.

use super::{GuardContext, Level};

/// How many digits of a number its range leaves open.
const OPEN_DIGITS: usize = 4;

/// One of the names that a challenge counts under.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct LevelKey {
    pub(super) level: Level,
    /// The key in the store: the tenant first. At most 128 bytes: 64 of the tenant, 12 of the number, 22 of the
    /// network.
    pub(super) key: String,
    /// What is counted, for people.
    pub(super) subject: String,
}

/// The names that the challenges of a request count under, from the narrowest to the widest. Without a network there
/// is no bucket.
pub(super) fn keys_of(context: &GuardContext) -> Vec<LevelKey> {
    let number = context.phone.e164();
    let range = number.get(..number.len().saturating_sub(OPEN_DIGITS)).unwrap_or_default();
    let country = context.phone.country().code();
    let key = |level: Level, subject: String, rest: &str| LevelKey {
        level,
        key: format!("{}/{}/{rest}", context.tenant, level.as_str()),
        subject,
    };
    let bucket = context.network.as_ref().map(|network| {
        let network = network.as_str();
        key(Level::Bucket, format!("{range} from {network}"), &format!("{range}/{network}"))
    });
    let wide = [
        key(Level::Prefix, range.to_owned(), range),
        key(Level::Country, country.to_owned(), country),
        key(Level::Tenant, String::new(), ""),
    ];
    bucket.into_iter().chain(wide).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wartel_core::{PhoneNumber, TenantId};

    fn context(tenant: &str, phone: &str, ip: Option<&str>) -> GuardContext {
        let phone = PhoneNumber::from_e164(phone).unwrap();
        let ip = ip.map(|ip| ip.parse().unwrap());
        GuardContext::new(TenantId::parse(tenant).unwrap(), phone).client_ip(ip)
    }

    fn texts(context: &GuardContext) -> Vec<String> {
        keys_of(context).into_iter().map(|key| key.key).collect()
    }

    #[test]
    fn a_request_counts_under_four_names_or_three() {
        let known = context("toko", "+6281234567890", Some("203.0.113.7"));
        assert_eq!(
            texts(&known),
            [
                "toko/bucket/+628123456/203.0.113.0/24",
                "toko/prefix/+628123456",
                "toko/country/ID",
                "toko/tenant/"
            ]
        );
        let unknown = context("toko", "+6281234567890", None);
        assert_eq!(texts(&unknown), &texts(&known)[1..]);
        let levels: Vec<Level> = keys_of(&known).into_iter().map(|key| key.level).collect();
        assert_eq!(levels, Level::ALL);
    }

    #[test]
    fn keys_are_short_and_hold_no_full_number_or_address() {
        let tenant = "t".repeat(64);
        let address = "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff";
        let context = context(&tenant, "+6281234567890", Some(address));
        for key in keys_of(&context) {
            assert!(key.key.len() <= 128, "{}", key.key.len());
            for text in [&key.key, &key.subject] {
                assert!(!text.contains("7890") && !text.contains("ffff:ffff"), "{text}");
            }
        }
    }
}
