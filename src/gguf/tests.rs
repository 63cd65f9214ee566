use proptest::prelude::*;

use super::fixture::Entry;
use super::fixture::Fixture;
use super::fixture::array;
use super::fixture::text;
use super::fixture::texts;
use super::fixture::unsigned;
use super::*;

fn read_bytes(bytes: &[u8]) -> Result<Header, GgufError> {
    read(bytes, bytes.len() as u64)
}

fn message(bytes: &[u8]) -> String {
    read_bytes(bytes).expect_err("the file is wrong").to_string()
}

/// The message for a good file after `bend`.
fn bent(bend: impl FnOnce(&mut Fixture)) -> String {
    let mut file = Fixture::good();
    bend(&mut file);
    message(&file.bytes())
}

/// The message for a good file with another second tensor.
fn second(entry: Entry) -> String {
    bent(|file| file.tensors[1] = entry)
}

#[test]
fn a_good_file_tells_of_its_model() {
    let header = read_bytes(&Fixture::good().bytes()).unwrap();
    assert_eq!(header.version, 3);
    assert_eq!(header.architecture, "llama");
    assert_eq!((header.context_length, header.embedding_length, header.block_count), (256, 8, 2));
    assert_eq!((header.vocab_tokens, header.tensor_count, header.tensor_bytes), (3, 2, 52));
    assert_eq!((header.name(), header.file_type()), (Some("tiny"), Some(3)));
    assert_eq!((header.head_count(), header.head_count_kv()), (Some(4), Some(4)));
    assert_eq!(header.chat_template(), Some("{{ messages }}"));
    assert_eq!((header.bos_token_id(), header.eos_token_id()), (Some(0), None));
    assert_eq!(header.add_bos_token(), Some(true));
    assert_eq!(header.get("tokenizer.ggml.tokens"), Some(&Value::Array { len: 3, kind: 8 }));
    assert_eq!(header.get("nothing"), None);
}

#[test]
fn version_two_reads_alike() {
    let header = read_bytes(&Fixture { version: 2, ..Fixture::good() }.bytes()).unwrap();
    assert_eq!((header.version, header.tensor_count), (2, 2));
}

#[test]
fn every_type_of_scalar_is_kept() {
    let mut file = Fixture::good();
    let scalars: [(u32, &[u8], Value); 12] = [
        (0, &[200], Value::Unsigned(200)),
        (1, &[0xff], Value::Signed(-1)),
        (2, &[1, 1], Value::Unsigned(257)),
        (3, &[0xfe, 0xff], Value::Signed(-2)),
        (4, &[1, 0, 0, 0], Value::Unsigned(1)),
        (5, &[0xff; 4], Value::Signed(-1)),
        (6, &1.5_f32.to_le_bytes(), Value::Float(1.5)),
        (7, &[2], Value::Bool(true)),
        (8, b"\x02\0\0\0\0\0\0\0a\xff", Value::Text("a\u{fffd}".to_owned())),
        (10, &[0xff; 8], Value::Unsigned(u64::MAX)),
        (11, &[0xff; 8], Value::Signed(-1)),
        (12, &2.5_f64.to_le_bytes(), Value::Float(2.5)),
    ];
    for (kind, bytes, _) in &scalars {
        file.set(&format!("x.{kind}"), [&kind.to_le_bytes()[..], bytes].concat());
    }
    let header = read_bytes(&file.bytes()).unwrap();
    for (kind, _, value) in scalars {
        assert_eq!(header.get(&format!("x.{kind}")), Some(&value));
    }
}

#[test]
fn what_is_no_model_file() {
    assert_eq!(message(b""), "an empty file");
    assert_eq!(message(b"PK\x03\x04 and more"), "not a model file: it starts with \"PK\"");
    assert_eq!(message(b"\x7fELF"), r#"not a model file: it starts with "\x7fELF""#);
    assert_eq!(message(b"hello, text"), "not a model file: it starts with \"hell\"");
    assert_eq!(message(b"GG"), "not a model file: it starts with \"GG\"");
    assert_eq!(message(b"GGUF"), "truncated: the header ends at byte 8 but the file has 4");
    assert_eq!(
        bent(|file| file.version = 1),
        "a GGUF file of version 1; versions 2 and 3 can be read"
    );
    assert_eq!(bent(|file| file.version = 3 << 24), "a GGUF file for big-endian machines");
    assert_eq!(bent(|file| file.tensors.clear()), "it holds no tensors");
    assert_eq!(
        bent(|file| file.set("general.type", text("adapter\x1b["))),
        r"not a language model but a file of type adapter\u{1b}["
    );
}

#[test]
fn counts_and_lengths_over_their_limits() {
    let mut bytes = Fixture::good().bytes();
    bytes[8..16].fill(0x7f);
    assert_eq!(
        message(&bytes),
        "the header: the number of tensors is 9187201950435737471, more than 262144"
    );
    let mut bytes = Fixture::good().bytes();
    bytes[16..24].copy_from_slice(&65_536_u64.to_le_bytes());
    assert!(message(&bytes).starts_with("truncated: the header ends at byte 917528 but"));
    bytes[16..24].fill(0xff);
    assert_eq!(
        message(&bytes),
        "the header: the number of keys is 18446744073709551615, more than 65536"
    );
    assert_eq!(
        bent(|file| file.set("x", [&8_u32.to_le_bytes()[..], &[0xff; 8]].concat())),
        "the value of x: a string's length is 18446744073709551615, more than 1048576"
    );
    assert_eq!(
        bent(|file| file.set("x", array(8, 10_000_001, &[]))),
        "the value of x: the array's length is 10000001, more than 10000000"
    );
    assert!(
        bent(|file| file.set("x", array(8, 10_000_000, &[])))
            .starts_with("truncated: the value of x ends at byte 8000")
    );
    assert!(
        bent(|file| file.set("x", array(12, 10_000_000, &[])))
            .starts_with("truncated: the value of x ends at byte 8000")
    );
    let long = Entry::floats(&"n".repeat(64), 4);
    assert_eq!(second(long), "the entry of tensor 1: its name's length is 64, more than 63");
}

#[test]
fn a_header_longer_than_any_vocabulary() {
    let pair = |key: u8| [&1_u64.to_le_bytes()[..], &[key], &array(12, 10_000_000, &[])].concat();
    let (x, y) = (pair(b'x'), pair(b'y'));
    let start = [b"GGUF\x03\0\0\0", &1_u64.to_le_bytes()[..], &2_u64.to_le_bytes()].concat();
    let reader = start.as_slice().chain(&x[..]).chain(std::io::repeat(0).take(80_000_000));
    let reader = reader.chain(&y[..]).chain(std::io::repeat(0));
    assert_eq!(
        read(reader, u64::MAX).expect_err("too long").to_string(),
        "the value of y: the header's length up to here is 160000074, more than 134217728"
    );
}

#[test]
fn keys_that_cannot_be() {
    assert_eq!(
        bent(|file| file.keys.push(("general.name".into(), unsigned(1)))),
        "the key general.name is there twice"
    );
    assert_eq!(bent(|file| file.set("", unsigned(1))), "key 13: its name is not readable text");
    assert_eq!(
        bent(|file| file.set("x", unsigned(13)[4..].into())),
        "key x: 13 is no type of value"
    );
    assert_eq!(
        bent(|file| file.set("x", array(9, 1, &array(4, 0, &[])))),
        "key x: 9 is no type of value"
    );
    let mut bytes = Fixture::good().bytes();
    let at = bytes.windows(7).position(|window| window == b"general").expect("is there");
    bytes[at] = 0xff;
    assert_eq!(message(&bytes), "key 0: its name is not readable text");
}

#[test]
fn alignments_that_cannot_be() {
    let key = "general.alignment";
    for (alignment, good) in [(0, false), (1, true), (48, false), (64, true), (1 << 21, false)] {
        let mut file = Fixture::good();
        file.set(key, unsigned(alignment));
        file.alignment = usize::try_from(alignment.max(1)).unwrap();
        let result = read_bytes(&file.bytes());
        assert_eq!(result.is_ok(), good, "{result:?}");
    }
    assert_eq!(
        bent(|file| file.set(key, unsigned(48))),
        "general.alignment is 48, not a power of two up to 1048576"
    );
    assert_eq!(bent(|file| file.set(key, text("32"))), "the key general.alignment is not a number");
}

#[test]
fn keys_that_a_model_needs() {
    for key in [
        "general.architecture",
        "llama.context_length",
        "llama.embedding_length",
        "llama.block_count",
        "tokenizer.ggml.model",
        "tokenizer.ggml.tokens",
    ] {
        assert_eq!(bent(|file| file.unset(key)), format!("the key {key} is missing"));
    }
    for (key, value, expected) in [
        ("general.architecture", unsigned(1), "a name"),
        ("general.architecture", text(""), "a name"),
        ("llama.context_length", unsigned(0), "a number of tokens"),
        ("llama.context_length", unsigned(u32::MAX), "a number of tokens"),
        ("llama.embedding_length", text("8"), "a width"),
        ("llama.block_count", unsigned(513), "a number from 1 to 512"),
        ("tokenizer.ggml.model", unsigned(1), "a name"),
        ("tokenizer.ggml.tokens", array(4, 1, &[0; 4]), "an array of strings"),
        ("tokenizer.ggml.merges", unsigned(1), "an array of strings"),
        (
            "tokenizer.ggml.token_type",
            array(5, 2, &[0; 8]),
            "an array with an integer for each token",
        ),
        ("tokenizer.ggml.scores", array(0, 3, &[0; 3]), "an array with a number for each token"),
    ] {
        assert_eq!(bent(|file| file.set(key, value)), format!("the key {key} is not {expected}"));
    }
    let empty = bent(|file| {
        file.set("tokenizer.ggml.tokens", texts(&[]));
        file.unset("tokenizer.ggml.token_type");
    });
    assert_eq!(empty, "the key tokenizer.ggml.tokens is not a list of tokens");
}

#[test]
fn tensors_that_cannot_be() {
    let entry = Entry::floats("b", 4);
    assert_eq!(
        second(Entry::floats("token_embd.weight", 4)),
        "the tensor token_embd.weight is there twice"
    );
    assert_eq!(second(Entry { kind: 4, ..entry.clone() }), "tensor b: 4 is no type of tensor");
    assert_eq!(second(Entry { kind: 43, ..entry.clone() }), "tensor b: 43 is no type of tensor");
    assert_eq!(
        second(Entry { kind: 2, sizes: vec![33], ..entry.clone() }),
        "tensor b: rows of 33 elements do not divide into blocks of 32"
    );
    assert_eq!(
        second(Entry { sizes: vec![1; 5], ..entry.clone() }),
        "the entry of tensor b: the number of dimensions is 5, more than 4"
    );
    assert_eq!(
        second(Entry { name: vec![0xff], ..entry.clone() }),
        "the entry of tensor 1: its name is not readable text"
    );
    for offset in [0, 32, 65, 96, u64::MAX] {
        assert_eq!(
            second(Entry { offset: Some(offset), ..entry.clone() }),
            format!("tensor b: it starts at offset {offset} where 64 was expected")
        );
    }
}

#[test]
fn sizes_that_overflow() {
    let entry = Entry::floats("b", 4);
    let beyond = "tensor b: its sizes multiply beyond any file";
    for sizes in [
        vec![u64::MAX],
        vec![1 << 62],
        vec![1 << 32, 1 << 32],
        vec![1 << 32, 1 << 31],
        vec![1 << 32, 1 << 32, 1 << 32, 1 << 32],
        vec![1 << 32, 1 << 32, 0],
    ] {
        assert_eq!(second(Entry { sizes, ..entry.clone() }), beyond);
    }
    // Nothing overflows, the file is merely too short.
    let large = second(Entry { sizes: vec![1 << 40], ..entry });
    assert!(large.starts_with("truncated: tensor b ends at byte 439804651"), "{large}");
}

#[test]
fn a_cut_file_names_the_tensor() {
    let mut bytes = Fixture::good().bytes();
    let whole = bytes.len();
    bytes.pop();
    assert_eq!(
        message(&bytes),
        format!(
            "truncated: tensor output.weight ends at byte {whole} but the file has {}",
            whole - 1
        )
    );
}

#[test]
fn block_sizes_are_those_of_ggml() {
    // elements and bytes of `ggml_blck_size` and `ggml_type_size`
    let known = [(0, 1, 4), (1, 1, 2), (3, 32, 20), (8, 32, 34), (12, 256, 144), (14, 256, 210)];
    for (kind, elements, bytes) in known {
        assert_eq!(kind::block(kind), Some(kind::Block { elements, bytes }));
    }
    for withdrawn in [4, 5, 31, 32, 33, 36, 37, 38, 43, u32::MAX] {
        assert_eq!(kind::block(withdrawn), None);
    }
}

#[test]
fn a_reader_that_ends_before_its_file_is_an_error() {
    let bytes = Fixture::good().bytes();
    for cut in 1..bytes.len() - 100 {
        read(&bytes[..cut], bytes.len() as u64).expect_err("the reader ended early");
    }
}

proptest! {
    #[test]
    fn a_cut_file_is_never_taken(cut in 0_usize..Fixture::good().bytes().len()) {
        prop_assert!(read_bytes(&Fixture::good().bytes()[..cut]).is_err());
    }

    /// Whatever is overwritten, the answer is a header or one line of clean text.
    #[test]
    fn a_bent_file_never_panics(
        places in proptest::collection::vec((0.0..1.0_f64, any::<u8>()), 1..12),
        runs in proptest::collection::vec((0.0..1.0_f64, any::<u8>(), 1_usize..9), 0..3),
    ) {
        let mut bytes = Fixture::good().bytes();
        let last = bytes.len() - 1;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a small length")]
        let at = |share: f64| (share * last as f64) as usize;
        for (share, byte) in places {
            bytes[at(share)] = byte;
        }
        for (share, byte, count) in runs {
            let start = at(share);
            let end = (start + count).min(last);
            bytes[start..end].fill(byte);
        }
        if let Err(error) = read_bytes(&bytes) {
            let line = error.to_string();
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            prop_assert!(line.len() < 1000, "{line:?}");
        }
    }

    #[test]
    fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..400)) {
        let bytes = [b"GGUF\x03\0\0\0", &noise[..]].concat();
        prop_assert!(read_bytes(&bytes).is_err() || noise.len() > 100);
    }
}
