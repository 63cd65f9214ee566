//! What the vocabulary's own values are called on the screen. Their names in records and in
//! machine-readable output are theirs; these are for people, in their language.

use crate::chat::DeviceLevel;
use crate::chat::Reject;
use crate::chat::StopReason;
use crate::words::word;

/// Names how the device fares.
pub fn level_name(level: DeviceLevel) -> &'static str {
    match level {
        DeviceLevel::Normal => word("level-normal"),
        DeviceLevel::Strained => word("level-strained"),
        DeviceLevel::Recovering => word("level-recovering"),
        DeviceLevel::Overloaded => word("level-overloaded"),
    }
}

/// Says why a route is not taken, as a clause.
pub fn reject_words(reject: Reject) -> &'static str {
    match reject {
        Reject::Privacy => word("reject-privacy"),
        Reject::Pin => word("reject-pin"),
        Reject::Mode => word("reject-mode"),
        Reject::Offline => word("reject-offline"),
        Reject::KillSwitch => word("reject-kill-switch"),
        Reject::NoModel => word("reject-no-model"),
        Reject::NoKey => word("reject-no-key"),
        Reject::Consent => word("reject-consent"),
        Reject::TooLong => word("reject-too-long"),
        Reject::Capability => word("reject-capability"),
        Reject::Memory => word("reject-memory"),
        Reject::Breaker => word("reject-breaker"),
        Reject::RateLimit => word("reject-rate-limit"),
        Reject::Budget => word("reject-budget"),
        Reject::BrokeOff => word("reject-broke-off"),
    }
}

/// Names why an answer ended, before what went wrong.
pub fn reason_name(reason: &StopReason) -> &'static str {
    match reason {
        StopReason::EndOfTurn => word("end-of-turn"),
        StopReason::Stop => word("end-stop"),
        StopReason::Length => word("end-length"),
        StopReason::ContextFull => word("end-full"),
        StopReason::Cancelled => word("end-cancelled"),
        StopReason::Interrupted(_) => word("end-interrupted"),
        StopReason::Failed(_) => word("end-failed"),
    }
}
