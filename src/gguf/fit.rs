//! Whether a model fits a machine, and what of it a GPU can take. Pure: the machine is passed in.

use super::footprint::Footprint;
use super::footprint::Need;

/// The share of memory that is left to everything else: one in so many.
const RESERVE: u64 = 16;

/// The least context that is worth loading a model for, in tokens.
const LEAST_TOKENS: u32 = 512;

/// A GPU and what is free on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Its name.
    pub name: String,
    /// Bytes of its own memory that are free.
    pub free_bytes: u64,
}

/// What a machine has to spare.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Machine {
    /// Bytes of memory that are available; `None` when the system does not say.
    pub memory_bytes: Option<u64>,
    /// Its GPUs, as far as this build can use them.
    pub gpus: Vec<Gpu>,
    /// Bytes per second that all cores together read from memory; `None` if not measured.
    pub bandwidth: Option<f64>,
}

/// What becomes of a model on a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// What it takes with the context that was asked for.
    pub need: Need,
    /// Bytes that may be used of memory; `None` when the system does not say.
    pub usable_bytes: Option<u64>,
    /// Whether it fits; `None` when the system does not say.
    pub fits: Option<bool>,
    /// The largest context that fits, at most the model's own; `None` where none is worth it.
    pub most_tokens: Option<u32>,
    /// How many blocks each GPU can take beside their share of the context.
    pub layers: Vec<(String, u32)>,
    /// How many blocks there are.
    pub blocks: u32,
    /// Tokens per second that this machine's memory allows at most, from its own measured
    /// bandwidth: with an empty context, and with a full one.
    pub decode_limit: Option<(f64, f64)>,
}

/// Returns the bytes that may be used of those that are available.
pub fn usable(available: u64) -> u64 {
    available - available / RESERVE
}

/// Compares what a model takes with room for `tokens` with what `machine` has.
pub fn fit(footprint: &Footprint, tokens: u32, machine: &Machine) -> Fit {
    let need = footprint.need(tokens);
    let usable_bytes = machine.memory_bytes.map(usable);
    let layers = machine.gpus.iter().scan(0, |taken, gpu| {
        let count = offloaded(footprint, tokens, *taken, gpu.free_bytes);
        *taken += count;
        Some((gpu.name.clone(), u32::try_from(count).unwrap_or(u32::MAX)))
    });
    let least = LEAST_TOKENS.min(footprint.train_tokens);
    let most = usable_bytes.and_then(|bytes| footprint.most_tokens(bytes));
    let most = most.map(|tokens| tokens.min(footprint.train_tokens));
    Fit {
        need,
        usable_bytes,
        fits: usable_bytes.map(|bytes| need.total() <= bytes),
        most_tokens: most.filter(|tokens| *tokens >= least),
        layers: layers.collect(),
        blocks: u32::try_from(footprint.blocks.len()).unwrap_or(u32::MAX),
        decode_limit: machine.bandwidth.map(|bandwidth| {
            (footprint.decode_limit(bandwidth, 0), footprint.decode_limit(bandwidth, tokens))
        }),
    }
}

/// Counts the blocks behind the first `taken` that a GPU with `free` bytes can hold with their
/// keys and values, beside what a step computes in.
fn offloaded(footprint: &Footprint, tokens: u32, taken: usize, free: u64) -> usize {
    let need = footprint.need(tokens);
    let count = footprint.blocks.len().max(1) as u64;
    let kv = need.kv / count;
    let Some(mut left) = usable(free).checked_sub(need.compute) else { return 0 };
    let fitting = footprint.blocks.iter().skip(taken).take_while(|bytes| {
        let rest = left.checked_sub(bytes.saturating_add(kv));
        left = rest.unwrap_or(left);
        rest.is_some()
    });
    fitting.count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixture::Entry;
    use super::super::fixture::Fixture;
    use super::super::fixture::unsigned;
    use super::super::read;
    use super::*;
    use crate::chat::CacheType;

    /// Two blocks of 100 floats, 4 heads of which 2 hold keys and values, 8 wide.
    fn footprint() -> Footprint {
        let mut file = Fixture::good();
        file.set("llama.attention.head_count_kv", unsigned(2));
        file.tensors.push(Entry::floats("blk.0.attn_q.weight", 100));
        file.tensors.push(Entry::floats("blk.1.attn_q.weight", 100));
        let bytes = file.bytes();
        Footprint::of(&read(&bytes[..], bytes.len() as u64).expect("a good file"))
    }

    #[test]
    fn the_numbers_are_those_of_the_formulas() {
        let footprint = footprint();
        assert_eq!(footprint.weight_bytes, 36 + 16 + 400 + 400);
        // The table of embeddings is only looked up, for the output has its own.
        assert_eq!(footprint.active_bytes, 16 + 400 + 400);
        // 2 blocks, 2 heads, keys and values of 8 / 4 each, two bytes an element.
        assert_eq!(footprint.kv_token_bytes, 2 * 2 * (2 + 2) * 2);
        assert_eq!(footprint.need(10).kv, 10 * footprint.kv_token_bytes);
        let full = footprint.clone().with_cache(CacheType::F32, CacheType::F32);
        assert_eq!(full.kv_token_bytes, 2 * footprint.kv_token_bytes);
        let mixed = footprint.clone().with_cache(CacheType::Q8_0, CacheType::F16);
        assert_eq!(mixed.kv_token_bytes, (16 * (34 + 64_u64)).div_ceil(64));
        assert_eq!(footprint.blocks, [400, 400]);
        let limit = footprint.decode_limit(8160.0, 0);
        assert!((limit - 10.0).abs() < 1e-9, "{limit}");
    }

    #[test]
    fn a_gpu_takes_the_blocks_that_fit_and_the_next_the_rest() {
        let footprint = footprint();
        let compute = footprint.need(10).compute;
        let room = |blocks: u64| (compute + blocks * 600) * 16 / 15 + 16;
        let gpu = |blocks: u64| Gpu { name: "g".into(), free_bytes: room(blocks) };
        let layers = |gpus: Vec<Gpu>| -> Vec<u32> {
            let machine = Machine { gpus, ..Machine::default() };
            fit(&footprint, 10, &machine).layers.into_iter().map(|(_, count)| count).collect()
        };
        assert_eq!(layers(vec![gpu(0)]), [0]);
        assert_eq!(layers(vec![gpu(1)]), [1]);
        assert_eq!(layers(vec![gpu(1), gpu(9)]), [1, 1]);
        assert_eq!(layers(vec![gpu(9), gpu(9)]), [2, 0]);
        assert_eq!(layers(vec![Gpu { name: "tiny".into(), free_bytes: 1 }]), [0]);
    }

    #[test]
    fn what_the_system_does_not_say_is_not_guessed() {
        let unknown = fit(&footprint(), 10, &Machine::default());
        assert_eq!((unknown.fits, unknown.most_tokens, unknown.decode_limit), (None, None, None));
    }

    proptest! {
        #[test]
        fn the_largest_context_fits_and_one_more_token_does_not(memory in 0_u64..200 << 20) {
            let mut footprint = footprint();
            footprint.train_tokens = u32::MAX;
            let machine = Machine { memory_bytes: Some(memory), ..Machine::default() };
            if let Some(most) = footprint.most_tokens(usable(memory)) {
                prop_assert_eq!(fit(&footprint, most, &machine).fits, Some(true));
                prop_assert_eq!(fit(&footprint, most + 1, &machine).fits, Some(false));
            } else {
                prop_assert_eq!(fit(&footprint, 1, &machine).fits, Some(false));
            }
        }
    }
}
