//! AWS's clock held against this machine's: every answer says its time.
//!
//! The time of this machine is the SDK's own, with which it signs. Absent on purpose: what being off means
//! ([`crate::domain::skew`]).

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use aws_sdk_sts::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sts::error::BoxError;
use aws_sdk_sts::primitives::{DateTime, DateTimeFormat};
use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use regex::Regex;

use crate::domain::skew::Skew;

/// What AWS says of a signature whose time it does not take: when it was signed, then the limit, then its own time.
static SIGNED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^Signature (?:expired|not yet current): (\d{8}T\d{6}Z) .*\((\d{8}T\d{6}Z) ")
        .expect("the expression is constant and was tried")
});

/// Measures with every answer, and keeps what the last one said. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Dated(Arc<Mutex<Option<Skew>>>);

impl Dated {
    /// How far the clocks were apart when the last answer came.
    pub(super) fn skew(&self) -> Option<Skew> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Dated {
    fn name(&self) -> &'static str {
        "Dated"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        components: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let here = components.time_source().and_then(|clock| Timestamp::try_from(clock.now()).ok());
        let there = context.response().headers().get("date").and_then(date);
        if let (Some(here), Some(there)) = (here, there) {
            let skew = Skew::ahead(there.duration_since(here));
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(skew);
            // Whoever tells of a failure has the answer only.
            context.response_mut().add_extension(skew);
        }
        Ok(())
    }
}

/// How far the clocks are apart by what AWS says of a signature.
pub(super) fn by_message(message: &str) -> Option<Skew> {
    let found = SIGNED.captures(message)?;
    let moment = |index: usize| {
        let text = found.get(index)?.as_str().strip_suffix('Z')?;
        let wall = civil::DateTime::strptime("%Y%m%dT%H%M%S", text).ok()?;
        Some(wall.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let (signed, now) = (moment(1)?, moment(2)?);
    Some(Skew::ahead(now.duration_since(signed)))
}

fn date(header: &str) -> Option<Timestamp> {
    let time = DateTime::from_str(header, DateTimeFormat::HttpDate).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_secs(time.secs())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_says_of_a_signature_tells_how_far_the_clock_is_off() {
        let late = "Signature expired: 20261128T000000Z is now earlier than 20261128T011000Z (20261128T011500Z - 5 min.)";
        let early = "Signature not yet current: 20261128T020000Z is still later than 20261128T011500Z (20261128T011000Z + 5 min.)";
        assert_eq!(by_message(late), Some(Skew::ahead(SignedDuration::from_mins(75))));
        assert_eq!(by_message(early), Some(Skew::ahead(SignedDuration::from_mins(-50))));
        assert_eq!(by_message("The request signature we calculated does not match"), None);
    }

    #[test]
    fn the_date_of_an_answer_is_read() {
        let at = date("Sat, 28 Nov 2026 00:57:45 GMT").unwrap();
        assert_eq!(at, "2026-11-28T00:57:45Z".parse().unwrap());
        assert_eq!(date("soon"), None);
    }
}
