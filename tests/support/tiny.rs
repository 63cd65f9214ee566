//! Model files of a few hundred kilobytes with random weights: they say nothing of sense, but they
//! say it by every token before, which is what a cache has to get right.
//!
//! Format: GGUF version 3 (ggml/docs/gguf.md); tensor names and sizes as llama.cpp's `src/models`
//! asks for them.

use std::path::Path;

/// One that drops the reasoning of earlier turns.
const TEMPLATE: &str = include_str!("../fixtures/templates/qwen.jinja");

/// Width of the model, of its heads, and of what lies between.
const EMBED: usize = 64;
const HEADS: usize = 2;
const FEED: usize = 96;
const STATE: usize = 8;
/// Three special tokens and one for each byte.
const VOCAB: usize = 3 + 256;

/// What a model keeps of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Llama: keys and values of every token, which can be cut anywhere.
    Cells,
    /// Mamba: a state alone.
    Recurrent,
    /// LFM2: layers with a state and layers with attention.
    Hybrid,
    /// Command R7B (cohere2): three of four layers look back 32 tokens only.
    Window,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Cells => "llama",
            Self::Recurrent => "mamba",
            Self::Hybrid => "lfm2",
            Self::Window => "cohere2",
        }
    }

    fn layers(self) -> usize {
        if self == Self::Window { 4 } else { 2 }
    }
}

/// Writes a model of a kind.
pub(crate) fn write(path: &Path, kind: Kind) {
    let (mut head, mut infos, mut data) = (Vec::new(), Vec::new(), Vec::new());
    let keys = keys(kind);
    let tensors = tensors(kind);
    head.extend(b"GGUF");
    head.extend(3_u32.to_le_bytes());
    head.extend((tensors.len() as u64).to_le_bytes());
    head.extend((keys.len() as u64).to_le_bytes());
    for (key, value) in keys {
        string(&mut head, &key);
        head.extend(value);
    }
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    for tensor in tensors {
        string(&mut infos, &tensor.name);
        infos.extend(u32::try_from(tensor.sizes.len()).expect("few").to_le_bytes());
        for size in &tensor.sizes {
            infos.extend((*size as u64).to_le_bytes());
        }
        // 32-bit floats, aligned as the format asks.
        infos.extend(0_u32.to_le_bytes());
        infos.extend((data.len() as u64).to_le_bytes());
        let count: usize = tensor.sizes.iter().product();
        for at in 0..count {
            data.extend(tensor.value(at, &mut dice).to_le_bytes());
        }
        data.resize(data.len().next_multiple_of(32), 0);
    }
    head.extend(infos);
    head.resize(head.len().next_multiple_of(32), 0);
    head.extend(data);
    std::fs::write(path, head).expect("a model file");
}

/// Writes a model with one tensor of 8 TiB, of which the disk keeps nothing: larger than any disk has
/// room for.
pub(crate) fn write_huge(path: &Path) {
    const SIZES: [u64; 2] = [4096, 1 << 30];
    let mut head = b"GGUF".to_vec();
    head.extend(3_u32.to_le_bytes());
    head.extend(1_u64.to_le_bytes());
    let keys = keys(Kind::Cells);
    head.extend((keys.len() as u64).to_le_bytes());
    for (key, value) in keys {
        string(&mut head, &key);
        head.extend(value);
    }
    string(&mut head, "blk.0.ffn_up.weight");
    head.extend(2_u32.to_le_bytes());
    head.extend(SIZES.iter().flat_map(|size| size.to_le_bytes()));
    // 16-bit floats, at the beginning of the data.
    head.extend(1_u32.to_le_bytes());
    head.extend(0_u64.to_le_bytes());
    head.resize(head.len().next_multiple_of(32), 0);
    std::fs::write(path, &head).expect("a model file");
    let bytes = head.len() as u64 + SIZES.iter().product::<u64>() * 2;
    let file = std::fs::File::options().write(true).open(path).expect("a model file");
    file.set_len(bytes).expect("a file with a hole");
}

fn keys(kind: Kind) -> Vec<(String, Vec<u8>)> {
    let name = kind.name();
    let own = |key: &str| format!("{name}.{key}");
    let heads = u32::try_from(HEADS).expect("few");
    let per_layer = |layer| if kind == Kind::Hybrid && layer == 0 { 0 } else { heads };
    let kv: Vec<u32> = (0..kind.layers()).map(per_layer).collect();
    let bytes = (0..=255_u8).map(|byte| format!("<0x{byte:02X}>"));
    let tokens: Vec<String> =
        ["<unk>", "<s>", "</s>"].map(str::to_owned).into_iter().chain(bytes).collect();
    // Unknown, two control tokens, bytes (`llama_token_type`).
    let types: Vec<u32> = [2, 3, 3].into_iter().chain([6; 256]).collect();
    let texts = |values: &[String]| {
        let mut bytes = array(8, values.len());
        for value in values {
            string(&mut bytes, value);
        }
        bytes
    };
    vec![
        ("general.architecture".to_owned(), text(name)),
        (own("context_length"), whole(4096)),
        (own("embedding_length"), whole(EMBED)),
        (own("block_count"), whole(kind.layers())),
        (own("feed_forward_length"), whole(FEED)),
        (own("attention.head_count"), whole(HEADS)),
        (own("attention.head_count_kv"), numbers(5, &kv)),
        (own("attention.layer_norm_rms_epsilon"), real(1e-5)),
        (own("attention.layer_norm_epsilon"), real(1e-5)),
        (own("attention.sliding_window"), whole(if kind == Kind::Window { 32 } else { 0 })),
        (own("logit_scale"), real(1.0)),
        (own("shortconv.l_cache"), whole(3)),
        (own("ssm.conv_kernel"), whole(4)),
        (own("ssm.inner_size"), whole(2 * EMBED)),
        (own("ssm.state_size"), whole(STATE)),
        (own("ssm.time_step_rank"), whole(STATE)),
        ("tokenizer.chat_template".to_owned(), text(TEMPLATE)),
        ("tokenizer.ggml.model".to_owned(), text("llama")),
        ("tokenizer.ggml.tokens".to_owned(), texts(&tokens)),
        ("tokenizer.ggml.scores".to_owned(), numbers(6, &[0; VOCAB])),
        ("tokenizer.ggml.token_type".to_owned(), numbers(5, &types)),
        (
            "tokenizer.ggml.add_space_prefix".to_owned(),
            [7_u32.to_le_bytes().to_vec(), vec![0]].concat(),
        ),
    ]
}

struct Tensor {
    name: String,
    /// As the format has them: the length of a row first.
    sizes: Vec<usize>,
    fill: Fill,
}

#[derive(Clone, Copy)]
enum Fill {
    One,
    /// Of a few tokens instead of all alike.
    Sharp,
    /// Around 0, such that a sum over a row stays in bounds.
    Random,
    /// Below 0: how fast a state forgets.
    Decay,
    /// Of the tokens that are lower-case letters; the others are never said.
    Letters,
}

impl Tensor {
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    fn value(&self, at: usize, dice: &mut Dice) -> f32 {
        let row = self.sizes[0];
        match self.fill {
            Fill::One => 1.0,
            Fill::Sharp => 4.0,
            Fill::Decay => -0.001 - 0.004 * (at % row) as f32,
            Fill::Random => dice.roll() * (6.0 / row as f32).sqrt(),
            Fill::Letters => {
                let letter = (3 + usize::from(b'a')..=3 + usize::from(b'z')).contains(&(at / row));
                let value = dice.roll();
                if letter { value } else { value * 0.01 }
            }
        }
    }
}

fn tensors(kind: Kind) -> Vec<Tensor> {
    let mut all = Vec::new();
    let mut add = |name: &str, sizes: &[usize], fill| {
        all.push(Tensor { name: name.to_owned(), sizes: sizes.to_vec(), fill });
    };
    add("token_embd.weight", &[EMBED, VOCAB], Fill::Letters);
    let norm = if kind == Kind::Hybrid { "token_embd_norm.weight" } else { "output_norm.weight" };
    add(norm, &[EMBED], Fill::One);
    if kind != Kind::Window {
        add("output.weight", &[EMBED, VOCAB], Fill::Letters);
    }
    for layer in 0..kind.layers() {
        let mut add =
            |name: &str, sizes: &[usize], fill| add(&format!("blk.{layer}.{name}"), sizes, fill);
        add("attn_norm.weight", &[EMBED], Fill::One);
        if kind == Kind::Recurrent {
            mamba(&mut add);
            continue;
        }
        if kind == Kind::Hybrid && layer == 0 {
            add("shortconv.conv.weight", &[3, EMBED], Fill::Random);
            add("shortconv.in_proj.weight", &[EMBED, 3 * EMBED], Fill::Random);
            add("shortconv.out_proj.weight", &[EMBED, EMBED], Fill::Random);
        } else {
            for name in ["attn_q.weight", "attn_k.weight", "attn_v.weight", "attn_output.weight"] {
                add(name, &[EMBED, EMBED], Fill::Random);
            }
        }
        if matches!(kind, Kind::Hybrid | Kind::Cells) {
            add("ffn_norm.weight", &[EMBED], Fill::One);
        }
        if kind == Kind::Hybrid && layer > 0 {
            add("attn_q_norm.weight", &[EMBED / HEADS], Fill::Sharp);
            add("attn_k_norm.weight", &[EMBED / HEADS], Fill::One);
        }
        add("ffn_gate.weight", &[EMBED, FEED], Fill::Random);
        add("ffn_up.weight", &[EMBED, FEED], Fill::Random);
        add("ffn_down.weight", &[FEED, EMBED], Fill::Random);
    }
    all
}

fn mamba(add: &mut impl FnMut(&str, &[usize], Fill)) {
    let inner = 2 * EMBED;
    add("ssm_in.weight", &[EMBED, 2 * inner], Fill::Random);
    add("ssm_conv1d.weight", &[4, inner], Fill::Random);
    add("ssm_conv1d.bias", &[inner], Fill::Random);
    add("ssm_x.weight", &[inner, STATE + 2 * STATE], Fill::Random);
    add("ssm_dt.weight", &[STATE, inner], Fill::Random);
    add("ssm_dt.bias", &[inner], Fill::Random);
    add("ssm_a", &[STATE, inner], Fill::Decay);
    add("ssm_d", &[inner], Fill::One);
    add("ssm_out.weight", &[inner, EMBED], Fill::Random);
}

/// Numbers between -1 and 1, the same ones every time (xorshift64).
struct Dice(u64);

impl Dice {
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
    fn roll(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / f32::from(1_u16 << 15) / 256.0 - 1.0
    }
}

fn string(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

fn text(value: &str) -> Vec<u8> {
    let mut bytes = 8_u32.to_le_bytes().to_vec();
    string(&mut bytes, value);
    bytes
}

fn whole(value: usize) -> Vec<u8> {
    [4_u32.to_le_bytes(), u32::try_from(value).expect("small").to_le_bytes()].concat()
}

fn real(value: f32) -> Vec<u8> {
    [6_u32.to_le_bytes(), value.to_le_bytes()].concat()
}

fn array(kind: u32, len: usize) -> Vec<u8> {
    let mut bytes = [9_u32.to_le_bytes(), kind.to_le_bytes()].concat();
    bytes.extend((len as u64).to_le_bytes());
    bytes
}

/// An array of 32-bit numbers: signed (5), or floats (6), of which 0 is the only one.
fn numbers(kind: u32, values: &[u32]) -> Vec<u8> {
    let mut bytes = array(kind, values.len());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}
