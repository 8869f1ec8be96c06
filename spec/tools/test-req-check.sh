#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Tests req-check: that it passes a small tree in which all is well, and finds each thing that can be wrong. Prints TAP.
set -u
tools=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM
tree=$tmp/tree
n=0
failed=0

result() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' "$tmp/said"
		failed=1
	fi
}

row() {
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$@" >> "$tree/spec/requirements.tsv"
}

# A tree with two testable requirements, one that is not, one to come, and a statement of virtio.
fresh() {
	rm -rf "$tree"
	mkdir -p "$tree/spec/xdp-offload" "$tree/testbench/conform" "$tree/testbench/unit/fw" "$tree/fw"
	cat > "$tree/spec/xdp-offload/text.tex" << 'END'
\section{Things}

Some words.

\devicenormative{\subparagraph}{Things}{Here / Things}

\req{XO-001}{The device MUST do
\field{one} thing.}

\req{XO-002}{The device MUST NOT do another.}

\req{XO-003}{The device SHOULD be good.}

\drivernormative{\subparagraph}{Things}{Here / Things}

\req{XO-004}{The driver MUST wait.}
END
	printf '%s\n' '\item \ref{devicenormative:Here / Things}' > "$tree/spec/xdp-offload/conformance-device.tex"
	printf '%s\n' '\item \ref{drivernormative:Here / Things}' > "$tree/spec/xdp-offload/conformance-driver.tex"
	printf 'id\tside\tlevel\tlabel\tsummary\thash\tstatus\n' > "$tree/spec/requirements.tsv"
	row XO-001 device MUST "devicenormative:Here / Things" "One thing" 0 testable
	row XO-002 device "MUST NOT" "devicenormative:Here / Things" "No other" 0 testable
	row XO-003 device SHOULD "devicenormative:Here / Things" "Good" 0 "untestable: a matter of taste"
	row XO-004 driver MUST "drivernormative:Here / Things" "It waits" 0 "testable; later: clocks"
	row VN-0123abcd device MUST "Elsewhere" "A statement of virtio" - testable
	cat > "$tree/testbench/conform/test_things.c" << 'END'
Test(XO, XO_001)
{
}

Test(XO, XO_002)
{
}
END
	echo '/* req: VN-0123abcd */' > "$tree/fw/things.c"
	"$tools/req-check" --update "$tree" > /dev/null 2>&1
}

# passes NAME: the gate passes the tree as it is now.
passes() {
	"$tools/req-check" "$tree" > "$tmp/said" 2>&1
	result $? "$1"
}

# finds NAME WORDS: the gate fails, and says WORDS.
finds() {
	if "$tools/req-check" "$tree" > "$tmp/said" 2>&1; then
		echo "it passed" >> "$tmp/said"
		result 1 "$1"
	else
		grep -qF -- "$2" "$tmp/said"
		result $? "$1"
	fi
	fresh
}

text=$tree/spec/xdp-offload/text.tex
table=$tree/spec/requirements.tsv
test=$tree/testbench/conform/test_things.c

fresh
passes "all is well"
grep -q '^requirements: 2 of 2 testable are tested, 1 wait for what is not built (clocks 1), 1 untestable, 0 implementation-defined, 0 withdrawn; 1 of virtio, 0 tested$' "$tmp/said"
result $? "the numbers are told"
sed -i 's/^\\field{one} thing/    \\field{one}   thing/' "$text"
passes "white space does not change a sentence"
sed -i 's/\\field{one}/\\emph{one}/' "$text"
passes "nor does a macro"
fresh
sed -i 's/one} thing/two} things/' "$text"
finds "a changed sentence" "XO-001: the sentence has changed"
sed -i 's/one} thing/two} things/' "$text"
"$tools/req-check" --update "$tree" > /dev/null
passes "--update takes the changed sentence"
fresh
sed -i 's/MUST NOT do/SHOULD NOT do/' "$text"
finds "a changed level" "XO-002: side, level or label"
sed -i '/^.drivernormative/d' "$text"
finds "a changed side" "XO-004: side, level or label"
sed -i 's/XO-003/XO-005/' "$text"
finds "a requirement without a row" "XO-005 of the text has no row"
sed -i '/XO-003/d' "$text"
finds "a row without a requirement" "XO-003: the text has no such requirement"
sed -i 's/^.req{XO-003}{The device SHOULD be good.}/&\n\n\\req{XO-005}{The device MUST be new.}/' "$text"
"$tools/req-check" --update "$tree" > /dev/null
finds "a new row that nobody has completed" "XO-005: no summary"
sed -i '/XO-003/d' "$text" "$table"
row XO-003 device SHOULD "devicenormative:Here / Things" "Good" 0 "withdrawn: nobody was"
sed -i '/^XO-004/{h;d};$G' "$table"
passes "a withdrawn requirement keeps its id"
fresh
sed -i 's/untestable: a matter of taste/withdrawn: nobody was/' "$table"
finds "a withdrawn requirement that the text has" "XO-003: withdrawn, but the text has it"
sed -i 's/{XO-002}/{XO-001}/' "$text"
finds "an id twice in the text" "XO-001 is there twice"
sed -n 2p "$table" > "$tmp/row" && cat "$tmp/row" >> "$table"
finds "an id twice in the table" "XO-001: the id is there twice"
sed -i '/^XO-002/d' "$table"
finds "a gap between the ids" "the ids are not dense: XO-002 expected"
echo 'VN-89abcdef contradicts itself.' > "$tree/spec/findings.md"
passes "a finding on a statement that has no row"
mv "$tree/spec/findings.md" "$tree/spec/answers.md"
finds "an unknown id in another document" "spec/answers.md:1: VN-89abcdef is not in"
sed -i '/^VN-/d' "$table"
finds "an unknown id in a comment" "fw/things.c:1: VN-0123abcd is not in"
echo 'See XO-098.' > "$tree/spec/answers.md"
finds "an unknown id in a document" "spec/answers.md:1: XO-098 is not in"
echo 'Test(fw, XO_099)' >> "$tree/testbench/unit/fw/test_more.c"
finds "an unknown id in a test's name" "testbench/unit/fw/test_more.c:1: test XO_099: XO-099 is not in"
sed -i 's/XO_002/XO_001_again/' "$test"
finds "a MUST NOT without a test" "XO-002: no test is named XO_002"
sed -i 's/XO_001/XO_0010/' "$test"
finds "a longer number is another id" "XO-001: no test is named XO_001"
sed -i 's/^Test(XO, XO_001)/Test(XO, XO_001, .disabled = true)/' "$test"
finds "a disabled test is none" "XO-001: no test is named XO_001"
sed -i 's/^Test(XO, XO_001)/\/\/ &/' "$test"
finds "a test in a comment is none" "XO-001: no test is named XO_001"
sed -i 's/testable; later: clocks/testable/' "$table"
finds "a MUST of a driver without a test" "XO-004: no test is named XO_004"
mv "$test" "$tree/testbench/unit/fw/test_things.c"
passes "tests can be unit tests too"
fresh
rm "$test"
finds "no tests at all" "no test is named by a requirement"
sed -i 's/untestable: a matter of taste/untestable/' "$table"
finds "untestable without a reason" 'status "untestable"'
sed -i 's/\tGood\t/\t/' "$table"
finds "a row with too few columns" "XO-003: 6 columns instead of 7"
sed -i 's/\tGood\t/\t\t/' "$table"
finds "a row without a summary" "XO-003: no summary"
sed -i 's/\t-\t/\t0\t/' "$table"
finds "a statement of virtio with a hash" "VN-0123abcd: the hash is -"
sed -i 's/^Some words/A device MUST obey/' "$text"
finds "a MUST that has no id" "MUST, SHOULD or MAY outside of"
sed -i 's/one} thing.}/one} thing.} And more./' "$text"
finds "text behind a requirement" "the paragraph goes on"
sed -i 's/SHOULD be good/is good/' "$text"
finds "a requirement that requires nothing" "XO-003: no MUST, SHOULD or MAY"
: > "$tree/spec/xdp-offload/conformance-driver.tex"
finds "a section that is not listed for conformance" "conformance-driver.tex: does not list drivernormative:Here / Things"
rm "$table"
"$tools/req-check" "$tree" > "$tmp/said" 2>&1
[ $? -eq 2 ]
result $? "no table"
echo "1..$n"
exit $failed
