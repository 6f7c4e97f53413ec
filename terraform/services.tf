# The Bagel Store, once for each environment.
# Which image runs is lockstep's business after the first apply, so Terraform ignores that one argument.
# BAGEL_VERSION and BAGEL_IMAGE are deliberately absent: the image says them itself.

resource "aws_apprunner_service" "store" {
  for_each = var.create_services ? local.services : {}

  service_name                   = each.value
  auto_scaling_configuration_arn = aws_apprunner_auto_scaling_configuration_version.one.arn
  tags                           = { environment = each.key }

  source_configuration {
    # An image that deploys itself would collide with a promotion.
    auto_deployments_enabled = false

    image_repository {
      image_identifier      = "${local.image_repository}:${var.initial_release}"
      image_repository_type = "ECR_PUBLIC"

      image_configuration {
        port = "5000"

        runtime_environment_variables = {
          ENVIRONMENT   = each.key
          DEMO_ID       = var.demo_id
          DB_HOST       = aws_db_instance.store.address
          DB_PORT       = tostring(aws_db_instance.store.port)
          DB_NAME       = each.key
          DEMO_USERNAME = var.store_username
        }

        runtime_environment_secrets = {
          DB_USERNAME   = aws_secretsmanager_secret.database["username"].arn
          DB_PASSWORD   = aws_secretsmanager_secret.database["password"].arn
          DEMO_PASSWORD = aws_ssm_parameter.store_password.arn
        }
      }
    }
  }

  instance_configuration {
    cpu               = "1024"
    memory            = "2048"
    instance_role_arn = aws_iam_role.store.arn
  }

  # HTTP, not TCP: a store whose schema is behind answers 503, and that must stop a deployment.
  health_check_configuration {
    protocol            = "HTTP"
    path                = "/health"
    interval            = 5
    timeout             = 2
    healthy_threshold   = 1
    unhealthy_threshold = 5
  }

  network_configuration {
    egress_configuration {
      egress_type       = var.public_database ? "DEFAULT" : "VPC"
      vpc_connector_arn = one(aws_apprunner_vpc_connector.stores[*].arn)
    }
  }

  lifecycle {
    ignore_changes = [source_configuration[0].image_repository[0].image_identifier]
  }

  # An instance reads its secrets when it starts.
  depends_on = [
    aws_iam_role_policy.secrets,
    aws_secretsmanager_secret_version.username,
    aws_secretsmanager_secret_version.password,
    aws_vpc_security_group_ingress_rule.clients,
    aws_vpc_security_group_ingress_rule.stores,
    aws_vpc_security_group_egress_rule.stores,
  ]
}

resource "aws_apprunner_auto_scaling_configuration_version" "one" {
  auto_scaling_configuration_name = local.prefix
  min_size                        = 1
  max_size                        = 1
}

resource "aws_security_group" "stores" {
  count = var.public_database ? 0 : 1

  name        = "${local.prefix}-stores"
  description = "The stores of the demo ${var.demo_id}, on their way to the database"
  vpc_id      = aws_vpc.instance.id
}

resource "aws_vpc_security_group_egress_rule" "stores" {
  count = var.public_database ? 0 : 1

  security_group_id            = aws_security_group.stores[0].id
  description                  = "PostgreSQL"
  referenced_security_group_id = aws_security_group.database.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_apprunner_vpc_connector" "stores" {
  count = var.public_database ? 0 : 1

  vpc_connector_name = local.prefix
  subnets            = [for subnet in aws_subnet.database : subnet.id]
  security_groups    = [aws_security_group.stores[0].id]
}
