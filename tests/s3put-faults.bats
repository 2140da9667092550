#!/usr/bin/env bats
# servers: s3d
# time limit: 600
# s3put on a server that fails: at every step, in every way, once and for good. The right object, or one clear error;
# and no upload stays open on the server.
load helpers

# faults < RULES: from now on the server fails so (s3d/README.md).
faults() {
	curl --silent --show-error --fail --output /dev/null --data-binary @- "$S3D_URL/_s3d/faults"
}

no_faults() {
	echo '# none' | faults
}

open_uploads() {
	curl --silent --fail "$S3D_URL/_s3d/stats" | grep -oE '"open_uploads": ?[0-9]+' | grep -oE '[0-9]+$'
}

# judge STORED: after `put`. The object is $file, or there is none (or, with STORED, none is known to be) and one line
# says why.
judge() {
	no_faults
	[[ $(open_uploads) == 0 ]] || fail "=> $(open_uploads) uploads are open"
	case $status in
	0)
		silent
		get_object k > got
		same "$file" got
		;;
	1)
		says "s3put: s3://$BUCKET/k: "
		[[ ! -s out ]] || fail "=> there is a line about it"
		[[ $1 || $(s3 ls "$BUCKET") == '[]' ]] || fail "=> something is stored"
		;;
	*) fail "=> status $status" ;;
	esac
	s3 rm "$BUCKET" k
}

# put OPTION...: of $file; any status.
put() {
	status=0
	timeout 60 s3put --part-size 5M "$@" "$file" "s3://$BUCKET/k" > out 2> err < /dev/null 3>&- || status=$?
	echo "$ s3put $* => $status"
	cat out err
}

# matrix STEP WHEN WANT: a step fails in each of these ways, with --only-writer and without. WANT has a letter for each: s,
# it is stored all the same; e, it is an error; u, an error that leaves unknown whether it is stored.
matrix() {
	matrix_with '' "$@"
	matrix_with --only-writer "$@"
}

matrix_with() {
	local action results='' unknown letter option=$1
	shift
	while IFS= read -r action; do
		letter=${3:${#results}:1}
		unknown=
		[[ $letter != u ]] || unknown=1
		echo "--- $1 $2 $action"
		echo "k $1 $2 $action" | faults
		put ${option:+"$option"}
		judge $unknown
		((status == 0)) && letter=s || letter=${unknown:+u}
		results+=${letter:-e}
	done <<-'EOF_ACTIONS'
	status 500 InternalError
	status 503 SlowDown
	status 429 TooManyRequests
	status 408 RequestTimeout
	reset
	close
	garbage
	stall 200
	lost
	reset-body 10
	short 10
	long 16
	corrupt 10
	stall-body 200 5
	error-200 InternalError
	error-200 AccessDenied
	status 403 AccessDenied
	status 400 InvalidRequest
	status 404 NoSuchUpload
	expired-token
	EOF_ACTIONS
	[[ $results == "$3" ]] || fail "=> $1 $2: $results"
}

@test "a single PUT fails in every way" {
	printf 'id\n1\n' > file
	file='file'
	matrix put 1 sssssssssssssssseeee
	AWS_MAX_ATTEMPTS=2 matrix put all eeeeeeesussssseeeeee
}

@test "a create fails in every way" {
	head -c 11000000 /dev/urandom > file
	file='file'
	matrix create 1 sssssssssssssssseeee
	AWS_MAX_ATTEMPTS=2 matrix create all eeeeeeeseeeseseeeeee
}

@test "the other steps of a multipart upload fail once, in every way" {
	head -c 11000000 /dev/urandom > file
	file='file'
	matrix part 1 sssssssssssssssseeee
	matrix complete 1 ssssssssssssssseeeee
}

@test "the other steps of a multipart upload fail for good, in every way" {
	head -c 11000000 /dev/urandom > file
	file='file'
	export AWS_MAX_ATTEMPTS=2
	matrix part all eeeeeeesessssseeeeee
	matrix complete all eeeeeeessssssseeeeee
}

@test "the abort fails, once and for good" {
	head -c 11000000 /dev/urandom > file
	file='file'
	for action in 'status 500 InternalError' 'status 503 SlowDown' reset close garbage lost 'error-200 InternalError'; do
		printf '%s\n' 'k part 2* status 403 AccessDenied' "k abort 1 $action" | faults
		put
		judge ''
	done
	export AWS_MAX_ATTEMPTS=2
	for action in 'status 500 InternalError' reset 'error-200 InternalError' 'status 403 AccessDenied'; do
		printf '%s\n' 'k part 2* status 403 AccessDenied' "k abort all $action" | faults
		put
		no_faults
		[[ $status == 1 ]]
		id=$(s3 uploads "$BUCKET" | /usr/bin/python3 -c 'import json, sys; ((_, id),) = json.load(sys.stdin); print(id)')
		grep -qF "s3put: the unfinished multipart upload $id stays behind: s3://$BUCKET/k: " err
		grep -qF "s3put: s3://$BUCKET/k: 403 AccessDenied" err
		# the next one of the only writer clears it away
		put --only-writer
		judge ''
	done
}

# started RULE...: begins s3put of a file of 11 MB in the background ($pid) under these rules, and waits until the first has acted.
started() {
	head -c 11000000 /dev/urandom > file
	printf '%s\n' "$@" | faults
	s3put --part-size 5M file "s3://$BUCKET/k" > out 2> err < /dev/null 3>&- &
	pid=$!
	for _ in {1..100}; do
		! curl --silent "$S3D_URL/_s3d/faults" | grep -q '"hits": *[1-9]' || return 0
		sleep 0.05
	done
	fail "the rule never acted: $(curl --silent "$S3D_URL/_s3d/faults")"
}

@test "a signal while nothing moves, at every step: it ends soon, and nothing stays open" {
	for step in create part complete; do
		started "k $step all stall 30000"
		SECONDS=0
		kill -TERM $pid
		status=0
		wait $pid || status=$?
		cat err
		((status == 1 && SECONDS <= 8)) || fail "=> $step: status $status after $SECONDS seconds"
		grep -q "^s3put: s3://$BUCKET/k: interrupted" err
		no_faults
		[[ $(open_uploads) == 0 ]] || fail "=> $step: an upload is open"
		[[ $(s3 ls "$BUCKET") == '[]' ]]
	done
}

@test "the abort is tried as often as any request, also when the retry budget is used up" {
	head -c 350000000 /dev/zero > file
	file='file'
	printf '%s\n' 'k part all status 500 InternalError' 'k abort 1-7 status 500 InternalError' | faults
	put --connections 64
	cp err told
	judge ''
	lacks 'stays behind' told
}

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
	[[ $(wc -l < err) == 2 && $(grep -c 'stays behind' err) == 1 && $(open_uploads) == 1 ]]
}

@test "lost answers, and no permission to look" {
	head -c 11000000 /dev/urandom > file
	printf '%s\n' 'k create 1 lost' 'k list-uploads all status 403 AccessDenied' | faults
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
	says "s3put: a multipart upload may stay open, as an answer was lost" "s3://$BUCKET/: 403 AccessDenied"
	printf '%s\n' 'k create 1 lost' 'k list-parts all status 403 AccessDenied' | faults
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
	[[ $(wc -l < err) == 3 ]] # the one of before, too
	[[ $(grep -c "s3put: s3://$BUCKET/k: the multipart upload .* stays open" err) == 2 ]]
	grep -q "s3put: whether an upload has parts is not known: s3://$BUCKET/k: 403 AccessDenied" err
	[[ $(open_uploads) == 2 ]]
}

# as_client COMMANDS: Python, with a client, the bucket, and begin(key, ...), the id of an upload.
as_client() {
	/usr/bin/python3 - "$BUCKET" "$@" <<-EOP
	import os, sys, time, boto3
	s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"], region_name="us-east-1")
	bucket = sys.argv[1]
	def begin(key, **more):
	    return s3.create_multipart_upload(Bucket=bucket, Key=key, **more)["UploadId"]
	def part(key, id):
	    return s3.upload_part(Bucket=bucket, Key=key, UploadId=id, PartNumber=1, Body=b"x")
	$(cat)
	EOP
}

abort_all() {
	no_faults
	as_client "$1" <<-'EOP'
	for u in s3.list_multipart_uploads(Bucket=bucket, Prefix=sys.argv[2]).get("Uploads", []):
	    s3.abort_multipart_upload(Bucket=bucket, Key=u["Key"], UploadId=u["UploadId"])
	EOP
}

# ids KEY: of its uploads, sorted.
ids() {
	s3 uploads "$BUCKET" | /usr/bin/python3 -c 'import json, sys; print(*sorted(i for k, i in json.load(sys.stdin) if k == sys.argv[1]))' "$1"
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
	echo 'k create 2- lost' | faults
	AWS_ACCESS_KEY_ID=$OTHER_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$OTHER_SECRET_ACCESS_KEY as_client <<< 'begin("k")'
	AWS_MAX_ATTEMPTS=3 run_tool 1 s3put --part-size 5M file "s3://$BUCKET/k"
	[[ $(grep -c "s3put: s3://$BUCKET/k: the multipart upload .* stays open" err) == 4 && $(open_uploads) == 5 ]]
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
	SECONDS=0
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	cat err
	((status == 1 && SECONDS <= 8)) || fail "=> status $status after $SECONDS seconds"
	grep -q "^s3put: s3://$BUCKET/k: interrupted" err
	grep -q "^s3put: a multipart upload may stay open" err
}

@test "--only-writer without the permission to list uploads" {
	head -c 11000000 /dev/urandom > file
	echo 'k list-uploads all status 403 AccessDenied' | faults
	run_tool 0 s3put --only-writer --part-size 5M file "s3://$BUCKET/k"
	silent
	get_object k > got
	same file got
}

# two RULE...: two programs put different files as the same object under these rules. Both must succeed, one of them last.
two() {
	printf '%s\n' "$@" | faults
	s3put --part-size 5M zeros "s3://$BUCKET/k" > out.1 2> err.1 < /dev/null 3>&- &
	pid=$!
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
	status=0
	wait $pid || status=$?
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

@test "a file that changes while it is sent" {
	started 'k part 1* stall 1500'
	echo more >> file
	status=0
	wait $pid || status=$?
	cat err
	[[ $status == 1 && $(< err) == "s3put: file: changed while it was read" ]]
	[[ $(s3 ls "$BUCKET") == '[]' && $(open_uploads) == 0 ]]
	# the same length, and an older time stamp
	started 'k part 1* stall 1500'
	printf x | dd of=file bs=1 seek=10000000 conv=notrunc status=none
	touch -d 2020-01-01 file
	status=0
	wait $pid || status=$?
	[[ $status == 1 && $(< err) == "s3put: file: changed while it was read" ]]
	[[ $(s3 ls "$BUCKET") == '[]' && $(open_uploads) == 0 ]]
}
