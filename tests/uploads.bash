# For suites about multipart uploads on s3d: faults, uploads of other clients, and what is open.
# shellcheck disable=SC2034 # what tests use: pid

# faults < RULES: the server's faults from now on (s3d/README.md).
faults() {
	curl --silent --show-error --fail --output /dev/null --data-binary @- "$S3D_URL/_s3d/faults"
}

no_faults() {
	echo '# none' | faults
}

open_uploads() {
	curl --silent --fail "$S3D_URL/_s3d/stats" | grep -oE '"open_uploads": ?[0-9]+' | grep -oE '[0-9]+$'
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

# ends_soon [WHAT]: sends SIGTERM to the upload of started, which says so and ends within 8 seconds.
ends_soon() {
	SECONDS=0
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	cat err
	((status == 1 && SECONDS <= 8)) || fail "=> ${1-}: status $status after $SECONDS seconds"
	grep -q "^s3put: s3://$BUCKET/k: interrupted" err
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

# abort_all PREFIX: aborts all open uploads.
abort_all() {
	no_faults
	as_client "$1" <<-'EOP'
	for u in s3.list_multipart_uploads(Bucket=bucket, Prefix=sys.argv[2]).get("Uploads", []):
	    s3.abort_multipart_upload(Bucket=bucket, Key=u["Key"], UploadId=u["UploadId"])
	EOP
}

# ids KEY: prints the ids of its uploads, sorted.
ids() {
	s3 uploads "$BUCKET" | /usr/bin/python3 -c 'import json, sys; print(*sorted(i for k, i in json.load(sys.stdin) if k == sys.argv[1]))' "$1"
}
