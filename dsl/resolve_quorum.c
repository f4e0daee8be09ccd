/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The quorum block. What corosync would refuse, or take and leave aside, is refused here with the
 * reason; see votequorum(5) and corosync-qdevice(8).
 */
#include <arpa/inet.h>
#include <string.h>

#include "dsl/resolve.h"
#include "dsl/values.h"
#include "ha/base/text.h"
#include "ha/model/votes.h"

/* RFC 1035: a host's name as a whole. */
#define HOST_NAME_MAX_BYTES 253

static bool host_is_valid(const char *host)
{
    unsigned char binary[sizeof(struct in6_addr)];
    size_t length = strlen(host), label = 0;
    bool has_letter = false;

    if (inet_pton(AF_INET, host, binary) == 1 || inet_pton(AF_INET6, host, binary) == 1)
        return true;
    for (size_t i = 0; i <= length; i++) {
        bool is_edge = label == 0 || host[i] == '\0' || host[i + 1] == '.' || host[i + 1] == '\0';
        char c = host[i];

        if (c == '.' || c == '\0') {
            if (label == 0 || label > 63)
                return false;
            label = 0;
            continue;
        }
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c == '-' && !is_edge)))
            return false;
        has_letter = has_letter || (c | 0x20) >= 'a';
        label++;
    }
    /* Digits and dots alone were meant as an address. */
    return has_letter && length <= HOST_NAME_MAX_BYTES;
}

static void read_witness(struct resolution *r, const struct syntax *at)
{
    struct quorum_policy *quorum = &r->policy->quorum;
    const struct syntax *host = at->child;
    struct diagnostic *entry;

    quorum->witness = syntax_text(r->tree, host);
    quorum->witness_line = syntax_line(r->tree, at);
    quorum->is_algorithm_said = host->next != NULL;
    if (host->next && strcmp(syntax_text(r->tree, host->next), "lms") == 0)
        quorum->algorithm = WITNESS_LMS;
    if (host_is_valid(quorum->witness))
        return;
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_BAD_HOST, syntax_place(r->tree, host),
                            quorum->witness);
    diagnostics_hint(r->diagnostics, entry,
                     "it is the host on which corosync-qnetd runs: 10.77.0.9 or witness.example");
}

static void read_tie_breaker(struct resolution *r, const struct syntax *at)
{
    struct quorum_policy *quorum = &r->policy->quorum;
    const struct syntax *first = at->child->child;
    const char *word = syntax_text(r->tree, first);
    bool is_word = !first->next && policy_find_node(r->policy, word) == NODE_NONE;
    node_set seen = 0;

    quorum->tie_line = syntax_line(r->tree, at);
    if (is_word && (strcmp(word, "lowest") == 0 || strcmp(word, "highest") == 0)) {
        quorum->tie_breaker = strcmp(word, "lowest") == 0 ? TIE_LOWEST : TIE_HIGHEST;
        return;
    }
    quorum->tie_breaker = TIE_NODES;
    for (const struct syntax *name = first; name; name = name->next) {
        node_set nodes = resolve_node_name(r, name, seen);

        NODE_SET_EACH(node, nodes & ~seen)
        {
            quorum->tie_nodes[quorum->n_tie_nodes++] = node;
        }
        seen |= nodes;
    }
}

static bool is_yes(const struct resolution *r, const struct syntax *at)
{
    return at && strcmp(syntax_text(r->tree, at->child), "yes") == 0;
}

static void read_settings(struct resolution *r, const struct syntax *statement)
{
    struct quorum_policy *quorum = &r->policy->quorum;

    for (const struct syntax *at = syntax_inside(statement); at; at = at->next) {
        if (at->is_broken || !resolve_once(r, &r->quorum_at[at->kind], at))
            continue;
        switch (at->kind) {
        case SYNTAX_WITNESS: read_witness(r, at); break;
        case SYNTAX_TIE_BREAKER: read_tie_breaker(r, at); break;
        case SYNTAX_WAIT_FOR_ALL:
            quorum->wait_line = syntax_line(r->tree, at);
            quorum->waits_for_all = is_yes(r, at);
            break;
        case SYNTAX_LAST_MAN:
            quorum->last_man_line = syntax_line(r->tree, at);
            quorum->is_last_man_standing = is_yes(r, at);
            break;
        default:
            quorum->two_node_line = syntax_line(r->tree, at);
            quorum->is_two_node = is_yes(r, at);
        }
    }
}

/* Said, and not with "no". */
static const struct syntax *in_force(const struct resolution *r, enum syntax_kind kind)
{
    const struct syntax *at = r->quorum_at[kind];

    if (at && at->child->kind == SYNTAX_WORD && !is_yes(r, at))
        return NULL;
    return at;
}

static void check_clashes(struct resolution *r)
{
    static const struct {
        enum syntax_kind one, other;
        const char *hint;
    } clashes[] = {
        {SYNTAX_TWO_NODE, SYNTAX_WITNESS,
         "the witness says which of two nodes goes on; leave \"two-node\" out"},
        {SYNTAX_LAST_MAN, SYNTAX_WITNESS, "with a witness it is written: witness HOST lms"},
        {SYNTAX_TWO_NODE, SYNTAX_TIE_BREAKER,
         "with \"two-node\" both halves go on, with a tie-breaker only one; choose"},
    };

    for (size_t i = 0; i < sizeof(clashes) / sizeof(clashes[0]); i++) {
        const struct syntax *one = in_force(r, clashes[i].one);
        const struct syntax *other = in_force(r, clashes[i].other);
        struct diagnostic *entry;

        if (!one || !other)
            continue;
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_QUORUM_CLASH, syntax_place(r->tree, one),
                                syntax_text(r->tree, one), syntax_word(clashes[i].other));
        diagnostics_note(r->diagnostics, entry, syntax_place(r->tree, other), "which is here");
        diagnostics_hint(r->diagnostics, entry, "%s", clashes[i].hint);
    }
}

static void report_unfit(struct resolution *r, const struct syntax *at, const char *is_for,
                         const char *but)
{
    diagnostics_add(r->diagnostics, DIAGNOSTIC_QUORUM_UNFIT, syntax_place(r->tree, at),
                    syntax_text(r->tree, at), is_for, but);
}

/* Whose vote counts for more or less than one; NULL if all have one. */
static const char *uneven_votes(const struct resolution *r)
{
    for (node_id id = 0; id < r->policy->n_nodes; id++) {
        const struct node_policy *node = &r->policy->nodes[id];

        if (node->votes != 1)
            return arena_printf(r->arena, "node %s has %d votes", node->name, node->votes);
    }
    return NULL;
}

/* How long after a split the first device of a node's lowest level begins; both are fenced. */
static struct duration first_delay(const struct policy *policy, node_id node)
{
    const struct fence_device *first = NULL;

    for (int i = 0; i < policy->n_devices; i++) {
        const struct fence_device *device = &policy->devices[i];

        if (node_in(device->fences, node) &&
            (!first || device->level < first->level ||
             (device->level == first->level && device->delay.ms < first->delay.ms)))
            first = device;
    }
    return first->delay;
}

/* Both go on after a split, so each has the other one turned off: one of them has to be first. */
static void check_race(struct resolution *r, const struct syntax *at)
{
    const struct policy *policy = r->policy;
    struct duration delay = first_delay(policy, 0);
    struct diagnostic *entry;
    char shown[32];
    struct text text;

    if (policy->quorum.witness || policy->quorum.tie_breaker != TIE_UNSAID ||
        delay.ms != first_delay(policy, 1).ms)
        return;
    text_init(&text, shown, sizeof(shown));
    if (delay.ms > 0)
        text_add_ms(&text, delay.ms);
    else
        text_add(&text, "0s");
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_FENCE_RACE, syntax_place(r->tree, at),
                            policy->nodes[0].name, policy->nodes[1].name, shown);
    diagnostics_hint(r->diagnostics, entry,
                     "give the node that should go on a device of its own with \"delay 5s\"");
}

static void check_two_node(struct resolution *r, const struct syntax *at)
{
    static const char is_for[] = "two nodes with one vote each";
    const struct policy *policy = r->policy;
    node_set fenced = 0;

    if (policy->n_nodes != 2) {
        report_unfit(r, at, is_for,
                     arena_printf(r->arena, "here %s %d", policy->n_nodes == 1 ? "is" : "are",
                                  policy->n_nodes));
        return;
    }
    if (uneven_votes(r)) {
        report_unfit(r, at, is_for, uneven_votes(r));
        return;
    }
    for (int i = 0; i < policy->n_devices; i++)
        fenced |= policy->devices[i].fences;
    for (node_id id = 0; id < policy->n_nodes; id++) {
        struct diagnostic *entry;

        if (node_in(fenced, id))
            continue;
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_TWO_NODE_UNFENCED,
                                syntax_place(r->tree, at), policy->nodes[id].name);
        diagnostics_hint(r->diagnostics, entry,
                         "no waiting proves anything when both go on: give it a device, or take a"
                         " witness instead");
        return;
    }
    check_race(r, at);
}

static void check_tie_breaker(struct resolution *r, const struct syntax *at)
{
    const struct quorum_policy *quorum = &r->policy->quorum;
    struct diagnostic *entry;

    if (quorum->witness && quorum->n_tie_nodes > 1)
        report_unfit(r, at, "one node where a witness is",
                     arena_printf(r->arena, "these are %d", quorum->n_tie_nodes));
    if (quorum->witness || r->policy->n_nodes % 2 == 0 || quorum->waits_for_all)
        return;
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_ODD_TIE, syntax_place(r->tree, at),
                            r->policy->n_nodes);
    diagnostics_hint(r->diagnostics, entry, "add a line: wait-for-all yes");
}

/* ffsplit is for halves; among an odd number of votes no split makes two. */
static void check_algorithm(struct resolution *r)
{
    struct quorum_policy *quorum = &r->policy->quorum;
    int votes = votes_of_nodes(r->policy, (node_set)(((uint64_t)1 << r->policy->n_nodes) - 1));
    struct diagnostic *entry;

    if (!quorum->is_algorithm_said && votes % 2 != 0)
        quorum->algorithm = WITNESS_LMS;
    if (quorum->algorithm != WITNESS_FFSPLIT || votes % 2 == 0)
        return;
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_ODD_FFSPLIT,
                            syntax_place(r->tree, r->quorum_at[SYNTAX_WITNESS]), votes);
    diagnostics_hint(r->diagnostics, entry, "do without a witness, or write: witness %s lms",
                     quorum->witness);
}

/* Whatever corosync makes of it, agents act with more than half of all votes only. */
static void warn_of_effect(struct resolution *r)
{
    static const enum syntax_kind kinds[] = {SYNTAX_TIE_BREAKER, SYNTAX_WAIT_FOR_ALL,
                                             SYNTAX_LAST_MAN, SYNTAX_TWO_NODE};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct syntax *at = in_force(r, kinds[i]);

        /* A witness is told which half goes on. */
        if (kinds[i] == SYNTAX_TIE_BREAKER && r->policy->quorum.witness)
            continue;
        if (at)
            resolve_not_acted_on(
                r, at, syntax_word(kinds[i]),
                kinds[i] == SYNTAX_WAIT_FOR_ALL
                    ? "a push is refused while the policy says it: nobody writes it into"
                      " corosync.conf"
                    : "a push is refused while the policy says it: agents act with"
                      " more than half of the nodes' votes, or not at all");
    }
}

void resolve_quorum(struct resolution *r, const struct syntax *statement)
{
    const struct quorum_policy *quorum = &r->policy->quorum;

    if (!statement || statement->is_broken)
        return;
    r->policy->quorum.line = syntax_line(r->tree, statement);
    read_settings(r, statement);
    check_clashes(r);
    /* Which nodes there are is not known where one of their statements is broken. */
    if (r->tree->is_sure && r->policy->n_nodes > 0) {
        if (quorum->is_two_node)
            check_two_node(r, r->quorum_at[SYNTAX_TWO_NODE]);
        if (quorum->is_last_man_standing && uneven_votes(r))
            report_unfit(r, r->quorum_at[SYNTAX_LAST_MAN], "nodes with one vote each",
                         uneven_votes(r));
        if (quorum->tie_breaker != TIE_UNSAID)
            check_tie_breaker(r, r->quorum_at[SYNTAX_TIE_BREAKER]);
        if (quorum->witness)
            check_algorithm(r);
    }
    warn_of_effect(r);
}
