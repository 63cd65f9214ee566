//! Exit codes, and the one place that maps to them.

use std::process::ExitCode;

use crate::chat::FaultKind;
use crate::chat::StopReason;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    /// 0: answered, or the reader of stdout went away.
    Answered,
    /// 1: it was tried and did not work.
    Failed,
    /// 2: the arguments or the configuration are wrong, a missing model included.
    Usage,
    /// 3: the context ran out, or the answer was interrupted; the partial is on stdout.
    CutShort,
    /// 4: no route is allowed.
    NoRoute,
    /// 5: the input does not fit the context.
    TooLong,
    /// 6: the answer does not match the schema.
    Schema,
    /// 130: cancelled.
    Cancelled,
}

impl Exit {
    /// Every ending.
    pub const ALL: [Self; 8] = [
        Self::Answered,
        Self::Failed,
        Self::Usage,
        Self::CutShort,
        Self::NoRoute,
        Self::TooLong,
        Self::Schema,
        Self::Cancelled,
    ];

    /// Returns the number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Answered => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::CutShort => 3,
            Self::NoRoute => 4,
            Self::TooLong => 5,
            Self::Schema => 6,
            Self::Cancelled => 130,
        }
    }
}

impl From<FaultKind> for Exit {
    fn from(kind: FaultKind) -> Self {
        match kind {
            FaultKind::Failed => Self::Failed,
            FaultKind::Usage => Self::Usage,
            FaultKind::NoRoute => Self::NoRoute,
            FaultKind::TooLong => Self::TooLong,
            FaultKind::Schema => Self::Schema,
        }
    }
}

impl From<&StopReason> for Exit {
    /// A limit that the caller set is an answer; an interruption keeps its partial answer.
    fn from(reason: &StopReason) -> Self {
        match reason {
            StopReason::EndOfTurn | StopReason::Stop | StopReason::Length => Self::Answered,
            StopReason::ContextFull | StopReason::Interrupted(_) => Self::CutShort,
            StopReason::Cancelled => Self::Cancelled,
            StopReason::Failed(fault) => Self::from(fault.kind),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Fault;

    #[test]
    fn every_stop_reason_has_its_code() {
        let fault = |kind| Fault::new("x").kind(kind);
        let table = [
            (StopReason::EndOfTurn, 0),
            (StopReason::Stop, 0),
            (StopReason::Length, 0),
            (StopReason::ContextFull, 3),
            (StopReason::Cancelled, 130),
            (StopReason::Interrupted(fault(FaultKind::Failed)), 3),
            (StopReason::Interrupted(fault(FaultKind::Usage)), 3),
            (StopReason::Interrupted(fault(FaultKind::NoRoute)), 3),
            (StopReason::Interrupted(fault(FaultKind::TooLong)), 3),
            (StopReason::Failed(fault(FaultKind::Failed)), 1),
            (StopReason::Failed(fault(FaultKind::Usage)), 2),
            (StopReason::Failed(fault(FaultKind::NoRoute)), 4),
            (StopReason::Failed(fault(FaultKind::TooLong)), 5),
            (StopReason::Failed(fault(FaultKind::Schema)), 6),
        ];
        for (reason, code) in table {
            assert_eq!(Exit::from(&reason).code(), code, "{reason:?}");
        }
    }

    #[test]
    fn the_codes_are_the_documented_ones() {
        let codes = Exit::ALL.map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 130]);
        assert!(Exit::ALL.is_sorted(), "the highest of several is the worst");
    }
}
