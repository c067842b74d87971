//! What was not looked at, for formats that have no place but for findings: a finding each, which says that nothing is known.

use crate::report::CheckReport;
use trailkeeper::ledger::FindingId;
use trailkeeper::model::{Arn, OneLine};

/// What stands where a finding has the id of its control.
pub(super) const CONTROL: &str = "not-looked-at";

/// Title of such a finding.
pub(super) const TITLE: &str = "Everything that was asked for is looked at";

/// What helps.
pub(super) const CURE: &str = "Put right what the description names, and check again";

/// Something that was not looked at.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unseen<'a> {
    /// Id: for an account that could not be entered the same in every run.
    pub(super) id: FindingId,
    /// Account of whoever checked, which can hold the finding where the other account cannot.
    pub(super) account: &'a str,
    /// First region that was asked for.
    pub(super) region: &'a str,
    /// Partition.
    pub(super) partition: &'a str,
    /// ARN of the account that was not looked at, or of whoever looked.
    pub(super) resource: String,
    /// Why.
    pub(super) why: &'a OneLine,
}

/// Returns what was not looked at.
pub(super) fn unseen<'report>(report: &'report CheckReport) -> Vec<Unseen<'report>> {
    let (partition, account) = Arn::parse(&report.by).map_or(("aws", "unknown"), |by| (by.partition, by.account));
    let own = report.accounts.iter().find(|it| &*it.id == account).or(report.accounts.first());
    let region = own.and_then(|it| it.regions.first()).map_or("us-east-1", |it| &**it);
    let of = |why: &'report OneLine| {
        let closed = report.unopened.iter().find(|id| why.contains(&***id));
        let resource = format!("arn:{partition}:iam::{}:root", closed.map_or(account, |id| &**id));
        // One account has one such finding, whatever keeps it closed today; of the rest, each text is a finding of its own.
        let about: &str = if closed.is_some() { CONTROL } else { why };
        Unseen { id: FindingId::of(about, account, "", &resource), account, region, partition, resource, why }
    };
    report.notes.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{asff, ocsf};
    use crate::sample::sample;
    use serde_json::Value;

    fn closed(why: &str) -> CheckReport {
        let mut report = sample();
        report.unopened = vec!["222233334444".into()];
        report.notes = vec![why.into(), "the check was interrupted".into()];
        report.is_complete = false;
        report
    }

    #[test]
    fn an_account_that_stays_closed_is_one_finding_whatever_keeps_it_closed() {
        let (today, tomorrow) =
            (closed("sts:AssumeRole was denied in account 222233334444"), closed("222233334444: gone"));
        let [account, interrupted] = &unseen(&today)[..] else { panic!("two") };
        assert_eq!(account.id, unseen(&tomorrow)[0].id);
        assert_ne!(account.id, interrupted.id);
        assert_eq!((account.account, account.region), ("111122223333", "us-east-1"), "who checks holds it");
        assert_eq!(account.resource, "arn:aws:iam::222233334444:root");
        assert_eq!(interrupted.resource, "arn:aws:iam::111122223333:root");
    }

    #[test]
    fn both_formats_say_that_nothing_is_known() {
        let report = closed("sts:AssumeRole was denied in account 222233334444");
        let findings = |text: String| -> Vec<Value> { serde_json::from_str(&text).expect("findings") };
        let (ocsf, asff) = (findings(ocsf::render(&report)), findings(asff::render(&report)));
        assert_eq!((ocsf.len(), asff.len()), (report.findings.len() + 2, report.findings.len() + 2));
        let (ocsf, asff) = (&ocsf[report.findings.len()], &asff[report.findings.len()]);
        assert_eq!(
            (&ocsf["compliance"]["status"], &asff["Compliance"]["Status"]),
            (&"Warning".into(), &"WARNING".into())
        );
        assert_eq!(ocsf["finding_info"]["uid"], asff["Id"]);
        for text in [ocsf.to_string(), asff.to_string()] {
            assert!(text.contains("sts:AssumeRole was denied") && text.contains("222233334444"), "{text}");
        }
    }
}
