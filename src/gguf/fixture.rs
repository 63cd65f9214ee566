//! A writer of small model files, right or wrong on purpose; for tests only.

/// A model file in the making. `good` is a whole one; methods add to it or bend it.
#[derive(Clone, Debug)]
pub(super) struct Fixture {
    pub(super) version: u32,
    pub(super) keys: Vec<(String, Vec<u8>)>,
    pub(super) tensors: Vec<Entry>,
    pub(super) alignment: usize,
}

/// A tensor's entry; the data behind it is zeros.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) sizes: Vec<u64>,
    pub(super) kind: u32,
    /// `None` puts it behind the one before.
    pub(super) offset: Option<u64>,
    /// How many bytes of data are written for it.
    pub(super) bytes: usize,
}

impl Entry {
    /// Makes an `f32` tensor of one row.
    pub(super) fn floats(name: &str, elements: u16) -> Self {
        let sizes = vec![u64::from(elements)];
        let bytes = usize::from(elements) * 4;
        Self { name: name.into(), sizes, kind: 0, offset: None, bytes }
    }
}

impl Fixture {
    /// Makes a file that passes every check: two tensors, three tokens.
    pub(super) fn good() -> Self {
        let mut file = Self { version: 3, keys: Vec::new(), tensors: Vec::new(), alignment: 32 };
        file.set("general.architecture", text("llama"));
        file.set("general.name", text("tiny"));
        file.set("general.file_type", unsigned(3));
        file.set("llama.context_length", unsigned(256));
        file.set("llama.embedding_length", unsigned(8));
        file.set("llama.block_count", unsigned(2));
        file.set("llama.attention.head_count", unsigned(4));
        file.set("tokenizer.ggml.model", text("gpt2"));
        file.set("tokenizer.ggml.tokens", texts(&["<s>", "a", "b"]));
        file.set("tokenizer.ggml.token_type", array(5, 3, &[0; 12]));
        file.set("tokenizer.ggml.bos_token_id", unsigned(0));
        file.set("tokenizer.ggml.add_bos_token", vec![7, 0, 0, 0, 1]);
        file.set("tokenizer.chat_template", text("{{ messages }}"));
        file.tensors.push(Entry::floats("token_embd.weight", 9));
        file.tensors.push(Entry::floats("output.weight", 4));
        file
    }

    /// Sets a key to encoded bytes (type and value).
    pub(super) fn set(&mut self, key: &str, value: Vec<u8>) {
        self.unset(key);
        self.keys.push((key.to_owned(), value));
    }

    /// Takes a key out.
    pub(super) fn unset(&mut self, key: &str) {
        self.keys.retain(|(name, _)| name != key);
    }

    /// Returns the file's bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend(length(self.tensors.len()));
        out.extend(length(self.keys.len()));
        for (key, value) in &self.keys {
            out.extend(string(key.as_bytes()));
            out.extend(value);
        }
        let mut offset = 0;
        for tensor in &self.tensors {
            out.extend(string(&tensor.name));
            out.extend(u32::try_from(tensor.sizes.len()).expect("few").to_le_bytes());
            out.extend(tensor.sizes.iter().flat_map(|size| size.to_le_bytes()));
            out.extend(tensor.kind.to_le_bytes());
            out.extend(tensor.offset.unwrap_or(offset as u64).to_le_bytes());
            offset += tensor.bytes.next_multiple_of(self.alignment);
        }
        for tensor in &self.tensors {
            out.resize(out.len().next_multiple_of(self.alignment), 0);
            out.resize(out.len() + tensor.bytes, 0);
        }
        out
    }
}

/// Encodes a string value.
pub(super) fn text(value: &str) -> Vec<u8> {
    [&8_u32.to_le_bytes()[..], &string(value.as_bytes())].concat()
}

/// Encodes a `u32` value.
pub(super) fn unsigned(value: u32) -> Vec<u8> {
    [4, value].map(u32::to_le_bytes).concat()
}

/// Encodes an array of strings.
pub(super) fn texts(values: &[&str]) -> Vec<u8> {
    let strings: Vec<u8> = values.iter().flat_map(|value| string(value.as_bytes())).collect();
    array(8, values.len() as u64, &strings)
}

/// Encodes an array of `count` elements that take `elements`, whether that is so or not.
pub(super) fn array(kind: u32, count: u64, elements: &[u8]) -> Vec<u8> {
    [&[9, kind].map(u32::to_le_bytes).concat()[..], &count.to_le_bytes(), elements].concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&length(bytes.len())[..], bytes].concat()
}

fn length(count: usize) -> [u8; 8] {
    (count as u64).to_le_bytes()
}
