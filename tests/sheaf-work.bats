#!/usr/bin/env bats
# sheaf-work: what scripts are told about settings and a work folder has been checked, whatever the files hold.
load helpers

setup() {
	fresh_environment
}

# folder: a work folder `w` with two batches, of which the first is done.
folder() {
	rm -rf w
	mkdir -p w/{keys,ledger,put,backup,reject,merged,failed}
	printf '%s\n' version=2 crc32c=3e41bcd8 SRC=s3://b/p/ DEST=s3://b/d/ BATCH=2 'SUFFIX=.csv .csv.gz' EXCLUDE= LIMIT= UNION= \
		RAGGED=error DELIMITER=, COLUMNS= SOURCE_COLUMN= > w/settings
	printf '%s\n' objects=3 bytes=12 batches=2 skipped=0 > w/keys/complete
	printf '%s\n' state=running started=2026-01-02T03:04:05Z ended= jobs=7 batches=2 'done'=1 failed=0 > w/status
	echo '{"id":"0123456789abcdef0123456789abcdef","created":"2026-01-02T03:04:05Z","src":"s3://b/p/","dest":"s3://b/d/"}' > w/run.json
	printf 's3://b/p/%s.csv\t4\te\t2026-01-01T00:00:00Z\n' x y > w/keys/00000.tsv
	printf 's3://b/p/%s.csv\t4\te\t2026-01-01T00:00:00Z\n' z > w/keys/00001.tsv
	printf 'b/p/%s.csv\t2\t1\t00000000\n' x y > w/ledger/00000.tsv
	printf 'b/p/%s.csv\t2\t1\t00000000\n' z > w/ledger/00001.tsv
	receipt > w/put/00000.json
}

# The settings as version 1 had them.
old_settings() {
	sed -i '/^version=/d; /^crc32c=/d' w/settings
}

receipt() {
	echo '{"uri":"s3://b/d/merged-00000.csv","bytes":6,"etag":"e","crc32c":"00000000","parts":1,"objects":2,"rows":2,"header":"a","header_bytes":2,"header_crc32c":"00000000"}'
}

# check STATUS [NAME=VALUE...]: settings-check with only these settings given.
check() {
	run_tool "$1" env "${@:2}" sheaf-work settings-check
}

@test "the table has every setting, with name, type, default, side and range; make, scripts and documentation have the same" {
	run_tool 0 sheaf-work settings-list
	awk -F '\t' 'NF != 7 || $1 !~ /^[A-Z0-9_]+$/ || $5 !~ /^[01]$/ || seen[$1]++ || /\t\t/ { exit 1 }' out
	cp out table
	cut -f 1 table | sed 's/^COLUMNS$/CSV_COLUMNS/' | sort > names
	printf 'include %s/libexec/settings.mk\nall:; @printf "%%s\\n" $(SETTINGS)\n' "$ROOT" | make -s -f - all | grep -vx BUILD | sort > found
	same names found
	cut -f 1,3 table | grep -v $'\t-$' | sort > names
	sed -nE 's/^([A-Z0-9_]+) +\?= (.*)/\1\t\2/p' "$ROOT/pipeline.mk" | grep -v ^BUILD | sort > found
	same names found
	while IFS=$'\t' read -r name _ initial _; do
		grep -qw "$name" "$ROOT/libexec/enter" || [[ $name == COLUMNS ]] || fail "libexec/enter lacks $name"
		grep -qE "^\| [^|]*\`$name\`" "$ROOT/docs/operations.md" || fail "docs/operations.md lacks $name"
		[[ $initial == - ]] || grep -E "^\| [^|]*\`$name\`" "$ROOT/docs/operations.md" | grep -qF "$initial" ||
			fail "docs/operations.md has another default of $name than $initial"
	done < table
	[[ $(awk -F '\t' '$5 == 1 { print $1 }' table | paste -sd ' ') == \
		"SRC DEST BATCH SUFFIX EXCLUDE LIMIT UNION RAGGED DELIMITER COLUMNS SOURCE_COLUMN" ]]
}

@test "settings: what may be" {
	check 0
	check 0 SRC=s3://b DEST=s3://b-2/a/b/ BATCH=1 LIMIT= UNION=1 RAGGED=pad DELIMITER=';' CSV_COLUMNS='a,"b c"' JOBS=100000
	check 0 DELIMITER='\t' SUFFIX= EXCLUDE='*/old/* $(x)' SOURCE_COLUMN='`from`' WORK=../w_1/@a+b,c-d WORK=wörk WORK='-a "b" %=:;$(x)'
	check 0 S3PUT_FLAGS="--sse 'aws:kms' --x \"\$(touch no)\"" PRICE_GET=0.1 REJECTS_MAX=0 REJECTS_MAX=0.0625% N=42 N=listing DEEP=0
	check 0 SRC='s3://b/$(touch no);`x`|&' DEST='s3://b/a b"/'
	silent
	[[ ! -e no ]]
}

@test "settings: what may not be is named with the cause, and nothing is run" {
	while IFS=$'\t' read -r setting why; do
		check 2 "$(printf %b "$setting")"
		says "sheaf: ${setting%%=*}" "$why"
	done <<-'END'
		BATCH=0	must be a number from 1 to 999999999
		BATCH=07	must be a number
		BATCH=1e3	must be a number
		BATCH=UID[$(touch no)]	must be a number
		BATCH=	must not be empty; its default is 1000
		JOBS= 5	must be a number
		JOBS=100001	must be a number from 1 to 100000
		LIMIT=-1	must be a number
		CONNECTIONS=99999999999999999999	must be a number
		UNION=yes	must be 1, 0 or empty
		REJECTS=$(touch no)	must be 1, 0 or empty
		RAGGED=fill	must be error or pad
		DELIMITER=::	must be one byte
		DELIMITER="	must be one byte
		SRC=http://b/p/	must be a prefix, s3://bucket/...
		SRC=s3:///p	must be a prefix
		SRC=s3://b$(x)/p	a bucket name is made of
		DEST=s3://b/\x1b[2J	must not hold a control character
		DEST=s3://b/a\tb	must not hold a control character
		SOURCE_COLUMN=a\nb	must not hold a control character
		WORK=	must not be empty
		S3GET_FLAGS=a "b	a quote (") is not closed
		CSVCAT_FLAGS=it's	a quote (') is not closed
		PRICE_PUT=1e3	must be a number of dollars
		REJECTS_MAX=	must not be empty; its default is 1%
		REJECTS_MAX=-2	must be a number of objects, or a percentage such as 0.5%
		REJECTS_MAX=2.5	must be a number of objects
		REJECTS_MAX=100.01%	must be a number of objects
		REJECTS_MAX=$(touch no)%	must be a number of objects
		N=1;2	must be the number of a batch, or listing
	END
	[[ ! -e no ]]
	check 2 BATCH=x JOBS=y
	(($(wc -l < err) == 2))
	run_tool 2 env SRC= sheaf-work settings-check SRC DEST
	grep -qxF 'sheaf: SRC: must be given, as s3://bucket/prefix/' err
	grep -qxF 'sheaf: DEST: must be given, as s3://bucket/prefix/' err
}

@test "settings: SRC, DEST and BACKUP must be apart" {
	check 2 SRC=s3://b/p DEST=s3://b/p-out/
	says "DEST=s3://b/p-out/: the merged objects would be listed by SRC=s3://b/p; use another DEST"
	check 2 SRC=s3://b/d/merged-old/ DEST=s3://b/d
	check 2 SRC=s3://b/d/_sheaf/x DEST=s3://b/d
	check 2 SRC=s3://b/p/ DEST=s3://b/d BACKUP=s3://b/d/e
	says "BACKUP=s3://b/d/e/: must be apart from DEST=s3://b/d/"
	check 2 SRC=s3://b/p/ DEST=s3://b/d BACKUP=s3://b/p/x
	check 0 SRC=s3://b/p/ DEST=s3://b/p-out/ BACKUP=s3://b/q
}

@test "settings: values, words, and the file of a work folder" {
	folder
	export SRC=s3://b/p/ DEST=s3://b/d BATCH=2
	run_tool 0 sheaf-work settings-write
	same w/settings out
	run_tool 0 sheaf-work settings-compare w
	silent
	BATCH=3 UNION=1 run_tool 1 sheaf-work settings-compare w
	says "BATCH=3 (it has 2), UNION=1 (it has )"
	[[ $output == $'BATCH\nUNION' ]]
	run_tool 0 sheaf-work settings-load w
	same <(tail -n +3 w/settings) out
	BATCH='x y' run_tool 2 sheaf-work settings-write
	[[ ! -s out ]]
	run_tool 0 sheaf-work settings-value DEST
	[[ $output == s3://b/d/ ]]
	run_tool 0 sheaf-work settings-value JOBS
	[[ $output == 50 ]]
	S3PUT_FLAGS=$'--a "b  c"\t\'d"e\' $(touch no) \\' run_shell 0 "sheaf-work settings-words S3PUT_FLAGS | tr '\\0' '|'"
	[[ $output == '--a|b  c|d"e|$(touch|no)|\|' && ! -e no ]]
	run_tool 2 sheaf-work settings-value NOTHING
	rm w/settings
	run_tool 1 sheaf-work settings-compare w
	[[ $(wc -l < out) == 11 ]]
}

@test "a settings file that somebody else wrote: nothing but checked values of known names" {
	while IFS= read -r line; do
		folder
		printf '%b\n' "$line" >> w/settings
		run_tool 1 sheaf-work settings-load w
		says "sheaf: w/settings: "
		[[ ! -s out ]]
		run_tool 2 sheaf-work settings-compare w
	done <<-'END'
		x[$(touch no)]=1
		PATH=/tmp
		WORK=/tmp/victim
		BATCH=9
		JOBS=5
		not a line
		=5
		COLUMNS =a
		DEST=s3://b/\x1b]0;x\x07
	END
	for value in 'UID[$(touch no)]' 0 -1 1x 08 ''; do
		folder
		sed -i "s/^BATCH=.*/BATCH=$value/" w/settings
		run_tool 1 sheaf-work settings-load w
		says "w/settings: BATCH"
		run_tool 1 sheaf-work values w settings BATCH
	done
	[[ ! -e no ]]
	folder
	yes X=1 | head -c 100000 > w/settings
	run_tool 1 sheaf-work settings-load w
	says "longer than 65536 bytes"
}

@test "numbers, times and states of a work folder are that, or refused by name" {
	folder
	run_tool 0 sheaf-work values w keys/complete batches objects
	[[ $output == $'2\n3' ]]
	run_tool 0 sheaf-work values w status state ended jobs
	[[ $output == $'running\n\n7' ]]
	run_tool 2 sheaf-work values w status nothing
	run_tool 2 sheaf-work values w ledger/00000.tsv x
	run_tool 2 sheaf-work values w/none status state
	while read -r file name value; do
		folder
		sed -i "s/^$name=.*/$name=$value/" "w/$file"
		run_tool 1 sheaf-work values w "$file" "$name"
		says "sheaf: w/$file: " "$name" "must be"
		[[ ! -s out ]]
	done <<-'END'
		keys/complete objects UID[$(touch no)]
		keys/complete batches 0x10
		keys/complete bytes 99999999999999999999
		keys/complete skipped 007
		status jobs a[0]
		status state done;id
		status started yesterday
		status ended $(touch no)
	END
	[[ ! -e no ]]
	folder
	rm w/status
	ln -s "$PWD/w/settings" w/status
	run_tool 1 sheaf-work values w status state
	says "w/status: is, or is below, a symbolic link, which is not followed"
}

@test "how far a run is" {
	folder
	touch w/failed/00001 w/failed/worker-7.part w/failed/headers 'w/put/x[$(id)].json'
	printf 's3://b/p/q.csv\tgone\n' > w/reject/00000.tsv
	run_tool 0 sheaf-work counts w objects
	[[ $output == $'2\n1\n1\n3' ]]
	run_tool 0 sheaf-work left w
	[[ $output == 00001 ]]
	run_tool 0 sheaf-work left w backup
	[[ $output == $'00000\n00001' ]]
	run_tool 0 sheaf-work objects w
	[[ $output == s3://b/d/merged-00000.csv ]]
	echo '{"objects":"x"}' > w/put/00000.json
	run_tool 0 sheaf-work counts w objects
	[[ ${lines[3]-${output##*$'\n'}} == 1 ]]
}

@test "a run.json is ours, another's, or none, and nothing of it reaches the terminal" {
	folder
	run_shell 0 'sheaf-work claim w DEST s3://b/d/ < w/run.json'
	silent
	sed 's/"id":"0/"id":"f/' w/run.json > other
	run_shell 1 'sheaf-work claim w DEST s3://b/d/ < other'
	says "DEST=s3://b/d/: belongs to another run, begun 2026-01-02T03:04:05Z with SRC=s3://b/p/ DEST=s3://b/d/; use another DEST"
	while IFS= read -r text; do
		printf '%b' "$text" > other
		run_shell 1 'sheaf-work claim w BACKUP s3://b/k/ < other'
		says "BACKUP=s3://b/k/: belongs to another run" "is not of sheaf"
		lacks $'\x1b' err
	done <<-'END'
		\x1b]0;OWNED\x07{"id":"x"}
		{"id":"0123456789abcdef0123456789abcde\\u001b","created":"2026-01-02T03:04:05Z","src":"s3://b/p/","dest":"s3://b/d/"}
		{"id":"0123456789abcdef0123456789abcdef","created":"\\u001b[2J","src":"s3://b/p/","dest":"s3://b/d/"}
		{"id":"0123456789abcdef0123456789abcdef","created":"2026-01-02T03:04:05Z","src":"file:///p","dest":"s3://b/d/"}
		[]

	END
	sed 's,"s3://b/p/","s3://b/\\u001b[31mp/",; s/"id":"0/"id":"1/' w/run.json > other
	run_shell 1 'sheaf-work claim w DEST s3://b/d/ < other'
	says 'SRC=s3://b/\x1b[31mp/'
	# a body without end: no more than 64 KiB of it is read
	run_shell 1 "set +o pipefail; yes | head -c 100000000 | sheaf-work claim w DEST s3://b/d/"
	says "is not of sheaf"
}

# archive FILE...: of the folder `w`, as a merge stores it, into a.tgz; the listing of DEST into list.
archive() {
	tar -C w -cf - "$@" | gzip -"${LEVEL-1}" > a.tgz
	printf 's3://b/d/merged-0000%d.csv\t6\te\t2026-01-01T00:00:00Z\n' 0 1 > list
}

# refused TEXT...: the archive is not unpacked.
refused() {
	rm -rf u
	run_shell 1 'sheaf-work unpack u s3://b/d/ list < a.tgz'
	says "s3://b/d/_sheaf/ledger.tar.gz: " "$@"
}

@test "published ledgers are unpacked" {
	folder
	touch w/keys/00001.skipped w/reject/00001.s3get w/put/00001.json.part
	receipt > w/backup/00000.json
	receipt > w/one.json
	archive settings run.json keys ledger put backup reject one.json
	run_shell 0 'sheaf-work unpack u s3://b/d/ list < a.tgz'
	silent
	rm w/keys/00001.skipped w/reject/00001.s3get w/put/00001.json.part w/status
	rmdir w/merged w/failed
	diff -r w u
	[[ $(find u -type d ! -perm 700; find u -type f ! -perm 600) == "" ]]
	run_shell 1 'sheaf-work unpack u s3://b/d/ list < a.tgz'
	says "u: File exists"
	gzip -d < a.tgz > a.tar
	run_shell 0 'sheaf-work unpack u2 s3://b/d/ list < a.tar'
}

@test "published ledgers: any other file, link or device is refused, and nothing is written outside" {
	local outside=$PWD/outside
	echo precious > outside
	folder
	ln -s "$outside" w/source.tsv.part
	archive settings keys source.tsv.part
	refused "source.tsv.part, which is not a regular file"
	folder
	rm w/keys/00001.tsv
	ln -s "$outside" w/keys/00001.tsv
	archive settings keys
	refused "keys/00001.tsv, which is not a regular file"
	rm w/keys/00001.tsv
	mkfifo w/keys/00001.tsv
	archive settings keys
	refused "keys/00001.tsv, which is not a regular file"
	folder
	ln w/run.json w/one.json
	archive settings run.json one.json keys
	refused "which is not a regular file"
	for name in ../outside "$outside" keys/../../outside ./settings keys/00001.tsv/x keys/1.tsv keys/000001.tsv \
		log/00000.ndjson status put/00000.json.x stats/verify.ndjson old/put/00000.json 'keys/$(touch no).tsv'; do
		folder
		tar -C w -cPf - --transform "s,^run.json,$name," settings run.json keys | gzip > a.tgz
		refused "is no file of a work folder"
	done
	folder
	tar -C w -cf a.tar settings run.json keys
	tar -C w -rf a.tar run.json
	gzip < a.tar > a.tgz
	refused "the archive holds run.json, which comes twice"
	[[ $(< outside) == precious && ! -e no ]]
	(($(find . -maxdepth 1 | wc -l) <= 12))
}

@test "published ledgers: what they hold is bounded" {
	folder
	head -c 70000 /dev/zero > w/run.json
	archive settings run.json keys
	refused "run.json, which is too large"
	folder
	truncate -s 300M w/keys/00000.tsv
	archive settings keys
	refused "keys/00000.tsv, which is too large"
	folder
	truncate -s 15000 w/keys/00000.tsv
	archive settings keys
	refused "keys/00000.tsv, which holds a NUL byte"
	folder
	yes x | head -c 100 > w/ledger/00001.tsv
	archive settings ledger
	refused "ledger/00001.tsv, which has more lines than a batch has objects"
	folder
	yes | tr -d '\n' | head -c 9000 > w/reject/00000.tsv
	archive settings reject
	refused "reject/00000.tsv, which has a line that is too long"
	folder
	old_settings
	sed -i 's/^BATCH=.*/BATCH=999999999/' w/settings
	yes s3://b/p/x.csv$'\t'4 | head -c 50000000 > w/keys/00000.tsv
	LEVEL=9 archive settings keys
	refused "expands to more than 200 times its size"
	(($(du -sm u | cut -f 1) <= 16))
	folder
	printf 'SRC=s3://b/p/\nDEST=s3://b/d/\nBATCH=1\n' > w/settings
	yes s3://b/p/x.csv$'\t'4 | head -c 50000000 | tee w/put/0000{0,1,2}.json > /dev/null
	archive settings put
	: > list
	refused "makes it larger than the objects at the destination allow"
}

@test "published ledgers: of another destination, without settings, cut short, no archive" {
	folder
	old_settings
	sed -i 's,^DEST=.*,DEST=s3://other/,' w/settings
	archive settings keys
	refused "the archive is of another destination, DEST=s3://other/"
	folder
	echo 'x[$(touch no)]=1' >> w/settings
	archive settings keys
	refused "has a name that is not made of letters, digits and underscores"
	folder
	archive keys settings
	refused "keys/0000" "comes before the settings"
	archive settings run.json
	refused "the archive has no keys/complete"
	archive settings keys
	head -c 200 a.tgz > b.tgz
	mv b.tgz a.tgz
	refused "damaged or cut short"
	echo 'not an archive' > a.tgz
	refused "cut short"
	: > a.tgz
	refused "cut short"
	[[ ! -e no ]]
}

@test "merged rows get their final name only with every planned object in the ledger" {
	folder
	echo rows > w/merged/00000.csv.held
	sed -i 1d w/ledger/00000.tsv
	run_tool 1 sheaf-work release w 00000
	says "s3://b/p/x.csv: is planned in batch 00000 but was not merged"
	[[ ! -e w/merged/00000.csv.held && ! -e w/merged/00000.csv ]]
	printf 'b/p/%s.csv\t2\t1\t00000000\n' y x > w/ledger/00000.tsv
	echo rows > w/merged/00000.csv.held
	run_tool 1 sheaf-work release w 00000
	printf 'b/p/%s.csv\t2\t1\t00000000\n' x y y > w/ledger/00000.tsv
	run_tool 1 sheaf-work release w 00000
	says "s3://b/p/y.csv: was merged in batch 00000 but is not planned there"
	printf 'b/p/%s.csv\t2\t1\t00000000\n' x > w/ledger/00000.tsv
	printf 's3://b/p/y.csv\t404\n' | tee w/reject/00000.s3get > w/reject/00000.tsv
	run_tool 1 sheaf-work release w 00000
	[[ ! -e w/reject/00000.s3get && ! -e w/reject/00000.tsv ]] # of an earlier run with REJECTS=1
	printf 's3://b/p/y.csv\t404\n' > w/reject/00000.s3get
	echo rows > w/merged/00000.csv.held
	run_tool 0 sheaf-work release w 00000 rejects
	[[ -e w/merged/00000.csv && ! -e w/reject/00000.s3get && $(< w/reject/00000.tsv) == $'s3://b/p/y.csv\t404' ]]
	# csvcat names what it left out as its ledger does
	printf 's3://b/p/a\\b.csv\t4\te\tt\n' > w/keys/00001.tsv
	: > w/ledger/00001.tsv
	echo rows > w/merged/00001.csv.held
	printf 'b/p/a\\\\b.csv\tbad\\tquote \\\\\n' > w/reject/00001.csvcat
	run_tool 0 sheaf-work release w 00001 rejects
	[[ $(< w/reject/00001.tsv) == $'s3://b/p/a\\b.csv\tbad\\tquote \\' ]]
}

@test "merged rows that a killed run left are used only if all that is known of them agrees" {
	merged() {
		rm -rf w in.tar
		folder
		mkdir -p b/p w/about
		printf 'a\n%s\n' 1 > b/p/x.csv
		printf 'a\n%s\n' 2 > b/p/y.csv
		tar -cf in.tar b/p/x.csv b/p/y.csv
		csvcat --tar --ledger w/ledger/00000.tsv --about w/about/00000.json --output w/merged/00000.csv < in.tar
	}
	merged
	run_tool 0 sheaf-work whole w 00000
	while read -r file change; do
		merged
		sed -i "$change" "w/$file"
		run_tool 1 sheaf-work whole w 00000
		says "w/"
	done <<- 'END'
		merged/00000.csv $d
		merged/00000.csv s/1/3/
		about/00000.json s/"bytes":6/"bytes":7/
		about/00000.json s/"rows":2/"rows":3/
		about/00000.json s/.$//
		ledger/00000.tsv s/\t1\t/\t2\t/
	END
	for file in merged/00000.csv about/00000.json ledger/00000.tsv keys/00000.tsv; do
		merged
		rm "w/$file"
		run_tool 1 sheaf-work whole w 00000
		says "$file"
		merged
		: > "w/$file"
		run_tool 1 sheaf-work whole w 00000
	done
}

# planned STATUS NAME...: plan-check ends with STATUS and names these and no others.
planned() {
	local status=$1
	shift
	run_tool "$status" sheaf-work plan-check w
	[[ $(paste -sd ' ' out) == "$*" ]] || fail "=> $(paste -sd ' ' out)"
}

@test "a plan is held against the names, the numbers and the checksums that it was written with" {
	for n in 0 1 2; do
		folder
		printf 's3://b/p/q%s.csv\t4\te\t2026-01-01T00:00:00Z\n' "$n" > w/keys/00002.tsv
		printf 's3://b/p/zz%s.csv\t4\te\t2026-01-01T00:00:00Z\n' 1 2 > w/keys/00001.tsv
		run_tool 0 sheaf-work plan-write w
		silent
		[[ $(cut -d ' ' -f 1 w/keys/complete) == $'00000=2\n00001=2\n00002=1\nobjects=5\nbytes=20\nbatches=3\nskipped=0' ]]
		planned 0
		mv "w/keys/0000$n.tsv" away
		planned 1 "0000$n"
		says "sheaf: w/keys/0000$n.tsv: is missing; make refresh lists SRC again and plans this batch anew"
		run_tool 0 sheaf-work counts w
		[[ ${output%%$'\n'*} == 3 ]]
		: > "w/keys/0000$n.tsv"
		planned 1 "0000$n"
		says "w/keys/0000$n.tsv: has 0 objects, and " " were planned"
		head -c -1 away > "w/keys/0000$n.tsv"
		planned 1 "0000$n"
		sed 's/\te\t/\tf\t/' away > "w/keys/0000$n.tsv"
		planned 1 "0000$n"
		says "w/keys/0000$n.tsv: is not what was planned"
		mv away "w/keys/0000$n.tsv"
	done
	cp w/keys/00000.tsv w/keys/00001.tsv
	planned 1 00001
	cp w/keys/00000.tsv w/keys/00004.tsv
	planned 2 00001
	grep -qF "w/keys/00004.tsv: is not in the plan; delete it" err
	rm w/keys/00004.tsv
	cp w/keys/00000.tsv w/keys/00000-copy.tsv
	planned 2 00001
	grep -qF "w/keys/00000-copy.tsv: is not in the plan; delete it" err
	# what is to be taken over
	rm w/keys/00001.tsv w/keys/00000-copy.tsv
	mkdir w/refresh
	printf 's3://b/p/zz%s.csv\t4\te\t2026-01-01T00:00:00Z\n' 1 2 > w/refresh/00001.tsv
	cp w/keys/complete w/refresh/complete
	run_tool 0 sheaf-work plan-check w refresh
	: > w/refresh/00001.tsv
	run_tool 1 sheaf-work plan-check w refresh
	[[ $output == 00001 ]]
}

@test "keys/complete: what is lost from it is noticed wherever it ends" {
	folder
	run_tool 0 sheaf-work plan-write w
	size=$(stat -c %s w/keys/complete)
	cp w/keys/complete whole
	for ((n = 0; n < size; n++)); do
		head -c "$n" whole > w/keys/complete
		sheaf-work plan-check w > out 2> err && fail "=> $n bytes of it pass"
		grep -qF "w/keys/complete: is damaged: " err
	done
	for change in 1d 2d 1p '1s/=2/=1/' '1s/.$//' 's/^objects=3/objects=4/' 's/^batches=2/batches=3/' '$p' '1s/^0000/000/' '/^bytes/d'; do
		sed "$change" whole > w/keys/complete
		sheaf-work plan-check w > out 2> err && fail "=> $change passes"
		grep -qF "w/keys/complete" err
	done
}

@test "a plan that is not complete, and one of version 1, by what can be seen of them" {
	folder # two objects in the first batch, one in the last
	old_settings
	planned 0
	for text in '' s3://b/p/x.csv$'\t'4$'\te\t'2026-01-01T00:00:00Z; do
		printf '%s' "$text" > w/keys/00000.tsv
		planned 1 00000
	done
	folder
	sed -i 1d w/keys/00000.tsv
	planned 1 00000
	folder
	: > w/keys/00001.tsv
	planned 1 00001
	folder
	rm w/keys/00001.tsv
	planned 1 00001
	folder
	rm w/keys/complete
	planned 0
	: > w/keys/00001.tsv # goes on being listed
	planned 0
	sed -i 1d w/keys/00000.tsv
	planned 1 00000
	folder
	rm w/keys/complete w/keys/00000.tsv
	planned 1 00000
	folder
	rm w/keys/complete
	cp w/keys/00000.tsv w/keys/00001.tsv
	planned 1 00001
	says "w/keys/00001.tsv: is not in the order of the listing"
}

@test "a batch is unsound if its receipt, ledger, rejects or merged rows are not what they were" {
	made() {
		folder
		printf 'b/p/%s.csv\t2\t1\t00000000\n' x y > w/ledger/00000.tsv
		receipt | sed 's/merged-00000/merged-00001/; s/"objects":2,"rows":2/"objects":1,"rows":1/; s/"bytes":6/"bytes":4/' > w/put/00001.json
		receipt | sed 's,b/d/,b/k/,' > w/backup/00000.json
	}
	made
	run_tool 0 sheaf-work unsound w
	silent
	[[ ! $output ]]
	while read -r name file change; do
		made
		sed -i "$change" "w/$file"
		run_tool 0 sheaf-work unsound w
		[[ $output == "$name" ]] || fail "=> $file $change: $output"
		[[ -s err ]]
	done <<- 'END'
		00000 put/00000.json d
		00000 put/00000.json s/}$//
		00000 put/00000.json s/00000.csv/00001.csv/
		00001 put/00001.json s/"rows":1/"rows":2/
		00001 put/00001.json s/"etag":"e",//
		00000 backup/00000.json d
		00000 backup/00000.json s/"bytes":6/"bytes":7/
		00000 backup/00000.json s/00000.csv/00001.csv/
		00000 ledger/00000.tsv 1d
		00000 ledger/00000.tsv d
		00000 ledger/00000.tsv s/.$//
		00001 ledger/00001.tsv s/^/x/
	END
	made
	printf 's3://b/p/x.csv\tbad\n' > w/reject/00000.tsv # and merged it is
	run_tool 0 sheaf-work unsound w
	[[ $output == 00000 ]]
	says "w/reject/00000.tsv: names 1 objects that were left out, and 0 were"
	made
	rm w/put/00000.json # the second destination has it, and says nonsense
	: > w/backup/00000.json
	run_tool 0 sheaf-work unsound w
	[[ $output == 00000 ]]
	made
	rm w/put/00000.json w/ledger/00000.tsv
	run_tool 0 sheaf-work unsound w
	silent
	made
	rm w/keys/complete w/keys/00001.tsv # will be listed anew
	run_tool 0 sheaf-work unsound w
	[[ $output == 00001 ]]
	made
	printf 'aaaaa\n' > w/merged/00000.csv
	run_tool 0 sheaf-work unsound w merged
	[[ $output == $'00000\n00001' ]]
}

@test "a settings file of another version, or of which something was lost" {
	folder
	sed -i 's/^version=2/version=3/' w/settings
	run_tool 1 sheaf-work settings-load w
	says "w/settings: version=3: a newer sheaf made this work folder, and this one knows version 2; use the newer one, or another WORK"
	SRC=s3://b/p/ DEST=s3://b/d BATCH=2 run_tool 2 sheaf-work settings-compare w
	run_tool 1 verify w
	grep -qF "verify: w/settings: version=3" err
	for version in 0 -1 x ''; do
		sed -i "s/^version=.*/version=$version/" w/settings
		run_tool 1 sheaf-work settings-load w
		says "w/settings: version=$version: must be a number"
	done
	folder
	cp w/settings whole
	for ((n = $(stat -c %s whole) - 2; n >= 0; n--)); do
		head -c "$n" whole > w/settings
		sheaf-work settings-load w > out 2> err && fail "=> $n bytes of it pass"
		grep -qF "sheaf: w/settings: " err
	done
	sed 's/^UNION=/UNION=1/' whole > w/settings
	run_tool 1 sheaf-work settings-load w
	says "w/settings: is damaged: something was lost or changed since it was written; use another WORK"
	folder
	old_settings
	run_tool 0 sheaf-work settings-load w
}

@test "what scripts write is a file, not what a link of that name leads to" {
	folder
	sed -i '$d' w/ledger/00000.tsv
	echo precious > outside
	printf 's3://b/p/y.csv\t404\n' > w/reject/00000.s3get
	ln -s "$PWD/outside" w/reject/00000.tsv.part
	ln -s "$PWD/outside" w/reject/00000.tsv
	echo rows > w/merged/00000.csv.held
	run_tool 0 sheaf-work release w 00000 rejects
	[[ $(< outside) == precious && ! -L w/reject/00000.tsv ]]
	rm -r w/reject
	mkdir elsewhere
	ln -s "$PWD/elsewhere" w/reject
	printf 's3://b/p/y.csv\t404\n' > elsewhere/00000.s3get
	echo rows > w/merged/00000.csv.held
	run_tool 1 sheaf-work release w 00000 rejects
	says "symbolic link"
	[[ $(ls elsewhere) == 00000.s3get ]]
}

@test "usage" {
	run_tool 0 sheaf-work --help
	run_tool 0 sheaf-work --version
	run_tool 2 sheaf-work
	run_tool 2 sheaf-work nothing
	run_tool 2 sheaf-work counts
	run_tool 2 sheaf-work release w x
	run_shell 1 'sheaf-work settings-list > /dev/full'
	folder
	run_shell 1 'sheaf-work left w > /dev/full'
}
