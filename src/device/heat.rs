//! How warm the machine is, and how often it slowed itself down for it.

use crate::chat::Heat;
use crate::device::files::Files;

const ZONES: &str = "sys/class/thermal";
const PROCESSORS: &str = "sys/devices/system/cpu";

/// The most trip points of a zone (kernel: `THERMAL_MAX_TRIPS` was 12 while there was a limit).
const TRIPS: usize = 12;

/// Nothing that computes is hotter or colder; sensors that are not there report such figures.
const PLAUSIBLE: std::ops::Range<f32> = -40.0..150.0;

/// What the thermal zones say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Warmth {
    /// The hottest zone, in degrees Celsius.
    pub(super) celsius: Option<f32>,
    /// The worst that any zone amounts to.
    pub(super) heat: Option<Heat>,
}

/// Reads every thermal zone (kernel: sysfs-class-thermal). A zone without trip points tells its
/// temperature and nothing of what it means.
pub(super) fn read(files: &Files) -> Warmth {
    let names = files.names(ZONES).unwrap_or_default();
    let zones = names.iter().filter(|name| name.starts_with("thermal_zone"));
    zones.fold(Warmth::default(), |worst, name| {
        let folder = format!("{ZONES}/{name}");
        let Some(celsius) = celsius(files, &format!("{folder}/temp")) else { return worst };
        Warmth {
            celsius: Some(worst.celsius.map_or(celsius, |other| other.max(celsius))),
            heat: worst.heat.max(meaning(files, &folder, celsius)),
        }
    })
}

/// Returns what a temperature means by the zone's own trip points; `None` without any.
fn meaning(files: &Files, folder: &str, celsius_now: f32) -> Option<Heat> {
    let trips = (0..TRIPS).filter_map(|trip| {
        let point = format!("{folder}/trip_point_{trip}");
        let limit = celsius(files, &format!("{point}_temp")).filter(|limit| *limit > 0.0)?;
        let reached = match files.read(format!("{point}_type"))?.trim() {
            "critical" | "hot" => Heat::Critical,
            "passive" => Heat::Hot,
            _ => Heat::Cool,
        };
        Some(if celsius_now >= limit { reached } else { Heat::Cool })
    });
    trips.max()
}

/// Reads thousandths of a degree.
fn celsius(files: &Files, path: &str) -> Option<f32> {
    let thousandths: i32 = files.read(path)?.trim().parse().ok()?;
    let celsius = thousandths as f32 / 1000.0;
    PLAUSIBLE.contains(&celsius).then_some(celsius)
}

/// Returns how often the cores slowed down for their heat since the machine started (x86 only).
pub(super) fn throttles(files: &Files) -> Option<u64> {
    let names = files.names(PROCESSORS)?;
    let counts = names.iter().filter_map(|name| {
        files.number(format!("{PROCESSORS}/{name}/thermal_throttle/core_throttle_count"))
    });
    counts.reduce(u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::files;

    fn zones(temperature: &str) -> Warmth {
        let zone = |file: &str| format!("{ZONES}/thermal_zone0/{file}");
        let (_keep, files) = files::tree(&[
            (&zone("temp"), temperature),
            (&zone("trip_point_0_type"), "active\n"),
            (&zone("trip_point_0_temp"), "40000\n"),
            (&zone("trip_point_1_type"), "passive\n"),
            (&zone("trip_point_1_temp"), "85000\n"),
            (&zone("trip_point_2_type"), "critical\n"),
            (&zone("trip_point_2_temp"), "100000\n"),
            (&format!("{ZONES}/thermal_zone1/temp"), "31000\n"),
            (&format!("{ZONES}/cooling_device0/temp"), "99000\n"),
        ]);
        read(&files)
    }

    #[test]
    fn heat_is_what_the_machine_says_of_itself() {
        let warm = |celsius, heat| Warmth { celsius: Some(celsius), heat: Some(heat) };
        assert_eq!(zones("60000\n"), warm(60.0, Heat::Cool));
        assert_eq!(zones("85000\n"), warm(85.0, Heat::Hot));
        assert_eq!(zones("100500\n"), warm(100.5, Heat::Critical));
    }

    #[test]
    fn a_zone_without_trip_points_means_nothing_known() {
        for broken in ["-274000\n", "x\n", "999000\n"] {
            assert_eq!(zones(broken), Warmth { celsius: Some(31.0), heat: None }, "{broken}");
        }
        assert_eq!(read(&files::tree(&[]).1), Warmth::default());
    }

    #[test]
    fn throttles_are_counted_over_all_cores() {
        let count =
            |cpu: u32| format!("{PROCESSORS}/cpu{cpu}/thermal_throttle/core_throttle_count");
        let (_keep, files) = files::tree(&[(&count(0), "3\n"), (&count(1), "4\n")]);
        assert_eq!(throttles(&files), Some(7));
        let (_keep, files) = files::tree(&[(&format!("{PROCESSORS}/cpu0/online"), "1\n")]);
        assert_eq!(throttles(&files), None);
    }
}
