//! Calls of the steps.

use super::Vpcs;
use super::flow_log::IN_PLACE;
use crate::aws::write_call;
use crate::families::vpc::step::FlowLogStep;
use crate::families::vpc::{MANAGED_GROUP, New, Step, To, Vpc};
use crate::managed::tag::MANAGED_TAG;
use crate::model::{CallError, ErrorKind, Region, Subject};
use crate::reconcile::ports::Write;
use crate::settings::flow_logs::Traffic;
use aws_sdk_ec2::types::{
    FlowLogsResourceType, LogDestinationType, ResourceType, Tag, TagSpecification, TrafficType, UnsuccessfulItem,
};
use std::hash::{DefaultHasher, Hash, Hasher};

impl Write<Vpc> for Vpcs {
    async fn apply(&self, subject: &Subject, step: &Step) -> Result<(), CallError> {
        let region = &subject.place.region;
        let made = match step {
            Step::Group(step) => Box::pin(self.groups.apply(region, *step)).await,
            Step::Role(step) => Box::pin(self.roles.apply(step)).await,
            Step::Bucket(step) => Box::pin(self.buckets.apply(&subject.place.account, step)).await,
            Step::FlowLog(FlowLogStep::Create(new)) => {
                let made = Box::pin(self.create(region, new)).await;
                if made.is_err() {
                    self.memo.forget(subject);
                }
                return made;
            }
            Step::FlowLog(FlowLogStep::Delete { flow_log, first: _ }) => {
                return Box::pin(self.delete(region, &flow_log.id)).await;
            }
        };
        // Whatever the result, what many flow logs share may have changed since it was read.
        self.memo.forget_shared();
        made
    }

    fn made(&self, step: &Step) -> Option<String> {
        let Step::FlowLog(FlowLogStep::Create(new)) = step else { return None };
        self.made.borrow_mut().remove(&self.token(new))
    }
}

impl Vpcs {
    async fn create(&self, region: &Region, new: &New) -> Result<(), CallError> {
        let New { vpc, traffic, interval, to, in_place_of } = new;
        let create = self
            .ec2
            .of(region)
            .create_flow_logs()
            .resource_type(FlowLogsResourceType::Vpc)
            .resource_ids(vpc)
            .traffic_type(match traffic {
                Traffic::All => TrafficType::All,
                Traffic::Reject => TrafficType::Reject,
                Traffic::Accept => TrafficType::Accept,
            })
            .max_aggregation_interval(i32::from(*interval))
            .tag_specifications(tags(in_place_of.as_deref()))
            .client_token(self.token(new));
        let create = match to {
            To::ManagedGroup { role } => create
                .log_destination_type(LogDestinationType::CloudWatchLogs)
                .log_group_name(MANAGED_GROUP)
                .deliver_logs_permission_arn(role),
            To::Bucket { arn } => create.log_destination_type(LogDestinationType::S3).log_destination(arn),
        };
        let answer = write_call("ec2:CreateFlowLogs", create.send()).await;
        if let To::Bucket { .. } = to {
            // AWS may have changed the bucket's policy.
            self.memo.forget_shared();
        }
        let answer = answer?;
        all_successful("ec2:CreateFlowLogs", answer.unsuccessful())?;
        if let [id] = answer.flow_log_ids() {
            self.made.borrow_mut().insert(self.token(new), id.clone());
        }
        Ok(())
    }

    async fn delete(&self, region: &Region, id: &str) -> Result<(), CallError> {
        let sent = self.ec2.of(region).delete_flow_logs().flow_log_ids(id).send();
        let answer = write_call("ec2:DeleteFlowLogs", sent).await?;
        all_successful("ec2:DeleteFlowLogs", answer.unsuccessful())
    }

    /// Returns an idempotency token: the same within an event, so that a call whose response is lost is not made twice;
    /// different for another event, since EC2 answers a known token with the original flow log, even if that was
    /// deleted.
    fn token(&self, new: &New) -> String {
        let mut hasher = DefaultHasher::new();
        (&*self.event.borrow(), format!("{new:?}")).hash(&mut hasher);
        format!("trailkeeper-{:016x}", hasher.finish())
    }
}

fn tags(in_place_of: Option<&str>) -> TagSpecification {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let managed =
        TagSpecification::builder().resource_type(ResourceType::VpcFlowLog).tags(tag(MANAGED_TAG.0, MANAGED_TAG.1));
    in_place_of.into_iter().fold(managed, |all, old| all.tags(tag(IN_PLACE, old))).build()
}

/// Returns an error if the response, with status 200, lists anything that failed.
fn all_successful(action: &'static str, unsuccessful: &[UnsuccessfulItem]) -> Result<(), CallError> {
    let Some(item) = unsuccessful.first() else { return Ok(()) };
    let error = item.error();
    let code = error.and_then(|it| it.code()).unwrap_or("Unsuccessful").to_owned();
    let message = error.and_then(|it| it.message()).unwrap_or_default();
    Err(CallError { action, kind: ErrorKind::of(Some(&code), None), code, message: crate::model::sanitized(message) })
}
