#!/usr/bin/env bats
# servers: rgw
# deploy/policy.json is enough for a whole run by another user, and without any of its parts something fails.
load helpers

# policy BUCKET [WITHOUT [DENIED]]: what deploy/policy.json says of that bucket, as the bucket's policy for the other user,
# without the action WITHOUT. DENIED is refused: who began an upload may ask for its parts unless somebody says no.
policy() {
	/usr/bin/python3 - "$ROOT/deploy/policy.json" "$@" <<-'EOP'
	import boto3, json, os, sys
	path, bucket, *without = sys.argv[1:]
	denied = without[1:]
	text = open(path).read()
	for name, value in ("SOURCE-BUCKET", bucket), ("DEST-BUCKET", bucket), ("SOURCE-PREFIX", "csvs/"), ("DEST-PREFIX", "merged/"):
	    text = text.replace(name, value)
	document = json.loads(text)
	for statement in document["Statement"]:
	    actions = statement["Action"]
	    statement["Action"] = [a for a in ([actions] if isinstance(actions, str) else actions) if a not in without]
	    statement["Principal"] = {"AWS": "arn:aws:iam:::user/other"}
	document["Statement"] = [s for s in document["Statement"] if s["Action"]]
	if denied:
	    document["Statement"].append({"Effect": "Deny", "Action": denied, "Principal": {"AWS": "arn:aws:iam:::user/other"},
	                                  "Resource": f"arn:aws:s3:::{bucket}/*"})
	s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"], region_name="us-east-1")
	s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
	EOP
}

as_other() {
	AWS_ACCESS_KEY_ID=$OTHER_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$OTHER_SECRET_ACCESS_KEY "$@"
}

# merge STATUS: a whole run with verify, as the other user; one object in parts.
merge() {
	rm -rf "$TMP/work"
	as_other run_tool "$1" make -s -C "$ROOT" BUILD="${BIN%/bin}" merge SRC="s3://$BUCKET/csvs/" DEST="s3://$BUCKET/merged/" \
		WORK="$TMP/work" BATCH=10 JOBS=2
}

@test "the policy is JSON, and its actions are those of docs/permissions.md" {
	/usr/bin/python3 - "$ROOT" <<-'EOP'
	import json, re, sys
	document = json.load(open(sys.argv[1] + "/deploy/policy.json"))
	actions = set()
	for s in document["Statement"]:
	    actions |= {s["Action"]} if isinstance(s["Action"], str) else set(s["Action"])
	table = open(sys.argv[1] + "/docs/permissions.md").read()
	assert actions == set(re.findall(r"\| (s3:\w+) \|", table)), actions
	EOP
}

@test "with the policy another user merges and verifies" {
	s3 csvs "$BUCKET" csvs/ 30
	merge 2 # it may do nothing yet
	policy "$BUCKET"
	merge 0
	as_other run_tool 0 make -s -C "$ROOT" BUILD="${BIN%/bin}" verify WORK="$TMP/work"
	head -c 11000000 /dev/zero > large
	as_other run_tool 0 s3put --only-writer --part-size 5M large "s3://$BUCKET/merged/large"
	as_other run_tool 1 s3put --part-size 5M --expect-crc32c 00000000 large "s3://$BUCKET/merged/none"
	[[ $(s3 uploads "$BUCKET") == '[]' ]]
	as_other losing 1 '?uploads' run_tool 0 s3put --part-size 5M large "s3://$BUCKET/merged/large"
	silent
	[[ $(s3 uploads "$BUCKET") == '[]' ]]
	# and nothing else
	as_other run_tool 1 s3put large "s3://$BUCKET/csvs/new"
	says 403
	s3 put "$BUCKET" other/k large
	as_other run_tool 1 s3get "s3://$BUCKET/other/k"
	says 403
}

@test "without one of its actions something fails" {
	s3 csvs "$BUCKET" csvs/ 30
	for action in s3:ListBucket s3:GetObject s3:PutObject; do
		policy "$BUCKET" $action
		merge 2
	done
	# an upload that cannot be aborted stays, and is told
	head -c 11000000 /dev/zero > large
	policy "$BUCKET" s3:AbortMultipartUpload
	as_other run_tool 1 s3put --part-size 5M --expect-crc32c 00000000 large "s3://$BUCKET/merged/none"
	grep -q "could not be aborted: s3://$BUCKET/merged/none: 403 AccessDenied" err
	# one that cannot be found is left alone, and nothing fails
	policy "$BUCKET" s3:ListBucketMultipartUploads
	as_other run_tool 0 s3put --only-writer --part-size 5M large "s3://$BUCKET/merged/none"
	silent
	[[ $(s3 uploads "$BUCKET") != '[]' ]]
	policy "$BUCKET"
	as_other run_tool 0 s3put --only-writer --part-size 5M large "s3://$BUCKET/merged/none"
	[[ $(s3 uploads "$BUCKET") == '[]' ]]
	# the same of one that a lost answer leaves behind
	policy "$BUCKET" s3:ListBucketMultipartUploads
	as_other losing 1 '?uploads' run_tool 0 s3put --part-size 5M large "s3://$BUCKET/merged/none"
	says "a multipart upload may stay open, as an answer was lost" "403 AccessDenied"
	policy "$BUCKET"
	as_other run_tool 0 s3put --only-writer --part-size 5M large "s3://$BUCKET/merged/none"
	policy "$BUCKET" s3:ListMultipartUploadParts s3:ListMultipartUploadParts
	as_other losing 1 '?uploads' run_tool 0 s3put --part-size 5M large "s3://$BUCKET/merged/none"
	grep -q "cannot determine whether an upload has parts: s3://$BUCKET/merged/none: 403 AccessDenied" err
	grep -q "s3put: s3://$BUCKET/merged/none: the multipart upload .* stays open" err
	[[ $(s3 uploads "$BUCKET") != '[]' ]]
}
