/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tree to policy: names, defaults, units, inheritance. Beside the policy it keeps where
 * everything was said, for the checks that come after. Internal to this room.
 */
#pragma once

#include "dsl/said.h"
#include "dsl/syntax.h"
#include "ha/model/policy.h"

/* One "set NAME value" of a service, a defaults or a device statement. */
struct service_set {
    const char *name;
    const char *value;  /* "$name" is not filled in yet; NULL where it is a secret */
    const char *secret; /* its name */
    const struct syntax *at;
    /* What the agents of its services make of it; see check_agents.c. */
    const char *stranger_to; /* an agent that has no such parameter; NULL: none so far */
    bool is_known;           /* to another agent, or perhaps to one that is not here */
    bool is_judged;          /* there is a message about its value */
};

/* What one defaults or service statement says; the values are those whose bit is given. */
struct service_block {
    struct service_block *next;
    const struct syntax *statement;
    const char *type; /* of a defaults statement; NULL: of every type */
    unsigned given;
    struct service_policy values;
    struct service_set *sets; /* sorted by name */
    int n_sets;
    const struct syntax *agent_at;
    const struct syntax *address_at;
    /* [1]: keep on, [0]: try on */
    const struct syntax *on_at[2];
    node_set *tiers[2];
    int n_tiers[2];
    struct rule *rule[2]; /* what became of it; NULL where no service obeys it */
    service_id *ids[2];   /* the rule's services, while they are collected */
    int n_on[2];
    bool has_broken;  /* a setting was not understood: nothing is said of missing ones */
    bool is_reported; /* one message for all the services of a statement */
};

/* One service as it was declared; sorted by name, so that its position is its id. */
struct service_source {
    const char *name;
    const struct syntax *name_at;
    struct service_block *block;
};

/* One fence device as it was declared; in the order of the policy's devices. */
struct device_source {
    const struct syntax *statement;
    const struct syntax *name_at;
    const struct syntax *agent_at; /* the settings; NULL: not said, or not understood */
    const struct syntax *fences_at;
    const struct syntax *level_at;
    const struct service_set *sets; /* sorted by name, as the settings of its policy */
    int n_sets;
};

struct let {
    const char *name;
    const struct syntax *statement;
    node_set nodes;
    enum { LET_UNKNOWN, LET_BEING_RESOLVED, LET_RESOLVED } state;
};

struct resolution {
    const struct tree *tree;
    struct diagnostics *diagnostics;
    struct arena *arena;
    struct policy *policy;

    const struct syntax *statements[SYNTAX_KINDS]; /* those that there can be but one of */
    const struct syntax *watchdog;                 /* the setting */
    struct duration token;                         /* 0: not said */
    const struct syntax *node_at[NODES_MAX];       /* the name in its statement, by node id */
    const struct syntax *quorum_at[SYNTAX_KINDS];  /* the settings of its block */
    struct device_source device_at[FENCE_DEVICES_MAX];
    struct let lets[LETS_MAX];
    int n_lets;
    struct service_source *sources; /* by service id */
    const struct syntax *secret_at; /* the first secret of a service */
    struct said said;
    bool is_over_services; /* SERVICES_MAX has been reported */
    bool is_over_policy;   /* the tree is a drill's, and the statements are elsewhere */
    struct service_block *defaults;
    struct service_block *blocks;  /* of the services, a list in the order of the text */
    struct rule *rules;            /* the policy's, to write to */
    const struct syntax **rule_at; /* a rule's statement or a block's keep/try on, by rule id */
    int n_rule_statements;         /* those over RULES_MAX too */
    bool *is_in_conflict;          /* by rule id: it cannot be kept beside another */
};

/* policy_compile, for those who need more than the policy; its memory is the caller's, zeroed. */
bool policy_resolve(struct arena *arena, const char *file, const char *text, size_t length,
                    struct resolution *resolution, struct diagnostics *diagnostics);

/* Fills the policy; false if anything was an error. */
bool resolve_run(struct resolution *resolution);

/* The steps, in this order. */
void resolve_nodes(struct resolution *resolution);
void resolve_fencing(struct resolution *resolution, const struct syntax *statement);
void resolve_devices(struct resolution *resolution, const struct syntax *statement);
void resolve_quorum(struct resolution *resolution, const struct syntax *statement);
void resolve_services(struct resolution *resolution);
void resolve_rules(struct resolution *resolution);
void resolve_scheduling(struct resolution *resolution, const struct syntax *statement);
void resolve_alerts(struct resolution *resolution);
void resolve_access(struct resolution *resolution, const struct syntax *statement);

/* Parts that more than one step needs. */
/* Warns of what agents of this version leave undone, with what follows from that. */
void resolve_not_acted_on(struct resolution *resolution, const struct syntax *node,
                          const char *what, const char *hint);
/* Reports a second thing of that name, "nodes". */
void resolve_duplicate(struct resolution *resolution, const struct syntax *name, const char *what,
                       const struct syntax *first);
/* Reports what a block has to say: "device", "which agent ...", "agent fence_NAME". */
void resolve_incomplete(struct resolution *resolution, const struct syntax *statement,
                        const char *what, const char *example);
/* The "set"s of a block, of that kind, sorted by name; what is wrong with them is reported. */
struct service_set *resolve_sets(struct resolution *resolution, const struct syntax *statement,
                                 enum syntax_kind kind, int *n_sets);
/* Remembers the first statement of its kind and reports any other; true if it is the first. */
bool resolve_once(struct resolution *resolution, const struct syntax **first,
                  const struct syntax *statement);
/* Calls each for every name of name[a..b] until it says false; once where there are no brackets. */
typedef bool resolve_name_fn(void *context, const struct syntax *at, const char *name);
void resolve_range(struct resolution *resolution, const struct syntax *name, resolve_name_fn *each,
                   void *context);
/* Gives the number of tiers; everything that is wrong with them is reported. */
int resolve_tiers(struct resolution *resolution, const struct syntax *tiers, node_set *sets);
/* The block whose keep on (or try on) a service obeys; NULL if there is none. */
struct service_block *resolve_on(const struct resolution *resolution, service_id service,
                                 bool is_strict);
/* The nodes of one list; of one of its names, when those before it have been seen. */
node_set resolve_node_list(struct resolution *resolution, const struct syntax *names);
node_set resolve_node_name(struct resolution *resolution, const struct syntax *name, node_set seen);
int resolve_service_list(struct resolution *resolution, const struct syntax *names,
                         const service_id **services);
/* What a disabled rule would be, which the policy does not have; it is right. */
struct rule resolve_disabled(struct resolution *resolution, const struct syntax *statement);
struct service_block *resolve_defaults(const struct resolution *resolution, const char *type);
void resolve_bad_name(struct resolution *resolution, const struct syntax *name, const char *what,
                      int longest);
