/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a word of a policy is: how a statement is written, what a name stands for. */
#include <string.h>

#include "dsl/explain.h"
#include "dsl/lsp_work.h"
#include "dsl/parser.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

json_t *lsp_markdown(const struct document *document, const struct syntax *at, const char *text)
{
    int from = document->tree->tokens.list[at->first].offset;

    return json_pack(
        "{s:{s:s, s:s}, s:o}", "contents", "kind", "markdown", "value", text, "range",
        document_range(document, from, from + document->tree->tokens.list[at->first].length));
}

static void add_time(struct text *text, const char *what, struct duration time)
{
    if (time.ms == 0)
        return;
    text_add(text, "- %s ", what);
    text_add_ms(text, time.ms);
    text_add(text, "\n");
}

static void add_size(struct text *text, int64_t bytes)
{
    if (bytes == 0)
        return;
    text_add(text, "- memory ");
    text_add_bytes(text, bytes);
    text_add(text, "\n");
}

static void add_cpus(struct text *text, int milli)
{
    if (milli > 0 && milli % 1000 == 0)
        text_add(text, "- cpus %d\n", milli / 1000);
    else if (milli > 0)
        text_add(text, "- cpus %d.%03d\n", milli / 1000, milli % 1000);
}

static void add_nodes(struct text *text, const struct policy *policy, node_set nodes)
{
    bool is_first = true;

    for (node_id id = 0; id < policy->n_nodes; id++) {
        if (!(nodes & node_bit(id)))
            continue;
        text_add(text, "%s%s", is_first ? "" : ", ", policy->nodes[id].name);
        is_first = false;
    }
}

/* "fenced by ipmi (level 1), pdu (level 2)" */
static void add_fences(struct text *text, const struct policy *policy, node_id node)
{
    const char *glue = "- fenced by ";

    for (int i = 0; i < policy->n_devices; i++) {
        const struct fence_device *device = &policy->devices[i];

        if (!node_in(device->fences, node))
            continue;
        text_add(text, "%s%s (level %d)", glue, device->name, device->level);
        glue = ", ";
    }
    if (glue[0] == ',')
        text_add(text, "\n");
}

static void tell_node(struct text *text, const struct policy *policy, const char *name)
{
    node_id id = policy_find_node(policy, name);
    const struct node_policy *node = id == NODE_NONE ? NULL : &policy->nodes[id];

    text_add(text, "**node %s**\n\n", name);
    for (int i = 0; node && i < node->n_addresses; i++)
        text_add(text, "- address %s\n", node->addresses[i] ? node->addresses[i] : "?");
    if (!node)
        return;
    add_cpus(text, node->cpus_milli);
    add_size(text, node->memory);
    text_add(text, "- votes %d\n", node->votes);
    add_fences(text, policy, id);
}

static bool has_service(const service_id *list, int n_list, service_id service)
{
    for (int i = 0; i < n_list; i++) {
        if (list[i] == service)
            return true;
    }
    return false;
}

static void tell_rules(struct text *text, const struct policy *policy, service_id service)
{
    for (int i = 0; i < policy->n_rules; i++) {
        const struct rule *rule = &policy->rules[i];

        if (!has_service(rule->services, rule->n_services, service) &&
            !has_service(rule->others, rule->n_others, service))
            continue;
        if (rule->kind == RULE_ON)
            text_add(text, "- %s on ", rule->is_strict ? "keep" : "try");
        for (int tier = 0; rule->kind == RULE_ON && tier < rule->n_tiers; tier++) {
            text_add(text, "%s", tier > 0 ? ", then " : "");
            add_nodes(text, policy, rule->tiers[tier]);
        }
        text_add(text, "%s%s (line %d)\n",
                 rule->kind != RULE_ON ? "- rule "
                 : rule->name[0]       ? ": rule "
                                       : "",
                 rule->name, rule->line);
    }
}

static void tell_setting(struct text *text, const struct setting *setting)
{
    if (setting->secret)
        text_add(text, "- set %s secret %s\n", setting->name, setting->secret);
    else
        text_add(text, "- set %s \"%s\"\n", setting->name, setting->value ? setting->value : "");
}

static void tell_service(struct text *text, const struct policy *policy, const char *name)
{
    static const char *const states[] = {"started", "stopped", "disabled", "ignored"};
    static const char *const ways[] = {"restart", "live", "never"};
    service_id id = policy_find_service(policy, name);
    const struct service_policy *service;

    text_add(text, "**service %s**\n\n", name);
    if (id == SERVICE_NONE)
        return;
    service = &policy->services[id];
    if (service->agent)
        text_add(text, "- agent %s\n", service->agent);
    if (service->address)
        text_add(text, "- address %s\n", service->address);
    text_add(text, "- state %s\n- restart %d, relocate %d\n- migrate %s, failback %s\n",
             states[service->requested], service->restart_max, service->relocate_max,
             ways[service->migrate], service->failback ? "yes" : "no");
    add_time(text, "monitor every", service->monitor_every);
    add_time(text, "monitor timeout", service->monitor_timeout);
    add_time(text, "start timeout", service->start_timeout);
    add_time(text, "stop timeout", service->stop_timeout);
    add_time(text, "recover within", service->recover_within);
    add_cpus(text, service->cpus_milli);
    add_size(text, service->memory);
    for (int i = 0; i < service->n_settings; i++)
        tell_setting(text, &service->settings[i]);
    tell_rules(text, policy, id);
}

static void tell_let(struct text *text, const struct resolution *r, const char *name)
{
    text_add(text, "**%s**\n\n", name);
    for (int i = 0; i < r->n_lets; i++) {
        if (strcmp(r->lets[i].name, name) != 0)
            continue;
        text_add(text, "- ");
        add_nodes(text, r->policy, r->lets[i].nodes);
        text_add(text, "\n");
    }
}

/* What a range or a pattern finds; the first of them are enough. */
static void tell_several(struct text *text, const struct policy *policy,
                         const struct mention *mention)
{
    int n = 0;

    text_add(text, "**%s**\n\n", mention->word);
    for (service_id id = 0; id < policy->n_services; id++) {
        if (mention_means(mention, NAME_SERVICE, policy->services[id].name) && n++ < 20)
            text_add(text, "- %s\n", policy->services[id].name);
    }
    text_add(text, "\n%d service%s\n", n, n == 1 ? "" : "s");
}

static json_t *tell_name(const struct document *document, const struct mention *mention)
{
    const struct resolution *r = document->resolution;
    char bytes[8192];
    struct text text;

    text_init(&text, bytes, sizeof(bytes));
    if (mention->role == NAME_LET)
        tell_let(&text, r, mention->word);
    else if (mention->role == NAME_NODE)
        tell_node(&text, r->policy, mention->word);
    else if (mention->role == NAME_RULE)
        text_add(&text, "**rule %s**\n\n%s\n", mention->word,
                 mention->statement->kind == SYNTAX_RULE ? "in force" : "disabled");
    else if (mention_is_plain(mention))
        tell_service(&text, r->policy, mention->word);
    else
        tell_several(&text, r->policy, mention);
    return lsp_markdown(document, mention->name, bytes);
}

/* The statement whose first word is at that place, however deep. */
static const struct syntax *find_head(const struct tree *tree, const struct syntax *node,
                                      int offset)
{
    for (const struct syntax *at = node->child; at; at = at->next) {
        const struct token *first = &tree->tokens.list[at->first];
        const struct token *last = &tree->tokens.list[at->end - 1];

        if (offset < first->offset || offset > last->offset + last->length)
            continue;
        if (offset <= first->offset + first->length && syntax_usage(at->kind))
            return at;
        return find_head(tree, at, offset);
    }
    return NULL;
}

static json_t *tell_statement(const struct document *document, const struct syntax *head)
{
    unsigned blocks = syntax_blocks(head->kind);
    char bytes[1024];
    struct text text;

    text_init(&text, bytes, sizeof(bytes));
    text_add(&text, "```tenuto\n%s\n```\n", syntax_usage(head->kind));
    if (!(blocks & IN_POLICY)) {
        const char *glue = "stands in ";

        for (unsigned bit = 1; bit && bit <= blocks; bit <<= 1) {
            if (!(blocks & bit))
                continue;
            text_add(&text, "%s%s", glue, parser_block_title(bit));
            glue = ", ";
        }
    }
    return lsp_markdown(document, head, bytes);
}

static json_t *tell_device(const struct document *document, const struct device_source *source,
                           const struct fence_device *device)
{
    char bytes[8192];
    struct text text;

    text_init(&text, bytes, sizeof(bytes));
    text_add(&text, "**device %s**\n\n- agent %s\n- fences ", device->name,
             device->agent ? device->agent : "?");
    add_nodes(&text, document->resolution->policy, device->fences);
    text_add(&text, "\n- level %d\n", device->level);
    if (device->delay.ms)
        add_time(&text, "delay", device->delay);
    add_time(&text, "timeout", device->timeout);
    text_add(&text, "- retry %d\n", device->retry);
    for (int i = 0; i < device->n_settings; i++)
        tell_setting(&text, &device->settings[i]);
    return lsp_markdown(document, source->name_at, bytes);
}

static bool is_in(const struct document *document, const struct syntax *node, int offset)
{
    const struct token *first = &document->tree->tokens.list[node->first];

    return offset >= first->offset && offset <= first->offset + first->length;
}

/* The word of an alert's list at that place. */
static json_t *tell_event(const struct document *document, const struct syntax *alert, int offset)
{
    static const struct {
        const char *word, *meaning;
    } events[] = {
#define ALERT_EVENT(id, word, meaning) {word, meaning},
#include "ha/model/alert_event.def"
#undef ALERT_EVENT
    };

    for (const struct syntax *at = syntax_inside(alert); at; at = at->next) {
        const struct syntax *name =
            at->kind == SYNTAX_ON_EVENTS && at->child ? at->child->child : NULL;

        while (name && !is_in(document, name, offset))
            name = name->next;
        for (int i = 0; name && i < ALERT_EVENTS; i++) {
            if (strcmp(events[i].word, syntax_text(document->tree, name)) == 0)
                return lsp_markdown(document, name,
                                    arena_printf(document->arena, "**%s**\n\n%s\n", events[i].word,
                                                 events[i].meaning));
        }
    }
    return NULL;
}

/* Names that only their own block knows. */
static json_t *tell_inside(const struct document *document, int offset)
{
    const struct resolution *r = document->resolution;
    json_t *told = NULL;

    for (int i = 0; i < r->policy->n_devices; i++) {
        if (is_in(document, r->device_at[i].name_at, offset))
            return tell_device(document, &r->device_at[i], &r->policy->devices[i]);
    }
    for (const struct syntax *at = document->tree->policy->child; at && !told; at = at->next) {
        if (at->kind == SYNTAX_ALERT)
            told = tell_event(document, at, offset);
    }
    return told;
}

static json_t *tell_place(struct document *document, int offset)
{
    const struct mention *mention;
    const struct syntax *head;
    json_t *inside;
    json_t *about_agent;

    mention = mentions_at(document, mentions_of(document), offset);
    if (mention)
        return tell_name(document, mention);
    inside = document->tree && !document->is_drill ? tell_inside(document, offset) : NULL;
    if (inside)
        return inside;
    about_agent = lsp_agent_hover(document, offset);
    if (about_agent)
        return about_agent;
    head = document->tree ? find_head(document->tree, document->tree->policy, offset) : NULL;
    return head ? tell_statement(document, head) : NULL;
}

static const struct diagnostic *diagnostic_at(const struct document *document, int offset)
{
    for (int i = 0; i < document->diagnostics->n_list; i++) {
        const struct diagnostic *entry = &document->diagnostics->list[i];

        if (offset >= entry->at.offset && offset <= entry->at.offset + entry->at.length)
            return entry;
    }
    return NULL;
}

/* What its code means, before what is known of the place itself. */
static json_t *tell_code(const struct document *document, const struct diagnostic *entry,
                         const json_t *place)
{
    const char *more = json_text(json_object_get(place, "contents"), "value", "");
    struct code_page about;
    const char *text;

    explain_read(document->arena, entry->code, &about);
    text = arena_printf(document->arena, "**%s: %s**\n\n%s\n%s%s%s%s%s", about.code, about.title,
                        about.words, about.right[0] ? "\nright:\n\n```tenuto\n" : "", about.right,
                        about.right[0] ? "\n```\n" : "", more[0] ? "\n---\n\n" : "", more);
    return json_pack(
        "{s:{s:s, s:s}, s:o}", "contents", "kind", "markdown", "value", text, "range",
        document_range(document, entry->at.offset, entry->at.offset + entry->at.length));
}

json_t *lsp_hover(struct document *document, const json_t *params, struct err *err)
{
    int offset = document_offset(document, json_object_get(params, "position"));
    const struct diagnostic *entry;
    autojson *place = NULL;

    (void)err;
    document_read(document);
    place = tell_place(document, offset);
    entry = diagnostic_at(document, offset);
    return entry ? tell_code(document, entry, place) : json_incref(place);
}
