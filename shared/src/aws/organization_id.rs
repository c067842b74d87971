//! Id of the organization that the account is in.

use super::{Aws, call};
use crate::model::{CallError, Seen};
use aws_sdk_organizations::Client;

/// Code of the error for an account in no organization ([`DescribeOrganization`], errors).
///
/// [`DescribeOrganization`]: https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html
const NONE: &str = "AWSOrganizationsNotInUseException";

/// Asks for the id with these credentials; `None` if the account is in no organization, or may not ask.
///
/// # Errors
/// Returns an error if the call fails for another reason.
pub async fn organization_id_of(aws: &Aws) -> Result<Option<String>, CallError> {
    Ok(organization_id(&Client::new(aws.config())).await?.present().cloned())
}

/// Asks for the id, which every account of an organization may.
///
/// # Errors
/// Returns an error if the call fails for any reason other than "denied" or that the account is in no organization.
pub async fn organization_id(client: &Client) -> Result<Seen<String>, CallError> {
    let answer = Box::pin(call("organizations:DescribeOrganization", client.describe_organization().send())).await;
    if answer.as_ref().is_err_and(|error| error.code == NONE) {
        return Ok(Seen::Absent);
    }
    Ok(Seen::from_call(answer)?.and_then(|it| it.organization?.id))
}
