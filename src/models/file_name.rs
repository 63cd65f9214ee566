//! What the name of a model file says: its quantisation, and its place among several.

/// A file of a model in several: `NAME-00002-of-00005.gguf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// The name without the numbers.
    pub(super) base: &'a str,
    /// Its number, from 1.
    pub(super) number: u32,
    /// How many there are.
    pub(super) of: u32,
}

/// Reads the numbers of a part from a file's stem.
pub(super) fn part(stem: &str) -> Option<Part<'_>> {
    let (rest, of) = stem.rsplit_once("-of-")?;
    let (base, number) = rest.rsplit_once('-')?;
    let read = |digits: &str| {
        (digits.len() == 5 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| digits.parse::<u32>().ok())?
    };
    let (number, of) = (read(number)?, read(of)?);
    (1..=of).contains(&number).then_some(Part { base, number, of })
}

/// Returns the stems of all parts that belong to `part`, in order.
pub(super) fn stems(part: Part<'_>) -> impl Iterator<Item = String> {
    (1..=part.of).map(move |number| format!("{}-{number:05}-of-{:05}", part.base, part.of))
}

/// Finds the quantisation in a file's stem, as it is written there.
pub(super) fn quantisation(stem: &str) -> Option<&str> {
    let stem = part(stem).map_or(stem, |part| part.base);
    stem.rsplit(['-', '.']).find(|word| {
        let upper = word.to_ascii_uppercase();
        let rest = ["IQ", "TQ", "Q"].iter().find_map(|start| upper.strip_prefix(start));
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            || ["F16", "BF16", "F32", "MXFP4", "FP16"].contains(&upper.as_str())
    })
}

/// Takes a name that somebody else chose for a file of ours: one part of a path, that hides
/// nothing and surprises no tool, and ends like a model file.
///
/// # Errors
/// One line that says what is wrong with it.
pub(super) fn safe(name: &str) -> Result<String, String> {
    let refuse = |why: &str| {
        let shown: String = name.chars().take(80).flat_map(char::escape_debug).collect();
        Err(format!("the file name \"{shown}\" {why}"))
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+() ".contains(c);
    if name.len() > 200 {
        return refuse("is too long");
    }
    if !name.chars().all(plain) {
        return refuse("has characters that a model's has not");
    }
    if name.starts_with(['.', '-', ' ']) || name.contains("..") {
        return refuse("begins or goes on as a model's does not");
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    if !ending.is_some_and(|ending| ending.eq_ignore_ascii_case("gguf")) {
        return refuse("does not end in .gguf");
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_somebody_elses_is_one_plain_word() {
        for good in ["a.gguf", "Qwen3-0.6B-Q8_0.gguf", "m-00001-of-00002.gguf", "a b (1).GGUF"] {
            assert_eq!(safe(good).as_deref(), Ok(good));
        }
        for evil in [
            "",
            ".gguf",
            "..",
            "../a.gguf",
            "a/b.gguf",
            "/etc/passwd.gguf",
            "a\\b.gguf",
            "-rf.gguf",
            "a\0.gguf",
            "a\n.gguf",
            "\u{1b}[31m.gguf",
            "a..gguf",
            "a.gguf.sh",
            "C:a.gguf",
            "a",
            ".hidden.gguf",
            "\u{202e}fugg.a.gguf",
            " a.gguf",
            "~a.gguf",
            "$(a).gguf",
        ] {
            let error = safe(evil).expect_err(evil);
            assert!(!error.contains(char::is_control), "{error:?}");
        }
        assert!(safe(&format!("{}.gguf", "a".repeat(300))).is_err());
    }

    #[test]
    fn a_name_tells_its_quantisation_and_its_place() {
        let table = [
            ("SmolLM2-135M-Instruct.Q4_1", Some("Q4_1"), None),
            ("qwen2.5-0.5b-instruct-q4_k_m", Some("q4_k_m"), None),
            ("gemma-3-1b-it-IQ4_XS", Some("IQ4_XS"), None),
            ("model-bf16-00002-of-00003", Some("bf16"), Some((2, 3))),
            ("Qwen3-0.6B", None, None),
            ("quick", None, None),
            ("a-00004-of-00003", None, None),
            ("a-1-of-3", None, None),
        ];
        for (stem, quant, numbers) in table {
            assert_eq!(quantisation(stem), quant, "{stem}");
            assert_eq!(part(stem).map(|part| (part.number, part.of)), numbers, "{stem}");
        }
        let all: Vec<String> = stems(part("m-00001-of-00002").expect("a part")).collect();
        assert_eq!(all, ["m-00001-of-00002", "m-00002-of-00002"]);
    }
}
