//! Pauses between attempts to write what others write at the same time.

use std::time::Duration;

/// Maximum number of attempts.
pub(super) const ATTEMPTS: u32 = 12;

/// Longest that the first pause may be. Each may be twice as long as the one before.
const FIRST: Duration = Duration::from_millis(20);

/// Longest that any pause may be.
const LONGEST: Duration = Duration::from_secs(1);

/// Waits before another attempt, for a random time, so that those who collided do not collide again.
pub(super) async fn pause(attempt: u32) {
    let mut random = [0; 4];
    // Without randomness the pause is the longest, which is right for one of them.
    let random = getrandom::fill(&mut random).map_or(u32::MAX, |()| u32::from_le_bytes(random));
    tokio::time::sleep(duration(attempt, random)).await;
}

/// Returns the length of the pause after an attempt, the first being number 0. `random` is any number.
fn duration(attempt: u32, random: u32) -> Duration {
    let longest = FIRST.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST);
    longest.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_differ_and_end() {
        assert_eq!(duration(0, u32::MAX), FIRST);
        assert_eq!(duration(3, u32::MAX), FIRST * 8);
        assert_eq!((duration(30, u32::MAX), duration(30, 0)), (LONGEST, Duration::ZERO));
        let all: Duration = (0..ATTEMPTS).map(|attempt| duration(attempt, u32::MAX)).sum();
        assert!(all < Duration::from_secs(10), "a function has no more time than that for it");
    }
}
