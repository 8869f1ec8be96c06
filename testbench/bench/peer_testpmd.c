// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE /* pipe2() */
#include "bench/peer_testpmd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/sample.h"

#define TESTPMD    "dpdk-testpmd"
#define CAPTURE    "frames.pcap"
#define FRAMES     256
#define PORTS      2
#define SAMPLES    6 /* times asked: the best one counts, as the fastest round does elsewhere */
#define SAMPLE_MS  300
#define START_MS   8000 /* until testpmd is up */
#define TEXT_BYTES 4096

/* What is run; %s is a folder for its files. */
static const struct setup {
	const char *key, *name;
	const char *devices; /* arguments */
	const char *attach;  /* a second port, once the first one runs; NULL: none */
	const char *mode;
	bool ring; /* frames cross a virtqueue */
} setups[] = {
	{"testpmd_pcap", "net_pcap, rxonly", "net_pcap0,rx_pcap=%s/" CAPTURE ",infinite_rx=1", NULL, "rxonly", false},
	{"testpmd_split", "vhost, virtio-user: split", "net_vhost0,iface=%s/socket,queues=1",
	 "net_virtio_user0,path=%s/socket,queues=1,mrg_rxbuf=0", "io", true},
	{"testpmd_split_in_order", "split in order", "net_vhost0,iface=%s/socket,queues=1",
	 "net_virtio_user0,path=%s/socket,queues=1,mrg_rxbuf=0,in_order=1", "io", true},
	{"testpmd_packed", "packed", "net_vhost0,iface=%s/socket,queues=1",
	 "net_virtio_user0,path=%s/socket,queues=1,packed_vq=1,mrg_rxbuf=1", "io", true},
	{"testpmd_packed_in_order", "packed in order", "net_vhost0,iface=%s/socket,queues=1",
	 "net_virtio_user0,path=%s/socket,queues=1,packed_vq=1,mrg_rxbuf=0,in_order=1", "io", true},
	{"testpmd_packed_vector", "packed, vectorised", "net_vhost0,iface=%s/socket,queues=1",
	 "net_virtio_user0,path=%s/socket,queues=1,packed_vq=1,mrg_rxbuf=0,in_order=1,vectorized=1", "io", true},
};

#define SETUPS (sizeof(setups) / sizeof(setups[0]))

enum { C_NS, C_MFPS, COLUMNS };

static const struct report_column columns[COLUMNS] = {{"ns", "ns", 1, false},
						      {"million_frames_per_s", "Mframes/s", 1, false}};

/* A testpmd that runs. */
struct testpmd {
	pid_t pid;
	int in, out; /* its input and output */
	char text[TEXT_BYTES];
	size_t used;
	char why[REPORT_TEXT_BYTES]; /* its last line that sounds like an error */
	double rates[PORTS];         /* frames/s received, since the last time it was asked */
	size_t port;                 /* of the next rate */
	double wall, cpu;            /* seconds, when it was asked last */
};

/* ---- the process ---- */

/* The program itself, in the child. */
static void become(const struct setup *setup, const char *dir, int in, int out)
{
	bool one = sysconf(_SC_NPROCESSORS_ONLN) < 2; /* the other one only waits for commands */
	char devices[PATH_MAX], prefix[64];

	/* The format is a row of the table. */
	snprintf(devices, sizeof(devices), setup->devices, dir);
	snprintf(prefix, sizeof(prefix), "--file-prefix=bench%d", (int)getpid());
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	/* Line by line: what is written to a pipe would come when there is enough of it. */
	execlp("stdbuf", "stdbuf", "-oL", TESTPMD, one ? "--lcores=(0,1)@0" : "--lcores=0@0,1@1", "--no-huge", "-m",
	       "512", "--no-pci", prefix, "--log-level=error", "--vdev", devices, "--", "-i", "--disable-device-start",
	       "--no-mlockall", "--total-num-mbufs=16384", (char *)NULL);
	_exit(127);
}

static int start(struct testpmd *t, const struct setup *setup, const char *dir)
{
	char socket[PATH_MAX];
	int to[2], from[2];

	snprintf(socket, sizeof(socket), "%s/socket", dir);
	unlink(socket); /* the last one's */

	if (pipe2(to, O_CLOEXEC))
		return -errno;
	if (pipe2(from, O_CLOEXEC)) {
		close(to[0]);
		close(to[1]);
		return -EMFILE;
	}
	t->pid = fork();
	if (!t->pid)
		become(setup, dir, to[0], from[1]);
	close(to[0]);
	close(from[1]);
	t->in = to[1];
	t->out = from[0];
	return t->pid < 0 ? -errno : 0;
}

static void stop(struct testpmd *t)
{
	close(t->in);
	close(t->out);
	if (t->pid > 0) {
		kill(t->pid, SIGKILL);
		waitpid(t->pid, NULL, 0);
	}
}

static void say(struct testpmd *t, const char *command)
{
	if (write(t->in, command, strlen(command)) < 0 || write(t->in, "\n", 1) < 0)
		snprintf(t->why, sizeof(t->why), "it does not listen");
}

/* ---- what it says ---- */

static void read_line(struct testpmd *t, const char *line)
{
	const char *rate = strstr(line, "Rx-pps:");

	if (rate && t->port < PORTS)
		t->rates[t->port++] = strtod(rate + strlen("Rx-pps:"), NULL);
	else if (strstr(line, "annot") || strstr(line, "ailed") || strstr(line, "rror:"))
		snprintf(t->why, sizeof(t->why), "%.*s", (int)sizeof(t->why) - 1, line);
}

/* Reads what it says for so long, or until all ports have told their rates. False: it has gone. */
static bool listen_for(struct testpmd *t, int ms, size_t ports)
{
	struct timespec now;
	int64_t end = 0, at;

	do {
		struct pollfd fd = {.fd = t->out, .events = POLLIN};
		ssize_t got;
		char *line;

		clock_gettime(CLOCK_MONOTONIC, &now);
		at = now.tv_sec * 1000 + now.tv_nsec / 1000000;
		end = end ? end : at + ms;
		if (at >= end || poll(&fd, 1, (int)(end - at)) <= 0)
			return true;
		got = read(t->out, t->text + t->used, sizeof(t->text) - 1 - t->used);
		if (got <= 0)
			return false;
		t->used += (size_t)got;
		t->text[t->used] = 0;
		while ((line = strchr(t->text, '\n'))) {
			*line = 0;
			read_line(t, t->text);
			t->used -= (size_t)(line + 1 - t->text);
			memmove(t->text, line + 1, t->used + 1);
		}
		if (t->used == sizeof(t->text) - 1)
			t->used = 0;
	} while (t->port < ports);
	return true;
}

static double seconds(clockid_t clock)
{
	struct timespec t = {0};

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/*
 * Processor time in ns that a frame took since the last time it was asked, over all ports: on a machine that has other
 * things to do, too, frames per second would be too few. 0: no frame came; -1: it has gone, or does not answer.
 */
static double ask(struct testpmd *t, size_t ports)
{
	double rate = 0, wall = t->wall, used = t->cpu;
	clockid_t cpu;

	t->port = 0;
	say(t, "show port stats all");
	if (!listen_for(t, START_MS, ports) || t->port < ports || clock_getcpuclockid(t->pid, &cpu))
		return -1;
	t->wall = seconds(CLOCK_MONOTONIC);
	t->cpu = seconds(cpu);
	for (size_t i = 0; i < ports; i++)
		rate += t->rates[i];
	return rate > 0 ? (t->cpu - used) / (t->wall - wall) / rate * 1e9 : 0;
}

/* ---- measuring ---- */

static void go(struct testpmd *t, const struct setup *setup, const char *dir)
{
	char command[PATH_MAX + 64] = "port attach ";
	size_t used = strlen(command);

	say(t, "port start 0");
	if (setup->attach) {
		snprintf(command + used, sizeof(command) - used, setup->attach, dir);
		say(t, command);
		say(t, "port start 1");
	}
	snprintf(command, sizeof(command), "set fwd %s", setup->mode);
	say(t, command);
	say(t, setup->attach ? "start tx_first 8" : "start");
}

/* ns of a frame, the best of many times asked; NAN with a note: it does not run. */
static double measure(struct bench *bench, const struct setup *setup, const char *dir)
{
	size_t ports = setup->attach ? 2 : 1;
	struct testpmd t = {0};
	double best = NAN;

	if (!start(&t, setup, dir)) {
		bool runs;

		go(&t, setup, dir);
		runs = ask(&t, ports) >= 0; /* since its start: not a rate */
		for (size_t i = 0; i < SAMPLES && runs; i++) {
			double ns;

			listen_for(&t, SAMPLE_MS, ports + 1);
			ns = ask(&t, ports);
			if (ns > 0)
				best = fmin(best, ns);
		}
	}
	stop(&t);
	if (isnan(best))
		report_note(&bench->report, "Not there: testpmd, %s: %.150s.", setup->name,
			    t.why[0] ? t.why : "no frame came through");
	return best;
}

static int write_capture(const char *dir)
{
	struct pcap_header header = {.magic = cpu_to_le32(PCAP_MAGIC_US),
				     .major = cpu_to_le16(2),
				     .minor = cpu_to_le16(4),
				     .snaplen = cpu_to_le32(UINT16_MAX),
				     .link_type = cpu_to_le32(PCAP_LINK_ETHER)};
	struct sample *sample = sample_open(SAMPLE_SMALL, FRAMES, SIZE_MAX);
	char path[PATH_MAX];
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "%s/" CAPTURE, dir);
	file = fopen(path, "we");
	ok = sample && file && fwrite(&header, sizeof(header), 1, file) == 1 &&
	     fwrite(sample->image, sample->bytes, 1, file) == 1;
	if (file && fclose(file))
		ok = false;
	sample_close(sample);
	return ok ? 0 : -EIO;
}

static void clean(const char *dir)
{
	static const char *const files[] = {CAPTURE, "socket"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

/* Whether there is such a program on the path. */
static bool installed(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execlp("sh", "sh", "-c", "command -v " TESTPMD " && command -v stdbuf", (char *)NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

static double run(struct bench *bench, const char *dir)
{
	struct report_table *table = report_table(&bench->report, "testpmd", columns, COLUMNS,
						  "DPDK's testpmd, 64-byte frames, processor time on one core; a "
						  "virtqueue's frames are counted in both directions");
	double best = NAN;

	for (size_t i = 0; i < SETUPS; i++) {
		struct report_row *row = report_row(table, setups[i].key, setups[i].name);
		double ns;

		bench_progress("datapath: testpmd, %s", setups[i].name);
		ns = measure(bench, &setups[i], dir);
		row->values[C_NS] = ns;
		row->values[C_MFPS] = 1e3 / ns;
		if (setups[i].ring)
			best = fmin(best, ns);
	}
	return best;
}

double peer_testpmd_run(struct bench *bench)
{
	char dir[] = "/tmp/refnic-bench-XXXXXX";
	double ns = NAN;
	void (*before)(int);

	if (!installed()) {
		report_note(&bench->report, "Not there: testpmd (Debian's package dpdk-dev).");
		return NAN;
	}
	if (!mkdtemp(dir)) {
		report_note(&bench->report, "Not there: testpmd: %s cannot be made: %s.", dir, strerror(errno));
		return NAN;
	}
	before = signal(SIGPIPE, SIG_IGN);
	if (!write_capture(dir))
		ns = run(bench, dir);
	else
		report_note(&bench->report, "Not there: testpmd: its capture cannot be written to %s.", dir);
	signal(SIGPIPE, before);
	clean(dir);
	return ns;
}
