# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# tap.sh, for test-*.sh to read in: a folder $tmp that is gone in the end, and lines of TAP, with $about before their names.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
n=0 failed=0 about=

report() { # RESULT NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $about$2"
	else
		echo "not ok $n - $about$2"
		failed=1
	fi
}

skip() { # NAME REASON
	n=$((n + 1))
	echo "ok $n - $about$1 # SKIP $2"
}

is() { # NAME COMMAND...: the command succeeds; if not, what is in $tmp/log tells more
	name=$1
	shift
	if "$@"; then
		report 0 "$name"
	else
		report 1 "$name"
		sed 's/^/# /' "$tmp/log"
	fi
}

end() {
	echo "1..$n"
	exit $failed
}
