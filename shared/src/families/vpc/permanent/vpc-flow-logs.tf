resource "aws_flow_log" "NAME" {
  vpc_id               = "VPC_ID"
  traffic_type         = "ALL"
  log_destination_type = "cloud-watch-logs"
  log_destination      = "LOG_GROUP_ARN"
  iam_role_arn         = "ROLE_ARN"
}
