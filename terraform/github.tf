# A role for GitHub's workflows: the same two policies, without stored keys. Absent unless `github_repository` names one.
# The identity provider is the account's, made once by account/: two instances in one account must not fight for it.

locals {
  github_issuer = "token.actions.githubusercontent.com"

  # Only jobs in a GitHub environment that is called as ours are, so that its protection rules stand in front of AWS.
  github_subjects = [for environment in local.environments : "repo:${var.github_repository}:environment:${environment}"]
}

resource "aws_iam_role" "github" {
  #checkov:skip=CKV_AWS_393:the subjects are four whole ones, repo:<owner>/<name>:environment:<env>; checkov does not see through the list
  count = var.github_repository == "" ? 0 : 1

  name        = "${local.prefix}-github"
  description = "Workflows of ${var.github_repository} in the demo ${var.demo_id}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "${local.arn_start}:iam::${data.aws_caller_identity.here.account_id}:oidc-provider/${local.github_issuer}" }
      Condition = {
        StringEquals = {
          "${local.github_issuer}:aud" = "sts.amazonaws.com"
          "${local.github_issuer}:sub" = local.github_subjects
        }
      }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "github" {
  for_each = var.github_repository == "" ? {} : local.lockstep_policies

  role       = aws_iam_role.github[0].name
  policy_arn = each.value
}

# What a workflow does beyond lockstep: it brings releases.
resource "aws_iam_role_policy" "github_releases" {
  count = var.github_repository != "" && length(local.bring_releases) > 0 ? 1 : 0

  name   = "bring-releases"
  role   = aws_iam_role.github[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.bring_releases })
}

locals {
  bring_releases = concat(
    # Signing in to ECR Public; neither call can be narrowed to a repository.
    [for repository in aws_ecrpublic_repository.store : {
      Sid      = "SignInToTheRegistry"
      Effect   = "Allow"
      Action   = ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"]
      Resource = "*"
    }],
    [for repository in aws_ecrpublic_repository.store : {
      Sid    = "PushImages"
      Effect = "Allow"
      Action = [
        "ecr-public:BatchCheckLayerAvailability",
        "ecr-public:CompleteLayerUpload",
        "ecr-public:InitiateLayerUpload",
        "ecr-public:PutImage",
        "ecr-public:UploadLayerPart",
      ]
      Resource = repository.arn
    }],
    [for bucket in aws_s3_bucket.releases : {
      Sid      = "PutArchives"
      Effect   = "Allow"
      Action   = "s3:PutObject"
      Resource = "${bucket.arn}/*"
    }],
  )
}
