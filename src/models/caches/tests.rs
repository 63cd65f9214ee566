//! Caches as other programs leave them, made for each test.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::*;
use crate::config::Paths;
use crate::models::Keeper;
use crate::models::ModelError;
use crate::models::locate;
use crate::models::stock;

const TINY: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/models/tiny.gguf"));

/// A home with all four caches, and two models of our own.
fn home() -> (tempfile::TempDir, Paths) {
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path().canonicalize().expect("it is there");
    let put = |path: &str, bytes: &[u8]| -> PathBuf {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(&path, bytes).expect("a file");
        path
    };
    let hash = |digit: &str| digit.repeat(64);
    put("models/own.Q4_1.gguf", TINY);
    put("models/mmproj-own.gguf", TINY);
    // Ollama
    let manifest = |model: &str| {
        format!(
            "{{\"schemaVersion\":2,\"config\":{{}},\"layers\":[\
             {{\"mediaType\":\"application/vnd.ollama.image.template\",\"digest\":\"sha256:x\"}},\
             {{\"mediaType\":\"application/vnd.ollama.image.model\",\"digest\":\"sha256:{model}\",\
             \"size\":9}},{{\"mediaType\":\"application/vnd.ollama.image.license\",\
             \"digest\":\"sha256:{}\"}}]}}",
            hash("b")
        )
    };
    let library = "ollama/manifests/registry.ollama.ai/library";
    put(&format!("{library}/qwen3/0.6b"), manifest(&hash("a")).as_bytes());
    put(&format!("{library}/gone/latest"), manifest(&hash("d")).as_bytes());
    put(&format!("{library}/evil/latest"), manifest("../../../etc/passwd").as_bytes());
    put(&format!("{library}/broken/latest"), b"{");
    put("ollama/manifests/registry.ollama.ai/me/mine/v1", manifest(&hash("a")).as_bytes());
    put("ollama/manifests/hub.example/org/repo/Q8_0", manifest(&hash("a")).as_bytes());
    put(&format!("ollama/blobs/sha256-{}", hash("a")), TINY);
    put(&format!("ollama/blobs/sha256-{}", hash("b")), b"\n  Apache License \x1b[31m2.0\nmore\n");
    // LM Studio
    put("lmstudio/pub/Repo-GGUF/model-Q4_K_M.gguf", TINY);
    put("lmstudio/pub/Repo-GGUF/big-Q8_0-00001-of-00002.gguf", TINY);
    put("lmstudio/pub/Repo-GGUF/big-Q8_0-00002-of-00002.gguf", b"123");
    // Hugging Face
    let blob = put(&format!("hub/models--org--Repo/blobs/{}", hash("c")), TINY);
    put("hub/models--org--Repo/refs/main", b"abc123\n");
    let snapshot = root.join("hub/models--org--Repo/snapshots/abc123");
    fs::create_dir_all(&snapshot).expect("a directory");
    fs::create_dir_all(root.join("hub/models--org--Repo/snapshots/fff")).expect("a directory");
    symlink(blob, snapshot.join("Repo.Q5_K_M.gguf")).expect("a link");
    symlink("../../blobs/none", snapshot.join("Dangling.Q8_0.gguf")).expect("a link");
    put("hub/models--org--Text/snapshots/1/model.safetensors", b"");
    // llama.cpp
    put("llama.cpp/org_Other_other-q4_0.gguf", TINY);
    put("llama.cpp/org_Other_other-q4_0.gguf.json", b"{}");
    let apps = AppDirs {
        ollama: vec![root.join("ollama"), root.join("nowhere")],
        lm_studio: vec![root.join("lmstudio")],
        hub: vec![root.join("hub")],
        llama_cpp: vec![root.join("llama.cpp")],
    };
    (dir, Paths { data: root, apps, ..Paths::default() })
}

#[test]
fn every_cache_is_read_in_place() {
    let (_dir, paths) = home();
    let found = stock(&paths);
    let facts: Vec<(Keeper, &str, (u32, u32), u64)> = found
        .iter()
        .map(|model| (model.keeper, model.name.as_str(), model.parts, model.bytes))
        .collect();
    let tiny = TINY.len() as u64;
    assert_eq!(
        facts,
        [
            (Keeper::Own, "own.Q4_1", (1, 1), tiny),
            (Keeper::Ollama, "hub.example/org/repo:Q8_0", (1, 1), tiny),
            (Keeper::Ollama, "me/mine:v1", (1, 1), tiny),
            (Keeper::Ollama, "qwen3:0.6b", (1, 1), tiny),
            (Keeper::LmStudio, "pub/Repo-GGUF:Q4_K_M", (1, 1), tiny),
            (Keeper::LmStudio, "pub/Repo-GGUF:Q8_0", (2, 2), tiny + 3),
            (Keeper::Hub, "org/Repo:Q5_K_M", (1, 1), tiny),
            (Keeper::LlamaCpp, "org_Other_other-q4_0", (1, 1), tiny),
        ]
    );
    let qwen = found.iter().find(|model| model.name == "qwen3:0.6b").expect("found");
    assert_eq!(qwen.sha256.as_deref(), Some("a".repeat(64).as_str()));
    assert_eq!(qwen.licence.as_deref(), Some("Apache License \u{1b}[31m2.0"));
    let hub = found.iter().find(|model| model.keeper == Keeper::Hub).expect("found");
    assert_eq!(hub.sha256.as_deref(), Some("c".repeat(64).as_str()));
}

#[test]
fn a_model_of_another_program_can_be_used_by_its_name() {
    let (_dir, paths) = home();
    for name in ["qwen3:0.6b", "QWEN3:0.6B", "me/mine:v1", "org/repo:q5_k_m", "org/Repo"] {
        let model = locate(name, &paths).expect(name);
        assert_eq!((model.name.as_str(), model.bytes), (name, TINY.len() as u64));
        assert!(model.path.is_absolute() && !model.path.is_symlink());
    }
    let error = locate("pub/Repo-GGUF", &paths).expect_err("two of them");
    assert!(matches!(error, ModelError::Invalid { .. }), "{error:?}");
    assert!(error.to_string().contains("pub/Repo-GGUF:Q4_K_M, pub/Repo-GGUF:Q8_0"), "{error}");
    let ModelError::Missing { hint, .. } = locate("org/Repo:Q5_K_L", &paths).expect_err("none")
    else {
        panic!("not missing")
    };
    assert_eq!(hint, "did you mean `org/Repo:Q5_K_M`?");
}

#[test]
fn a_model_with_a_missing_part_is_not_begun() {
    let (dir, paths) = home();
    let part = "lmstudio/pub/Repo-GGUF/big-Q8_0-00002-of-00002.gguf";
    fs::remove_file(dir.path().join(part)).expect("removed");
    let error = locate("pub/Repo-GGUF:Q8_0", &paths).expect_err("a part is missing");
    assert!(error.to_string().contains("1 of 2 files"), "{error}");
}
