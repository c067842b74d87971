# Add the statement to the policy that the bucket has: a bucket has one policy.
data "aws_iam_policy_document" "NAME" {
  statement {
    sid       = "TrailkeeperDeleteMfa"
    effect    = "Deny"
    actions   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    resources = ["arn:aws:s3:::BUCKET/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "BoolIfExists"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["false"]
    }

    condition {
      test     = "BoolIfExists"
      variable = "aws:PrincipalIsAWSService"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "NAME" {
  bucket = "BUCKET"
  policy = data.aws_iam_policy_document.NAME.json
}
