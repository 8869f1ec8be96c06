#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test-fuzz.sh [BUILD]: testbench/tools/fuzz keeps what finds something, and nothing else. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
. testbench/tools/tap.sh

# A program that finds something in one test, at one seed and above.
cat >"$tmp/program" <<'END'
#!/bin/sh
echo "$2 $REFNIC_SEED $REFNIC_FUZZ"
[ "$2" != "fuzz/$BAD" ] || [ "$REFNIC_SEED" -lt 107 ]
END
chmod +x "$tmp/program"
rows() {
	printf 'test\tseed\tcount\twhy it is kept\n'
}
fuzz() { # fuzz BAD SEED: its exit status
	rows >"$tmp/corpus"
	BAD=$1 testbench/tools/fuzz "$tmp/program" 0 "$2" "$tmp/corpus" >"$tmp/log" 2>&1
}

rows >"$tmp/none"
fuzz none 7
is 'nothing is found' test $? = 0
is 'and nothing is kept' cmp -s "$tmp/corpus" "$tmp/none"
is 'it says what was tried' grep -q 'rings: 50 devices, seeds 7 to 56' "$tmp/log"
is 'of steps too' grep -q 'commands: 10000 steps, seeds 7 to 7' "$tmp/log"
for test in rings registers queues filters commands; do
	fuzz $test 107
	is "$test: something is found" test $? = 1
	is "$test: its seed is kept" grep -q "^$test	107	[0-9]*	found by make fuzz" "$tmp/corpus"
	is "$test: it alone" test "$(wc -l <"$tmp/corpus")" = 2
	is "$test: what it said is shown" grep -q "^fuzz/$test 107" "$tmp/log"
done
end
