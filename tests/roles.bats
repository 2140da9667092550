#!/usr/bin/env bats
# servers: rgw
# Roles for real, by the gateway's STS: assumed with keys, and with a token of an issuer that the gateway asks for its key.
load helpers

setup_file() {
	export ISSUER=$BATS_FILE_TMPDIR/issuer ISSUER_PID
	"$BATS_TEST_DIRNAME/issuer" serve "$ISSUER" < /dev/null > "$BATS_FILE_TMPDIR/issuer.output" 2>&1 3>&- &
	ISSUER_PID=$!
	local i
	for ((i = 0; i < 200; i++)); do
		[[ ! -e $ISSUER/url ]] || return 0
		sleep 0.05
	done
	cat "$BATS_FILE_TMPDIR/issuer.output"
	return 1
}

teardown_file() {
	kill "$ISSUER_PID"
	wait "$ISSUER_PID" || true
}

setup() {
	fresh_environment
	use_server
	put_object a.csv $'id\n1\n'
	put_object b.csv $'id\n2\n'
	echo new > file
	mkdir "$HOME/.aws"
	export AWS_ENDPOINT_URL_STS=$AWS_ENDPOINT_URL_S3
	cat > "$HOME/.aws/config" <<-INI
	[profile reader]
	role_arn = $RGW_ROLE_ARN
	role_session_name = nightly
	source_profile = tester
	[profile stranger]
	role_arn = $RGW_ROLE_ARN
	source_profile = other
	[profile none]
	role_arn = arn:aws:iam:::role/no-such-role
	source_profile = tester
	[profile short]
	role_arn = $RGW_ROLE_ARN
	source_profile = tester
	duration_seconds = 900
	[profile by-environment]
	role_arn = $RGW_ROLE_ARN
	credential_source = Environment
	INI
	cat > "$HOME/.aws/credentials" <<-INI
	[tester]
	aws_access_key_id = $AWS_ACCESS_KEY_ID
	aws_secret_access_key = $AWS_SECRET_ACCESS_KEY
	[other]
	aws_access_key_id = $OTHER_ACCESS_KEY_ID
	aws_secret_access_key = $OTHER_SECRET_ACCESS_KEY
	[wrong]
	aws_access_key_id = $AWS_ACCESS_KEY_ID
	aws_secret_access_key = wrong-secret
	INI
}

# as PROFILE COMMAND...: with nothing else that could give credentials.
as() {
	(
		unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
		AWS_PROFILE=$1 "${@:2}"
	)
}

# new_role NAME TRUST ACTIONS: a role, whom it trusts, and what it may do.
new_role() {
	admin role create --role-name="$1" \
		--assume-role-policy-doc='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '"$2"'}]}'
	admin role-policy put --role-name="$1" --policy-name=some --policy-doc='{"Version": "2012-10-17", "Statement": [{
		"Effect": "Allow", "Action": ['"$3"'], "Resource": "arn:aws:s3:::*"}]}'
}

admin() {
	timeout 60 radosgw-admin -c "$RGW_DIR/ceph.conf" "$@" > admin.out 2>&1 || {
		cat admin.out
		fail "radosgw-admin $1 $2 failed"
	}
}

# lacks_text TEXT FILE...: in none of them, nor in their folders.
lacks_text() {
	! grep -rlF -- "$@" || fail "=> there is what should be in no file"
}

# reads_only: what the role may do, it does; what it may not do is refused.
reads_only() {
	run_tool 0 s3ls "s3://$BUCKET/"
	silent
	[[ $output == "s3://$BUCKET/a.csv"$'\n'"s3://$BUCKET/b.csv" ]]
	run_tool 0 s3get --stdout "s3://$BUCKET/a.csv" "s3://$BUCKET/b.csv"
	silent
	[[ $output == $'id\n1\nid\n2' ]]
	run_tool 1 s3put file "s3://$BUCKET/new"
	says "s3://$BUCKET/new: 403 AccessDenied"
}

@test "a role by its source profile" {
	as reader reads_only
	as short reads_only
}

@test "a role by the environment's keys" {
	AWS_PROFILE='' run_tool 0 s3ls --profile by-environment "s3://$BUCKET/"
	AWS_PROFILE='' run_tool 1 s3put --profile by-environment file "s3://$BUCKET/new"
	says 403
}

@test "a role that this user may not assume" {
	for program in "s3ls s3://$BUCKET/" "s3get --stdout s3://$BUCKET/a.csv" "s3put file s3://$BUCKET/new"; do
		# shellcheck disable=SC2086
		as stranger run_tool 2 $program
		says "profile stranger" "$RGW_ROLE_ARN" "403 AccessDenied"
	done
}

@test "a role that does not exist" {
	as none run_tool 2 s3ls "s3://$BUCKET/"
	says "profile none" arn:aws:iam:::role/no-such-role
}

@test "a role by a secret that is wrong" {
	printf '%s\n' '[profile x]' "role_arn = $RGW_ROLE_ARN" 'source_profile = wrong' >> "$HOME/.aws/config"
	as x run_tool 2 s3ls "s3://$BUCKET/"
	says "profile x" "$RGW_ROLE_ARN" 403
	lacks wrong-secret err
}

@test "a role by a token: web identity" {
	local arn
	arn=$("$ROOT/tests/issuer" register "$ISSUER")
	new_role "pod-$ISSUER_PID" '"Principal": {"Federated": ["'"$arn"'"]}, "Action": ["sts:AssumeRoleWithWebIdentity"],
		"Condition": {"StringEquals": {"'"${arn#*oidc-provider/}"':app_id": "sheaf"}}' '"s3:Get*", "s3:List*"'
	"$ROOT/tests/issuer" token "$ISSUER" my-pod 600 > "$HOME/.aws/token"
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	export AWS_WEB_IDENTITY_TOKEN_FILE=$HOME/.aws/token AWS_ROLE_ARN=arn:aws:iam:::role/pod-$ISSUER_PID
	reads_only
	# the gateway asked the issuer for its key
	grep -qx /keys "$ISSUER/log"

	"$ROOT/tests/issuer" token "$ISSUER" my-pod -60 > "$HOME/.aws/token"
	run_tool 0 s3ls "s3://$BUCKET/" # by the cache
	rm -r "$HOME/.cache"
	run_tool 2 s3ls "s3://$BUCKET/"
	says "web identity" "$AWS_ROLE_ARN" 403
	lacks "$(cut -c 1-20 "$HOME/.aws/token")" err

	# signed by somebody else
	mkdir other
	cp "$ISSUER/url" "$ISSUER/thumbprint" other
	openssl genrsa -out other/key.pem 2048 2> /dev/null
	"$ROOT/tests/issuer" token other my-pod 600 > "$HOME/.aws/token"
	run_tool 2 s3ls "s3://$BUCKET/"
	says "web identity" "$AWS_ROLE_ARN" 403

	# for a role that trusts users only
	"$ROOT/tests/issuer" token "$ISSUER" my-pod 600 > "$HOME/.aws/token"
	AWS_ROLE_ARN=$RGW_ROLE_ARN run_tool 2 s3ls "s3://$BUCKET/"
	says "web identity" "$RGW_ROLE_ARN" 403

	# in a profile, and as the source of another role
	unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN
	printf '%s\n' '[profile pod]' "role_arn = arn:aws:iam:::role/pod-$ISSUER_PID" \
		"web_identity_token_file = $HOME/.aws/token" >> "$HOME/.aws/config"
	AWS_PROFILE=pod reads_only
}

@test "a merge by a role" {
	new_role "writer-$ISSUER_PID" '"Principal": {"AWS": ["arn:aws:iam:::user/tester"]}, "Action": ["sts:AssumeRole"]' \
		'"s3:*"'
	printf '%s\n' '[profile writer]' "role_arn = arn:aws:iam:::role/writer-$ISSUER_PID" 'source_profile = tester' \
		>> "$HOME/.aws/config"
	s3 csvs "$BUCKET" in/ 40
	as writer run_tool 0 make -s -f "$ROOT/pipeline.mk" merge SRC="s3://$BUCKET/in/" DEST="s3://$BUCKET/out/" \
		WORK="$TMP/work" BATCH=5 JOBS=8
	[[ $(list_keys out/ | grep -c '\.csv$') == 8 ]]
	# all of its processes had the same credentials, and kept them nowhere else
	[[ $(find "$HOME/.cache/sheaf" -name '*.json' | wc -l) == 1 ]]
	token=$(/usr/bin/python3 -c 'import json, sys
print(next(v for v in json.load(open(sys.argv[1])).values() if isinstance(v, str) and len(v) > 100)[:60])' \
		"$HOME"/.cache/sheaf/*.json)
	lacks_text "$token" work out err
	lacks_text "$AWS_SECRET_ACCESS_KEY" work out err
}
