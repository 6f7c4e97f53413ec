//! What the gate of an environment says, asked when a plan is made and again right before each side effect.

use crate::domain::environment::Unmet;
use crate::domain::plan::{Direction, Plan};
use crate::engine::State;

impl State {
    /// Every condition of the gate that is not met. The way back is open whatever the gate says.
    pub(super) fn unmet_at_gate(&self, plan: &Plan) -> Vec<Unmet> {
        if plan.direction() == Direction::Back {
            return Vec::new();
        }
        let mut unmet = Vec::new();
        if let Some((_, notice)) = self.history.line() {
            unmet.push(Unmet::new(
                format!("{} stopped the line: {}", notice.by, notice.reason),
                "Wait until the line is running again.",
            ));
        }
        if let Some((_, notice)) = self.history.bar(&plan.version) {
            unmet.push(Unmet::new(
                format!("{} barred {}: {}", notice.by, plan.version, notice.reason),
                "Promote another release.",
            ));
        }
        unmet
    }
}
