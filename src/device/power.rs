//! Whether the machine runs on battery, and whether it is to save power.

use crate::device::files::Files;

const SUPPLIES: &str = "sys/class/power_supply";

/// Reads every supply; `None` when they cannot be listed. A machine without a battery is not on it.
pub(super) fn on_battery(files: &Files) -> Option<bool> {
    let mut discharging = false;
    for name in files.names(SUPPLIES)? {
        let read = |file: &str| {
            let text = files.read(format!("{SUPPLIES}/{name}/{file}"));
            text.map(|text| text.trim().to_owned()).unwrap_or_default()
        };
        // A mouse has a battery too.
        if read("scope") == "Device" {
            continue;
        }
        match read("type").as_str() {
            "Battery" => discharging |= read("status") == "Discharging",
            _ if read("online") == "1" => return Some(false),
            _ => {}
        }
    }
    Some(discharging)
}

/// Tells whether the platform's profile is the saving one (kernel: sysfs-platform_profile);
/// `None` on a machine without profiles.
pub(super) fn saves(files: &Files) -> Option<bool> {
    let profile = files.read("sys/firmware/acpi/platform_profile")?;
    Some(matches!(profile.trim(), "low-power" | "quiet"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::files;

    fn supplies(files: &[(&str, &str)]) -> Option<bool> {
        let files: Vec<(String, &str)> =
            files.iter().map(|(path, text)| (format!("{SUPPLIES}/{path}"), *text)).collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        on_battery(&files::tree(&files).1)
    }

    #[test]
    fn a_battery_that_empties_is_what_it_runs_on() {
        let battery = [("BAT0/type", "Battery\n"), ("BAT0/status", "Discharging\n")];
        let away = ("AC/online", "0\n");
        let here = ("AC/online", "1\n");
        let mains = ("AC/type", "Mains\n");
        let with = |state| supplies(&[battery[0], battery[1], mains, state]);
        assert_eq!(with(away), Some(true));
        assert_eq!(with(here), Some(false));
    }

    #[test]
    fn a_mouse_or_a_full_battery_is_none() {
        let mouse =
            [("hid/type", "Battery"), ("hid/scope", "Device"), ("hid/status", "Discharging")];
        assert_eq!(supplies(&mouse), Some(false));
        assert_eq!(supplies(&[("BAT0/type", "Battery"), ("BAT0/status", "Full")]), Some(false));
    }

    #[test]
    fn the_saving_profile_is_seen() {
        let profile = |text| saves(&files::tree(&[("sys/firmware/acpi/platform_profile", text)]).1);
        assert_eq!(profile("low-power\n"), Some(true));
        assert_eq!(profile("balanced\n"), Some(false));
        assert_eq!(saves(&files::tree(&[]).1), None);
    }

    #[test]
    fn no_list_is_unknown() {
        assert_eq!(on_battery(&files::tree(&[]).1), None);
    }
}
