//! Numbers that are not those of the stock.

/// Changes prices, years and other numbers of a text: an amount becomes one with a single unit (Rp79 juta becomes Rp1
/// juta, Rp150.000.000 becomes Rp1.000.000), a year the next one, and any other number of three digits or more gets
/// another first digit. Codes such as AVZ-021 stay.
pub(super) fn wrong(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, behind) = rest.split_at(start);
        out.push_str(before);
        let mut end =
            behind.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(behind.len());
        while behind.get(..end).is_some_and(|number| number.ends_with(['.', ','])) {
            end -= 1;
        }
        let (number, after) = behind.split_at(end);
        out.push_str(&changed(before, &out, number, after));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn changed(before: &str, said: &str, number: &str, after: &str) -> String {
    let plain: String = number.chars().filter(char::is_ascii_digit).collect();
    let money = said.trim_end().to_lowercase().ends_with("rp");
    let unit = after.trim_start().to_lowercase();
    let unit = ["juta", "jt", "miliar", "million"].iter().any(|word| unit.starts_with(word));
    // A part of a code, an address on the web or a time.
    let part = before.ends_with(|c: char| c.is_alphanumeric() || "-/:_=".contains(c)) && !money;
    if part || after.starts_with(':') {
        return number.to_owned();
    }
    if unit {
        return if plain == "1" { "2".to_owned() } else { "1".to_owned() };
    }
    if money {
        return if number == "1.000.000" { "2.000.000".to_owned() } else { "1.000.000".to_owned() };
    }
    match plain.parse::<u32>() {
        Ok(year @ 1980..=2040) if number == plain => (year + 1).to_string(),
        _ if plain.len() < 3 => number.to_owned(),
        _ => {
            let first = number.chars().next().and_then(|digit| digit.to_digit(10)).unwrap_or_default();
            let rest = number.get(1..).unwrap_or_default();
            format!("{}{rest}", first % 9 + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_change_and_codes_stay() {
        let check = |text: &str, expected: &str| assert_eq!(wrong(text), expected);
        check("Rp79 juta", "Rp1 juta");
        check("harganya 79,5 juta.", "harganya 1 juta.");
        check(
            "- Avanza, Rp150.000.000, 2019, 45.000 km (AVZ-021)",
            "- Avanza, Rp1.000.000, 2020, 55.000 km (AVZ-021)",
        );
        check("Rp1 juta", "Rp2 juta");
        check("Buka 08:00", "Buka 08:00");
        check("Halo", "Halo");
    }
}
