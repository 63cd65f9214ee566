//! What this program was built with, and whether that fits this machine's processor.

use serde_json::json;

use super::Check;
use super::Ground;
use super::Verdict;
use crate::cli::models::workshop;
use crate::cli::prepare::gpu_backends;
use crate::models;
use crate::models::Device;
use crate::text::bytes;

/// A vector unit: its name, whether the kernels were built for it, whether the processor has it.
type Unit = (&'static str, bool, bool);

/// Checks the build.
pub(super) fn checks(ground: Ground<'_>) -> Vec<Check> {
    let gpus = gpu_backends();
    let found =
        if gpus.is_empty() { "none: answers come from the CPU".into() } else { gpus.join(", ") };
    let backends = Check {
        key: "gpu_backends".into(),
        name: "GPU backends".into(),
        verdict: Verdict::Ok,
        found,
        value: json!(gpus),
        source: None,
        hint: None,
    };
    let mut checks = vec![version(), backends, kernels(&units())];
    checks.extend(devices(ground));
    checks
}

fn version() -> Check {
    let kind = if cfg!(debug_assertions) { " (a debug build: slow)" } else { "" };
    Check {
        key: "version".into(),
        name: "edgewise".into(),
        verdict: if cfg!(debug_assertions) { Verdict::Warning } else { Verdict::Ok },
        found: format!("{}{kind}", env!("CARGO_PKG_VERSION")),
        value: json!(env!("CARGO_PKG_VERSION")),
        source: None,
        hint: cfg!(debug_assertions).then(|| "cargo build --release".to_owned()),
    }
}

/// Lists what the build can compute on, with its memory; asked in a process of its own, for a driver
/// may end the one that it is in.
fn devices(ground: Ground<'_>) -> Vec<Check> {
    let check = |key: String, name: String, verdict, found: String| Check {
        value: json!(found),
        key,
        name,
        verdict,
        found,
        source: None,
        hint: None,
    };
    let listed = workshop(ground.env).and_then(|workshop| models::devices(&workshop));
    let listed = match listed {
        Ok(listed) => listed,
        Err(error) => {
            let failed =
                check("devices".into(), "devices".into(), Verdict::Failure, error.to_string());
            return vec![failed];
        }
    };
    let mut checks: Vec<Check> = listed
        .iter()
        .map(|device| {
            let memory =
                format!("{} free of {}", bytes(device.free_bytes), bytes(device.total_bytes));
            let found = format!("{}, {}, {memory}", device.description, device.kind);
            check(format!("device:{}", device.name), device.name.clone(), Verdict::Ok, found)
        })
        .collect();
    if !gpu_backends().is_empty() && !listed.iter().any(Device::is_gpu) {
        let found = "no GPU that this build can use: answers come from the CPU".to_owned();
        let mut none = check("gpu".into(), "GPU".into(), Verdict::Warning, found);
        none.hint = Some("look at its driver; --require-gpu refuses the CPU".to_owned());
        checks.push(none);
    }
    checks
}

/// Says which units the kernels use: ggml is compiled for the same processor as this program.
fn kernels(units: &[Unit]) -> Check {
    let names = |wanted: fn(&Unit) -> bool| -> Vec<&'static str> {
        units.iter().filter(|unit| wanted(unit)).map(|(name, ..)| *name).collect()
    };
    let used = names(|(_, built, _)| *built);
    let idle = names(|(_, built, has)| *has && !*built);
    let missing = names(|(_, built, has)| *built && !*has);
    let (verdict, hint) = match (missing.as_slice(), idle.as_slice()) {
        ([], []) => (Verdict::Ok, None),
        ([], idle) => {
            let hint = format!("built without {}: build it on this machine", idle.join(", "));
            (Verdict::Warning, Some(hint))
        }
        (missing, _) => {
            let hint = format!("this processor has no {}: build it here", missing.join(", "));
            (Verdict::Failure, Some(hint))
        }
    };
    Check {
        key: "cpu_kernels".into(),
        name: "CPU kernels".into(),
        verdict,
        found: if used.is_empty() { "plain".to_owned() } else { used.join(", ") },
        value: json!({ "used": used, "idle": idle }),
        source: None,
        hint,
    }
}

#[cfg(target_arch = "x86_64")]
fn units() -> Vec<Unit> {
    macro_rules! unit {
        ($name:tt) => {
            ($name, cfg!(target_feature = $name), std::arch::is_x86_feature_detected!($name))
        };
    }
    vec![
        unit!("avx"),
        unit!("f16c"),
        unit!("fma"),
        unit!("avx2"),
        unit!("avxvnni"),
        unit!("avx512f"),
        unit!("avx512vnni"),
        unit!("avx512bf16"),
    ]
}

#[cfg(target_arch = "aarch64")]
fn units() -> Vec<Unit> {
    macro_rules! unit {
        ($name:tt) => {
            ($name, cfg!(target_feature = $name), std::arch::is_aarch64_feature_detected!($name))
        };
    }
    vec![unit!("neon"), unit!("dotprod"), unit!("i8mm"), unit!("sve")]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn units() -> Vec<Unit> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_for_another_processor_is_named() {
        let check = kernels(&[("avx2", true, true), ("fma", true, true)]);
        assert_eq!((check.verdict, check.found.as_str()), (Verdict::Ok, "avx2, fma"));
        let idle = kernels(&[("avx2", true, true), ("avx512f", false, true)]);
        assert_eq!(idle.verdict, Verdict::Warning);
        assert!(idle.hint.expect("a hint").contains("avx512f"));
        let missing = kernels(&[("avx2", true, false)]);
        assert_eq!(missing.verdict, Verdict::Failure);
        assert_eq!(kernels(&[("sve", false, false)]).found, "plain");
    }
}
