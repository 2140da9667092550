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

# ---- cache, renewal ---------------------------------------------------------------------------------------------

# source_of KIND: files and environment so that credentials come from there.
source_of() {
	mkdir -p "$HOME/.aws/sso/cache"
	unset AWS_PROFILE AWS_EC2_METADATA_DISABLED
	case $1 in
	role)
		cat > "$HOME/.aws/config" <<-INI
		[profile r]
		role_arn = arn:aws:iam::123456789012:role/reader
		source_profile = base
		[profile base]
		aws_access_key_id = AKIABASE
		aws_secret_access_key = hush/AKIABASE
		INI
		export AWS_PROFILE=r
		;;
	web-identity)
		printf hush-jwt/pod > "$HOME/.aws/token"
		export AWS_WEB_IDENTITY_TOKEN_FILE=$HOME/.aws/token AWS_ROLE_ARN=arn:aws:iam::123456789012:role/reader
		;;
	sso)
		cat > "$HOME/.aws/config" <<-INI
		[profile s]
		sso_session = work
		sso_account_id = 123456789012
		sso_role_name = dev
		[sso-session work]
		sso_start_url = https://example.awsapps.com/start
		sso_region = us-east-1
		INI
		printf '{"accessToken": "hush-sso/old", "expiresAt": "%s", "clientId": "me", "clientSecret": "hush-client/me",
			"registrationExpiresAt": "2036-01-01T00:00:00Z", "refreshToken": "hush-refresh/me"}' \
			"$(date --utc --date "${2-60 seconds ago}" +%FT%TZ)" > "$(sso_token)"
		export AWS_PROFILE=s
		;;
	container)
		printf hush-auth/pod > "$HOME/.aws/token"
		export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials
		export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$HOME/.aws/token
		;;
	instance) ;;
	*) fail "no such source: $1" ;;
	esac
}

sso_token() {
	echo "$HOME/.aws/sso/cache/$(printf work | sha1sum | cut -d ' ' -f 1).json"
}

# s3ls STATUS [OPTION...]: of a bucket with one object.
s3ls() {
	run_tool "$1" "${in_aws[@]}" s3ls "${@:2}" s3://bucket/
}

# fifty: so many s3ls at once; all succeed.
fifty() {
	cat > fifty <<-'EOS'
	for i in {1..50}; do
		s3ls s3://bucket/ > "out.$i" &
	done
	for i in {1..50}; do
		wait -n
	done
	EOS
	run_tool 0 "${in_aws[@]}" bash -eu fifty
	silent
	[[ $(cat out.* | grep -c '^s3://bucket/k0000$') == 50 ]]
	asked_times 50 "s3 List"
}

# at_most N WORDS: were asked, at least once.
at_most() {
	local seen
	seen=$(asked "$2" | grep -c . || true)
	((seen >= 1 && seen <= $1)) || fail "=> '$2' was asked $seen times, not 1 to $1"
}

@test "fifty at once ask STS for a role at most twice" {
	source_of role
	fifty
	at_most 2 "sts AssumeRole"
}

@test "fifty at once ask STS for a web identity's role at most twice" {
	source_of web-identity
	fifty
	at_most 2 "sts AssumeRoleWithWebIdentity"
}

@test "fifty at once ask for single sign-on at most twice, and refresh its token once" {
	source_of sso
	fifty
	at_most 2 "sso GetRoleCredentials"
	# a refresh token is good for one use
	at_most 1 "oidc CreateToken"
}

@test "fifty at once ask the container's endpoint at most twice" {
	source_of container
	fifty
	at_most 2 "container Get"
}

@test "fifty at once ask the instance at most twice" {
	source_of instance
	fifty
	at_most 2 "imds Token"
	at_most 2 "imds Role"
	at_most 2 "imds Credentials"
}

@test "what is cached is asked for once, and nobody else can read it" {
	for source in role web-identity sso container instance; do
		echo "# $source"
		play
		source_of $source
		(
			umask 0
			s3ls 0
			s3ls 0
		)
		asked_times 2 "s3 List"
		at_most 1 "$(case $source in
			role) echo "sts AssumeRole" ;;
			web-identity) echo "sts AssumeRoleWithWebIdentity" ;;
			sso) echo "sso GetRoleCredentials" ;;
			container) echo "container Get" ;;
			instance) echo "imds Credentials" ;;
			esac)"
		[[ $(stat -c %a "$HOME/.cache/sheaf") == 700 ]]
		[[ $(find "$HOME/.cache/sheaf" -type f -printf '%m\n' | sort -u) == 600 ]]
		[[ $(find "$HOME/.cache/sheaf" -name '*.json' | wc -l) == 1 ]]
		# what others keep is not kept twice
		lacks 'AKIABASE|hush-(jwt|sso|client|refresh|auth|imds)' <(cat "$HOME"/.cache/sheaf/*)
		rm -r "$HOME/.cache"
		unset "${!AWS_WEB@}" AWS_ROLE_ARN "${!AWS_CONTAINER@}"
	done
}

@test "the cache is where XDG_CACHE_HOME says" {
	source_of role
	XDG_CACHE_HOME=$HOME/elsewhere s3ls 0
	[[ -n $(find "$HOME/elsewhere/sheaf" -name '*.json') && ! -e $HOME/.cache ]]
}

@test "another role, another session name, another source: another entry" {
	source_of role
	s3ls 0
	sed -i 's/role.reader/role\/writer/' "$HOME/.aws/config"
	s3ls 0
	sed -i 's/^role_arn.*/&\nrole_session_name = me/' "$HOME/.aws/config"
	s3ls 0
	sed -i 's/AKIABASE/AKIAOTHER/' "$HOME/.aws/config"
	s3ls 0
	sed -i 's/^role_arn.*/&\nexternal_id = x/' "$HOME/.aws/config"
	s3ls 0
	asked_times 5 "sts AssumeRole"
	s3ls 0
	asked_times 5 "sts AssumeRole"
}

@test "a broken cache does no harm" {
	source_of role
	s3ls 0
	entry=$(find "$HOME/.cache/sheaf" -name '*.json')
	for text in '' '{' 'null' '[]' '{"AccessKeyId": 1}' "$(head -c 100 "$entry")"; do
		play
		printf %s "$text" > "$entry"
		s3ls 0
		silent
		asked_times 1 "sts AssumeRole"
		s3ls 0
		asked_times 1 "sts AssumeRole"
	done
	head -c 1000000 /dev/urandom > "$entry"
	s3ls 0
	silent
	# a folder, a fifo and a link to somewhere else in its place
	play
	rm "$entry"
	mkdir "$entry"
	s3ls 0
	silent
	rmdir "$entry"
	mkfifo "$entry"
	s3ls 0
	silent
	rm "$entry"
	echo other > other
	ln -s "$TMP/other" "$entry"
	s3ls 0
	silent
	[[ $(< other) == other ]]
	asked_times 3 "sts AssumeRole"
}

@test "where nothing can be cached, all works" {
	source_of role
	echo > "$HOME/.cache"
	s3ls 0
	silent
	rm "$HOME/.cache"
	mkdir -p "$HOME/.cache/sheaf"
	for mode in 755 770 707; do
		chmod $mode "$HOME/.cache/sheaf"
		s3ls 0
		silent
		# others could have put something there
		[[ -z $(ls -A "$HOME/.cache/sheaf") ]]
	done
	rmdir "$HOME/.cache/sheaf"
	mkdir elsewhere
	ln -s "$TMP/elsewhere" "$HOME/.cache/sheaf"
	s3ls 0
	silent
	[[ -z $(ls -A elsewhere) ]]
	(
		export AWS_CONFIG_FILE=$HOME/.aws/config AWS_SHARED_CREDENTIALS_FILE=$HOME/.aws/credentials
		HOME=/proc/none s3ls 0
		silent
		unset HOME
		export XDG_CACHE_HOME=/dev/null
		s3ls 0
		silent
	)
	asked_times 7 "sts AssumeRole"
}

@test "what is about to expire is not taken from the cache" {
	source_of role
	play "sts lasts 200"
	s3ls 0
	s3ls 0
	asked_times 2 "s3 List bucket.s3.us-east-1.amazonaws.com"
	(($(asked "sts AssumeRole" | wc -l) >= 2))
	lacks expired <(asked)
}

@test "credentials that expire in a run are renewed before they do" {
	# they are renewed 120 s before, thus after up to two seconds of a listing of three; an instance has new ones hours before,
	# and old ones are made to last
	for source in role web-identity sso container; do
		echo "# $source"
		play "sts lasts 121" "sso lasts 121" "container lasts 121" "s3 slow 0.2" "s3 pages 15"
		source_of $source "1 hour"
		s3ls 0 --connections 1
		silent
		[[ $(sort -u out | wc -l) == 15 ]]
		lacks "expired| 40[0-9] " <(asked)
		asked "s3 List" | grep -qE 'signed=ASIA[A-Z]+1 '
		asked "s3 List" | grep -qE 'signed=ASIA[A-Z]+2 '
		rm -r "$HOME/.cache"
		unset "${!AWS_WEB@}" AWS_ROLE_ARN "${!AWS_CONTAINER@}"
	done
}

@test "credentials that live for a second only" {
	source_of role
	play "sts lasts 1.5" "s3 slow 0.2" "s3 pages 10"
	s3ls 0 --connections 1
	[[ $(sort -u out | wc -l) == 10 ]]
	(($(asked "sts AssumeRole" | wc -l) <= 8))
}

@test "S3 says that they have expired: they are asked for once more, past the cache" {
	for source in role web-identity sso container instance; do
		echo "# $source"
		play
		source_of $source "1 hour"
		s3ls 0
		manners "s3 error 400 ExpiredToken first 1"
		s3ls 0
		silent
		[[ $(< out) == s3://bucket/k0000 ]]
		asked_times 3 "s3 List"
		case $source in
		role) asked_times 2 "sts AssumeRole" ;;
		web-identity) asked_times 2 "sts AssumeRoleWithWebIdentity" ;;
		sso) asked_times 2 "sso GetRoleCredentials" ;;
		container) asked_times 2 "container Get" ;;
		instance) asked_times 2 "imds Credentials" ;;
		esac
		rm -r "$HOME/.cache"
		unset "${!AWS_WEB@}" AWS_ROLE_ARN "${!AWS_CONTAINER@}"
	done
}

@test "S3 says so again: that is an error, and nobody is asked for ever" {
	source_of role
	play "s3 error 400 ExpiredToken"
	s3ls 1
	says s3://bucket/ ExpiredToken
	asked_times 2 "sts AssumeRole"
	asked_times 2 "s3 List"
	play "s3 error 400 ExpiredToken"
	unset AWS_PROFILE
	AWS_ACCESS_KEY_ID=AKIAENV AWS_SECRET_ACCESS_KEY=hush/AKIAENV s3ls 1
	says s3://bucket/ ExpiredToken
	asked_times 0 "sts AssumeRole"
}

# s3d_for KEY...: a local server in the players' network, which knows the first credentials that are given for each role.
s3d_for() {
	local key known=()
	for key in "$@"; do
		known+=(--access-key "$key:hush/$key" --session-token "hush-token/$key")
	done
	# shellcheck disable=SC2034 # start_s3d uses it
	s3d_by=("${in_aws[@]}")
	start_s3d "${known[@]}" --bucket made --make made/in/:40 --count-keys
	export AWS_ENDPOINT_URL_S3=$S3D_URL
}

s3d_faults() {
	"${in_aws[@]}" curl --silent --show-error --fail --data-binary "$1" "$S3D_URL/_s3d/faults"
}

# again: as if no credentials had been given yet.
again() {
	rm -rf "$HOME/.cache"
	play
}

# renewed N: the role was asked for more than once, and at most N times.
renewed() {
	at_most "$1" "sts AssumeRole"
	(($(asked "sts AssumeRole" | wc -l) > 1)) || fail "=> nothing was renewed"
}

@test "they expire at each step of a download and of an upload, and everything goes on" {
	source_of role
	s3d_for ASIAREADER{1..12}
	for when in 1 '5*' '1*'; do
		again
		s3d_faults "* * $when expired-token"
		run_shell 0 '"$@" s3get --stdout s3://made/in/{00000001..00000040}.csv' "${in_aws[@]}"
		silent
		[[ $(grep -c customer- out) == 40 ]]
		renewed 4
	done
	head -c 20M /dev/urandom > file
	for step in create part complete; do
		again
		s3d_faults "* $step 1* expired-token"
		run_tool 0 "${in_aws[@]}" s3put --part-size 6M file s3://made/out
		silent
		s3d_faults ''
		run_tool 0 "${in_aws[@]}" s3get --directory got s3://made/out
		cmp file got/made/out
		rm -r got
		renewed 3
	done
}

@test "a merge by a role: all of its processes together ask STS at most twice" {
	source_of role
	s3d_for ASIAREADER1 ASIAREADER2
	run_tool 0 "${in_aws[@]}" make -s -f "$ROOT/pipeline.mk" merge SRC=s3://made/in/ DEST=s3://made/out/ WORK="$TMP/work" \
		BATCH=2 JOBS=20
	[[ $(find work/put -name '*.json' | wc -l) == 20 ]]
	at_most 2 "sts AssumeRole"
	! grep -rl hush work || fail "=> a secret is in the work folder"
}

@test "they cannot be renewed: the run goes on with what it has, as long as that is good" {
	source_of role
	play "sts lasts 121" "sts error 403 AccessDenied from 2" "s3 slow 0.25" "s3 pages 12"
	s3ls 0 --connections 1
	[[ $(sort -u out | wc -l) == 12 ]]
	says "no new credentials" "role/reader" AccessDenied
}

@test "the refreshed token of single sign-on is kept for the AWS CLI, too" {
	source_of sso
	s3ls 0
	silent
	asked_times 1 "oidc CreateToken"
	[[ $(stat -c %a "$(sso_token)") == 600 ]]
	/usr/bin/python3 - "$(sso_token)" <<-'EOP'
	import json, sys
	token = json.load(open(sys.argv[1]))
	assert token["accessToken"] == "hush-sso/refreshed1", "accessToken"
	assert token["refreshToken"] == "hush-refresh/me1", "refreshToken"
	assert token["clientSecret"] == "hush-client/me" and token["clientId"] == "me", "client"
	assert token["expiresAt"] > "2026" and token["registrationExpiresAt"] == "2036-01-01T00:00:00Z", "times"
	EOP
	play
	run_tool 0 "${in_aws[@]}" aws s3api list-objects-v2 --bucket bucket
	asked_times 0 "oidc CreateToken"
	asked_times 1 "sso GetRoleCredentials portal.sso.us-east-1.amazonaws.com GET /federation/credentials 200 signed=- role=dev account=123456789012 token=refreshed1"
}

@test "the most that can be said has no secret" {
	for source in role web-identity sso container instance; do
		echo "# $source"
		play "sts error 503 ServiceUnavailable first 1"
		source_of $source
		s3ls 0 -v -v
		grep -q credentials: err
		lacks hush out
		lacks hush err
		rm -rf "$HOME/.cache"
		unset "${!AWS_WEB@}" AWS_ROLE_ARN "${!AWS_CONTAINER@}"
	done
	play "sts garbage"
	source_of role
	s3ls 2 -v -v
	lacks hush err
}
