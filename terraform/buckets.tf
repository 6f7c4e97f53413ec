# Two buckets: the flow files, which everybody may read, and the reports of operations, which nobody may.

resource "aws_s3_bucket" "flows" {
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
  bucket                  = aws_s3_bucket.flows.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = false
  restrict_public_buckets = false
}

resource "aws_s3_bucket_policy" "flows" {
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
