# One PostgreSQL server with a database for each environment.
# RDS makes only the first of them; README.md says how the others are made.

resource "aws_db_parameter_group" "store" {
  name        = "${local.prefix}-postgres15"
  family      = "postgres15"
  description = "PostgreSQL settings of the Bagel Store demo ${var.demo_id}"

  # The server can be reached over the internet.
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  # A migration that waits for a lock shows in the server's log too.
  parameter {
    name  = "log_lock_waits"
    value = "1"
  }
}

resource "aws_security_group" "database" {
  name        = "${local.prefix}-rds"
  description = "Who may reach the database of the Bagel Store demo ${var.demo_id}"
}

resource "aws_vpc_security_group_ingress_rule" "public" {
  for_each = var.public_database ? toset(var.database_allowed_cidrs) : toset([])

  security_group_id = aws_security_group.database.id
  description       = "PostgreSQL, encrypted and with a password"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
}

resource "aws_vpc_security_group_ingress_rule" "stores" {
  count = var.public_database ? 0 : 1

  security_group_id            = aws_security_group.database.id
  description                  = "PostgreSQL from the stores"
  referenced_security_group_id = aws_security_group.stores[0].id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_db_instance" "store" {
  identifier     = "${local.prefix}-rds"
  engine         = "postgres"
  engine_version = "15"
  instance_class = "db.t3.micro"
  db_name        = local.environments[0]
  port           = 5432

  username            = var.database_username
  password_wo         = var.database_password
  password_wo_version = var.passwords_version

  allocated_storage    = 20
  storage_type         = "gp3"
  storage_encrypted    = true
  parameter_group_name = aws_db_parameter_group.store.name

  publicly_accessible    = var.public_database
  vpc_security_group_ids = [aws_security_group.database.id]

  backup_retention_period    = 7
  auto_minor_version_upgrade = true
  copy_tags_to_snapshot      = true
  apply_immediately          = true
  # A demo is thrown away whole.
  skip_final_snapshot = true
}
