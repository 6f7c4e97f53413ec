# For real use: one variable closes the database, and Liquibase can run beside it as a one-off task.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  demo_id           = "demo1"
  deployed_by       = "presenter"
  database_password = "not-a-real-one"
  store_password    = "not-one-either"
  public_database   = false
}

run "nobody_reaches_the_database_from_the_internet" {
  command = plan

  assert {
    condition     = !aws_db_instance.store.publicly_accessible && length(aws_vpc_security_group_ingress_rule.clients) == 0
    error_message = "The database has a public address, or a rule that lets somebody in from outside."
  }

  assert {
    condition     = length(aws_route.database_to_internet) == 0
    error_message = "The subnets of the database still have a way to the internet."
  }

  assert {
    condition     = alltrue([for rule in concat(aws_vpc_security_group_ingress_rule.stores, aws_vpc_security_group_ingress_rule.migrations) : rule.cidr_ipv4 == null && rule.from_port == 5432 && rule.to_port == 5432])
    error_message = "A rule lets in more than PostgreSQL from a security group of this instance."
  }
}

run "a_vpn_may_be_let_in" {
  command = plan

  variables {
    database_allowed_cidrs = ["10.8.0.0/16", "172.16.4.0/24", "192.168.7.9/32"]
  }

  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.clients) == ["10.8.0.0/16", "172.16.4.0/24", "192.168.7.9/32"]
    error_message = "Whoever runs lockstep in a private network does not reach the database."
  }
}

run "the_stores_go_to_the_database_through_the_network" {
  assert {
    condition     = alltrue([for service in aws_apprunner_service.store : service.network_configuration[0].egress_configuration[0].egress_type == "VPC" && service.network_configuration[0].egress_configuration[0].vpc_connector_arn == aws_apprunner_vpc_connector.stores[0].arn])
    error_message = "A store does not go through the VPC, so it can't reach the database."
  }

  assert {
    condition     = toset(aws_apprunner_vpc_connector.stores[0].subnets) == toset([for subnet in aws_subnet.database : subnet.id]) && length(aws_subnet.database) == 2
    error_message = "The stores go into other subnets than those of the database."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.stores[0].referenced_security_group_id == aws_security_group.stores[0].id && aws_vpc_security_group_egress_rule.stores[0].referenced_security_group_id == aws_security_group.database.id
    error_message = "The security groups of stores and database do not name each other."
  }
}

run "every_environment_has_a_task_that_runs_liquibase_on_its_database" {
  assert {
    condition     = { for environment, definition in aws_ecs_task_definition.migration : environment => definition.family } == { dev = "bagel-store-demo1-liquibase-dev", test = "bagel-store-demo1-liquibase-test", staging = "bagel-store-demo1-liquibase-staging", prod = "bagel-store-demo1-liquibase-prod" }
    error_message = "An environment has no task definition of its own."
  }

  assert {
    condition     = alltrue([for environment, definition in aws_ecs_task_definition.migration : definition.tags["environment"] == environment])
    error_message = "A task definition does not carry its environment as a tag."
  }

  assert {
    condition = alltrue([for environment, definition in aws_ecs_task_definition.migration :
      contains(jsondecode(definition.container_definitions)[1].environment, { name = "LIQUIBASE_COMMAND_URL", value = "jdbc:postgresql://database.example:5432/${environment}?sslmode=require" })
    ])
    error_message = "A task migrates another database, or without encryption."
  }

  assert {
    condition = alltrue([for definition in aws_ecs_task_definition.migration :
      jsondecode(definition.container_definitions)[1].image == "liquibase/liquibase-secure:5.0.1" && jsondecode(definition.container_definitions)[1].essential
    ])
    error_message = "Another image runs, or its exit code does not count."
  }
}

run "a_migration_waits_for_its_archive_and_can_not_change_it" {
  assert {
    condition = alltrue([for definition in aws_ecs_task_definition.migration :
      jsondecode(definition.container_definitions)[1].dependsOn == [{ containerName = "archive", condition = "SUCCESS" }] &&
      jsondecode(definition.container_definitions)[1].mountPoints[0].readOnly &&
      !jsondecode(definition.container_definitions)[0].essential
    ])
    error_message = "Liquibase starts without the archive, could write into it, or is stopped when the archive is there."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.migration["dev"].container_definitions)[0].command == ["s3", "cp", "s3://bagel-store-demo1-releases/bagel-store-demo1-changelog-v1.0.0.zip", "/release/changelog.zip"]
    error_message = "The archive is looked for under another name than lockstep gives it."
  }
}

run "a_task_is_told_no_password" {
  assert {
    condition     = alltrue([for definition in aws_ecs_task_definition.migration : !strcontains(definition.container_definitions, "not-a-real-one")])
    error_message = "The password of the database is in a task definition, which everybody who may describe it can read."
  }

  assert {
    condition     = [for secret in jsondecode(aws_ecs_task_definition.migration["prod"].container_definitions)[1].secrets : secret.name] == ["LIQUIBASE_COMMAND_USERNAME", "LIQUIBASE_COMMAND_PASSWORD"]
    error_message = "A task does not read exactly the two secrets of the database."
  }
}

run "a_licence_key_comes_from_its_secret" {
  variables {
    liquibase_license_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:liquibase-AbCdEf"
  }

  assert {
    condition     = contains(jsondecode(aws_ecs_task_definition.migration["dev"].container_definitions)[1].secrets, { name = "LIQUIBASE_LICENSE_KEY", valueFrom = "arn:aws:secretsmanager:us-east-1:123456789012:secret:liquibase-AbCdEf" })
    error_message = "Liquibase is not given its licence key."
  }

  assert {
    condition     = contains(jsondecode(aws_iam_role_policy.migration_start[0].policy).Statement[1].Resource, "arn:aws:secretsmanager:us-east-1:123456789012:secret:liquibase-AbCdEf")
    error_message = "ECS may not read the licence key, so no task would start."
  }
}

run "nobody_reaches_a_task_and_it_reaches_two_things" {
  assert {
    condition     = aws_vpc_security_group_egress_rule.migrations_to_database[0].referenced_security_group_id == aws_security_group.database.id && aws_vpc_security_group_egress_rule.migrations_to_aws[0].from_port == 443 && aws_vpc_security_group_egress_rule.migrations_to_aws[0].to_port == 443
    error_message = "A task reaches something else than the database and HTTPS."
  }
}

run "releases_are_private_and_keep_what_was_replaced" {
  assert {
    condition     = aws_s3_bucket.releases[0].bucket == "bagel-store-demo1-releases" && aws_s3_bucket_versioning.releases[0].versioning_configuration[0].status == "Enabled" && aws_s3_bucket_public_access_block.releases[0].block_public_policy && aws_s3_bucket_public_access_block.releases[0].restrict_public_buckets
    error_message = "Releases are public, or an archive that was replaced is lost."
  }
}

run "whoever_starts_tasks_is_told_where" {
  assert {
    condition     = [output.migration.cluster, output.migration.task_definitions["prod"], output.migration.log_group, output.migration.releases_bucket] == ["bagel-store-demo1-migrations", "bagel-store-demo1-liquibase-prod", "/bagel-store-demo1/liquibase", "bagel-store-demo1-releases"]
    error_message = "The output does not say where migrations run."
  }

  assert {
    condition     = length(output.migration.subnets) == 2 && length(setintersection(output.migration.subnets, [for subnet in aws_subnet.database : subnet.id])) == 0
    error_message = "Tasks run where the database is, which has no way to an image."
  }
}

run "the_configuration_lets_liquibase_run_as_a_task" {
  assert {
    condition     = strcontains(output.lockstep_toml, "runner = \"ecs\"") && strcontains(output.lockstep_toml, "task_definition = \"bagel-store-demo1-liquibase-{environment}\"") && strcontains(output.lockstep_toml, "bucket = \"bagel-store-demo1-releases\"")
    error_message = "The lockstep.toml of a private database does not say where its migrations run."
  }
}

run "a_public_database_needs_none_of_it" {
  command = plan

  variables {
    public_database = true
  }

  assert {
    condition     = output.migration == null && !strcontains(output.lockstep_toml, "liquibase.ecs") && length(aws_ecs_task_definition.migration) == 0 && length(aws_ecs_cluster.migrations) == 0 && length(aws_s3_bucket.releases) == 0
    error_message = "Parts of one-off tasks are made that nobody needs."
  }
}
