resource "aws_cloudtrail" "NAME" {
  name           = "TRAIL"
  s3_bucket_name = "BUCKET"

  advanced_event_selector {
    name = "All management events"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }
}
