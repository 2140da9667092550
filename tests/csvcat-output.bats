#!/usr/bin/env bats
# csvcat and its outputs: two that write one file, signals, pipes that have names, an output that is an input.
load helpers

setup() {
	fresh_environment
	printf 'k,v\n7,x\n' > x.csv
	printf 'k,v\n8,y\n' > y.csv
	mkfifo slow
}

# begins COMMAND...: runs it in the background, with signals as a shell in the foreground leaves them. $pid is its process.
begins() {
	env --default-signal=HUP,INT,QUIT,TERM "$@" > slow.out 2> slow.err 3>&- 4>&- &
	pid=$!
}

# ends STATUS: the command that was begun.
ends() {
	local status=0
	wait "$pid" || status=$?
	[[ $status == "$1" ]] || fail "=> status $status, but $1 was expected: $(< slow.err)"
}

@test "two that write one file: the second is refused by name, the first ends as if it were alone" {
	local name
	exec 4<> slow
	begins csvcat --output made x.csv slow
	wait_until -e made.part
	ln -s made link
	: > made
	for name in made "$TMP/made" link; do
		run_tool 1 csvcat --output "$name" y.csv
		says "csvcat: $name: another process is writing it"
	done
	run_tool 1 csvcat --ledger made y.csv
	says 'csvcat: made: another process is writing it'
	[[ ! -s made ]]
	printf 'k,v\n9,z\n' >&4
	exec 4>&-
	ends 0
	[[ $(< made) == $'k,v\n7,x\n9,z' && ! -e made.part ]]
	run_tool 0 csvcat --output made y.csv
	[[ $(< made) == $'k,v\n8,y' ]]
}

@test "of many that begin at once each is whole or refused" {
	local i pids=() good=0
	for ((i = 0; i < 8; i++)); do
		{ echo k,v && yes "$i,$i" | head -n 20000; } > "in$i"
	done
	for ((i = 0; i < 8; i++)); do
		csvcat -o made "in$i" 2> "err$i" 3>&- &
		pids+=($!)
	done
	for ((i = 0; i < 8; i++)); do
		if wait "${pids[i]}"; then
			((++good))
		else
			grep -qE '^csvcat: made(\.part)?: another process' "err$i" || fail "=> $(< "err$i")"
		fi
	done
	((good > 0))
	for ((i = 0; i < 8; i++)); do
		! cmp -s made "in$i" || return 0
	done
	fail "=> none of them: $(sort made | uniq -c | head)"
}

@test "HUP, INT, QUIT and TERM leave no .part, and end it as they end others; what was there stays" {
	local signal
	ulimit -c 0
	for signal in HUP INT QUIT TERM; do
		echo old > made
		begins csvcat --output made --ledger ledger --about about --rejects rejects x.csv slow
		wait_until -e rejects.part
		exec 4> slow # it reads
		kill -s $signal "$pid"
		ends $((128 + $(kill -l $signal)))
		exec 4>&-
		[[ $(echo made* ledger* about* rejects*) == 'made ledger* about* rejects*' && $(< made) == old ]] ||
			fail "=> $signal: $(echo made* ledger* about* rejects*)"
	done
}

@test "a signal that is ignored stays ignored" {
	begins nohup csvcat --output made x.csv slow
	wait_until -e made.part
	exec 4> slow
	kill -s HUP "$pid"
	printf 'k,v\n9,z\n' >&4
	exec 4>&-
	ends 0
	[[ $(< made) == $'k,v\n7,x\n9,z' ]]
}

@test "a reader that has enough, and SIGXFSZ, leave no .part" {
	{ echo k,v && yes 1,2 | head -n 500000; } > big.csv
	run_shell 141 'csvcat --ledger ledger --about about big.csv | head -n 1'
	run_shell 153 'ulimit -c 0; ulimit -f 100; csvcat --output made --ledger ledger big.csv'
	[[ $(echo made* ledger* about*) == 'made* ledger* about*' ]] || fail "=> left: $(echo made* ledger* about*)"
}

@test "what SIGKILL leaves, a link or a FIFO in its place: the next run replaces it" {
	begins csvcat --output made x.csv slow
	wait_until -e made.part
	exec 4> slow
	kill -s KILL "$pid"
	ends 137
	exec 4>&-
	[[ -e made.part ]]
	run_tool 0 csvcat --output made y.csv
	[[ $(< made) == $'k,v\n8,y' && ! -e made.part ]]
	cp x.csv victim
	ln -s victim made.part
	run_tool 0 csvcat --output made x.csv
	same x.csv victim
	mkfifo made.part
	run_tool 0 csvcat --output made y.csv
	[[ $(< made) == $'k,v\n8,y' && ! -e made.part ]]
}

@test "what is no regular file is opened by its name: >( ), /dev/fd/N, a FIFO" {
	run_shell 0 'csvcat --output >(cat > got; : > finished) x.csv y.csv'
	wait_until -e finished
	[[ $(< got) == $'k,v\n7,x\n8,y' ]]
	run_shell 0 'csvcat --ledger /dev/fd/5 --about /proc/self/fd/6 x.csv 5> >(cat > ledger; : > done5) 6> >(cat > about; : > done6)'
	wait_until -e done5
	wait_until -e done6
	[[ $(< ledger) == x.csv$'\t4\t1\t'* && $(< about) == '{"objects":1,'* ]]
	printf 'k,v\n1\n' > short.csv
	run_shell 3 'csvcat --rejects /dev/stderr x.csv short.csv 2>&1 > /dev/null | cat'
	grep -qx $'short.csv\tline 2: 1 field, but the header has 2' out
	# a descriptor of a regular file
	run_shell 0 'csvcat --ledger /dev/fd/5 x.csv 5> file'
	[[ $(< file) == x.csv$'\t4\t1\t'* && $(echo file*) == file ]]
	cat slow > got &
	run_tool 0 csvcat --output slow y.csv
	wait $!
	same y.csv got
}

@test "an output that is an input too: its rows are taken, and that is said" {
	run_shell 0 'csvcat --output z.csv x.csv y.csv'
	silent
	run_shell 0 'csvcat --output z.csv *.csv'
	says 'csvcat: z.csv: is an input, and the output will replace it: if an earlier run made it, its rows will be there twice'
	[[ $(< z.csv) == $'k,v\n7,x\n8,y\n7,x\n8,y' ]]
	ln -s z.csv link
	run_tool 0 csvcat --output link --union "$TMP/z.csv"
	says "csvcat: $TMP/z.csv: is an input, and the output will replace it"
	run_tool 0 csvcat --quiet --output z.csv z.csv
	silent
}
