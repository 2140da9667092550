#!/usr/bin/env bats
# What somebody hostile has put into a work folder, or where the merged objects go: it is refused by name, nothing of it is run, and
# nothing outside the work folder is written or deleted.
# servers: s3d
# time limit: 900
load helpers
load pipeline

# Each would leave $TMP/ran if bash evaluated it as a number, an index or a name.
expressions() {
	printf '%s\n' "UID[\$(touch $TMP/ran)]" "x[\$(touch $TMP/ran)]" "a[\`touch $TMP/ran\`]" "\$(touch $TMP/ran)" \
		"1+x[\$(touch $TMP/ran)]" "PATH" "0x7fffffffffffffff" "08" "-1" "1e9" "99999999999999999999" " 1" "1 " ""
}

# not_run: no command was, and no file outside has changed.
not_run() {
	[[ ! -e $TMP/ran ]] || fail "=> it was run"
	[[ $(< "$TMP/victim/file") == precious ]] || fail "=> a file outside was changed"
}

setup() {
	fresh_environment
	use_server
	use_prefixes
	mkdir victim
	echo precious > victim/file
}

# work_folder: one in which everything is in order: planned, and with FINISHED, merged.
planned() {
	rm -rf "$WORK"
	pipeline 0 plan BATCH=10
}

@test "numbers in settings, keys/complete, receipts, stats and status are numbers" {
	local expression name target
	s3 csvs "$BUCKET" csvs/ 20
	pipeline 0 merge BATCH=10
	cp -a "$WORK" kept
	while IFS= read -r expression; do
		for name in objects bytes batches skipped; do
			rm -rf "$WORK"
			cp -a kept "$WORK"
			rm "$WORK/put/00001.json" # so that there is something to do
			printf '%s\n' objects=20 bytes=500 batches=2 skipped=0 "$name=$expression" | tac | sort -u -t = -k 1,1 > complete
			grep -v "^$name=" complete > "$WORK/keys/complete"
			printf '%s=%s\n' "$name" "$expression" >> "$WORK/keys/complete"
			# the shell's own scripts, and what they start
			run_tool 2 timeout 20 make -s -f "$ROOT/sheaf.mk" plan BATCH=10
			not_run
		done
		rm -rf "$WORK"
		cp -a kept "$WORK"
		rm "$WORK/put/00001.json" "$WORK/keys/complete"
		sed -i "s/^BATCH=.*/BATCH=${expression//\//\\\/}/" "$WORK/settings"
		run_tool 2 make -s -f "$ROOT/sheaf.mk" status
		told "$WORK/settings" BATCH
		not_run
	done < <(expressions)
}

@test "receipts, stats and status of somebody else: a merge goes on, or says what is wrong" {
	local expression
	s3 csvs "$BUCKET" csvs/ 20
	pipeline 0 merge BATCH=10
	cp -a "$WORK" kept
	while IFS= read -r expression; do
		rm -rf "$WORK"
		cp -a kept "$WORK"
		rm "$WORK/put/00001.json"
		printf '{"uri":"x","objects":%s,"rows":%s}\n' "$expression" "$expression" > "$WORK/put/00000.json"
		printf '{"v":1,"program":"s3get","retries":%s}\n' "$expression" >> "$WORK/stats/00001.ndjson"
		printf 'state=%s\nbatches=%s\nstarted=%s\n' "$expression" "$expression" "$expression" > "$WORK/status"
		printf '{"header_bytes":%s,"header_crc32c":"%s"}\n' "$expression" "$expression" > "$WORK/about/00001.json"
		run_shell 0 'timeout 30 make -s -f "$1/sheaf.mk" status; timeout 30 make -s -f "$1/sheaf.mk" merge BATCH=10; true' "$ROOT"
		not_run
		# a batch of which nothing is left keeps its header, by about/N.json
		mkdir -p "$WORK/refresh"
		: > "$WORK/refresh/00001.tsv"
		printf '{"header_bytes":%s,"header_crc32c":"%s"}\n' "$expression" "$expression" > "$WORK/about/00001.json"
		run_shell 0 'timeout 30 make -s -f "$1/sheaf.mk" merge BATCH=10; true' "$ROOT"
		not_run
	done < <(expressions)
}

@test "names in a work folder are those of a fixed list, or of batches" {
	local name
	s3 csvs "$BUCKET" csvs/ 20
	for name in "x[\$(touch $TMP/ran)]" "WORK" "PATH" "BASH_ENV" "IFS" "LD_PRELOAD" "NEW"; do
		rm -rf "$WORK"
		pipeline 0 plan BATCH=10
		printf '%s=%s\n' "$name" "$TMP/victim" >> "$WORK/settings"
		for target in status verify merge; do
			run_tool 2 make -s -f "$ROOT/sheaf.mk" $target BATCH=10
			told "$WORK/settings"
		done
		not_run
	done
	rm -rf "$WORK"
	pipeline 0 merge BATCH=10
	mkdir "$WORK/refresh"
	touch "$WORK/refresh/\$(touch ran).tsv" "$WORK/keys/x[\$(touch ran)].tsv" "$WORK/put/0[\$(touch ran)].json" "$WORK/merged/\$(touch ran).csv.part"
	run_tool 2 make -s -f "$ROOT/sheaf.mk" merge BATCH=10
	told "$WORK/refresh: is damaged"
	cp "$WORK/keys/complete" "$WORK/refresh"
	run_tool 2 make -s -f "$ROOT/sheaf.mk" merge BATCH=10
	told "is not in the plan; delete it"
	rm -r "$WORK/refresh"
	for target in merge refresh status verify; do
		run_shell 0 'make -s -f "$1/sheaf.mk" "$2" BATCH=10; true' "$ROOT" $target
		not_run
		[[ ! -e ran ]]
	done
}

# store_ledgers [FILE...]: what a merge would store at DEST, of the folder evil.
store_ledgers() {
	tar -C evil --owner=0 --group=0 -cf - settings run.json keys ledger put "$@" | gzip -1 > ledger.tar.gz
	s3put ledger.tar.gz "${DEST}_sheaf/ledger.tar.gz" > put.json
}

# A merge of 20 objects, and in evil what it has stored.
finished_elsewhere() {
	s3 csvs "$BUCKET" csvs/ 20
	pipeline 0 merge BATCH=10
	mv "$WORK" elsewhere
	mkdir evil
	cp -a elsewhere/{settings,run.json,keys,ledger,put} evil
}

@test "verify of a DEST: settings of its ledgers are not commands, nor names of variables" {
	local line
	finished_elsewhere
	for line in "x[\$(touch $TMP/ran)]=1" "WORK=$TMP/victim" "STORED=$TMP/victim" "PATH=$TMP" "BATCH=x[\$(touch $TMP/ran)]" \
		"DEST=s3://$BUCKET/other/" "SRC=\$(touch $TMP/ran)" "no name" "=1" $'UNION=\e[31m'; do
		{
			grep -v "^${line%%=*}=" elsewhere/settings || true
			printf '%s\n' "$line"
		} > evil/settings
		store_ledgers
		pipeline 2 verify
		told "DEST=$DEST: the ledgers stored there cannot be used"
		! grep -q $'\e' "$TMP/err" || fail "=> an escape is shown"
		not_run
	done
	cp elsewhere/settings evil
	store_ledgers
	pipeline 0 verify
	mkdir small
	TMPDIR=$TMP/small pipeline 0 verify
	[[ -z $(find small -mindepth 1) ]] || fail "=> a folder is left"
}

@test "verify of a DEST: links, devices, other names and names outside in its ledgers are not unpacked" {
	local file
	finished_elsewhere
	ln -s "$TMP/victim/file" evil/dest.tsv.part
	store_ledgers dest.tsv.part
	pipeline 2 verify
	not_run
	rm evil/dest.tsv.part
	ln -s "$TMP/victim" evil/stats
	store_ledgers stats
	pipeline 2 verify
	not_run
	[[ $(ls victim) == file ]]
	rm evil/stats
	for file in keys/00000.tsv run.json put/00001.json; do
		cp -a evil/$file saved
		ln -sf "$TMP/victim/file" "evil/$file"
		store_ledgers
		pipeline 2 verify
		rm "evil/$file"
		mkfifo "evil/$file"
		store_ledgers
		pipeline 2 verify
		rm "evil/$file"
		cp -a saved "evil/$file"
		not_run
	done
	echo overwritten > evil/file
	tar -C evil --transform "s|^file|../../../../../../../../$TMP/victim/file|" -P -czf ledger.tar.gz settings run.json keys ledger put file
	s3put ledger.tar.gz "${DEST}_sheaf/ledger.tar.gz" > put.json
	pipeline 2 verify
	not_run
}

@test "verify of a DEST: the ledgers do not say where requests go" {
	finished_elsewhere
	pipeline 0 merge BATCH=10 BACKUP="s3://$BUCKET/b/" WORK="$TMP/work2" DEST="s3://$BUCKET/out2/"
	curl -s -d '' "$S3D_URL/_s3d/reset" > reset
	pipeline 2 verify SOURCE=1 SRC=
	told "with SOURCE=1 give SRC as well"
	pipeline 0 verify SOURCE=1
	cp -a work2/{settings,run.json,keys,ledger,put,backup} evil
	mv work2 elsewhere2
	sed -i "s|s3://$BUCKET/b/|s3://somewhere-else/|" evil/backup/*.json
	DEST=s3://$BUCKET/out2/ store_ledgers backup
	pipeline 0 verify DEST="s3://$BUCKET/out2/"
	[[ $output == *"give BACKUP="* ]]
	! grep -q somewhere-else "$S3D_LOG" || fail "=> it was asked"
	pipeline 0 verify DEST="s3://$BUCKET/out2/" BACKUP="s3://$BUCKET/b/"
}

@test "verify and merge of a DEST with a bomb: little is unpacked, little is read" {
	finished_elsewhere
	export TMPDIR=$TMP/small
	mkdir small
	truncate -s 300M evil/keys/00002.tsv
	store_ledgers
	pipeline 2 verify
	rm evil/keys/00002.tsv
	truncate -s 300M evil/settings
	store_ledgers
	pipeline 2 verify
	[[ -z $(ls small) ]]
	unset TMPDIR
	head -c 20000000 /dev/zero | tr '\0' x | s3 put "$BUCKET" out/_sheaf/run.json
	pipeline 2 merge BATCH=10
	told "DEST=$DEST: belongs to another run"
	(($(wc -c < "$TMP/err") < 4000))
	printf '\e]0;OWNED\a\e[2J{"id":"x"}' | s3 put "$BUCKET" out/_sheaf/run.json
	pipeline 2 merge BATCH=10 WORK="$TMP/work3"
	told "DEST=$DEST: belongs to another run"
	! grep -q $'\e' "$TMP/err" || fail "=> an escape is shown"
	(($(du -s "$TMP/work3" | cut -f 1) < 1000))
}

@test "a work folder that is made belongs to its owner alone, whatever the umask; an old one goes on" {
	s3 csvs "$BUCKET" csvs/ 20
	mkdir -m 777 open
	local mask
	for mask in 000 002 022 077; do
		run_shell 0 'umask $2; make -s -f "$1/sheaf.mk" plan BATCH=10 WORK=open/w/x$2' "$ROOT" $mask
		[[ $(stat -c %a open/w/x$mask) == 700 ]]
		[[ -z $(find open/w/x$mask -perm /022) ]] || fail "=> others may write"
		pipeline 0 plan BATCH=10 WORK=open/w/x$mask
	done
	chmod 755 open/w/x022
	pipeline 0 merge BATCH=10 WORK=open/w/x022
	ln -s w/x022 open/link # WORK itself may be a link
	pipeline 0 status WORK=open/link
	pipeline 0 merge BATCH=10 WORK=open/link
}

@test "a work folder that others may write to is refused, with what to do" {
	s3 csvs "$BUCKET" csvs/ 20
	local target folder
	pipeline 0 merge BATCH=10
	for folder in "$WORK" "$WORK/stats" "$WORK/old/put"; do
		chmod g+w "$folder"
		for target in merge plan refresh status verify report logs; do
			pipeline 2 $target BATCH=10
			told "other users may write" "chmod -R go-w $WORK"
		done
		chmod -R go-w "$WORK"
		pipeline 0 status
	done
	if ((EUID == 0)); then
		chown nobody "$WORK/failed"
		pipeline 2 merge BATCH=10
		told "belongs to another user" "chown -R"
		chown root "$WORK/failed"
		chown nobody "$WORK"
		pipeline 2 status
		told "belongs to another user" "chown -R"
		chown root "$WORK"
	fi
	pipeline 0 merge BATCH=10
}

@test "nothing in a work folder is followed as a link" {
	s3 csvs "$BUCKET" csvs/ 20
	local name target
	for name in .lock .sessions pace settings settings.part run.json.part status.part claim.json keys/complete.part keys.part lock/00000 \
		stats/00000.ndjson stats/listing.ndjson log/00000.ndjson failed/00000 failed/listing.part merged/00000.csv.held.part put stats \
		ledger/00000.tsv.part refresh.part dest.tsv.part report.html; do
		rm -rf "$WORK"
		mkdir -m 700 "$WORK"
		[[ $name != */* ]] || mkdir "$WORK/${name%/*}"
		ln -s "$TMP/victim/file" "$WORK/$name"
		for target in plan merge status verify report logs; do
			pipeline 2 $target BATCH=10
			told "$WORK/$name" "neither a file nor a folder"
		done
		not_run
	done
	[[ $(ls victim) == file ]]
	rm -rf "$WORK"
	mkdir -m 700 "$WORK"
	mkfifo "$WORK/.lock"
	pipeline 2 merge BATCH=10
	told "neither a file nor a folder"
}

@test "what a killed run left is taken as whole only if it is" {
	s3 csvs "$BUCKET" csvs/ 30
	mkdir -p build/bin
	ln -s "$BIN"/* build/bin
	rm build/bin/s3get
	# a server's bytes look like the end of the stream: the rest of the batch is missing, and s3get still runs
	cat > build/bin/s3get <<-END
		#!/bin/bash
		[[ \$* != *stdout* ]] || exec "$BIN/s3get" "\$@"
		head -n 4 | "$BIN/s3get"
		[[ ! -e $TMP/go ]] || exit "\$(< "$TMP/go")"
		touch "$TMP/mark"
		exec sleep 60 > out.sleep # csvcat sees the end of the stream
	END
	chmod +x build/bin/s3get
	local rejects
	for rejects in 0 1; do
		rm -rf mark go "$WORK"
		export DEST=s3://$BUCKET/out$rejects/
		BUILD=$TMP/build start_run BATCH=10 JOBS=1 REJECTS=$rejects
		wait_until -e "$WORK/merged/00000.csv.held"
		pkill -KILL -s "$RUN"
		wait "$RUN" || true
		[[ ! -e $WORK/merged/00000.csv ]] || fail "=> it has its final name"
		# all programs say that all is well, but the ledger lacks objects
		echo 0 > go
		BUILD=$TMP/build pipeline 2 merge BATCH=10 REJECTS=$rejects
		told "sheaf: batch 00000 failed: sheaf: s3://$BUCKET/csvs/000004.csv: is planned in batch 00000"
		[[ -z $(list_keys "out$rejects/merged") ]]
		[[ ! -e $WORK/merged/00000.csv && ! -e $WORK/merged/00000.csv.held ]]
		pipeline 0 merge BATCH=10 REJECTS=$rejects
		rows "out$rejects/" > found
		rows csvs/ > wanted
		same wanted found
		# the same under its final name, as an earlier version left it
		rm "$WORK/put/00001.json"
		s3 rm "$BUCKET" "out$rejects/merged-00001.csv"
		sed -i 5,10d "$WORK/ledger/00001.tsv"
		sed -i '6,$d' "$WORK/merged/00001.csv"
		pipeline 0 merge BATCH=10 REJECTS=$rejects
		rows "out$rejects/" > found
		same wanted found
	done
}

@test "bytes of keys and messages do not reach the terminal as they are" {
	local key=$'csvs/\e]0;OWNED\a\e[31mred\xe2\x80\xae.csv' target
	put_object "$key" $'id,name\n1,x\n'
	put_object csvs/a.csv $'id,name\n2,x\n'
	put_object csvs/b.csv $'\e[31mid,nome\n2,x\n'
	: > shown
	run_shell 0 'make -s -f "$1/sheaf.mk" merge BATCH=1; true' "$ROOT" && cat out err >> shown
	s3 rm "$BUCKET" csvs/b.csv
	run_shell 0 'make -s -f "$1/sheaf.mk" merge BATCH=1 WORK=work2 DEST="$2"' "$ROOT" "s3://$BUCKET/out2/"
	cat out err >> shown
	put_object "$key" $'id,name\n3,changed\n'
	for target in "merge BATCH=2 WORK=work4 DEST=s3://$BUCKET/out4/" "verify WORK=work2 SOURCE=1" logs status "logs WORK=work2" "report WORK=work2"; do
		# shellcheck disable=SC2086 # words
		run_shell 0 'make -s -f "$@"; true' "$ROOT/sheaf.mk" $target
		cat out err >> shown
	done
	s3 rm "$BUCKET" "$key"
	run_shell 0 'make -s -f "$1/sheaf.mk" refresh BATCH=1 WORK=work2 DEST="$2"; true' "$ROOT" "s3://$BUCKET/out2/"
	cat out err >> shown
	grep -qF '\x1b]0;OWNED\x07' shown
	! grep -qaP '[\x00-\x08\x0b-\x1f\x7f]' shown || fail "=> $(grep -aP '[\x00-\x08\x0b-\x1f\x7f]' shown | cat -v)"
	! grep -qa $'\xe2\x80\xae' shown || fail "=> text is turned around"
}

@test "make help runs nothing from the environment" {
	mkdir installed
	cp "$ROOT/sheaf.mk" installed/Makefile
	cp -r "$ROOT/libexec" "$ROOT/pipeline.mk" installed
	HELP='; touch ran;' self='; touch ran;' quoted='; touch ran;' run_tool 0 make -s -f installed/Makefile help
	[[ ! -e ran && $output == *"merge "* ]]
}
