# One PostgreSQL server with a database for each environment, and who reaches it.
# RDS makes only the first of the databases; docs/aws.md says how the others are made.

resource "aws_db_parameter_group" "store" {
  name        = "${local.prefix}-postgres15"
  family      = "postgres15"
  description = "PostgreSQL settings of the Bagel Store demo ${var.demo_id}"

  # The server can be reached over the internet.
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  # Who came and went, from where.
  parameter {
    name  = "log_connections"
    value = "1"
  }

  # Every change of a schema, also one that did not come through a promotion.
  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  # A migration that waits for a lock shows in the server's log too.
  parameter {
    name  = "log_lock_waits"
    value = "1"
  }
}

resource "aws_db_subnet_group" "store" {
  name        = "${local.prefix}-rds"
  description = "Where the database of the Bagel Store demo ${var.demo_id} stands"
  subnet_ids  = [for subnet in aws_subnet.database : subnet.id]
}

resource "aws_security_group" "database" {
  name        = "${local.prefix}-rds"
  description = "Who may reach the database of the Bagel Store demo ${var.demo_id}"
  vpc_id      = aws_vpc.instance.id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = local.database_clients

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

resource "aws_vpc_security_group_ingress_rule" "migrations" {
  count = var.public_database ? 0 : 1

  security_group_id            = aws_security_group.database.id
  description                  = "PostgreSQL from Liquibase as a one-off task"
  referenced_security_group_id = aws_security_group.migrations[0].id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_db_instance" "store" {
  #checkov:skip=CKV_AWS_17:a demo is given from a laptop; public_database = false closes it
  #checkov:skip=CKV_AWS_157:one zone is what the demo costs; a second one doubles it
  #checkov:skip=CKV_AWS_293:a demo is thrown away whole
  #checkov:skip=CKV_AWS_118:the monitoring agent would take memory of a db.t3.micro that the databases need
  #checkov:skip=CKV_AWS_161:lockstep, Liquibase and the stores sign in with the password in Secrets Manager
  #checkov:skip=CKV_AWS_353:four small databases of a demo are watched by lockstep, not tuned
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

  db_subnet_group_name   = aws_db_subnet_group.store.name
  publicly_accessible    = var.public_database
  vpc_security_group_ids = [aws_security_group.database.id]

  enabled_cloudwatch_logs_exports = ["postgresql"]
  backup_retention_period         = 7
  auto_minor_version_upgrade      = true
  copy_tags_to_snapshot           = true
  apply_immediately               = true
  # A demo is thrown away whole.
  skip_final_snapshot = true

  # A public address needs the way out to be there first.
  depends_on = [aws_route.database_to_internet]
}
