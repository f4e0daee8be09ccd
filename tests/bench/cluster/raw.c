/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The floor: how long corosync takes to carry a message to all nodes in one order. A process in
 * the namespaces of each node writes down when it had which message, in memory that all share.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <corosync/cpg.h>

#include "tests/bench/cluster/cluster.h"

#define ROUNDS_MAX 10000
/* Nobody waits longer for one message; a ring that changes takes less. */
#define PATIENCE_US 20000000
/* Between two messages, so that each finds a ring at rest. */
#define PAUSE_US 3000

struct shared {
    _Atomic int n_here;
    _Atomic int64_t sent[ROUNDS_MAX];
    _Atomic int64_t had[NODES_MAX][ROUNDS_MAX];
};

static struct shared *shared;
static int self;

static void on_message(cpg_handle_t handle, const struct cpg_name *name, uint32_t nodeid,
                       uint32_t pid, void *bytes, size_t length)
{
    int round;

    (void)handle;
    (void)name;
    (void)nodeid;
    (void)pid;
    if (length < sizeof(round))
        return;
    memcpy(&round, bytes, sizeof(round));
    if (round >= 0 && round < ROUNDS_MAX)
        shared->had[self][round] = clock_us();
}

static void on_members(cpg_handle_t handle, const struct cpg_name *name,
                       const struct cpg_address *members, size_t n_members,
                       const struct cpg_address *left, size_t n_left,
                       const struct cpg_address *joined, size_t n_joined)
{
    (void)handle;
    (void)name;
    (void)members;
    (void)left;
    (void)n_left;
    (void)joined;
    (void)n_joined;
    if (self == 0)
        shared->n_here = (int)n_members;
}

/* libcpg finds corosync by the network's namespace, and its memory by that of the files. */
static void enter(pid_t node)
{
    static const char *const kinds[] = {"ipc", "net", "mnt"};
    int fds[3];

    for (int i = 0; i < 3; i++) {
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)node, kinds[i]);
        fds[i] = open(path, O_RDONLY | O_CLOEXEC);
        if (fds[i] < 0)
            die("%s: %s", path, strerror(errno));
    }
    for (int i = 0; i < 3; i++) {
        if (setns(fds[i], 0) < 0)
            die("cannot enter the node of %d: %s", (int)node, strerror(errno));
        close(fds[i]);
    }
}

static cpg_handle_t join_group(void)
{
    cpg_callbacks_t callbacks = {.cpg_deliver_fn = on_message, .cpg_confchg_fn = on_members};
    struct cpg_name name = {.length = 5, .value = "bench"};
    cpg_handle_t handle;
    cs_error_t error = cpg_initialize(&handle, &callbacks);

    if (error == CS_OK)
        error = cpg_join(handle, &name);
    for (int i = 0; error == CS_ERR_TRY_AGAIN && i < 100; i++) {
        sleep_us(20000);
        error = cpg_join(handle, &name);
    }
    if (error != CS_OK)
        die("corosync: error %d", (int)error);
    return handle;
}

static void dispatch(cpg_handle_t handle, int timeout_ms)
{
    struct pollfd poller = {.events = POLLIN};

    if (cpg_fd_get(handle, &poller.fd) != CS_OK)
        die("corosync is gone");
    if (poll(&poller, 1, timeout_ms) > 0 && cpg_dispatch(handle, CS_DISPATCH_ALL) != CS_OK)
        die("corosync is gone");
}

static bool all_had(const struct lab *lab, int round)
{
    for (int node = 0; node < lab->n_nodes; node++) {
        if (!shared->had[node][round])
            return false;
    }
    return true;
}

static void send_all(const struct lab *lab, cpg_handle_t handle, int rounds, size_t bytes)
{
    char *message = calloc(1, bytes);
    struct iovec part = {message, bytes};
    int64_t since = clock_us();

    while (shared->n_here < lab->n_nodes) {
        dispatch(handle, 100);
        if (clock_us() - since > PATIENCE_US)
            die("only %d of %d are in the group", shared->n_here, lab->n_nodes);
    }
    for (int round = 0; round < rounds; round++) {
        cs_error_t error;

        memcpy(message, &round, sizeof(round));
        sleep_us(PAUSE_US);
        since = clock_us();
        shared->sent[round] = since;
        do
            error = cpg_mcast_joined(handle, CPG_TYPE_AGREED, &part, 1);
        while (error == CS_ERR_TRY_AGAIN && clock_us() - since < PATIENCE_US);
        if (error != CS_OK)
            die("corosync takes no message: error %d", (int)error);
        while (!shared->had[0][round] && clock_us() - since < PATIENCE_US)
            dispatch(handle, 100);
        while (!all_had(lab, round) && clock_us() - since < PATIENCE_US)
            sleep_us(100);
        if (!all_had(lab, round))
            die("message %d did not come everywhere", round);
    }
    free(message);
}

static void report(const struct lab *lab, int rounds, size_t bytes)
{
    struct durations own = {calloc((size_t)rounds, sizeof(int64_t)), rounds};
    struct durations all = {calloc((size_t)rounds, sizeof(int64_t)), rounds};

    for (int round = 0; round < rounds; round++) {
        int64_t last = 0;

        for (int node = 0; node < lab->n_nodes; node++) {
            if (shared->had[node][round] > last)
                last = shared->had[node][round];
        }
        own.us[round] = shared->had[0][round] - shared->sent[round];
        all.us[round] = last - shared->sent[round];
    }
    printf("raw CPG, %zu bytes, %d nodes: back at the sender %.2f ms, at all %.2f ms (p50); "
           "%.2f ms, %.2f ms (p99)\n",
           bytes, lab->n_nodes, (double)percentile(&own, 50) / 1000,
           (double)percentile(&all, 50) / 1000, (double)percentile(&own, 99) / 1000,
           (double)percentile(&all, 99) / 1000);
    free(own.us);
    free(all.us);
}

void measure_cpg(const struct lab *lab, int rounds, size_t bytes)
{
    pid_t children[NODES_MAX];
    int status, failed = 0;

    if (rounds > ROUNDS_MAX || bytes < sizeof(int))
        die("at most %d rounds, of %zu bytes at least", ROUNDS_MAX, sizeof(int));
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        die("no memory");
    for (int node = 0; node < lab->n_nodes; node++) {
        children[node] = fork();
        if (children[node] != 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        self = node;
        enter(lab->nodes[node]);
        cpg_handle_t handle = join_group();
        if (node == 0) {
            send_all(lab, handle, rounds, bytes);
            exit(0);
        }
        for (;;)
            dispatch(handle, 1000);
    }
    waitpid(children[0], &status, 0);
    failed = status;
    for (int node = 1; node < lab->n_nodes; node++) {
        kill(children[node], SIGKILL);
        waitpid(children[node], &status, 0);
    }
    if (failed)
        die("the messages could not be sent");
    report(lab, rounds, bytes);
}
