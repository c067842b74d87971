resource "aws_config_configuration_recorder" "NAME" {
  name     = "default"
  role_arn = "ROLE_ARN"

  recording_group {
    all_supported                 = true
    include_global_resource_types = true
  }
}

resource "aws_config_delivery_channel" "NAME" {
  name           = "default"
  s3_bucket_name = "BUCKET"
  depends_on     = [aws_config_configuration_recorder.NAME]
}

resource "aws_config_configuration_recorder_status" "NAME" {
  name       = aws_config_configuration_recorder.NAME.name
  is_enabled = true
  depends_on = [aws_config_delivery_channel.NAME]
}
