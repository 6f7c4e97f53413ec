# What can't work is refused with its reason before anything is made: one bad value, or one bad pair, in each run.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  demo_id           = "demo1"
  deployed_by       = "presenter"
  database_password = "not-a-real-one"
  store_password    = "not-one-either"
}

run "an_empty_demo_id_is_refused" {
  command = plan

  variables {
    demo_id = ""
  }

  expect_failures = [var.demo_id]
}

run "a_demo_id_too_long_for_app_runner_is_refused" {
  command = plan

  variables {
    demo_id = "a23456789012345678901"
  }

  expect_failures = [var.demo_id]
}

run "a_demo_id_longer_than_the_demo_allows_is_refused" {
  command = plan

  variables {
    demo_id = "a234567890123456789012345"
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

run "a_demo_id_with_a_hyphen_at_its_start_is_refused" {
  command = plan

  variables {
    demo_id = "-demo"
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

run "a_demo_id_with_an_underscore_is_refused" {
  command = plan

  variables {
    demo_id = "demo_1"
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

run "an_author_that_no_tag_can_hold_is_refused" {
  command = plan

  variables {
    deployed_by = "who? me!"
  }

  expect_failures = [var.deployed_by]
}

run "an_empty_author_is_refused" {
  command = plan

  variables {
    deployed_by = ""
  }

  expect_failures = [var.deployed_by]
}

run "a_region_without_app_runner_is_refused" {
  command = plan

  variables {
    region = "eu-north-1"
  }

  expect_failures = [var.region]
}

run "a_release_without_a_version_is_refused" {
  command = plan

  variables {
    initial_release = "latest"
  }

  expect_failures = [var.initial_release]
}

run "a_range_that_is_none_is_refused" {
  command = plan

  variables {
    database_allowed_cidrs = ["203.0.113.0"]
  }

  expect_failures = [var.database_allowed_cidrs]
}

run "the_internet_for_a_private_database_is_refused" {
  command = plan

  variables {
    public_database        = false
    database_allowed_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.database_allowed_cidrs]
}

run "a_range_that_is_wider_than_private_ones_is_refused" {
  command = plan

  variables {
    public_database        = false
    database_allowed_cidrs = ["10.0.0.0/4"]
  }

  expect_failures = [var.database_allowed_cidrs]
}

run "a_public_range_for_a_private_database_is_refused" {
  command = plan

  variables {
    public_database        = false
    database_allowed_cidrs = ["10.8.0.0/16", "203.0.113.0/24"]
  }

  expect_failures = [var.database_allowed_cidrs]
}

run "a_network_of_the_internet_is_refused" {
  command = plan

  variables {
    vpc_cidr = "8.8.0.0/16"
  }

  expect_failures = [var.vpc_cidr]
}

run "a_network_too_small_for_subnets_is_refused" {
  command = plan

  variables {
    vpc_cidr = "10.20.0.0/25"
  }

  expect_failures = [var.vpc_cidr]
}

run "an_image_of_liquibase_without_a_version_is_refused" {
  command = plan

  variables {
    liquibase_image = "liquibase/liquibase-secure"
  }

  expect_failures = [var.liquibase_image]
}

run "the_latest_image_of_liquibase_is_refused" {
  command = plan

  variables {
    liquibase_image = "liquibase/liquibase-secure:latest"
  }

  expect_failures = [var.liquibase_image]
}

run "the_latest_image_of_the_aws_command_line_is_refused" {
  command = plan

  variables {
    archive_image = "public.ecr.aws/aws-cli/aws-cli:latest"
  }

  expect_failures = [var.archive_image]
}

run "a_licence_key_instead_of_its_secret_is_refused" {
  command = plan

  variables {
    liquibase_license_secret_arn = "not-a-real-key"
  }

  expect_failures = [var.liquibase_license_secret_arn]
}

run "a_master_user_that_rds_keeps_for_itself_is_refused" {
  command = plan

  variables {
    database_username = "rdsadmin"
  }

  expect_failures = [var.database_username]
}

run "a_master_user_that_begins_with_a_digit_is_refused" {
  command = plan

  variables {
    database_username = "1bagel"
  }

  expect_failures = [var.database_username]
}

run "a_password_that_rds_would_refuse_is_refused" {
  command = plan

  variables {
    database_password = "with a space@"
  }

  expect_failures = [var.database_password]
}

run "a_short_password_of_the_database_is_refused" {
  command = plan

  variables {
    database_password = "seven77"
  }

  expect_failures = [var.database_password]
}

run "a_store_without_a_user_is_refused" {
  command = plan

  variables {
    store_username = ""
  }

  expect_failures = [var.store_username]
}

run "a_short_password_of_the_store_is_refused" {
  command = plan

  variables {
    store_password = "seven77"
  }

  expect_failures = [var.store_password]
}

run "half_a_version_of_the_passwords_is_refused" {
  command = plan

  variables {
    passwords_version = 1.5
  }

  expect_failures = [var.passwords_version]
}

run "names_in_route_53_without_a_domain_is_refused" {
  command = plan

  variables {
    enable_route53 = true
  }

  expect_failures = [var.enable_route53]
}

run "a_domain_that_is_an_address_is_refused" {
  command = plan

  variables {
    enable_route53 = true
    domain         = "https://example.com"
  }

  expect_failures = [var.domain]
}

run "a_registry_that_is_a_whole_address_is_refused" {
  command = plan

  variables {
    image_registry_alias = "public.ecr.aws/l1v5b6d6"
  }

  expect_failures = [var.image_registry_alias]
}

run "everybody_as_lockstep_is_refused" {
  command = plan

  variables {
    lockstep_principals = ["*"]
  }

  expect_failures = [var.lockstep_principals]
}

run "every_role_as_lockstep_is_refused" {
  command = plan

  variables {
    lockstep_principals = ["arn:aws:iam::123456789012:role/*"]
  }

  expect_failures = [var.lockstep_principals]
}

run "every_repository_of_an_owner_is_refused" {
  command = plan

  variables {
    github_repository = "owner/*"
  }

  expect_failures = [var.github_repository]
}

run "the_address_of_a_repository_is_refused" {
  command = plan

  variables {
    github_repository = "https://github.com/owner/name"
  }

  expect_failures = [var.github_repository]
}
