#!/usr/bin/env bats
# sanitized: no
# Work folders and DESTs that commit 90400bc left behind (tests/fixtures/old-work/make says how) are continued, refreshed and
# verified by today's code: the same objects, the same requests as that commit made.
load helpers
load old-work

fixtures=$BATS_TEST_DIRNAME/fixtures/old-work

setup() {
	fresh_environment
}

# as_then NAME: the step asked for the same, and stored the same.
as_then() {
	same "$fixtures/$state/$1.requests" requests
	[[ ! -e $fixtures/$state/$1.objects ]] || same "$fixtures/$state/$1.objects" objects
}

# continues STATE
continues() {
	state=$1
	start_s3d --bucket fixture --make "$made" --count-keys
	use_s3d
	/usr/bin/python3 -c 'import json, sys; print(json.dumps({k: v for line in sys.stdin for k, v in json.loads(line).items()}))' \
		< "$fixtures/$state/before.objects" | s3 load fixture
	tar --extract --file "$fixtures/$state/work.tar.gz"
	steps "$ROOT" "$state" as_then
}

@test "a finished run" {
	continues complete
}

@test "a run that was killed while it listed, fetched and stored" {
	continues half
}

@test "a run that was refreshed and not merged since" {
	continues refreshed
}

@test "a killed run with REJECTS=1" {
	continues rejects
}

@test "a killed run with ONE=1 and BACKUP" {
	continues one-backup
}

@test "a killed run with UNION=1 and a source column" {
	continues union
}
