//! Parses the time of a request as S3 writes it: `[06/Feb/2019:00:00:38 +0000]`.

use std::fmt;

/// Time in seconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub i64);

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

impl Time {
    /// Length of a time with its brackets, in bytes.
    pub(in crate::access) const WIDTH: usize = 28;

    /// Parses exactly [`WIDTH`](Self::WIDTH) bytes.
    pub(in crate::access) fn parse(text: &[u8]) -> Option<Self> {
        let [b'[', d1, d2, b'/', m1, m2, m3, b'/', y1, y2, y3, y4, b':', rest @ ..] = text else { return None };
        let [h1, h2, b':', n1, n2, b':', s1, s2, b' ', sign, z1, z2, z3, z4, b']'] = rest else { return None };
        let month = MONTHS.iter().position(|name| *name == [*m1, *m2, *m3])?;
        let (day, year) = (two(*d1, *d2)?, two(*y1, *y2)? * 100 + two(*y3, *y4)?);
        let (hour, minute, second) = (two(*h1, *h2)?, two(*n1, *n2)?, two(*s1, *s2)?);
        let (zone_hours, zone_minutes) = (two(*z1, *z2)?, two(*z3, *z4)?);
        let zone = match sign {
            b'+' => zone_hours * 3600 + zone_minutes * 60,
            b'-' => -(zone_hours * 3600 + zone_minutes * 60),
            _ => return None,
        };
        // 60 is a leap second.
        if hour > 23 || minute > 59 || second > 60 || zone_hours > 23 || zone_minutes > 59 {
            return None;
        }
        let month = i64::try_from(month).ok()? + 1;
        if day < 1 || day > days_in(year, month) {
            return None;
        }
        Some(Self(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - zone))
    }
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the number of days from 1970 to a date of the Gregorian calendar. Years are counted from March, so that the
/// leap day is the last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Formats the time as RFC 3339, in UTC.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, second) = (self.0.div_euclid(86_400) + 719_468, self.0.rem_euclid(86_400));
        let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let (day, month) = (of_year - (153 * from_march + 2) / 5 + 1, (from_march + 2) % 12 + 1);
        let year = era * 400 + year + i64::from(month <= 2);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Time {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Option<String> {
        Time::parse(text.as_bytes()).map(|time| time.to_string())
    }

    #[test]
    fn a_time_is_told_in_utc_whatever_its_zone() {
        for (logged, told) in [
            ("[06/Feb/2019:00:00:38 +0000]", "2019-02-06T00:00:38Z"),
            ("[29/Feb/2024:23:59:59 +0000]", "2024-02-29T23:59:59Z"),
            ("[01/Jan/2026:00:30:00 +0530]", "2025-12-31T19:00:00Z"),
            ("[31/Dec/2025:23:30:00 -0130]", "2026-01-01T01:00:00Z"),
            ("[31/Dec/2016:23:59:60 +0000]", "2017-01-01T00:00:00Z"),
            ("[01/Jan/1970:00:00:00 +0000]", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(shown(logged).as_deref(), Some(told), "{logged}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "[29/Feb/2023:00:00:00 +0000]",
            "[31/Apr/2023:00:00:00 +0000]",
            "[00/Jan/2023:00:00:00 +0000]",
            "[01/jan/2023:00:00:00 +0000]",
            "[01/Jan/2023:24:00:00 +0000]",
            "[01/Jan/2023:00:60:00 +0000]",
            "[01/Jan/2023:00:00:00 00000]",
            "[01/Jan/2023:00:00:00 +2400]",
            "[01/Jan/2023:00:00:00 +0000",
            "[01/Jan/2023 00:00:00 +0000]",
            "[1/Jan/2023:00:00:00 +0000]",
            "",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn days_are_counted_one_by_one(year in 1970_i64..2400, month in 1_i64..=12, day in 1_i64..=31) {
            prop_assume!(day <= days_in(year, month));
            let (next_month, next_year) = if month == 12 { (1, year + 1) } else { (month + 1, year) };
            let is_last = day == days_in(year, month);
            let next = if is_last { days(next_year, next_month, 1) } else { days(year, month, day + 1) };
            prop_assert_eq!(next - days(year, month, day), 1);
            let told = Time(days(year, month, day) * 86_400).to_string();
            prop_assert_eq!(told, format!("{year:04}-{month:02}-{day:02}T00:00:00Z"));
        }
    }
}
