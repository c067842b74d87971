//! Calls that give a VPC a flow log that delivers.

use super::managed::MANAGED_GROUP;
use super::view::{FlowLog, FlowLogDelivery, FlowLogDestination, View};
use crate::managed::bucket::step::BucketStep;
use crate::managed::log_group::step::GroupStep;
use crate::managed::role::step::RoleStep;
use crate::managed::tag::MANAGED_TAG;
use crate::model::{self, Arn, Call, CallError, Place, Property};
use crate::settings::flow_logs::Traffic;
use serde_json::{Value, json};
use std::fmt;

/// Call with all its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Call that creates or completes our log group.
    Group(GroupStep),
    /// Call that creates or repairs our role.
    Role(RoleStep),
    /// Call that lets flow logs into the bucket that the settings name.
    Bucket(BucketStep),
    /// Call that creates or deletes a flow log.
    FlowLog(FlowLogStep),
}

/// Call that creates or deletes a flow log.
#[derive(Debug, Clone, PartialEq)]
pub enum FlowLogStep {
    /// `ec2:CreateFlowLogs` for this one VPC, tagged as ours.
    Create(New),
    /// `ec2:DeleteFlowLogs` for one of ours that AWS reports as failing, or that another one duplicates.
    Delete {
        /// Flow log to delete, as the API shows it.
        flow_log: Old,
        /// Whether the flow log must go before another can replace it: AWS allows no second one with the same
        /// destination.
        first: bool,
    },
}

/// Flow log to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// Id of the VPC.
    pub vpc: String,
    /// Traffic to log.
    pub traffic: Traffic,
    /// Aggregation interval in seconds.
    pub interval: u16,
    /// Destination of the flow log.
    pub to: To,
    /// Id of the flow log that this one replaces.
    pub in_place_of: Option<String>,
}

/// Destination of one of our flow logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// Our log group, written to with this role.
    ManagedGroup {
        /// ARN of the role.
        role: String,
    },
    /// S3 bucket.
    Bucket {
        /// ARN of the bucket, with a prefix.
        arn: String,
    },
}

/// Flow log to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Old {
    /// Id of the flow log.
    pub id: String,
    /// Traffic that the flow log recorded.
    pub traffic: Traffic,
    /// Destination of the flow log.
    pub destination: String,
    /// Id of the VPC.
    pub vpc: String,
    /// Members of `ec2:CreateFlowLogs` that make it again as it was.
    pub again: Value,
}

impl Old {
    /// Creates the description of this flow log of a VPC.
    #[must_use]
    pub fn of(flow_log: &FlowLog, vpc: &str) -> Self {
        let FlowLog { id, traffic, destination, interval, format, .. } = flow_log;
        let (key, value) = MANAGED_TAG;
        let tags = json!([{ "ResourceType": "vpc-flow-log", "Tags": [{ "Key": key, "Value": value }] }]);
        let (destination, kind, group, role, arn) = match destination {
            FlowLogDestination::Group { name, role_arn, .. } => {
                (name, "cloud-watch-logs", Some(name), Some(role_arn), None)
            }
            FlowLogDestination::Elsewhere(arn) => {
                let s3 = Arn::parse(arn).is_some_and(|arn| arn.service == "s3");
                (arn, if s3 { "s3" } else { "kinesis-data-firehose" }, None, None, Some(arn))
            }
        };
        let again = json!({
            "TrafficType": traffic.as_str(),
            "LogDestinationType": kind,
            "LogGroupName": group,
            "DeliverLogsPermissionArn": role,
            "LogDestination": arn,
            "MaxAggregationInterval": interval,
            "LogFormat": format,
            "TagSpecifications": tags,
        });
        Self { id: id.clone(), traffic: *traffic, destination: destination.clone(), vpc: vpc.to_owned(), again }
    }
}

impl To {
    /// Returns the destination as it will be read.
    #[must_use]
    pub fn destination(&self, view: &View) -> FlowLogDestination {
        match self {
            Self::ManagedGroup { role } => FlowLogDestination::Group {
                name: MANAGED_GROUP.to_owned(),
                group: view.managed.group.clone(),
                role_arn: role.clone(),
                role: Box::new(view.managed.role.clone()),
            },
            Self::Bucket { arn } => FlowLogDestination::Elsewhere(arn.clone()),
        }
    }
}

impl fmt::Display for FlowLogStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(New { vpc, traffic, interval: _, to, in_place_of }) => {
                let to = match to {
                    To::ManagedGroup { role: _ } => MANAGED_GROUP,
                    To::Bucket { arn } => arn,
                };
                write!(f, "create a flow log of {} traffic in {vpc}, delivering to {to}", traffic.as_str())?;
                in_place_of.iter().try_for_each(|old| write!(f, " in place of {old}"))
            }
            Self::Delete { flow_log, first: _ } => write!(
                f,
                "delete flow log {} of {} traffic to {}",
                flow_log.id,
                flow_log.traffic.as_str(),
                flow_log.destination
            ),
        }
    }
}

impl Call for FlowLogStep {
    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::Create(_) => &["ec2:CreateFlowLogs", "ec2:CreateTags", "iam:PassRole", "logs:CreateLogDelivery"],
            Self::Delete { .. } => &["ec2:DeleteFlowLogs", "logs:DeleteLogDelivery"],
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Delete { first: true, .. } => 30,
            Self::Create(_) => 40,
            Self::Delete { first: false, .. } => 50,
        }
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::Create(_) => None,
            Self::Delete { flow_log, first: _ } => Some(flow_log.again.clone()),
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::Create(New { vpc, traffic, interval, to, in_place_of: _ }) => {
                let mut new = json!({
                    "ResourceId": vpc,
                    "TrafficType": traffic.as_str(),
                    "MaxAggregationInterval": interval,
                });
                let more = match to {
                    To::ManagedGroup { role } => {
                        json!({ "LogGroupName": MANAGED_GROUP, "DeliverLogsPermissionArn": role })
                    }
                    To::Bucket { arn } => json!({ "LogDestination": arn }),
                };
                if let (Value::Object(new), Value::Object(more)) = (&mut new, more) {
                    new.extend(more);
                }
                new
            }
            Self::Delete { .. } => Value::Null,
        }
    }

    fn property(&self, place: &Place) -> Property {
        let (vpc, id) = match self {
            Self::Create(New { vpc, .. }) => (vpc, None),
            Self::Delete { flow_log, first: _ } => (&flow_log.vpc, Some(flow_log.id.clone())),
        };
        Property::FlowLog { region: place.region.clone(), vpc: vpc.clone(), id }
    }

    /// Returns whether the failure may be due to propagation. Newly created roles are not visible everywhere yet: EC2
    /// reports that with this code and message. The same response for an old role is meant literally, and becomes final
    /// after a minute.
    fn retries_on(&self, error: &CallError) -> bool {
        let spreading = error.code == "InvalidParameter" && error.message.contains("Unable to assume given IAM role");
        matches!(self, Self::Create(_)) && spreading
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        model::Step::call(self).fmt(f)
    }
}

impl model::Step for Step {
    type View = View;

    fn call(&self) -> &dyn Call {
        match self {
            Self::Group(step) => step,
            Self::Role(step) => step,
            Self::Bucket(step) => step,
            Self::FlowLog(step) => step,
        }
    }

    /// Returns the rank. Dependencies of a flow log are ready before it is created, and the old one stays until the new
    /// one exists.
    fn rank(&self) -> u8 {
        match self {
            Self::Group(step) => step.rank(),
            Self::Role(step) => 10 + step.rank(),
            Self::Bucket(step) => 20 + step.rank(),
            Self::FlowLog(step) => step.rank(),
        }
    }

    fn effect(&self, view: &mut View) {
        match self {
            Self::Group(step) => view.change_managed_group(*step),
            Self::Role(step) => view.change_managed_role(step),
            Self::Bucket(step) => view.change_bucket(step),
            Self::FlowLog(FlowLogStep::Create(New { vpc: _, traffic, interval, to, in_place_of })) => {
                let destination = to.destination(view);
                // AWS refuses the call in that case, since the flow log exists.
                if !view.flow_logs.iter().any(|it| it.shares(&destination)) {
                    view.flow_logs.push(FlowLog {
                        id: "fl-new".to_owned(),
                        managed: true,
                        in_place: in_place_of.is_some(),
                        active: true,
                        traffic: *traffic,
                        destination,
                        delivery: FlowLogDelivery::Untold,
                        interval: Some(i32::from(*interval)),
                        format: None,
                    });
                }
            }
            Self::FlowLog(FlowLogStep::Delete { flow_log, first: _ }) => {
                view.flow_logs.retain(|it| it.id != flow_log.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undo(destination: FlowLogDestination, format: Option<&str>) -> String {
        let flow_log = FlowLog {
            id: "fl-1".to_owned(),
            managed: true,
            in_place: false,
            active: true,
            traffic: Traffic::Reject,
            destination,
            delivery: FlowLogDelivery::Untold,
            interval: Some(60),
            format: format.map(str::to_owned),
        };
        FlowLogStep::Delete { flow_log: Old::of(&flow_log, "vpc-1"), first: false }
            .undo(&crate::testing::hostile::home())
            .to_string()
    }

    #[test]
    fn a_deleted_flow_log_can_be_created_again_as_it_was() {
        let bucket = FlowLogDestination::Elsewhere("arn:aws:s3:::logs/it's;rm".to_owned());
        assert_eq!(
            undo(bucket, Some("${srcaddr} ${dstaddr}")),
            "aws ec2 create-flow-logs --region eu-west-1 --resource-type VPC --resource-ids vpc-1 --traffic-type REJECT \
             --log-destination-type s3 --log-destination 'arn:aws:s3:::logs/it'\\''s;rm' --max-aggregation-interval 60 \
             --log-format '${srcaddr} ${dstaddr}' --tag-specifications \
             '[{\"ResourceType\":\"vpc-flow-log\",\"Tags\":[{\"Key\":\"managed-by\",\"Value\":\"trailkeeper\"}]}]'"
        );
        let group = FlowLogDestination::Group {
            name: MANAGED_GROUP.to_owned(),
            group: crate::model::Seen::NotAsked,
            role_arn: "arn:aws:iam::111122223333:role/r".to_owned(),
            role: Box::default(),
        };
        let undo = undo(group, None);
        let to = "--log-destination-type cloud-watch-logs --log-group-name /trailkeeper/vpc-flow-logs \
                  --deliver-logs-permission-arn arn:aws:iam::111122223333:role/r --max-aggregation-interval 60";
        assert!(undo.contains(to), "{undo}");
    }
}
