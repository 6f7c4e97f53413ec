# Terraform, its one provider, and the tags that every resource carries.
# A backend is deliberately absent: where the state is kept is the account's own decision; backend.tf.example has one for a team.

terraform {
  # 1.11 brought write-only arguments, which keep passwords out of the state.
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}
