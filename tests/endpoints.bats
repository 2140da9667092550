#!/usr/bin/env bats
# Where requests go, seen on the wire: botocore's cases of S3's endpoint rules (endpoints.table), and smithy's of S3's
# requests, in a network in which all those hosts are the players of tests/aws-play.
load helpers
load aws

setup_file() {
	local names
	mapfile -t names < <(awk '$5 ~ "^https://" {split($5, part, "/"); print part[3]}' \
		"$BATS_TEST_DIRNAME/endpoints.table" | sort -u | sed 's/^[0-9.]*$/IP:&/')
	start_aws "${names[@]}" IP:192.168.1.1 IP:10.0.1.12 '*.s3.us-west-2.amazonaws.com'
}

teardown_file() {
	stop_aws
}

setup() {
	fresh_environment
	use_aws
	export AWS_ACCESS_KEY_ID=AKIAENV AWS_SECRET_ACCESS_KEY=hush/AKIAENV
	mkdir "$HOME/.aws"
}

# settings FLAGS ENDPOINT: of a line of the table.
settings() {
	unset AWS_USE_FIPS_ENDPOINT AWS_USE_DUALSTACK_ENDPOINT AWS_ENDPOINT_URL_S3
	local style=auto
	[[ $1 != *fips* ]] || export AWS_USE_FIPS_ENDPOINT=true
	[[ $1 != *dualstack* ]] || export AWS_USE_DUALSTACK_ENDPOINT=true
	# on other endpoints path style is the default, as in the AWS CLI
	[[ $2 == - ]] || style=virtual AWS_ENDPOINT_URL_S3=$2
	[[ $2 == - ]] || export AWS_ENDPOINT_URL_S3
	[[ $1 != *path* ]] || style=path
	printf '[default]\ns3 =\n  addressing_style = %s\n' $style > "$HOME/.aws/config"
}

# went STATUS URL: what became of it.
went() {
	local log
	log=$(asked)
	if [[ $2 == refused ]]; then
		[[ -z $log && $1 == 2 && $(wc -l < err) == 1 ]] || fail "=> not refused"
		return
	fi
	local host=${2#*://}
	local path=/${host#*/}
	[[ $host == */* ]] || path=/
	[[ $1 == 0 && $log == "s3 List ${host%%/*} GET $path"*" 200 signed=AKIAENV region=${AWS_REGION/aws-global/us-east-1}" ]] ||
		fail "=> not $2: $log"
	# a path with a slash at its end is that of a bucket in the host's name
	path=${log#s3 List * GET }
	path=${path%%\?*}
	[[ ${path%/} == "${2#*://"${host%%/*}"}" ]] || fail "=> not $2: $path"
}

@test "botocore's endpoint cases" {
	local region flags endpoint bucket url status rows=0 failed=0
	while read -r region flags endpoint bucket url; do
		[[ $region && $region != '#' ]] || continue
		((++rows))
		export AWS_REGION=$region
		settings "$flags" "$endpoint"
		forget
		status=0
		timeout 20 "${in_aws[@]}" s3ls "s3://${bucket//%20/ }/" > out 2> err < /dev/null 3>&- || status=$?
		went $status "$url" || {
			echo "$region $flags $endpoint $bucket: status $status, $(< err)"
			((++failed))
		}
	done < "$ROOT/tests/endpoints.table"
	echo "$rows rows, $failed failed"
	((rows > 130 && failed == 0))
}

@test "what is not spoken here is refused by its name" {
	for uri in s3://arn:aws:s3:us-west-2:123456789012:accesspoint/mine/key s3://mybucket--usw2-az1--x-s3/key \
		s3://arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01234567890123456/accesspoint/mine/key \
		s3://arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/mine/key; do
		case $uri in
		*s3-outposts*) what=Outposts ;;
		*lambda*) what="Object Lambda" ;;
		*x-s3*) what="S3 Express" ;;
		*) what="access point" ;;
		esac
		for command in s3ls "s3get --stdout" "s3put /dev/null"; do
			# shellcheck disable=SC2086
			run_tool 2 "${in_aws[@]}" $command "$uri"
			says "${command%% *}: $uri: " "$what" "not supported"
		done
	done
	[[ -z $(asked) ]]
}

# the case's name in smithy-lang/smithy, smithy-aws-protocol-tests, s3.smithy, Apache-2.0
@test "smithy's cases of S3's requests" {
	export AWS_REGION=us-west-2
	settings - -
	run_tool 0 "${in_aws[@]}" s3ls s3://mybucket/ # S3DefaultAddressing
	asked_times 1 "s3 List mybucket.s3.us-west-2.amazonaws.com GET /?"
	asked_times 1 "list-type=2"
	settings path -
	run_tool 0 "${in_aws[@]}" s3ls s3://mybucket/ # S3PathAddressing
	asked_times 1 "s3 List s3.us-west-2.amazonaws.com GET /mybucket?"

	sed -i s/path/virtual/ "$HOME/.aws/config"
	play
	run_tool 0 "${in_aws[@]}" s3ls s3://mybucket/ # S3VirtualHostAddressing
	asked_times 1 "s3 List mybucket.s3.us-west-2.amazonaws.com GET /?"
	# S3PreservesLeadingDotSegmentInUriLabel, S3PreservesEmbeddedDotSegmentInUriLabel, and the two about escapes
	for key in '../key.txt' 'foo/../key.txt' 'my key.txt' 'foo/bar/my key.txt'; do
		play
		run_tool 0 "${in_aws[@]}" s3get --stdout "s3://mybucket/$key"
		[[ $output == body ]]
		asked_times 1 "s3 Get mybucket.s3.us-west-2.amazonaws.com GET /${key// /%20} 200 signed=AKIAENV"
		echo new > file
		run_tool 0 "${in_aws[@]}" s3put file "s3://mybucket/$key"
		asked_times 1 "s3 Put mybucket.s3.us-west-2.amazonaws.com PUT /${key// /%20} 200 signed=AKIAENV"
	done
}
