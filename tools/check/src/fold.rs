//! Findings that say the same of several resources: told once.

use crate::finding::Finding;
use std::collections::BTreeMap;
use trailkeeper::model::Arn;

/// Maximum number of resources that are named in one line.
const NAMED: usize = 40;

/// Returns the violations in their order, those together that differ in nothing but the resource and where it is.
pub(crate) fn alike<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    word: impl Fn(&Finding) -> String,
) -> Vec<Vec<&'a Finding>> {
    grouped(findings, |it| {
        let Finding { control, severity, because, advice, steps, last_change, .. } = it;
        let steps = serde_json::to_string(steps).unwrap_or_default();
        let told = format!("{because}\n{advice:?}\n{steps}\n{last_change:?}");
        format!("{control}\n{severity:?}\n{}\n{}", word(it), neutral(&told, it))
    })
}

/// Returns what could not be told in its order, that together that has the same reason, whichever controls it is of.
pub(crate) fn same_reason<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Vec<&'a Finding>> {
    grouped(findings, |it| format!("{}\n{}\n{:?}", it.family, neutral(&it.because, it), it.status))
}

fn grouped<'a>(findings: impl Iterator<Item = &'a Finding>, key: impl Fn(&Finding) -> String) -> Vec<Vec<&'a Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for finding in findings {
        let place = *places.entry(key(finding)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// Returns a text without the names of the resource and of its place.
fn neutral(text: &str, finding: &Finding) -> String {
    let Finding { resource, account, region, .. } = finding;
    [(&**resource, "{resource}"), (name(resource), "{name}"), (&**region, "{region}"), (&**account, "{account}")]
        .into_iter()
        .filter(|(name, _)| !name.is_empty() && *name != "*")
        .fold(text.to_owned(), |text, (name, sign)| text.replace(name, sign))
}

/// Returns the last part of an ARN.
fn name(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

/// Returns for how many resources these are, or in how many regions if there is one in each: `in 16 more regions: eu-west-1, ..`.
/// What is told beside them is of the account `told`; nothing is, if there is none.
pub(crate) fn counted(findings: &[&Finding], told: Option<&Finding>, more: &str) -> String {
    let first = told.or(findings.first().copied());
    let one_account = findings.iter().all(|it| first.is_some_and(|first| it.account == first.account));
    let mut regions: Vec<&str> = findings.iter().map(|it| &*it.region).collect();
    regions.sort_unstable();
    let count = regions.len();
    regions.dedup();
    let by_region = one_account && regions.len() == count && findings.iter().all(|it| is_regional(&it.resource));
    let same_name = findings.iter().all(|it| first.is_some_and(|first| name(&it.resource) == name(&first.resource)));
    let shown = |it: &&&Finding| match (by_region, same_name) {
        (true, true) => it.region.to_string(),
        (true, false) => format!("{} ({})", it.region, name(&it.resource)),
        (false, _) if one_account => it.resource.to_string(),
        (false, _) => format!("{} (account {})", it.resource, it.account),
    };
    let named: Vec<String> = findings.iter().take(NAMED).map(|it| shown(&it)).collect();
    let rest = count.saturating_sub(NAMED);
    let rest = if rest > 0 { format!(", and {rest} others: see -o json=FILE") } else { String::new() };
    let (place, word) = match (by_region, count) {
        (true, 1) => ("in", "region"),
        (true, _) => ("in", "regions"),
        (false, 1) => ("for", "resource"),
        (false, _) => ("for", "resources"),
    };
    format!("{place} {count} {more}{word}: {}{rest}", named.join(", "))
}

fn is_regional(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| !arn.region.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::result;
    use trailkeeper::report::Status;

    fn of(region: &str, name: &str, status: Status) -> Finding {
        let arn = format!("arn:aws:ec2:{region}:111122223333:vpc/{name}");
        let mut result = result("vpc-flow-logs", &arn, status);
        (result.region, result.because) = (region.to_owned(), format!("{name} has no flow log").into());
        Finding::of(&result, "111122223333").expect("a finding")
    }

    #[test]
    fn only_what_says_the_same_is_told_together() {
        let mut found = [
            of("eu-west-1", "vpc-1", Status::Planned),
            of("us-east-1", "vpc-2", Status::Planned),
            of("us-east-1", "vpc-3", Status::Planned),
        ];
        let word = |_: &Finding| String::new();
        assert_eq!(alike(found.iter(), word).iter().map(Vec::len).collect::<Vec<_>>(), [3]);
        found[1].because = "it delivers nowhere".into();
        assert_eq!(alike(found.iter(), word).iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        found[2].steps.clear();
        assert_eq!(alike(found.iter(), word).len(), 3);
    }

    #[test]
    fn regions_are_counted_and_resources_where_there_are_several_in_one() {
        let found = ["eu-west-1", "us-east-1"].map(|region| of(region, "default", Status::Planned));
        let all: Vec<&Finding> = found.iter().collect();
        assert_eq!(counted(&all, None, "more "), "in 2 more regions: eu-west-1, us-east-1");
        let found = [of("eu-west-1", "vpc-1", Status::Planned), of("eu-west-1", "vpc-2", Status::Planned)];
        let all: Vec<&Finding> = found.iter().collect();
        assert!(counted(&all, None, "more ").starts_with("for 2 more resources: arn:aws:ec2:eu-west-1"));
        assert_eq!(counted(&all[1..], None, ""), "in 1 region: eu-west-1");
        let elsewhere = Finding { account: "444455556666".into(), ..of("eu-west-1", "vpc-1", Status::Planned) };
        let told = counted(&all[..1], Some(&elsewhere), "more ");
        assert!(told.ends_with("vpc/vpc-1 (account 111122223333)"), "{told}");
    }

    #[test]
    fn one_reason_is_told_once_for_all_regions_and_controls() {
        let mut found: Vec<Finding> =
            ["eu-west-1", "us-east-1"].map(|region| of(region, "*", Status::Unknown)).into_iter().collect();
        for it in &mut found {
            it.because = "ec2:DescribeVpcs was denied".into();
        }
        assert_eq!(same_reason(found.iter()).len(), 1);
        found[1].because = "ec2:DescribeFlowLogs was denied".into();
        assert_eq!(same_reason(found.iter()).len(), 2);
    }
}
