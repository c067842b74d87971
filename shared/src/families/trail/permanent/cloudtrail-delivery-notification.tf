resource "aws_cloudtrail" "NAME" {
  name           = "TRAIL"
  s3_bucket_name = "BUCKET"
  sns_topic_name = "TOPIC_ARN"
}
