# A name of its own for each environment: <env>-<demo_id>.<domain>.
# A CNAME alone would not do: App Runner answers only for names that are associated with a service and proven.

locals {
  named_services = var.enable_route53 ? aws_apprunner_service.store : {}

  # App Runner asks for two proofs of a name without www, and says which only after it was associated.
  proofs = merge([for environment, service in local.named_services : {
    for proof in [0, 1] : "${environment}-${proof}" => { environment = environment, proof = proof }
  }]...)
}

data "aws_route53_zone" "store" {
  count = var.enable_route53 ? 1 : 0

  name         = var.domain
  private_zone = false
}

resource "aws_apprunner_custom_domain_association" "store" {
  for_each = local.named_services

  service_arn          = each.value.arn
  domain_name          = "${each.key}-${var.demo_id}.${var.domain}"
  enable_www_subdomain = false
}

resource "aws_route53_record" "store" {
  for_each = local.named_services

  zone_id = data.aws_route53_zone.store[0].zone_id
  name    = "${each.key}-${var.demo_id}.${var.domain}"
  type    = "CNAME"
  ttl     = 60
  records = [aws_apprunner_custom_domain_association.store[each.key].dns_target]
}

resource "aws_route53_record" "proof" {
  for_each = local.proofs

  zone_id = data.aws_route53_zone.store[0].zone_id
  name    = tolist(aws_apprunner_custom_domain_association.store[each.value.environment].certificate_validation_records)[each.value.proof].name
  type    = tolist(aws_apprunner_custom_domain_association.store[each.value.environment].certificate_validation_records)[each.value.proof].type
  ttl     = 60
  records = [tolist(aws_apprunner_custom_domain_association.store[each.value.environment].certificate_validation_records)[each.value.proof].value]
}
