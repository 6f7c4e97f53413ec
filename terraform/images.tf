# The repository of the store's images, for who has no other registry.
# ECR Public lives in us-east-1 only, whatever the region of the instance.

resource "aws_ecrpublic_repository" "store" {
  count = var.create_image_repository ? 1 : 0

  region          = "us-east-1"
  repository_name = local.image_name
  force_destroy   = true

  catalog_data {
    description       = "The Bagel Store of the demo ${var.demo_id}"
    architectures     = ["x86-64"]
    operating_systems = ["Linux"]
  }
}
