resource "aws_cloudtrail" "NAME" {
  name           = "TRAIL"
  s3_bucket_name = "BUCKET"

  enable_logging                = true
  is_multi_region_trail         = true
  include_global_service_events = true
}
