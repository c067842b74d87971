# Take the statement as the report shows it: it follows from the parameter AccessReaders.
data "aws_iam_policy_document" "NAME" {
  statement {
    sid       = "TrailkeeperAccessLogReaders"
    effect    = "Deny"
    actions   = ["s3:GetObject*"]
    resources = ["arn:aws:s3:::BUCKET/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = ["READER_ARN"]
    }
  }
}

resource "aws_s3_bucket_policy" "NAME" {
  bucket = "BUCKET"
  policy = data.aws_iam_policy_document.NAME.json
}
