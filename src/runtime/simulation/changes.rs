//! What a change of a session's route has to be: apart from others where nothing forces it, or for one
//! turn that the session's own route would keep waiting.

use std::collections::HashMap;
use std::time::Duration;

use crate::chat::Decision;
use crate::chat::Mode;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::chat::Why;
use crate::config::Profile;

/// Changes without need are so far apart, in time and in turns of one user.
const APART: Duration = Duration::from_secs(30);
const TURNS_APART: u64 = 2;

/// And there are at most so many within such a time.
const MANY: usize = 4;
const WITHIN: Duration = Duration::from_mins(10);

/// Where sessions are at home, and when that changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    homes: HashMap<SessionId, Route>,
    moves: HashMap<SessionId, Vec<(Duration, u64)>>,
}

/// When a turn was decided: the time, and how many its user had asked until then; a script asks several
/// at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) time: Duration,
    pub(super) asked: u64,
    pub(super) in_parallel: bool,
}

impl Changes {
    /// Looks at a decision; returns whether the session has moved without need.
    ///
    /// # Errors
    /// What must not be.
    pub(super) fn decided(
        &mut self,
        session: SessionId,
        decision: &Decision,
        (profile, at): (&Profile, At),
    ) -> Result<bool, String> {
        let here = matches!(profile.mode, Mode::PreferLocal | Mode::Auto).then_some(Route::Local);
        let home = self.homes.get(&session).cloned().or(here);
        if decision.why == Why::ThisTurn {
            let home = home.ok_or("away from nowhere")?;
            return waits(decision, &home, profile).map(|()| false);
        }
        let leaves = home.is_some_and(|home| home != decision.route);
        self.homes.insert(session, decision.route.clone());
        // That mode goes back to the endpoint whenever it can be had.
        let free = profile.mode == Mode::PreferRemote;
        if !leaves || decision.price.is_none() || free {
            return Ok(leaves && decision.price.is_some());
        }
        let all = self.moves.entry(session).or_default();
        if let Some((last, asked)) = all.last()
            && (at.time.saturating_sub(*last) < APART
                || (!at.in_parallel && at.asked - asked <= TURNS_APART))
        {
            let since = at.time.saturating_sub(*last);
            return Err(format!("{}: moved again after {since:?}", profile.mode));
        }
        all.push((at.time, at.asked));
        let recent = all.iter().filter(|(then, _)| at.time.saturating_sub(*then) < WITHIN).count();
        if recent > MANY {
            return Err(format!("{recent} moves within ten minutes"));
        }
        Ok(true)
    }
}

/// Looks whether a turn that is away from home would have had to wait there.
fn waits(decision: &Decision, home: &Route, profile: &Profile) -> Result<(), String> {
    let mut there = decision.considered.iter().filter(|candidate| candidate.route == *home);
    let slo = profile.slo;
    let waits = there.any(|candidate| {
        candidate.predicted.is_none_or(|it| it.ttft_risk > slo.ttft || it.tbt > slo.tbt)
            || candidate.rejected.is_some()
            || decision.reason.contains("overloaded")
    });
    if waits { Ok(()) } else { Err(format!("away from {home} without need: {decision:?}")) }
}
