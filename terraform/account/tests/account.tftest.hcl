# What an account has once. The provider is a mock, so nothing here needs or proves an AWS account.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  deployed_by = "presenter"
}

run "the_states_have_a_private_bucket_with_versions" {
  command = plan

  assert {
    condition     = output.state_bucket == "bagel-store-states-123456789012"
    error_message = "The bucket is not named after the account, so it could be somebody else's."
  }

  assert {
    condition     = aws_s3_bucket_versioning.states.versioning_configuration[0].status == "Enabled"
    error_message = "A state that was damaged is lost."
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.states.block_public_policy && aws_s3_bucket_public_access_block.states.restrict_public_buckets && aws_s3_bucket_public_access_block.states.block_public_acls && aws_s3_bucket_public_access_block.states.ignore_public_acls
    error_message = "Somebody else could read the states."
  }
}

run "github_is_an_identity_provider_for_aws_only" {
  command = plan

  assert {
    condition     = aws_iam_openid_connect_provider.github[0].url == "https://token.actions.githubusercontent.com" && aws_iam_openid_connect_provider.github[0].client_id_list == toset(["sts.amazonaws.com"])
    error_message = "The identity provider is not GitHub's, or takes tokens that were meant for somebody else."
  }
}

run "an_account_that_knows_github_is_not_given_it_again" {
  command = plan

  variables {
    create_github_provider = false
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0
    error_message = "A second provider of the same address is made, which AWS refuses."
  }
}

run "an_author_that_no_tag_can_hold_is_refused" {
  command = plan

  variables {
    deployed_by = "who? me!"
  }

  expect_failures = [var.deployed_by]
}

run "a_region_that_is_none_is_refused" {
  command = plan

  variables {
    region = "Virginia"
  }

  expect_failures = [var.region]
}
