# Buckets: the flow files, which everybody may read; the reports of operations, which nobody may; and beside a private
# database the archives of releases, from which migrations take theirs.

resource "aws_s3_bucket" "flows" {
  #checkov:skip=CKV2_AWS_6:everybody may read the flow files, as the demo promises
  #checkov:skip=CKV2_AWS_61:old versions of small files are what the versions are for
  #checkov:skip=CKV_AWS_18:who reads public files is nobody's secret
  #checkov:skip=CKV_AWS_144:every file comes from the repository
  #checkov:skip=CKV_AWS_145:a key of one's own can't encrypt what everybody may read
  #checkov:skip=CKV2_AWS_62:nothing waits for a change here
  bucket        = "${local.prefix}-liquibase-flows"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "flows" {
  bucket = aws_s3_bucket.flows.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "flows" {
  #checkov:skip=CKV_AWS_54:the policy that lets everybody read is the point of this bucket
  #checkov:skip=CKV_AWS_56:as above; access lists stay blocked, so that policy is the only door
  bucket                  = aws_s3_bucket.flows.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = false
  restrict_public_buckets = false
}

resource "aws_s3_bucket_policy" "flows" {
  #checkov:skip=CKV_AWS_70:everybody may read, and only read
  bucket = aws_s3_bucket.flows.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EverybodyReads"
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "${aws_s3_bucket.flows.arn}/*"
    }]
  })

  # Until then S3 refuses a policy that lets everybody read.
  depends_on = [aws_s3_bucket_public_access_block.flows]
}

resource "aws_s3_object" "flows" {
  for_each = fileset("${path.module}/../flows", "{*.yaml,*.conf}")

  bucket       = aws_s3_bucket.flows.id
  key          = each.value
  source       = "${path.module}/../flows/${each.value}"
  etag         = filemd5("${path.module}/../flows/${each.value}")
  content_type = "text/plain; charset=utf-8"

  # So that every change of a file is a version that can be gone back to.
  depends_on = [aws_s3_bucket_versioning.flows]
}

resource "aws_s3_bucket" "reports" {
  #checkov:skip=CKV_AWS_18:a bucket of access logs for reports that are gone after 30 days
  #checkov:skip=CKV_AWS_21:a report is written once, under its own run, and is gone after 30 days
  #checkov:skip=CKV_AWS_144:the journal and its reports are with whoever runs lockstep; these are copies
  #checkov:skip=CKV_AWS_145:encrypted with the key of S3
  #checkov:skip=CKV2_AWS_62:nothing waits for a report
  bucket        = "${local.prefix}-operation-reports"
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "reports" {
  bucket                  = aws_s3_bucket.reports.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "reports" {
  bucket = aws_s3_bucket.reports.id

  rule {
    id     = "delete-after-30-days"
    status = "Enabled"

    filter {}

    expiration {
      days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "reports" {
  bucket = aws_s3_bucket.reports.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [merge(local.encrypted_only, { Resource = [aws_s3_bucket.reports.arn, "${aws_s3_bucket.reports.arn}/*"] })] })

  depends_on = [aws_s3_bucket_public_access_block.reports]
}

resource "aws_s3_bucket" "releases" {
  #checkov:skip=CKV_AWS_18:who reads a release is in the journal
  #checkov:skip=CKV_AWS_144:every archive can be built again, byte for byte
  #checkov:skip=CKV_AWS_145:encrypted with the key of S3
  #checkov:skip=CKV2_AWS_61:a release that may still be promoted must not go away by itself
  #checkov:skip=CKV2_AWS_62:nothing waits for a change here
  count = var.public_database ? 0 : 1

  bucket        = "${local.prefix}-releases"
  force_destroy = true
}

# An archive that was replaced under its name can still be told from the first.
resource "aws_s3_bucket_versioning" "releases" {
  count = var.public_database ? 0 : 1

  bucket = aws_s3_bucket.releases[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "releases" {
  count = var.public_database ? 0 : 1

  bucket                  = aws_s3_bucket.releases[0].id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "releases" {
  count = var.public_database ? 0 : 1

  bucket = aws_s3_bucket.releases[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = [merge(local.encrypted_only, { Resource = [aws_s3_bucket.releases[0].arn, "${aws_s3_bucket.releases[0].arn}/*"] })] })

  depends_on = [aws_s3_bucket_public_access_block.releases]
}

locals {
  encrypted_only = {
    Sid       = "EncryptedOnly"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }
}
