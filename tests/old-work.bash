# What tests/old-work.bats and tests/fixtures/old-work/make share: the steps that are taken with a work folder that an older
# commit made, by that commit when the fixtures are made, and by today's code in the test.
# shellcheck shell=bash disable=SC2034 # settings

# The settings of each state; all of them have SRC, DEST and BATCH in common.
declare -gA state_settings=(
	[complete]=''
	[half]=''
	[refreshed]=''
	[rejects]='REJECTS=1 REJECTS_MAX=100%'
	[one-backup]='ONE=1 BACKUP=s3://fixture/backup/'
	[union]='UNION=1 SOURCE_COLUMN=source RAGGED=pad'
)
readonly common_settings='SRC=s3://fixture/csvs/ DEST=s3://fixture/out/ BATCH=5 JOBS=1 CONNECTIONS=2 PROGRESS=0'

# Objects that make the listing longer than a page, and that SUFFIX leaves out: csvs/b00000001.txt and on.
readonly made=fixture/csvs/:1000:b########.txt

# step TREE STATE TARGET [SETTING...]: one target of that tree's pipeline.mk, in the work folder ./work. What was asked for
# goes to ./requests, sorted: changes with their number, readings once, as a slow answer may be asked for twice.
step() {
	local tree=$1 state=$2 target=$3
	shift 3
	curl -s -X POST "$S3D_URL/_s3d/reset?keys=1" > /dev/null
	# shellcheck disable=SC2086 # words
	make -s -f "$tree/pipeline.mk" "$target" WORK=work $common_settings ${state_settings[$state]} "$@" > out 2> err < /dev/null || {
		cat out err >&2
		return 1
	}
	curl -s "$S3D_URL/_s3d/stats?keys" | /usr/bin/python3 -c '
import json, sys
for line, n in sorted(json.load(sys.stdin)["keys"].items()):
    print(line if line.split()[0] in ("get", "head", "list") else f"{line} {n}")' > requests
}

# merged_objects: all that a run stored, key and body, a line each; the evidence is compared by verify instead.
merged_objects() {
	s3 dump fixture out/merged
	s3 dump fixture backup/merged
}

# steps TREE STATE TAKE: everything that is done with the work folder; TAKE NAME gets ./requests of each step, and ./objects
# after those that change any.
steps() {
	local tree=$1 state=$2 take=$3
	step "$tree" "$state" merge
	merged_objects > objects
	"$take" merge
	rm -f objects
	step "$tree" "$state" verify DEEP=1
	"$take" verify
	step "$tree" "$state" refresh
	"$take" refresh
	# an object is changed, one is new, one is gone
	printf 'id,text\na05,changed\n' | s3 put fixture csvs/a05.csv
	printf 'id,text\nc99,new\n' | s3 put fixture csvs/c99.csv
	s3 rm fixture csvs/c02.csv
	step "$tree" "$state" refresh PRUNE=1
	"$take" refresh-changes
	step "$tree" "$state" merge
	merged_objects > objects
	"$take" merge-changes
	rm -f objects
	step "$tree" "$state" verify DEEP=1
	"$take" verify-changes
	# elsewhere, from DEST alone
	mv work work.away
	mkdir work
	curl -s -X POST "$S3D_URL/_s3d/reset?keys=1" > /dev/null
	(
		cd work
		make -s -f "$tree/pipeline.mk" verify DEST=s3://fixture/out/ WORK=none > ../out 2> ../err < /dev/null
	) || {
		cat out err >&2
		return 1
	}
	rm -rf work
	mv work.away work
}
