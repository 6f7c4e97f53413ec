# What a lockstep.toml needs, under the names it has there; README.md shows which goes where.

output "demo_id" {
  description = "[instance] id"
  value       = var.demo_id
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
    address  = try("https://${aws_apprunner_service.store[environment].service_url}", null)
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
