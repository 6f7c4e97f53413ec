# What may be chosen: services later, another registry, a repository of one's own, names in Route 53, who reaches a public database.

mock_provider "aws" {
  source = "./tests/mocks"
}

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
    enable_route53  = true
    domain          = "example.com"
  }

  assert {
    condition     = length(aws_apprunner_service.store) == 0 && alltrue([for environment in output.environments : environment.address == null]) && length(aws_route53_record.store) == 0
    error_message = "There are services, or addresses and names without services."
  }
}

run "a_public_database_is_open_to_everybody_by_default" {
  command = plan

  assert {
    condition     = aws_db_instance.store.publicly_accessible && keys(aws_vpc_security_group_ingress_rule.clients) == ["0.0.0.0/0"] && length(aws_route.database_to_internet) == 1
    error_message = "A demo can't be given from a laptop."
  }
}

run "a_public_database_is_open_to_the_named_ranges_only" {
  command = plan

  variables {
    database_allowed_cidrs = ["203.0.113.0/24"]
  }

  assert {
    condition     = aws_db_instance.store.publicly_accessible && keys(aws_vpc_security_group_ingress_rule.clients) == ["203.0.113.0/24"] && length(aws_apprunner_vpc_connector.stores) == 0
    error_message = "The database is open to somebody else."
  }
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

run "a_demo_id_of_one_character_is_taken" {
  command = plan

  variables {
    demo_id = "7"
  }

  assert {
    condition     = aws_apprunner_service.store["dev"].service_name == "bagel-store-7-dev"
    error_message = "A short demo_id does not become a name."
  }
}

run "images_come_from_the_registry_that_is_named" {
  command = plan

  variables {
    image_registry_alias = "customer-abc"
  }

  assert {
    condition     = output.image_repository == "public.ecr.aws/customer-abc/demo1-bagel-store" && length(aws_ecrpublic_repository.store) == 0
    error_message = "Images come from another registry, or a repository is made that nobody asked for."
  }
}

run "a_repository_of_ones_own_is_where_the_services_take_their_image_from" {
  variables {
    create_image_repository = true
  }

  assert {
    condition     = aws_ecrpublic_repository.store[0].repository_name == "demo1-bagel-store" && aws_ecrpublic_repository.store[0].region == "us-east-1"
    error_message = "The repository has another name, or is asked for where ECR Public is not."
  }

  assert {
    condition     = aws_apprunner_service.store["dev"].source_configuration[0].image_repository[0].image_identifier == "public.ecr.aws/z9y8x7w6/demo1-bagel-store:v1.0.0"
    error_message = "The services run an image of another repository."
  }
}

run "every_environment_gets_its_name" {
  variables {
    enable_route53 = true
    domain         = "example.com"
  }

  assert {
    condition     = { for environment, record in aws_route53_record.store : environment => record.name } == { dev = "dev-demo1.example.com", test = "test-demo1.example.com", staging = "staging-demo1.example.com", prod = "prod-demo1.example.com" }
    error_message = "The names are not <env>-<demo_id>.<domain>."
  }

  assert {
    condition     = alltrue([for record in aws_route53_record.store : record.type == "CNAME" && record.records == toset(["abc.us-east-1.awsapprunner.com"])])
    error_message = "A name does not lead to the service's own domain."
  }

  assert {
    condition     = length(aws_route53_record.proof) == 8 && { for environment, association in aws_apprunner_custom_domain_association.store : environment => association.domain_name } == { for environment, record in aws_route53_record.store : environment => record.name }
    error_message = "App Runner would not answer for a name, or could not prove it."
  }

  assert {
    condition     = output.environments[0].address == "https://dev-demo1.example.com" && strcontains(output.lockstep_toml, "address = \"https://prod-demo1.example.com\"")
    error_message = "lockstep is told another address."
  }
}
