# The pattern is the one of the report, or of the benchmark.
resource "aws_cloudwatch_log_metric_filter" "NAME" {
  name           = "CONTROL"
  log_group_name = "LOG_GROUP"
  pattern        = "PATTERN"

  metric_transformation {
    name      = "CONTROL"
    namespace = "NAMESPACE"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "NAME" {
  alarm_name          = "CONTROL"
  namespace           = "NAMESPACE"
  metric_name         = "CONTROL"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = ["TOPIC_ARN"]
}
