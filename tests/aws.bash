# A network of its own for a suite, in which tests/aws-play answers for the names and addresses of AWS.
# shellcheck shell=bash

# start_aws [NAME...]: for setup_file. The network lives as long as the players, whose process id is PLAY_PID; PLAY_DIR is
# their folder. They are also NAME (IP:192.0.2.1: that address).
start_aws() {
	export PLAY_DIR=$BATS_FILE_TMPDIR/aws PLAY_PID
	local region name addresses=() names=("$@" '*.amazonaws.com' '*.sso.us-east-1.amazonaws.com' '*.sso.eu-west-1.amazonaws.com'
		'*.cn-north-1.amazonaws.com.cn' '*.s3.cn-north-1.amazonaws.com.cn' '*.s3.dualstack.us-east-1.amazonaws.com'
		'*.s3-fips.us-east-1.amazonaws.com' '*.s3-fips.dualstack.us-east-1.amazonaws.com')
	for region in us-east-1 eu-west-1 us-gov-west-1; do
		names+=("*.$region.amazonaws.com" "*.s3.$region.amazonaws.com")
	done
	for name in "$@"; do
		[[ $name != IP:* ]] || addresses+=("${name#IP:}")
	done
	"$BATS_TEST_DIRNAME/tls" "$PLAY_DIR/tls" "${names[@]}"
	local own=(unshare --net)
	((EUID == 0)) || own+=(--map-root-user)
	# the addresses of the instance's and the containers' metadata, and of the name servers
	# shellcheck disable=SC2016
	ADDRESSES=${addresses[*]} "${own[@]}" bash -euc '
		PATH=/usr/sbin:/sbin:$PATH
		ip link set lo up
		for address in $ADDRESSES 169.254.169.254 169.254.170.2 169.254.170.23 \
			$(awk "\$1 == \"nameserver\" {print \$2}" /etc/resolv.conf); do
			# the address may exist already; a missing one shows in the tests that use it
			ip address add "$address" dev lo 2> /dev/null || true
		done
		exec "$@"' bash "$BATS_TEST_DIRNAME/aws-play" "$PLAY_DIR" < /dev/null > "$PLAY_DIR/output" 2>&1 3>&- &
	PLAY_PID=$!
	local i
	for ((i = 0; i < 200; i++)); do
		[[ ! -e $PLAY_DIR/ready ]] || return 0
		kill -0 $PLAY_PID 2> /dev/null || break
		sleep 0.05
	done
	cat "$PLAY_DIR/output"
	return 1
}

# forget: `asked` does not report again what it has reported.
forget() {
	played=$(wc -l < "$PLAY_DIR/log")
}

# For teardown_file.
stop_aws() {
	kill "$PLAY_PID"
	wait "$PLAY_PID" || true
	if [[ -s $PLAY_DIR/output ]]; then
		echo "the players complain:"
		cat "$PLAY_DIR/output"
		return 1
	fi
}

# For setup: the environment of a client of the players, without credentials. The players start afresh.
use_aws() {
	export AWS_REGION=us-east-1 AWS_CA_BUNDLE=$PLAY_DIR/tls/ca.pem
	play
}

# play [MANNER...]: sets how the players behave from now on, a line each, and resets what they have seen.
play() {
	((++plays))
	manners "$@"
	forget
}

# manners [MANNER...]: sets how they behave from now on, without a reset.
manners() {
	printf '%s\n' "# $BATS_TEST_NUMBER $plays" "$@" > "$PLAY_DIR/state.part"
	mv "$PLAY_DIR/state.part" "$PLAY_DIR/state"
}

# in_aws COMMAND...: in that network. For run_tool, too: run_tool 0 "${in_aws[@]}" COMMAND...
in_aws() {
	"${in_aws[@]}" "$@"
}
in_aws=(nsenter --net --target "${PLAY_PID-}")
((EUID == 0)) || in_aws+=(--user --preserve-credentials)

# asked [WORDS]: prints the requests since `play` whose log line contains WORDS; see tests/aws-play.
asked() {
	tail -n "+$((played + 1))" "$PLAY_DIR/log" | cut -d ' ' -f 2- | grep -F -- "${1-}" || true
}

# asked_times N WORDS: there were N such requests.
asked_times() {
	local seen
	seen=$(asked "$2" | grep -c . || true)
	[[ $seen == "$1" ]] || {
		asked
		fail "=> '$2' was asked $seen times, not $1"
	}
}
