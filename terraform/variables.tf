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

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like us-east-1."
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
  description = "Whether the database answers outside the VPC, so that a demo can be given from a laptop. False needs vpc_subnet_ids."
  type        = bool
  default     = true
}

variable "database_allowed_cidrs" {
  description = "Who may reach a public database. App Runner has no fixed addresses, so anything narrower than everywhere shuts the stores out."
  type        = list(string)
  default     = ["0.0.0.0/0"]

  validation {
    condition     = alltrue([for cidr in var.database_allowed_cidrs : can(cidrnetmask(cidr))])
    error_message = "database_allowed_cidrs must be IPv4 ranges such as 203.0.113.0/24."
  }
}

variable "vpc_subnet_ids" {
  description = "Subnets of the region's default VPC from which the stores reach a database that isn't public."
  type        = list(string)
  default     = []

  validation {
    condition     = var.public_database || length(var.vpc_subnet_ids) > 0
    error_message = "vpc_subnet_ids is empty, but with public_database = false the stores reach the database through them. Name at least one, better two."
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
}

variable "enable_route53" {
  description = "Whether each environment gets the name <env>-<demo_id>.<domain>. Not part of this configuration yet."
  type        = bool
  default     = false

  validation {
    condition     = !var.enable_route53
    error_message = "DNS is not part of this configuration yet. Leave enable_route53 at false and use the addresses in the output `environments`."
  }
}

variable "domain" {
  description = "Domain of the names that enable_route53 will make; unused until then."
  type        = string
  default     = ""

  validation {
    condition     = var.domain == "" || can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain must be empty or look like example.com."
  }
}
