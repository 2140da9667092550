# For the suites of csvcat: small files, as arguments, as a tar stream, and as one that arrives in small odd pieces.

# in pieces of 1, 2, 3, 5, 7, 11, 13 bytes
dribble() {
	/usr/bin/python3 -c '
import itertools, os, sys
data = sys.stdin.buffer.read()
at = 0
for n in itertools.cycle((1, 2, 3, 5, 7, 11, 13)):
    if at >= len(data):
        break
    os.write(1, data[at:at + n])
    at += n'
}

# files TEXT...: f1, f2, ... in in/; printf's escapes are understood.
files() {
	local text n=0
	rm -rf in
	mkdir in
	for text; do
		((++n))
		printf '%b' "$text" > "in/f$n"
	done
}

# gives OPTIONS WANT TEXT...: csvcat OPTIONS of files with these texts gives WANT, whichever way they come.
gives() {
	local options=$1 want=$2
	shift 2
	files "$@"
	printf '%b' "$want" > want
	tar --format=pax -cf in.tar in/f*
	# shellcheck disable=SC2086 # options are words
	run_tool 0 csvcat $options in/f*
	silent
	same want out
	run_shell 0 'csvcat -t $1 < in.tar' "$options"
	same want out
	run_shell 0 "$(declare -f dribble)"'; dribble < in.tar | csvcat -t $1' "$options"
	same want out
}

# refuses OPTIONS MESSAGE TEXT...: an error of one line that holds MESSAGE, nothing of -o is left.
refuses() {
	local options=$1 message=$2
	shift 2
	files "$@"
	tar --format=pax -cf in.tar in/f*
	# shellcheck disable=SC2086
	run_tool 1 csvcat $options -o made in/f*
	says "$message"
	run_shell 1 'csvcat -t $1 -o made < in.tar' "$options"
	says "$message"
	run_shell 1 "$(declare -f dribble)"'; dribble 2> /dev/null < in.tar | csvcat -t $1 -o made' "$options"
	says "$message"
	[[ -z $(echo made*) || $(echo made*) == 'made*' ]] || fail "=> something was left: $(echo made*)"
}
