//! The stack of Trailkeeper, which names the table of the ledger.

use crate::aws::{Aws, call};
use crate::model::CallError;
use aws_sdk_cloudformation::Client;

/// Output of the stack that names the table.
const OUTPUT: &str = "LedgerTable";

/// Returns the name of the table of a stack, in the region of these credentials; `None` if there is no such stack, or it has
/// no ledger.
///
/// # Errors
/// Returns an error if the call fails for another reason than that there is no such stack.
pub async fn table_of(aws: &Aws, stack: &str) -> Result<Option<String>, CallError> {
    let client = Client::new(aws.config());
    let answer =
        call("cloudformation:DescribeStacks", Box::pin(client.describe_stacks().stack_name(stack).send())).await;
    match answer {
        Ok(answer) => {
            let outputs = answer.stacks().iter().flat_map(aws_sdk_cloudformation::types::Stack::outputs);
            let mut tables = outputs.filter(|it| it.output_key() == Some(OUTPUT));
            Ok(tables.find_map(|it| it.output_value().map(str::to_owned)))
        }
        // CloudFormation has no code of its own for this.
        Err(error) if error.code == "ValidationError" && error.message.contains("does not exist") => Ok(None),
        Err(error) => Err(error),
    }
}
