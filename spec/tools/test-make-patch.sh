#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Tests make-patch on a small tree of our own that has the places of the real specification. Prints TAP. Without xelatex it
# leaves out the building of the chapter.
set -u
tools=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM
n=0
failed=0

# ok NAME COMMAND...: one line of TAP for whether the command succeeds.
ok() {
	n=$((n + 1))
	name=$1
	shift
	if "$@" > "$tmp/said" 2>&1; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' "$tmp/said"
		failed=1
	fi
}

not() {
	! "$@"
}

git_in() {
	dir=$1
	shift
	git -C "$dir" -c user.name=Tester -c user.email=tester@example.org "$@"
}

description() {
	cat << 'END'
\section{Network Device}\label{sec:Device Types / Network Device}
\subsection{Feature bits}\label{sec:Device Types / Network Device / Feature bits}
\begin{description}
\item[VIRTIO_NET_F_CTRL_VQ (17)] There is a control queue.
\item[VIRTIO_NET_F_LOW(70)] A feature below ours.
\item[VIRTIO_NET_F_HIGH (72)] A feature above ours.
\end{description}
\subsubsection{Feature bit requirements}
\begin{description}
\item[VIRTIO_NET_F_LOW] Requires VIRTIO_NET_F_CTRL_VQ.
\end{description}
\subsection{Device configuration layout}
\begin{lstlisting}
struct virtio_net_config {
        u8 mac[6];
        le32 supported_tunnel_types;
};
\end{lstlisting}
All of it is read-only.
\devicenormative{\subsubsection}{Device configuration layout}{Device Types / Network Device / Device configuration layout}
The device MUST have a layout.
\drivernormative{\subsubsection}{Device configuration layout}{Device Types / Network Device / Device configuration layout}
The driver MUST NOT write.
\subsection{Device parts}\label{sec:Device Types / Network Device / Device parts}
\begin{tabular}{ |l||l|l| }
\hline
0x200 & A_PART & Something else \\
\hline
0x201 - 0x5FF & - & reserved \\
\hline
\end{tabular}
\subsection{Device Operation}\label{sec:Device Types / Network Device / Device Operation}
\subsubsection{Control Virtqueue}\label{sec:Device Types / Network Device / Device Operation / Control Virtqueue}
Commands go here.
\paragraph{Device Statistics}
Look at VIRTIO_NET_STATS_TYPE_RX_SPEED for one.
\begin{lstlisting}
#define VIRTIO_NET_STATS_TYPE_RX_SPEED  (1 << 3)
#define VIRTIO_NET_STATS_TYPE_REPLY_RX_SPEED  3
\end{lstlisting}
\devicenormative{\subparagraph}{Device Statistics}{Device Types / Network Device / Device Operation / Control Virtqueue / Device Statistics}
The device MUST count.
\subsubsection{Flow filter}
Flows are filtered.
\subsubsection{Legacy Interface: Framing Requirements}\label{sec:Framing}
Old drivers frame otherwise.
END
}

# tree DIR: a repository like the specification's, in very little.
tree() {
	mkdir -p "$1/device-types/net"
	description > "$1/device-types/net/description.tex"
	for side in device driver; do
		printf '%s\n' '\begin{itemize}' \
			"\\item \\ref{${side}normative:Device Types / Network Device / Device configuration layout}" \
			'\end{itemize}' > "$1/device-types/net/$side-conformance.tex"
	done
	cat > "$1/introduction.tex" << 'END'
\section{Normative References}
\begin{longtable}{l p{5in}}
	\phantomsection\label{intro:other}\textbf{[OTHER]} & Something to read\\
\end{longtable}
END
	cat > "$1/commands.tex" << 'END'
\newcommand{\field}[1]{\emph{#1}}
\newcommand{\devicenormative}[3]{#1{Device: #2}\label{devicenormative:#3}}
\newcommand{\drivernormative}[3]{#1{Driver: #2}\label{drivernormative:#3}}
END
	git init -q "$1"
	git_in "$1" add -A
	git_in "$1" commit -q -m base
	git -C "$1" config user.name "A. Uthor"
	git -C "$1" config user.email author@example.org
}

# refused NAME FILE SED-SCRIPT WORDS: make-patch on a tree so changed fails and says WORDS.
refused() {
	rm -rf "$tmp/bad"
	git clone -q "$tmp/tree" "$tmp/bad"
	sed "$3" "$tmp/tree/$2" > "$tmp/bad/$2"
	if cmp -s "$tmp/tree/$2" "$tmp/bad/$2"; then
		ok "$1 (the change changes nothing)" false
		return
	fi
	git_in "$tmp/bad" commit -q -a -m bad
	"$tools/make-patch" --no-build "$tmp/bad" "$tmp/bad-out" > "$tmp/output" 2>&1
	status=$?
	ok "$1" sh -c "[ $status -eq 1 ] && grep -F -- '$4' '$tmp/output' || { cat '$tmp/output'; false; }"
}

tree "$tmp/tree"
net=device-types/net/description.tex
before=$(git -C "$tmp/tree" rev-parse HEAD)
build=
command -v xelatex > /dev/null || build=--no-build
ok "make-patch makes the series" "$tools/make-patch" $build "$tmp/tree" "$tmp/out"
ok "the series has six patches" sh -c "[ \$(ls '$tmp/out'/*.patch | wc -l) -eq 6 ]"
ok "the checkout is as it was" sh -c "[ '$before' = \$(git -C '$tmp/tree' rev-parse HEAD) ] && [ -z \"\$(git -C '$tmp/tree' status --porcelain)\" ]"
git clone -q "$tmp/tree" "$tmp/applied"
ok "git am takes the series" git_in "$tmp/applied" am -q "$tmp/out"/*.patch
ok "every subject begins with virtio-net:" sh -c "[ \$(git -C '$tmp/applied' log --format=%s '$before..' | grep -c '^virtio-net: ') -eq 6 ]"
ok "every patch is signed off by the checkout's user" \
	sh -c "[ \$(git -C '$tmp/applied' log --format=%b '$before..' | grep -c '^Signed-off-by: A. Uthor <author@example.org>') -eq 6 ]"
ok "messages are at most 65 columns wide" \
	sh -c "! git -C '$tmp/applied' log --format=%s%n%b '$before..' | grep -v ^Signed-off-by: | awk 'length > 65' | grep ."
ok "no licence line is left" sh -c "! grep -nE 'SPDX|BSD-2-Clause' '$tmp/out'/*.patch"
after=$tmp/applied/$net
ok "no requirement id is left" not grep -E 'XO-[0-9]|\\req\{|\\listing\{' "$after"
ok "the requirements are there" sh -c "[ \$(grep -cE '(MUST|SHOULD)' '$after') -gt 100 ]"
ok "the feature is in the order of bits" sh -c "grep -oE '^.item\[[A-Z_]+ ?\([0-9]+' '$after' | tr -d '\n' | grep -E '70.*71.*72'"
ok "the feature has its requirement" grep -F '\item[VIRTIO_NET_F_XDP_OFFLOAD] Requires VIRTIO_NET_F_CTRL_VQ.' "$after"
ok "the configuration fields follow supported_tunnel_types" \
	sh -c "grep -A 10 supported_tunnel_types '$after' | sed -n '2p;11p' | tr -d ' \n' | grep -F 'le32xdp_isa;le32xdp_max_frame;'"
"$tools/listings" "$tools/../wire/virtio_net_xdp.h" "$tmp/listings"
ok "every region of the header is in the text, as it is" sh -c "
	for region in '$tmp/listings'/*.h; do
		case \$region in */feature.h|*/stats-types.h) continue ;; esac
		awk 'FNR == NR { want[++n] = \$0; next } { at = \$0 == want[at + 1] ? at + 1 : \$0 == want[1]; if (at == n) { found = 1; exit } }
			END { if (!found) print \"missing: \" FILENAME; exit !found }' \"\$region\" '$after' || { echo \$region; exit 1; }
	done"
ok "the types of statistics have their numbers" \
	sh -c "grep -Fx '#define VIRTIO_NET_STATS_TYPE_RX_XDP    (1 << 4)' '$after' && grep -Fx '#define VIRTIO_NET_STATS_TYPE_REPLY_RX_XDP    4' '$after'"
ok "the commands have the label of their place" \
	grep -F '\paragraph{XDP Offload}\label{sec:Device Types / Network Device / Device Operation / Control Virtqueue / XDP Offload}' "$after"
ok "labels have hyphens, not underscores" not grep -E 'label\{[^}]*_' "$after"
ok "device parts 0x201 to 0x204 are in the table, the rest is reserved" \
	sh -c "grep '^0x20[1-4] &' '$after' | wc -l | grep 4 && grep '^0x205 - 0x5FF &' '$after'"
ok "RFC 9669 is a reference" grep -F 'label{intro:rfc9669}' "$tmp/applied/introduction.tex"
for side in device driver; do
	ok "each new section of $side requirements is listed once" sh -c "
		grep -o '.${side}normative{[^}]*}{[^}]*}{[^}]*}' '$after' | sed 's/.*{//; s/}//' | grep -E 'XDP|parts|layout' | while read -r label; do
			[ \$(grep -cF \"{${side}normative:\$label}\" '$tmp/applied/device-types/net/$side-conformance.tex') -eq 1 ] || { echo \"\$label\"; exit 1; }
		done"
done
ok "prose is at most 65 columns wide" sh -c "! git -C '$tmp/applied' diff '$before' -- $net | grep '^+' | cut -c 2- |
	grep -vE '&|label\{|ref\{|normative\{|^ *//|/\*|^ *#define' | awk 'length > 65' | grep ."
if [ -z "$build" ]; then
	ok "the chapter was built" test -s "$tmp/out/net.pdf"
else
	n=$((n + 1))
	echo "ok $n - the chapter was built # SKIP xelatex is not installed"
fi

refused "a feature bit that is taken" $net 's/F_HIGH (72)/F_HIGH (71)/' 'bit 71 is taken'
refused "a configuration that has grown" $net 's/^        le32 supported_tunnel_types;/&\n        le32 other;/' 'offset 28'
refused "no list of features" $net 's/{Feature bits}/{Bits}/' 'no list of feature bits'
refused "no feature bit requirements" $net 's/{Feature bit requirements}/{Dependencies}/' 'the feature bit requirement'
refused "no configuration requirements" $net 's/^.devicenormative{.subsubsection}{Device conf/%&/' 'the configuration fields'
refused "no reserved device parts" $net '/^0x201/d' 'the table of device parts'
refused "no control virtqueue" $net 's/{Control Virtqueue}/{Queue}/' 'the commands that have a result'
refused "no section behind the commands" $net 's/{Flow filter}/{Flows}/' 'the commands'
refused "no type of statistics" $net '/^#define VIRTIO_NET_STATS_TYPE_RX_SPEED/d' 'VIRTIO_NET_STATS_TYPE_RX_SPEED'
refused "no requirements of statistics" $net 's/^.devicenormative{.subparagraph}{Device Stat/%&/' 'the statistics'
refused "no end of the operation" $net 's/{Legacy Interface: Framing/{Framing/' 'the theory of operation'
refused "no references" introduction.tex 's/{Normative References}/{References}/' 'the reference to RFC 9669'
refused "no conformance list" device-types/net/driver-conformance.tex 's/{itemize}/{enumerate}/' 'driver-conformance.tex'
cp -R "$tools/.." "$tmp/ours"
echo 'A paragraph.' > "$tmp/ours/xdp-offload/left-out.tex"
ok "a part of the proposal that has no place in the series" sh -c \
	"! '$tmp/ours/tools/make-patch' --no-build '$tmp/tree' '$tmp/ours-out' > '$tmp/output' 2>&1 && grep -F 'left-out.tex has no place' '$tmp/output'"
mkdir "$tmp/empty"
ok "a folder that is no checkout" sh -c "! '$tools/make-patch' --no-build '$tmp/empty' '$tmp/empty-out' 2>&1 | grep -v 'no git checkout' | grep ."
echo "1..$n"
exit $failed
