#!/usr/bin/env bats
# servers: s3d
# The answer that begins a multipart upload is lost: that upload is found and aborted, and no other.
load helpers
load uploads

@test "a create whose answer was lost: the upload that was begun is aborted" {
	head -c 11000000 /dev/urandom > file
	for options in '' '--storage-class STANDARD_IA' '--checksum-algorithm CRC32C' '--checksum-algorithm SHA256'; do
		echo 'k create 1-2 lost' | faults
		# shellcheck disable=SC2086
		run_tool 0 s3put $options --part-size 5M file "s3://$BUCKET/k"
		silent
		[[ $(open_uploads) == 0 ]]
	done
	# also where the request went out on a connection that was used before
	echo 'k2 create 1 lost' | faults
	run_tool 0 s3put --part-size 5M --if-none-match file "s3://$BUCKET/k2"
	silent
	[[ $(open_uploads) == 0 ]]
	# and where none is begun that we know of
	echo 'k3 create all lost' | faults
	for options in '' '--storage-class STANDARD_IA' '--checksum-algorithm SHA256'; do
		# shellcheck disable=SC2086
		AWS_MAX_ATTEMPTS=2 run_tool 1 s3put $options --part-size 5M file "s3://$BUCKET/k3"
		says "s3put: s3://$BUCKET/k3: connection lost"
		[[ $(open_uploads) == 0 ]]
	done
}

@test "lost answers, and then another failure" {
	head -c 11000000 /dev/urandom > file
	printf '%s\n' 'k create 1 lost' 'k part all status 403 AccessDenied' | faults
	run_tool 1 s3put --part-size 5M file "s3://$BUCKET/k"
	says "s3put: s3://$BUCKET/k: 403 AccessDenied"
	[[ $(open_uploads) == 0 ]]
	# our own, that cannot be aborted, is no other's
	printf '%s\n' 'k create 1 lost' 'k part all status 403 AccessDenied' 'k abort 1 status 403 AccessDenied' | faults
	run_tool 1 s3put --part-size 5M file "s3://$BUCKET/k"
	[[ $(wc -l < err) == 2 && $(grep -c 'could not be aborted' err) == 1 && $(open_uploads) == 1 ]]
}

@test "lost answers, and no permission to look" {
	head -c 11000000 /dev/urandom > file
	printf '%s\n' 'k create 1 lost' 'k list-uploads all status 403 AccessDenied' | faults
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
	says "a multipart upload may stay open, as an answer was lost" "s3://$BUCKET/: 403 AccessDenied"
	[[ $(open_uploads) == 1 ]]
	abort_all k
	printf '%s\n' 'k create 1 lost' 'k list-parts all status 403 AccessDenied' | faults
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
	[[ $(wc -l < err) == 2 && $(open_uploads) == 1 ]]
	grep -q "s3put: s3://$BUCKET/k: the multipart upload $(ids k), begun at the same time, stays open" err
	grep -q "s3put: cannot determine whether an upload has parts: s3://$BUCKET/k: 403 AccessDenied" err
}

@test "lost answers, and no answer about what is open" {
	head -c 11000000 /dev/urandom > file
	printf '%s\n' 'k create 1 lost' 'k list-uploads all stall 30000' | faults
	SECONDS=0
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
	says "a multipart upload may stay open" "no answer in time"
	((SECONDS <= 40)) || fail "=> it took $SECONDS seconds"
}

@test "uploads of others are left alone" {
	head -c 11000000 /dev/urandom > file
	as_client <<-'EOP'
	for key in "k", "k/longer", "kk", "k 1", "k+1", "k%201":
	    begin(key)
	EOP
	old=$(ids k)
	sleep 3.5
	echo 'k create 1 lost' | faults
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
	silent
	[[ $(ids k) == "$old" && $(open_uploads) == 6 ]]
	# the only writer of a key, which is no other key
	run_tool 0 s3put --only-writer --part-size 5M file "s3://$BUCKET/k"
	silent
	[[ $(open_uploads) == 5 ]]
	for key in 'k 1' 'k+1' 'k%201'; do
		run_tool 0 s3put --only-writer --part-size 5M file "s3://$BUCKET/$key"
		silent
	done
	[[ $(s3 uploads "$BUCKET" | /usr/bin/python3 -c 'import json, sys; print(*(k for k, _ in json.load(sys.stdin)))') == 'k/longer kk' ]]
}

@test "uploads of others that were begun at the same time are left alone, with a part or of another kind" {
	head -c 11000000 /dev/urandom > file
	for rule in 'k create 4 lost' 'k create 4- lost'; do # ours is begun in the end, or none of ours
		echo "$rule" | faults
		as_client > others <<-'EOP'
		ids = [begin("k", StorageClass="STANDARD_IA"), begin("k", ChecksumAlgorithm="SHA256"), begin("k")]
		part("k", ids[-1])
		print(*sorted(ids))
		EOP
		status=0
		AWS_MAX_ATTEMPTS=2 timeout 60 s3put --part-size 5M file "s3://$BUCKET/k" 2> err || status=$?
		cat err
		[[ $rule == *-* ]] || { ((status == 0)) && silent; }
		lacks 'stays open' err
		[[ $(ids k) == "$(< others)" ]] || fail "=> $rule: $(ids k), but there were $(< others)"
		abort_all k
	done
}

@test "uploads of another user" {
	head -c 11000000 /dev/urandom > file
	echo 'k create 2 lost' | faults
	AWS_ACCESS_KEY_ID=$OTHER_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$OTHER_SECRET_ACCESS_KEY as_client > other <<-'EOP'
	print(begin("k"))
	EOP
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
	silent
	[[ $(ids k) == "$(< other)" ]]
	# where none of ours is begun, there is nothing to tell them apart by, so all are named
	echo 'k create all lost' | faults
	AWS_MAX_ATTEMPTS=2 run_tool 1 s3put --part-size 5M file "s3://$BUCKET/k"
	says "s3put: s3://$BUCKET/k: connection lost"
	[[ $(ids k) == "$(< other)" ]] # it is too old by now
	printf '%s\n' 'k create 2-3 lost' 'k create 4- reset' | faults
	AWS_ACCESS_KEY_ID=$OTHER_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$OTHER_SECRET_ACCESS_KEY as_client <<< 'begin("k")'
	AWS_MAX_ATTEMPTS=3 run_tool 1 s3put --part-size 5M file "s3://$BUCKET/k"
	[[ $(grep -c "s3put: s3://$BUCKET/k: the multipart upload .* stays open" err) == 3 && $(open_uploads) == 4 ]]
}

@test "more uploads than lost answers explain: all that may be ours are named" {
	head -c 11000000 /dev/urandom > file
	echo 'k create 2 lost' | faults
	as_client <<< 'begin("k")'
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
	[[ $(open_uploads) == 2 && $(wc -l < err) == 2 ]]
	for id in $(ids k); do
		grep -qF "s3put: s3://$BUCKET/k: the multipart upload $id, begun at the same time, stays open" err
	done
}

@test "an upload of another client that gets its first part late" {
	head -c 11000000 /dev/urandom > file
	for action in reset lost; do # with the first ours is not begun at all, so that the other's is the only one
		echo "k create 2 $action" | faults
		rm -f begun
		as_client > id 3>&- <<-'EOP' &
		id = begin("k")
		print(id)
		open("begun", "w").close()
		time.sleep(2)
		part("k", id)
		EOP
		pid=$!
		wait_until -e begun
		run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
		silent
		wait $pid
		[[ $(ids k) == "$(< id)" ]]
		abort_all k
	done
}

@test "a signal while neither the create nor a listing is answered" {
	started 'k create all stall 30000' 'k list-uploads all stall 30000'
	ends_soon
	grep -q "^s3put: s3://$BUCKET/k: a multipart upload may stay open" err
}

# two RULE...: two programs put different files as the same object under these rules. Both must succeed, one of them last.
two() {
	printf '%s\n' "$@" | faults
	s3put --part-size 5M zeros "s3://$BUCKET/k" > out.1 2> err.1 < /dev/null 3>&- &
	pid=$!
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
	status=0
	wait "$pid" || status=$?
	cat err.1
	[[ $status == 0 ]]
	get_object k > got
	cmp -s got file || same got zeros
	# what is open is named
	for id in $(ids k); do
		grep -qF "the multipart upload $id, begun at the same time, stays open" err err.1
	done
	abort_all k
}

@test "two at once for the same key: both succeed, one of them last" {
	head -c 11000000 /dev/zero > zeros
	head -c 11000000 /dev/urandom > file
	two 'k part all stall 300'
	[[ $(open_uploads) == 0 ]]
	for action in lost reset 'stall 1000'; do
		two 'k part all stall 300' "k create 1-2 $action"
		two "k create 2 $action" 'k part 1-2 stall 5000'
		two "k create 1 $action" "k create 2 lost" 'k complete 1 stall 3000'
	done
}
