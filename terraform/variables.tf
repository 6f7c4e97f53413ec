# What an instance is told. What can't work is refused here, before anything is made.

variable "demo_id" {
  description = "Name of this demo instance; part of every name in AWS."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$", var.demo_id))
    error_message = "demo_id must be 1 to 24 lower-case letters, digits and hyphens, with no hyphen at either end, such as demo1 or customer-abc."
  }

  validation {
    condition     = length("bagel-store-${var.demo_id}-staging") <= 40
    error_message = "demo_id is too long: App Runner allows 40 characters and bagel-store-<demo_id>-staging would have more. Use at most 20 characters."
  }

  validation {
    condition     = !strcontains(var.demo_id, "--")
    error_message = "demo_id has two hyphens in a row, which RDS refuses in bagel-store-<demo_id>-rds. Use one."
  }

  # With the state of one instance and the variables of another, an apply would replace the one by the other.
  validation {
    condition     = contains(["default", var.demo_id], terraform.workspace)
    error_message = "The workspace is ${terraform.workspace}, which is another instance's. Run: terraform workspace select -or-create ${var.demo_id}"
  }
}

variable "deployed_by" {
  description = "Who made this instance, for the tag of that name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9 _.:/=+@-]{1,256}$", var.deployed_by))
    error_message = "deployed_by must be 1 to 256 characters that AWS allows in a tag: letters, digits, spaces and _ . : / = + - @."
  }
}

variable "region" {
  description = "AWS region of everything in this instance."
  type        = string
  default     = "us-east-1"

  # As botocore lists them; AWS adds none since App Runner was closed to new customers.
  validation {
    condition = contains([
      "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3",
      "us-east-1", "us-east-2", "us-west-2",
    ], var.region)
    error_message = "region has no App Runner. Use one that has: us-east-1, us-east-2, us-west-2, eu-central-1, eu-west-1, eu-west-2, eu-west-3, ap-northeast-1, ap-south-1, ap-southeast-1 or ap-southeast-2."
  }
}

variable "create_services" {
  description = "Whether the four App Runner services are there. False for the first apply only: a service becomes healthy when its database holds the schema."
  type        = bool
  default     = true
}

variable "initial_release" {
  description = "Release that a service starts with when it is made. Afterwards lockstep decides which image runs."
  type        = string
  default     = "v1.0.0"

  validation {
    condition     = can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+$", var.initial_release))
    error_message = "initial_release must be a version such as v1.0.0."
  }
}

variable "public_database" {
  description = "Whether the database answers on the internet, so that a demo can be given from a laptop. False for real use: then only the stores, Liquibase as a one-off task and database_allowed_cidrs reach it."
  type        = bool
  default     = true
}

variable "database_allowed_cidrs" {
  description = "Who may reach the database besides what this configuration makes. Null means everywhere for a public database, because App Runner has no fixed addresses, and nobody for a private one."
  type        = list(string)
  default     = null

  validation {
    condition     = alltrue([for cidr in coalesce(var.database_allowed_cidrs, []) : can(cidrnetmask(cidr))])
    error_message = "database_allowed_cidrs must be IPv4 ranges such as 203.0.113.0/24."
  }

  validation {
    condition = var.public_database || alltrue([
      for cidr in coalesce(var.database_allowed_cidrs, []) :
      can(regex("^(10\\..*/([89]|[12][0-9]|3[0-2])|172\\.(1[6-9]|2[0-9]|3[01])\\..*/(1[2-9]|2[0-9]|3[0-2])|192\\.168\\..*/(1[6-9]|2[0-9]|3[0-2]))$", cidr))
    ])
    error_message = "database_allowed_cidrs has a range of the internet, but with public_database = false nobody comes from there. Name private ranges only (in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16), such as that of your VPN."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the instance's own network. Two instances may have the same ones; what it is to be connected with may not."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(regex("^(10|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\..*/(1[6-9]|2[0-4])$", var.vpc_cidr)) && can(cidrnetmask(var.vpc_cidr))
    error_message = "vpc_cidr must be a private IPv4 range of /16 to /24, such as 10.20.0.0/16."
  }
}

variable "liquibase_image" {
  description = "Image of Liquibase for migrations as a one-off task; used with public_database = false."
  type        = string
  default     = "liquibase/liquibase-secure:5.0.1"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9_.-]+|@sha256:[0-9a-f]{64})$", var.liquibase_image)) && !endswith(var.liquibase_image, ":latest")
    error_message = "liquibase_image must name a version, such as liquibase/liquibase-secure:5.0.1: with latest, today's migration is not yesterday's."
  }
}

variable "liquibase_license_secret_arn" {
  description = "ARN of the secret with the licence key of Liquibase Secure; empty for none."
  type        = string
  default     = ""

  validation {
    condition     = var.liquibase_license_secret_arn == "" || can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^*]+$", var.liquibase_license_secret_arn))
    error_message = "liquibase_license_secret_arn must be empty or the ARN of a secret in Secrets Manager. Never write the key itself here: it would be in the state."
  }
}

variable "archive_image" {
  description = "Image of the AWS command line that fetches a release's archive for a migration; used with public_database = false."
  type        = string
  default     = "public.ecr.aws/aws-cli/aws-cli:2.27.0"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9_.-]+|@sha256:[0-9a-f]{64})$", var.archive_image)) && !endswith(var.archive_image, ":latest")
    error_message = "archive_image must name a version, such as public.ecr.aws/aws-cli/aws-cli:2.27.0."
  }
}

variable "database_username" {
  description = "Master user of the PostgreSQL server; lockstep, Liquibase and the stores sign in with it."
  type        = string
  default     = "bagel"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database_username)) && !contains(["admin", "rdsadmin"], var.database_username)
    error_message = "database_username must begin with a letter and have 1 to 63 lower-case letters, digits and underscores; admin and rdsadmin belong to RDS."
  }
}

variable "database_password" {
  description = "That user's password."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[!#-.0-?A-~]{8,128}$", var.database_password))
    error_message = "database_password must be 8 to 128 printable characters without spaces, /, @ and double quotes."
  }
}

variable "store_username" {
  description = "The one user who can sign in to the Bagel Store."
  type        = string
  default     = "demo"

  validation {
    condition     = length(var.store_username) > 0
    error_message = "store_username is empty; the store doesn't start without one."
  }
}

variable "store_password" {
  description = "That user's password."
  type        = string
  sensitive   = true

  validation {
    condition     = length(var.store_password) >= 8
    error_message = "store_password must have at least 8 characters: the store is on the open internet."
  }
}

variable "passwords_version" {
  description = "Raise it after changing a password. Passwords are not in the state, so Terraform can't see the change itself."
  type        = number
  default     = 1

  validation {
    condition     = var.passwords_version >= 1 && floor(var.passwords_version) == var.passwords_version
    error_message = "passwords_version must be a whole number from 1 on."
  }
}

variable "enable_route53" {
  description = "Whether each environment gets the name <env>-<demo_id>.<domain>, in a public zone that Route 53 has already."
  type        = bool
  default     = false

  validation {
    condition     = !var.enable_route53 || var.domain != ""
    error_message = "enable_route53 needs domain: the public zone in Route 53 that the names belong to, such as example.com."
  }
}

variable "domain" {
  description = "The zone of the names that enable_route53 makes."
  type        = string
  default     = ""

  validation {
    condition     = var.domain == "" || can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain must be empty or look like example.com."
  }
}

variable "image_registry_alias" {
  description = "Alias of the public registry in ECR that has the store's images; unused with create_image_repository."
  type        = string
  default     = "l1v5b6d6"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,49}$", var.image_registry_alias))
    error_message = "image_registry_alias must be what follows public.ecr.aws/, such as l1v5b6d6."
  }
}

variable "create_image_repository" {
  description = "Whether the repository <demo_id>-bagel-store is made in this account's own public registry, for who may not push to another."
  type        = bool
  default     = false
}

variable "lockstep_principals" {
  description = "ARNs of the IAM roles or users who may assume the role bagel-store-<demo_id>-lockstep. Empty: there is no such role, only its policies."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.lockstep_principals : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|role/[^*]+|user/[^*]+)$", arn))])
    error_message = "lockstep_principals must be full ARNs such as arn:aws:iam::123456789012:role/release-managers, without a star."
  }
}

variable "github_repository" {
  description = "Repository on GitHub whose workflows may promote, as owner/name. Empty: there is no role for GitHub."
  type        = string
  default     = ""

  validation {
    condition     = var.github_repository == "" || can(regex("^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$", var.github_repository))
    error_message = "github_repository must be empty or look like owner/name, without a star and without https://."
  }
}
