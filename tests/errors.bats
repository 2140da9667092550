#!/usr/bin/env bats
# servers: s3d rgw
# What goes wrong for all programs that talk to S3 alike: one line that names the thing and the cause, status 1 or 2,
# and nothing left behind.
load helpers

setup() {
	fresh_environment
	use_server
	asked=$BUCKET
	put_object key body
	echo new > file
}

# each STATUS TEXT...: every program, asked for s3://$asked/key, fails in that way and leaves nothing.
each() {
	local status=$1
	shift
	fails "$status" s3ls "s3://$asked/key" -- "$@"
	fails "$status" s3get --stdout "s3://$asked/key" -- "$@"
	fails "$status" s3get --directory files "s3://$asked/key" -- "$@"
	[[ -z $(find . -path './files/*' -type f) ]] || fail "=> s3get left a file"
	fails "$status" s3put file "s3://$asked/key" -- "$@"
}

# fails STATUS COMMAND... -- TEXT...
fails() {
	local status=$1 command=()
	shift
	while [[ $1 != -- ]]; do
		command+=("$1")
		shift
	done
	shift
	run_tool "$status" "${command[@]}" < /dev/null
	no_output
	says "${command[0]}: " "$@"
}

no_output() {
	[[ ! -s $TMP/out ]] || fail "=> there is something on standard output"
}

unchanged() {
	[[ $(s3 dump "$BUCKET") == '{"key": "body"}' ]] || fail "=> the bucket changed"
}

@test "the bucket is missing" {
	asked=no-such-bucket
	each 1 s3://no-such-bucket/ "404 NoSuchBucket"
}

@test "the secret is wrong" {
	AWS_SECRET_ACCESS_KEY=wrong-secret each 1 "s3://$BUCKET/key: 403 "
	lacks wrong-secret err
	unchanged
}

@test "the key id is not known" {
	AWS_ACCESS_KEY_ID=NOSUCHKEYID each 1 "s3://$BUCKET/key: 403 "
	unchanged
}

@test "there are no credentials: where they were looked for is told" {
	(
		unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
		each 2 "no credentials" AWS_ACCESS_KEY_ID "$HOME/.aws/credentials"
	)
	unchanged
}

@test "a key without a secret" {
	(
		unset AWS_SECRET_ACCESS_KEY
		each 2 AWS_SECRET_ACCESS_KEY
	)
}

@test "the profile is missing" {
	(
		unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
		AWS_PROFILE=nobody each 2 "profile nobody"
	)
}

@test "unsigned requests are refused" {
	fails 1 s3ls --no-sign-request "s3://$BUCKET/" -- "s3://$BUCKET/: 403 AccessDenied"
	fails 1 s3put --no-sign-request file "s3://$BUCKET/key" -- "s3://$BUCKET/key: 403 AccessDenied"
	unchanged
}

@test "the host is not known" {
	AWS_ENDPOINT_URL_S3=https://no-such-host.invalid each 1 "s3://$BUCKET/key: " "host" no-such-host.invalid
}

@test "nobody listens there" {
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 AWS_MAX_ATTEMPTS=2 \
		each 1 "s3://$BUCKET/key: cannot connect" "127.0.0.1 port 9" "after 2 tries"
}

@test "the server's certificate is not trusted" {
	if [[ $SERVER == s3d ]]; then
		"$ROOT/tests/tls" tls
		stop_s3d
		start_s3d --bucket "$BUCKET" --tls-cert tls/chain.pem --tls-key tls/server.key
		use_s3d
		export AWS_CA_BUNDLE=$TMP/tls/ca.pem
		put_object key body
	fi
	(
		unset AWS_CA_BUNDLE
		each 1 "s3://$BUCKET/key: " certificate "not trusted"
	)
	unchanged
	run_tool 0 s3get --stdout "s3://$BUCKET/key"
	[[ $output == body ]]
}

@test "the file of trusted certificates is missing, or is none: told with the setting that names it" {
	local name
	echo 'no certificate' > text.pem
	for name in AWS_CA_BUNDLE SSL_CERT_FILE; do
		(
			unset AWS_CA_BUNDLE
			export "$name=$TMP/none.pem"
			each 2 "$name: $TMP/none.pem: No such file"
			export "$name=$TMP/text.pem"
			each 2 "$name: $TMP/text.pem: holds no certificate"
			export "$name=$TMP"
			each 2 "$name: $TMP: Is a directory"
		)
	done
	(
		unset AWS_CA_BUNDLE
		SSL_CERT_DIR=$TMP/none each 2 "SSL_CERT_DIR: $TMP/none: No such file"
		SSL_CERT_DIR=$TMP/text.pem:$TMP/none each 2 "SSL_CERT_DIR: "
		mkdir -p "$HOME/.aws"
		printf '[default]\nca_bundle = %s\n' "$TMP/text.pem" >> "$HOME/.aws/config"
		each 2 "profile default: ca_bundle: $TMP/text.pem: holds no certificate"
	)
}

@test "FIPS endpoints: not together with another endpoint, nor where there are none" {
	AWS_USE_FIPS_ENDPOINT=true each 2 "use_fips_endpoint (AWS_USE_FIPS_ENDPOINT) cannot be used with another endpoint"
	unset "${!AWS_ENDPOINT_@}"
	AWS_USE_FIPS_ENDPOINT=true run_tool 2 s3ls --region cn-north-1 s3://bucket/
	says "region 'cn-north-1': there are no endpoints for use_fips_endpoint"
}

@test "misuse is told with status 2, and nothing is attempted" {
	for command in s3ls 's3ls nothing' 's3ls s3://' 's3ls http://x/y' "s3ls --nonsense s3://$BUCKET/" \
		"s3ls --retry-empty many s3://$BUCKET/" "s3ls --endpoint-url nonsense s3://$BUCKET/" \
		's3get nothing' 's3get s3://' "s3get -c -C x s3://$BUCKET/key" "s3get --connections 0 s3://$BUCKET/key" \
		's3put' 's3put file' "s3put file file s3://$BUCKET/new" 's3put file nothing' "s3put file s3://$BUCKET/" \
		"s3put --part-size 1 file s3://$BUCKET/new" "s3put --expect-size x file s3://$BUCKET/new" \
		"s3put --metadata x file s3://$BUCKET/new"; do
		# shellcheck disable=SC2086
		run_tool 2 $command < /dev/null
		grep -q "^${command%% *}: " err || fail "=> the program does not tell"
		no_output
	done
	unchanged
}

@test "--help and --version go to standard output" {
	unset "${!AWS_@}"
	for program in s3ls s3get s3put; do
		run_tool 0 $program --help
		silent
		[[ $output == "usage: $program "*--endpoint-url* ]]
		run_tool 0 $program --version
		silent
		[[ $output == "$program (sheaf) "[0-9]* ]]
		run_shell 1 "$program --help > /dev/full"
	done
}

@test "credentials, server and region come from a profile" {
	mkdir "$HOME/.aws"
	cat > "$HOME/.aws/credentials" <<-INI
	[work]
	aws_access_key_id = $AWS_ACCESS_KEY_ID
	aws_secret_access_key = $AWS_SECRET_ACCESS_KEY
	INI
	cat > "$HOME/.aws/config" <<-INI
	[profile work]
	region = us-east-1
	endpoint_url = $AWS_ENDPOINT_URL_S3
	${AWS_CA_BUNDLE:+ca_bundle = $AWS_CA_BUNDLE}
	INI
	unset "${!AWS_@}"
	run_tool 0 s3ls --profile work "s3://$BUCKET/"
	[[ $output == "s3://$BUCKET/key" ]]
	AWS_PROFILE=work run_tool 0 s3get --stdout "s3://$BUCKET/key"
	[[ $output == body ]]
}

@test "--stats appends one line of JSON a run, failures too" {
	run_tool 0 s3ls --stats stats "s3://$BUCKET/"
	run_tool 0 s3get --stdout --stats stats "s3://$BUCKET/key"
	run_tool 1 s3get --stdout --stats stats "s3://$BUCKET/none"
	run_tool 0 s3put --stats stats file "s3://$BUCKET/new"
	/usr/bin/python3 - <<-'EOP'
	import json
	lines = [json.loads(line) for line in open("stats")]
	assert [l["program"] for l in lines] == ["s3ls", "s3get", "s3get", "s3put"], lines
	assert [l["status"] for l in lines] == [0, 0, 1, 0], lines
	assert [l["objects"] for l in lines] == [1, 1, 0, 1], lines
	assert lines[1]["bytes_in"] == 4 and lines[3]["bytes_out"] == 4, lines
	assert all(l["v"] == 1 and l["requests"] >= 1 for l in lines), lines
	EOP
}
