#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Tests statements and spec-diff on a small checkout of our own with every form that a statement takes, on changes of each
# kind, and on broken files. Prints TAP.
set -u
tools=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
spec=$tmp/spec
n=0
failed=0
tab=$(printf '\t')

# ok NAME COMMAND...: one line of TAP for whether the command succeeds.
ok() {
	n=$((n + 1))
	name=$1
	shift
	if "$@" > "$tmp/said" 2>&1; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		cat "$tmp/said" "$tmp/out" "$tmp/err" | sed 's/^/# /'
		failed=1
	fi
}

# run STATUS TOOL ARGUMENT...: the tool ends with this status; stdout is then in $tmp/out, stderr in $tmp/err.
run() {
	wanted=$1
	tool=$2
	shift 2
	"$tools/$tool" "$@" > "$tmp/out" 2> "$tmp/err"
	[ $? -eq "$wanted" ]
}

out() {
	grep -qF -- "$1" "$tmp/out"
}

# without EXPRESSION: no line of the list matches.
without() {
	head -n 1 "$tmp/out" | grep -q ^id && ! grep -qE -- "$1" "$tmp/out"
}

err() {
	grep -qF -- "$1" "$tmp/err"
}

refused() {
	run 2 "$@" && [ ! -s "$tmp/out" ]
}

# has LINE SIDE LEVELS SCOPE TEXT: the list has such a statement of content.tex.
has() {
	awk -F '\t' -v want="$1|$2|$3|$4|$5" '$2 == "content.tex" && $3 "|" $5 "|" $7 "|" $8 "|" $10 == want { found = 1 } END { exit !found }' "$tmp/out"
}

count() {
	[ "$(tail -n +2 "$tmp/out" | wc -l)" -eq "$1" ]
}

# id TEXT: of the statement with this text.
id() {
	awk -F '\t' -v text="$1" '$10 == text { print $1 }' "$tmp/out"
}

# alone TEXT: content.tex is nothing but this.
alone() {
	printf %b "$1" > "$spec/content.tex"
}

fresh() {
	rm -rf "$spec"
	mkdir -p "$spec/device-types/crypto"
	cat > "$spec/content.tex" << 'END'
\chapter{Gardens}\label{sec:Gardens}
A gate MAY squeak. Birds sing here, and nobody has to do anything.
\section{Trees}\label{sec:Trees}
\devicenormative{\subsection}{Trees}{Gardens / Trees}

The device MUST grow a tree. % it MUST be green
% The device MUST bear fruit.
The device SHOULD water it,
e.g. A lot, and
SHOULD NOT drown it~(see \ref{sec:Trees});
with \field{leaf_count} leaves it MAY rest.
If VIRTIO_F_SHADE and VIRTIO_NET_F_SUN are negotiated\footnote{or \emph{both}}, the
device MUST NOT move at 100\% of \textbf{its} speed!

If there is a gardener, the device MUST do the following:
\begin{itemize}
\item water the roots
	over two lines;
\item[\textbf{b}] wait, or, where the gardener sleeps:
	\begin{enumerate}
	\item it MUST NOT make a noise unless
	\begin{itemize}
	\item a cat comes
	\end{itemize}
	\item it does what it likes
	\end{enumerate}
\item grow; the device MUST NOT stop.
\end{itemize}
and be merry.

\begin{lstlisting}
the device MUST not be read here;
\end{lstlisting}
\begin{itemize}
\item An item without a duty.
\end{itemize}

\drivernormative{\subsection}{Trees}%
{Gardens /
Trees}

The driver MUST wait.
The driver MUST wait.
\subsection{Legacy Interface: Shrubs}
A driver SHOULD cut them.
The device is idle while the driver MUST work.
\section{Stones}
MUST, SHOULD and MAY are keywords; mustard is none, nor is MAYBE.
END
	printf 'The driver MUST wait.' > "$spec/split-ring.tex" # no end of line
	cat > "$spec/device-types/crypto/description.tex" << 'END'
\section{Locks}
\devicenormative{\subsection}{Locks}{Locks}
The device MUST lock.
\section{Ipsec locks}
\devicenormative{\subsection}{Ipsec locks}{Ipsec locks}
The device MUST lock twice.
END
}

fresh
ok "a checkout is listed" run 0 statements "$spec"
ok "each statement once" count 16
ok "missing files are told" err "does not have packed-ring.tex"
ok "outside of sections of requirements" has 2 other MAY informative "A gate MAY squeak."
ok "a comment at the end of a line is none" has 6 device MUST normative "The device MUST grow a tree."
ok "a sentence over lines, with an abbreviation, macros and several keywords" \
	has 8 device SHOULD+SHOULD\ NOT+MAY normative \
	"The device SHOULD water it, e.g. A lot, and SHOULD NOT drown it (see <ref>); with leaf_count leaves it MAY rest."
ok "features and escapes" has 12 device "MUST NOT" normative \
	"If VIRTIO_F_SHADE and VIRTIO_NET_F_SUN are negotiated (or both, the device MUST NOT move at 100% of its speed!"
ok "the features are listed" out "${tab}VIRTIO_F_SHADE,VIRTIO_NET_F_SUN${tab}"
ok "the strongest keyword is the level" out "${tab}SHOULD NOT${tab}SHOULD+SHOULD NOT+MAY${tab}"
lead="If there is a gardener, the device MUST do the following:"
ok "a sentence that leads a list in" has 15 device MUST normative "$lead"
ok "its item" has 17 device MUST item "$lead [item] water the roots over two lines;"
ok "an item with a name" has 19 device MUST item "$lead [item] b wait, or, where the gardener sleeps:"
ok "a keyword in an item of a nested list" has 21 device "MUST NOT" normative "it MUST NOT make a noise unless"
ok "an item whose list no statement leads in is none" without 'cat comes|what it likes|without a duty'
ok "an item with a keyword of its own" has 27 device "MUST NOT" normative "grow; the device MUST NOT stop."
ok "listings are skipped" without 'be read here'
ok "a heading over lines; the other side" has 42 driver MUST normative "The driver MUST wait."
ok "the same sentence again gets -2" out "$(id "The driver MUST wait." | head -n 1)-2${tab}content.tex${tab}43${tab}Gardens / Trees${tab}"
ok "and another id in another file" test "$(id "The driver MUST wait." | cut -c 1-11 | sort -u | wc -l)" -eq 2
ok "an id is the hash of file and text" \
	test "$(id "The device MUST grow a tree.")" = "VN-$(printf 'content.texThe device MUST grow a tree.' | sha1sum | cut -c 1-8)"
ok "a section on the legacy interface" has 45 driver SHOULD legacy "A driver SHOULD cut them."
ok "both sides in one sentence" has 46 both MUST legacy "The device is idle while the driver MUST work."
ok "only whole words are keywords" has 48 other MUST+SHOULD+MAY informative "MUST, SHOULD and MAY are keywords; mustard is none, nor is MAYBE."
ok "of the crypto device what is about IPsec" out "The device MUST lock twice."
ok "and nothing else" without 'MUST lock\.'


cp "$tmp/out" "$tmp/before"
sed -i 's/^The device MUST grow/  The   device MUST grow/; s/% it MUST be green/%/; s/\\field{leaf_count}/\\texttt{leaf\\_count}/' "$spec/content.tex"
run 0 statements "$spec"
ok "white space, comments and fonts change nothing" cmp "$tmp/before" "$tmp/out"
run 0 statements "$spec" split-ring.tex
ok "only the files that are asked for" count 1
ok "--help" run 0 statements --help
ok "has an example" out "example: spec/tools/statements"
ok "no such file" refused statements "$spec" nothing.tex
ok "no folder" refused statements "$tmp/nowhere"
ok "a folder that is no checkout" refused statements "$tmp"
ok "and says so" err "it is no checkout of virtio-spec"
ok "a file in place of a folder" refused statements "$spec/content.tex"
ok "no argument" refused statements
ok "an unknown option" refused statements --all "$spec"
rm "$spec/content.tex"
mkdir "$spec/content.tex"
ok "a folder in place of a file" refused statements "$spec"
rmdir "$spec/content.tex"

broken='is broken: status 1, and what can be read is listed'
alone '\\begin{verbatim}\nThe device MUST a.\n\\section{B}\nThe device MUST b.\n'
ok "a listing without an end $broken" run 1 statements "$spec"
ok "and the place is told" err 'content.tex:1: \begin{verbatim} has no end'
alone 'The device MUST:\n\\begin{itemize}\n\\item do\n\\section{B}\nThe device MUST b.\n'
ok "a list without an end $broken" run 1 statements "$spec"
ok "the list ends with the section" has 5 device MUST informative "The device MUST b."
ok "and its place is told" err 'content.tex:2: \begin{itemize} has no end before the next heading'
alone '\\devicenormative{\\section\nThe device MUST a.\n'
ok "a section of requirements without arguments $broken" run 1 statements "$spec"
alone '\\section{A\n\nThe device MUST a.'
ok "a heading without an end $broken" run 1 statements "$spec"
ok "it ends with the paragraph" out "The device MUST a."
alone '\\end{itemize}\n\\end{table}\n\\item\n\nThe device MUST a.'
ok "ends without a beginning" run 0 statements "$spec"
ok "hide nothing" out "The device MUST a."
: > "$spec/content.tex"
ok "an empty file" run 0 statements "$spec"
ok "has no statement" without "content.tex"
{
	head -c 300000 /dev/urandom
	printf '\n\n\\section{A}\nThe \001device\tMUST \033[31m\377.\r\n'
} > "$spec/content.tex"
ok "binary data" sh -c "timeout 60 '$tools/statements' '$spec' > '$tmp/out' 2> '$tmp/err'; [ \$? -le 1 ]"
ok "gives rows of ten columns of printable text" sh -c "LC_ALL=C awk -F '\t' 'NF != 10 || /[\\001-\\010\\013-\\037]/ { exit 1 }' '$tmp/out'"
ok "and what follows it" out "The device MUST"
{
	head -c 1000000 /dev/zero | tr '\0' ' '
	printf 'x'
	head -c 1000000 /dev/zero | tr '\0' '{'
	printf ' The device MUST a.'
} > "$spec/content.tex"
ok "lines of a million characters" timeout 60 "$tools/statements" "$spec"

fresh
git init -q "$spec"
git -C "$spec" add .
git -C "$spec" -c user.name=Tester -c user.email=tester@example.org commit -q -m first
rm "$spec/split-ring.tex"
run 0 statements "$spec@HEAD"
ok "a commit is read instead of the files" cmp "$tmp/before" "$tmp/out"
ok "no such commit" refused statements "$spec@nothing"
ok "no repository" refused statements "$tmp@HEAD"

# What went stale. OLD is as above; NEW differs by one change; the project cites some of it.
fresh
old=$tmp/old
cp -R "$spec" "$old"
root=$tmp/root
mkdir -p "$root/spec" "$root/fw" "$root/testbench/conform" "$root/testbench/rig"
run 0 statements "$old"
grow=$(id "The device MUST grow a tree.")
cut=$(id "A driver SHOULD cut them.")
second=$(id "The driver MUST wait." | sed -n 2p)
{
	printf 'id\tside\tlevel\tlabel\tsummary\thash\tstatus\n'
	printf 'XO-001\tdevice\tMUST\tOurs\tOur own\t0\ttestable\n'
	printf '%s\tdevice\tMUST\tGardens / Trees\tTrees grow\t-\ttestable\n' "$grow"
	printf '%s\tdriver\tSHOULD\tGardens / Trees / Legacy Interface: Shrubs\tShrubs are cut\t-\ttestable\n' "$cut"
} > "$root/spec/requirements.tsv"
printf '\n/* req: %s */\n' "$grow" > "$root/fw/tree.c"
printf 'Test(VN, %s)\n{\n}\n' "$(echo "$grow" | tr - _)" > "$root/testbench/conform/test_tree.c"

# diff STATUS: compares and expects this status.
diff_is() {
	run "$1" spec-diff --root "$root" "$old" "$spec"
}

ok "no change" diff_is 0
ok "is no line" test ! -s "$tmp/out"
sed -i 's/MUST grow a tree/MUST grow a big tree/' "$spec/content.tex"
ok "a changed statement that is cited" diff_is 1
run 0 statements "$spec"
new=$(id "The device MUST grow a big tree.")
diff_is 1
ok "is told with both readings" out "changed$tab$grow$tab$new${tab}content.tex:6${tab}MUST${tab}Gardens / Trees${tab}The device MUST grow a {+big+} tree."
ok "its row is stale" out "stale$tab$grow$tab$new${tab}spec/requirements.tsv:3${tab}row$tab"
ok "its test is stale" out "stale$tab$grow$tab$new${tab}testbench/conform/test_tree.c:1${tab}test$tab"
ok "its comment is stale" out "stale$tab$grow$tab$new${tab}fw/tree.c:2${tab}comment$tab"
ok "nothing else is" test "$(wc -l < "$tmp/out")" -eq 4
ok "the totals" err "0 new, 1 changed, 0 moved, 0 removed; stale: 1 rows, 1 tests, 1 comments"
fresh
sed -i 's/MUST grow a tree/SHOULD grow a tree/' "$spec/content.tex"
diff_is 1
ok "another level" out "${tab}MUST>SHOULD${tab}Gardens / Trees${tab}The device [-MUST-] {+SHOULD+} grow a tree."
fresh
sed -i '/MUST grow a tree/d' "$spec/content.tex"
ok "a removed statement" diff_is 1
ok "is told" out "removed$tab$grow$tab-${tab}content.tex:6${tab}MUST${tab}"
ok "with its row" out "stale$tab$grow$tab-${tab}spec/requirements.tsv:3${tab}row${tab}the statement is gone"
fresh
echo "Stones MUST lie still." >> "$spec/content.tex"
ok "a new statement makes nothing stale" diff_is 0
ok "and is told" out "MUST${tab}Gardens / Stones${tab}Stones MUST lie still."
fresh
sed -i 's/the device MUST do the following/the device MUST do all of the following/' "$spec/content.tex"
diff_is 0
ok "items follow the sentence that leads them in" err "0 new, 3 changed, 0 moved, 0 removed"
fresh
sed -i 's/Legacy Interface: Shrubs/Legacy Interface: Bushes/' "$spec/content.tex"
ok "a section with another name" diff_is 1
ok "moves its statements" err "0 new, 0 changed, 2 moved, 0 removed; stale: 1 rows"
ok "and their rows' label is stale" out "stale$tab$cut$tab$cut${tab}spec/requirements.tsv:4${tab}row${tab}label is now Gardens / Trees / Legacy Interface: Bushes"
fresh
mv "$spec/split-ring.tex" "$spec/packed-ring.tex"
diff_is 0
ok "a file with another name" err "0 new, 0 changed, 1 moved, 0 removed"
fresh
sed -i '0,/^The driver MUST wait.$/{/^The driver MUST wait.$/d}' "$spec/content.tex"
diff_is 0
ok "one of two equal sentences is removed" out "removed$tab$second$tab-"
fresh
printf 'VN-00000000\tdevice\tMUST\tNowhere\tInvented\t-\ttestable\n' >> "$root/spec/requirements.tsv"
ok "a row for no statement" diff_is 1
ok "is stale" out "stale${tab}VN-00000000$tab-${tab}spec/requirements.tsv:5${tab}row${tab}neither checkout has this statement"
sed -i '$d' "$root/spec/requirements.tsv"
alone '\\begin{verbatim}\n'
ok "a broken checkout is not compared" diff_is 2
ok "spec-diff --help" run 0 spec-diff --help
ok "one checkout is not enough" refused spec-diff "$old"
ok "a project without requirements" refused spec-diff --root "$tmp" "$old" "$old"
ok "spec-diff and an unknown option" refused spec-diff --all "$old" "$old"
echo "1..$n"
exit $failed
