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

# matrix STEP WHEN WANT: a step fails in each of these ways. WANT has a letter for each: s, it is stored all the same;
# e, it is an error; u, an error that leaves unknown whether it is stored.
matrix() {
	local action results='' unknown letter
	while IFS= read -r action; do
		letter=${3:${#results}:1}
		unknown=
		[[ $letter != u ]] || unknown=1
		echo "--- $1 $2 $action"
		echo "k $1 $2 $action" | faults
		put --only-writer
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

@test "every step of a multipart upload fails once, in every way" {
	head -c 11000000 /dev/urandom > file
	file='file'
	matrix create 1 sssssssssssssssseeee
	matrix part 1 sssssssssssssssseeee
	matrix complete 1 ssssssssssssssseeeee
}

@test "every step of a multipart upload fails for good, in every way" {
	head -c 11000000 /dev/urandom > file
	file='file'
	export AWS_MAX_ATTEMPTS=2
	matrix create all eeeeeeeseeeseseeeeee
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
		[[ $step == create || $(open_uploads) == 0 ]] || fail "=> $step: an upload is open"
		[[ $(s3 ls "$BUCKET") == '[]' ]]
	done
}

@test "a create whose answer was lost: the upload that stays open is named" {
	head -c 11000000 /dev/urandom > file
	echo 'k create 1 lost' | faults
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
	id=$(s3 uploads "$BUCKET" | /usr/bin/python3 -c 'import json, sys; ((_, id),) = json.load(sys.stdin); print(id)')
	says "s3put: s3://$BUCKET/k: the multipart upload $id, begun at the same time, stays open"
	# also where the request went out on a connection that was used before, and is sent again without counting
	s3 rm "$BUCKET" k
	echo 'k2 create 1 lost' | faults
	run_tool 0 s3put --part-size 5M --if-none-match file "s3://$BUCKET/k2"
	says "s3put: s3://$BUCKET/k2: the multipart upload "
	# and where it is not begun at all
	echo 'k3 create all lost' | faults
	AWS_MAX_ATTEMPTS=2 run_tool 1 s3put --part-size 5M file "s3://$BUCKET/k3"
	[[ $(grep -c "s3put: s3://$BUCKET/k3: the multipart upload .* stays open" err) == 2 ]]
}

# begin KEY: a multipart upload of another client; its id.
begin() {
	/usr/bin/python3 - "$BUCKET" "$1" <<-'EOP'
	import os, sys, boto3
	s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"], region_name="us-east-1")
	print(s3.create_multipart_upload(Bucket=sys.argv[1], Key=sys.argv[2])["UploadId"])
	EOP
}

@test "uploads of others are left alone" {
	head -c 11000000 /dev/urandom > file
	for key in k k/longer kk 'k 1' 'k+1' 'k%201'; do
		begin "$key" > "id-$(printf %s "$key" | md5sum | cut -c 1-32)"
	done
	sleep 2.5
	echo 'k create 1 lost' | faults
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
	says "the multipart upload " # one line: the old one of the same key is not ours
	lacks "$(< "id-$(printf k | md5sum | cut -c 1-32)")" err
	[[ $(open_uploads) == 7 ]]
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

@test "--only-writer without the permission to list uploads" {
	head -c 11000000 /dev/urandom > file
	echo 'k list-uploads all status 403 AccessDenied' | faults
	run_tool 0 s3put --only-writer --part-size 5M file "s3://$BUCKET/k"
	silent
	get_object k > got
	same file got
}

@test "two at once for the same key: both succeed, one of them last" {
	head -c 11000000 /dev/zero > zeros
	head -c 11000000 /dev/urandom > file
	echo 'k part all stall 300' | faults
	s3put --part-size 5M zeros "s3://$BUCKET/k" > out.1 2> err.1 < /dev/null 3>&- &
	pid=$!
	echo 'k create 2 lost' | faults
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
	status=0
	wait $pid || status=$?
	cat err.1
	[[ $status == 0 ]]
	get_object k > got
	cmp -s got file || same got zeros
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
