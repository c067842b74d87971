//! The functions' roles: what each may do at home, and what all of them may do alike.

use super::fill::{fill, indent, lines, title};
use super::functions::{ACCESS, DIGEST, FUNCTIONS, GUARD, is_family};
use super::policies::{actions, statements, write};
use serde_json::Value;

/// X-Ray's rights are always there: Lambda refuses to trace with a role that does not have them yet
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html>).
const ROLE: &str = r#"
<Name>Role:
  Type: AWS::IAM::Role
  Properties:
    RoleName: !Sub ${AWS::StackName}-FunctionRole-<name>
    <tags>
    ManagedPolicyArns: [!Ref Never]
    PermissionsBoundary: !If [Bounded, !Ref PermissionsBoundary, !Ref "AWS::NoValue"]
    AssumeRolePolicyDocument:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: { Service: lambda.amazonaws.com }
          Action: sts:AssumeRole
    Policies:
      - PolicyName: log
        PolicyDocument:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Action: [logs:CreateLogStream, logs:PutLogEvents]
              Resource: !Sub ${<Name>Logs.Arn}
            - Effect: Allow
              Action: sqs:SendMessage
              Resource: !GetAtt DeadLetters.Arn
            - Effect: Allow
              Action: [xray:PutTelemetryRecords, xray:PutTraceSegments]
              Resource: "*"
      <policies>
"#;

const WITHIN: &str = r#"
# policies/<name>.<policy>.json
- PolicyName: <policy>
  PolicyDocument:
    Version: "2012-10-17"
    Statement:
      <statements>
"#;

const RECEIVING: &str = r#"
# policies/queue.json
- PolicyName: queue
  PolicyDocument:
    Version: "2012-10-17"
    Statement:
      <statements>
"#;

/// A policy that a role has only where a condition holds.
const BESIDE: &str = r#"

# policies/<file>
<Name><Policy>:
  Type: AWS::IAM::RolePolicy
  Condition: <condition>
  Properties:
    RoleName: !Ref <Name>Role
    PolicyName: <policy>
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        <statements>
"#;

const SHARED: &str = r#"
# policies/never.json
Never:
  Type: AWS::IAM::ManagedPolicy
  Properties:
    Description: What no function of Trailkeeper may ever do
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        <never>
"#;

/// The role's boundary is that of its own; this one is for the roles that it creates.
const TAGS: &str = "Tags: [{ Key: trailkeeper-logging-boundary, Value: !Ref LoggingBoundary }]\n";

const BOUNDARY: &str = r#"
# policies/logging-boundary.json. It stays when the stack goes, since roles that stay are within it.
LoggingBoundary:
  Type: AWS::IAM::ManagedPolicy
  DeletionPolicy: RetainExceptOnCreate
  UpdateReplacePolicy: Retain
  Properties:
    Description: The permissions boundary of the roles that Trailkeeper creates for AWS's log services
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        <boundary>
"#;

/// The policies that people and programs who read the log files get, where the parameter names buckets.
const READERS: &str = r#"
# policies/auditor.json
Auditor:
  Type: AWS::IAM::ManagedPolicy
  Condition: Audited
  Properties:
    ManagedPolicyName: !Sub ${AWS::StackName}-auditor
    Description: Lets people find, list and read the log files of the buckets in AuditedBuckets
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        <auditor>

# policies/collector.json
Collector:
  Type: AWS::IAM::ManagedPolicy
  Condition: Collected
  Properties:
    ManagedPolicyName: !Sub ${AWS::StackName}-collector
    Description: Lets a SIEM receive the notifications of delivered files and read the files in CollectedBuckets
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        <collector>
"#;

const OF_ALL: &str = r#"
# A rate without a start date runs first when the schedule is made, so once within the hour after a deployment.
Scheduler:
  Type: AWS::IAM::Role
  Properties:
    PermissionsBoundary: !If [Bounded, !Ref PermissionsBoundary, !Ref "AWS::NoValue"]
    AssumeRolePolicyDocument:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: { Service: scheduler.amazonaws.com }
          Action: sts:AssumeRole
          Condition: { StringEquals: { "aws:SourceAccount": !Ref "AWS::AccountId" } }
    Policies:
      - PolicyName: schedule
        PolicyDocument:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Action: lambda:InvokeFunction
              Resource:
                <functions>
            - Effect: Allow
              Action: sqs:SendMessage
              Resource: !GetAtt DeadLetters.Arn

# policies/handing-on.json
HandingOn:
  Type: AWS::IAM::Policy
  Properties:
    PolicyName: handing-on
    Roles:
      <roles>
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        <handing-on>

# policies/unsent.json
Unsent:
  Type: AWS::IAM::Policy
  Properties:
    PolicyName: unsent
    Roles:
      - !Ref AccessRole
      - !Ref DigestRole
      <roles>
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        <unsent>

# policies/ledger.json
LedgerRights:
  Type: AWS::IAM::Policy
  Properties:
    PolicyName: ledger
    Roles:
      <roles>
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        <ledger>

# policies/report-key.json
ReportKeyRights:
  Type: AWS::IAM::Policy
  Condition: ReportsEncrypted
  Properties:
    PolicyName: report-key
    Roles:
      - !Ref AccessRole
      - !Ref DigestRole
      - !Ref GuardRole
      <roles>
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        <report-key>

# Nobody else puts a sweep on the bus, whatever his own policies allow: a Deny of the bus holds in this account, too
# (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-example-policy-deny-regions.html).
BusForOurRolesAlone:
  Type: AWS::Events::EventBusPolicy
  Properties:
    EventBusName: !Ref Bus
    StatementId: OurRolesAlone
    Statement:
      Effect: Deny
      Principal: "*"
      Action: events:PutEvents
      Resource: !GetAtt Bus.Arn
      Condition:
        ArnNotLike:
          "aws:PrincipalArn":
            - !Sub arn:${AWS::Partition}:iam::*:role/TrailkeeperForwarder
            <arns>
"#;

/// Renders the role of a function, and what is added to it where the stack may fix or has an organization.
pub(super) fn of(name: &str) -> String {
    let own = if name == ACCESS { &["observe", "notes"][..] } else { &["observe"] };
    let within = |policy: &&str| {
        let statements = write(&statements(&format!("{name}.{policy}"), name), 14);
        fill(WITHIN.trim_start(), &[("name", name), ("policy", policy), ("statements", &statements)])
    };
    let mut within: String = own.iter().map(within).collect();
    if is_family(name) {
        within += &receiving(name);
    }
    let tags = if creates_roles(name) { TAGS } else { "" };
    let role =
        fill(ROLE.trim_start(), &[("name", name), ("Name", &title(name)), ("tags", tags), ("policies", &within)]);
    let entering = statements("organization", name);
    if [DIGEST, GUARD].contains(&name) {
        return role;
    }
    if name == ACCESS {
        let file = "organization.json, but for the list of accounts, which only sweeps need";
        let entering: Vec<Value> = entering.into_iter().filter(|it| it["Sid"] != "ListAccounts").collect();
        return role + &beside(name, "organization", "InOrganization", file, &entering);
    }
    let fixing = statements(&format!("{name}.remediate"), name);
    role + &beside(name, "remediate", "MayFix", &format!("{name}.remediate.json"), &fixing)
        + &beside(name, "organization", "InOrganization", "organization.json", &entering)
}

/// Renders the right to take batches out of the family's queue, which the role has before Lambda asks for it.
fn receiving(name: &str) -> String {
    let statements = write(&statements("queue", name), 14);
    let statements = statements.replace("!Ref FamilyQueueArn", &format!("!GetAtt {}Queue.Arn", title(name)));
    fill(RECEIVING.trim_start(), &[("statements", &statements)])
}

fn beside(name: &str, policy: &str, condition: &str, file: &str, statements: &[Value]) -> String {
    let gaps = [
        ("file", file),
        ("Name", &title(name)),
        ("Policy", &title(policy)),
        ("policy", policy),
        ("condition", condition),
        ("statements", &write(statements, 10)),
    ];
    fill(BESIDE.strip_prefix('\n').expect("a line"), &gaps)
}

/// Returns whether a function creates roles for AWS's log services.
fn creates_roles(name: &str) -> bool {
    is_family(name) && actions(&format!("{name}.remediate")).iter().any(|action| action == "iam:CreateRole")
}

/// Renders the Deny of what no function may ever do, and the boundary of the roles that they create.
pub(super) fn never() -> String {
    let never = fill(SHARED.trim_start(), &[("never", &write(&statements("never", ""), 10))]);
    let boundary = fill(BOUNDARY.trim_start(), &[("boundary", &write(&statements("logging-boundary", ""), 10))]);
    indent(&format!("{never}\n{boundary}"), 2)
}

/// Renders the policies for those who read the log files.
pub(super) fn readers() -> String {
    let [auditor, collector] = ["auditor", "collector"].map(|name| write(&statements(name, ""), 10));
    indent(&fill(READERS.trim_start(), &[("auditor", &auditor), ("collector", &collector)]), 2)
}

/// Renders what functions share: the Deny, the schedule's role, the rights to hand sweeps on and to report.
pub(super) fn shared() -> String {
    let families = || FUNCTIONS.iter().map(|it| it.name).filter(|name| is_family(name)).map(title);
    let scheduled = families().map(|name| name + "Sweep").chain([title(DIGEST), title(GUARD)]);
    let gaps = [
        ("functions", &*lines(scheduled.map(|name| format!("- !GetAtt {name}Function.Arn")))),
        ("roles", &lines(families().map(|name| format!("- !Ref {name}Role")))),
        ("arns", &lines(families().map(|name| format!("- !GetAtt {name}Role.Arn")))),
        ("handing-on", &write(&statements("handing-on", ""), 10)),
        ("report-key", &write(&statements("report-key", ""), 10)),
        ("ledger", &write(&statements("ledger", ""), 10)),
        ("unsent", &write(&statements("unsent", ""), 10)),
    ];
    format!("{}\n{}", never(), indent(&fill(OF_ALL.trim_start(), &gaps), 2))
}
