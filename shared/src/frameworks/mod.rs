//! Frameworks of requirements, and what each asks for that a control holds true. Data: `requirements.json`.
//!
//! Ids are written as the framework itself writes them. The subcategories of NIST's Cybersecurity Framework are those of
//! version 2.0; NIST's own table says which of them took the place of those of version 1.1 ([CSWP 29]).
//!
//! [CSWP 29]: https://csrc.nist.gov/pubs/cswp/29/the-nist-cybersecurity-framework-csf-20/final

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

macro_rules! frameworks {
    ($($variant:ident $id:literal $name:literal),+ $(,)?) => {
        /// Framework of requirements.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "each says its name in full")]
        pub enum Framework {
            $(#[serde(rename = $id)] $variant,)+
        }

        impl Framework {
            /// All frameworks, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the id, as on the command line: `cis-5.0`.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// Returns the name in full.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

frameworks![
    Cis14 "cis-1.4" "CIS AWS Foundations Benchmark 1.4",
    Cis15 "cis-1.5" "CIS AWS Foundations Benchmark 1.5",
    Cis20 "cis-2.0" "CIS AWS Foundations Benchmark 2.0",
    Cis30 "cis-3.0" "CIS AWS Foundations Benchmark 3.0",
    Cis40 "cis-4.0" "CIS AWS Foundations Benchmark 4.0",
    Cis50 "cis-5.0" "CIS AWS Foundations Benchmark 5.0",
    Cis60 "cis-6.0" "CIS AWS Foundations Benchmark 6.0",
    Cis70 "cis-7.0" "CIS AWS Foundations Benchmark 7.0",
    Fsbp "fsbp" "AWS Foundational Security Best Practices",
    SecurityHub "security-hub" "AWS Security Hub",
    Nist80053 "nist-800-53-r5" "NIST SP 800-53 Rev. 5",
    Nist800171 "nist-800-171-r2" "NIST SP 800-171 Rev. 2",
    NistCsf "nist-csf-2.0" "NIST Cybersecurity Framework 2.0",
    PciDss "pci-dss-4.0" "PCI DSS 4.0",
    Soc2 "soc2" "SOC 2",
    Iso27001 "iso-27001-2022" "ISO/IEC 27001:2022",
    Hipaa "hipaa" "HIPAA Security Rule",
    FedRamp "fedramp-moderate-r4" "FedRAMP Moderate, Rev. 4",
    Ens "ens-rd2022" "ENS (Real Decreto 311/2022)",
];

/// Requirements of one framework that a control answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requirements {
    /// Framework.
    pub framework: Framework,
    /// Ids of its requirements, such as `3.1` or `AU-2b`.
    pub ids: Vec<String>,
}

static DATA: &str = include_str!("requirements.json");

static ALL: LazyLock<BTreeMap<String, Vec<Requirements>>> = LazyLock::new(|| {
    // A test reads the data, so that it is never unreadable here.
    let data: BTreeMap<String, BTreeMap<Framework, Vec<String>>> = serde_json::from_str(DATA).unwrap_or_default();
    let rows = |rows: BTreeMap<Framework, Vec<String>>| {
        rows.into_iter().map(|(framework, ids)| Requirements { framework, ids }).collect()
    };
    data.into_iter().map(|(control, of)| (control, rows(of))).collect()
});

/// Returns what each framework asks for that this control holds true, in the order of [`Framework::ALL`]. Empty if none
/// of them asks for it.
#[must_use]
pub fn requirements(control: &str) -> &'static [Requirements] {
    ALL.get(control).map_or(&[], Vec::as_slice)
}

impl Framework {
    /// Parses an id.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|framework| framework.id() == id)
    }

    /// Returns the ids of this framework's requirements that a control answers.
    #[must_use]
    pub fn asks(self, control: &str) -> &'static [String] {
        requirements(control).iter().find(|it| it.framework == self).map_or(&[], |it| it.ids.as_slice())
    }

    /// Returns the version of the CIS benchmark, if it is one.
    fn cis(self) -> Option<&'static str> {
        self.id().strip_prefix("cis-")
    }
}

/// Returns what the CIS benchmark asks for, in one line: versions that number it alike stand together. `None` if no version
/// asks for it.
#[must_use]
pub fn cis(control: &str) -> Option<String> {
    let mut alike: Vec<(&[String], &str, &str)> = Vec::new();
    let rows = requirements(control).iter().filter_map(|it| Some((it.ids.as_slice(), it.framework.cis()?)));
    for (ids, version) in rows {
        match alike.last_mut() {
            Some((before, _, last)) if *before == ids => *last = version,
            _ => alike.push((ids, version, version)),
        }
    }
    let mut line = String::new();
    for (ids, first, last) in alike.iter().rev() {
        let comma = if line.is_empty() { "" } else { "; " };
        let ids = ids.join(", ");
        // Writing to a String cannot fail.
        let _ = if first == last {
            write!(line, "{comma}{ids} ({first})")
        } else {
            write!(line, "{comma}{ids} ({first} to {last})")
        };
    }
    (!line.is_empty()).then(|| format!("CIS AWS Foundations Benchmark {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::control_ids;

    #[test]
    fn the_data_is_read_in_full_and_is_about_controls() {
        let data: BTreeMap<String, BTreeMap<Framework, Vec<String>>> = serde_json::from_str(DATA).expect("the data");
        let known = control_ids();
        for (control, rows) in &data {
            assert!(known.contains(&control.as_str()), "{control}");
            for (framework, ids) in rows {
                let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
                assert!(!ids.is_empty() && distinct.len() == ids.len(), "{control}: {}", framework.id());
                let fits = |id: &String| {
                    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b".()-".contains(&b))
                };
                assert!(ids.iter().all(fits), "{control}: {ids:?}");
            }
        }
        for framework in Framework::ALL {
            assert!(data.values().any(|rows| rows.contains_key(framework)), "{}", framework.id());
            assert_eq!(Framework::parse(framework.id()), Some(*framework));
        }
        assert_eq!(Framework::parse("cis"), None);
    }

    #[test]
    fn every_best_practice_of_security_hub_is_one_of_its_controls() {
        for control in control_ids() {
            let hub = Framework::SecurityHub.asks(control);
            assert!(Framework::Fsbp.asks(control).iter().all(|id| hub.contains(id)), "{control}");
        }
    }

    #[test]
    fn versions_that_number_a_requirement_alike_stand_together() {
        assert_eq!(
            cis("cloudtrail-logging").as_deref(),
            Some("CIS AWS Foundations Benchmark 4.1 (6.0 to 7.0); 3.1 (1.4 to 5.0)")
        );
        assert_eq!(
            cis("cloudtrail-cloudwatch-logs").as_deref(),
            Some("CIS AWS Foundations Benchmark 3.4 (1.4 to 2.0)")
        );
        assert_eq!(cis("cloudtrail-delivery"), None);
    }
}
