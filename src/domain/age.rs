//! How long something took or is ago, roughly and in words.

use std::time::Duration;

/// How long ago something was, roughly: `2 s`, `4 min`, `3 h`, `12 days`.
pub fn age(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_rough_and_read_naturally() {
        let ages = [5, 600, 90_000, 864_000].map(|seconds| age(Duration::from_secs(seconds)));
        assert_eq!(ages, ["5 s", "10 min", "25 h", "10 days"]);
    }
}
