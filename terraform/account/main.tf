# What an AWS account has once, however many instances are in it: a bucket for their states, and GitHub as an identity provider.
# Its own state stays in this folder: it is two resources that are made once, and the bucket can't hold the state that makes it.

terraform {
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
    tags = {
      deployed_by = var.deployed_by
      managed_by  = "terraform"
      project     = "bagel-store-demo"
    }
  }
}

variable "deployed_by" {
  description = "Who made this, for the tag of that name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9 _.:/=+@-]{1,256}$", var.deployed_by))
    error_message = "deployed_by must be 1 to 256 characters that AWS allows in a tag: letters, digits, spaces and _ . : / = + - @."
  }
}

variable "region" {
  description = "AWS region of the bucket for states."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like us-east-1."
  }
}

variable "create_github_provider" {
  description = "Whether GitHub becomes an identity provider of the account. An account can have it once only: false where it has it already."
  type        = bool
  default     = true
}

data "aws_caller_identity" "here" {}

resource "aws_s3_bucket" "states" {
  #checkov:skip=CKV_AWS_18:who changed a state is in CloudTrail and in the state's versions
  #checkov:skip=CKV_AWS_144:a state can be made again with terraform import
  #checkov:skip=CKV_AWS_145:encrypted with the key of S3; no password is in a state
  #checkov:skip=CKV2_AWS_62:nothing waits for a change here
  bucket = "bagel-store-states-${data.aws_caller_identity.here.account_id}"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "states" {
  bucket = aws_s3_bucket.states.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "states" {
  bucket = aws_s3_bucket.states.id

  rule {
    id     = "forget-old-versions-after-90-days"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_public_access_block" "states" {
  bucket                  = aws_s3_bucket.states.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "states" {
  bucket = aws_s3_bucket.states.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EncryptedOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.states.arn, "${aws_s3_bucket.states.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.states]
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_github_provider ? 1 : 0

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

output "state_bucket" {
  description = "`bucket` in backend.tf of the instances"
  value       = aws_s3_bucket.states.bucket
}
