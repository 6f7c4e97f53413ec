# One instance as the demo promises it: names, numbers, tags, and what Terraform leaves to lockstep.
# The provider is a mock, so nothing here needs or proves an AWS account.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  demo_id           = "demo1"
  deployed_by       = "presenter"
  database_password = "not-a-real-one"
  store_password    = "not-one-either"
}

run "the_instance_has_the_promised_names" {
  assert {
    condition     = { for name, service in aws_apprunner_service.store : name => service.service_name } == { dev = "bagel-store-demo1-dev", test = "bagel-store-demo1-test", staging = "bagel-store-demo1-staging", prod = "bagel-store-demo1-prod" }
    error_message = "The four services are not called bagel-store-<demo_id>-<env>."
  }

  assert {
    condition     = [for secret in aws_secretsmanager_secret.database : secret.name] == ["demo1/rds/password", "demo1/rds/username"]
    error_message = "The two secrets are not called <demo_id>/rds/username and <demo_id>/rds/password."
  }

  assert {
    condition     = [aws_s3_bucket.flows.bucket, aws_s3_bucket.reports.bucket] == ["bagel-store-demo1-liquibase-flows", "bagel-store-demo1-operation-reports"]
    error_message = "The two buckets do not have the promised names."
  }

  assert {
    condition     = [aws_db_instance.store.identifier, aws_db_instance.store.db_name] == ["bagel-store-demo1-rds", "dev"]
    error_message = "The server is not called bagel-store-<demo_id>-rds, or its first database is not dev."
  }
}

run "the_database_is_small_encrypted_and_keeps_no_password_in_the_state" {
  command = plan

  assert {
    condition     = [aws_db_instance.store.engine, aws_db_instance.store.instance_class, aws_db_instance.store.allocated_storage] == ["postgres", "db.t3.micro", 20]
    error_message = "The server is not a PostgreSQL db.t3.micro with 20 GB."
  }

  assert {
    condition     = aws_db_instance.store.storage_encrypted && contains([for parameter in aws_db_parameter_group.store.parameter : parameter.value if parameter.name == "rds.force_ssl"], "1")
    error_message = "The server keeps or takes data unencrypted."
  }

  assert {
    condition     = aws_db_instance.store.password == null && aws_secretsmanager_secret_version.password.secret_string == null && aws_ssm_parameter.store_password.type == "SecureString"
    error_message = "A password is an ordinary argument, which puts it into the state."
  }
}

run "every_service_runs_one_instance_and_says_when_it_is_not_well" {
  assert {
    condition     = alltrue([for service in aws_apprunner_service.store : service.health_check_configuration[0].protocol == "HTTP" && service.health_check_configuration[0].path == "/health"])
    error_message = "A service is not checked by HTTP on /health."
  }

  assert {
    condition     = alltrue([for service in aws_apprunner_service.store : service.instance_configuration[0].cpu == "1024" && service.instance_configuration[0].memory == "2048"])
    error_message = "A service does not have 1 vCPU and 2 GB."
  }

  assert {
    condition     = aws_apprunner_auto_scaling_configuration_version.one.min_size == 1 && aws_apprunner_auto_scaling_configuration_version.one.max_size == 1
    error_message = "A service has another count than one."
  }

  assert {
    condition     = alltrue([for service in aws_apprunner_service.store : !service.source_configuration[0].auto_deployments_enabled])
    error_message = "A service deploys by itself, which collides with a promotion."
  }
}

run "a_store_is_told_its_place_and_no_password" {
  assert {
    condition = alltrue([for name, service in aws_apprunner_service.store :
      service.source_configuration[0].image_repository[0].image_configuration[0].runtime_environment_variables == tomap({
        ENVIRONMENT   = name
        DEMO_ID       = "demo1"
        DB_HOST       = "database.example"
        DB_PORT       = "5432"
        DB_NAME       = name
        DEMO_USERNAME = "demo"
      })
    ])
    error_message = "A store is told something else than its environment, its instance, its database and its user."
  }

  assert {
    condition = alltrue([for service in aws_apprunner_service.store :
      join(" ", keys(service.source_configuration[0].image_repository[0].image_configuration[0].runtime_environment_secrets)) == "DB_PASSWORD DB_USERNAME DEMO_PASSWORD"
    ])
    error_message = "A store does not read exactly its three secrets."
  }

  assert {
    condition     = { for name, service in aws_apprunner_service.store : name => service.source_configuration[0].image_repository[0].image_configuration[0].port } == { dev = "5000", test = "5000", staging = "5000", prod = "5000" }
    error_message = "A store does not listen on port 5000."
  }
}

run "a_service_is_made_with_the_initial_release" {
  assert {
    condition     = aws_apprunner_service.store["prod"].source_configuration[0].image_repository[0].image_identifier == "public.ecr.aws/l1v5b6d6/demo1-bagel-store:v1.0.0"
    error_message = "The first image is not <image_repository>:<initial_release>."
  }
}

run "the_image_that_runs_is_left_to_lockstep" {
  command = plan

  variables {
    initial_release = "v1.1.0"
  }

  assert {
    condition     = aws_apprunner_service.store["prod"].source_configuration[0].image_repository[0].image_identifier == "public.ecr.aws/l1v5b6d6/demo1-bagel-store:v1.0.0"
    error_message = "Terraform would change the image of a service that is there."
  }
}

run "everything_carries_the_four_tags_and_a_service_its_environment" {
  assert {
    condition     = local.tags == { demo_id = "demo1", deployed_by = "presenter", managed_by = "terraform", project = "bagel-store-demo" }
    error_message = "The tags of the provider are not the promised four."
  }

  assert {
    condition     = alltrue([for name, service in aws_apprunner_service.store : service.tags["environment"] == name])
    error_message = "A service does not carry its environment as a tag."
  }
}

run "flows_are_public_and_versioned_and_reports_are_private_for_thirty_days" {
  assert {
    condition     = aws_s3_bucket_versioning.flows.versioning_configuration[0].status == "Enabled" && jsondecode(aws_s3_bucket_policy.flows.policy).Statement[0].Action == "s3:GetObject"
    error_message = "The flow files are not versioned, or everybody may do something else than read them."
  }

  assert {
    condition     = keys(aws_s3_object.flows) == ["liquibase.checks-settings.conf", "main-deployment-flow.yaml", "pr-validation-flow.yaml", "promotion-flow.yaml"]
    error_message = "The bucket of the flows does not hold the three flows and the checks settings."
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.reports.block_public_policy && aws_s3_bucket_public_access_block.reports.restrict_public_buckets && aws_s3_bucket_lifecycle_configuration.reports.rule[0].expiration[0].days == 30
    error_message = "The reports are public, or are kept for another time than 30 days."
  }
}

run "a_running_store_may_read_its_secrets_and_nothing_else" {
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.secrets.policy).Statement : statement.Action] == ["secretsmanager:GetSecretValue", "ssm:GetParameters"]
    error_message = "The role of the stores allows something else than reading secrets."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.secrets.policy, "*")
    error_message = "The role of the stores reaches further than the three secrets."
  }
}

run "the_outputs_are_what_a_lockstep_toml_needs" {
  assert {
    condition     = output.account_id == "123456789012" && output.flows_bucket == "bagel-store-demo1-liquibase-flows" && output.reports_bucket == "bagel-store-demo1-operation-reports" && output.database_address == "database.example"
    error_message = "The account, a bucket or the address of the database is not told."
  }

  assert {
    condition     = [output.demo_id, output.region, output.database_instance, output.username_secret, output.password_secret, output.image_repository] == ["demo1", "us-east-1", "bagel-store-demo1-rds", "demo1/rds/username", "demo1/rds/password", "public.ecr.aws/l1v5b6d6/demo1-bagel-store"]
    error_message = "An output does not say what lockstep.toml needs."
  }

  assert {
    condition     = [for environment in output.environments : environment.name] == ["dev", "test", "staging", "prod"] && output.environments[3] == { name = "prod", service = "bagel-store-demo1-prod", database = "prod", address = "https://abc.us-east-1.awsapprunner.com" }
    error_message = "The environments are not in order, or one is not described whole."
  }
}

run "the_lockstep_toml_names_this_instance" {
  assert {
    condition     = strcontains(output.lockstep_toml, "id = \"demo1\"") && strcontains(output.lockstep_toml, "account = \"${output.account_id}\"") && strcontains(output.lockstep_toml, "instance = \"bagel-store-demo1-rds\"") && strcontains(output.lockstep_toml, "bucket = \"bagel-store-demo1-operation-reports\"")
    error_message = "The lockstep.toml is another instance's."
  }

  assert {
    condition     = [for line in split("\n", output.lockstep_toml) : line if startswith(line, "service = ") || startswith(line, "production = true")] == ["service = \"bagel-store-demo1-dev\"", "service = \"bagel-store-demo1-test\"", "service = \"bagel-store-demo1-staging\"", "service = \"bagel-store-demo1-prod\"", "production = true"]
    error_message = "The environments are not in order, or production is not prod alone."
  }

  assert {
    condition     = !strcontains(output.lockstep_toml, "not-a-real-one") && !strcontains(output.lockstep_toml, "not-one-either")
    error_message = "The lockstep.toml holds a password."
  }
}
