#!/usr/bin/env bats
# Each kind of file in a work folder is taken away, emptied and cut, one at a time, while the job is planned, half listed, half
# merged, merged and stored. merge, verify and report then either make it good or say which file is wrong; what they say to do
# helps, where that is not another WORK. None of them ends with 0 unless every object is at DEST, row by row, or named as left out.
# servers: s3d
# sanitized: no
# time limit: 900
load helpers
load pipeline

LANES=2

setup() {
	fresh_environment
	BUCKET=sheaf
	export SRC=s3://sheaf/csvs/ DEST=s3://sheaf/out/ BACKUP=s3://sheaf/backup/ BATCH=3 JOBS=2 ONE=1 REJECTS=1 PROGRESS=0
	export EXCLUDE='*.bak'
	mkdir kept
	serve_kept kept
	s3 load "$BUCKET" < <(/usr/bin/python3 -c '
import json
objects = {f"csvs/{n:02d}.csv": f"id,text\nA{n:02d},\"a, b\"\nB{n:02d},c\n" for n in range(11)}
objects["csvs/04.csv"] += "one,field,too many\n"
objects["csvs/05.bak"] = objects["csvs/99.bak"] = "x"
print(json.dumps(objects))')
	for n in {00..10}; do
		[[ $n == 04 ]] || printf '%s\n' "A$n,\"a, b\"" "B$n,c"
	done | sort > wanted
	cd "$TMP" || return
}

# serve_kept FOLDER [OPTION...]: a server whose objects are in that folder, and that anybody may ask.
serve_kept() {
	start_s3d --bucket "$BUCKET" --dir "$PWD/$1" --anonymous "${@:2}"
	use_s3d
}

faults() {
	printf '%s\n' "$@" | curl -sf --data-binary @- "$S3D_URL/_s3d/faults" > faults.out
}

# keep STATUS TARGET: takes the job that far; what is then in the work folder and at the server are ./state and ./kept.
keep() {
	export WORK=$TMP/state
	pipeline "$1" "$2"
	stop_s3d
}

# One of each kind of file: of the batches that one in the middle which has it, and the last, which is not full.
kinds() {
	(cd state && find . -type f -printf '%P\n') | sort | awk '
	{
		kind = $0
		gsub(/[0-9][0-9][0-9][0-9][0-9]/, "N", kind)
		if (!(kind in first))
			first[kind] = $0
		else if (!(kind in second))
			second[kind] = $0
		last[kind] = $0
	}
	END {
		for (kind in first) {
			print kind in second ? second[kind] : first[kind]
			if (kind == "keys/N.tsv")
				print last[kind] "\n" first[kind]
		}
	}' | sort -u
}

# rows_at NAME: what the objects of that name have at the server, without headers.
rows_at() {
	curl -s "$S3D_URL/sheaf/$1" | grep -vE '^(id,text$|<)'
}

# Is each object at DEST, at BACKUP and in the single object, row by row, and is the one that is left out named?
is_whole() {
	cut -f 1 work/rejects.tsv 2> /dev/null | cmp -s - <(echo s3://sheaf/csvs/04.csv) &&
		rows_at 'out/merged-0000[0-9].csv' | sort | cmp -s - ../wanted &&
		rows_at 'backup/merged-0000[0-9].csv' | sort | cmp -s - ../wanted &&
		rows_at out/merged.csv | sort | cmp -s - ../wanted
}

# try TARGET: runs it; its status is in the array ended, what it said is in said.
try() {
	local status=0
	timeout 60 make -s -f "$ROOT/pipeline.mk" "$1" > out 2>> said < /dev/null 3>&- || status=$?
	ended[$1]=$status
}

# one HOW FILE: the work folder with that damage. Prints what is wrong with what came of it.
one() {
	local how=$1 file=$2 target wrong='' whole=no
	local -A ended
	mkdir "lane-$BASHPID" && cd "lane-$BASHPID" || return
	cp -a ../state work
	cp -a ../kept kept
	serve_kept kept
	export WORK=$PWD/work
	case $how in
	taken) rm "work/$file" ;;
	emptied) : > "work/$file" ;;
	cut) truncate -s "$(($(stat -c %s "work/$file") / 2))" "work/$file" ;;
	last-line) sed -i '$d' "work/$file" ;;
	twice) sed -i '1p' "work/$file" ;;
	other) cp "work/${file/0000[0-9]/00000}" "work/$file" ;;
	esac
	for target in merge verify report; do
		try $target
	done
	! is_whole || whole=yes
	[[ $whole == yes || (${ended[merge]} != 0 && ${ended[verify]} != 0 && ${ended[report]} != 0) ]] ||
		wrong="merge ${ended[merge]}, verify ${ended[verify]}, report ${ended[report]}, but not all is there"
	case $file in
	keys/*.tsv | keys/complete | settings | run.json) # may be refused, by name, with what helps
		if [[ ${ended[merge]} != 0 ]]; then
			grep -qF "$WORK/$file" said || wrong+="; is not named"
			mend "$file" || wrong+="; is not mended by what it says"
		fi
		;;
	*) [[ ${ended[merge]}${ended[verify]}${ended[report]} == 000 ]] ||
		wrong+="; merge ${ended[merge]}, verify ${ended[verify]}, report ${ended[report]}" ;;
	esac
	if [[ $wrong ]]; then
		echo "$file $how: $wrong"
		head -c 1500 said | sed 's/^/    /' | cat -v
	fi
	stop_s3d
	cd .. && rm -r "lane-$BASHPID"
}

# mend FILE: does what was said to help, and all is well.
mend() {
	local target
	case $1 in
	settings) return ;; # another WORK
	run.json) eval "$(grep -o 's3get --stdout .* > [^ ]*' said | head -n 1)" ;;
	keys/complete) rm -f "work/$1" ;;
	*) try refresh ;;
	esac
	for target in merge verify report; do
		try $target
	done
	[[ ${ended[merge]}${ended[verify]}${ended[report]} == 000 ]] && is_whole
}

# all_of_them N [PATTERN]: every damage to every kind, some at once; of the files whose names match. There are N kinds at least.
all_of_them() {
	local file how running=() # not all children of this shell are ours
	kinds | grep -E "${2-}" > files
	while read -r file; do
		for how in taken emptied cut ${more-}; do
			[[ $how == taken || -s state/$file ]] || continue
			case $how in
			other) [[ $file == *0000[1-9].* && -s state/${file/0000[1-9]/00000} ]] || continue ;;
			twice | last-line) [[ $file == *.tsv || $file == *.json || $file == settings || $file == keys/complete ]] || continue ;;
			esac
			if ((${#running[@]} == LANES)); then
				wait "${running[0]}" || true
				running=("${running[@]:1}")
			fi
			one "$how" "$file" > "wrong-${file//\//-}-$how" 2>&1 < /dev/null 3>&- &
			running+=($!)
		done
	done < files
	wait "${running[@]}" || true
	cat wrong-* > wrong
	[[ ! -s wrong ]] || { head -c 20000 wrong; fail "=> $(wc -l < files) kinds of files"; }
	(($(wc -l < files) >= $1)) || fail "=> only $(wc -l < files) kinds of files"
}

@test "planned" {
	keep 0 plan
	all_of_them 8
}

@test "half listed: the second page of the listing failed" {
	stop_s3d
	serve_kept kept --make 'sheaf/csvs/:1000:050####.bak'
	faults 'csvs/ list 2- status 403'
	keep 2 merge
	[[ ! -e state/keys/complete ]]
	all_of_them 9 '^(keys|put|merged|ledger|reject|status)'
}

@test "half merged: a batch is stored, one is merged, one failed" {
	faults 'out/merged-00001.csv put all status 403' 'csvs/07.csv get all status 403'
	keep 2 merge
	[[ -e state/put/00000.json && -e state/merged/00001.csv && -e state/failed/00002 ]]
	all_of_them 20
}

@test "merged, and not stored" {
	faults 'out/merged-* put all status 403' 'backup/merged* put all status 403'
	keep 2 merge
	[[ -e state/merged/00003.csv && ! -e state/put/00000.json ]]
	all_of_them 20
}

@test "stored; also with a line lost, a line twice, and the file of another batch in the place of its own" {
	keep 0 merge
	more="last-line twice other" all_of_them 25
}
