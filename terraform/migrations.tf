# Liquibase as a one-off task beside a private database: a cluster, one task definition for each environment, their two roles.
# Absent while the database is public. Nothing runs here by itself: lockstep starts a task from the newest revision for every
# command of Liquibase, with a command of its own, and judges its exit code.

locals {
  # The names of the containers, for overrides: the first fetches a release's archive, the second runs Liquibase on it.
  archive_container   = "archive"
  liquibase_container = "liquibase"
  archive_path        = "/release/changelog.zip"

  migrations = var.public_database ? {} : { for environment in local.environments : environment => "${local.prefix}-liquibase-${environment}" }

  migration_logs = "/${local.prefix}/liquibase"
}

resource "aws_ecs_cluster" "migrations" {
  #checkov:skip=CKV_AWS_65:insights are for services that run on; a task here lives for a minute and its log says everything
  count = var.public_database ? 0 : 1

  name = "${local.prefix}-migrations"
}

resource "aws_cloudwatch_log_group" "migrations" {
  #checkov:skip=CKV_AWS_158:encrypted with the key of CloudWatch; a key of its own costs more than the logs
  #checkov:skip=CKV_AWS_338:lockstep keeps the log of every run beside its journal; this copy lives as long as the reports
  count = var.public_database ? 0 : 1

  name              = local.migration_logs
  retention_in_days = 30
}

resource "aws_ecs_task_definition" "migration" {
  for_each = local.migrations

  family                   = each.value
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = "512"
  memory                   = "1024"
  execution_role_arn       = aws_iam_role.migration_start[0].arn
  task_role_arn            = aws_iam_role.migration[0].arn
  tags                     = { environment = each.key }

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  volume {
    name = "release"
  }

  container_definitions = jsonencode([
    {
      name        = local.archive_container
      image       = var.archive_image
      essential   = false
      command     = ["s3", "cp", "s3://${aws_s3_bucket.releases[0].bucket}/${local.prefix}-changelog-${var.initial_release}.zip", local.archive_path]
      environment = [{ name = "AWS_REGION", value = var.region }]
      mountPoints = [{ sourceVolume = "release", containerPath = "/release", readOnly = false }]
      logConfiguration = {
        logDriver = "awslogs"
        options   = { awslogs-group = local.migration_logs, awslogs-region = var.region, awslogs-stream-prefix = each.key }
      }
    },
    {
      name  = local.liquibase_container
      image = var.liquibase_image
      # The image's own entry point would put another search path in front, and with it another FILENAME into every row.
      entryPoint  = ["/liquibase/liquibase"]
      command     = ["status", "--verbose"]
      essential   = true
      dependsOn   = [{ containerName = local.archive_container, condition = "SUCCESS" }]
      mountPoints = [{ sourceVolume = "release", containerPath = "/release", readOnly = true }]
      environment = [
        { name = "LIQUIBASE_COMMAND_URL", value = "jdbc:postgresql://${aws_db_instance.store.address}:${aws_db_instance.store.port}/${each.key}?sslmode=require" },
        { name = "LIQUIBASE_SEARCH_PATH", value = local.archive_path },
        { name = "LIQUIBASE_COMMAND_CHANGELOG_FILE", value = "changelog/changelog-master.yaml" },
        { name = "LIQUIBASE_HEADLESS", value = "true" },
        { name = "LIQUIBASE_ANALYTICS_ENABLED", value = "false" },
      ]
      secrets = concat(
        [
          { name = "LIQUIBASE_COMMAND_USERNAME", valueFrom = aws_secretsmanager_secret.database["username"].arn },
          { name = "LIQUIBASE_COMMAND_PASSWORD", valueFrom = aws_secretsmanager_secret.database["password"].arn },
        ],
        var.liquibase_license_secret_arn == "" ? [] : [{ name = "LIQUIBASE_LICENSE_KEY", valueFrom = var.liquibase_license_secret_arn }],
      )
      logConfiguration = {
        logDriver = "awslogs"
        options   = { awslogs-group = local.migration_logs, awslogs-region = var.region, awslogs-stream-prefix = each.key }
      }
    },
  ])
}

resource "aws_security_group" "migrations" {
  #checkov:skip=CKV2_AWS_5:whoever starts a task names it
  count = var.public_database ? 0 : 1

  name        = "${local.prefix}-migrations"
  description = "Liquibase of the demo ${var.demo_id} as a one-off task; nobody reaches it"
  vpc_id      = aws_vpc.instance.id
}

resource "aws_vpc_security_group_egress_rule" "migrations_to_database" {
  count = var.public_database ? 0 : 1

  security_group_id            = aws_security_group.migrations[0].id
  description                  = "PostgreSQL"
  referenced_security_group_id = aws_security_group.database.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_egress_rule" "migrations_to_aws" {
  count = var.public_database ? 0 : 1

  security_group_id = aws_security_group.migrations[0].id
  description       = "Images, secrets, logs and the archive over HTTPS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# What ECS itself needs before a container runs: its log streams and its secrets.
resource "aws_iam_role" "migration_start" {
  count = var.public_database ? 0 : 1

  name               = "${local.prefix}-migration-start"
  description        = "Starts the migrations of the demo ${var.demo_id}"
  assume_role_policy = local.tasks_may_assume
}

resource "aws_iam_role_policy" "migration_start" {
  count = var.public_database ? 0 : 1

  name = "logs-and-secrets"
  role = aws_iam_role.migration_start[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${local.arn_start}:logs:${local.arn_place}:log-group:${local.migration_logs}:log-stream:*"
      },
      {
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = concat([for secret in aws_secretsmanager_secret.database : secret.arn], compact([var.liquibase_license_secret_arn]))
      },
    ]
  })
}

# What runs inside may read releases, nothing else.
resource "aws_iam_role" "migration" {
  count = var.public_database ? 0 : 1

  name               = "${local.prefix}-migration"
  description        = "The running migrations of the demo ${var.demo_id}"
  assume_role_policy = local.tasks_may_assume
}

resource "aws_iam_role_policy" "migration" {
  count = var.public_database ? 0 : 1

  name = "read-releases"
  role = aws_iam_role.migration[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${aws_s3_bucket.releases[0].arn}/*"
    }]
  })
}

locals {
  # Only tasks of this account: ECS must not be talked into using the roles for somebody else.
  tasks_may_assume = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.here.account_id }
        ArnLike      = { "aws:SourceArn" = "${local.arn_start}:ecs:${local.arn_place}:*" }
      }
    }]
  })
}
