# SPDX-License-Identifier: BSD-2-Clause
# Inserts text into a file: awk -v where=before|after -v anchor=START -v text=FILE [-v from=START] [-v what=NAME] -f insert.awk FILE
# before or after the first line that starts with anchor (leading blanks aside), looked for from the first line on that
# starts with from. Exit status 1, with the reason on stderr, if there is no such line.
function starts(line, s) {
	sub(/^[ \t]+/, "", line)
	return index(line, s) == 1
}
function put(    line, got) {
	while ((got = (getline line < text)) > 0)
		print line
	close(text)
	done = 1
}
# -v would take backslashes for escapes.
BEGIN {
	anchor = ENVIRON["ANCHOR"]
	from = ENVIRON["FROM"]
	armed = from == ""
}
!armed && starts($0, from) { armed = 1 }
armed && !done && starts($0, anchor) {
	if (where == "before")
		put()
	print
	if (where == "after")
		put()
	next
}
{ print }
END {
	if (!done) {
		printf "%s: found no line that starts with \"%s\"%s: the place for %s\n", FILENAME, anchor,
			from == "" ? "" : " behind \"" from "\"", what > "/dev/stderr"
		exit 1
	}
}
