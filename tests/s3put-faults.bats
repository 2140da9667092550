#!/usr/bin/env bats
# servers: s3d
# time limit: 600
# s3put on a server that fails: at every step, in every way, once and for good. The right object, or one clear error;
# and no upload stays open on the server.
load helpers
load uploads

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
		grep -qF "s3put: the unfinished multipart upload $id could not be aborted: s3://$BUCKET/k: " err
		grep -qF "s3put: s3://$BUCKET/k: 403 AccessDenied" err
		# the next one of the only writer clears it away
		put --only-writer
		judge ''
	done
}

@test "a signal while nothing moves, at every step: it ends soon, and nothing stays open" {
	for step in create part complete; do
		started "k $step all stall 30000"
		ends_soon "$step"
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
	lacks 'could not be aborted' told
}

@test "--only-writer without the permission to list uploads" {
	head -c 11000000 /dev/urandom > file
	echo 'k list-uploads all status 403 AccessDenied' | faults
	run_tool 0 s3put --only-writer --part-size 5M file "s3://$BUCKET/k"
	silent
	get_object k > got
	same file got
}

@test "a file that changes while it is sent" {
	started 'k part 1* stall 1500'
	echo more >> file
	status=0
	wait "$pid" || status=$?
	cat err
	[[ $status == 1 && $(< err) == "s3put: file: changed while it was read" ]]
	[[ $(s3 ls "$BUCKET") == '[]' && $(open_uploads) == 0 ]]
	# the same length, and an older time stamp
	started 'k part 1* stall 1500'
	printf x | dd of=file bs=1 seek=10000000 conv=notrunc status=none
	touch -d 2020-01-01 file
	status=0
	wait "$pid" || status=$?
	[[ $status == 1 && $(< err) == "s3put: file: changed while it was read" ]]
	[[ $(s3 ls "$BUCKET") == '[]' && $(open_uploads) == 0 ]]
}
