# What lockstep may do in AWS, each statement for calls that its adapters make; and roles to do it with.
# Every resource is named in full: with bagel-store-demo1-* the instance demo1 would reach into one called demo1-next.

locals {
  look = concat(
    [
      {
        Sid      = "LookAtServices"
        Effect   = "Allow"
        Action   = ["apprunner:DescribeService", "apprunner:ListOperations"]
        Resource = local.service_arns
      },
      {
        # Finds the ARN of a service by its name. It can't be narrowed to some services.
        Sid      = "FindServices"
        Effect   = "Allow"
        Action   = "apprunner:ListServices"
        Resource = "*"
      },
      {
        Sid      = "FindTheDatabase"
        Effect   = "Allow"
        Action   = "rds:DescribeDBInstances"
        Resource = "${local.arn_start}:rds:${local.arn_place}:db:${local.prefix}-rds"
      },
      {
        Sid      = "SignInToTheDatabase"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = [for secret in aws_secretsmanager_secret.database : secret.arn]
      },
      {
        Sid      = "ReadLogsOfDeployments"
        Effect   = "Allow"
        Action   = "logs:FilterLogEvents"
        Resource = [for name in values(local.services) : "${local.arn_start}:logs:${local.arn_place}:log-group:/aws/apprunner/${name}/*"]
      },
      {
        Sid      = "ReadFlows"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "${aws_s3_bucket.flows.arn}/*"
      },
    ],
    [for cluster in aws_ecs_cluster.migrations : {
      Sid      = "LookAtMigrations"
      Effect   = "Allow"
      Action   = "ecs:DescribeTasks"
      Resource = "${local.arn_start}:ecs:${local.arn_place}:task/${cluster.name}/*"
    }],
    [for cluster in aws_ecs_cluster.migrations : {
      # ECS narrows it by the cluster, not by a resource.
      Sid       = "FindMigrations"
      Effect    = "Allow"
      Action    = "ecs:ListTasks"
      Resource  = "*"
      Condition = { ArnEquals = { "ecs:cluster" = cluster.arn } }
    }],
    [for cluster in aws_ecs_cluster.migrations : {
      # Which revision a task is started from, and that its password is a secret. It can't be narrowed to some definitions.
      Sid      = "ReadTaskDefinitions"
      Effect   = "Allow"
      Action   = "ecs:DescribeTaskDefinition"
      Resource = "*"
    }],
    [for logs in aws_cloudwatch_log_group.migrations : {
      Sid      = "ReadLogsOfMigrations"
      Effect   = "Allow"
      Action   = "logs:FilterLogEvents"
      Resource = "${local.arn_start}:logs:${local.arn_place}:log-group:${logs.name}:*"
    }],
    [for bucket in aws_s3_bucket.releases : {
      Sid      = "ReadReleases"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${bucket.arn}/*"
    }],
    [for bucket in aws_s3_bucket.releases : {
      Sid      = "ListReleases"
      Effect   = "Allow"
      Action   = "s3:ListBucket"
      Resource = bucket.arn
    }],
  )

  promote = concat(
    [
      {
        Sid      = "MoveServices"
        Effect   = "Allow"
        Action   = "apprunner:UpdateService"
        Resource = local.service_arns
      },
      {
        Sid      = "KeepReports"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "${aws_s3_bucket.reports.arn}/reports/*"
      },
    ],
    [for bucket in aws_s3_bucket.releases : {
      # The archive of a migration, under its digest.
      Sid      = "BringArchives"
      Effect   = "Allow"
      Action   = "s3:PutObject"
      Resource = "${bucket.arn}/*"
    }],
    [for cluster in aws_ecs_cluster.migrations : {
      Sid       = "Migrate"
      Effect    = "Allow"
      Action    = "ecs:RunTask"
      Resource  = [for family in values(local.migrations) : "${local.arn_start}:ecs:${local.arn_place}:task-definition/${family}:*"]
      Condition = { ArnEquals = { "ecs:cluster" = cluster.arn } }
    }],
    [for cluster in aws_ecs_cluster.migrations : {
      Sid      = "StopMigrations"
      Effect   = "Allow"
      Action   = "ecs:StopTask"
      Resource = "${local.arn_start}:ecs:${local.arn_place}:task/${cluster.name}/*"
    }],
    [for cluster in aws_ecs_cluster.migrations : {
      Sid       = "GiveMigrationsTheirRoles"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = concat(aws_iam_role.migration[*].arn, aws_iam_role.migration_start[*].arn)
      Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
    }],
  )

  service_arns = [for name in values(local.services) : "${local.arn_start}:apprunner:${local.arn_place}:service/${name}/*"]
}

# Enough for the board, plans, drift and reconcile; it can't move anything in AWS.
resource "aws_iam_policy" "look" {
  name        = "${local.prefix}-lockstep-look"
  description = "lockstep looks at the demo ${var.demo_id}"
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.look })
}

# What promotions and rollbacks need besides.
resource "aws_iam_policy" "promote" {
  name        = "${local.prefix}-lockstep-promote"
  description = "lockstep promotes in the demo ${var.demo_id}"
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.promote })
}

# For whoever may assume it. People who sign in through IAM Identity Center can have the two policies in a permission set instead.
resource "aws_iam_role" "lockstep" {
  count = length(var.lockstep_principals) > 0 ? 1 : 0

  name        = "${local.prefix}-lockstep"
  description = "lockstep in the demo ${var.demo_id}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = var.lockstep_principals }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "lockstep" {
  for_each = length(var.lockstep_principals) > 0 ? local.lockstep_policies : {}

  role       = aws_iam_role.lockstep[0].name
  policy_arn = each.value
}

locals {
  lockstep_policies = { look = aws_iam_policy.look.arn, promote = aws_iam_policy.promote.arn }
}
