//! The stack of Trailkeeper, which names the table of the ledger, and whose functions have the settings.

use crate::aws::{Aws, call};
use crate::model::{CallError, ErrorKind};
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

/// Returns the environment of one of a stack's functions, in the region of these credentials: names of variables and their
/// values. `None` if there is no such function.
///
/// # Errors
/// Returns an error if the call fails for another reason than that there is no such function.
pub async fn environment_of(
    aws: &Aws,
    stack: &str,
    function: &str,
) -> Result<Option<Vec<(String, String)>>, CallError> {
    let client = aws_sdk_lambda::Client::new(aws.config());
    let sent = client.get_function_configuration().function_name(format!("{stack}-{function}")).send();
    match call("lambda:GetFunctionConfiguration", Box::pin(sent)).await {
        Ok(answer) => {
            let variables = answer.environment.and_then(|it| it.variables).unwrap_or_default();
            Ok(Some(variables.into_iter().collect()))
        }
        Err(error) if error.kind == ErrorKind::Gone => Ok(None),
        Err(error) => Err(error),
    }
}
