/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pushes, one after the other: when the last node has said that the new version is in force there,
 * and when the one who pushed was told that a quorum has it on disk.
 */
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/cluster/cluster.h"

#define PATIENCE_US 15000000
#define PAUSE_US 20000

static char *file_read(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = calloc(1, POLICY_BYTES_MAX + 1);
    size_t length = file ? fread(text, 1, POLICY_BYTES_MAX, file) : 0;

    if (length == 0)
        die("cannot read %s", path);
    fclose(file);
    return text;
}

/* The policy, filled up, and no two alike. */
static char *request_of(const char *policy, size_t bytes, int round)
{
    size_t length = strlen(policy), room = (length > bytes ? length : bytes) + 256, at;
    char *text = calloc(1, room);
    json_t *request;
    char *line;

    at = (size_t)snprintf(text, room, "# %d\n%s", round, policy);
    while (at + 80 < bytes)
        at += (size_t)snprintf(text + at, room - at, "# %076d\n", round);
    request = json_pack("{s:s,s:[s],s:s,s:i}", "verb", "policy push", "args", "bench", "text", text,
                        "id", round + 2);
    line = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    free(text);
    text = calloc(1, strlen(line) + 2);
    snprintf(text, strlen(line) + 2, "%s\n", line);
    free(line);
    return text;
}

/* One that hears of each change, and one that pushes: the two ends of a push. */
struct watch {
    struct agent *agents[NODES_MAX + 1];
    struct pollfd fds[NODES_MAX + 1];
    int n_nodes;
    int64_t version; /* of the policy that was seen last, on the node that pushes */
    int64_t seen[NODES_MAX];
    int64_t done;
};

static void watch_begin(struct watch *watch, const struct lab *lab)
{
    static const char follow[] =
        "{\"verb\":\"events\",\"follow\":true,\"since\":4000000000000000000,\"id\":1}\n";

    watch->n_nodes = lab->n_nodes;
    for (int node = 0; node <= lab->n_nodes; node++) {
        watch->agents[node] = agent_open(lab->nodes[node < lab->n_nodes ? node : 0]);
        watch->fds[node] = (struct pollfd){.fd = agent_fd(watch->agents[node]), .events = POLLIN};
        if (node < lab->n_nodes)
            agent_say(watch->agents[node], follow, strlen(follow));
    }
    sleep_us(500000);
}

static void take_line(struct watch *watch, int node, const char *line, int64_t now)
{
    if (node < watch->n_nodes) {
        if (strstr(line, "\"kind\":\"policy\"") && !watch->seen[node])
            watch->seen[node] = now;
    } else if (strstr(line, "\"done\":true")) {
        watch->done = now;
    } else if (strstr(line, "\"error\":")) {
        die("the push was refused: %s", line);
    }
}

static bool is_over(const struct watch *watch)
{
    for (int node = 0; node < watch->n_nodes; node++) {
        if (!watch->seen[node])
            return false;
    }
    return watch->done != 0;
}

static void watch_push(struct watch *watch, const char *request)
{
    int64_t since = clock_us();
    const char *line;

    memset(watch->seen, 0, sizeof(watch->seen));
    watch->done = 0;
    agent_say(watch->agents[watch->n_nodes], request, strlen(request));
    while (!is_over(watch)) {
        if (clock_us() - since > PATIENCE_US)
            die("a push was not seen by all");
        poll(watch->fds, (nfds_t)watch->n_nodes + 1, 100);
        for (int node = 0; node <= watch->n_nodes; node++) {
            if (!watch->fds[node].revents)
                continue;
            while ((line = agent_line(watch->agents[node])))
                take_line(watch, node, line, clock_us());
        }
    }
}

static void tell(const char *what, struct durations *durations)
{
    printf("%s %.2f ms (p50), %.2f ms (p99)", what, (double)percentile(durations, 50) / 1000,
           (double)percentile(durations, 99) / 1000);
}

void measure_pushes(const struct lab *lab, int rounds, const char *path, size_t bytes)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    struct durations seen = {calloc((size_t)rounds, sizeof(int64_t)), rounds};
    struct durations durable = {calloc((size_t)rounds, sizeof(int64_t)), rounds};
    struct durations both = {calloc((size_t)rounds, sizeof(int64_t)), rounds};
    char *policy = file_read(path);

    watch_begin(watch, lab);
    for (int round = 0; round < rounds; round++) {
        char *request = request_of(policy, bytes, round);
        int64_t since, last = 0;

        sleep_us(PAUSE_US);
        since = clock_us();
        watch_push(watch, request);
        for (int node = 0; node < watch->n_nodes; node++)
            last = watch->seen[node] > last ? watch->seen[node] : last;
        seen.us[round] = last - since;
        durable.us[round] = watch->done - since;
        both.us[round] = last > watch->done ? last - since : durable.us[round];
        free(request);
    }
    printf("push, %zu bytes, %d nodes:", bytes > strlen(policy) ? bytes : strlen(policy),
           lab->n_nodes);
    tell(" seen by all", &seen);
    tell(", on a quorum's disks", &durable);
    tell(", both", &both);
    printf("\n");
    for (int node = 0; node <= watch->n_nodes; node++)
        agent_close(watch->agents[node]);
    free(watch);
    free(policy);
    free(seen.us);
    free(durable.us);
    free(both.us);
}
