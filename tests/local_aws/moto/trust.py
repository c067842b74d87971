"""Whether a role's trust policy lets an AWS service assume it for a resource.

IAM User Guide, "The confused deputy problem": services give aws:SourceAccount and
aws:SourceArn; any other condition key is absent.
"""

from __future__ import annotations

from local_aws.moto.policy import NO_RESOURCE, decides


def may_assume(
    document: str, service: str, source_account: str | None, source_arn: str | None
) -> bool:
    """Decides for the service principal `service`, e.g. "transfer.amazonaws.com".

    A service that gives no source has None for both.
    """
    source = {"aws:SourceAccount": source_account, "aws:SourceArn": source_arn}
    given = {key: value for key, value in source.items() if value is not None}
    decision = decides(
        document,
        service=service,
        action="sts:AssumeRole",
        resource=NO_RESOURCE,
        context=given,
        by_name=True,
    )
    return decision == "Allowed"
