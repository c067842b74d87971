//! The parts of the templates that follow from `policies/`, the registry and the settings.
//!
//! Each is a section of its file, between two comments; what is written by hand stands around it.

#[cfg(test)]
mod alarms;
#[cfg(test)]
mod dashboard;
#[cfg(test)]
mod environment;
#[cfg(test)]
mod fill;
#[cfg(test)]
mod functions;
#[cfg(test)]
mod lanes;
#[cfg(test)]
mod members;
#[cfg(test)]
mod parameters;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod yaml;

use crate::testing::golden::check_sections;

#[test]
fn the_home_stack_is_the_one_of_the_code() {
    check_sections(
        "template.yaml",
        &[
            ("groups", parameters::groups()),
            ("labels", parameters::labels()),
            ("parameters", parameters::parameters()),
            ("environment", environment::of_all()),
            ("readers", roles::readers()),
            ("shared", roles::shared()),
            ("functions", functions::functions()),
            ("alarms", alarms::alarms()),
            ("dashboard", dashboard::dashboard()),
            ("outputs", functions::outputs()),
        ],
    );
}

#[test]
fn other_accounts_get_the_policies_of_the_code() {
    let parameters = ("parameters", parameters::of_rights());
    let families = ("families", members::families());
    check_sections(
        "members.yaml",
        &[parameters, families, ("names", members::names()), ("policies", members::policies())],
    );
    check_sections("tools/members.py", &[("rights", parameters::handed_on())]);
}

#[test]
fn each_region_forwards_what_the_code_watches() {
    check_sections("regions.yaml", &[("rules", rules::of_a_region())]);
}
