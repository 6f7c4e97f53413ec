# Names, tags and environments: the words that lockstep and the demo's scripts look for.

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

  image_repository = "public.ecr.aws/l1v5b6d6/${var.demo_id}-bagel-store"
}
