//! How long real App Runner and ECS take, and the pace at which the sandbox imitates it.
//!
//! One table for every figure and where it comes from. Absent on purpose: waiting itself, and any limit
//! that protects a real process on this machine except those of [`floor`].

use std::time::Duration;

use jiff::Timestamp;

/// Moments of a deployment, counted from its start on real App Runner.
///
/// Source: the service log of one real `UpdateService` that took 1 min 59 s from start to `RUNNING`.
pub(super) mod after_start {
    use std::time::Duration;

    /// Instances are being provisioned; the image is here.
    pub(in super::super) const PROVISIONING: Duration = Duration::from_secs(11);
    /// The first health check is made.
    pub(in super::super) const HEALTH_CHECK: Duration = Duration::from_secs(20);
    /// The health check counts as passed.
    pub(in super::super) const HEALTHY: Duration = Duration::from_secs(58);
    /// Traffic goes to the new instances.
    pub(in super::super) const ROUTED: Duration = Duration::from_secs(110);
    /// The operation is over.
    pub(in super::super) const DONE: Duration = Duration::from_secs(119);
    /// Health checks are given up. Reports say a rolled back deployment takes "over 15 minutes"
    /// (apprunner-roadmap issue 147), and published service logs show the failed check near the very end.
    pub(in super::super) const GIVEN_UP: Duration = Duration::from_mins(14);
}

/// From a failed deployment to the end of its rollback: what is left of the 15 minutes above.
pub(super) const ROLLBACK: Duration = Duration::from_mins(1);

/// Pausing a service: the lower end of the two to five minutes reported in apprunner-roadmap issue 128.
/// Resuming is a deployment and takes as long as one (1 min 59 s), the lower end as well.
pub(super) const PAUSE: Duration = Duration::from_mins(2);

/// Moments of a one-off task, counted from when it was asked for, on Fargate with an image of some hundred megabytes: half a
/// minute until it runs is what is commonly seen; AWS promises no figure.
pub(super) mod task {
    use std::time::Duration;

    /// It has a place; its images are pulled.
    pub(in super::super) const PENDING: Duration = Duration::from_secs(10);
    /// Its first container runs.
    pub(in super::super) const RUNNING: Duration = Duration::from_secs(30);
    /// From the end of its last container to its own.
    pub(in super::super) const DEPROVISIONING: Duration = Duration::from_secs(10);
    /// From being asked to end to being killed: ECS's default.
    pub(in super::super) const STOP_TIMEOUT: Duration = Duration::from_secs(30);
}

/// What a real process on this machine needs whatever the pace is.
pub(super) mod floor {
    use std::time::Duration;

    /// The least time a listening store gets to become healthy.
    pub(in super::super) const FAIR_CHANCE: Duration = Duration::from_millis(1500);
    /// The least time a store gets to begin listening.
    pub(in super::super) const START: Duration = Duration::from_secs(10);
    /// The least pause between two health checks.
    pub(in super::super) const INTERVAL: Duration = Duration::from_millis(20);
    /// The least patience of one health check, unless its own time-out is shorter.
    pub(in super::super) const TIMEOUT: Duration = Duration::from_secs(1);
    /// How long open connections to a replaced store may take to finish.
    pub(in super::super) const DRAIN: Duration = Duration::from_secs(2);
    /// How long a store may take to end after it was asked to.
    pub(in super::super) const STOP: Duration = Duration::from_secs(3);
}

/// The pace of the sandbox: real durations divided by a factor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace(u32);

impl Pace {
    /// A pace that is `factor` times as fast as real App Runner; 0 counts as 1.
    pub(super) fn new(factor: u32) -> Self {
        Self(factor.max(1))
    }

    /// A real duration as it passes here.
    pub(super) fn scaled(self, real: Duration) -> Duration {
        real / self.0
    }

    /// The moment that lies a real duration after `start`.
    pub(super) fn moment(self, start: Timestamp, real: Duration) -> Timestamp {
        start.checked_add(self.scaled(real)).unwrap_or(start)
    }

    /// Waits until a real duration has passed since `start`; returns at once when it already has.
    pub(super) async fn wait_until(self, start: Timestamp, real: Duration) {
        tokio::time::sleep(self.left(start, real)).await;
    }

    /// How long it still is until a real duration has passed since `start`; zero afterwards.
    pub(super) fn left(self, start: Timestamp, real: Duration) -> Duration {
        let left = self.moment(start, real).duration_since(Timestamp::now());
        Duration::try_from(left).unwrap_or(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_of_twenty_makes_two_minutes_six_seconds() {
        assert_eq!(Pace::new(20).scaled(Duration::from_mins(2)), Duration::from_secs(6));
    }

    #[test]
    fn a_pace_of_nought_is_real_time() {
        assert_eq!(Pace::new(0).scaled(PAUSE), PAUSE);
    }

    #[test]
    fn nothing_is_left_of_a_duration_that_has_passed() {
        let long_ago = Timestamp::UNIX_EPOCH;
        assert_eq!(Pace::new(1).left(long_ago, after_start::DONE), Duration::ZERO);
    }
}
