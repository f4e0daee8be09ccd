/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Level 4: addresses that two have, and links that fail together. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/check.h"

/* An address in use; those of nodes have no service. */
struct holder {
    unsigned char bytes[sizeof(struct in6_addr)];
    int family;
    const char *words;
    node_id node;
    service_id service;
};

/* Without the length of its network; false: it is a host's name. */
static bool read_address(const char *words, struct holder *holder)
{
    char copy[INET6_ADDRSTRLEN + 1];
    size_t length = strcspn(words, "/");

    if (length >= sizeof(copy))
        return false;
    memcpy(copy, words, length);
    copy[length] = '\0';
    holder->words = words;
    holder->family = AF_INET;
    if (inet_pton(AF_INET, copy, holder->bytes) == 1)
        return true;
    holder->family = AF_INET6;
    return inet_pton(AF_INET6, copy, holder->bytes) == 1;
}

/* ---- links ----------------------------------------------------------------------------------- */

/* The usual size of a network: 24 bits of IPv4, 64 of IPv6. */
static bool are_neighbours(const char *a, const char *b)
{
    struct holder one = {0}, other = {0};

    return read_address(a, &one) && read_address(b, &other) && one.family == other.family &&
           memcmp(one.bytes, other.bytes, one.family == AF_INET ? 3 : 8) == 0;
}

/* Two links of one node that are probably one cable; said of the first node only. */
static void check_links(struct resolution *r)
{
    for (node_id id = 0; id < r->policy->n_nodes; id++) {
        const struct node_policy *node = &r->policy->nodes[id];

        for (int i = 1; i < node->n_addresses; i++) {
            for (int k = 0; k < i; k++) {
                if (!are_neighbours(node->addresses[k], node->addresses[i]))
                    continue;
                diagnostics_add(r->diagnostics, DIAGNOSTIC_ONE_NETWORK,
                                syntax_place(r->tree, r->node_at[id]), node->name,
                                node->addresses[k], node->addresses[i]);
                return;
            }
        }
    }
}

/* ---- who else has it ------------------------------------------------------------------------- */

static int compare_addresses(const struct holder *a, const struct holder *b)
{
    return a->family != b->family ? a->family - b->family
                                  : memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* Nodes before services, and these by name. */
static int compare_holders(const void *a, const void *b)
{
    const struct holder *one = a, *other = b;
    int order = compare_addresses(one, other);

    return order != 0 ? order : one->service - other->service;
}

/* The address that a service brings to its node; NULL: it has none. */
static const char *address_of(const struct service_policy *service)
{
    if (service->address || !service->agent || strcmp(service->agent, "heartbeat:IPaddr2") != 0)
        return service->address;
    for (int i = 0; i < service->n_settings; i++) {
        if (strcmp(service->settings[i].name, "ip") == 0)
            return service->settings[i].value;
    }
    return NULL;
}

static int collect(const struct resolution *r, struct holder *holders)
{
    const struct policy *policy = r->policy;
    int n = 0;

    for (node_id id = 0; id < policy->n_nodes; id++) {
        for (int i = 0; i < policy->nodes[id].n_addresses; i++) {
            holders[n] = (struct holder){.node = id, .service = SERVICE_NONE};
            n += read_address(policy->nodes[id].addresses[i], &holders[n]);
        }
    }
    for (service_id id = 0; id < policy->n_services; id++) {
        const char *address = address_of(&policy->services[id]);

        holders[n] = (struct holder){.node = NODE_NONE, .service = id};
        n += address && read_address(address, &holders[n]);
    }
    return n;
}

static void report_taken(struct resolution *r, const struct holder *first,
                         const struct holder *second)
{
    const struct policy *policy = r->policy;
    bool is_node = first->service == SERVICE_NONE;
    const struct syntax *at =
        is_node ? r->node_at[first->node] : r->sources[first->service].name_at;
    struct diagnostic *entry = diagnostics_add(
        r->diagnostics, DIAGNOSTIC_ADDRESS_TAKEN,
        syntax_place(r->tree, r->sources[second->service].name_at),
        policy->services[second->service].name, second->words, is_node ? "node" : "service",
        is_node ? policy->nodes[first->node].name : policy->services[first->service].name);

    diagnostics_note(r->diagnostics, entry, syntax_place(r->tree, at), "which is here");
}

/* Two who have one address answer for each other, now the one and now the other. */
static void check_taken(struct resolution *r)
{
    size_t most = (size_t)NODES_MAX * LINKS_MAX + (size_t)r->policy->n_services;
    struct holder *holders = arena_alloc(r->arena, most * sizeof(holders[0]));
    int n = collect(r, holders);

    if (n > 1)
        qsort(holders, (size_t)n, sizeof(holders[0]), compare_holders);
    for (int i = 1, first = 0; i < n; i++) {
        if (compare_addresses(&holders[first], &holders[i]) != 0)
            first = i;
        else if (holders[i].service != SERVICE_NONE)
            report_taken(r, &holders[first], &holders[i]);
    }
}

static void check_witness(struct resolution *r)
{
    const struct policy *policy = r->policy;
    struct holder witness = {0}, node = {0};

    if (!policy->quorum.witness)
        return;
    for (node_id id = 0; id < policy->n_nodes; id++) {
        bool is_same = strcmp(policy->quorum.witness, policy->nodes[id].name) == 0;

        for (int i = 0; i < policy->nodes[id].n_addresses && !is_same; i++)
            is_same = read_address(policy->quorum.witness, &witness) &&
                      read_address(policy->nodes[id].addresses[i], &node) &&
                      compare_addresses(&witness, &node) == 0;
        if (is_same)
            diagnostics_add(r->diagnostics, DIAGNOSTIC_WITNESS_ON_NODE,
                            syntax_place(r->tree, r->quorum_at[SYNTAX_WITNESS]),
                            policy->quorum.witness, policy->nodes[id].name);
    }
}

void check_addresses(struct resolution *r)
{
    check_links(r);
    check_taken(r);
    check_witness(r);
}
