//! `log-bucket-delivery`: logs keep arriving.

use crate::documents::policy::Decision;
use crate::families::bucket::Bucket;
use crate::families::bucket::document::add;
use crate::families::bucket::need::{
    DeliveryNeed, acl_lets_logs_in, of_any_source, of_channel, of_flow_logs, of_organization, of_source, of_trail,
};
use crate::families::bucket::organization::TrailOrganization;
use crate::families::bucket::parts::Part;
use crate::families::bucket::step::Step;
use crate::families::bucket::target::loses_access_logs;
use crate::families::bucket::uses::{DeliveryOutcome, LoggingSource, ReportedDelivery, Uses};
use crate::families::bucket::view::{BucketConfig, Missing, Ownership, View, remedied};
use crate::family::Control;
use crate::managed::bucket::name::is_managed_target;
use crate::model::{About, Arn, Blocked, Command, Remedy, Severity, Subject, Verdict, permanent};
use crate::settings::Settings;
use serde_json::{Value, json};

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "log-bucket-delivery",
        wrong: "refusing logs",
        title: "Services that deliver logs to a bucket are allowed to",
        why: "When someone deletes or replaces the bucket's policy, CloudTrail, Config or S3's log writer can no \
              longer deliver. Nothing fails where people look: the trail still says that it is logging.",
        compliant: "The policy allows cloudtrail.amazonaws.com to read the bucket's ACL and put objects for each trail \
                    that delivers there, by its ARN; config.amazonaws.com to read the ACL, list, and put objects for \
                    this account; and S3's log writer to put objects, by policy or ACL. No statement denies this, and \
                    the bucket is not Requester Pays, and where access logs go to it, has neither Object Lock nor SSE-KMS. \
                    A bucket that does not exist is a violation as long as a trail, a \
                    Config channel or a log bucket names it. The policy of a bucket in another account cannot be read: it \
                    is compliant as long as GetTrailStatus and DescribeDeliveryChannelStatus report that the account's \
                    trails and channels deliver there. Whether the record may go there is up to `cloudtrail-delivery`.",
        fix: "Adds exactly the missing statements, as AWS documents them, for an organization trail those of the \
              organization that TRAILKEEPER_ORGANIZATION or AWS Organizations names. A statement that denies delivery \
              is reported, never edited, and so is a bucket that was deleted: its name can be taken by anyone. So is a \
              target to which S3 delivers no access logs whatever its policy says: one with Object Lock or SSE-KMS, or \
              one that is Requester Pays.",
        risk: "None for readers of the bucket: the statements allow only AWS services, on behalf of this account's \
               trails, channels and buckets. A Config recorder with its own role may be able to deliver without its \
               statements; they then do no harm.",
        guard: "The organization's id is never taken from a policy. A policy that names another one, or several, is \
                reported. Statements are only added, each limited to one trail, channel or source by aws:SourceArn or \
                aws:SourceAccount. A statement that denies delivery is reported, never edited. The policy is read \
                again right before it is written; the old document is kept in full, in the policy and in the report.",
        permanent: permanent!("bucket", "log-bucket-delivery"),
        severity: Severity::Critical,
        opt_in: false,
        references: &[
            "AWS CloudTrail user guide, bucket policy: \
             https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
            "AWS Config developer guide, bucket permissions: \
             https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html",
        ],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(uses: &Uses, name: &str, _: &Settings) -> Vec<Part> {
    let mut parts = vec![Part::Policy, Part::Blocks];
    if !uses.trails.is_empty() {
        parts.push(Part::RequestPayment);
    }
    if uses.receives_access_logs(name) {
        parts.extend([Part::ObjectLock, Part::Encryption, Part::RequestPayment]);
    }
    // Only a customer's target may grant access to the log writer by its ACL.
    if uses.receives_access_logs(name) && !is_managed_target(name) {
        parts.extend([Part::Grants, Part::Ownership]);
    }
    parts
}

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    if view.is_log_bucket(&subject.id) && view.buckets.get(&subject.id) == Some(&Ownership::Gone) {
        return gone(view, subject);
    }
    if view.uses.receives_trail()
        && let Some(verdict) = unreadable(view, subject)
    {
        return verdict;
    }
    view.as_log_bucket(subject, |bucket| {
        if !view.uses.trails.is_empty() && bucket.requester_pays.known()?.is_some_and(|on| *on) {
            return Ok(advise(
                "it is Requester Pays, and CloudTrail does not deliver to such a bucket".to_owned(),
                format!(
                    "Have the bucket's owner pay. Trailkeeper does not do this, because you would start paying what \
                     others pay now: {}",
                    Command::aws("s3api", "put-bucket-request-payment")
                        .with("Bucket", subject.id.as_str())
                        .with("RequestPaymentConfiguration", json!({ "Payer": "BucketOwner" }))
                ),
            ));
        }
        let policy = bucket.policy.known()?;
        let organization = TrailOrganization::of(view, settings, policy);
        let found = DeliveryCheck::among(needs(view, subject, &organization), policy, &subject.id, bucket)?;
        if !view.uses.receives_access_logs(&subject.id) {
            return found.verdict(view, subject, bucket, &organization);
        }
        // No statement lets access logs into a bucket that S3 delivers none to: only what others need is added.
        let arriving = arriving(subject, bucket);
        let found = if arriving == Ok(Verdict::Compliant) { found } else { found.without_vain() };
        match found.verdict(view, subject, bucket, &organization)? {
            Verdict::Compliant => arriving,
            verdict => Ok(verdict),
        }
    })
}

/// Judges a bucket that is not known to be in this account by AWS's own reports on the deliveries. `None` for any other, and
/// for one of which it is not known whose it is, unless deliveries fail.
fn unreadable(view: &View, subject: &Subject) -> Option<Verdict<Step>> {
    let is_foreign = match view.buckets.get(&subject.id)? {
        Ownership::OtherAccount => true,
        Ownership::Closed => false,
        Ownership::ThisAccount(_) | Ownership::Gone => return None,
    };
    let (mut failed, mut unknown) = (Vec::new(), Vec::new());
    for ReportedDelivery { who, outcome } in &view.uses.reported {
        match outcome {
            DeliveryOutcome::Succeeded => {}
            DeliveryOutcome::Failed(error) => failed.push(format!("{who}: {error}")),
            DeliveryOutcome::Unknown(why) => unknown.push(format!("{who}: {why}")),
        }
    }
    if !failed.is_empty() {
        return Some(advise(
            format!(
                "it belongs to another account or cannot be read, and deliveries to it fail, as AWS reports: {}",
                failed.join("; ")
            ),
            "Have the account that owns the bucket let them in again, and the bucket's key, if it has one. If the owner \
             is none that you know, have them deliver to another bucket. Trailkeeper never writes to that bucket from \
             here. Until the next delivery, AWS repeats its last error."
                .to_owned(),
        ));
    }
    if !is_foreign {
        return None;
    }
    if unknown.is_empty() && !view.uses.reported.is_empty() {
        return Some(Verdict::Compliant);
    }
    let needs = if unknown.is_empty() { "it was not read".to_owned() } else { unknown.join("; ") };
    let needs = format!("whether deliveries to a bucket of another account succeed: {needs}");
    Some(Verdict::Unknown { needs })
}

/// Judges a target of access logs by what keeps them out whatever its policy says.
fn arriving(subject: &Subject, bucket: &BucketConfig) -> Result<Verdict<Step>, Missing> {
    let its = format!("bucket {}", subject.id);
    Ok(match loses_access_logs(bucket, &its)? {
        None => Verdict::Compliant,
        Some(why) => advise(
            format!("it {why}"),
            "Log access to another bucket, or take that setting away, if S3 allows it. Trailkeeper does not, since other \
             files may need it."
                .to_owned(),
        ),
    })
}

/// Judges a bucket that does not exist: a violation if something still delivers to it.
fn gone(view: &View, subject: &Subject) -> Verdict<Step> {
    let name = &subject.id;
    let sources: Vec<&str> = view.uses.sources.iter().map(|source| source.bucket.as_str()).collect();
    let because = if view.uses.receives_trail() {
        format!("{} deliver to a bucket that does not exist", users(view))
    } else if !sources.is_empty() {
        format!("the access logs of {} go to a bucket that does not exist", sources.join(", "))
    } else {
        let because = "there is no such bucket, and no trail, Config channel or log bucket names it";
        return Verdict::NotApplicable { because: because.to_owned() };
    };
    let advice = format!(
        "Create a bucket named {name} in the same region of this account at once: anyone can take the name of a deleted \
         bucket, and let the logs in. Then run Trailkeeper again, which lets them in here. If the name is taken already, \
         have them deliver to another bucket. Trailkeeper creates none, since it may have been deleted on purpose. What \
         it held is gone, unless it was replicated."
    );
    advise(because, advice)
}

/// Results of checking the delivery needs.
#[derive(Default)]
struct DeliveryCheck {
    denied: Vec<DeliveryNeed>,
    missing: Vec<DeliveryNeed>,
    unclear: Vec<DeliveryNeed>,
}

impl DeliveryCheck {
    fn among(
        needs: Vec<DeliveryNeed>,
        policy: Option<&Value>,
        name: &str,
        bucket: &BucketConfig,
    ) -> Result<Self, Blocked> {
        let mut found = Self::default();
        for need in needs {
            match need.decide(policy) {
                Decision::Allowed => {}
                Decision::Denied => found.denied.push(need),
                Decision::NotAllowed if need.by_acl && acl_lets_logs_in(name, bucket)? => {}
                Decision::NotAllowed if need.is_met_by_statement(policy) => found.missing.push(need),
                // A statement that may deny it leaves it unknown whether a grant would help.
                Decision::NotAllowed | Decision::Unclear => found.unclear.push(need),
            }
        }
        Ok(found)
    }

    /// Leaves out the missing statements that would let S3's log writer in.
    fn without_vain(mut self) -> Self {
        self.missing.retain(|need| !need.is_of_access_logs());
        self
    }

    fn verdict(
        self,
        view: &View,
        subject: &Subject,
        bucket: &BucketConfig,
        organization: &TrailOrganization<'_>,
    ) -> Result<Verdict<Step>, Missing> {
        let list = |needs: &[DeliveryNeed]| {
            let mut all: Vec<_> = needs.iter().map(|need| format!("{} for {}", need.action(), need.who)).collect();
            all.dedup();
            all.join(", ")
        };
        if !self.denied.is_empty() {
            return Ok(advise(
                format!("its policy denies {}", list(&self.denied)),
                "Exclude the service from the statement that denies it, for instance with a condition on \
                 aws:PrincipalIsAWSService. Trailkeeper never edits a statement that it did not write."
                    .to_owned(),
            ));
        }
        // Needs that can be named are fixed first.
        let nameless = |need: &DeliveryNeed| need.statement.to_string().contains(UNKNOWN_ORGANIZATION);
        let (unnamed, missing): (Vec<DeliveryNeed>, Vec<DeliveryNeed>) = self.missing.into_iter().partition(nameless);
        let because = |needs: &[DeliveryNeed]| format!("its policy does not allow {}", list(needs));
        if !missing.is_empty() {
            let because = because(&missing);
            let statements = missing.into_iter().map(|need| need.statement).collect();
            return remedied(because, add(&subject.id, bucket, statements).map(|step| vec![step]));
        }
        if let Some(verdict) = organization.contradicted() {
            return Ok(verdict);
        }
        if !unnamed.is_empty() {
            organization.must_be_known()?;
            return Ok(advise(
                because(&unnamed),
                "Add the statement AWSCloudTrailOrganizationWrite20150319 for the organization's own path, or set \
                 TRAILKEEPER_ORGANIZATION. Trailkeeper cannot add it, because it does not know the organization's id, \
                 and takes it from no policy."
                    .to_owned(),
            ));
        }
        match view.uses.missing() {
            _ if !self.unclear.is_empty() => {
                let which = list(&self.unclear);
                Err(Missing::other(format!("its policy has conditions that cannot be judged from here, on {which}")))
            }
            Some(missing) => Err(Missing::other(format!("{missing}, so it is not known who else delivers to it"))),
            None => Ok(Verdict::Compliant),
        }
    }
}

/// Placeholder for the id of an unknown organization. Real ids consist of letters and digits.
const UNKNOWN_ORGANIZATION: &str = "o-(unknown)";

/// Returns the needs of everything that delivers to the bucket.
fn needs(view: &View, subject: &Subject, organization: &TrailOrganization<'_>) -> Vec<DeliveryNeed> {
    let (place, name) = (&subject.place, subject.id.as_str());
    let mut needs = Vec::new();
    let known = organization.known();
    let within = |need: DeliveryNeed| match known {
        Ok(id) => need.in_organization(id),
        Err(_) => need,
    };
    for trail in &view.uses.trails {
        let mut its = of_trail(place, name, trail);
        if trail.organization {
            let id = organization.id().unwrap_or(UNKNOWN_ORGANIZATION);
            its.extend(of_organization(place, name, trail, id));
        }
        let ours = Arn::parse(&trail.arn).is_some_and(|arn| arn.account == place.account);
        needs.extend(its.into_iter().map(|need| if ours || trail.organization { within(need) } else { need }));
    }
    for channel in &view.uses.channels {
        needs.extend(of_channel(place, name, channel).into_iter().map(within));
    }
    if let Some(prefix) = &view.uses.flow_logs {
        needs.extend(of_flow_logs(place, name, prefix));
    }
    if is_managed_target(name) {
        needs.extend(of_any_source(place, name).into_iter().map(within));
    } else {
        let of = |LoggingSource { bucket, logging }: &LoggingSource| of_source(place, name, false, bucket, logging);
        needs.extend(view.uses.sources.iter().flat_map(of).map(within));
    }
    needs
}

fn users(view: &View) -> String {
    let trails = view.uses.trails.iter().map(|trail| format!("trail {}", trail.arn));
    let channels = view.uses.channels.iter().map(|channel| format!("the Config channel of {}", channel.region));
    let flow_logs = view.uses.flow_logs.as_ref().map(|_| "flow logs".to_owned());
    trails.chain(channels).chain(flow_logs).collect::<Vec<_>>().join(", ")
}

fn advise(because: String, advice: String) -> Verdict<Step> {
    Verdict::Violation { because, remedy: Remedy::Advise(advice) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::bucket::{ChannelDelivery, Encryption, Logging, TrailDelivery, Uses};
    use crate::managed::bucket::step::{Act, BucketStep};
    use crate::model::Seen;
    use crate::testing::laws::{settings, subject};

    fn is_advised(verdict: &Verdict<Step>) -> bool {
        matches!(verdict, Verdict::Violation { remedy: Remedy::Advise(_), .. })
    }

    /// Returns the verdict on a bucket with this policy that a trail of this organization delivers to.
    fn judged(policy: Option<Value>, organization: Seen<String>) -> Verdict<Step> {
        let subject = subject::<Bucket>();
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/all".to_owned();
        let trails = vec![TrailDelivery { arn, prefix: None, organization: true }];
        let uses = Uses { trails, organization, ..Uses::default() };
        let policy = policy.map_or(Seen::Absent, Seen::Present);
        let config = BucketConfig { policy, ..BucketConfig::new(subject.place.region.clone()) };
        let buckets = [(subject.id.clone(), Ownership::ThisAccount(Box::new(config)))].into();
        judge(&View { uses, buckets }, &subject, &settings())
    }

    fn added(verdict: &Verdict<Step>) -> Vec<Value> {
        match verdict {
            Verdict::Violation { remedy: Remedy::Fix(steps), .. } => match steps.as_slice() {
                [Step::Bucket(BucketStep { act: Act::PutPolicy { added, .. }, .. })] => added.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_deleted_bucket_is_told_as_long_as_something_names_it() {
        let subject = subject::<Bucket>();
        let gone = |uses: Uses| {
            judge(&View { uses, buckets: [(subject.id.clone(), Ownership::Gone)].into() }, &subject, &settings())
        };
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main".to_owned();
        let trails = vec![TrailDelivery { arn, prefix: None, organization: false }];
        let channels = vec![ChannelDelivery { region: subject.place.region.clone(), prefix: None }];
        let logging = Logging { target: subject.id.clone(), prefix: "a/".into(), partitioned: None, grants: false };
        let sources = vec![LoggingSource { bucket: "source".to_owned(), logging }];
        for (uses, who) in [
            (Uses { trails, ..Uses::default() }, "trail/main"),
            (Uses { channels, ..Uses::default() }, "the Config channel of"),
            (Uses { sources, ..Uses::default() }, "the access logs of source"),
        ] {
            let Verdict::Violation { because, remedy: Remedy::Advise(advice) } = gone(uses) else { panic!("{who}") };
            assert!(because.contains(who) && because.contains("does not exist"), "{because}");
            assert!(advice.contains("anyone can take the name"), "{advice}");
        }
        for nobody in [Uses::default(), Uses { named: true, ..Uses::default() }] {
            assert!(matches!(gone(nobody), Verdict::NotApplicable { .. }));
        }
    }

    #[test]
    fn a_bucket_of_another_account_is_judged_by_what_aws_reports() {
        let subject = subject::<Bucket>();
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main".to_owned();
        let judged = |ownership: Ownership, outcomes: &[DeliveryOutcome]| {
            let trails = vec![TrailDelivery { arn: arn.clone(), prefix: None, organization: false }];
            let report = |outcome: &DeliveryOutcome| ReportedDelivery { who: arn.clone(), outcome: outcome.clone() };
            let uses = Uses { trails, reported: outcomes.iter().map(report).collect(), ..Uses::default() };
            judge(&View { uses, buckets: [(subject.id.clone(), ownership)].into() }, &subject, &settings())
        };
        let failed = DeliveryOutcome::Failed("AccessDenied".to_owned());
        let silent = DeliveryOutcome::Unknown("nobody says".to_owned());
        let succeeded = DeliveryOutcome::Succeeded;
        let other = |outcomes: &[DeliveryOutcome]| judged(Ownership::OtherAccount, outcomes);
        assert_eq!(other(&[succeeded.clone(), succeeded.clone()]), Verdict::Compliant);
        let told = other(&[succeeded.clone(), silent.clone(), failed.clone()]);
        let Verdict::Violation { because, remedy: Remedy::Advise(_) } = told else { panic!("{told:?}") };
        assert!(because.ends_with("trail/main: AccessDenied"), "{because}");
        for unknown in [other(&[]), other(&[succeeded.clone(), silent]), judged(Ownership::Closed, &[succeeded])] {
            assert!(matches!(unknown, Verdict::Unknown { .. }), "{unknown:?}");
        }
        assert!(is_advised(&judged(Ownership::Closed, &[failed])));
    }

    #[test]
    fn a_target_that_loses_access_logs_is_told() {
        let subject = subject::<Bucket>();
        let logging = Logging { target: subject.id.clone(), prefix: "a/".into(), partitioned: None, grants: false };
        let needs = of_source(&subject.place, &subject.id, false, "source", &logging);
        let policy = json!({"Statement": needs.into_iter().map(|need| need.statement).collect::<Vec<_>>()});
        let uses = Uses { sources: vec![LoggingSource { bucket: "source".to_owned(), logging }], ..Uses::default() };
        let judged = |change: fn(&mut BucketConfig)| {
            let mut config = BucketConfig::new(subject.place.region.clone());
            config.policy = Seen::Present(policy.clone());
            change(&mut config);
            let buckets = [(subject.id.clone(), Ownership::ThisAccount(Box::new(config)))].into();
            judge(&View { uses: uses.clone(), buckets }, &subject, &settings())
        };
        assert_eq!(judged(|_| ()), Verdict::Compliant);
        assert!(is_advised(&judged(|it| it.object_lock = Seen::Present(()))));
        assert!(is_advised(&judged(|it| it.requester_pays = Seen::Present(true))));
        assert!(is_advised(&judged(|it| it.encryption = Seen::Present(Encryption::Kms { key: None }))));
        let unread = judged(|it| it.object_lock = Seen::Unreadable("s3:GetBucketObjectLockConfiguration"));
        assert!(matches!(unread, Verdict::Unknown { .. }), "{unread:?}");
    }

    #[test]
    fn no_statement_is_planned_that_lets_nothing_in() {
        let subject = subject::<Bucket>();
        let logging = Logging { target: subject.id.clone(), prefix: "a/".into(), partitioned: None, grants: false };
        let sources = vec![LoggingSource { bucket: "source".to_owned(), logging }];
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main".to_owned();
        let trails = vec![TrailDelivery { arn, prefix: None, organization: false }];
        let judged = |trails: &[TrailDelivery], lock: Seen<()>| {
            let uses = Uses { trails: trails.to_vec(), sources: sources.clone(), ..Uses::default() };
            let config = BucketConfig { object_lock: lock, ..BucketConfig::new(subject.place.region.clone()) };
            let buckets = [(subject.id.clone(), Ownership::ThisAccount(Box::new(config)))].into();
            judge(&View { uses, buckets }, &subject, &settings())
        };
        assert_eq!(added(&judged(&[], Seen::Absent)).len(), 1, "the log writer is let in where its files arrive");
        let Verdict::Violation { because, remedy: Remedy::Advise(advice) } = judged(&[], Seen::Present(())) else {
            panic!("planned")
        };
        assert!(because.contains("has Object Lock") && advice.contains("to another bucket"), "{because}: {advice}");
        let unread = judged(&[], Seen::Unreadable("s3:GetBucketObjectLockConfiguration"));
        assert!(matches!(unread, Verdict::Unknown { .. }), "{unread:?}");
        // A trail delivers there all the same.
        let mended = added(&judged(&trails, Seen::Present(())));
        assert!(mended.len() == 2 && mended.iter().all(|it| it["Principal"]["Service"] == "cloudtrail.amazonaws.com"));
    }

    #[test]
    fn the_part_of_the_organization_is_restored() {
        let id = |id: &str| Seen::Present(id.to_owned());
        let own = added(&judged(None, Seen::Absent));
        assert_eq!(own.len(), 2, "its own account's part");
        let policy = json!({"Statement": own});
        assert!(is_advised(&judged(Some(policy.clone()), Seen::Absent)), "in no organization");
        let denied = judged(Some(policy), Seen::Unreadable("organizations:DescribeOrganization"));
        assert!(is_advised(&denied), "its path is missing, whichever it is: {denied:?}");
        let whole = added(&judged(None, id("o-abc")));
        let named =
            whole.iter().find(|it| it["Sid"] == "AWSCloudTrailOrganizationWrite20150319").expect("the statement");
        assert_eq!(named["Resource"], "arn:aws:s3:::logs/AWSLogs/o-abc/*");
        assert_eq!(judged(Some(json!({"Statement": whole})), id("o-abc")), Verdict::Compliant);
    }

    #[test]
    fn no_policy_says_which_organization_it_is() {
        let id = |id: &str| Seen::Present(id.to_owned());
        let whole = |id: &str| added(&judged(None, Seen::Present(id.to_owned())));
        let reader = json!({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::logs/AWSLogs/o-lure/*"});
        let lured = added(&judged(Some(json!({"Statement": [reader]})), id("o-abc")));
        assert!(!json!(lured).to_string().contains("o-lure") && json!(lured).to_string().contains("AWSLogs/o-abc/*"));
        // Whoever grants another path than the organization's is told of, whatever else the policy allows.
        assert!(matches!(
            &judged(Some(json!({"Statement": whole("o-lure")})), id("o-abc")),
            Verdict::Violation { remedy: Remedy::Fix(_), .. }
        ));
        let both: Vec<Value> = whole("o-abc").into_iter().chain([reader]).collect();
        let Verdict::Violation { because, remedy: Remedy::Advise(_) } =
            judged(Some(json!({"Statement": both})), id("o-abc"))
        else {
            panic!("told")
        };
        assert!(because.contains("o-lure") && because.contains("the organization is o-abc"), "{because}");
        assert!(is_advised(&judged(Some(json!({"Statement": both})), Seen::NotAsked)), "several");
        let unread =
            judged(Some(json!({"Statement": whole("o-abc")})), Seen::Unreadable("organizations:DescribeOrganization"));
        let Verdict::Unknown { needs } = unread else { panic!("{unread:?}") };
        assert!(needs.contains("organizations:DescribeOrganization was denied") && needs.contains("o-abc"), "{needs}");
    }

    /// Returns the verdict on the policy for a trail of this account that is no organization's, with one statement more.
    fn with(more: Value, organization: Seen<String>) -> Verdict<Step> {
        let subject = subject::<Bucket>();
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t".to_owned();
        let trail = TrailDelivery { arn, prefix: Some("a".to_owned()), organization: false };
        let own = of_trail(&subject.place, &subject.id, &trail).into_iter().map(|need| need.statement);
        let statements: Vec<Value> = own.chain([more]).collect();
        let uses = Uses { trails: vec![trail], organization, ..Uses::default() };
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let config = BucketConfig { policy: Seen::Present(policy), ..BucketConfig::new(subject.place.region.clone()) };
        let buckets = [(subject.id.clone(), Ownership::ThisAccount(Box::new(config)))].into();
        judge(&View { uses, buckets }, &subject, &settings())
    }

    fn deny(element: &str, resource: &str) -> Value {
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", element: resource})
    }

    #[test]
    fn a_deny_counts_for_any_file_of_the_trail() {
        for (element, resource) in [
            ("Resource", "arn:aws:s3:::logs/*.json.gz"),
            ("Resource", "arn:aws:s3:::logs/a/AWSLogs/111122223333/CloudTrail/ap-southeast-2/*"),
            ("Resource", "arn:aws:s3:::logs/a/*/CloudTrail-Digest/*"),
            ("NotResource", "arn:aws:s3:::logs/a/AWSLogs/111122223333/CloudTrail/*"),
        ] {
            assert!(is_advised(&with(deny(element, resource), Seen::NotAsked)), "{element} {resource}");
        }
        for (element, resource) in [
            ("Resource", "arn:aws:s3:::logs/a/AWSLogs/*/vpcflowlogs/*"),
            ("Resource", "arn:aws:s3:::logs/AWSLogs/*"),
            ("Resource", "arn:aws:s3:::logs/a/AWSLogs/111122223333/CloudTrail/"),
            ("NotResource", "arn:aws:s3:::logs/a/AWSLogs/111122223333/*"),
        ] {
            assert_eq!(with(deny(element, resource), Seen::NotAsked), Verdict::Compliant, "{element} {resource}");
        }
    }

    #[test]
    fn the_organization_is_judged_as_far_as_it_is_known() {
        let of = |key: &str, value: &str, known: Seen<String>| {
            let mut deny = deny("Resource", "*");
            deny["Condition"] = json!({"ForAnyValue:StringNotLike": {key: [value]}});
            with(deny, known)
        };
        let ours = || Seen::Present("o-abc".to_owned());
        assert_eq!(of("aws:SourceOrgID", "o-abc", ours()), Verdict::Compliant);
        assert_eq!(of("aws:SourceOrgPaths", "o-abc/*", ours()), Verdict::Compliant);
        assert!(is_advised(&of("aws:SourceOrgID", "o-other", ours())));
        assert!(matches!(of("aws:SourceOrgPaths", "o-abc/r-1/*", ours()), Verdict::Unknown { .. }));
        assert!(matches!(of("aws:SourceOrgID", "o-abc", Seen::NotAsked), Verdict::Unknown { .. }));
        assert_eq!(of("aws:SourceOrgID", "o-abc", Seen::Absent), Verdict::Compliant, "the key is in no request");
    }

    #[test]
    fn what_may_not_help_is_not_written() {
        let policy = |more: Value| json!({"Version": "2012-10-17", "Statement": [more]});
        let mut doubtful = deny("Resource", "*");
        doubtful["Condition"] = json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}});
        let verdict = judged(Some(policy(doubtful)), Seen::Present("o-abc".to_owned()));
        let steps =
            if let Verdict::Violation { remedy: Remedy::Fix(_), .. } = &verdict { added(&verdict) } else { vec![] };
        assert!(steps.iter().all(|it| it["Action"] != "s3:PutObject"), "{steps:?}");
    }
}
