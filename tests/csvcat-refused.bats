#!/usr/bin/env bats
# csvcat: what is no CSV by its rules, or by no rule that can be told, is refused with the line, however it comes; what only looks
# like it is taken.
load helpers
load csvcat

setup() {
	fresh_environment
}

@test "text behind a closing quote: two rows would become one" {
	local options
	for options in '' -u '--columns c,b' '--ragged pad'; do
		refuses "$options" 'in/f1: line 3: text behind a closing quote (the record begins on line 2)' 'b,c\n"7\\"",u\n"8\\"",w\n'
		refuses "$options" 'in/f2: line 3: text behind a closing quote (the record begins on line 2)' 'b,c\n1,2\n' 'b,c\n"4 feet,1\n"5 feet,2\n'
	done
	refuses '-d \t' 'in/f1: line 4: text behind a closing quote (the record begins on line 3)' 'k\tv\n1\tx\n2\t"12 inch\n3\t"13 inch\n'
	refuses '' 'in/f1: line 1: text behind a closing quote (the record begins on line 1)' '"k"x,v\n1,2\n'
	refuses '' 'in/f1: line 2: text behind a closing quote' 'k,v\n"1" "2",3\n'
	refuses '' 'in/f1: line 2: text behind a closing quote' 'k,v\n"1"\r"2",3\n'
	refuses '' 'in/f1: line 2: text behind a closing quote' 'k\n"1"\0000\n'
	# rows before it are looked at first
	refuses '' 'in/f1: line 2: 1 field' 'k,v\n1\n"1"x,2\n'
	# blanks may follow
	gives '' 'k,v\n"1" ,"2"\t\n"3"  ,""\n' 'k,v\n"1" ,"2"\t\n"3"  ,""\n'
	gives '-d ;' 'k;v\n"1;"" " ;"\n"\n' 'k;v\r\n"1;"" " ;"\n"\r\n'
	refuses '-d \t' 'in/f1: line 2: text behind a closing quote' 'k\tv\n"1" x\t2\n'
}

@test "blanks before an opening quote: a field that it does not close" {
	local options
	for options in '' -u '--columns c,a --drop-extra' '--ragged pad'; do
		refuses "$options" 'in/f1: line 2: a field that begins with blanks and a quote' 'a,c\n1, "x\ny, z"\n'
		refuses "$options" 'in/f1: line 3: a field that begins with blanks and a quote' 'a,c\n1,2\n1,\t "x, y"\n'
		refuses "$options" 'in/f1: line 2: a field that begins with blanks and a quote' 'a,c\n1,  "'
	done
	refuses '' 'in/f1: line 1: a field that begins with blanks and a quote' 'a, "c\nd"\n1,2\n'
	refuses '' 'in/f1: line 2: a field that begins with blanks and a quote' 'a,c\n "1 ""2,3\n'
	# what it closes, and quotes that were not meant to open
	gives '' 'a,c\n1, "x"\n2,\t"x ""y"" z" \n' 'a,c\n1, "x"\n2,\t"x ""y"" z" \n'
	gives '' 'a,c\n5" ,6 "7\n8 x " y,\n' 'a,c\n5" ,6 "7\n8 x " y,\n'
	gives '-d \t' 'a\tc\n\t5"\n' 'a\tc\n\t5"\n'
}

@test "a CR alone is data where the header ends in LF or CRLF" {
	gives '--ragged pad' 'a,b,c\n1,x\ry,\n2,z\r,3\n' 'a,b,c\n1,x\ry\n2,z\r,3\n'
	gives '' 'a,b\nx\r\ry,1\n\rz,2\n' 'a,b\r\nx\r\ry,1\r\n\rz,2\r\n'
	gives '' 'a\n1\r2\r3\n' 'a\n1\r2\r3\r'
	gives '' 'a,b\n"x\ry","\r"\n' 'a,b\n"x\ry","\r"\n'
	# a field that would end the row with it is quoted, since it would become a line end
	gives '--columns b,a' 'b,a\n1,"x\r"\n2,2\n' 'a,b\nx\r,1\n2,2\n'
	gives '-u' 'a,b,c\n1,2,\nq,"z""\r",\n"""\r","\r",\n' 'a,b\n1,2\n' 'b,a\nz"\r,q\n\r,"""\r"\n' 'c\n'
	# but not where there is no doubt, and not what would get lost
	refuses '' 'in/f1: line 2: ends with two carriage returns' 'a,b\n1,x\r\r\n'
	refuses -u 'in/f1: line 3: ends with two carriage returns' 'a,b\r\n1,2\r\n1,x\r\r\n'
	gives '' 'a,b\n1,2\n' 'a,b\r\r\n1,2\r\r\n'
	# the line, as a file whose lines end in LF has it
	refuses '' 'in/f1: line 3: 1 field' 'a,b\n1,x\ry\rz\n1\n'
}

@test "a CR alone ends rows where it ends the header; LF then ends none" {
	local options
	gives '' 'a,b\n1,2\n3,"x\ny"\n' 'a,b\r1,2\r3,"x\ny"\r'
	gives -u 'a,b,c\n1,2,\n4,,3\n' 'a,b\r1,2' 'c,a\r\r3,4\r'
	for options in '' -u '--ragged pad'; do
		refuses "$options" 'in/f1: line 2: ends with a line feed, but the header with a carriage return' 'na\rme,x\n1,2\n'
		refuses "$options" 'in/f2: line 3: ends with a line feed' 'a\r1\r' 'a\r1\r2\n3\n'
		refuses "$options" 'in/f1: line 2: ends with a line feed' 'a\r1\r\n'
	done
	refuses '' 'in/f1: line 3: 1 field' 'a,b\r1,2\r3\r'
}

@test "a line sep= for Excel is no header" {
	refuses '-d ;' "in/f1: line 1: 'sep=;' tells Excel the delimiter, and is no header" 'sep=;\nk;v\n1;2\n'
	refuses '' "in/f1: line 1: 'sep=,' tells Excel" '\0357\0273\0277sep=,\r\nk,v\r\n1,2\r\n'
	refuses '-d \t' "in/f2: line 2: 'SEP=\\x09' tells Excel" 'k\tv\n1\t2\n' '\nSEP=\t\nk\tv\n'
	refuses '-u' "in/f1: line 1: '\"sep=|\"' tells Excel" '"sep=|"\nk|v\n'
	refuses '' "in/f1: line 1: 'sep=,,,' tells Excel" 'sep=,,,\nk,v,w,x\n'
	gives '' 'sep=,v\n1,2\n' 'sep=,v\n1,2\n'
	gives '' 'sep=1\n1\n' 'sep=1\n1\n'
	gives '' 'k\nsep=;\n' 'k\nsep=;\n'
}

# in_encoding NAME TEXT: TEXT in Python's encoding of that name, with backslashes as printf wants them
in_encoding() {
	printf '%b' "$2" | /usr/bin/python3 -c '
import sys
print("".join("\\0%03o" % b for b in sys.stdin.buffer.read().decode().encode(sys.argv[1])), end="")' "$1"
}

@test "UTF-16 and UTF-32 in every form, a NUL in the header" {
	local encoding text options='' coded
	for encoding in utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be; do
		for text in 'k,v\n1,2\n' 'k\n1\n' '\0316\0261\0316\0262\n1\n' '\0320\0266\0320\0267\0320\0271\n\0304\0215a\n' '"k"\n1\n' 'k\r\n1\r\n' \
			'\nk\n1\n' '\0344\0270\0255\0346\0226\0207\n1\n' 'k,\0320\0266\n1,2' 'k' '\0320\0266\0320\0267'; do
			coded=$(in_encoding $encoding "$text")
			# without a BOM, a NUL and a line end nothing tells
			[[ $encoding != utf-16-be || $text != '\0320\0266\0320\0267' ]] || continue
			refuses "$options" 'csvcat: in/f1: ' "$coded"
			grep -qE 'UTF-(16|32)' err || fail "=> $encoding $text: $(< err)"
			[[ $options ]] && options='' || options='--union --ragged pad'
		done
	done
	refuses '' 'in/f1: line 1: UTF-32' "$(in_encoding utf-32-le 'k,v\n1,2\n')"
	refuses '' 'in/f2: line 2: a NUL in the header: binary data, or UTF-16' 'k,v\n1,2\n' '\nk,v\0000w\n'
	refuses -u 'in/f2: line 1: a NUL in the header' 'k,v\n1,2\n' '"k\n\0000",v\n'
	refuses '' 'in/f1: line 1: a NUL in the header' 'k,v\0000'
	mkdir archive
	printf 'k,v\n1,2\n' > archive/a.csv
	tar -cf archive.csv archive/a.csv
	run_tool 1 csvcat -u archive/a.csv archive.csv
	says 'csvcat: archive.csv: line 1: not CSV, but a tar archive'
	# NULs in rows, and control characters in names, are kept
	gives '' 'k,v\n\0000,1\0000\n' 'k,v\n\0000,1\0000\n'
	gives '' 'a\0001b\0001c\n1\n' 'a\0001b\0001c\n1\n'
	gives '-d \t' 'a\tb\t\n1\t2\t\n' 'a\tb\t\n1\t2\t\n'
	gives '' 'a\tb\t\n1\t\n' 'a\tb\t\n1\t\n'
}

@test "Ctrl-Z at the end of a DOS file" {
	local options
	for options in '' -u '--ragged pad'; do
		refuses "$options" 'in/f1: line 3: a Ctrl-Z, the end of a DOS file' 'k\r\n7\r\n\0032'
		refuses "$options" 'in/f1: line 3: a Ctrl-Z' 'k\r\n7\r\n\0032\r\n'
		refuses "$options" 'in/f2: line 2: a Ctrl-Z' 'k\n7\n' 'k\n8\0032'
		refuses "$options" 'in/f1: line 3: a Ctrl-Z' 'k,v\n7,8\n\0032'
		refuses "$options" 'in/f1: line 3: a Ctrl-Z' 'k,v\n7,8\n\0032\n9,9\n'
		refuses "$options" 'in/f1: line 2: a Ctrl-Z' 'k,v\n7,8\0032\0032\0032'
		refuses "$options" 'in/f1: line 2: a Ctrl-Z' 'k\n\0032\n1\n'
		refuses "$options" 'in/f1: line 1: a Ctrl-Z' 'k,v\0032'
	done
	gives '' 'k,v\n1\0032,\0032 2\n' 'k,v\n1\0032,\0032 2\n'
	gives '' 'k\n1\0032\n2\n' 'k\n1\0032\n2\n'
}

@test "the whole is left out with --rejects, and the rest is there" {
	local bad
	for bad in 'a,b\n1,2\n"3"x,4\n' 'a,b\n1,2\n3, "4\n' 'a,b\r1,2\n' 'a,b\n1,2\r\r\n' 'sep=,\na,b\n1,2\n' 'a,b\0000\n1,2\n' 'a,b\n1,2\n\0032'; do
		files 'a,b\n5,6\n' "$bad" 'a,b\n7,8\r\n'
		run_tool 3 csvcat --rejects rejects in/f1 in/f2 in/f3
		[[ $output == $'a,b\n5,6\n7,8' ]] || fail "=> $bad"
		run_tool 3 csvcat --rejects rejects in/f2 in/f1 in/f3
		[[ $output == $'a,b\n5,6\n7,8' && $(wc -l < rejects) == 1 ]] || fail "=> $bad"
	done
}

# names SHOWN WHY FIRST SECOND: the header SECOND is refused behind FIRST, and FIRST behind SECOND, both with it shown so
names() {
	local options
	for options in '' "--columns ${3//[^a-z]/}"; do
		refuses "$options" "'$1'" "$3\n1\n" "$4\n1\n"
		grep -qF -- " ($2)" err || fail "=> $(< err)"
	done
	refuses '' "'$1'" "$4\n1\n" "$3\n1\n"
	grep -qF -- " ($2)" err || fail "=> $(< err)"
}

@test "names that look alike: what is not seen is shown, and said" {
	names '<U+FEFF>key' 'U+FEFF is a byte order mark' key '\0357\0273\0277\0357\0273\0277key'
	names 'key<U+00A0>' 'U+00A0 is a no-break space' key 'key\0302\0240'
	names 'ke<U+200B>y' 'a character without width' key 'ke\0342\0200\0213y'
	names 'key<U+00AD>' 'a character without width' key 'key\0302\0255'
	names 'key<U+0020>' 'a blank at an end, or two in a row' key 'key '
	names '<U+0009>key' 'a blank at an end, or two in a row' key '\tkey'
	names 'k<U+3000>y' 'a space other than U+0020' key 'k\0343\0200\0200y'
	names 'e<U+0301>t' 'an accent or a part of a letter that is a character of its own (NFD instead of NFC)' key 'e\0314\0201t'
	refuses '' "lacks 'ét', adds 'e<U+0301>t' (an accent" '\0303\0251t\n' 'e\0314\0201t\n'
	refuses '' "lacks '한', adds '<U+1112><U+1161><U+11AB>' (an accent" '\0355\0225\0234\n' '\0341\0204\0222\0341\0205\0241\0341\0206\0253\n'
	refuses '' "lacks 'a <U+0020>b', adds 'a b'" 'a  b,c\n' 'a b,c\n'
	refuses -u "column '<U+FEFF>a' appears twice (U+FEFF is a byte order mark)" 'x,\0357\0273\0277a,\0357\0273\0277a\n'
	refuses '' "column 1 is '<U+00A0>b', not 'a' (U+00A0" 'a,\0302\0240b,c\n' '\0302\0240b,a,c\n'
	# what is seen is shown as it is, and no UTF-8 by its bytes
	refuses '' "lacks 'größe', adds 'Größe'" 'größe\n' 'Größe\n'
	grep -qv 'U+' err
	refuses '' "adds 'gr\\xf6\\xdfe'" 'größe\n' 'gr\0366\0337e\n'
}

@test "one field in the header and more in a row, or other columns: is the delimiter another one?" {
	refuses '' "in/f1: line 2: 2 fields, but the header has 1; is the delimiter ';' (--delimiter ';')?" 'k;v\n1;2,5\n'
	refuses -u "in/f2: line 3: 3 fields, but the header has 1; is the delimiter '|' (--delimiter '|')?" 'k\n1\n' 'k|v\n1\n1|2,3,4\n'
	refuses '' "2 fields, but the header has 1; is the delimiter a tab (--delimiter '\\t')?" 'k\tv\n1\t2,5\n'
	refuses '-d ;' "2 fields, but the header has 1; is the delimiter ',' (--delimiter ',')?" 'k,v\n1;2,5\n'
	refuses '' "lacks 'k', lacks 'v', adds 'k;v'; is the delimiter ';' (--delimiter ';')?" 'k,v\n1,2\n' 'k;v\n1;2\n'
	refuses '--columns k,v' "column 'k;v' is not among --columns (--drop-extra leaves it out); is the delimiter ';'" 'k;v\n1;2\n'
	# no sign of another, no guess
	refuses '' '2 fields, but the header has 1' 'k\n1,2\n'
	grep -qv delimiter err
	refuses '' '3 fields, but the header has 2' 'k,v;w\n1,2,3\n'
	grep -qv delimiter err
}

@test "a first file whose header no other has is named" {
	local stray='<html>\n<body>No such page</body>\n' i
	refuses '' "in/f2: line 1: a different header than the files before it: lacks '<html>', adds 'k', adds 'v'; so far, only 'in/f1' has the other header" \
		"$stray" 'k,v\n1,2\n' 'k,v\n1,2\n'
	refuses '' "adds '<html>'" 'k,v\n1,2\n' 'k,v\n3,4\n' "$stray"
	grep -qv 'so far' err
	# where bad files are left out, all others would be
	for i in '' 'x\n9\n'; do
		files "$stray" ${i:+"$i"} 'k,v\n1,2\n' '' '"k",v\n3,4\n' 'k,v\n5,6\n'
		run_tool 1 csvcat --rejects rejects -o made in/f*
		tail -n 1 err | grep -qx 'csvcat: in/f1: no other file has its header, and 3 files agree in another: it is likely the odd one, so leave it out' ||
			fail "=> $(tail -n 1 err)"
		[[ $(echo made* rejects*) == 'made* rejects*' ]]
		tar -cf in.tar in/f*
		run_shell 1 'csvcat --rejects rejects -t -o made < in.tar'
	done
	# two that agree are no proof, if others go with the first
	files 'a\n1\n' 'b\n2\n' 'b\n3\n' 'b\n4\n' '"a"\n5\n'
	run_tool 3 csvcat --rejects rejects in/f*
	[[ $output == $'a\n1\n5' && $(wc -l < rejects) == 3 ]]
	files 'a\n1\n' 'b\n2\n' 'c\n3\n'
	run_tool 3 csvcat --rejects rejects in/f*
	# a first file that is bad itself has no say
	files "$stray"'"open\n' 'k,v\n1,2\n' 'k,v\n3,4\n'
	run_tool 3 csvcat --rejects rejects in/f*
	[[ $output == $'k,v\n1,2\n3,4' && $(wc -l < rejects) == 1 ]]
}
