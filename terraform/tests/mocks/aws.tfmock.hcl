# AWS as the tests see it: what the provider would learn from an account, and what AWS would name itself.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_availability_zones" {
  defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
}

mock_data "aws_route53_zone" {
  defaults = { zone_id = "Z0123456789" }
}

mock_resource "aws_db_instance" {
  defaults = { address = "database.example" }
}

mock_resource "aws_apprunner_service" {
  defaults = { service_url = "abc.us-east-1.awsapprunner.com" }
}

mock_resource "aws_apprunner_custom_domain_association" {
  defaults = {
    dns_target = "abc.us-east-1.awsapprunner.com"
    certificate_validation_records = [
      { name = "_1.example.com", type = "CNAME", value = "_1.acm-validations.aws", status = "PENDING_VALIDATION" },
      { name = "_2.example.com", type = "CNAME", value = "_2.acm-validations.aws", status = "PENDING_VALIDATION" },
    ]
  }
}

mock_resource "aws_ecrpublic_repository" {
  defaults = {
    arn            = "arn:aws:ecr-public::123456789012:repository/demo1-bagel-store"
    repository_uri = "public.ecr.aws/z9y8x7w6/demo1-bagel-store"
  }
}
