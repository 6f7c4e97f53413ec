# A network of the instance's own, so that two instances share nothing and the account's default network is not needed.
# The database stands in two subnets whose way to the internet exists only while `public_database` is true.

# AWS offers neither Fargate nor App Runner's connectors in every zone; use1-az3 is known to lack Fargate.
data "aws_availability_zones" "here" {
  #checkov:skip=CKV_AWS_394:only a new subnet asks; one that is there stays in its zone
  state            = "available"
  exclude_zone_ids = ["use1-az3"]

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  # RDS asks for two zones.
  zones = toset(["0", "1"])

  private_zones = var.public_database ? toset([]) : local.zones

  # Everywhere by default only where a demo is given; App Runner has no fixed addresses.
  database_clients = toset(var.database_allowed_cidrs != null ? var.database_allowed_cidrs : var.public_database ? ["0.0.0.0/0"] : [])
}

resource "aws_vpc" "instance" {
  #checkov:skip=CKV2_AWS_11:flow logs cost more than the rest of a demo's network, and the database logs its connections
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = local.prefix }
}

# Nothing uses it; without rules nobody can by mistake.
resource "aws_default_security_group" "nobody" {
  vpc_id = aws_vpc.instance.id
}

resource "aws_internet_gateway" "instance" {
  vpc_id = aws_vpc.instance.id
  tags   = { Name = local.prefix }
}

resource "aws_subnet" "database" {
  for_each = local.zones

  vpc_id            = aws_vpc.instance.id
  cidr_block        = cidrsubnet(var.vpc_cidr, 4, tonumber(each.key))
  availability_zone = try(data.aws_availability_zones.here.names[tonumber(each.key)], null)
  tags              = { Name = "${local.prefix}-database-${each.key}" }

  lifecycle {
    # AWS may list its zones in another order one day; that must not make the subnet again.
    ignore_changes = [availability_zone]
  }
}

resource "aws_route_table" "database" {
  vpc_id = aws_vpc.instance.id
  tags   = { Name = "${local.prefix}-database" }
}

resource "aws_route" "database_to_internet" {
  count = var.public_database ? 1 : 0

  route_table_id         = aws_route_table.database.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.instance.id
}

resource "aws_route_table_association" "database" {
  for_each = local.zones

  subnet_id      = aws_subnet.database[each.key].id
  route_table_id = aws_route_table.database.id
}

# Where one-off tasks run: they fetch an image and a changelog, and nobody reaches them.
resource "aws_subnet" "migrations" {
  for_each = local.private_zones

  vpc_id            = aws_vpc.instance.id
  cidr_block        = cidrsubnet(var.vpc_cidr, 4, tonumber(each.key) + 2)
  availability_zone = try(data.aws_availability_zones.here.names[tonumber(each.key)], null)
  tags              = { Name = "${local.prefix}-migrations-${each.key}" }

  lifecycle {
    # AWS may list its zones in another order one day; that must not make the subnet again.
    ignore_changes = [availability_zone]
  }
}

resource "aws_route_table" "migrations" {
  count = var.public_database ? 0 : 1

  vpc_id = aws_vpc.instance.id
  tags   = { Name = "${local.prefix}-migrations" }
}

resource "aws_route" "migrations_to_internet" {
  count = var.public_database ? 0 : 1

  route_table_id         = aws_route_table.migrations[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.instance.id
}

resource "aws_route_table_association" "migrations" {
  for_each = local.private_zones

  subnet_id      = aws_subnet.migrations[each.key].id
  route_table_id = aws_route_table.migrations[0].id
}
