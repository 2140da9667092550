#!/usr/bin/env bats
# servers: s3d rgw
# s3put: an object comes to be whole or not at all, with the bytes and the properties asked for.
load helpers

# result NAME: a field of the JSON line in $TMP/out, which must be one line.
result() {
	(($(wc -l < "$TMP/out") == 1)) || fail "=> not one line of JSON"
	field "$1" < "$TMP/out"
}

# field NAME... < JSON
field() {
	/usr/bin/python3 -c '
import functools, json, sys
print(functools.reduce(lambda v, name: v[name], sys.argv[1:], json.load(sys.stdin)))' "$@"
}

# crc32c FILE: bit by bit, from the definition (RFC 3720, appendix B.4), so for small files.
crc32c() {
	/usr/bin/python3 - "$1" <<-'EOP'
	import sys
	crc = 0xFFFFFFFF
	for byte in open(sys.argv[1], "rb").read():
	    crc ^= byte
	    for _ in range(8):
	        crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
	print(f"{crc ^ 0xFFFFFFFF:08x}")
	EOP
}

no_uploads() {
	[[ $(s3 uploads "$BUCKET") == '[]' ]] || fail "=> an upload was left open: $(s3 uploads "$BUCKET")"
}

nothing_stored() {
	[[ $(s3 ls "$BUCKET") == '[]' ]] || fail "=> something was stored: $(s3 ls "$BUCKET")"
	no_uploads
}

@test "a file: the second client gets its bytes, and one line of JSON tells about them" {
	printf 'id\n1\n\0\377\r\n' > file
	run_tool 0 s3put file "s3://$BUCKET/dir/a b.csv"
	silent
	get_object 'dir/a b.csv' > got
	same file got
	[[ $(result uri) == "s3://$BUCKET/dir/a b.csv" ]]
	[[ $(result bytes) == 9 ]]
	[[ $(result etag) == "$(md5sum < file | cut -c 1-32)" ]]
	[[ $(result crc32c) == "$(crc32c file)" ]]
	[[ $(result parts) == 1 ]]
}

@test "the AWS CLI gets what was put" {
	head -c 6000000 /dev/urandom > file
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/big"
	run_tool 0 s3put file "s3://$BUCKET/in one"
	for key in big 'in one'; do
		/usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL_S3" s3 cp --only-show-errors "s3://$BUCKET/$key" got
		same file got
	done
}

@test "--no-md5: the same object, in one piece and in parts" {
	printf 'id\n7\n' > small
	head -c 6000000 /dev/urandom > large
	for file in small large; do
		run_tool 0 s3put --part-size 5M "$file" "s3://$BUCKET/with"
		sed 's|/with|/without|' out > want
		run_tool 0 s3put --no-md5 --part-size 5M "$file" "s3://$BUCKET/without"
		silent
		same want out
		get_object without > got
		same "$file" got
	done
}

@test "standard input" {
	run_shell 0 'printf body | s3put - "$1"' "s3://$BUCKET/k"
	silent
	[[ $(get_object k) == body ]]
	run_tool 0 s3put - "s3://$BUCKET/empty" < /dev/null
	[[ $(result bytes) == 0 ]]
	[[ -z $(get_object empty) ]]
	run_tool 0 s3put /dev/null "s3://$BUCKET/empty too"
	[[ -z $(get_object 'empty too') ]]
}

@test "a large file goes in parts, from a file and from a pipe alike" {
	head -c 23000000 /dev/urandom > file
	run_tool 0 s3put --part-size 5M file "s3://$BUCKET/file"
	[[ $(result parts) == 5 && $(result bytes) == 23000000 ]]
	cp out first
	run_shell 0 'cat file | s3put --part-size 5M --connections 2 - "$1"' "s3://$BUCKET/pipe"
	[[ $(result parts) == 5 && $(result crc32c) == "$(field crc32c < first)" ]]
	for key in file pipe; do
		get_object $key > got
		same file got
	done
	no_uploads
}

@test "sizes around the part size" {
	size=$((5 << 20))
	head -c $((2 * size + 1)) /dev/urandom > all
	for n in $((size - 1)) $size $((size + 1)) $((2 * size)) $((2 * size + 1)); do
		head -c "$n" all > file
		run_tool 0 s3put --part-size 5M file "s3://$BUCKET/k"
		[[ $(result bytes) == "$n" && $(result parts) == $(((n + size - 1) / size)) ]]
		get_object k > got
		same file got
	done
	no_uploads
}

@test "properties of the object" {
	echo x > file
	run_tool 0 s3put --content-type text/csv --cache-control no-cache --metadata run=42 --metadata 'note=a b' \
		--sse AES256 --storage-class STANDARD file "s3://$BUCKET/k"
	s3 head "$BUCKET" k > properties
	[[ $(field ContentType < properties) == text/csv ]]
	[[ $(field CacheControl < properties) == no-cache ]]
	[[ $(field Metadata run < properties) == 42 ]]
	[[ $(field Metadata note < properties) == 'a b' ]]
	# in parts too
	head -c 6000000 /dev/zero > file
	run_tool 0 s3put --part-size 5M --content-type text/csv --metadata run=42 file "s3://$BUCKET/k"
	s3 head "$BUCKET" k > properties
	[[ $(field ContentType < properties) == text/csv ]]
	[[ $(field Metadata run < properties) == 42 ]]
}

# parts_etag FILE SIZE: the ETag of FILE sent in parts of SIZE bytes.
parts_etag() {
	/usr/bin/python3 - "$@" <<-'EOP'
	import hashlib, sys
	data = open(sys.argv[1], "rb").read()
	size = int(sys.argv[2])
	sums = [hashlib.md5(data[i:i + size]).digest() for i in range(0, len(data), size)]
	print(f"{hashlib.md5(b''.join(sums)).hexdigest()}-{len(sums)}")
	EOP
}

@test "100 MiB: bytes, size and ETag, from a file and from a pipe" {
	head -c $((100 << 20)) /dev/urandom > file
	run_tool 0 s3put file "s3://$BUCKET/file"
	want=$(parts_etag file $((8 << 20)))
	[[ $(result parts) == 13 && $(result etag) == "$want" ]]
	run_shell 0 'cat file | s3put - "$1"' "s3://$BUCKET/pipe"
	[[ $(result parts) == 13 && $(result etag) == "$want" ]]
	for key in file pipe; do
		get_object $key | cmp - file
		s3 head "$BUCKET" $key > properties
		[[ $(field ETag < properties) == "\"$want\"" && $(field ContentLength < properties) == $((100 << 20)) ]]
	done
	no_uploads
}

@test "encryption: what is asked for is what the object has, in one piece and in parts" {
	printf 'id\n1\n' > small
	head -c 6000000 /dev/urandom > large
	for file in small large; do
		run_tool 0 s3put --part-size 5M --sse aws:kms --sse-kms-key-id testkey-1 $file "s3://$BUCKET/$file"
		s3 head "$BUCKET" $file > properties
		[[ $(field x-amz-server-side-encryption < properties) == aws:kms ]]
		[[ $(field x-amz-server-side-encryption-aws-kms-key-id < properties) == testkey-1 ]]
		get_object $file > got
		same $file got
		[[ $SERVER == s3d ]] || continue # the gateway passes SSE-S3 and bucket keys over
		run_tool 0 s3put --part-size 5M --sse AES256 $file "s3://$BUCKET/$file"
		[[ $(s3 head "$BUCKET" $file | field x-amz-server-side-encryption) == AES256 ]]
		run_tool 0 s3put --part-size 5M --sse aws:kms --sse-kms-key-id k --bucket-key $file "s3://$BUCKET/$file"
		[[ $(s3 head "$BUCKET" $file | field x-amz-server-side-encryption-bucket-key-enabled) == true ]]
	done
	for options in '--bucket-key' '--sse-kms-key-id k' '--sse AES256 --bucket-key' '--sse rot13'; do
		# shellcheck disable=SC2086
		run_tool 2 s3put $options small "s3://$BUCKET/none"
		says "s3put: --sse"
	done
	lacks none <(list_keys)
}

# as_boto3 KEY FILE PARAMETERS: stores FILE with these parameters (JSON), one of more than 5 MiB in parts. Prints what came
# of it: status, error code, and what a HEAD says of encryption.
as_boto3() {
	/usr/bin/python3 - "$BUCKET" "$@" <<-'EOP'
	import json, os, sys, boto3
	from botocore.exceptions import ClientError
	bucket, key, file, parameters = sys.argv[1:]
	where, more = {"Bucket": bucket, "Key": key}, json.loads(parameters)
	s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"], region_name="us-east-1",
	                  verify=os.environ.get("AWS_CA_BUNDLE"))
	body = open(file, "rb").read()
	try:
	    if len(body) <= 5 << 20:
	        s3.put_object(Body=body, **where, **more)
	    else:
	        up = dict(where, UploadId=s3.create_multipart_upload(**where, **more)["UploadId"])
	        parts = [{"PartNumber": n, "ETag": s3.upload_part(PartNumber=n, Body=body[at:at + (5 << 20)], **up)["ETag"]}
	                 for n, at in enumerate(range(0, len(body), 5 << 20), 1)]
	        s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **up)
	except ClientError as e:
	    print(e.response["ResponseMetadata"]["HTTPStatusCode"], e.response["Error"]["Code"])
	    sys.exit()
	head = s3.head_object(**where)["ResponseMetadata"]["HTTPHeaders"]
	print(200, *sorted(f"{k}={v}".lower() for k, v in head.items() if "encryption" in k)) # this boto3 writes True
	EOP
}

# as_s3put KEY FILE OPTION...: the same of s3put.
as_s3put() {
	local key=$1 file=$2 status=0
	shift 2
	timeout 60 s3put --part-size 5M "$@" "$file" "s3://$BUCKET/$key" > put.out 2> put.err || status=$?
	if ((status == 0)); then
		s3 head "$BUCKET" "$key" | /usr/bin/python3 -c '
import json, sys
print(200, *sorted(f"{k}={v}".lower() for k, v in json.load(sys.stdin).items() if "encryption" in k))'
	else
		sed -nE "s|^s3put: s3://$BUCKET/$key: ([0-9]{3}) ([A-Za-z]+).*|\\1 \\2|p" put.err
	fi
}

# What the server refuses or passes over, it does so to both.
@test "encryption: the server's answers are those that boto3 gets" {
	printf 'id\n1\n' > small
	head -c 11000000 /dev/urandom > large
	while IFS='|' read -r options parameters; do
		for file in small large; do
			want=$(as_boto3 "boto3-$file" $file "$parameters")
			# shellcheck disable=SC2086
			got=$(as_s3put "s3put-$file" $file $options)
			echo "$file $options: $got" | tee -a told
			cat put.err
			[[ $got == "$want" ]] || fail "=> but boto3 got: $want"
			[[ $got == 200* ]] || continue
			get_object "s3put-$file" > back
			same $file back
			[[ $(s3 head "$BUCKET" "s3put-$file" | field ContentLength) == $(stat -c %s $file) ]]
		done
	done <<-'EOF_OPTIONS'
	|{}
	--sse AES256|{"ServerSideEncryption": "AES256"}
	--sse aws:kms|{"ServerSideEncryption": "aws:kms"}
	--sse aws:kms --sse-kms-key-id testkey-1|{"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "testkey-1"}
	--sse aws:kms --sse-kms-key-id testkey-2|{"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "testkey-2"}
	--sse aws:kms --sse-kms-key-id nokey|{"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "nokey"}
	--sse aws:kms --sse-kms-key-id testkey-1 --bucket-key|{"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "testkey-1", "BucketKeyEnabled": true}
	--sse aws:kms:dsse --sse-kms-key-id testkey-1|{"ServerSideEncryption": "aws:kms:dsse", "SSEKMSKeyId": "testkey-1"}
	EOF_OPTIONS
	grep -qF 'small --sse aws:kms --sse-kms-key-id testkey-1: 200 x-amz-server-side-encryption-aws-kms-key-id=testkey-1' told
	[[ $SERVER == s3d ]] || grep -qE '^large --sse aws:kms --sse-kms-key-id nokey: 4' told
	no_uploads
}

# header KEY NAME: what a HEAD says, or nothing.
header() {
	s3 head "$BUCKET" "$1" | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1], ""))' "$2"
}

@test "checksums that the server keeps" {
	head -c 9000 /dev/urandom > small
	head -c 5300000 /dev/urandom > large
	crc=$(crc32c small | tr a-f A-F | basenc --base16 --decode | base64)
	for file in small large; do
		run_tool 0 s3put --part-size 5M --checksum-algorithm CRC32C $file "s3://$BUCKET/crc-$file"
		run_tool 0 s3put --part-size 5M --checksum-algorithm SHA256 $file "s3://$BUCKET/sha-$file"
		AWS_REQUEST_CHECKSUM_CALCULATION=when_supported run_tool 0 s3put --part-size 5M $file "s3://$BUCKET/supported-$file"
		AWS_REQUEST_CHECKSUM_CALCULATION=when_required run_tool 0 s3put --part-size 5M $file "s3://$BUCKET/required-$file"
		run_tool 0 s3put --part-size 5M $file "s3://$BUCKET/unset-$file"
		AWS_REQUEST_CHECKSUM_CALCULATION=when_supported run_tool 0 s3put --part-size 5M --checksum-algorithm MD5 $file "s3://$BUCKET/md5-$file"
		for name in crc sha supported required unset md5; do
			get_object $name-$file > got
			same $file got
			run_tool 0 s3get --stdout "s3://$BUCKET/$name-$file"
			same $file out
		done
	done
	no_uploads
	[[ $SERVER == s3d ]] || return 0 # the gateway keeps none, and does not mind
	[[ $(header crc-small x-amz-checksum-crc32c) == "$crc" && $(header supported-small x-amz-checksum-crc32c) == "$crc" ]]
	[[ $(header sha-small x-amz-checksum-sha256) == "$(openssl dgst -sha256 -binary small | base64)" ]]
	# of parts: the CRC is that of the whole, SHA-256 one of the parts' sums
	run_tool 0 s3put --checksum-algorithm CRC32C large "s3://$BUCKET/whole"
	[[ $(header crc-large x-amz-checksum-crc32c) == "$(header whole x-amz-checksum-crc32c)" ]]
	[[ $(header sha-large x-amz-checksum-sha256) == "$({
		head -c $((5 << 20)) large | openssl dgst -sha256 -binary
		tail -c +$(((5 << 20) + 1)) large | openssl dgst -sha256 -binary
	} | openssl dgst -sha256 -binary | base64)-2" ]]
	for name in required unset md5; do
		s3 head "$BUCKET" $name-small > properties
		lacks x-amz-checksum properties
	done
	run_tool 2 s3put --checksum-algorithm CRC32 small "s3://$BUCKET/none"
	says "s3put: --checksum-algorithm CRC32: not "
	AWS_REQUEST_CHECKSUM_CALCULATION=never run_tool 2 s3put small "s3://$BUCKET/none"
	says "AWS_REQUEST_CHECKSUM_CALCULATION='never'"
}

@test "a stream of 1 GB at flat memory" {
	[[ $SERVER == s3d ]] || return 0 # the gateway's store is in memory
	stop_s3d
	start_s3d --bucket flat --discard
	use_s3d
	for mb in 100 1000; do
		run_shell 0 'head -c "$2" /dev/zero | s3put --stats stats - "$1"' s3://flat/k ${mb}000000
		[[ $(result bytes) == ${mb}000000 ]]
	done
	/usr/bin/python3 - <<-'EOP'
	import json, os
	first, last = (json.loads(line)["maxrss_kb"] for line in open("stats"))
	print(first, last)
	# a sanitizer takes memory of its own
	assert "asan" in os.environ["BIN"] or max(first, last) < 5 * 8192 + 16000, "five parts and the program"
	EOP
}

@test "--if-none-match: only where there is nothing" {
	echo new > file
	run_tool 0 s3put --if-none-match file "s3://$BUCKET/k"
	[[ $(get_object k) == new ]]
	echo newer > file
	run_tool 1 s3put --if-none-match file "s3://$BUCKET/k"
	says "s3put: s3://$BUCKET/k: "
	[[ $(get_object k) == new ]]
	head -c 6000000 /dev/zero > file
	run_tool 1 s3put --if-none-match --part-size 5M file "s3://$BUCKET/k"
	says "s3put: s3://$BUCKET/k: "
	[[ $(get_object k) == new ]]
	no_uploads
}

@test "--if-none-match: what we put before is success, and is said" {
	echo body > file
	put=(s3put --if-none-match --metadata "sheaf-crc32c=$(crc32c file)" file "s3://$BUCKET/k")
	run_tool 0 "${put[@]}"
	[[ $(result bytes) == 5 ]]
	lacks existed out
	run_tool 0 "${put[@]}"
	[[ $(result existed) == True && $(result bytes) == 5 ]]
	# another's object of the same size
	put_object k other
	run_tool 1 "${put[@]}"
	says "s3put: s3://$BUCKET/k: "
	[[ $(get_object k) == other ]]
}

@test "--if-match: only over the object with that ETag" {
	put_object k old
	echo new > file
	etag=$(s3 head "$BUCKET" k | field ETag | tr -d '"')
	run_tool 1 s3put --if-match 0123456789abcdef0123456789abcdef file "s3://$BUCKET/k"
	says "s3put: s3://$BUCKET/k: " 0123456789abcdef0123456789abcdef
	[[ $(get_object k) == old ]]
	run_tool 0 s3put --if-match "$etag" file "s3://$BUCKET/k"
	[[ $(get_object k) == new ]]
	head -c 6000000 /dev/zero > file
	run_tool 1 s3put --if-match "$etag" --part-size 5M file "s3://$BUCKET/k"
	[[ $(get_object k) == new ]]
	no_uploads
	run_tool 1 s3put --if-match "$etag" file "s3://$BUCKET/none"
	says "s3put: s3://$BUCKET/none: "
	[[ $(list_keys) == k ]]
}

@test "--expect-size: nothing is stored of a stream that ends early or goes on" {
	for n in 3 5; do
		run_shell 1 'printf body | s3put --expect-size "$2" - "$1"' "s3://$BUCKET/k" $n
		says "s3put: " 4 $n
		nothing_stored
		printf body > file
		run_tool 1 s3put --expect-size $n file "s3://$BUCKET/k"
		says "s3put: " 4 $n
		nothing_stored
	done
	head -c 11000000 /dev/zero > file
	for n in 10999999 11000001 5000000; do
		run_shell 1 's3put --part-size 5M --expect-size "$2" - "$1" < file' "s3://$BUCKET/k" $n
		says "s3put: " $n
		nothing_stored
	done
	run_tool 0 s3put --part-size 5M --expect-size 11000000 - "s3://$BUCKET/k" < file
	[[ $(list_keys) == k ]]
}

@test "--expect-crc32c: nothing is stored of other bytes" {
	printf body > file
	run_tool 1 s3put --expect-crc32c 00000000 file "s3://$BUCKET/k"
	says "s3put: " 00000000 "$(crc32c file)"
	nothing_stored
	run_tool 1 s3put --expect-crc32c 00000000 - "s3://$BUCKET/k" < file
	nothing_stored
	head -c 6000000 /dev/zero > big
	run_tool 1 s3put --part-size 5M --expect-crc32c 00000000 big "s3://$BUCKET/k"
	nothing_stored
	run_tool 0 s3put --expect-crc32c "$(crc32c file)" file "s3://$BUCKET/k"
	[[ $(get_object k) == body ]]
}

@test "a program that died before it in a pipe, with --expect-size" {
	# shellcheck disable=SC2016
	run_shell 1 'sh -c "printf half; kill -9 \$\$" | s3put --expect-size 9 - "$1"' "s3://$BUCKET/k"
	nothing_stored
}

@test "--about: what csvcat wrote about the file is expected, stored and told" {
	printf 'id\n1\n2\n' > source
	run_tool 0 csvcat --about about -o merged source
	run_tool 0 s3put --about about merged "s3://$BUCKET/k"
	[[ $(result rows) == 2 && $(result crc32c) == "$(field crc32c < about)" ]]
	[[ $(s3 head "$BUCKET" k | field Metadata sheaf-crc32c) == "$(field crc32c < about)" ]]
	printf 'id\n1\n3\n' > merged
	run_tool 1 s3put --about about merged "s3://$BUCKET/other"
	[[ $(list_keys) == k ]]
}

@test "-o: the JSON line appears whole or not at all" {
	echo x > file
	run_tool 0 s3put -o receipt file "s3://$BUCKET/k"
	[[ ! -s out ]]
	[[ $(field uri < receipt) == "s3://$BUCKET/k" ]]
	run_tool 1 s3put -o receipt-2 --expect-size 9 file "s3://$BUCKET/k2"
	[[ -z $(ls receipt-2* 2> /dev/null) ]]
	run_tool 1 s3put -o /no/such/folder/receipt file "s3://$BUCKET/k2"
	says /no/such/folder/receipt "No such file"
	[[ $(list_keys) == k ]]
}

@test "a create whose answer was lost: the upload that was begun is aborted" {
	head -c 11000000 /dev/urandom > file
	for option in '' --only-writer; do
		for n in 1 9; do # ours is begun in the end, or none of ours
			AWS_MAX_ATTEMPTS=3 losing $n '?uploads' \
				run_tool $((n > 3)) s3put --part-size 5M ${option:+"$option"} file "s3://$BUCKET/k"
			[[ $(grep -c '^POST .*?uploads' proxy.log) == $((n > 3 ? 3 : 2)) ]]
			((n > 3)) || silent
			no_uploads
		done
	done
	get_object k > got
	same file got
}

@test "a signal ends an upload in parts, which is aborted" {
	for signal in TERM INT HUP; do
		mkfifo "stream-$signal"
		# bash starts what is in the background with SIGINT ignored
		env --default-signal=INT s3put --part-size 5M -o receipt "stream-$signal" "s3://$BUCKET/k" > put.out 2> put.err < /dev/null 3>&- &
		pid=$!
		exec 5> "stream-$signal"
		head -c 11000000 /dev/zero >&5
		for _ in {1..100}; do
			[[ $(s3 uploads "$BUCKET") == '[]' ]] || break
			sleep 0.1
		done
		[[ $(s3 uploads "$BUCKET") != '[]' ]] || fail "no upload was begun"
		kill -$signal $pid
		status=0
		wait $pid || status=$?
		exec 5>&-
		cat put.err
		((status != 0)) || fail "it ended with 0"
		[[ ! -s put.out && $(echo receipt*) == 'receipt*' ]]
		nothing_stored
	done
}

@test "kill -9 in the middle of an upload: there is no object" {
	mkfifo stream
	s3put --part-size 5M stream "s3://$BUCKET/k" < /dev/null > put.out 2> put.err 3>&- &
	pid=$!
	exec 5> stream
	head -c 11000000 /dev/zero >&5
	for _ in {1..100}; do
		[[ $(s3 uploads "$BUCKET") == '[]' ]] || break
		sleep 0.1
	done
	kill -9 $pid
	wait $pid || true
	exec 5>&-
	[[ $(s3 ls "$BUCKET") == '[]' ]]
}

@test "a file that is missing, or a folder" {
	run_tool 1 s3put none "s3://$BUCKET/k"
	says "s3put: none: No such file or directory"
	mkdir dir
	run_tool 2 s3put dir "s3://$BUCKET/k"
	says "s3put: dir: "
	nothing_stored
}

@test "standard output full or closed: the object is stored, the failure is told" {
	echo x > file
	run_shell 1 's3put file "$1" > /dev/full' "s3://$BUCKET/k"
	says "s3put: standard output: No space left on device"
	run_shell 1 's3put file "$1" >&-' "s3://$BUCKET/k"
	says "s3put: standard output: "
}

@test "standard input closed" {
	run_shell 1 's3put - "$1" <&-' "s3://$BUCKET/k"
	says "s3put: standard input: "
	nothing_stored
	echo x > file
	run_shell 0 's3put file "$1" <&-' "s3://$BUCKET/k"
	[[ $(get_object k) == x ]]
}
