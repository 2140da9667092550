#!/usr/bin/env bats
# Where credentials come from, with players of all services that give some (tests/aws-play), in a network of their own: tables
# of situations that are compared with the AWS CLI (tests/credentials/), and what many processes and a long run do.
load helpers
load aws

setup_file() {
	start_aws
}

teardown_file() {
	stop_aws
}

setup() {
	fresh_environment
	unset AWS_EC2_METADATA_DISABLED
	use_aws
}

# table NAME: every situation of it.
table() {
	"${in_aws[@]}" "$ROOT/tests/credentials/table" "$PLAY_DIR" "$AWS_CA_BUNDLE" "$ROOT/tests/credentials/$1.table" 3>&-
}

@test "situations: the environment" {
	table environment
}

@test "situations: profiles" {
	table profile
}

@test "situations: broken files" {
	table broken
}

@test "situations: credential_process" {
	table process
}

@test "situations: roles" {
	table role
}

@test "situations: web identity" {
	table web-identity
}

@test "situations: single sign-on" {
	table sso
}

@test "situations: containers" {
	table container
}

@test "situations: instances" {
	table instance
}
