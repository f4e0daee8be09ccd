/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Status patches as many as there can be: services that are stopped are sent from node to node,
 * each move some changes of the agreed state, asked for by several clients at a time. Meanwhile
 * every node is asked how old the newest beat of each other one is: who does not beat has no lease.
 */
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/cluster/cluster.h"

#define CLIENTS 12
#define LOOK_EVERY_US 50000

struct load {
    const struct lab *lab;
    char **services;
    int n_services;
    const char *names[NODES_MAX];
    struct agent *clients[CLIENTS];
    struct agent *lookers[NODES_MAX];
    struct pollfd fds[CLIENTS + NODES_MAX];
    int n_asked[CLIENTS];
    int n_accepted, n_refused;
    int64_t oldest_ms;
};

static json_t *read_line(const char *line)
{
    json_t *value = json_loads(line, 0, NULL);

    if (!value)
        die("an agent says what is no JSON: %s", line);
    return value;
}

/* Asks and waits for the end; of the rows the one that comes last is returned. */
static json_t *ask(struct agent *agent, const char *request)
{
    json_t *row = NULL;

    agent_say(agent, request, strlen(request));
    for (;;) {
        json_t *line = read_line(agent_wait_line(agent));

        if (json_object_get(line, "row")) {
            json_decref(row);
            row = json_incref(json_object_get(line, "row"));
        } else if (json_object_get(line, "done")) {
            json_decref(line);
            return row;
        } else {
            die("an agent says no to %s", request);
        }
        json_decref(line);
    }
}

static int64_t ledger_version(struct load *load)
{
    struct agent *agent = agent_open(load->lab->nodes[0]);
    json_t *row = ask(agent, "{\"verb\":\"cluster status\",\"id\":1}\n");
    int64_t version =
        json_integer_value(json_object_get(json_object_get(row, "ledger"), "version"));

    json_decref(row);
    agent_close(agent);
    return version;
}

/* Of the services each client has its own, so that no two moves meet. */
static void ask_for_move(struct load *load, int client)
{
    int turn = load->n_asked[client]++, share = load->n_services / CLIENTS;
    int service = client + CLIENTS * (turn % share);
    int node = (turn / share + 1) % load->lab->n_nodes;
    char request[256];
    int length = snprintf(request, sizeof(request),
                          "{\"verb\":\"ha relocate\",\"args\":[\"%s\",\"%s\"],\"id\":%d}\n",
                          load->services[service], load->names[node], turn + 2);

    agent_say(load->clients[client], request, (size_t)length);
}

static void hear_client(struct load *load, int client)
{
    const char *line;

    while ((line = agent_line(load->clients[client]))) {
        if (strstr(line, "\"done\":true"))
            load->n_accepted++;
        else if (strstr(line, "\"error\":"))
            load->n_refused++;
        else
            continue;
        ask_for_move(load, client);
    }
}

static void look(struct load *load)
{
    static const char request[] = "{\"verb\":\"fence status\",\"id\":1}\n";

    for (int node = 0; node < load->lab->n_nodes; node++)
        agent_say(load->lookers[node], request, strlen(request));
}

static void hear_looker(struct load *load, int node)
{
    const char *text;

    while ((text = agent_line(load->lookers[node]))) {
        json_t *line = read_line(text);
        int64_t age = json_integer_value(json_object_get(json_object_get(line, "row"), "lease_ms"));

        if (age > load->oldest_ms)
            load->oldest_ms = age;
        json_decref(line);
    }
}

static void load_begin(struct load *load)
{
    for (int node = 0; node < load->lab->n_nodes; node++) {
        json_t *row;

        load->lookers[node] = agent_open(load->lab->nodes[node]);
        row = ask(load->lookers[node], "{\"verb\":\"cluster status\",\"id\":1}\n");
        load->names[node] = strdup(json_string_value(json_object_get(row, "node")));
        json_decref(row);
        load->fds[CLIENTS + node] =
            (struct pollfd){.fd = agent_fd(load->lookers[node]), .events = POLLIN};
    }
    for (int client = 0; client < CLIENTS; client++) {
        load->clients[client] = agent_open(load->lab->nodes[client % load->lab->n_nodes]);
        load->fds[client] =
            (struct pollfd){.fd = agent_fd(load->clients[client]), .events = POLLIN};
    }
}

static void run_for(struct load *load, int64_t span_us, bool is_loaded)
{
    int64_t begin = clock_us(), looked = 0;

    load->oldest_ms = 0;
    for (int client = 0; is_loaded && client < CLIENTS; client++)
        ask_for_move(load, client);
    while (clock_us() - begin < span_us) {
        if (clock_us() - looked > LOOK_EVERY_US) {
            looked = clock_us();
            look(load);
        }
        poll(load->fds, (nfds_t)(CLIENTS + load->lab->n_nodes), LOOK_EVERY_US / 1000);
        for (int client = 0; client < CLIENTS; client++)
            hear_client(load, client);
        for (int node = 0; node < load->lab->n_nodes; node++)
            hear_looker(load, node);
    }
}

void measure_patches(const struct lab *lab, int seconds, char **services, int n_services)
{
    struct load *load = calloc(1, sizeof(*load));
    int64_t span_us = (int64_t)seconds * 1000000, version, idle_ms, begin;
    double took;

    if (n_services < 2 * CLIENTS)
        die("at least %d services", 2 * CLIENTS);
    load->lab = lab;
    load->services = services;
    load->n_services = n_services;
    load_begin(load);
    run_for(load, span_us / 2, false);
    idle_ms = load->oldest_ms;
    version = ledger_version(load);
    begin = clock_us();
    run_for(load, span_us, true);
    version = ledger_version(load) - version;
    took = (double)(clock_us() - begin) / 1e6;
    printf("status patches, %d nodes, %d services: %.0f a second (%.0f moves accepted a second, %d "
           "refused in all); the oldest beat %lld ms, at rest %lld ms\n",
           lab->n_nodes, n_services, (double)version / took, load->n_accepted / took,
           load->n_refused, (long long)load->oldest_ms, (long long)idle_ms);
    for (int node = 0; node < lab->n_nodes; node++)
        agent_close(load->lookers[node]);
    for (int client = 0; client < CLIENTS; client++)
        agent_close(load->clients[client]);
    free(load);
}
