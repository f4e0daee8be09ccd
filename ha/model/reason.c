/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of reason.def to words; see reason.h. */
#include "ha/model/reason.h"

#include <string.h>

#include "ha/base/text.h"
#include "ha/model/policy.h"

static const struct row {
    const char *name;
    const char *text;
} rows[] = {
#define REASON(id, text) [REASON_##id] = {#id, text},
#include "ha/model/reason.def"
#undef REASON
};

static const char unknown[] = "?";

static const char *node_name(const struct policy *policy, node_id node)
{
    return policy && node >= 0 && node < policy->n_nodes ? policy->nodes[node].name : unknown;
}

static const char *service_name(const struct policy *policy, service_id service)
{
    return policy && service >= 0 && service < policy->n_services ? policy->services[service].name
                                                                  : unknown;
}

/* "rule web-stack", or where to look for one that was written without a name. */
static void add_rule(struct text *text, const struct reason *reason, const struct policy *policy)
{
    const struct rule *rule = NULL;

    if (policy && reason->rule >= 0 && reason->rule < policy->n_rules)
        rule = &policy->rules[reason->rule];
    if (rule && rule->name[0])
        text_add(text, "rule %s", rule->name);
    else if (rule || reason->line)
        text_add(text, "line %d of the policy", rule ? rule->line : reason->line);
    else
        text_add(text, "a rule");
}

/* "5 min", "5 min 20 s": a second part of nothing is left out. */
static void add_parts(struct text *text, int64_t whole, const char *unit, int64_t rest,
                      const char *rest_unit)
{
    text_add(text, "%lld %s", (long long)whole, unit);
    if (rest > 0)
        text_add(text, " %lld %s", (long long)rest, rest_unit);
}

/* People do not read milliseconds: "7.2 s", "60 s", "4 min 5 s", "3 h 20 min", "2 h". */
static void add_span(struct text *text, int64_t ms)
{
    int64_t seconds = ms / 1000, tenths = ms % 1000 / 100;

    if (ms < 0)
        text_add(text, "0 s");
    else if (seconds < 120 && tenths > 0)
        text_add(text, "%lld.%lld s", (long long)seconds, (long long)tenths);
    else if (seconds < 120)
        text_add(text, "%lld s", (long long)seconds);
    else if (seconds < 7200)
        add_parts(text, seconds / 60, "min", seconds % 60, "s");
    else
        add_parts(text, seconds / 3600, "h", seconds / 60 % 60, "min");
}

static void add_services(struct text *text, int64_t count)
{
    text_add(text, "%lld service%s", (long long)count, count == 1 ? "" : "s");
}

static void add_argument(struct text *text, char letter, const struct reason *reason,
                         const struct policy *policy)
{
    switch (letter) {
    case 'n': text_add(text, "%s", node_name(policy, reason->node)); break;
    case 'm': text_add(text, "%s", node_name(policy, reason->other)); break;
    case 's': text_add(text, "%s", service_name(policy, reason->with)); break;
    case 'r': add_rule(text, reason, policy); break;
    case '#': text_add(text, "%lld", (long long)reason->number); break;
    case 'c': add_services(text, reason->number); break;
    case 't': add_span(text, reason->number); break;
    case 'w': text_add(text, "%s", reason->words[0] ? reason->words : "no words given"); break;
    case 'b': text_add(text, "%s", reason->words[0] ? reason->words : "somebody"); break;
    default: text_add(text, "{%c}", letter); break;
    }
}

struct reason reason_of(enum reason_code code)
{
    return (struct reason){
        .code = code,
        .node = NODE_NONE,
        .other = NODE_NONE,
        .with = SERVICE_NONE,
        .rule = RULE_NONE,
    };
}

struct reason reason_on(enum reason_code code, node_id node)
{
    struct reason why = reason_of(code);

    why.node = node;
    return why;
}

void reason_text(const struct reason *reason, const struct policy *policy, char *sentence,
                 size_t size)
{
    const char *at = reason->code < REASON_CODES ? rows[reason->code].text : unknown;
    struct text text;

    text_init(&text, sentence, size);
    while (*at) {
        size_t plain = strcspn(at, "{");

        text_add(&text, "%.*s", (int)plain, at);
        at += plain;
        if (at[0] == '{' && at[1] && at[2] == '}') {
            add_argument(&text, at[1], reason, policy);
            at += 3;
        } else if (*at) {
            text_add(&text, "%c", *at++);
        }
    }
}

bool reason_names(enum reason_code code, char letter)
{
    char mark[] = {'{', letter, '}', '\0'};

    return code < REASON_CODES && strstr(rows[code].text, mark) != NULL;
}

const char *reason_name(enum reason_code code)
{
    return code < REASON_CODES ? rows[code].name : unknown;
}

enum reason_code reason_of_name(const char *name)
{
    int code = 0;

    while (code < REASON_CODES && strcmp(rows[code].name, name) != 0)
        code++;
    return (enum reason_code)code;
}
