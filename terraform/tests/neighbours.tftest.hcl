# Two instances in one account and region, one called as the other begins: no name is taken twice, and neither may touch the other.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  deployed_by         = "presenter"
  database_password   = "not-a-real-one"
  store_password      = "not-one-either"
  public_database     = false
  github_repository   = "owner/name"
  lockstep_principals = ["arn:aws:iam::123456789012:role/release-managers"]
}

run "one" {
  variables {
    demo_id = "demo1"
  }

  assert {
    condition     = alltrue([for name in [aws_iam_policy.look.name, aws_iam_policy.promote.name, aws_iam_role.lockstep[0].name, aws_iam_role.github[0].name, aws_iam_role.store.name, aws_iam_role.migration[0].name, aws_iam_role.migration_start[0].name] : startswith(name, "bagel-store-demo1-")])
    error_message = "Something in IAM, which the whole account shares, is not called after the instance."
  }

  assert {
    condition     = alltrue([for name in [aws_db_parameter_group.store.name, aws_db_subnet_group.store.name, aws_security_group.database.name, aws_security_group.stores[0].name, aws_security_group.migrations[0].name] : startswith(name, "bagel-store-demo1-")]) && aws_apprunner_vpc_connector.stores[0].vpc_connector_name == "bagel-store-demo1" && aws_ssm_parameter.store_password.name == "/bagel-store-demo1/store/password"
    error_message = "Something in the region is not called after the instance."
  }
}

run "the_other_takes_none_of_its_names" {
  variables {
    demo_id = "demo1-next"
  }

  assert {
    condition     = length(setintersection([for environment in output.environments : environment.service], [for environment in run.one.environments : environment.service])) == 0
    error_message = "Two instances have a service of the same name."
  }

  assert {
    condition = length(setintersection(
      [output.database_instance, output.username_secret, output.password_secret, output.flows_bucket, output.reports_bucket, output.migration.releases_bucket, output.migration.cluster, output.migration.log_group, output.image_repository],
      [run.one.database_instance, run.one.username_secret, run.one.password_secret, run.one.flows_bucket, run.one.reports_bucket, run.one.migration.releases_bucket, run.one.migration.cluster, run.one.migration.log_group, run.one.image_repository],
    )) == 0
    error_message = "Two instances have a database, a secret, a bucket, a cluster, a log or a repository of the same name."
  }

  assert {
    condition     = length(setintersection(values(output.migration.task_definitions), values(run.one.migration.task_definitions))) == 0
    error_message = "Two instances migrate by the same task definition."
  }
}

run "neither_may_touch_the_other" {
  variables {
    demo_id = "demo1"
  }

  # Every pattern of a resource, as a regular expression, against what the other instance has.
  assert {
    condition = !anytrue(flatten([
      for statement in concat(jsondecode(aws_iam_policy.look.policy).Statement, jsondecode(aws_iam_policy.promote.policy).Statement) : [
        for resource in flatten([statement.Resource]) : [
          for other in [
            "arn:aws:apprunner:us-east-1:123456789012:service/bagel-store-demo1-next-dev/0123",
            "arn:aws:rds:us-east-1:123456789012:db:bagel-store-demo1-next-rds",
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/apprunner/bagel-store-demo1-next-dev/0123/service:*",
            "arn:aws:logs:us-east-1:123456789012:log-group:/bagel-store-demo1-next/liquibase:*",
            "arn:aws:ecs:us-east-1:123456789012:task-definition/bagel-store-demo1-next-liquibase-dev:1",
            "arn:aws:ecs:us-east-1:123456789012:task/bagel-store-demo1-next-migrations/0123",
          ] : can(regex("^${replace(resource, "*", ".*")}$", other))
        ]
      ] if !contains(["FindServices", "FindMigrations", "ReadTaskDefinitions"], statement.Sid)
    ]))
    error_message = "The policies of demo1 reach into demo1-next."
  }

  # So that the one above would notice.
  assert {
    condition = anytrue(flatten([
      for statement in jsondecode(aws_iam_policy.look.policy).Statement : [
        for resource in flatten([statement.Resource]) : can(regex("^${replace(resource, "*", ".*")}$", "arn:aws:apprunner:us-east-1:123456789012:service/bagel-store-demo1-dev/0123"))
      ] if statement.Sid == "LookAtServices"
    ]))
    error_message = "The policies of demo1 do not reach its own services."
  }
}
