#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test-arm64.sh BUILD: builds the firmware for arm64 into BUILD/arm64 and tests it under qemu-aarch64: the unit tests of fw, refnic's
# exec against this machine's, and replays of every example program. Prints TAP.
# The libraries come from a folder of arm64 packages under $XDG_CACHE_HOME/refnic (or ~/.cache/refnic), made once. Without it, or
# where the kernel does not start arm64 programs by itself (binfmt_misc, registered for these tests alone), the same unit tests run
# in a static program of their own; a line says which.
set -u

build=${1:?usage: test-arm64.sh BUILD}
arm=$build/arm64
jobs=$(nproc)
packages=libc6-dev,libcriterion-dev,libbpf-dev,libpcap-dev,libjansson-dev,zlib1g-dev,liblzma-dev
# shellcheck source=testbench/tools/tap.sh
. "$(dirname "$0")/tap.sh"
about='arm64: '
handler=
clean() {
	[ -z "$handler" ] || echo -1 >"$handler"
	handler=
	rm -rf "$tmp"
}
trap clean EXIT

show() { # FILE
	tail -n 20 "$1" | sed 's/^/# /'
}

# ---- what is there ----

if grep -q __asan_init "$build/refnic"; then
	skip 'all of it' 'it is tested as built, without sanitizers'
	end
fi
if ! command -v aarch64-linux-gnu-gcc >/dev/null; then
	skip 'all of it' 'there is no aarch64-linux-gnu-gcc (gcc-aarch64-linux-gnu)'
	end
fi
qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64)
[ "$(uname -m)" != aarch64 ] || qemu=env
if [ -z "$qemu" ]; then
	skip 'all of it' 'there is no qemu-aarch64 (qemu-user-static)'
	end
fi

# A folder with the arm64 packages of this Debian, from the mirror that this machine uses: its name on stdout, or why not on stderr.
sysroot() {
	release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	cache=${XDG_CACHE_HOME:-${HOME:-/nowhere}/.cache}/refnic
	folder=$cache/arm64-$release-$(echo "$packages" | cksum | cut -d' ' -f1)
	if [ -d "$folder" ]; then
		echo "$folder"
		return 0
	fi
	if ! command -v mmdebstrap >/dev/null; then
		echo 'there is no mmdebstrap' >&2
		return 1
	fi
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' 2>/dev/null |
		awk -v release="$release" '$2 == release {print $1; exit}')
	if [ -z "$mirror" ]; then
		echo "apt-get knows no mirror of Debian $release" >&2
		return 1
	fi
	if ! mkdir -p "$cache" 2>/dev/null || ! [ -w "$cache" ]; then
		echo "$cache cannot be written" >&2
		return 1
	fi
	if ! timeout -k 5 150 mmdebstrap --quiet --variant=extract --architectures=arm64 --include=$packages "$release" \
		"$tmp/sysroot" "$mirror" >"$tmp/mmdebstrap" 2>&1; then
		echo "mmdebstrap failed: $(grep -v '^[IW]: ' "$tmp/mmdebstrap" | tail -n 1)" >&2
		return 1
	fi
	# Another run may have been faster.
	cp -a "$tmp/sysroot" "$folder.$$" && { mv -T "$folder.$$" "$folder" 2>/dev/null || rm -rf "$folder.$$"; }
	rm -rf "$tmp/sysroot"
	[ -d "$folder" ] && echo "$folder"
}

root=
why=
if [ "$qemu" = env ]; then
	root=/
else
	root=$(sysroot 2>"$tmp/why") || why=$(cat "$tmp/why")
fi

cross() { # FOLDER FLAGS TARGET...: make for arm64, with nothing of an outer make's options
	folder=$1 flags=$2
	shift 2
	env -u MAKEFLAGS -u MFLAGS -u SAN make -s -j"$jobs" BUILD="$folder" CC="aarch64-linux-gnu-gcc $flags" AR=aarch64-linux-gnu-ar "$@" \
		>"$tmp/make" 2>&1 </dev/null
}

if [ -n "$root" ]; then
	cross "$arm" "--sysroot=$root" "$arm/refnic"
	status=$?
	report $status 'refnic builds'
	if [ $status != 0 ]; then
		show "$tmp/make"
		end
	fi
fi

# ---- unit tests ----

# Passes the lines of TAP on.
pass_on() { # FILE STATUS
	results=0
	while IFS= read -r line; do
		case $line in
		'ok '*SKIP*) skip "$(echo "${line#ok* - }" | sed 's/ *# *SKIP.*//')" "${line#*SKIP }" ;;
		'ok '*) report 0 "${line#ok* - }" ;;
		'not ok '*) report 1 "${line#not ok* - }" ;;
		1..* | 'TAP '* | '#' | '# Running '* | '# Criterion '*) continue ;;
		*)
			echo "# ${line#\# }"
			continue
			;;
		esac
		results=$((results + 1))
	done <"$1"
	if [ $results = 0 ] || { [ "$2" != 0 ] && [ $failed = 0 ]; }; then
		report 1 "the unit tests end well (exit status $2)"
	fi
}

# Runs a command where arm64 programs start like any other: as it is, or with a binfmt_misc that only the command sees, or, as root
# and until it has ended, for the whole machine. 99: nowhere.
where=
misc=/proc/sys/fs/binfmt_misc
row=':refnic-arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:'$qemu:F
# shellcheck disable=SC2016
private='mount -t binfmt_misc none '$misc' && printf %s "$0" >'$misc'/register && exec "$@"'

started() {
	case $where in
	private) unshare --user --map-root-user --mount sh -c "$private" "$row" "$@" ;;
	*) "$@" ;;
	esac
}

starts() {
	QEMU_LD_PREFIX=$root started "$arm/refnic" --version >"$tmp/starts" 2>&1
}

can_start() {
	for where in plain private; do
		starts && return 0
	done
	where=machine
	[ "$(id -u)" = 0 ] && [ -w $misc/register ] || return 1
	printf %s "$row" >$misc/register 2>/dev/null || return 1
	handler=$misc/refnic-arm64
	starts
}

plain() { # the unit tests with a stand-in for Criterion, statically
	objects=$(printf '%s\n' testbench/unit/fw/*.c testbench/unit/plain/plain.c testbench/rig/platform.c testbench/prove/*.c |
		grep -v prove/main | sed "s|^\(.*\)c\$|$arm/plain/obj/\1o|")
	# shellcheck disable=SC2086
	cross "$arm/plain" '-isystem testbench/unit/plain' "$arm/plain/libfw.a" $objects &&
		aarch64-linux-gnu-gcc -static -o "$arm/plain/unit-fw" $objects "$arm/plain/libfw.a" 2>>"$tmp/make"
	status=$?
	if [ $status != 0 ]; then
		report 1 'the unit tests build statically'
		show "$tmp/make"
		return
	fi
	"$qemu" "$arm/plain/unit-fw" "$jobs" >"$tmp/tap" 2>&1
	pass_on "$tmp/tap" $?
}

if [ -n "$root" ] && can_start; then
	echo "# unit tests: with Criterion (binfmt_misc: $where)"
	if cross "$arm" "--sysroot=$root" "$arm/unit-fw"; then
		QEMU_LD_PREFIX=$root started "$arm/unit-fw" --tap --jobs "$jobs" >"$tmp/tap" 2>&1
		pass_on "$tmp/tap" $?
	else
		report 1 'the unit tests build'
		show "$tmp/make"
	fi
	[ -z "$handler" ] || echo -1 >"$handler"
	handler=
else
	echo "# unit tests: static, without Criterion (${why:-the kernel does not start arm64 programs})"
	plain
fi

# ---- refnic exec ----

if [ -n "$root" ]; then
	echo "# refnic: with shared libraries, in $root"
	refnic="$qemu -L $root $arm/refnic"
	[ "$qemu" != env ] || refnic=$arm/refnic
else
	echo "# refnic: exec alone, static ($why)"
	mkdir -p "$arm/exec/cli"
	echo 'COMMAND(exec)' >"$arm/exec/cli/command.def"
	objects=$(for f in cli/main cli/cli cli/cmd_exec cli/source load/file load/hex rig/platform; do echo "$arm/exec/obj/testbench/$f.o"; done)
	# shellcheck disable=SC2086
	cross "$arm/exec" "-I$arm/exec -ffunction-sections" "$arm/exec/libfw.a" $objects &&
		aarch64-linux-gnu-gcc -static -Wl,--gc-sections -o "$arm/exec/refnic" $objects "$arm/exec/libfw.a" 2>>"$tmp/make"
	status=$?
	report $status 'refnic exec builds statically'
	[ $status = 0 ] || show "$tmp/make"
	refnic="$qemu $arm/exec/refnic"
fi

# NAME MEMORY PROGRAM: both engines print what this machine's do.
exec_row() {
	for engine in jit interp; do
		echo "$3" | "$build/refnic" exec "$2" --engine $engine >"$tmp/here" 2>&1
		here=$?
		echo "$3" | $refnic exec "$2" --engine $engine >"$tmp/there" 2>&1
		there=$?
		if [ $here = $there ] && diff "$tmp/here" "$tmp/there" >"$tmp/difference"; then
			report 0 "exec $1 ($engine): $(head -n 1 "$tmp/here")"
		else
			report 1 "exec $1 ($engine): exit status $there, expected $here"
			show "$tmp/difference"
		fi
	done
}

exec_row 'a constant' '' 'b700000007000000 9500000000000000'
exec_row '2^32 - 1 / 3 in 32 bits' '' 'b4000000ffffffff 3400000003000000 9500000000000000'
exec_row 'lowest s/ -1' '' '1800000000000000 0000000000000080 37000100ffffffff 9500000000000000'
exec_row '7 % 0' '' 'b700000007000000 b701000000000000 9f10000000000000 9500000000000000'
exec_row 'a load' '0102030405060708' '7910000000000000 dc00000040000000 9500000000000000'
exec_row 'fetch add' '0102030405060708' 'b702000001000000 db21000001000000 7910000000000000 1f20000000000000 9500000000000000'
exec_row 'cmpxchg that fails' '0102030405060708' 'b700000000000000 b702000001000000 db210000f1000000 9500000000000000'
exec_row 'a local call' '' 'b701000005000000 8510000002000000 0700000001000000 9500000000000000 bf10000000000000 2700000006000000 9500000000000000'
exec_row 'a loop' '' 'b700000000000000 b701000064000000 0f10000000000000 07010000ffffffff 5501fdff00000000 9500000000000000'
exec_row 'a loop that goes on 1024 times' '' 'b700000000000000 e500020000000000 0700000001000000 0500fdff00000000 9500000000000000'
exec_row 'a read beyond' '01' '7910000000000000 9500000000000000'

# ---- replays ----

if [ -n "$root" ]; then
	for object in "$build"/progs/*.bpf.o; do
		program=$(basename "$object" .bpf.o)
		rm -rf "$tmp/here" "$tmp/there"
		options=$(sh "$(dirname "$0")/golden" --options "$program")
		# shellcheck disable=SC2086
		"$build/refnic" replay "$object" traces/http.pcap $options -o "$tmp/here" >"$tmp/log" 2>&1
		# shellcheck disable=SC2086
		$refnic replay "$object" traces/http.pcap $options -o "$tmp/there" >>"$tmp/log" 2>&1
		diff -r "$tmp/here" "$tmp/there" >>"$tmp/log" 2>&1 && [ -f "$tmp/there/report.json" ]
		status=$?
		report $status "replay of $program: the same bytes"
		[ $status = 0 ] || show "$tmp/log"
	done
else
	skip 'replays' "$why"
fi
end
