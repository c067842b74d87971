//! Compares the numbers of a pattern by value and exactly, without arithmetic: account ids are long, and one wrong
//! digit is easily overlooked.

use std::cmp::Ordering;
use std::fmt;

/// Decimal number: `0.digits` times ten to the power of `point`. `digits` neither begins nor ends with a zero, and is
/// empty for zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    negative: bool,
    digits: String,
    point: i64,
}

/// Maximum number of digits that are written out; longer numbers use scientific notation.
const WIDEST: i64 = 20;

impl Number {
    /// Parses an integer, a decimal or scientific notation. Returns `None` for anything else, which is a plain string.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, i64::from(exponent.parse::<i16>().ok()?)),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let significant = all.trim_start_matches('0');
        let leading = i64::try_from(all.len() - significant.len()).ok()?;
        let point = exponent + i64::try_from(whole.len()).ok()? - leading;
        let digits = significant.trim_end_matches('0').to_owned();
        let zero = digits.is_empty();
        Some(Self { negative: negative && !zero, digits, point: if zero { 0 } else { point } })
    }

    /// Returns -1, 0 or 1 for a number below, equal to or above zero.
    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
        self.sign().cmp(&other.sign()).then(if self.negative { size.reverse() } else { size })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let digits = if self.digits.is_empty() { "0" } else { &self.digits };
        let length = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        let place = usize::try_from(self.point).unwrap_or_default();
        if self.digits.is_empty() || (length <= self.point && self.point <= WIDEST) {
            return write!(f, "{sign}{digits:0<place$}");
        }
        match digits.split_at_checked(place) {
            Some((whole, fraction)) if 0 < place => write!(f, "{sign}{whole}.{fraction}"),
            _ if self.point == 0 => write!(f, "{sign}0.{digits}"),
            _ => write!(f, "{sign}{digits}e{}", self.point - length),
        }
    }
}

/// Relation that a number must have to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Relation {
    /// Operators as written; the longer ones precede their own prefixes.
    pub(super) const ALL: [(&'static str, Self); 6] = [
        ("!=", Self::NotEqual),
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("=", Self::Equal),
        ("<", Self::Less),
        (">", Self::More),
    ];

    /// Returns whether the relation holds between two numbers in this order.
    pub(super) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::More => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }

    /// Returns whether `x self a` implies `x other b` for every number `x`; `order` is the order of `a` and `b`.
    pub(super) fn implies(self, other: Self, order: Ordering) -> bool {
        match (self, other) {
            (Self::Equal, _) => other.holds(order),
            (Self::NotEqual, Self::NotEqual) => order.is_eq(),
            (Self::Less, Self::Less | Self::AtMost | Self::NotEqual) | (Self::AtMost, Self::AtMost) => order.is_le(),
            (Self::AtMost, Self::Less | Self::NotEqual) => order.is_lt(),
            (Self::More, Self::More | Self::AtLeast | Self::NotEqual) | (Self::AtLeast, Self::AtLeast) => order.is_ge(),
            (Self::AtLeast, Self::More | Self::NotEqual) => order.is_gt(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn value_counts_and_not_spelling() {
        for same in [
            ["5", "5.0", "+05.00", "0.5e1", "500E-2"].as_slice(),
            &["0", "-0", "0.0", "0e9"],
            &["-1200", "-1.2e3"],
            &[".5", "0.5", "5e-1"],
        ] {
            for text in same {
                assert_eq!(number(text), number(same[0]), "{text}");
            }
        }
        assert_ne!(number("9007199254740993"), number("9007199254740992"), "exactly");
    }

    #[test]
    fn numbers_have_their_order() {
        let order = ["-1e3", "-20", "-2", "-0.5", "0", "1e-3", "0.05", "0.5", "0.51", "2", "20", "21", "1e300"];
        for pair in order.windows(2) {
            assert!(number(pair[0]) < number(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (text, written) in [
            ("007", "7"),
            ("-12.50", "-12.5"),
            ("1e3", "1000"),
            ("0.5", "0.5"),
            ("-0", "0"),
            ("1e300", "1e300"),
            ("0.001", "1e-3"),
            ("-1.25e-7", "-125e-9"),
            ("111122223333", "111122223333"),
        ] {
            assert_eq!(number(text).to_string(), written);
            assert_eq!(number(written), number(text));
        }
    }

    #[test]
    fn other_text_is_no_number() {
        for text in ["", "-", ".", "e5", "5e", "1.2.3", "10.0.0.1", "5*", "0x1", "1e99999", "NaN", "inf", "--1", "٥"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }
}
