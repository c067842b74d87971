resource "aws_cloudtrail" "NAME" {
  name           = "TRAIL"
  s3_bucket_name = "BUCKET"
  s3_key_prefix  = "PREFIX"
}
