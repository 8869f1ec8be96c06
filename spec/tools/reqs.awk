# SPDX-License-Identifier: BSD-2-Clause
# Requirement sentences of the TeX files given: id, side, level, label, sentence, separated by tabs; file and line to
# people on stderr where one is malformed, and exit status 1. A requirement is a paragraph \req{ID}{SENTENCE} of its own.

function fail(text) {
	printf "%s:%d: %s\n", FILENAME, line, text > "/dev/stderr"
	bad = 1
}

# Without macros and with single spaces: what the hash is taken of.
function plain(s) {
	gsub(/\\(eq)?ref\{[^}]*\}/, "", s)
	gsub(/\\[A-Za-z]+(\[[^]]*\])?\{/, "", s)
	gsub(/[{}]/, "", s)
	gsub(/\\[A-Za-z]+/, "", s)
	gsub(/[ \t\n]+/, " ", s)
	sub(/^ /, "", s)
	sub(/ $/, "", s)
	return s
}

# Length of the group that starts with the brace at the beginning of s, or 0.
function group(s,    i, c, depth) {
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (c == "\\")
			i++
		else if (c == "{")
			depth++
		else if (c == "}" && --depth == 0)
			return i
	}
	return 0
}

function requirement(p,    id, n, sentence, level) {
	if (!match(p, /^\\req\{[A-Z]+-[0-9]+\}\{/)) {
		fail("a requirement starts with \\req{ID}{")
		return
	}
	id = substr(p, 6, RLENGTH - 7)
	p = substr(p, RLENGTH)
	n = group(p)
	if (!n || substr(p, n + 1) !~ /^[ \t\n]*$/) {
		fail(id ": the braces do not match, or the paragraph goes on behind the sentence")
		return
	}
	sentence = plain(substr(p, 2, n - 2))
	if (match(sentence, /MUST NOT|MUST|SHOULD NOT|SHOULD|MAY/))
		level = substr(sentence, RSTART, RLENGTH)
	else
		fail(id ": no MUST, SHOULD or MAY")
	if (label == "")
		fail(id ": not below \\devicenormative or \\drivernormative")
	printf "%s\t%s\t%s\t%s\t%s\n", id, side, level, label, sentence
}

function paragraph(p,    rest) {
	if (p ~ /\\(device|driver)normative\{/) {
		rest = p
		sub(/.*\\(device|driver)normative\{[^}]*\}\{[^}]*\}\{/, "", rest)
		side = p ~ /\\devicenormative/ ? "device" : "driver"
		label = side "normative:" substr(rest, 1, index(rest, "}") - 1)
	} else if (p ~ /^\\req\{/) {
		requirement(p)
	} else if (p ~ /\\req\{/) {
		fail("\\req inside of a paragraph")
	} else if (p ~ /(MUST|SHOULD|MAY)([^A-Z_]|$)/) {
		fail("MUST, SHOULD or MAY outside of \\req")
	}
}

FNR == 1 {
	if (text != "")
		paragraph(text)
	text = side = label = ""
}
/^[ \t]*%/ { next }
/^[ \t]*$/ {
	if (text != "")
		paragraph(text)
	text = ""
	next
}
{
	if (text == "")
		line = FNR
	text = text == "" ? $0 : text "\n" $0
}
END {
	if (text != "")
		paragraph(text)
	exit bad
}
