//! Times and dates of the command line, and how they are printed.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// Parses how far back to look: `30m`, `24h`, `7d`, `2w`, or a day.
pub(crate) fn since(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let wrong = || format!("`{text}` is neither a time such as 24h or 7d nor a day such as 2027-01-31");
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: u32 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    let minutes = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        'w' => 7 * 24 * 60,
        _ => return Err(wrong()),
    };
    let back = TimeDelta::try_minutes(i64::from(number) * minutes).ok_or_else(wrong)?;
    now.checked_sub_signed(back).ok_or_else(wrong)
}

/// Parses a day.
pub(crate) fn day(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| format!("`{text}` is not a day such as 2027-01-31"))
}

/// Returns a time to the second.
pub(crate) fn second(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Returns a duration in its largest units.
pub(crate) fn lasting(time: TimeDelta) -> String {
    let (days, hours, minutes) = (time.num_days(), time.num_hours() % 24, time.num_minutes() % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{} s", time.num_seconds()),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_back_and_days_are_understood_and_nothing_else() {
        let now: DateTime<Utc> = "2027-01-31T12:00:00Z".parse().expect("a time");
        for (text, expected) in [
            ("30m", "2027-01-31T11:30:00Z"),
            ("24h", "2027-01-30T12:00:00Z"),
            ("7d", "2027-01-24T12:00:00Z"),
            ("2w", "2027-01-17T12:00:00Z"),
            ("2027-01-02", "2027-01-02T00:00:00Z"),
        ] {
            assert_eq!(since(text, now), Ok(expected.parse().expect("a time")), "{text}");
        }
        for wrong in ["", "d", "-1d", "7", "7é", "99999999999d", "4294967295w", "2027-02-30"] {
            assert!(since(wrong, now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_duration_is_told_in_its_largest_units() {
        for (seconds, expected) in [(4, "4 s"), (300, "5 min"), (7_260, "2 h 1 min"), (180_000, "2 d 2 h")] {
            assert_eq!(lasting(TimeDelta::seconds(seconds)), expected);
        }
    }
}
