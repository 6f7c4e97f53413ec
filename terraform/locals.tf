# Names, tags and environments: the words that lockstep and the demo's scripts look for.

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

locals {
  prefix = "bagel-store-${var.demo_id}"

  tags = {
    demo_id     = var.demo_id
    deployed_by = var.deployed_by
    managed_by  = "terraform"
    project     = "bagel-store-demo"
  }

  # In the order in which a release passes through them.
  environments = ["dev", "test", "staging", "prod"]

  services = { for environment in local.environments : environment => "${local.prefix}-${environment}" }

  image_name       = "${var.demo_id}-bagel-store"
  image_repository = var.create_image_repository ? aws_ecrpublic_repository.store[0].repository_uri : "public.ecr.aws/${var.image_registry_alias}/${local.image_name}"

  # Where the application of an environment answers, once there are services.
  hosts = {
    for environment, service in aws_apprunner_service.store :
    environment => try(aws_apprunner_custom_domain_association.store[environment].domain_name, service.service_url)
  }

  # What an ARN of a service in this account and region begins with, up to the service's name.
  arn_start = "arn:${data.aws_partition.here.partition}"
  arn_place = "${var.region}:${data.aws_caller_identity.here.account_id}"
}
