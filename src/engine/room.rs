//! Refuses a model that does not fit, before any memory is touched for it.

use std::os::unix::net::UnixStream;

use super::EngineConfig;
use crate::chat::Fault;
use crate::device::Sampler;
use crate::gguf;
use crate::gguf::Footprint;
use crate::gguf::Machine;
use crate::text::bytes;

/// What a model takes, and the context that one session is to have.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The model's footprint.
    pub footprint: Footprint,
    /// The profile's context, in tokens.
    pub n_ctx: u32,
}

impl EngineConfig {
    /// Returns whether no engine listens and none could be started for want of memory. It asks the
    /// system only: a few small files and one local socket.
    pub fn lacks_room(&self) -> bool {
        let full = self.missing.is_none() && check(self).is_err();
        full && UnixStream::connect(&self.spec.socket).is_err()
    }
}

/// Compares what the model takes with what is available now.
///
/// # Errors
/// There is no model, or it takes more; the fault has the numbers, and what would fit.
pub(super) fn check(config: &EngineConfig) -> Result<(), Fault> {
    config.missing.clone().map_or(Ok(()), Err)?;
    let Some(demand) = &config.demand else { return Ok(()) };
    let memory_bytes = Sampler::default().sample().available_bytes;
    refuse(demand, config.spec.load.pool_tokens, memory_bytes).map_or(Ok(()), Err)
}

/// Returns the refusal, if there is to be one; what is not known is not refused.
fn refuse(demand: &Demand, pool_tokens: u32, memory_bytes: Option<u64>) -> Option<Fault> {
    let machine = Machine { memory_bytes, ..Machine::default() };
    let fit = gguf::fit(&demand.footprint, pool_tokens, &machine);
    let usable = fit.usable_bytes.filter(|_| fit.fits == Some(false))?;
    let need = fit.need;
    let message = format!(
        "the model takes {} ({} weights + {} for {pool_tokens} tokens of context + {} to compute \
         in), and {} of memory may be used",
        bytes(need.total()),
        bytes(need.weights),
        bytes(need.kv),
        bytes(need.compute),
        bytes(usable),
    );
    // All running turns share the pool: a session's context shrinks with it.
    let most = demand
        .footprint
        .most_tokens(usable)
        .map(u64::from)
        .map(|most| most * u64::from(demand.n_ctx) / u64::from(pool_tokens.max(1)));
    let most = most.map(|most| most / ROUND * ROUND).filter(|most| *most >= ROUND);
    Some(Fault::new(message).hint(match most {
        Some(most) => format!("n_ctx = {most} would fit, with pool_tokens = \"auto\""),
        None => "take a smaller model or quantisation: edgewise models fit lists what fits".into(),
    }))
}

/// A context is named in steps of so many tokens.
const ROUND: u64 = 256;

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::time::Duration;

    use super::*;
    use crate::chat::Compute;
    use crate::ipc::LoadSpec;
    use crate::ipc::Spec;

    const TINY: &[u8] =
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/models/tiny.gguf"));

    fn demand() -> Demand {
        let header = gguf::read(TINY, TINY.len() as u64).expect("a model");
        Demand { footprint: Footprint::of(&header).with_weights(1_000_000_000), n_ctx: 4096 }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_would() {
        let gigabytes = |count: u64| Some(count * 1_000_000_000);
        assert_eq!(refuse(&demand(), 8192, gigabytes(8)), None);
        assert_eq!(refuse(&demand(), 8192, None), None);
        let fault = refuse(&demand(), 8192, gigabytes(1)).expect("too large");
        assert!(fault.message.contains("1.0 GB weights"), "{fault}");
        assert!(fault.hint.expect("a hint").contains("edgewise models fit"));
        let fault = refuse(&demand(), 4_000_000_000, gigabytes(8)).expect("too much context");
        let hint = fault.hint.expect("a hint");
        assert!(hint.contains("edgewise models fit") || hint.starts_with("n_ctx = "), "{hint}");
    }

    #[test]
    fn an_engine_that_is_there_needs_no_more_room() {
        let place = tempfile::tempdir().expect("a directory");
        let at = |name: &str| place.path().join(name);
        let load = LoadSpec {
            model: at("model"),
            model_bytes: 1,
            model_changed_ns: 2,
            pool_tokens: 3,
            max_turns: 4,
            kv_ram_gb: None,
            threads: None,
            compute: Compute::default(),
        };
        let footprint = demand().footprint.with_weights(u64::MAX / 4);
        let config = EngineConfig {
            program: at("edgewise"),
            environment: Vec::new(),
            spec: Spec { load, socket: at("sock"), lock: at("lock"), log: at("log") },
            keep_alive: Duration::ZERO,
            demand: Some(Demand { footprint, n_ctx: 1 }),
            require_gpu: false,
            missing: None,
        };
        assert!(config.lacks_room());
        let listener = UnixListener::bind(&config.spec.socket).expect("bound");
        assert!(!config.lacks_room(), "somebody listens");
        drop(listener);
        assert!(config.lacks_room(), "its file is no engine");
        assert!(!EngineConfig { demand: None, ..config }.lacks_room(), "not known is not refused");
    }

    #[test]
    fn the_context_that_is_named_does_fit() {
        let footprint = demand().footprint;
        let usable = footprint.need(100_000).total();
        let memory = usable + usable / 15 + 16;
        let demand = Demand { footprint, n_ctx: 65_536 };
        let fault = refuse(&demand, 131_072, Some(memory)).expect("too much");
        let hint = fault.hint.expect("a hint");
        let named = hint.strip_prefix("n_ctx = ").and_then(|rest| rest.split(' ').next());
        let named: u32 = named.expect("a number").parse().expect("a number");
        assert!((49_000..50_000).contains(&named), "{hint}");
        assert_eq!(refuse(&Demand { n_ctx: named, ..demand }, named * 2, Some(memory)), None);
    }
}
