# Who may do what: lockstep, GitHub's workflows and what runs in AWS, in the variant that has all of it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  demo_id                 = "demo1"
  deployed_by             = "presenter"
  database_password       = "not-a-real-one"
  store_password          = "not-one-either"
  public_database         = false
  create_image_repository = true
  github_repository       = "owner/name"
  lockstep_principals     = ["arn:aws:iam::123456789012:role/release-managers"]
}

run "no_policy_allows_every_action_of_anything" {
  assert {
    condition = alltrue([for policy in [aws_iam_policy.look.policy, aws_iam_policy.promote.policy, aws_iam_role_policy.github_releases[0].policy, aws_iam_role_policy.secrets.policy, aws_iam_role_policy.migration[0].policy, aws_iam_role_policy.migration_start[0].policy] :
      alltrue([for statement in jsondecode(policy).Statement : statement.Effect == "Allow" && alltrue([for action in flatten([statement.Action]) : !strcontains(action, "*")])])
    ])
    error_message = "A policy has a star in an action."
  }
}

run "only_what_aws_can_not_narrow_is_allowed_everywhere" {
  assert {
    condition     = flatten([for policy in [aws_iam_policy.look.policy, aws_iam_policy.promote.policy, aws_iam_role_policy.github_releases[0].policy] : [for statement in jsondecode(policy).Statement : statement.Action if contains(flatten([statement.Resource]), "*")]]) == ["apprunner:ListServices", "ecs:ListTasks", "ecs:DescribeTaskDefinition", "ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"]
    error_message = "Something is allowed on every resource that AWS could narrow to this instance."
  }
}

run "looking_changes_nothing" {
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_policy.look.policy).Statement : statement.Action])) == toset([
      "apprunner:DescribeService", "apprunner:ListOperations", "apprunner:ListServices", "ecs:DescribeTaskDefinition", "ecs:DescribeTasks", "ecs:ListTasks", "logs:FilterLogEvents",
      "rds:DescribeDBInstances", "s3:GetObject", "s3:ListBucket", "secretsmanager:GetSecretValue",
    ])
    error_message = "Looking may do more, or less, than lockstep's looks ask for."
  }
}

run "promoting_moves_services_migrates_and_keeps_reports" {
  assert {
    condition     = toset(flatten([for statement in jsondecode(aws_iam_policy.promote.policy).Statement : statement.Action])) == toset(["apprunner:UpdateService", "ecs:RunTask", "ecs:StopTask", "iam:PassRole", "s3:PutObject"])
    error_message = "Promoting may do more, or less, than a promotion does."
  }

  assert {
    condition     = { for statement in jsondecode(aws_iam_policy.promote.policy).Statement : statement.Sid => statement.Resource }["KeepReports"] == "${aws_s3_bucket.reports.arn}/reports/*"
    error_message = "Reports may be written elsewhere than below reports/."
  }

  assert {
    condition     = { for statement in jsondecode(aws_iam_policy.promote.policy).Statement : statement.Sid => jsonencode(statement) }["GiveMigrationsTheirRoles"] == jsonencode({ Action = "iam:PassRole", Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }, Effect = "Allow", Resource = [aws_iam_role.migration[0].arn, aws_iam_role.migration_start[0].arn], Sid = "GiveMigrationsTheirRoles" })
    error_message = "Roles can be given to something else than ECS tasks, or other roles than the two of migrations."
  }

  assert {
    condition     = strcontains({ for statement in jsondecode(aws_iam_policy.promote.policy).Statement : statement.Sid => jsonencode(statement) }["Migrate"], jsonencode({ ArnEquals = { "ecs:cluster" = aws_ecs_cluster.migrations[0].arn } }))
    error_message = "A task may be started in another cluster."
  }
}

run "tasks_are_listed_in_their_own_cluster_only_and_archives_go_into_their_own_bucket" {
  assert {
    condition     = { for statement in jsondecode(aws_iam_policy.look.policy).Statement : statement.Sid => jsonencode(lookup(statement, "Condition", null)) }["FindMigrations"] == jsonencode({ ArnEquals = { "ecs:cluster" = aws_ecs_cluster.migrations[0].arn } })
    error_message = "Tasks of another cluster may be listed."
  }

  assert {
    condition     = { for statement in jsondecode(aws_iam_policy.promote.policy).Statement : statement.Sid => statement.Resource }["BringArchives"] == "${aws_s3_bucket.releases[0].arn}/*"
    error_message = "An archive may be put somewhere else than where migrations fetch it."
  }
}

run "only_the_named_principals_become_lockstep" {
  assert {
    condition     = jsondecode(aws_iam_role.lockstep[0].assume_role_policy).Statement[0].Principal == { AWS = ["arn:aws:iam::123456789012:role/release-managers"] }
    error_message = "Somebody else may assume the role."
  }

  assert {
    condition     = { for name, attachment in aws_iam_role_policy_attachment.lockstep : name => attachment.policy_arn } == { look = aws_iam_policy.look.arn, promote = aws_iam_policy.promote.arn }
    error_message = "The role does not have exactly the two policies."
  }
}

run "only_jobs_in_a_protected_environment_of_the_repository_become_lockstep" {
  assert {
    condition = jsondecode(aws_iam_role.github[0].assume_role_policy).Statement[0].Condition == { StringEquals = {
      "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
      "token.actions.githubusercontent.com:sub" = ["repo:owner/name:environment:dev", "repo:owner/name:environment:test", "repo:owner/name:environment:staging", "repo:owner/name:environment:prod"]
    } }
    error_message = "Another workflow may assume the role, such as that of a pull request."
  }

  assert {
    condition     = jsondecode(aws_iam_role.github[0].assume_role_policy).Statement[0].Principal == { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
    error_message = "The role trusts another identity provider than GitHub's in this account."
  }
}

run "workflows_bring_releases_of_this_instance_only" {
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.github_releases[0].policy).Statement : statement.Resource if statement.Sid != "SignInToTheRegistry"] == ["arn:aws:ecr-public::123456789012:repository/demo1-bagel-store", "${aws_s3_bucket.releases[0].arn}/*"]
    error_message = "A workflow may push another image, or put archives elsewhere."
  }
}

run "what_runs_in_a_migration_reads_releases_and_nothing_else" {
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.migration[0].policy).Statement : "${statement.Action} ${statement.Resource}"] == ["s3:GetObject ${aws_s3_bucket.releases[0].arn}/*"]
    error_message = "A migration may do something else in AWS."
  }

  assert {
    condition     = [for role in [aws_iam_role.migration[0], aws_iam_role.migration_start[0]] : jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals] == [{ "aws:SourceAccount" = "123456789012" }, { "aws:SourceAccount" = "123456789012" }]
    error_message = "ECS could use the roles for another account."
  }
}

run "without_being_asked_nobody_is_given_a_role" {
  command = plan

  variables {
    github_repository   = ""
    lockstep_principals = []
  }

  assert {
    condition     = output.github_role == null && output.lockstep_role == null && length(aws_iam_role_policy_attachment.github) == 0 && length(aws_iam_role_policy_attachment.lockstep) == 0 && length(aws_iam_role_policy.github_releases) == 0
    error_message = "There is a role that nobody asked for."
  }
}
