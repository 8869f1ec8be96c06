#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test-cli.sh BUILD: runs BUILD/refnic on good and on bad input of every kind, and looks at exit status, the one sentence on stderr
# and what is left behind. Prints TAP.
set -u

build=${1:?usage: test-cli.sh BUILD}
refnic=$build/refnic
progs=$build/progs
trace=traces/http.pcap
tools=$(dirname "$0")
# shellcheck source=testbench/tools/tap.sh
. "$tools/tap.sh"

show() {
	{
		echo "exit status $status"
		head -n 5 "$tmp/out"
		echo "stderr:"
		head -n 5 "$tmp/err"
	} | sed 's/^/# /'
}

# STATUS NAME PATTERN COMMAND...: exit status, and a line of stderr that matches PATTERN; a failure says exactly one line.
# Standard input comes from $input.
input=/dev/null
bad() {
	want=$1 name=$2 pattern=$3
	shift 3
	"$@" <"$input" >"$tmp/out" 2>"$tmp/err"
	status=$?
	if [ $status = "$want" ] && grep -qe "$pattern" "$tmp/err" && [ "$(wc -l <"$tmp/err")" = 1 ]; then
		report 0 "$name"
	else
		report 1 "$name"
		show
	fi
}

# NAME PATTERN COMMAND...: exit status 0, nothing on stderr, a line of stdout that matches PATTERN.
good() {
	name=$1 pattern=$2
	shift 2
	"$@" <"$input" >"$tmp/out" 2>"$tmp/err"
	status=$?
	if [ $status = 0 ] && [ ! -s "$tmp/err" ] && grep -qe "$pattern" "$tmp/out"; then
		report 0 "$name"
	else
		report 1 "$name"
		show
	fi
}

holds() { # NAME COMMAND...
	name=$1
	shift
	if "$@" >"$tmp/held" 2>&1; then
		report 0 "$name"
	else
		report 1 "$name"
		sed 's/^/# /' "$tmp/held"
	fi
}

compile() { # FILE TARGET: from stdin
	cat >"$tmp/$1.c"
	${CLANG:-clang} -target "$2" -O2 -g -I"/usr/include/$(uname -m)-linux-gnu" -c -o "$tmp/$1" "$tmp/$1.c" 2>"$tmp/clang" || {
		echo "# clang did not compile $1"
		sed 's/^/# /' "$tmp/clang"
	}
}

le32() { # VALUE...: as little-endian bytes
	for v in "$@"; do
		# shellcheck disable=SC2059
		printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $((v & 255)) $((v >> 8 & 255)) $((v >> 16 & 255)) $((v >> 24 & 255)))"
	done
}

zeros() { # COUNT
	head -c "$1" /dev/zero
}

pcap_header() { # LINKTYPE
	le32 2712847316 $((4 << 16 | 2)) 0 0 262144 "$1"
}

head_of='#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
'

# ---- usage ----

"$refnic" >"$tmp/out" 2>"$tmp/err"
holds 'no command is 2' test $? = 2
holds 'and prints the commands' grep -q '^  replay ' "$tmp/err"
bad 2 'unknown command' "no command 'fly'" "$refnic" fly
good 'help lists the commands' 'replay ' "$refnic" help
bad 2 'help for no command' "no command 'fly'" "$refnic" help fly
good 'help for a command' '^refnic diff DIR DIR' "$refnic" help diff
good 'version' '^refnic [0-9]' "$refnic" --version
for c in replay run verify exec disasm jit-dump conform diff; do
	good "$c --help has an example" '^Example' "$refnic" $c --help
	bad 2 "$c: unknown option" 'no such option: --fly' "$refnic" $c --fly
done
bad 2 'replay without a trace' 'too few arguments' "$refnic" replay "$progs/xdp1.bpf.o"
bad 2 'replay with too much' 'too many arguments' "$refnic" replay a b c
bad 2 'option without its value' 'without its value' "$refnic" replay a b -o
bad 2 "replay --transport is for a later version" "no such option: --transport" "$refnic" replay "$progs/xdp1.bpf.o" $trace --transport split
bad 2 'no such engine' 'jit or interp' "$refnic" replay "$progs/xdp1.bpf.o" $trace --engine x86
bad 2 'queue size 3' 'power of two' "$refnic" replay "$progs/xdp1.bpf.o" $trace --queue-size 3
bad 2 'queue size 0' 'from 1 to 32768' "$refnic" replay "$progs/xdp1.bpf.o" $trace --queue-size 0
good '4 queue pairs' '' "$refnic" replay "$progs/xdp1.bpf.o" $trace --queues 4
bad 2 '0 queue pairs' 'from 1 to 128' "$refnic" replay "$progs/xdp1.bpf.o" $trace --queues 0
bad 2 '129 queue pairs' 'from 1 to 128' "$refnic" replay "$progs/xdp1.bpf.o" $trace --queues 129
bad 2 'queue pairs without multiqueue' 'needs the feature mq' "$refnic" replay "$progs/xdp1.bpf.o" $trace --queues 2 --feature mq=off
bad 2 'no such ring' 'split or packed' "$refnic" replay "$progs/xdp1.bpf.o" $trace --ring round
good 'a packed ring of 3' '' "$refnic" replay "$progs/xdp1.bpf.o" $trace --queue-size 3 --ring packed
good 'a watched driver' 'watched for violations of [0-9]* statements: 0' "$refnic" replay "$progs/xdp1.bpf.o" $trace --strict
good 'a watched driver of packed rings' 'statements: 0' "$refnic" replay "$progs/xdp1.bpf.o" $trace --strict --ring packed --queues 3
good 'a watched driver, as JSON' '"violations": \[\]' "$refnic" replay "$progs/xdp1.bpf.o" $trace --strict --json
bad 2 'speed fast' 'as in 1000 or 10/half' "$refnic" replay "$progs/xdp1.bpf.o" $trace --speed fast
bad 2 'mtu 67' 'from 68 to 65535' "$refnic" replay "$progs/xdp1.bpf.o" $trace --mtu 67
bad 2 'repeat 0' 'from 1 ' "$refnic" replay "$progs/xdp1.bpf.o" $trace --repeat 0
bad 2 'frames backwards' 'A-B' "$refnic" replay "$progs/xdp1.bpf.o" $trace --frames 5-3
bad 2 'unknown feature' 'not offered' "$refnic" replay "$progs/xdp1.bpf.o" $trace --feature flying=on
bad 2 'feature of a later version' 'not offered' "$refnic" replay "$progs/xdp1.bpf.o" $trace --feature rss=on
bad 2 'feature neither on nor off' 'NAME=on' "$refnic" replay "$progs/xdp1.bpf.o" $trace --feature mrg_rxbuf=maybe
bad 2 'feature that the device needs' 'version_1=off' "$refnic" replay "$progs/xdp1.bpf.o" $trace --feature version_1=off
bad 2 'feature that is asked for and needs another one' 'ctrl_rx needs' "$refnic" replay "$progs/xdp1.bpf.o" $trace --feature ctrl_rx=on --feature ctrl_vq=off
bad 2 'feature that another one needs' 'xdp_offload needs' "$refnic" replay "$progs/xdp1.bpf.o" $trace --feature ctrl_vq=off
bad 2 'without the offload' 'xdp_offload' "$refnic" replay "$progs/xdp1.bpf.o" $trace --feature xdp_offload=off
bad 2 'map that the program has not' 'it has protocols' "$refnic" replay "$progs/xdp1.bpf.o" $trace --map nothing=/dev/null
bad 2 'map file that is no JSON' 'no JSON' "$refnic" replay "$progs/xdp1.bpf.o" $trace --map protocols=README.md
printf '[{"prefix": "10.0.0.0/8", "\\u001b[31m\\u000a": 1}]' >"$tmp/escape.json"
bad 2 'terminal codes in a file are not printed' 'route 0 has "?\[31m?"' "$refnic" replay "$progs/forward.bpf.o" $trace --fib "$tmp/escape.json"
bad 2 'several programs: those that no tail call names come first' 'choose one with --program: dispatch, ' "$refnic" replay "$progs/dispatch.bpf.o" $trace
bad 2 'map without a file' 'NAME=FILE' "$refnic" replay "$progs/xdp1.bpf.o" $trace --map protocols
bad 1 'map element that the device refuses' 'element 0' "$refnic" replay "$progs/xdp1.bpf.o" $trace --map protocols=testbench/data/maps/blocklist.json

echo '[{"key":["0","0","0","0"],"value":"nobody"}]' >"$tmp/nobody.json"
bad 1 'a name in a map file that is no program' "no XDP program 'nobody'; it has .*dispatch_arp" "$refnic" replay "$progs/dispatch.bpf.o" $trace --program dispatch --map stages="$tmp/nobody.json"

# ---- entries and records ----

compile sized.o bpf <<E
$head_of
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, __u32); __type(value, __u64); } by_loader SEC(".maps");
SEC("xdp") int f(struct xdp_md *ctx)
{
	__u32 k = 70000;
	__u64 *v = bpf_map_lookup_elem(&by_loader, &k);

	if (v)
		*v = 1;
	return v ? XDP_DROP : XDP_PASS;
}
E
bad 1 'a map of 0 entries' "'by_loader' (type 2 array) has 0 entries.*--entries by_loader=N" "$refnic" replay "$tmp/sized.o" $trace
sed 's/ by_loader SEC(".maps");/& struct one { __uint(type, BPF_MAP_TYPE_HASH); __type(key, __u32); __type(value, __u64); } one SEC(".maps"), two SEC(".maps");/' "$tmp/sized.o.c" | compile sizes.o bpf
bad 1 'several of them are named at once' 'by_loader=N does that here; the same goes for one, two$' "$refnic" verify "$tmp/sizes.o"
good 'and each can be given' 'f: accepted' "$refnic" verify "$tmp/sizes.o" --entries one=1 --entries two=2 --entries by_loader=3
for e in by_loader by_loader= =4 by_loader=0 by_loader=-1 by_loader=4x by_loader=4294967296; do
	bad 2 "entries $e" 'NAME=N was expected' "$refnic" verify "$tmp/sized.o" --entries "$e"
done
bad 2 'entries of no map' "no map 'nothing'; it has by_loader" "$refnic" verify "$tmp/sized.o" --entries nothing=4
bad 2 'entries and raw instructions' 'ENTRIES of --map' "$refnic" verify --insns --entries map0=4 --map array:4:8:4
good 'verify with entries' 'f: accepted' "$refnic" verify "$tmp/sized.o" --entries by_loader=4
good 'run with entries' '^verdict pass' "$refnic" run "$tmp/sized.o" --entries by_loader=70000 --frame $trace#1
good 'replay with entries' '^  drop  *230 ' "$refnic" replay "$tmp/sized.o" $trace --entries by_loader=70001 -o "$tmp/sized"
holds 'a large array is written without its zeros' test "$(grep -c '"key":' "$tmp/sized/maps.json")" = 1
good 'which --map reads' '^  drop  *230 ' "$refnic" replay "$tmp/sized.o" $trace --entries by_loader=70001 --map by_loader="$tmp/sized/maps.json"
good 'a small one' '^  pass  *230 ' "$refnic" replay "$tmp/sized.o" $trace --entries by_loader=300 -o "$tmp/sized"
holds 'is written whole' test "$(grep -c '"key":' "$tmp/sized/maps.json")" = 300
good 'the report counts records' '^  230 records, which -o' "$refnic" replay "$progs/sampler.bpf.o" $trace
good 'for each of their maps' '^  87 records, which are in events.json' "$refnic" replay "$progs/sampler.bpf.o" $trace -o "$tmp/records"
good 'and so does JSON' '"records": 317' "$refnic" replay "$progs/sampler.bpf.o" $trace --json
"$refnic" replay "$tmp/sized.o" $trace --entries by_loader=100000000 -o "$tmp/reading" >"$tmp/out" 2>"$tmp/err" &
pid=$!
sleep 2
kill -TERM $pid
wait $pid
holds 'stopped while it reads maps is 130' test $? = 130
holds 'and leaves nothing there' sh -c "! ls -d '$tmp'/reading* 2>/dev/null"

# ---- ports ----

compile redirect.bpf.o bpf <<E
$head_of
struct { __uint(type, BPF_MAP_TYPE_DEVMAP); __uint(key_size, 4); __uint(value_size, 4); __uint(max_entries, 4); } ports SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_XSKMAP); __uint(key_size, 4); __uint(value_size, 4); __uint(max_entries, 4); } queues SEC(".maps");
SEC("xdp") int to_port(struct xdp_md *ctx) { return bpf_redirect(3, 0); }
SEC("xdp") int to_map(struct xdp_md *ctx) { return bpf_redirect_map(&ports, 0, XDP_DROP); }
SEC("xdp") int to_all(struct xdp_md *ctx) { return bpf_redirect_map(&ports, 0, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS); }
SEC("xdp") int to_queue(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;

	return bpf_map_lookup_elem(&queues, &queue) ? bpf_redirect_map(&queues, queue, 0) : XDP_PASS;
}
E
redirect() { # PROGRAM ARGUMENT...
	p=$1
	shift
	"$refnic" replay "$tmp/redirect.bpf.o" $trace --program "$p" "$@"
}
element() { # KEY VALUE: of one byte each
	echo "{\"key\":[\"$1\",\"0\",\"0\",\"0\"],\"value\":[\"$2\",\"0\",\"0\",\"0\"]}"
}
captured() { # FRAMES FILE: as many bytes as a capture of the first frames of the trace has
	test "$(wc -c <"$2")" = "$(head -c 24 $trace | cat - "$tmp/frames.$1" | wc -c)"
}
: >"$tmp/frames.0"
tail -c +25 $trace >"$tmp/frames.230"
echo "[$(element 0 2), $(element 1 3), $(element 2 1)]" >"$tmp/ports.json"
echo "[$(element 0 0)]" >"$tmp/queues.json"
for i in 0 x -1 4294967296; do
	bad 2 "link $i" 'from 1 to 4294967295' redirect to_port --link $i
done
bad 2 "the device's own link" 'own link' redirect to_port --link 1
bad 2 'the same link twice' 'given twice' redirect to_port --link 2 --link 2
links=$(for i in $(seq 2 65); do echo "--link $i"; done)
# shellcheck disable=SC2086
bad 2 'more links than ports' 'more than 63' redirect to_port $links
good 'redirect to a port' '^  redirect  *230 ' redirect to_port --link 2 --link 3 -o "$tmp/to_port"
holds 'its frames are in its capture' captured 230 "$tmp/to_port/wire.3.pcap"
holds 'and not in the other one' captured 0 "$tmp/to_port/wire.2.pcap"
holds 'report.json counts them' grep -q '"ifindex": 3' "$tmp/to_port/report.json"
good 'redirect to a port that is not there' '^  redirect_drop  *230 ' redirect to_port --link 2
good 'redirect by a map without the element' '^  drop  *230 ' redirect to_map
good 'redirect by a map' '^  redirect  *230 ' redirect to_map --map ports="$tmp/ports.json" --link 2
good 'broadcast' '^  redirect  *230 ' redirect to_all --map ports="$tmp/ports.json" --link 2 --link 3 -o "$tmp/to_all"
holds 'to every port' cmp "$tmp/to_all/wire.2.pcap" "$tmp/to_all/wire.3.pcap"
holds 'but the own one' captured 0 "$tmp/to_all/wire.pcap"
good 'broadcast, interpreted' '^  redirect  *230 ' redirect to_all --map ports="$tmp/ports.json" --link 2 --link 3 --engine interp -o "$tmp/to_all2"
holds 'is the same' "$refnic" diff "$tmp/to_all" "$tmp/to_all2"
"$refnic" diff "$tmp/to_all" "$tmp/to_port" >"$tmp/out"
holds 'a capture of another port is compared' grep -q '^wire.2.pcap' "$tmp/out"
good 'redirect to the queue of an XSKMAP' '^  redirect_queue  *230 ' redirect to_queue --map queues="$tmp/queues.json" -o "$tmp/to_queue"
holds 'reaches the guest' captured 230 "$tmp/to_queue/guest.pcap"
good 'run shows the target' '^target ifindex 3$' "$refnic" run "$tmp/redirect.bpf.o" --program to_port --frame $trace#1 --link 3
good 'run shows that there is none' '^target none: no port has ifindex 3' "$refnic" run "$tmp/redirect.bpf.o" --program to_port --frame $trace#1
good 'run shows the queue' '"redirect": {"queue": 0}' "$refnic" run "$tmp/redirect.bpf.o" --program to_queue --frame $trace#1 --map queues="$tmp/queues.json" --json

# ---- captures ----

: >"$tmp/empty"
echo 'this is no capture' >"$tmp/text"
head -c 5000 $trace >"$tmp/truncated.pcap"
head -c 24 $trace >"$tmp/none.pcap"
pcap_header 113 >"$tmp/cooked.pcap"
{
	pcap_header 1
	le32 1 0 100 200 && zeros 100 # snapped
	le32 2 0 13 13 && zeros 13    # short
	le32 3 0 70000 70000 && zeros 70000 # above max_frame
	le32 4 0 60 60 && zeros 60
} >"$tmp/odd.pcap"
bad 2 'trace that is not there' 'No such file' "$refnic" replay "$progs/pass.bpf.o" "$tmp/nowhere"
bad 2 'trace that is a folder' "$tmp" "$refnic" replay "$progs/pass.bpf.o" "$tmp"
bad 2 'empty trace' 'empty' "$refnic" replay "$progs/pass.bpf.o" "$tmp/empty"
bad 2 'trace that is text' 'not a capture' "$refnic" replay "$progs/pass.bpf.o" "$tmp/text"
bad 2 'trace that is not Ethernet' 'Ethernet' "$refnic" replay "$progs/pass.bpf.o" "$tmp/cooked.pcap"
bad 2 'filter that is none' 'filter' "$refnic" replay "$progs/pass.bpf.o" $trace --filter 'this is none'
bad 2 'truncated trace' 'frame 28' "$refnic" replay "$progs/pass.bpf.o" "$tmp/truncated.pcap" -o "$tmp/truncated"
holds 'its whole frames were replayed' grep -q '"frames": 27,' "$tmp/truncated/report.json"
holds 'and the report says where it ends' grep -q '"truncated_at": 28' "$tmp/truncated/report.json"
good 'trace without a frame' ': 0 frames' "$refnic" replay "$progs/pass.bpf.o" "$tmp/none.pcap" -o "$tmp/none"
holds 'and the summary says so' grep -q 'the trace has no frame' "$tmp/out"
good 'filter that leaves nothing' 'of 230 frames read, --frames and --filter leave none' "$refnic" replay "$progs/pass.bpf.o" $trace --filter 'tcp port 9'
good 'odd frames' ': 4 frames' "$refnic" replay "$progs/pass.bpf.o" "$tmp/odd.pcap" -o "$tmp/odd"
for fate in snapped short oversize pass; do
	holds "one is counted as $fate" grep -q "\"$fate\": 1" "$tmp/odd/report.json"
done
gzip -c $trace >"$tmp/t.pcap.gz"
good 'gzip' ': 230 frames' "$refnic" replay "$progs/pass.bpf.o" "$tmp/t.pcap.gz"
xz -c $trace >"$tmp/t.pcap.xz"
good 'xz' ': 230 frames' "$refnic" replay "$progs/pass.bpf.o" "$tmp/t.pcap.xz"
input=$trace
good 'standard input' ': 230 frames' "$refnic" replay "$progs/pass.bpf.o" -
input=/dev/null

# ---- objects ----

compile notxdp.o bpf <<E
$head_of SEC("tc") int f(void *ctx) { return 0; }
E
compile big.o bpfeb <<E
$head_of SEC("xdp") int f(void *ctx) { return 2; }
E
compile maptype.o bpf <<E
$head_of struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(max_entries, 4); __uint(key_size, 4); __uint(value_size, 8); } odd SEC(".maps");
SEC("xdp") int f(void *ctx) { int k = 0; return bpf_map_lookup_elem(&odd, &k) ? 1 : 2; }
E
compile bigmap.o bpf <<E
$head_of struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1000000); __type(key, int); __uint(value_size, 65536); } huge SEC(".maps");
SEC("xdp") int f(void *ctx) { int k = 0; return bpf_map_lookup_elem(&huge, &k) ? 1 : 2; }
E
compile helper.o bpf <<E
$head_of SEC("xdp") int f(void *ctx) { return bpf_get_current_pid_tgid() ? 1 : 2; }
E
compile refused.o bpf <<E
$head_of SEC("xdp") int f(struct xdp_md *ctx)
{
	return *(char *)(long)ctx->data; /* unchecked */
}
E
compile target.o bpf <<E
$head_of
int second(struct xdp_md *ctx);
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2); __type(key, __u32); __array(values, int(void *)); }
jump SEC(".maps") = { .values = { [1] = (void *)&second } };
SEC("xdp") int first(struct xdp_md *ctx) { bpf_tail_call(ctx, &jump, 1); return XDP_PASS; }
SEC("xdp/second") int second(struct xdp_md *ctx)
{
	return *(char *)(long)ctx->data; /* unchecked */
}
char _license[] SEC("license") = "GPL";
E
for c in "replay $tmp/target.o $trace" "run $tmp/target.o --frame $trace#1"; do
	# shellcheck disable=SC2086
	"$refnic" $c --section xdp >"$tmp/log" 2>&1
	holds "${c%% *} refuses the target of a tail call with 1" test $? = 1
	holds "${c%% *} prints its source line" grep -q '^; .*target.o.c:[0-9]*: .*unchecked' "$tmp/log"
	holds "${c%% *} says which program it is" grep -q "program 'second' is refused" "$tmp/log"
done
compile two.o bpf <<E
$head_of SEC("xdp") int one(void *ctx) { return 1; }
SEC("xdp") int two(void *ctx) { return 2; }
SEC("xdp_third") int three(struct xdp_md *ctx) { return *(char *)(long)ctx->data; }
E
bad 2 'object that is not there' 'No such file' "$refnic" verify "$tmp/nowhere"
bad 2 'object that is a folder' 'directory' "$refnic" verify "$tmp"
bad 2 'empty object' 'empty' "$refnic" verify "$tmp/empty"
bad 2 'object that is text' 'not an ELF file' "$refnic" verify "$tmp/text"
bad 2 'ELF that is not BPF' 'not for BPF' "$refnic" verify "$refnic"
bad 2 'no XDP section' 'no XDP program' "$refnic" verify "$tmp/notxdp.o"
bad 2 'no such section' "no section 'nowhere'" "$refnic" verify "$progs/pass.bpf.o" --section nowhere
bad 2 'wrong endianness' 'big-endian' "$refnic" verify "$tmp/big.o"
bad 1 'unknown map type' 'stack_trace.*TYPE' "$refnic" verify "$tmp/maptype.o"
bad 1 'map above the limits' 'huge.*LIMIT' "$refnic" verify "$tmp/bigmap.o"
bad 1 'unknown helper' 'HELPER' "$refnic" verify "$tmp/helper.o"
bad 1 'refused program' "'f' is refused at instruction.*PACKET" "$refnic" verify "$tmp/refused.o"
holds 'verify prints the source line' grep -q '^; .*refused.o.c:5: .*unchecked' "$tmp/out"
holds 'and which program it is in' grep -q "^; in program 'f' of section 'xdp'" "$tmp/out"
holds 'and source lines between the steps' grep -q '^; return .*unchecked.* @ refused.o.c:5$' "$tmp/out"
holds 'the reason ends the log' sh -c "grep -B 1 '^; .*refused.o.c:5: ' '$tmp/out' | grep -q '^instruction 1: R1 offset 0 is outside of the packet: no byte proven; compare R1 + 1 with data_end first$'"
compile levels.o bpf <<E
$head_of SEC("xdp") int f(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;

	if (data + 14 > end)
		return XDP_PASS;
	return ctx->rx_queue_index == 7 ? data[14] : 2; /* one too many */
}
static __attribute__((noinline)) int look(char *data) { return data[0]; }
SEC("xdp") int g(struct xdp_md *ctx)
{
	return look((char *)(long)ctx->data);
}
E
for l in 0 1 2; do
	bad 1 "log level $l" "PACKET: R[0-9] offset 14 is outside of the packet: bytes 0..13 proven at instruction [0-9]*; compare R[0-9] + [0-9]* with data_end first" "$refnic" verify "$tmp/levels.o" --program f --log $l
	cp "$tmp/out" "$tmp/level$l"
done
holds 'level 0 has the reason alone' test "$(grep -c '^[0-9]*: (' "$tmp/level0") $(grep -c '^processed ' "$tmp/level0") $(grep -c '^instruction ' "$tmp/level0")" = '0 0 1'
holds 'level 1 has the path to it' test "$(grep -c '^processed ' "$tmp/level1") $(grep -c ') exit' "$tmp/level1")" = '1 0'
holds 'level 2 has every step' grep -q '^[0-9]*: (61) r[0-9] = \*(u32 \*)(r1 +4)  *; R[0-9]=pkt_end()$' "$tmp/level2"
good 'an accepted program has a log if asked' '^accepted: processed [0-9]* insns (limit 1000000)' "$refnic" verify "$progs/pass.bpf.o" --log 0
bad 1 'a refusal in a function' "refused at instruction [0-9]* in look() (.*levels.o.c:11)" "$refnic" verify "$tmp/levels.o" --program g
holds 'names it' grep -q "^; in look(), which program 'g' of section 'xdp' calls" "$tmp/out"
"$refnic" verify "$tmp/levels.o" --program g --json >"$tmp/out" 2>/dev/null
holds 'in JSON too' grep -q '"function": "look"' "$tmp/out"
clang -target bpf -O2 -I/usr/include/"$(gcc -print-multiarch)" -c "$tmp/refused.o.c" -o "$tmp/nobtf.o"
bad 1 'without BTF' "is refused at instruction 1: PACKET" "$refnic" verify "$tmp/nobtf.o"
holds 'says how to get source lines' grep -q 'compiled with -g' "$tmp/out"
# 200,000 steps, then one that is refused
echo b700000000000000 0700000001000000 a500feffa0860100 7990000000000000 9500000000000000 >"$tmp/steps"
"$refnic" verify --insns --log 2 <"$tmp/steps" >"$tmp/out" 2>/dev/null
holds 'a log without room for all says so' grep -q '^\.\.\. [0-9]* lines before do not fit \.\.\.$' "$tmp/out"
holds 'and has the last steps' grep -q '^3: (79) r0 = ' "$tmp/out"
holds 'and the reason' grep -q '^instruction 3: R9 is not initialised' "$tmp/out"
"$refnic" replay "$tmp/refused.o" $trace -o "$tmp/refused" >"$tmp/log" 2>&1
holds 'replay refuses it with 1' test $? = 1
holds 'replay prints the source line' grep -q '^; .*refused.o.c:5: .*unchecked' "$tmp/log"
holds 'and leaves no folder' test ! -e "$tmp/refused"
bad 2 'several programs and no choice' 'choose one with --program: one.*two' "$refnic" replay "$tmp/two.o" $trace
bad 2 'no such program' "no XDP program 'four'" "$refnic" replay "$tmp/two.o" $trace --program four
good 'one of several programs' 'pass  *230' "$refnic" replay "$tmp/two.o" $trace --program two
good 'verify one of them' 'two: accepted' "$refnic" verify "$tmp/two.o" --program two
bad 1 'verify judges all' "'three' is refused" "$refnic" verify "$tmp/two.o"
good 'disasm shows source lines' '^; .*xdp1.bpf.c' "$refnic" disasm "$progs/xdp1.bpf.o"

# Cut anywhere: one sentence or a result, never a crash.
worst=0 length=0 size=$(wc -c <"$progs/pass.bpf.o")
while [ $length -lt "$size" ]; do
	head -c $length "$progs/pass.bpf.o" >"$tmp/cut.o"
	"$refnic" verify "$tmp/cut.o" >/dev/null 2>"$tmp/err"
	status=$?
	if [ $status != 2 ] || [ "$(wc -l <"$tmp/err")" != 1 ]; then
		worst=$length
	fi
	length=$((length + 97))
done
holds 'object cut anywhere' test $worst = 0

# ---- output folder ----

bad 2 'folder in a place that is not there' 'cannot write' "$refnic" replay "$progs/pass.bpf.o" $trace -o "$tmp/no/where"
bad 2 'folder that is a file' 'cannot be the output folder' "$refnic" replay "$progs/pass.bpf.o" $trace -o "$tmp/text"
mkdir "$tmp/mine" && echo keep >"$tmp/mine/notes"
bad 2 'folder with other files' 'no earlier replay' "$refnic" replay "$progs/pass.bpf.o" $trace -o "$tmp/mine"
holds 'which are still there' grep -q keep "$tmp/mine/notes"
good 'folder' 'verdicts.pcapng' "$refnic" replay "$progs/xdp1.bpf.o" $trace -o "$tmp/out1"
good 'the same folder again' 'verdicts.pcapng' "$refnic" replay "$progs/xdp1.bpf.o" $trace -o "$tmp/out1"
good 'interpreter' 'interpreted' "$refnic" replay "$progs/xdp1.bpf.o" $trace -o "$tmp/out2" --engine interp
holds 'gives the same bytes' diff -r "$tmp/out1" "$tmp/out2"
good 'diff of the same' 'no difference' "$refnic" diff "$tmp/out1" "$tmp/out2"
"$refnic" replay "$progs/pass.bpf.o" $trace -o "$tmp/out3" >"$tmp/out" 2>&1
"$refnic" diff "$tmp/out1" "$tmp/out3" >"$tmp/differences" 2>"$tmp/err"
holds 'diff of others is 1' test $? = 1
holds 'and names the first frame' grep -q 'frame 1: XDP_DROP.*XDP_PASS' "$tmp/differences"
"$refnic" replay "$progs/xdp1.bpf.o" $trace -o "$tmp/out4" --queues 4 >"$tmp/out" 2>&1
holds 'other queues are a difference' sh -c "! $refnic diff $tmp/out1 $tmp/out4 >$tmp/out"
good 'or none' 'no difference' "$refnic" diff --any-queue "$tmp/out1" "$tmp/out4"
bad 2 'diff of no folder' 'cannot read it' "$refnic" diff "$tmp/out1" "$tmp/nowhere"
ln -s nowhere "$tmp/dangling"
bad 2 'link to nothing' 'link to nothing' "$refnic" replay "$progs/pass.bpf.o" $trace -o "$tmp/dangling"
mkdir "$tmp/current" "$tmp/linked" && ln -s linked "$tmp/link"
bad 2 'current folder' 'current folder' env -C "$tmp/current" "$(realpath "$refnic")" replay "$(realpath "$progs")/pass.bpf.o" "$PWD/$trace" -o .
bad 2 'root of a file system' 'mount point' "$refnic" replay "$progs/pass.bpf.o" $trace -o /
good 'link to a folder' 'report.json' "$refnic" replay "$progs/pass.bpf.o" $trace -o "$tmp/link/"
holds 'is followed' test -L "$tmp/link" -a -f "$tmp/linked/report.json"
good 'folder whose name needs quotes' "^  tshark -r '.*/it'.''s a folder/verdicts.pcapng' -Y" "$refnic" replay "$progs/pass.bpf.o" $trace -o "$tmp/it's a folder//"
"$refnic" replay "$progs/pass.bpf.o" $trace -o "$tmp/closed" >&- 2>"$tmp/err"
holds 'closed standard output is 2' test $? = 2
"$refnic" replay "$progs/pass.bpf.o" $trace -o "$tmp/same" >"$tmp/out" 2>&1
holds 'and no output file takes its place' diff -r "$tmp/closed" "$tmp/same"
if [ -w /dev/full ]; then
	"$refnic" replay "$progs/pass.bpf.o" $trace >/dev/full 2>"$tmp/err"
	holds 'full standard output is 2' test $? = 2
	holds 'and says so' grep -q 'standard output cannot be written' "$tmp/err"
else
	skip 'full standard output is 2' 'no /dev/full'
	skip 'and says so' 'no /dev/full'
fi
# A file system that fills up: the limit of a file's size gives the same error path without a mount.
(
	trap '' XFSZ
	ulimit -f 64
	exec "$refnic" replay "$progs/pass.bpf.o" $trace --repeat 4000000000 -o "$tmp/full"
) >"$tmp/out" 2>"$tmp/err"
holds 'captures that cannot grow end the replay with 2' test $? = 2
holds 'and one sentence' grep -q 'captures cannot be written: File too large' "$tmp/err"
holds 'and leave nothing' sh -c "! ls -d '$tmp'/full* 2>/dev/null"
mkfifo "$tmp/pipe"
"$refnic" replay "$progs/pass.bpf.o" "$tmp/pipe" -o "$tmp/waiting" >"$tmp/out" 2>"$tmp/err" &
pid=$!
sleep 1
kill -TERM $pid
wait $pid
holds 'stopped while it waits for the trace is 130' test $? = 130
holds 'and leaves nothing either' sh -c "! ls -d '$tmp'/waiting* 2>/dev/null"
"$refnic" replay "$progs/xdp1.bpf.o" $trace -o "$tmp/stopped" --repeat 4000000000 >"$tmp/out" 2>"$tmp/err" &
pid=$!
sleep 1
kill -TERM $pid
wait $pid
holds 'stopped is 130' test $? = 130
holds 'and leaves nothing' sh -c "! ls -d '$tmp'/stopped* 2>/dev/null"

# ---- run, raw instructions, suites ----

good 'run a frame of a trace' 'verdict drop (R0 0x1)' "$refnic" run "$progs/xdp1.bpf.o" --frame $trace#1
zeros 64 >"$tmp/frame"
good 'run a file' '"retval": 1, "verdict": "drop", "frame": "00' "$refnic" run "$progs/xdp1.bpf.o" --json --frame "@$tmp/frame"
bad 2 'frame that is no hexadecimal' 'character 3' "$refnic" run "$progs/xdp1.bpf.o" --frame 00xx
bad 2 'frame too short' '14 to' "$refnic" run "$progs/xdp1.bpf.o" --frame 0011
bad 2 'frame that the trace has not' 'no frame 231; it has 230' "$refnic" run "$progs/xdp1.bpf.o" --frame $trace#231
bad 2 'frame 0' 'from 1' "$refnic" run "$progs/xdp1.bpf.o" --frame $trace#0
bad 2 'frame in no file' 'bytes of one frame was expected' "$refnic" run "$progs/xdp1.bpf.o" --frame @
bad 2 'half a byte of a frame' 'half a byte' "$refnic" run "$progs/xdp1.bpf.o" --frame 000
good 'run --trace prints instructions' '^ *0: .*r[0-9]*=0x' "$refnic" run "$progs/xdp1.bpf.o" --frame $trace#1 --trace
holds 'with their source lines' grep -q '^; .*xdp1.bpf.c:' "$tmp/out"
holds 'up to the verdict' grep -q '^verdict drop' "$tmp/out"
good 'run --trace --json' '"trace": .{"program": "[a-z0-9_]*", "insn": 0, "text": ' "$refnic" run "$progs/xdp1.bpf.o" --frame $trace#1 --trace --json
good 'run --trace follows tail calls' '^program dispatch_' "$refnic" run "$progs/dispatch.bpf.o" --program dispatch --frame $trace#1 --trace
bad 2 'run --trace with the compiler' 'only the interpreter' "$refnic" run "$progs/xdp1.bpf.o" --frame $trace#1 --trace --engine jit
bad 2 'no frame' 'no frame' "$refnic" run "$progs/xdp1.bpf.o"
input=$tmp/hex
echo 'b700000002000000 9500000000000000' >"$tmp/hex"
good 'raw instructions: accepted' 'accepted' "$refnic" verify --insns
good 'raw instructions: run' '"retval": 2, "verdict": "pass"' "$refnic" run --insns --json --frame "@$tmp/frame"
# Whatever R0 is, as in Linux: what is no action shows when it is run.
echo 'b70000004d000000 9500000000000000' >"$tmp/hex"
good 'R0 is no action: accepted' 'accepted' "$refnic" verify --insns
good 'R0 is no action: run' '"retval": 77, "verdict": "unsupported' "$refnic" run --insns --json --frame "@$tmp/frame"
good 'R0 is no action: exec' '0x4d' "$refnic" exec
echo 'b700000002000000 9500000000000000' >"$tmp/hex"
bad 1 'impossible map' 'TYPE' "$refnic" verify --insns --map 4000000000:4:8:1
bad 1 'impossible map size' '32 bits' "$refnic" verify --insns --map array:4:8:99999999999
bad 1 'inner map of a map of numbers' 'INNER is for maps of maps' "$refnic" verify --insns --map array:4:4:4:0:0
good 'inner map of a map of maps' 'accepted' "$refnic" verify --insns --map array:4:4:4 --map array_of_maps:4:4:4:0:0
bad 1 'impossible map of 0 entries' 'SIZE (1)' "$refnic" verify --insns --map array:4:8:0
bad 1 'impossible map flags' 'FLAGS' "$refnic" verify --insns --map hash:4:8:1:0x80000000
bad 1 'impossible map in JSON' 'TYPE' "$refnic" verify --insns --json --map 4000000000:4:8:1
holds 'prints one document that says so' grep -q '"error": "map .*TYPE' "$tmp/out"
zeros 1200000 | tr '\0' 0 >"$tmp/long"
"$refnic" verify --insns --json <"$tmp/long" >"$tmp/out" 2>"$tmp/err"
holds 'more instructions than the device takes are refused' test $? = 1
holds 'and the document names the error' grep -q '"error": "LIMIT_INSNS"' "$tmp/out"
bad 2 'map of another form' 'TYPE:KEY' "$refnic" verify --insns --map hash
good 'exec' '^0x2$' "$refnic" exec
good 'exec with the interpreter' '^0x2$' "$refnic" exec --engine interp
bad 2 'exec without verification needs the interpreter' 'interp' "$refnic" exec --no-verify
good 'exec with options of suites' '^0x2$' "$refnic" exec '' --debug --cpu_version v4
echo 'xyz' >"$tmp/hex"
bad 2 'no hexadecimal' 'character 1' "$refnic" verify --insns
bad 2 'exec of no hexadecimal' 'character 1' "$refnic" exec
for hex in '' 9 95 ffffffffffffffff 0000000000000000 1800000000000000 b7000000020000009500000000000000ff; do
	echo "$hex" >"$tmp/hex"
	bad 1 "malformed instructions '$hex'" 'refnic verify: ' "$refnic" verify --insns
done
# r0 = *(u64 *)(r1 + 0)
echo '7910000000000000 9500000000000000' >"$tmp/hex"
good 'exec reads its memory' '^0x807060504030201$' "$refnic" exec '01 02 03 04 05 06 07 08'
bad 1 'exec refuses to read beyond' 'refused' "$refnic" exec 01020304050607
bad 1 'exec stops a read beyond' 'fault' "$refnic" exec 01020304050607 --no-verify --engine interp
holds 'with nothing on stdout' test ! -s "$tmp/out"
# goto -1
echo '0500ffff00000000 9500000000000000' >"$tmp/hex"
bad 1 'exec stops an endless loop' 'fault' "$refnic" exec --no-verify --engine interp
od -An -v -tx1 "$tmp/notxdp.o" >"$tmp/hex"
good 'exec of an ELF file' '^0x0$' "$refnic" exec --elf
echo 7f454c46 >"$tmp/hex"
bad 2 'exec of half an ELF file' 'ELF' "$refnic" exec --elf
input=/dev/null
case $(uname -m) in
x86_64) good 'machine code' 'c3' "$refnic" jit-dump "$progs/pass.bpf.o" ;;
esac

# ---- the tools around ----

bad 2 'deps: no such group' "no group 'fly'" sh "$tools/deps" fly
bad 2 'golden without a build' 'make all' sh "$tools/golden" "$tmp"
printf 'echo 1..3\necho ok 1 - a\n' >"$tmp/short.sh"
printf 'sleep 100\n' >"$tmp/hang.sh"
printf 'kill -SEGV $$\n' >"$tmp/crash.sh"
: >"$tmp/nothing.sh"
for t in short hang crash nothing; do
	TEST_TIMEOUT=1 sh "$tools/run-tests" "$tmp/$t.sh" >"$tmp/out" 2>"$tmp/err"
	status=$?
	holds "run-tests counts a test that is $t as failed" sh -c "[ $status = 1 ] && grep -q '^FAILED' '$tmp/out' && tail -n 1 '$tmp/out' | grep -q ', 1 failed,'"
done

# ---- conform ----

good 'conform judges a statement' '^VN-f2dc5573 *pass' "$refnic" conform --id VN-f2dc5573
good 'several, and sums up' '^2 statements pass, 0 fail, 0 are skipped' "$refnic" conform --inproc --id VN-f2dc5573 --id XO-001
good 'says why it judged one not' 'untestable: ' "$refnic" conform --id "$(awk -F '\t' '$7 ~ /^untestable/ { print $1; exit }' spec/requirements.tsv)"
good 'conform --list' '^XO-001 *device' "$refnic" conform --list
good 'conform --json' '"passed": 1' "$refnic" conform --json --id XO-001
bad 2 'conform: no such statement' "no statement 'XO-9999'; refnic conform --list" "$refnic" conform --id XO-9999
bad 2 'conform: too much' 'too many arguments' "$refnic" conform XO-001
cp "$refnic" "$tmp/alone"
bad 3 'conform without the suite' 'the suite is not there' "$tmp/alone" conform --id XO-001

# ---- JSON, and other programs' eyes ----

"$refnic" replay "$progs/xdp1.bpf.o" $trace --json >"$tmp/json" 2>"$tmp/err"
holds 'replay --json is one document' grep -q '^}$' "$tmp/json"
holds 'with the fates' grep -q '"drop": 230' "$tmp/json"
"$refnic" replay "$progs/blocklist.bpf.o" $trace --map blocklist=testbench/data/maps/blocklist.json -o "$tmp/mixed" >"$tmp/out" 2>&1
if command -v tshark >/dev/null; then
	: >"$tmp/err"
	dropped=$(tshark -r "$tmp/mixed/verdicts.pcapng" -Y 'frame.verdict.ebpf_xdp == 1' 2>>"$tmp/err" | wc -l)
	holds 'tshark counts the drops of report.json' grep -q "\"drop\": $dropped," "$tmp/mixed/report.json"
	passed=$(tshark -r "$tmp/mixed/verdicts.pcapng" -Y 'frame.verdict.ebpf_xdp == 2 && frame.interface_queue == 0' 2>>"$tmp/err" | wc -l)
	holds 'and the passes, with their queue' grep -q "\"pass\": $passed," "$tmp/mixed/report.json"
	holds 'both are there' test "$dropped" -gt 0 -a "$passed" -gt 0
	commented=$(tshark -r "$tmp/odd/verdicts.pcapng" -Y frame.comment 2>>"$tmp/err" | wc -l)
	holds 'a comment says why a frame was not run' test "$commented" = 3
	for f in "$tmp"/out1/*.pcap* "$tmp"/mixed/*.pcap* "$tmp"/odd/*.pcap* "$tmp"/none/*.pcap*; do
		tshark -r "$f" >/dev/null 2>>"$tmp/err" || echo "$f: tshark fails" >>"$tmp/err"
	done
	holds 'tshark calls no output damaged' sh -c "! grep -v 'as user \"root\"' '$tmp/err'"
else
	for name in 'tshark counts the drops of report.json' 'and the passes, with their queue' 'both are there' \
		'a comment says why a frame was not run' 'tshark calls no output damaged'; do
		skip "$name" 'tshark is not installed'
	done
fi

end
