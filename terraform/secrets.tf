# The credentials, where lockstep and the stores read them. Passwords are write-only: they are never in the state.

resource "aws_secretsmanager_secret" "database" {
  #checkov:skip=CKV_AWS_149:encrypted with the key of Secrets Manager; a key of its own would cost more than the secret
  #checkov:skip=CKV2_AWS_57:the stores read it when they start, so a rotation has to come with deployments: raise passwords_version
  for_each = toset(["username", "password"])

  name        = "${var.demo_id}/rds/${each.key}"
  description = "The ${each.key} of the master user of ${local.prefix}-rds"
  # Otherwise the name stays taken for weeks after a demo is thrown away.
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "username" {
  secret_id     = aws_secretsmanager_secret.database["username"].id
  secret_string = var.database_username
}

resource "aws_secretsmanager_secret_version" "password" {
  secret_id                = aws_secretsmanager_secret.database["password"].id
  secret_string_wo         = var.database_password
  secret_string_wo_version = var.passwords_version
}

# As a plain variable of a service everybody who may describe the service could read it.
resource "aws_ssm_parameter" "store_password" {
  #checkov:skip=CKV_AWS_337:encrypted with the key of Parameter Store
  name             = "/${local.prefix}/store/password"
  description      = "The password of the one user of the Bagel Store"
  type             = "SecureString"
  value_wo         = var.store_password
  value_wo_version = var.passwords_version
}
