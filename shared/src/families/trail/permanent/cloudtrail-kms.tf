resource "aws_cloudtrail" "NAME" {
  name           = "TRAIL"
  s3_bucket_name = "BUCKET"
  kms_key_id     = "KEY_ARN"
}
