#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test-report.sh [BUILD]: spec/tools/report on a project made up for it, whose tests end in every way. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
. testbench/tools/tap.sh
report=$PWD/spec/tools/report

has() { # has PATTERN: the page has a line with it
	grep -qe "$1" "$tmp/page"
}

# says ID RESULT: the statement's row ends with this result
says() {
	grep -e "<tr id=\"$1\">" -A 9 "$tmp/page" | sed '/<\/tr>/q' | tr -d '\n' | grep -qe "class=\"$2\""
}

root=$tmp/root
build=$tmp/build
mkdir -p "$root/spec" "$root/fw" "$root/device-model" "$root/guest-driver" "$build"
cp device-model/virtio_status.def "$root/device-model/"
{
	printf 'id\tside\tlevel\tlabel\tsummary\thash\tstatus\n'
	row() { printf '%s\tdevice\t%s\tdevicenormative:Here / There\tSums <up> & "quotes" %s\t-\t%s\n' "$1" "$2" "$1" "$3"; }
	row XO-001 MUST testable
	row XO-002 MUST testable
	row XO-003 'MUST NOT' testable
	row XO-004 MUST 'untestable: nobody sees it'
	row XO-005 MUST 'testable; later: migration'
	row XO-006 SHOULD testable
	row XO-007 MUST 'withdrawn: gone'
	row VN-0123abcd MUST testable
	row VN-0123abcd-2 MAY 'implementation-defined: permitted'
} >"$root/spec/requirements.tsv"
echo '/* req: XO-001, VN-0123abcd: twice XO-0011 */' >"$root/fw/a.c"

# program NAME LINE...: a test program that prints these lines of TAP
program() {
	file=$build/$1
	shift
	printf '%s\n' '#!/bin/sh' "cat <<'TAP'" 'TAP version 13' "$@" 'TAP' >"$file"
	chmod +x "$file"
}

program conform 'ok - XO::XO_001  (0.00s)' 'not ok - XO::XO_002  (0.00s)' '  ---' '  assertions: 1' '  failures:' \
	'  - a.c:1: |+' '      Assertion failed: it is <5>' '  ...' 'ok - XO::XO_003  # SKIP the device has none' \
	'ok - VN::VN_0123abcd  # SKIP test was skipped'
program unit-fw 'ok - a::VN_0123abcd_and_more  (0.00s)' 'ok - a::nothing_XO_0012  (0.00s)'
for p in unit-device-model unit-guest-driver unit-testbench; do
	program $p
done

"$report" "$root" "$build" >"$tmp/page" 2>"$tmp/log"
is 'a failure is status 1' test $? = 1
is 'a test that passes' says XO-001 pass
is 'its place' has 'fw/a.c:1'
is 'one that fails' says XO-002 fail
is 'with what it said' has 'it is &lt;5&gt;'
is 'one that was skipped' says XO-003 skipped
is 'with the reason' has 'the device has none'
is 'a reason of the table' says XO-004 untestable
is 'what is not built yet' says XO-005 later
is 'no test' says XO-006 untested
is 'nothing withdrawn' sh -c "! grep -q XO-007 '$tmp/page'"
is 'a test of another program' says VN-0123abcd pass
is 'an id that is there again' says VN-0123abcd-2 implementation-defined
is 'text is escaped' has 'Sums &lt;up&gt; &amp; &quot;quotes&quot;'
is 'the states' has '>SUSPENDED<'
is 'a line of totals' grep -q '^8 statements: 2 tested, 1 fails, 1 skipped, 1 not testable, 1 left open by the text, 1 not built yet, 1 without a test$' "$tmp/log"
is 'MUSTs' grep -q '^6 MUST and MUST NOT: 2 tested, 3 with a reason, 0 without either$' "$tmp/log"
cp "$tmp/page" "$tmp/first"
"$report" "$root" "$build" >"$tmp/page" 2>"$tmp/log"
is 'the same again' cmp -s "$tmp/first" "$tmp/page"

sed -i 's/^not ok - XO::XO_002.*/ok - XO::XO_002  (0.00s)/' "$build/conform"
"$report" "$root" "$build" >"$tmp/page" 2>"$tmp/log"
is 'no failure is status 0' test $? = 0
sed -i '/XO_001/d' "$build/conform"
"$report" "$root" "$build" >"$tmp/page" 2>"$tmp/log"
is 'a MUST without test or reason is status 1' test $? = 1
is 'and is named' grep -q '^neither tested nor excused: XO-001: ' "$tmp/log"

rm "$build/unit-fw"
"$report" "$root" "$build" >"$tmp/page" 2>"$tmp/log"
is 'no test program is status 2' test $? = 2
is 'and says how to get one' grep -q 'make tests' "$tmp/log"
"$report" "$tmp" "$build" >"$tmp/page" 2>"$tmp/log"
is 'no table is status 2' test $? = 2
"$report" "$root" >"$tmp/page" 2>"$tmp/log"
is 'an argument too few is status 2' test $? = 2

end
