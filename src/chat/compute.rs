//! How a model is laid out in memory and evaluated.

/// How the numbers of the KV cache are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CacheType {
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point.
    #[default]
    F16,
    /// The upper half of 32-bit floating point.
    Bf16,
    /// 8 bits, with a scale for each 32.
    Q8_0,
    /// 5 bits, with a scale and a minimum for each 32.
    Q5_1,
    /// 5 bits, with a scale for each 32.
    Q5_0,
    /// 4 bits, with a scale and a minimum for each 32.
    Q4_1,
    /// 4 bits, with a scale for each 32.
    Q4_0,
}

impl CacheType {
    /// Every type with its name in files, which is llama.cpp's.
    pub const NAMES: [(&'static str, Self); 8] = [
        ("f32", Self::F32),
        ("f16", Self::F16),
        ("bf16", Self::Bf16),
        ("q8_0", Self::Q8_0),
        ("q5_1", Self::Q5_1),
        ("q5_0", Self::Q5_0),
        ("q4_1", Self::Q4_1),
        ("q4_0", Self::Q4_0),
    ];

    /// Returns the bytes of 32 elements (ggml-common.h: `block_q8_0` and its neighbours).
    pub fn bytes_of_32(self) -> u64 {
        match self {
            Self::F32 => 128,
            Self::F16 | Self::Bf16 => 64,
            Self::Q8_0 => 34,
            Self::Q5_1 => 24,
            Self::Q5_0 => 22,
            Self::Q4_1 => 20,
            Self::Q4_0 => 18,
        }
    }

    /// Returns whether elements are kept in blocks with a scale.
    pub fn is_quantised(self) -> bool {
        !matches!(self, Self::F32 | Self::F16 | Self::Bf16)
    }
}

/// Whether attention is computed in tiles, without a matrix of all scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FlashAttention {
    /// Where the device can.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl FlashAttention {
    /// Every choice with its name in files.
    pub const NAMES: [(&'static str, Self); 3] =
        [("auto", Self::Auto), ("on", Self::On), ("off", Self::Off)];
}

/// How many layers a GPU takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GpuLayers {
    /// All of them.
    #[default]
    All,
    /// The first so many.
    First(u32),
}

/// How a model is laid out in memory and evaluated; two engines that differ in it share nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Compute {
    /// How keys are kept.
    pub cache_k: CacheType,
    /// How values are kept; quantised ones need flash attention.
    pub cache_v: CacheType,
    /// How attention is computed.
    pub flash_attention: FlashAttention,
    /// How many layers a GPU takes, if there is one.
    pub gpu_layers: GpuLayers,
    /// Whether the weights are the file itself, mapped, and not a copy of it.
    pub mmap: bool,
    /// Whether weights are laid out anew for the processor's wide instructions, where llama.cpp
    /// knows how: a faster prefill for a slower start and a copy in memory.
    pub repack: bool,
}

impl Default for Compute {
    /// llama.cpp's own defaults; `scripts/bench --settings` compares the others with them.
    fn default() -> Self {
        Self {
            cache_k: CacheType::default(),
            cache_v: CacheType::default(),
            flash_attention: FlashAttention::default(),
            gpu_layers: GpuLayers::default(),
            mmap: true,
            repack: true,
        }
    }
}
