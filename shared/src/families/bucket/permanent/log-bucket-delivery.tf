# Those of a trail; the report names the statements that are missing. Add them to the policy that the bucket has.
data "aws_iam_policy_document" "NAME" {
  statement {
    sid       = "AWSCloudTrailAclCheck"
    actions   = ["s3:GetBucketAcl"]
    resources = ["arn:aws:s3:::BUCKET"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = ["TRAIL_ARN"]
    }
  }

  statement {
    sid       = "AWSCloudTrailWrite"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::BUCKET/PREFIX/AWSLogs/ACCOUNT/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = ["TRAIL_ARN"]
    }
  }
}

resource "aws_s3_bucket_policy" "NAME" {
  bucket = "BUCKET"
  policy = data.aws_iam_policy_document.NAME.json
}
