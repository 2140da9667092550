#!/usr/bin/env bats
# sanitized: no
# The sandbox of csvcat, report and verify, from outside: it is in effect while input is read, and nothing that they should do
# fails in it. What is denied inside: tests/unit/sandbox.c.
load helpers

setup() {
	fresh_environment
	printf 'a,b\n1,2\n' > x.csv
	printf 'b,a\n4,3\n' > y.csv
	printf 'a,b\n1\n' > bad.csv
	# where temporary files go all may be written, so not above the tests
	mkdir spool
	export TMPDIR=$TMP/spool
}

# work_folder: that of a run which is complete, as work.
work_folder() {
	tar -xzf "$ROOT/tests/fixtures/old-work/complete/work.tar.gz"
}

# state_of COMMAND...: what the kernel says of the command while it waits for the other side of the FIFO named input, which it
# opens after it has entered the sandbox.
state_of() {
	local pid i
	rm -f input
	mkfifo input
	"$@" > out 2> err &
	pid=$!
	for ((i = 0; i < 200; i++)); do
		grep -q '^State:.S' "/proc/$pid/status" && break
		sleep 0.05
	done
	grep -E '^(NoNewPrivs|Seccomp):' "/proc/$pid/status" | tr -d '\t' | paste -sd ' ' > state
	exec 5<> input
	exec 5>&-
	wait "$pid" || true
}

@test "csvcat enters it before it reads, unless --no-sandbox" {
	state_of csvcat input
	[[ $(< state) == 'NoNewPrivs:1 Seccomp:2' ]] || fail "=> $(< state)"
	state_of csvcat --no-sandbox input
	[[ $(< state) == 'NoNewPrivs:0 Seccomp:0' ]] || fail "=> $(< state)"
	state_of csvcat --files-from input
	[[ $(< state) == 'NoNewPrivs:1 Seccomp:2' ]] || fail "=> $(< state)"
}

@test "verify and report enter it before they read, unless --no-sandbox" {
	work_folder
	state_of verify --dest input work
	[[ $(< state) == 'NoNewPrivs:1 Seccomp:2' ]] || fail "=> verify: $(< state)"
	state_of verify --no-sandbox --dest input work
	[[ $(< state) == 'NoNewPrivs:0 Seccomp:0' ]] || fail "=> verify: $(< state)"
	state_of report --output input work
	[[ $(< state) == 'NoNewPrivs:1 Seccomp:2' ]] || fail "=> report: $(< state)"
	state_of report --no-sandbox --output input work
	[[ $(< state) == 'NoNewPrivs:0 Seccomp:0' ]] || fail "=> report: $(< state)"
}

@test "outputs of every kind: devices, descriptors, pipes, links, other file systems" {
	local want=$'a,b\n1,2' shm
	run_tool 0 csvcat -o /dev/stdout x.csv
	[[ $output == "$want" ]]
	run_shell 0 'csvcat -o /dev/fd/7 x.csv 7> seven'
	[[ $(< seven) == "$want" ]]
	run_shell 0 'csvcat -o >(cat > eight; : > ended) x.csv'
	wait_until -e ended
	[[ $(< eight) == "$want" ]]
	mkfifo pipe
	cat pipe > nine &
	run_tool 0 csvcat -o pipe x.csv
	wait $!
	[[ $(< nine) == "$want" ]]
	run_tool 0 csvcat -o /dev/null --ledger /dev/null --about /dev/null --stats /dev/null x.csv
	mkdir -p there/below
	echo old > there/below/file
	ln -s there/below/file link
	run_tool 0 csvcat -o link x.csv
	[[ -L link && $(< there/below/file) == "$want" ]]
	run_shell 0 'cd there && csvcat -o below/new ../x.csv && csvcat -o ../up ../x.csv && csvcat -o here ../x.csv'
	[[ $(< there/below/new) == "$want" && $(< up) == "$want" && $(< there/here) == "$want" ]]
	shm=$(mktemp -d /dev/shm/sheaf-XXXXXX)
	run_tool 0 csvcat -o "$shm/all" --ledger ledger x.csv
	[[ $(< "$shm/all") == "$want" ]]
	rm -r "$shm"
	run_shell 0 'csvcat <(cat x.csv) <(cat x.csv)'
	[[ $output == $'a,b\n1,2\n1,2' ]]
	work_folder
	run_tool 0 report --output report.txt work
	run_tool 0 report --output /dev/null work
	run_tool 0 report --output /dev/stdout work
	[[ -s report.txt ]]
}

@test "files beside the output, each in a folder of its own; statistics and the log, new and old" {
	local round
	mkdir o l a r s e
	for round in 1 2; do
		SHEAF_LOG=e/log run_tool 3 csvcat -o o/x --ledger l/x --about a/x --rejects r/x --stats s/x x.csv bad.csv
		[[ $(wc -l < s/x) == "$round" && $(wc -l < e/log) == "$round" && $(wc -l < l/x) == 1 && -s a/x && -s r/x ]]
		[[ $(echo [oalrse]/*) == 'a/x e/log l/x o/x r/x s/x' ]] || fail "=> $(echo [oalrse]/*)"
	done
	SHEAF_LOG=e/log run_tool 1 csvcat -o o/x --ledger l/x x.csv bad.csv
	[[ $(wc -l < e/log) == 3 && $(echo o/* l/*) == 'o/x l/x' ]]
	SHEAF_LOG=e/log run_tool 1 verify there
	(($(wc -l < e/log) > 3))
}

@test "temporary files go where TMPDIR says, and there only" {
	{ echo a,b && yes 1,2 | head -n 700000; } > big.csv
	run_shell 0 'csvcat --union big.csv y.csv | tail -n 1'
	[[ $output == 3,4 ]]
	[[ -z $(ls spool) ]]
	unset TMPDIR
	run_shell 0 'csvcat --union big.csv y.csv | tail -n 1'
	[[ $output == 3,4 ]]
	TMPDIR=$TMP/none run_tool 1 csvcat --union big.csv y.csv
	says "$TMP/none: no temporary file"
}

@test "a large output is written by a thread" {
	{ echo a,b && yes 1,2 | head -n 6000000; } > big.csv
	run_tool 0 csvcat -o made big.csv
	same big.csv made
}
