#!/usr/bin/env bats
# Folders of any name: the work folder, that of sheaf itself, and names that are relative to the folder where make is typed.
# servers: s3d
# time limit: 900
load helpers
load pipeline

names() {
	cat <<-'END'
		year=2031/month=07
		x=
		07:45:00
		a, "b" c
		%41%
		#3 $HOME
		$(touch ran)`touch ran`;touch ran
		лето 2031
		-rf
		(
		! -z
		it's\here\
		*?[a-z]{b,c}
		~root
		  two  blanks
		a&b|c>d<e
		tab	tab
	END
	printf '%s\n' "$TMP/dt=2031 07:45,#%"
}

@test "a work folder of any name gives the same objects" {
	s3 csvs "$BUCKET" csvs/ 30
	pipeline 0 merge BATCH=10
	bodies out/ > wanted
	local name n=0
	while IFS= read -r name; do
		export WORK=$name DEST=s3://$BUCKET/n$((++n))/
		rm -rf "$HOME/.parallel" # what it has tried once, it does not try again
		run_tool 0 make -s -f "$ROOT/sheaf.mk" -j3 merge BATCH=10
		[[ ! -e ran && ! -e $name/ran ]] || fail "=> it was run"
		bodies "n$n/" > found
		same wanted found
		[[ -s ./$name/put/00002.json || -s $name/put/00002.json ]] || fail "=> it is somewhere else"
		run_tool 0 make -s -f "$ROOT/sheaf.mk" verify
		rm -rf "./$name"
	done < <(names)
	((n == 18))
}

@test "all that is done in a work folder, in one with a name that make cannot read" {
	s3 csvs "$BUCKET" 'cs vs/' 30
	export SRC="s3://$BUCKET/cs vs/" DEST="s3://$BUCKET/out/it's/" WORK='dt=2031-07-01/at 07:45, 100% #1'
	export BATCH=10 ONE=1 BACKUP=s3://$BUCKET/backup/ REJECTS=1 S3PUT_FLAGS="--metadata='a=b c'"
	put_object 'cs vs/000005.csv' $'id,name,value\n5,a,b,c\n'
	pipeline 0 plan
	[[ $output == *"batches    3, 3 of them"* ]]
	pipeline 0 merge
	told "sheaf: 1 objects were left out; see ./$WORK/rejects.tsv"
	pipeline 0 verify DEEP=1 SOURCE=1
	put_object 'cs vs/000013.csv' $'id,name,value\n13,changed,1\n'
	put_object 'cs vs/z.csv' $'id,name,value\n99,new,1\n'
	s3 rm "$BUCKET" 'cs vs/000025.csv'
	pipeline 0 refresh PRUNE=1
	[[ $output == "1 new objects, 1 changed, 1 gone; make merge will make 3 batches"* ]]
	pipeline 0 merge
	pipeline 0 verify DEEP=1 SOURCE=1
	[[ $(rows out/it\'s/merged-) == "$(rows 'cs vs/' | grep -v '^\["5"')" ]]
	pipeline 0 status
	[[ $output == *"done       4"* ]]
	pipeline 0 report
	pipeline 0 logs
	mv "$WORK" elsewhere
	pipeline 0 verify DEEP=1
	# some die, and the same command goes on
	rm elsewhere/put/00001.json elsewhere/merged/00002.csv elsewhere/put/00002.json
	mv elsewhere "$WORK"
	pipeline 0 merge
	pipeline 0 verify DEEP=1
}

@test "relative names in settings and in the environment are those of the folder where make was typed" {
	s3 csvs "$BUCKET" csvs/ 30
	mkdir -p home/aws spill
	printf '[profile other]\ncredential_process = ./home/aws/provide\n' > home/aws/config
	printf '#!/bin/sh\necho '\''{"Version":1,"AccessKeyId":"test","SecretAccessKey":"testsecret"}'\''\n' > home/aws/provide
	chmod +x home/aws/provide
	local name
	for name in work 'w 1' 'w=2'; do
		run_tool 0 env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_PROFILE=other AWS_CONFIG_FILE=home/aws/config TMPDIR=spill \
			S3GET_FLAGS="--trace trace" UNION=1 make -s -f "$ROOT/sheaf.mk" -j1 merge BATCH=10 WORK="$name" DEST="s3://$BUCKET/$name/"
		[[ -s trace ]] || fail "=> there is no trace here"
		rm trace
		[[ -z $(find "$name" -name trace) ]]
	done
}

# move_house NAME: what a checkout has, in $TMP/NAME.
move_house() {
	mkdir -p "$1/build"
	cp -a "$ROOT"/{Makefile,sheaf.mk,pipeline.mk,libexec,lib,deps} "$1"
	cp -a "$BIN" "$1/build"
}

@test "a checkout in a folder of any name" {
	s3 csvs "$BUCKET" csvs/ 30
	export PATH=${PATH#"$BIN:"}
	unset BUILD
	local n=0 name
	for name in 'Our Projects/sheaf  2' "#1 50% o'f \$x, a=b [c]*?"; do
		move_house "$name"
		export DEST=s3://$BUCKET/$((++n))/
		run_tool 0 make -s -f "$name/sheaf.mk" -j3 merge BATCH=10 WORK=work$n
		run_tool 0 make -s -f "$PWD/$name/sheaf.mk" verify WORK=work$n
		[[ $output == "30 objects, "* ]]
		run_tool 0 make -s -C "$name" -f sheaf.mk merge BATCH=10 WORK='w k' DEST="${DEST}c/"
		run_tool 0 make -s -C "$name" -o build report WORK='w k'
		[[ $output == "done: 3 of 3"* ]]
		run_tool 0 make -s -C "$name" help
		[[ $output == *merge*lint* ]]
		run_tool 0 make -n -C "$name" -o build merge
		run_tool 0 make -s -f "$name/pipeline.mk" "work$n/put/00001.json" WORK=work$n BATCH=10
		[[ -s work$n/put/00002.json ]]
	done
	move_house 'a:b'
	run_tool 2 make -s -f a:b/sheaf.mk merge
	told "must not contain a colon"
	[[ ! -e work ]]
}

@test "only the work folder can be written: not /, /tmp or HOME" {
	s3 csvs "$BUCKET" csvs/ 3000
	mkdir jobs
	export ROOT
	unset WORK TMPDIR
	local -a own=(unshare --mount)
	((EUID == 0)) || own+=(--map-root-user)
	run_tool 0 "${own[@]}" bash -euo pipefail -c '
		mount --make-rprivate / 2> /dev/null || true
		mount --bind / /
		mount -o remount,ro,bind /
		mount -t tmpfs none "$PWD/jobs"
		cd "$PWD/jobs"
		! touch /tmp/x 2> /dev/null || exit 9
		for name in work "w 2"; do
			make -s -f "$ROOT/sheaf.mk" -j4 merge BATCH=500 ONE=1 UNION=1 WORK="$name" DEST="$DEST$name/"
			make -s -f "$ROOT/sheaf.mk" refresh BATCH=500 UNION=1 WORK="$name" DEST="$DEST$name/"
			make -s -f "$ROOT/sheaf.mk" verify DEEP=1 SOURCE=1 WORK="$name" DEST="$DEST$name/"
			make -s -f "$ROOT/sheaf.mk" logs WORK="$name"
			make -s -f "$ROOT/sheaf.mk" status WORK="$name"
			make -s -f "$ROOT/sheaf.mk" verify DEST="$DEST$name/" WORK=none
			[[ -z $(find "$name/tmp" -mindepth 1) ]]
		done
		[[ $(ls) == "w 2"*work ]]'
	[[ $(get_object 'out/w 2/merged.csv' | wc -l) == 3001 ]]
}

@test "TMPDIR is where it says, or in the work folder if nothing can be written there" {
	s3 csvs "$BUCKET" csvs/ 20
	instead_of csvcat 'printf "%s\n" "$TMPDIR" >> '"$TMP"'/seen; exec "$REAL" "$@"'
	local tmpdir
	mkdir spill
	TMPDIR=$TMP/spill BUILD=$TMP/build pipeline 0 merge BATCH=10
	[[ $(sort -u seen) == "$TMP/spill" ]]
	rm seen
	# parallel lets a shell read the names of its files
	tmpdir="$TMP/\$(touch ran);touch ran \`touch ran\`"
	mkdir -p "$tmpdir"
	rm -rf "$HOME/.parallel"
	TMPDIR=$tmpdir BUILD=$TMP/build pipeline 0 merge BATCH=10 WORK="$TMP/w2" DEST="s3://$BUCKET/o2/"
	[[ $(sort -u seen) == "$tmpdir" && -z $(find . -name ran) ]]
	rm seen
	for tmpdir in '' "$TMP/none" "$TMP/seen"; do
		rm -rf "$WORK" seen
		s3 rm "$BUCKET" out/_sheaf/run.json
		TMPDIR=$tmpdir BUILD=$TMP/build pipeline 0 merge BATCH=10 OVERWRITE=1
		[[ ! $tmpdir ]] || told "sheaf: TMPDIR=$tmpdir: is not a folder that can be written; temporary files go to $WORK/tmp"
		[[ $(sort -u seen) == "$WORK/tmp" ]]
	done
}

@test "without HOME it is the user's folder of the system, never one that others can write to" {
	s3 csvs "$BUCKET" csvs/ 20
	instead_of s3get 'printf "%s\n" "$HOME" >> '"$TMP"'/seen; exec "$REAL" "$@"'
	export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
	run_tool 0 env -u HOME BUILD="$TMP/build" make -s -f "$ROOT/sheaf.mk" merge BATCH=10 < /dev/null
	lacks parallel "$TMP/err"
	[[ $(sort -u seen) == "$(getent passwd "$EUID" | cut -d : -f 6)" ]]
	run_tool 0 env HOME= BUILD="$TMP/build" make -s -f "$ROOT/sheaf.mk" merge BATCH=10 WORK=w2 DEST="s3://$BUCKET/o2/" <&-
	lacks parallel "$TMP/err"
	[[ $(sort -u seen) == "$(getent passwd "$EUID" | cut -d : -f 6)" ]]
}

@test "another program with the name of parallel is named, before anything is made" {
	s3 csvs "$BUCKET" csvs/ 20
	local text
	mkdir bin
	export PATH=$TMP/bin:$PATH
	for text in 'echo "parallel: unknown option" >&2; exit 1' 'exit 0' 'echo "parallel from somewhere else"'; do
		printf '#!/bin/sh\n%s\n' "$text" > bin/parallel
		chmod +x bin/parallel
		pipeline 2 merge
		told "sheaf: $TMP/bin/parallel: is not GNU parallel" "install GNU parallel"
		[[ ! -e $WORK ]]
	done
	cp "$BIN/csvcat" bin/parallel
	pipeline 2 merge
	told "sheaf: $TMP/bin/parallel: is not GNU parallel"
	printf '#!/bin/bash\nexec /usr/bin/parallel "$@"\n' > bin/parallel
	pipeline 0 merge
}

@test "files with settings that the environment names, and that are not there, are named" {
	s3 csvs "$BUCKET" csvs/ 20
	mkdir "$HOME/.aws"
	touch "$HOME/.aws/other"
	local target
	for target in plan merge refresh verify; do
		# shellcheck disable=SC2088 # it is not the shell that expands them
		AWS_CONFIG_FILE=none/config AWS_SHARED_CREDENTIALS_FILE='~/.aws/keys' pipeline 0 $target BATCH=10
		told "sheaf: AWS_CONFIG_FILE=none/config: there is no such file" "sheaf: AWS_SHARED_CREDENTIALS_FILE=~/.aws/keys: there is no such file"
		# shellcheck disable=SC2088
		AWS_CONFIG_FILE='~/.aws/other' AWS_SHARED_CREDENTIALS_FILE=/dev/null pipeline 0 $target BATCH=10
		lacks AWS "$TMP/err"
	done
}
