resource "aws_cloudtrail" "NAME" {
  name           = "TRAIL"
  s3_bucket_name = "BUCKET"

  cloud_watch_logs_group_arn = "LOG_GROUP_ARN:*"
  cloud_watch_logs_role_arn  = "ROLE_ARN"
}
