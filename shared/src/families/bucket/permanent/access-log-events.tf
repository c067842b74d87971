# One resource holds all notifications of a bucket: add the line to the one that is there.
resource "aws_s3_bucket_notification" "NAME" {
  bucket      = "BUCKET"
  eventbridge = true
}
