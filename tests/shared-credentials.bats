#!/usr/bin/env bats
# servers: s3d
# credential_process is run once for all processes of a run; what it gives is in memory that they share, and nowhere else.
load helpers

setup() {
	fresh_environment
	use_server
	mkdir -p "$HOME/.aws"
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
	put_process
}

# put_process [LINE...]: the process notes that it runs, runs the lines, and gives the server's keys.
put_process() {
	mkdir -p "$TMP/own/home"
	cat > "$TMP/own/home/give" <<- P
		#!/bin/bash
		echo asked >> $TMP/asked
		$(printf '%s\n' "$@")
		echo '{"Version":1,"AccessKeyId":"test","SecretAccessKey":"testsecret"'\${MORE-}'}'
	P
	chmod +x "$TMP/own/home/give"
	printf '[default]\ncredential_process = %s\n[profile other]\ncredential_process = %s --other\n' "$TMP/own/home/give" "$TMP/own/home/give" > "$HOME/.aws/config"
	rm -f asked
}

# asked N: so often the process was run.
asked() {
	[[ $(wc -l < asked) == "$1" ]] || fail "=> asked $(wc -l < asked) times, not $1"
}

# objects N: csvs/0.csv and so on, by the environment's keys.
objects() {
	AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=testsecret s3 csvs "$BUCKET" csvs/ "$1"
}

@test "processes that share memory ask once, also if they start at once, whether or not the keys expire" {
	objects 3
	for more in '' ',"Expiration":"2099-01-01T00:00:00Z"' ',"Expiration":null'; do
		put_process "sleep 0.3" "MORE='$more'"
		run_shell 0 'sheaf-work share-credentials bash -c "for i in {1..12}; do s3ls \$1 > list.\$i & pids+=(\$!); done
			for p in \${pids[@]}; do wait \$p || exit 1; done" - "$1"' "s3://$BUCKET/csvs/"
		silent
		asked 1
		[[ $(cat list.* | wc -l) == 36 ]]
	done
	run_tool 0 s3ls "s3://$BUCKET/csvs/"
	run_tool 0 s3ls "s3://$BUCKET/csvs/"
	asked 3 # by hand each asks
}

@test "a merge asks once, however many batches, and again the next time" {
	objects 25
	run_tool 0 make -s -f "$ROOT/sheaf.mk" merge SRC="s3://$BUCKET/csvs/" DEST="s3://$BUCKET/out/" WORK=work BATCH=1 JOBS=8
	asked 1
	run_tool 0 make -s -f "$ROOT/sheaf.mk" verify SRC="s3://$BUCKET/csvs/" DEST="s3://$BUCKET/out/" WORK=work DEEP=1 SOURCE=1
	asked 2
	run_shell 1 'grep -rl testsecret work "$HOME"'
}

@test "another profile, and another environment of the process, ask for themselves" {
	objects 2
	run_shell 0 'sheaf-work share-credentials bash -c "s3ls \$1 && s3ls --profile other \$1 && s3ls --profile other \$1 && s3ls \$1 &&
		AWS_ROLE_SESSION_NAME=x s3ls \$1 && s3ls \$1" - "$1"' "s3://$BUCKET/csvs/"
	asked 3
}

@test "keys that the server calls expired are asked for once more, not by each process" {
	stop_s3d
	start_s3d --make made/in/:4 --access-key old:oldsecret --access-key new:newsecret
	AWS_ENDPOINT_URL=$S3D_URL
	export AWS_ENDPOINT_URL
	unset AWS_ENDPOINT_URL_S3
	cat > "$TMP/own/home/give" <<- 'P'
		#!/bin/bash
		echo asked >> asked
		name=old
		(($(wc -l < asked) == 1)) || name=new
		echo "{\"Version\":1,\"AccessKeyId\":\"$name\",\"SecretAccessKey\":\"${name}secret\"}"
	P
	printf 'in/* get 1* expired-token\n' | curl -sf --data-binary @- "$S3D_URL/_s3d/faults"
	run_shell 0 'sheaf-work share-credentials bash -c "for i in 1 2 3 4; do s3get --stdout s3://made/in/0000000\$i.csv || exit 1; done"'
	asked 2
}

@test "the process does not inherit the memory, has its signals, and runs where SIGCHLD is ignored" {
	objects 2
	put_process 'ls -l /proc/self/fd > '"$TMP/fds" 'grep -E "^Sig(Ign)" /proc/self/status > '"$TMP/signals"
	cat > ignoring.py <<- 'P'
		import os, signal, sys
		signal.signal(signal.SIGCHLD, signal.SIG_IGN)
		os.execvp(sys.argv[1], sys.argv[1:])
	P
	run_tool 0 /usr/bin/python3 ignoring.py s3ls "s3://$BUCKET/csvs/"
	silent
	run_tool 0 sheaf-work share-credentials /usr/bin/python3 ignoring.py s3ls "s3://$BUCKET/csvs/"
	asked 2
	lacks 'memfd' fds
	[[ $((16#$(awk '{print $2}' signals) & (1 << 16 | 1 << 12))) == 0 ]] # neither SIGCHLD nor SIGPIPE
	run_tool 0 /usr/bin/python3 ignoring.py make -s -f "$ROOT/sheaf.mk" merge SRC="s3://$BUCKET/csvs/" DEST="s3://$BUCKET/out/" WORK=work
}

@test "a process that fails is an error that names it, and leaves nothing behind" {
	objects 2
	put_process 'exit 9'
	run_shell 2 'sheaf-work share-credentials s3ls "$1"' "s3://$BUCKET/csvs/"
	says "s3ls: credential_process of profile default: exit status 9"
	put_process 'if [[ ! -e once ]]; then touch once; exit 9; fi'
	run_shell 0 'sheaf-work share-credentials bash -c "s3ls \$1; s3ls \$1 && s3ls \$1" - "$1"' "s3://$BUCKET/csvs/"
	asked 2
}

@test "what is not such memory is not used, and not written to" {
	objects 2
	: > file
	for number in 0 1 9 abc 99 -1 ''; do
		put_process
		run_shell 0 'exec 9<> file; SHEAF_CREDENTIALS=$2 s3ls "$1" && SHEAF_CREDENTIALS=$2 s3ls "$1"' "s3://$BUCKET/csvs/" "$number"
		silent
		asked 2
	done
	[[ ! -s file ]]
}

@test "without a home folder the process, the environment and other sources are asked, and the message says where nothing was" {
	objects 2
	AWS_CONFIG_FILE=$HOME/.aws/config run_tool 0 env -u HOME s3ls "s3://$BUCKET/csvs/"
	rm -r "$HOME/.aws"
	run_tool 2 unshare --map-user=54321 env -u HOME s3ls "s3://$BUCKET/csvs/"
	says "no credentials" "profile default: not in a file, as HOME is not set and this user has no home folder"
	AWS_PROFILE=p run_tool 2 unshare --map-user=54321 env -u HOME s3ls "s3://$BUCKET/csvs/"
	says "profile p (AWS_PROFILE): there is none in a file, as HOME is not set"
	AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=testsecret run_tool 0 unshare --map-user=54321 env -u HOME s3ls "s3://$BUCKET/csvs/"
}
