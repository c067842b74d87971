resource "aws_transfer_server" "NAME" {
  logging_role = "ROLE_ARN"
}
