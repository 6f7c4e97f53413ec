# What may be chosen, and what is refused before anything is made.

mock_provider "aws" {}

variables {
  demo_id           = "demo1"
  deployed_by       = "presenter"
  database_password = "not-a-real-one"
  store_password    = "not-one-either"
}

run "the_first_apply_makes_no_services" {
  command = plan

  variables {
    create_services = false
  }

  assert {
    condition     = length(aws_apprunner_service.store) == 0 && alltrue([for environment in output.environments : environment.address == null])
    error_message = "There are services, or addresses without services."
  }
}

run "a_public_database_is_open_to_the_named_ranges_only" {
  command = plan

  variables {
    database_allowed_cidrs = ["203.0.113.0/24"]
  }

  assert {
    condition     = aws_db_instance.store.publicly_accessible && keys(aws_vpc_security_group_ingress_rule.public) == ["203.0.113.0/24"] && length(aws_apprunner_vpc_connector.stores) == 0
    error_message = "The database is open to somebody else."
  }
}

run "a_private_database_is_reached_by_the_stores_only" {
  command = plan

  variables {
    public_database = false
    vpc_subnet_ids  = ["subnet-1", "subnet-2"]
  }

  assert {
    condition     = !aws_db_instance.store.publicly_accessible && length(aws_vpc_security_group_ingress_rule.public) == 0 && length(aws_vpc_security_group_ingress_rule.stores) == 1
    error_message = "The private database is open to more than the stores."
  }

  assert {
    condition     = alltrue([for service in aws_apprunner_service.store : service.network_configuration[0].egress_configuration[0].egress_type == "VPC"])
    error_message = "A store does not go through the VPC, so it can't reach the database."
  }
}

run "a_private_database_without_subnets_is_refused" {
  command = plan

  variables {
    public_database = false
  }

  expect_failures = [var.vpc_subnet_ids]
}

run "the_longest_demo_id_that_fits_is_taken" {
  command = plan

  variables {
    demo_id = "a2345678901234567890"
  }

  assert {
    condition     = length(aws_apprunner_service.store["staging"].service_name) == 40 && length(aws_apprunner_auto_scaling_configuration_version.one.auto_scaling_configuration_name) == 32
    error_message = "The limit of demo_id is not where App Runner's limits are."
  }
}

run "a_demo_id_too_long_for_app_runner_is_refused" {
  command = plan

  variables {
    demo_id = "a23456789012345678901"
  }

  expect_failures = [var.demo_id]
}

run "a_demo_id_with_a_hyphen_at_its_end_is_refused" {
  command = plan

  variables {
    demo_id = "demo-"
  }

  expect_failures = [var.demo_id]
}

run "a_demo_id_in_capitals_is_refused" {
  command = plan

  variables {
    demo_id = "Demo1"
  }

  expect_failures = [var.demo_id]
}

run "a_demo_id_with_two_hyphens_in_a_row_is_refused" {
  command = plan

  variables {
    demo_id = "a--b"
  }

  expect_failures = [var.demo_id]
}

run "a_password_that_rds_would_refuse_is_refused" {
  command = plan

  variables {
    database_password = "with a space@"
  }

  expect_failures = [var.database_password]
}

run "names_in_route_53_are_refused_until_they_can_be_made" {
  command = plan

  variables {
    enable_route53 = true
    domain         = "example.com"
  }

  expect_failures = [var.enable_route53]
}
