//! What each country's numbers look like: calling code and the lengths of mobile and fixed-line numbers.
//!
//! Validation by phonelib knows one set of lengths for all kinds of number of a country, so a mobile number with
//! a digit too many passes if some freephone number is that long. These rows close that gap.
//!
//! Source: libphonenumber metadata v9.0.43, `countryCode`, `mobile/possibleLengths` and
//! `fixedLine/possibleLengths` (national lengths, without the local-only ones). An empty list means that the
//! source knows no numbers of that kind. GS has no entry of its own there and shares the plan of FK.
//! AR differs from the source on purpose: an Argentine mobile number has a 9 behind the calling code (11 digits),
//! and the same line can be written without it (10). Only the form that WhatsApp uses counts as mobile, or one
//! line would have two keys that get codes.

/// One row of the table.
#[derive(Debug)]
pub(super) struct Region {
    /// ISO 3166-1 alpha-2 code.
    pub(super) code: &'static str,
    /// E.164 country calling code, without the plus sign.
    pub(super) calling_code: &'static str,
    /// Digits that a national significant number of a mobile phone can have.
    pub(super) mobile_lengths: &'static [u8],
    /// Digits that a national significant number of a fixed line can have.
    pub(super) fixed_lengths: &'static [u8],
}

const fn region(
    code: &'static str,
    calling_code: &'static str,
    mobile_lengths: &'static [u8],
    fixed_lengths: &'static [u8],
) -> Region {
    Region { code, calling_code, mobile_lengths, fixed_lengths }
}

/// The row of Indonesia, which is also in the table; a constant because it is the default country.
pub(super) static INDONESIA: Region = region("ID", "62", &[9, 10, 11, 12], &[7, 8, 9, 10, 11]);

/// The row of an alpha-2 code in capitals.
pub(super) fn by_code(code: &str) -> Option<&'static Region> {
    let index = REGIONS.binary_search_by_key(&code, |region| region.code).ok()?;
    REGIONS.get(index)
}

/// A row of the calling code that these digits begin with. Calling codes are prefix-free, so there is at most
/// one calling code; of the countries that share it the first is given.
pub(super) fn by_leading_digits(digits: &str) -> Option<&'static Region> {
    REGIONS.iter().find(|region| digits.starts_with(region.calling_code))
}

/// All countries, sorted by code.
#[rustfmt::skip]
pub(super) static REGIONS: &[Region] = &[
    region("AC", "247", &[5], &[5]),
    region("AD", "376", &[6, 9], &[6]),
    region("AE", "971", &[9], &[8]),
    region("AF", "93", &[9], &[9]),
    region("AG", "1", &[10], &[10]),
    region("AI", "1", &[10], &[10]),
    region("AL", "355", &[9], &[8]),
    region("AM", "374", &[8], &[8]),
    region("AO", "244", &[9], &[9]),
    region("AR", "54", &[11], &[10]),
    region("AS", "1", &[10], &[10]),
    region("AT", "43", &[7, 8, 9, 10, 11, 12, 13], &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
    region("AU", "61", &[9], &[9]),
    region("AW", "297", &[7], &[7]),
    region("AX", "358", &[6, 7, 8, 9, 10], &[6, 7, 8, 9]),
    region("AZ", "994", &[9], &[9]),
    region("BA", "387", &[8, 9], &[8]),
    region("BB", "1", &[10], &[10]),
    region("BD", "880", &[10], &[6, 7, 8, 9, 10]),
    region("BE", "32", &[9], &[8]),
    region("BF", "226", &[8], &[8]),
    region("BG", "359", &[8, 9], &[6, 7, 8]),
    region("BH", "973", &[8], &[8]),
    region("BI", "257", &[8], &[8]),
    region("BJ", "229", &[10], &[10]),
    region("BL", "590", &[9], &[9]),
    region("BM", "1", &[10], &[10]),
    region("BN", "673", &[7], &[7]),
    region("BO", "591", &[8], &[8]),
    region("BQ", "599", &[7], &[7]),
    region("BR", "55", &[10, 11], &[10]),
    region("BS", "1", &[10], &[10]),
    region("BT", "975", &[8], &[7]),
    region("BW", "267", &[8], &[7]),
    region("BY", "375", &[9], &[9]),
    region("BZ", "501", &[7], &[7]),
    region("CA", "1", &[10], &[10]),
    region("CC", "61", &[9], &[9]),
    region("CD", "243", &[7, 9], &[7, 8, 9, 10]),
    region("CF", "236", &[8], &[8]),
    region("CG", "242", &[9], &[9]),
    region("CH", "41", &[9], &[9]),
    region("CI", "225", &[10], &[10]),
    region("CK", "682", &[5], &[5]),
    region("CL", "56", &[9], &[9]),
    region("CM", "237", &[9], &[9]),
    region("CN", "86", &[11], &[7, 8, 9, 10, 11]),
    region("CO", "57", &[10], &[8, 10]),
    region("CR", "506", &[8], &[8]),
    region("CU", "53", &[8], &[6, 7, 8, 10]),
    region("CV", "238", &[7], &[7]),
    region("CW", "599", &[7, 8], &[7, 8]),
    region("CX", "61", &[9], &[9]),
    region("CY", "357", &[8], &[8]),
    region("CZ", "420", &[9], &[9]),
    region("DE", "49", &[10, 11], &[5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
    region("DJ", "253", &[8], &[8]),
    region("DK", "45", &[8], &[8]),
    region("DM", "1", &[10], &[10]),
    region("DO", "1", &[10], &[10]),
    region("DZ", "213", &[9], &[8, 9]),
    region("EC", "593", &[9], &[8]),
    region("EE", "372", &[7, 8], &[7]),
    region("EG", "20", &[10], &[8, 9]),
    region("EH", "212", &[9], &[9]),
    region("ER", "291", &[7], &[7]),
    region("ES", "34", &[9], &[9]),
    region("ET", "251", &[9], &[9]),
    region("FI", "358", &[6, 7, 8, 9, 10], &[5, 6, 7, 8, 9]),
    region("FJ", "679", &[7], &[7]),
    region("FK", "500", &[5], &[5]),
    region("FM", "691", &[7], &[7]),
    region("FO", "298", &[6], &[6]),
    region("FR", "33", &[9], &[9]),
    region("GA", "241", &[7, 8], &[8]),
    region("GB", "44", &[10], &[9, 10]),
    region("GD", "1", &[10], &[10]),
    region("GE", "995", &[9], &[9]),
    region("GF", "594", &[9], &[9]),
    region("GG", "44", &[10], &[10]),
    region("GH", "233", &[9], &[9]),
    region("GI", "350", &[8], &[8]),
    region("GL", "299", &[6], &[6]),
    region("GM", "220", &[7, 9], &[7, 9]),
    region("GN", "224", &[9], &[8]),
    region("GP", "590", &[9], &[9]),
    region("GQ", "240", &[9], &[9]),
    region("GR", "30", &[10], &[10]),
    region("GS", "500", &[5], &[5]),
    region("GT", "502", &[8], &[8]),
    region("GU", "1", &[10], &[10]),
    region("GW", "245", &[9], &[9]),
    region("GY", "592", &[7], &[7]),
    region("HK", "852", &[8], &[8]),
    region("HN", "504", &[8], &[8]),
    region("HR", "385", &[8, 9], &[8, 9]),
    region("HT", "509", &[8], &[8]),
    region("HU", "36", &[9], &[8]),
    region("ID", "62", &[9, 10, 11, 12], &[7, 8, 9, 10, 11]),
    region("IE", "353", &[9], &[7, 8, 9, 10]),
    region("IL", "972", &[9], &[8, 11, 12]),
    region("IM", "44", &[10], &[10]),
    region("IN", "91", &[10], &[10]),
    region("IO", "246", &[7], &[7]),
    region("IQ", "964", &[10], &[8, 9]),
    region("IR", "98", &[10], &[6, 7, 10]),
    region("IS", "354", &[7, 9], &[7]),
    region("IT", "39", &[9, 10], &[6, 7, 8, 9, 10, 11, 12]),
    region("JE", "44", &[10], &[10]),
    region("JM", "1", &[10], &[10]),
    region("JO", "962", &[9], &[8]),
    region("JP", "81", &[10], &[9]),
    region("KE", "254", &[9], &[7, 8, 9]),
    region("KG", "996", &[9], &[9]),
    region("KH", "855", &[8, 9], &[8, 9]),
    region("KI", "686", &[8], &[5, 8]),
    region("KM", "269", &[7], &[7]),
    region("KN", "1", &[10], &[10]),
    region("KP", "850", &[10], &[8, 10]),
    region("KR", "82", &[9, 10], &[5, 6, 8, 9, 10]),
    region("KW", "965", &[8], &[8]),
    region("KY", "1", &[10], &[10]),
    region("KZ", "7", &[10], &[10]),
    region("LA", "856", &[9, 10], &[8]),
    region("LB", "961", &[7, 8], &[7, 8]),
    region("LC", "1", &[10], &[10]),
    region("LI", "423", &[7, 9], &[7]),
    region("LK", "94", &[9], &[9]),
    region("LR", "231", &[7, 9], &[8]),
    region("LS", "266", &[8], &[8]),
    region("LT", "370", &[8], &[8]),
    region("LU", "352", &[9], &[4, 5, 6, 7, 8, 9, 10, 11]),
    region("LV", "371", &[8], &[8]),
    region("LY", "218", &[9], &[9]),
    region("MA", "212", &[9], &[9]),
    region("MC", "377", &[8, 9], &[8]),
    region("MD", "373", &[8], &[8]),
    region("ME", "382", &[8], &[8]),
    region("MF", "590", &[9], &[9]),
    region("MG", "261", &[9], &[9]),
    region("MH", "692", &[7], &[7]),
    region("MK", "389", &[8], &[8]),
    region("ML", "223", &[8], &[8]),
    region("MM", "95", &[7, 8, 9, 10], &[6, 7, 8, 9]),
    region("MN", "976", &[8], &[8, 9, 10]),
    region("MO", "853", &[8], &[8]),
    region("MP", "1", &[10], &[10]),
    region("MQ", "596", &[9], &[9]),
    region("MR", "222", &[8], &[8]),
    region("MS", "1", &[10], &[10]),
    region("MT", "356", &[8], &[8]),
    region("MU", "230", &[8], &[7, 8]),
    region("MV", "960", &[7], &[7]),
    region("MW", "265", &[9], &[7]),
    region("MX", "52", &[10], &[10]),
    region("MY", "60", &[9, 10], &[8, 9]),
    region("MZ", "258", &[9], &[8]),
    region("NA", "264", &[9], &[8, 9]),
    region("NC", "687", &[6], &[6]),
    region("NE", "227", &[8], &[8]),
    region("NF", "672", &[6], &[6]),
    region("NG", "234", &[10], &[10]),
    region("NI", "505", &[8], &[8]),
    region("NL", "31", &[9, 11], &[9]),
    region("NO", "47", &[8], &[8]),
    region("NP", "977", &[10], &[8]),
    region("NR", "674", &[7], &[7]),
    region("NU", "683", &[4, 7], &[4]),
    region("NZ", "64", &[8, 9, 10], &[8]),
    region("OM", "968", &[8], &[8]),
    region("PA", "507", &[7, 8], &[7]),
    region("PE", "51", &[9], &[8]),
    region("PF", "689", &[8], &[8]),
    region("PG", "675", &[8], &[7]),
    region("PH", "63", &[10], &[6, 8, 9, 10]),
    region("PK", "92", &[10], &[9, 10]),
    region("PL", "48", &[9], &[7, 9]),
    region("PM", "508", &[6, 9], &[6, 9]),
    region("PR", "1", &[10], &[10]),
    region("PS", "970", &[9], &[8]),
    region("PT", "351", &[9], &[9]),
    region("PW", "680", &[7], &[7]),
    region("PY", "595", &[9], &[7, 8, 9]),
    region("QA", "974", &[8], &[8]),
    region("RE", "262", &[9], &[9]),
    region("RO", "40", &[9], &[6, 9]),
    region("RS", "381", &[8, 9, 10], &[7, 8, 9, 10, 11, 12]),
    region("RU", "7", &[10], &[10]),
    region("RW", "250", &[9], &[8, 9]),
    region("SA", "966", &[9], &[9]),
    region("SB", "677", &[5, 7], &[5]),
    region("SC", "248", &[7], &[7]),
    region("SD", "249", &[9], &[9]),
    region("SE", "46", &[9], &[7, 8, 9]),
    region("SG", "65", &[8], &[8]),
    region("SH", "290", &[5], &[4, 5]),
    region("SI", "386", &[8], &[8]),
    region("SJ", "47", &[8], &[8]),
    region("SK", "421", &[9], &[6, 7, 9]),
    region("SL", "232", &[8], &[8]),
    region("SM", "378", &[8], &[10]),
    region("SN", "221", &[9], &[9]),
    region("SO", "252", &[7, 8, 9], &[6, 7]),
    region("SR", "597", &[7], &[6]),
    region("SS", "211", &[9], &[9]),
    region("ST", "239", &[7], &[7]),
    region("SV", "503", &[8], &[8]),
    region("SX", "1", &[10], &[10]),
    region("SY", "963", &[9], &[8, 9]),
    region("SZ", "268", &[8], &[8]),
    region("TA", "290", &[], &[4]),
    region("TC", "1", &[10], &[10]),
    region("TD", "235", &[8], &[8]),
    region("TG", "228", &[8], &[8]),
    region("TH", "66", &[9], &[8]),
    region("TJ", "992", &[9], &[9]),
    region("TK", "690", &[4, 5, 6, 7], &[4, 5, 6, 7]),
    region("TL", "670", &[8], &[7]),
    region("TM", "993", &[8], &[8]),
    region("TN", "216", &[8], &[8]),
    region("TO", "676", &[7], &[5]),
    region("TR", "90", &[10], &[10]),
    region("TT", "1", &[10], &[10]),
    region("TV", "688", &[6, 7], &[5]),
    region("TW", "886", &[9], &[8, 9]),
    region("TZ", "255", &[9], &[9]),
    region("UA", "380", &[9], &[9]),
    region("UG", "256", &[9], &[9]),
    region("US", "1", &[10], &[10]),
    region("UY", "598", &[8], &[8]),
    region("UZ", "998", &[9], &[9]),
    region("VA", "39", &[9, 10], &[6, 7, 8, 9, 10, 11]),
    region("VC", "1", &[10], &[10]),
    region("VE", "58", &[10], &[10]),
    region("VG", "1", &[10], &[10]),
    region("VI", "1", &[10], &[10]),
    region("VN", "84", &[9], &[10]),
    region("VU", "678", &[7], &[5]),
    region("WF", "681", &[6], &[6]),
    region("WS", "685", &[7, 10], &[5, 6]),
    region("XK", "383", &[8], &[8, 9, 10, 11, 12]),
    region("YE", "967", &[9], &[7, 8]),
    region("YT", "262", &[9], &[9]),
    region("ZA", "27", &[5, 6, 7, 8, 9], &[9]),
    region("ZM", "260", &[9], &[9]),
    region("ZW", "263", &[9], &[9]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_known_to_phonelib_and_complete() {
        assert!(REGIONS.is_sorted_by(|a, b| a.code < b.code));
        for region in REGIONS {
            let country = phonelib::country_by_code(region.code).unwrap();
            assert!(country.prefix.to_string().starts_with(region.calling_code), "{}", region.code);
        }
        for country in phonelib::countries() {
            // 001 stands for the non-geographic codes (satellite phones, international freephone).
            assert_eq!(by_code(country.code).is_some(), country.code != "001", "{}", country.code);
        }
    }

    #[test]
    fn the_row_of_indonesia_is_the_one_in_the_table() {
        let row = by_code("ID").unwrap();
        assert_eq!(row.calling_code, INDONESIA.calling_code);
        assert_eq!(row.mobile_lengths, INDONESIA.mobile_lengths);
        assert_eq!(row.fixed_lengths, INDONESIA.fixed_lengths);
    }
}
