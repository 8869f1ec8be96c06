# SPDX-License-Identifier: BSD-2-Clause
# The text as it is submitted: no requirement ids, listings in place of their names, lines of up to 65 columns.
#   awk -v listings=DIR [-v part=prose|requirements] -f submission.awk FILE
# part: without the sections of requirements, or nothing but them.

function keep(    i) {
	for (i = 1; i <= n; i++)
		if (lines[i] ~ /^ *\\(begin|end|sub|par|sec|devicenorm|drivernorm|label|hline|phantom)|&|\\\\$/)
			return 1
	return 0
}

# Words of s in lines of up to 65 columns, all but the first behind indent. References stay in one piece.
function fill(first, indent, s,    count, words, i, out, column, word) {
	while (match(s, /(\\ref\{|\\hyperref\[)[^]}\001]* [^]}]*[]}]/)) {
		word = substr(s, RSTART, RLENGTH)
		gsub(/ /, "\001", word)
		s = substr(s, 1, RSTART - 1) word substr(s, RSTART + RLENGTH)
	}
	count = split(s, words, /[ \n\t]+/)
	out = first
	column = length(first)
	for (i = 1; i <= count; i++) {
		word = words[i]
		if (word == "")
			continue
		gsub(/\001/, " ", word)
		if (column > 0 && column != length(indent) && out != first && column + 1 + length(word) > 65) {
			out = out "\n" indent word
			column = length(indent) + length(word)
		} else {
			out = out (out == first ? "" : " ") word
			column += (out == first word ? 0 : 1) + length(word)
		}
	}
	return out
}

function listing(name,    file, got, text) {
	file = listings "/" name ".h"
	while ((got = (getline text < file)) > 0)
		print text
	close(file)
	if (got < 0) {
		printf "%s: there is no region %s\n", FILENAME, name > "/dev/stderr"
		exit 1
	}
}

# Items of a list: each with its further lines, indented.
function items(    i, item, indent) {
	item = ""
	indent = ""
	for (i = 1; i <= n; i++) {
		if (lines[i] ~ /^ *\\(item|begin|end)/) {
			if (item != "")
				print fill("", indent, item)
			item = ""
			if (lines[i] ~ /^ *\\item/) {
				item = lines[i]
				indent = deep ? "      " : "    "
			} else {
				deep = lines[i] ~ /begin\{(itemize|enumerate)/
				print lines[i]
			}
		} else {
			item = item == "" ? lines[i] : item "\n" lines[i]
		}
	}
	if (item != "")
		print fill("", indent, item)
}

function join(    i, s) {
	for (i = 1; i <= n; i++)
		s = s (i > 1 ? " " : "") lines[i]
	return s
}

function paragraph(    i, s) {
	if (lines[1] ~ /^\\(device|driver)normative/)
		normative = 1
	else if (lines[1] ~ /^\\(sub|par|sec)/)
		normative = 0
	if ((part == "prose" && normative) || (part == "requirements" && !normative))
		return
	if (printed++)
		print ""
	if (lines[1] ~ /^\\listing\{/) {
		s = lines[1]
		sub(/^\\listing\{/, "", s)
		sub(/\}.*/, "", s)
		print "\\begin{lstlisting}"
		listing(s)
		print "\\end{lstlisting}"
	} else if (lines[1] ~ /^\\req\{/) {
		s = join()
		sub(/^\\req\{[^}]*\}\{/, "", s)
		sub(/\}[ \t]*$/, "", s)
		print fill("", "", s)
	} else if (lines[1] ~ /^ *\\(item|begin\{(itemize|enumerate|description)\})/) {
		items()
	} else if (keep()) {
		for (i = 1; i <= n; i++)
			print lines[i]
	} else {
		print fill("", lines[1] ~ /^ +/ ? "    " : "", join())
	}
}

/^[ \t]*%/ { next }
/^[ \t]*$/ {
	if (n)
		paragraph()
	n = 0
	next
}
{ lines[++n] = $0 }
END {
	if (n)
		paragraph()
}
