//! What a number with its unit may mean.

use super::Fact;
use super::claim::{About, Context};
use super::numeral::Numeral;
use super::units::Unit;

/// A number with what stands behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantity {
    /// The number itself.
    pub(super) numeral: Numeral,
    /// 1 if no word of scale follows.
    pub(super) scale: i64,
    /// What it counts, if it says so.
    pub(super) unit: Option<Unit>,
    /// Said to be near: `jutaan`, `80an`.
    pub(super) about: bool,
    /// Which word of scale it was, to tell `M` from the others.
    pub(super) is_m: bool,
    /// The token behind it.
    pub(super) end: usize,
}

/// The year that a number may be.
pub(super) fn year_of(numeral: Numeral) -> Option<i32> {
    let year = (numeral.decimals == 0 && !numeral.grouped).then_some(numeral.value)?;
    i32::try_from(year).ok().filter(|year| (1900..=2099).contains(year))
}

/// How far the truth may be from a value that is said to be near: to half of its last digit that counts, at most 5 %;
/// "80an" reaches to the next one.
pub(super) fn near_to(value: i64, found: &Quantity) -> About {
    let mut step = 1_i64;
    while value != 0 && value % (step * 10) == 0 && step < i64::MAX / 100 {
        step *= 10;
    }
    if found.about {
        return About { below: (step / 2).min(value / 20), above: step - 1 };
    }
    let half = (step / 2).min(value / 20);
    About { below: half, above: half }
}

/// What a quantity may mean.
pub(super) fn readings(found: &Quantity, lead: Option<Unit>, context: &Context) -> Vec<Fact> {
    let value = found.numeral.times(found.scale);
    let hundredfold = found.numeral.times(100);
    let plain = found.scale == 1;
    let one = |fact: Option<Fact>| fact.into_iter().collect::<Vec<_>>();
    match found.unit {
        Some(Unit::Money) => return one(value.map(Fact::Money)),
        Some(Unit::Kilometres) => return one(value.map(Fact::Kilometres)),
        Some(Unit::Percent) => return one(hundredfold.map(Fact::Percent)),
        Some(Unit::Months) => return one(value.map(Fact::Months)),
        Some(Unit::Years) => return one(found.numeral.times(12).map(Fact::Months)),
        Some(Unit::CubicCentimetres) => return one(value.map(Fact::CubicCentimetres)),
        Some(Unit::Litres) => return one(found.numeral.times(1_000).map(Fact::CubicCentimetres)),
        // "36x" is a credit of so many instalments.
        Some(Unit::Times) if plain => {
            return one(value.filter(|value| *value > 0 && *value % 6 == 0).map(Fact::Months));
        }
        Some(Unit::Count) if plain => return one(value.map(Fact::Count)),
        Some(Unit::Count | Unit::Times | Unit::Other) => return Vec::new(),
        None => {}
    }
    match lead {
        Some(Unit::Kilometres) => return one(value.map(Fact::Kilometres)),
        // "Harga Mazda 2" names a car, and "harga 2019" a year.
        Some(Unit::Money) if plain && !found.numeral.grouped && value.is_some_and(|value| value < 1_000) => {
            return Vec::new();
        }
        Some(Unit::Money) if !plain || found.numeral.grouped || year_of(found.numeral).is_none() => {
            return money(found, value, context);
        }
        Some(Unit::Months) if plain => return one(value.map(Fact::Months)),
        Some(Unit::CubicCentimetres) if plain && found.numeral.decimals == 0 => {
            return one(value.map(Fact::CubicCentimetres));
        }
        // "36x" is a credit of so many instalments.
        Some(Unit::Times) if plain => {
            return one(value.filter(|value| *value > 0 && *value % 6 == 0).map(Fact::Months));
        }
        Some(Unit::Count) if plain && year_of(found.numeral).is_none() && !found.numeral.grouped => {
            return one(value.map(Fact::Count));
        }
        _ => {}
    }
    if !plain {
        let mut readings = money(found, value, context);
        if found.scale == 1_000 {
            readings.extend(value.map(Fact::Kilometres));
        }
        return readings;
    }
    if let Some(year) = year_of(found.numeral) {
        return vec![Fact::Year(year)];
    }
    if found.numeral.decimals == 1 && (6..=80).contains(&found.numeral.value) {
        return one(found.numeral.times(1_000).map(Fact::CubicCentimetres));
    }
    match value {
        Some(value) if found.numeral.grouped && value >= 1_000_000 => vec![Fact::Money(value)],
        Some(value) if found.numeral.grouped => {
            vec![Fact::Kilometres(value), Fact::Money(value), Fact::CubicCentimetres(value)]
        }
        Some(value) if value >= 1_000_000 => vec![Fact::Money(value)],
        _ => Vec::new(),
    }
}

fn money(found: &Quantity, value: Option<i64>, context: &Context) -> Vec<Fact> {
    let mut readings: Vec<Fact> = value.map(Fact::Money).into_iter().collect();
    if found.is_m && context.locale == wartel_core::Locale::En {
        readings.extend(found.numeral.times(1_000_000).map(Fact::Money));
    }
    readings
}
