resource "aws_s3_bucket_logging" "NAME" {
  bucket        = "BUCKET"
  target_bucket = "TARGET_BUCKET"
  target_prefix = "BUCKET/"
}
