//! `models` from outside: what is on the machine, and what becomes of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;

use crate::home::Home;

fn tiny() -> &'static [u8] {
    include_bytes!("../fixtures/models/tiny.gguf")
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Ollama's directory in the user's home, with one model under a name that wants to drive a terminal.
fn ollama(home: &Home) {
    let hash = "a".repeat(64);
    let root = home.path("home/.ollama/models");
    let manifest = root.join("manifests/registry.ollama.ai/library/ti\u{1b}[31mny");
    fs::create_dir_all(&manifest).expect("directories");
    fs::create_dir_all(root.join("blobs")).expect("directories");
    let layer = format!(
        "{{\"layers\":[{{\"mediaType\":\"application/vnd.ollama.image.model\",\
         \"digest\":\"sha256:{hash}\"}}]}}"
    );
    fs::write(manifest.join("1b"), layer).expect("a file");
    fs::write(root.join(format!("blobs/sha256-{hash}")), tiny()).expect("a file");
}

#[test]
fn every_model_is_listed_clean_and_one_of_another_program_can_be_looked_into() {
    let home = Home::new();
    ollama(&home);
    fs::write(home.path("data/models/text.gguf"), "no\u{1b}[2Jmodel").expect("a file");
    let table = home.run(&["models", "list"]).exits(0);
    assert_eq!(table.stdout.lines().count(), 4, "{table:?}");
    assert!(!table.stdout.contains('\u{1b}'), "{table:?}");
    for word in ["SmolLM2-135M-Instruct.Q4_1", "Q4_1", "apache-2.0", "Ollama", "not a model file"] {
        assert!(table.stdout.contains(word), "{word}: {table:?}");
    }
    let listed = home.run(&["models", "list", "--json"]).exits(0);
    let listed = objects(&listed.stdout);
    let smol = listed.iter().find(|model| model["bytes"] == 98_362_432).expect("the real one");
    assert_eq!((&smol["context"], &smol["fits"]), (&8192.into(), &true.into()));
    let other = listed.iter().find(|model| model["from"] == "Ollama").expect("the other one");
    assert_eq!(other["name"], "tiny:1b");
    let info = home.run(&["models", "info", "tiny:1b"]).exits(0);
    assert!(!info.stdout.contains('\u{1b}'), "{info:?}");
    assert!(info.stdout.contains("architecture   llama"), "{info:?}");
    assert!(!home.had_an_engine());
}

#[test]
fn info_tells_of_template_tokenizer_and_tensors() {
    let home = Home::new();
    let name = "smollm2-135m-instruct";
    let info = home.run(&["models", "info", name]).exits(0).stdout;
    for line in ["quantisation   Q4_1", "tokenizer      gpt2, smollm, 49152 tokens", "272 tensors"]
    {
        assert!(info.contains(line), "{line}: {info}");
    }
    let template = home.run(&["models", "info", name, "--template"]).exits(0).stdout;
    assert!(template.contains("<|im_start|>"), "{template}");
    let json = objects(&home.run(&["models", "info", name, "--json"]).exits(0).stdout);
    let types = json[0]["tensors"].as_array().expect("types");
    let sum: u64 = types.iter().filter_map(|total| total["bytes"].as_u64()).sum();
    assert!((90_000_000..98_362_432).contains(&sum), "{json:?}");
    home.run(&["models", "info", "nothing"]).exits(2).says(&["no model `nothing`"]);
}

#[test]
fn the_real_model_is_verified_and_an_altered_one_is_not() {
    let home = Home::new();
    let good = home.run(&["models", "verify", "smollm2-135m-instruct"]).exits(0);
    assert!(good.stdout.contains("good, as the catalogue has it"), "{good:?}");
    let link = home.path("data/models/SmolLM2-135M-Instruct.Q4_1.gguf");
    let real = fs::read_link(&link).expect("a link");
    fs::remove_file(&link).expect("removed");
    let mut bytes = fs::read(real).expect("the model");
    *bytes.last_mut().expect("a byte") ^= 1;
    fs::write(&link, bytes).expect("altered");
    let bad = home.run(&["models", "verify", "smollm2-135m-instruct", "--json"]).exits(1);
    assert_eq!(objects(&bad.stdout)[0]["good"], false);
}

#[test]
fn a_model_is_taken_in_used_by_name_and_removed() {
    let home = Home::without_model();
    let file = home.path("tiny.gguf");
    fs::write(&file, tiny()).expect("a file");
    let path = file.display().to_string();
    home.run(&["models", "import", "--link", &path]).exits(0);
    home.run(&["models", "import", &path]).exits(2).says(&["is there already"]);
    home.run(&["models", "rm", &path]).exits(2).says(&["is not in the directory of models"]);
    let gone = home.run(&["models", "rm", "tiny", "--json"]).exits(0);
    assert_eq!(objects(&gone.stdout)[0]["type"], "removed");
    assert!(file.exists() && !home.path("data/models/tiny.gguf").exists());
    symlink(&file, home.path("data/models/link.gguf")).expect("a link");
    home.run(&["models", "rm", "link"]).exits(0);
    assert!(file.exists() && !home.path("data/models/link.gguf").is_symlink());
    let none = home.run(&["models", "list"]).exits(0).answers_nothing();
    none.says(&["no model in"]);
}

#[test]
fn fit_gives_numbers_that_add_up() {
    let home = Home::new();
    let fit = |args: &[&str]| {
        let args = [&["models", "fit", "smollm2-135m-instruct", "--json"], args].concat();
        objects(&home.run(&args).exits(0).stdout).remove(0)
    };
    let default = fit(&[]);
    let number = |fit: &Value, key: &str| fit[key].as_u64().expect("a number");
    let parts = ["weight_bytes", "context_bytes", "compute_bytes"];
    let sum: u64 = parts.iter().map(|key| number(&default, key)).sum();
    assert_eq!((sum, &default["fits"]), (number(&default, "bytes"), &true.into()));
    // 30 blocks, 3 heads of 64 for keys and as many for values, two bytes each.
    assert_eq!(number(&default, "context_bytes"), 4096 * 30 * 3 * 128 * 2);
    let less = fit(&["--ctx", "1024"]);
    assert_eq!(number(&less, "context_bytes") * 4, number(&default, "context_bytes"));
    assert_eq!(default["largest_n_ctx"], 8192);
    assert!(default["decode_tps_at_most"].as_f64().expect("a number") > 0.0);
    assert!(Path::new(PROC).exists() && number(&default, "usable_bytes") > 0);
}

const PROC: &str = "/proc/meminfo";

#[test]
fn a_model_that_does_not_fit_is_refused_before_an_engine_is_started() {
    let home = Home::new();
    let config = "[engine]\nkeep_alive = \"0s\"\npool_tokens = 2000000000\n";
    fs::write(home.path("config/config.toml"), config).expect("a file");
    let ran = home.run(&["ask", "Hi"]).exits(1).answers_nothing();
    ran.says(&[
        "the model takes 52 TB",
        "for 2000000000 tokens of context",
        "may be used",
        "hint: ",
    ]);
    assert!(!home.had_an_engine());
}
