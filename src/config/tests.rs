//! The samples under `tests/fixtures/config`, and what layers make of each other.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::chat::CacheType;
use crate::chat::Compute;
use crate::chat::FlashAttention;
use crate::chat::GpuLayers;
use crate::chat::Mode;
use crate::chat::PrivacyClass;
use crate::chat::Sampling;

fn samples(kind: &str) -> Vec<(String, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config").join(kind);
    let mut paths: Vec<PathBuf> = fs::read_dir(dir)
        .expect("the samples")
        .map(|entry| entry.expect("a sample").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(path).expect("a sample is UTF-8"))
    };
    paths.into_iter().map(read).collect()
}

fn settle(texts: &[&str]) -> Result<Settings, ConfigError> {
    let layers: Result<Vec<Layer>, ConfigError> =
        texts.iter().map(|text| Layer::parse("config.toml", text)).collect();
    Settings::from_layers(&layers?, &Env::default())
}

fn valid(name: &str) -> Settings {
    let (_, text) =
        samples("valid").into_iter().find(|(sample, _)| sample == name).expect("the sample");
    settle(&[&text]).expect(name)
}

#[test]
fn every_invalid_sample_is_refused_in_words() {
    let mut all = String::new();
    for (name, text) in samples("invalid") {
        let error = settle(&[&text]).expect_err(&name);
        let hint = error.hint.as_deref().map_or(String::new(), |hint| format!("\n  hint: {hint}"));
        writeln!(all, "{name}\n  {error}{hint}").expect("a string takes it");
    }
    insta::assert_snapshot!("invalid", all);
}

#[test]
fn no_message_repeats_a_password_or_a_control_character() {
    for (name, text) in samples("invalid") {
        let error = settle(&[&text]).expect_err(&name);
        let said = format!("{error}{}", error.hint.clone().unwrap_or_default());
        assert!(!said.contains("hunter2"), "{name}: {said}");
        assert!(!said.contains(char::is_control), "{name}: {said:?}");
        assert!(error.place.is_some(), "{name} names no place");
    }
}

#[test]
fn every_valid_sample_resolves() {
    for (name, text) in samples("valid") {
        let settings = settle(&[&text]).expect(&name);
        assert!(settings.profiles.contains_key(&settings.default_profile), "{name}");
        settings.profile(None).expect(&name);
    }
}

#[test]
fn how_a_model_is_laid_out_is_taken_from_what_a_profile_extends() {
    let settings = valid("compute");
    let expected = Compute {
        cache_k: CacheType::Q8_0,
        cache_v: CacheType::Q8_0,
        flash_attention: FlashAttention::On,
        gpu_layers: GpuLayers::All,
        mmap: false,
        repack: false,
    };
    assert_eq!(settings.profiles["small"].compute, expected);
    let base = settings.profiles["base"].compute;
    assert_eq!((base.gpu_layers, base.cache_k), (GpuLayers::First(0), CacheType::F16));
}

#[test]
fn the_whole_sample_means_what_it_says() {
    let settings = valid("whole");
    assert_eq!(settings.theme, "dark");
    assert_eq!(settings.engine.keep_alive, Some(Duration::from_mins(5)));
    assert_eq!(
        settings.profile(None).expect("the default"),
        Profile {
            name: "quick".to_owned(),
            mode: Mode::PreferLocal,
            model: DEFAULT_MODEL.to_owned(),
            endpoints: vec!["lan".to_owned()],
            privacy: PrivacyClass::Open,
            system: Some("Answer briefly.".to_owned()),
            n_ctx: 4096,
            threads: Threads::Auto,
            compute: Compute::default(),
            sampling: Sampling { temp: 0.7, seed: Some(7), ..Sampling::default() },
            slo: Slo::default(),
            on_full: OnFull::Ask,
            max_tokens: Some(256),
            stop: vec!["###".to_owned()],
        }
    );
    assert_eq!(
        settings.endpoints["lan"],
        Endpoint {
            name: "lan".to_owned(),
            protocol: Protocol::OpenAi,
            base_url: "http://127.0.0.1:8080/v1".to_owned(),
            model: Some("smollm2".to_owned()),
            key: KeySource::Env("LAN_API_KEY".to_owned()),
            n_ctx: None,
            price: None,
            ca_file: None,
            proxy: None,
            headers: Vec::new(),
            allow_http: false,
        }
    );
}

#[test]
fn without_a_file_everything_is_built_in() {
    let settings = settle(&[]).expect("nothing to refuse");
    assert_eq!(settings.profile(None).expect("built in"), Profile::built_in("default"));
    assert_eq!(settings.engine, EngineSettings::default());
    let profile = Profile::built_in("default");
    assert_eq!((profile.mode, profile.privacy), (Mode::PreferLocal, PrivacyClass::LocalOnly));
    assert_eq!((profile.model.as_str(), profile.n_ctx), ("smollm2-135m-instruct", 4096));
}

#[test]
fn a_chain_of_profiles_is_laid_over_key_by_key() {
    let a = valid("extends_chain").profile(Some("a")).expect("a");
    assert_eq!(a.model, "./b.gguf");
    assert_eq!(a.threads, Threads::Fixed(3));
    let expected = Sampling {
        temp: 0.0,
        top_k: 16,
        top_p: 1.0,
        min_p: 0.0,
        seed: Some(0),
        ..Sampling::default()
    };
    assert_eq!(a.sampling, expected);
    assert_eq!(valid("no_system_prompt").profile(Some("plain")).expect("plain").system, None);
}

#[test]
fn endpoints_keep_their_order_and_their_key_sources() {
    let settings = valid("endpoints");
    assert_eq!(settings.profile(None).expect("default").endpoints, ["six", "cloud"]);
    let key = |name: &str| settings.endpoints[name].key.clone();
    assert_eq!(key("cloud"), KeySource::Command(vec!["pass".to_owned(), "cloud".to_owned()]));
    assert_eq!(key("ring"), KeySource::Keyring);
    assert_eq!(key("none"), KeySource::None);
}

#[test]
fn a_stronger_layer_wins_key_by_key() {
    let weak = "theme = \"dark\"\n[engine]\nmax_turns = 2\nkv_disk_gb = 1\nkv_ram_gb = 2\n\
                [profiles.quick]\nn_ctx = 512\nmode = \"local-only\"\n";
    let strong = "[engine]\nmax_turns = 3\n[profiles.quick]\nn_ctx = 1024\n";
    let settings = settle(&[weak, strong]).expect("valid");
    assert_eq!(settings.theme, "dark");
    assert_eq!((settings.engine.max_turns, settings.engine.kv_disk_gb), (3, 1));
    assert_eq!(settings.engine.kv_ram, KvRam::Gigabytes(2));
    let quick = settings.profile(Some("quick")).expect("quick");
    assert_eq!((quick.n_ctx, quick.mode), (1024, Mode::LocalOnly));
}

#[test]
fn an_address_from_one_layer_never_meets_a_key_from_another() {
    let weak = "[endpoints.lan]\nprotocol = \"openai\"\nbase_url = \"https://a.example\"\n\
                key_env = \"A\"\n";
    let strong = "[endpoints.lan]\nprotocol = \"openai\"\nbase_url = \"https://b.example\"\n";
    let settings = settle(&[weak, strong]).expect("valid");
    assert_eq!(settings.endpoints["lan"].base_url, "https://b.example");
    assert_eq!(settings.endpoints["lan"].key, KeySource::None);
}

#[test]
fn a_profile_that_does_not_exist_gets_the_nearest() {
    let settings = valid("whole");
    let error = settings.profile(Some("quikc")).expect_err("no such profile");
    assert_eq!(error.to_string(), "no profile `quikc`");
    assert_eq!(error.hint.as_deref(), Some("did you mean `quick`?"));
    let error = settings.profile(Some("unheard-of")).expect_err("no such profile");
    assert_eq!(error.hint.as_deref(), Some("there are base, default, quick"));
}

#[test]
fn flags_win_over_the_profile() {
    let settings = valid("whole");
    let flags = Overrides {
        mode: Some(Mode::LocalOnly),
        model: Some("other".to_owned()),
        system: Some(String::new()),
        max_tokens: Some(9),
        temp: Some(0.0),
        seed: Some(3),
        stop: vec!["END".to_owned()],
        ..Overrides::default()
    };
    let profile = settings.select(None, &flags).expect("quick");
    assert_eq!((profile.mode, profile.model.as_str()), (Mode::LocalOnly, "other"));
    assert_eq!((profile.system.as_deref(), profile.max_tokens), (None, Some(9)));
    assert_eq!((profile.sampling.seed, profile.stop.len()), (Some(3), 1));
    assert!(profile.sampling.temp.abs() < f32::EPSILON);
    let unchanged = settings.select(None, &Overrides::default()).expect("quick");
    assert_eq!(unchanged, settings.profile(None).expect("quick"));
    let flags = Overrides { endpoint: Some("lann".to_owned()), ..Overrides::default() };
    let error = settings.select(None, &flags).expect_err("no such endpoint");
    assert_eq!(error.hint.as_deref(), Some("did you mean `lan`?"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(\\[|\\]|=|\"|[a-z_]{1,8}|[0-9.-]{1,4}|\n|é|\\PC){0,40}") {
        // Refused or not: what counts is that it returns, and that a refusal is one line.
        if let Err(error) = settle(&[&text]) {
            proptest::prop_assert!(!error.to_string().contains('\n'));
        }
    }
}

#[test]
fn the_published_examples_load_alone_and_together() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let mut all = String::new();
    for entry in fs::read_dir(assets.join("profiles")).expect("examples") {
        let path = entry.expect("an example").path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("an example is UTF-8");
        let settings = settle(&[&text]).expect("an example loads");
        let name = path.file_stem().expect("a name").to_string_lossy();
        settings.profile(Some(&name)).expect("it has the profile that it is named for");
        all.push_str(&text);
    }
    settle(&[&all]).expect("all at once load");
    settle(&[&fs::read_to_string(assets.join("config.toml")).expect("UTF-8")]).expect("loads");
}

#[test]
fn every_key_is_shown_with_its_place() {
    let text = "default_profile = \"p\"\ntheme = \"dark\"\n[chat]\nlanguage = \"de\"\nmouse = true\n\
                inline = false\nsidebar = true\nprint_on_exit = true\n[engine]\nkeep_alive = \"90s\"\n\
                pool_tokens = 9\nmax_turns = 2\nprefill_ahead = false\nkv_disk_gb = 1\n\
                [profiles.base]\nn_ctx = 512\n\
                [profiles.p]\nextends = \"base\"\nmode = \"auto\"\nmodel = \"m\"\nendpoint = \"e\"\n\
                privacy = \"open\"\nsystem = \"s\"\nthreads = 2\non_full = \"stop\"\n\
                max_tokens = 5\nstop = [\"a\"]\nsampling = { temp = 0.5, top_k = 1, top_p = 0.5, \
                min_p = 0.1, repeat_penalty = 1.5, seed = 3 }\nslo = { ttft_ms = 5, tbt_ms = 6 }\n\
                [endpoints.e]\nprotocol = \"openai\"\nbase_url = \"http://h\"\nmodel = \"r\"\n\
                key_command = [\"pass\", \"hunter2\"]\n";
    let shown = settle(&[text]).expect("valid").shown();
    let line = |shown: &Shown| {
        let value = shown.value.as_deref().unwrap_or("-");
        format!("{} {} = {value} # {}\n", shown.table, shown.key, shown.origin)
    };
    let ours = shown.iter().filter(|shown| !shown.table.ends_with(".default"));
    let all: String = ours.map(line).collect();
    insta::assert_snapshot!("shown", all);
    assert!(!all.contains("hunter2"), "{all}");
    // What is shown means the same when it is read again.
    for key in keys::KEYS {
        let name = key.path.rsplit_once("*.").map_or(key.path, |(_, name)| name);
        let hidden = matches!(key.takes, keys::Takes::Table)
            || ["extends", "key_env", "keyring"].contains(&name);
        let full = |shown: &Shown| match shown.table.as_str() {
            "engine" | "chat" => format!("{}.{}", shown.table, shown.key),
            _ => shown.key.to_owned(),
        };
        assert!(hidden || shown.iter().any(|shown| full(shown) == name), "{name} is not shown");
    }
}

#[test]
fn an_endpoint_has_a_way_and_a_price() {
    let endpoint = valid("endpoint_whole").endpoints.remove("lan").expect("lan");
    assert_eq!(endpoint.key, KeySource::Command(vec!["pass".into(), "lan".into()]));
    assert_eq!((endpoint.n_ctx, endpoint.allow_http), (Some(32_768), true));
    assert_eq!(endpoint.price, Some(Price { input: 3.0, output: 15.0 }));
    assert_eq!(endpoint.ca_file.as_deref(), Some("~/lan.pem"));
    assert_eq!(endpoint.proxy.as_deref(), Some("http://proxy:3128"));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(endpoint.headers, [pair("x-title", "notes"), pair("x-empty", "")]);
}
