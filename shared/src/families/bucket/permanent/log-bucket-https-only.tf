# Add the statement to the policy that the bucket has: a bucket has one policy.
data "aws_iam_policy_document" "NAME" {
  statement {
    sid       = "TrailkeeperHttpsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["arn:aws:s3:::BUCKET", "arn:aws:s3:::BUCKET/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "NAME" {
  bucket = "BUCKET"
  policy = data.aws_iam_policy_document.NAME.json
}
