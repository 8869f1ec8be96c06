#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test-matrix.sh BUILD: the same trace gives the same bytes whatever the rings, their sizes, the features of transport and
# queues, and the engine; over many queue pairs the same frames and verdicts in the same order. Every program and trace
# takes its turn, and traces/expected says what has to come out. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: test-matrix.sh BUILD}
refnic=$build/refnic
[ -x "$refnic" ] || { echo "test-matrix.sh: $refnic is not there; make all builds it" >&2; exit 2; }
. testbench/tools/tap.sh

# A start under ASan takes a quarter of a second.
every=1
if grep -q __asan_init "$refnic"; then
	every=4
fi

# What reads queue or CPU, or has maps with a value for each CPU, says something else over many queues. These do not:
no_queue=' balancer blocklist options pass ports reject router xdp1 xdp2 '

for object in "$build"/progs/*.bpf.o; do
	program=$(basename "$object" .bpf.o)
	eval "options_$program=\$(testbench/tools/golden --options \$program)"
	for trace in traces/*.pcap traces/*.pcapng; do
		trace=${trace#traces/}
		echo "$program $trace"
		expected=traces/expected/$program/$trace
		{ cat "$expected/SHA256SUMS" && (cd "$expected" && sha256sum maps.json report.json); } >"$tmp/$program.$trace.sums"
	done
done >"$tmp/replays"

# Title, program, trace, options of each run. The rows are an orthogonal array: switch s is off in the rows that have an odd
# number of bits in common with its mask. As all masks have an odd number of bits, any three switches take each of their
# settings in equally many rows; the first five take all of theirs.
runs() {
	awk -v every=$every '
	function odd(a, b,    bits) {
		for (; a && b; b = int(b / 2)) {
			bits += a % 2 * (b % 2)
			a = int(a / 2)
		}
		return bits % 2
	}
	BEGIN {
		rings = split("split:1 split:2 split:256 split:32768 packed:1 packed:2 packed:3 packed:256 packed:32768", ring)
		switches = split("jit:1 in_order:2 ring_indirect_desc:4 ring_event_idx:8 mrg_rxbuf:16 notification_data:7 " \
			"notif_config_data:11 ring_reset:13 suspend:14 access_platform:19 order_platform:21 notf_coal:22 " \
			"vq_notf_coal:25 device_stats:26 mtu:28 mq:31", name)
		for (s = 1; s <= switches; s++) {
			split(name[s], part, ":")
			name[s] = part[1]
			mask[s] = part[2]
		}
	}
	{ replay[NR] = $0 }
	END {
		for (r = 1; r <= rings; r++) {
			split(ring[r], part, ":")
			for (row = r % every; row < 32; row += every) {
				options = "--ring " part[1] " --queue-size " part[2] " --engine " (odd(row, mask[1]) ? "interp" : "jit")
				if (odd(row, 3)) # the device watches the driver, which is without fault
					options = options " --strict"
				for (s = 2; s <= switches; s++)
					options = options " --feature " name[s] "=" (odd(row, mask[s]) ? "off" : "on")
				title = part[1] "_queues_of_" part[2]
				print title, "pass", "jumbo.pcap", options
				print title, replay[++turn % NR + 1], options
			}
		}
	}' "$tmp/replays"
}

# The same over several queue pairs.
runs_over_queues() {
	awk -v no_queue="$no_queue" -v every=$every '
	BEGIN {
		pairs = split("2 3 8 128", count)
		ways = split("--ring split --queue-size 1;--ring packed --queue-size 3 --feature in_order=on;" \
			"--ring split --feature mrg_rxbuf=off;--ring packed --feature ring_event_idx=off --engine interp;" \
			"--ring packed --queue-size 1 --feature mrg_rxbuf=off", way, ";")
	}
	index(no_queue, " " $1 " ") { replay[++replays] = $0 }
	END {
		for (p = 1; p <= pairs; p++)
			for (i = p % every + 1; i <= replays; i += every)
				print count[p] "_queue_pairs", replay[i], "--strict --queues " count[p], way[(i + p) % ways + 1]
	}' "$tmp/replays"
}

# same PROGRAM TRACE: what was written is what is expected.
same() {
	(cd "$tmp/out" && exec sha256sum --quiet -c "$tmp/$1.$2.sums") >"$tmp/log" 2>&1
}

# same_over_queues PROGRAM TRACE: but for the queues that the verdicts have.
same_over_queues() {
	if [ ! -d "$tmp/one/$1/$2" ]; then
		mkdir -p "$tmp/one/$1"
		replay "$1" "$2" "$tmp/one/$1/$2" || return 1
	fi
	"$refnic" diff --any-queue "$tmp/one/$1/$2" "$tmp/out" >"$tmp/log" 2>&1
}

replay() { # replay PROGRAM TRACE DIR OPTION...
	program=$1 trace=$2 dir=$3
	shift 3
	eval "set -- \$options_$program \"\$@\""
	"$refnic" replay "$build/progs/$program.bpf.o" "traces/$trace" "$@" -o "$dir" >"$tmp/log" 2>&1
}

# compare COMMAND: reads runs, prints a line for each that COMMAND finds to be different, and one for each title.
compare() {
	title=
	while read -r next program trace options; do
		if [ "$next" != "$title" ]; then
			[ -z "$title" ] || echo "$wrong $count combinations of $title"
			title=$next wrong=0 count=0
		fi
		count=$((count + 1))
		# shellcheck disable=SC2086
		if ! replay "$program" "$trace" "$tmp/out" $options || ! "$1" "$program" "$trace"; then
			wrong=$((wrong + 1))
			echo "# $program $trace $options"
			sed 's/^/#   /' "$tmp/log"
		fi
	done
	echo "$wrong $count combinations of $title"
}

{ runs | compare same; runs_over_queues | compare same_over_queues; } | awk '
	/^#/ { print; next }
	{
		bad = $1
		sub(/^[0-9]+ /, "")
		gsub(/_/, " ")
		print (bad ? "not ok " : "ok ") ++n " - " $0
		failed += bad
	}
	END { print "1.." n; exit failed > 0 }'
