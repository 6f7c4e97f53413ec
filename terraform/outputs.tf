# What a lockstep.toml needs, under the names it has there; README.md shows which goes where.

output "demo_id" {
  description = "[instance] id"
  value       = var.demo_id
}

output "account_id" {
  description = "The account that everything is in"
  value       = data.aws_caller_identity.here.account_id
}

output "region" {
  description = "[aws] region"
  value       = var.region
}

output "database_instance" {
  description = "[database] instance"
  value       = aws_db_instance.store.identifier
}

output "username_secret" {
  description = "[database] username_secret"
  value       = aws_secretsmanager_secret.database["username"].name
}

output "password_secret" {
  description = "[database] password_secret"
  value       = aws_secretsmanager_secret.database["password"].name
}

output "database_address" {
  description = "Host of the PostgreSQL server, for psql and Liquibase by hand; lockstep asks RDS for it"
  value       = aws_db_instance.store.address
}

output "image_repository" {
  description = "[releases] image"
  value       = local.image_repository
}

output "environments" {
  description = "The [[environment]] tables in order; address is null while there are no services"
  value = [for environment in local.environments : {
    name     = environment
    service  = local.services[environment]
    database = environment
    address  = try("https://${local.hosts[environment]}", null)
  }]
}

output "flows_bucket" {
  description = "Bucket of the flow files"
  value       = aws_s3_bucket.flows.bucket
}

output "reports_bucket" {
  description = "Bucket of the operation reports, below reports/<run>/"
  value       = aws_s3_bucket.reports.bucket
}

output "lockstep_policies" {
  description = "ARNs of what lockstep needs: `look` for looking, `promote` besides for promotions and rollbacks"
  value       = local.lockstep_policies
}

output "lockstep_role" {
  description = "ARN of the role of lockstep_principals; null without any"
  value       = one(aws_iam_role.lockstep[*].arn)
}

output "github_role" {
  description = "ARN of the role for the workflows of github_repository; null without one"
  value       = one(aws_iam_role.github[*].arn)
}

output "migration" {
  description = "Where Liquibase runs as a one-off task beside a private database; null while the database is public"
  value = var.public_database ? null : {
    cluster             = aws_ecs_cluster.migrations[0].name
    task_definitions    = { for environment, definition in aws_ecs_task_definition.migration : environment => definition.family }
    subnets             = [for subnet in aws_subnet.migrations : subnet.id]
    security_group      = aws_security_group.migrations[0].id
    assign_public_ip    = true
    archive_container   = local.archive_container
    archive_path        = local.archive_path
    liquibase_container = local.liquibase_container
    log_group           = local.migration_logs
    releases_bucket     = aws_s3_bucket.releases[0].bucket
  }
}

output "lockstep_toml" {
  description = "A lockstep.toml for this instance: terraform output -raw lockstep_toml > ../lockstep.toml"
  value = templatefile("${path.module}/lockstep.toml.tftpl", {
    demo_id           = var.demo_id
    region            = var.region
    account           = data.aws_caller_identity.here.account_id
    database_instance = aws_db_instance.store.identifier
    username_secret   = aws_secretsmanager_secret.database["username"].name
    password_secret   = aws_secretsmanager_secret.database["password"].name
    image_repository  = local.image_repository
    reports_bucket    = aws_s3_bucket.reports.bucket
    migration = var.public_database ? null : {
      cluster         = aws_ecs_cluster.migrations[0].name
      task_definition = "${local.prefix}-liquibase-{environment}"
      subnets         = [for subnet in aws_subnet.migrations : subnet.id]
      security_group  = aws_security_group.migrations[0].id
      bucket          = aws_s3_bucket.releases[0].bucket
    }
    services  = [for environment in local.environments : { name = environment, service = local.services[environment] }]
    addresses = var.enable_route53 ? { for environment, host in local.hosts : environment => "https://${host}" } : {}
  })
}
