resource "aws_s3_bucket_lifecycle_configuration" "NAME" {
  bucket = "BUCKET"

  rule {
    id     = "trailkeeper-glacier"
    status = "Enabled"

    filter {
      prefix = "PREFIX"
    }

    transition {
      days          = 90
      storage_class = "GLACIER"
    }
  }

  rule {
    id     = "trailkeeper-expire"
    status = "Enabled"

    filter {
      prefix = "PREFIX"
    }

    expiration {
      days = 365
    }
  }
}
