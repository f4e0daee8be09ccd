/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What agents say of themselves, in the editor: the agents that there are, the parameters that
 * the agent of a block takes, the values that a parameter may have, and what they mean.
 */
#include <string.h>

#include "dsl/lsp_work.h"
#include "ha/base/text.h"

/* As the protocol numbers kinds of items. */
enum item_kind { ITEM_MODULE = 9, ITEM_PROPERTY = 10, ITEM_VALUE = 12 };

/* What an agent's words may take in a hover; whoever needs more asks "tenuto agents show". */
#define STORY_MAX 2000

/* A block that says which agent it is about: of a service, of defaults, of a device. */
struct about {
    const char *agent; /* NULL: it does not say */
    const struct service_set *sets;
    int n_sets;
};

static int offset_of(const struct tree *tree, const struct syntax *node)
{
    return tree->tokens.list[node->first].offset;
}

/* The last of the statements that begin before that place. */
static const struct syntax *last_before(const struct tree *tree, const struct syntax *first,
                                        int offset)
{
    const struct syntax *found = NULL;

    for (const struct syntax *at = first; at && offset_of(tree, at) <= offset; at = at->next)
        found = at;
    return found;
}

static const char *agent_of_defaults(const struct resolution *r, const struct syntax *statement)
{
    const struct syntax *names = syntax_part(statement, SYNTAX_NAMES);
    const char *name = names && names->child ? syntax_text(r->tree, names->child) : "";
    char type[SERVICE_NAME_MAX];
    const struct service_block *block;

    text_copy(type, sizeof(type), name);
    type[strcspn(type, ":")] = '\0';
    block = resolve_defaults(r, type);
    if (!block || !block->agent_at)
        block = resolve_defaults(r, NULL);
    return block && block->agent_at ? block->values.agent : NULL;
}

static struct about about_block(const struct resolution *r, const struct service_block *list,
                                const struct syntax *statement)
{
    for (; list; list = list->next) {
        if (list->statement == statement)
            return (struct about){.agent = list->agent_at ? list->values.agent
                                                          : agent_of_defaults(r, statement),
                                  .sets = list->sets,
                                  .n_sets = list->n_sets};
    }
    return (struct about){0};
}

static struct about about_device(const struct resolution *r, const struct syntax *statement)
{
    for (int i = 0; i < r->policy->n_devices; i++) {
        const struct device_source *source = &r->device_at[i];

        if (source->statement == statement)
            return (struct about){.agent = source->agent_at ? r->policy->devices[i].agent : NULL,
                                  .sets = source->sets,
                                  .n_sets = source->n_sets};
    }
    return (struct about){0};
}

/* The block around that place of the whole text, which may be behind the agent or before it. */
static struct about about_place(const struct document *document, int offset)
{
    const struct resolution *r = document->resolution;
    const struct syntax *at = last_before(r->tree, r->tree->policy->child, offset);

    if (at && at->kind == SYNTAX_FENCING)
        at = last_before(r->tree, syntax_inside(at), offset);
    if (!at)
        return (struct about){0};
    if (at->kind == SYNTAX_DEVICE)
        return about_device(r, at);
    return about_block(r, at->kind == SYNTAX_DEFAULTS ? r->defaults : r->blocks, at);
}

static const struct agent_description *describe(const struct document *document, const char *agent)
{
    const struct catalog *catalog = document->catalog;

    return agent ? catalog->find(catalog->context, agent).description : NULL;
}

static bool is_set(const struct document *document, const struct about *about, const char *name,
                   int offset)
{
    for (int i = 0; i < about->n_sets; i++) {
        const struct service_set *set = &about->sets[i];

        /* The word that is being typed is no other one. */
        if (strcmp(set->name, name) == 0 && offset_of(document->tree, set->at->child) != offset)
            return true;
    }
    return false;
}

static void complete_parameters(const struct document *document, json_t *items, int offset)
{
    struct about about = about_place(document, offset);
    const struct agent_description *agent = describe(document, about.agent);

    for (int i = 0; agent && i < agent->n_parameters; i++) {
        const struct agent_parameter *parameter = &agent->parameters[i];

        if (parameter->is_deprecated || is_set(document, &about, parameter->name, offset))
            continue;
        json_array_append_new(items,
                              json_pack("{s:s, s:i, s:s, s:s, s:s+}", "label", parameter->name,
                                        "kind", ITEM_PROPERTY, "detail", parameter->words,
                                        "documentation", parameter->story, "sortText",
                                        parameter->is_required ? "0" : "1", parameter->name));
    }
}

static void add_value(json_t *items, const char *value, const struct agent_parameter *parameter)
{
    bool is_usual = parameter->fallback && strcmp(parameter->fallback, value) == 0;

    json_array_append_new(items, json_pack("{s:s, s:i, s:s}", "label", value, "kind", ITEM_VALUE,
                                           "detail", is_usual ? "as without this line" : ""));
}

static void complete_value(const struct document *document, json_t *items,
                           const struct completion *completion)
{
    const struct agent_description *agent =
        describe(document, about_place(document, completion->offset).agent);
    const struct agent_parameter *parameter =
        agent ? agent_find_parameter(agent,
                                     syntax_text(completion->tree, completion->statement->child))
              : NULL;

    for (int i = 0; parameter && i < parameter->n_options; i++)
        add_value(items, parameter->options[i], parameter);
    if (parameter && parameter->kind == PARAMETER_BOOLEAN) {
        add_value(items, "yes", parameter);
        add_value(items, "no", parameter);
    }
}

static void complete_agents(const struct document *document, json_t *items, bool is_fence)
{
    const struct catalog *catalog = document->catalog;
    const char *const *names;
    int n_names = catalog->list(catalog->context, &names);

    for (int i = 0; i < n_names; i++) {
        if (agent_is_fence(names[i]) == is_fence)
            json_array_append_new(items, json_pack("{s:s, s:i, s:s}", "label", names[i], "kind",
                                                   ITEM_MODULE, "detail",
                                                   is_fence ? "a fence agent" : "an OCF agent"));
    }
}

bool lsp_agent_complete(struct document *document, json_t *items,
                        const struct completion *completion)
{
    const struct syntax *at = completion->statement;

    if (!document->catalog || document->is_drill || !at || !completion->expected)
        return false;
    if (at->kind == SYNTAX_AGENT || at->kind == SYNTAX_DEVICE_AGENT)
        complete_agents(document, items, at->kind == SYNTAX_DEVICE_AGENT);
    else if (at->kind != SYNTAX_SET && at->kind != SYNTAX_DEVICE_SET)
        return false;
    else if (at->child)
        complete_value(document, items, completion);
    else
        complete_parameters(document, items, completion->offset);
    return true;
}

/* The innermost statement around that place. */
static const struct syntax *statement_at(const struct document *document, int offset)
{
    const struct tree *tree = document->tree;
    const struct syntax *at = tree->policy, *found = NULL;

    while (at) {
        at = last_before(tree, at->child, offset);
        if (at && syntax_usage(at->kind))
            found = at;
    }
    return found;
}

static bool is_on(const struct document *document, const struct syntax *node, int offset)
{
    const struct token *token = &document->tree->tokens.list[node->first];

    return offset >= token->offset && offset <= token->offset + token->length;
}

static void add_story(struct text *text, const char *story)
{
    size_t length = strlen(story);
    bool is_cut = length > STORY_MAX;

    /* Between two words, so that no letter of several bytes is cut. */
    for (length = is_cut ? STORY_MAX : length; is_cut && length > 0; length--) {
        if (story[length] == ' ' || story[length] == '\n')
            break;
    }
    if (length > 0)
        text_add(text, "\n```\n%.*s%s\n```\n", (int)length, story, is_cut ? " ..." : "");
}

static json_t *tell_parameter(const struct document *document, const struct syntax *set)
{
    const struct agent_description *agent =
        describe(document, about_place(document, offset_of(document->tree, set)).agent);
    const char *name = syntax_text(document->tree, set->child);
    const struct agent_parameter *parameter = agent ? agent_find_parameter(agent, name) : NULL;
    char bytes[4096];
    struct text text;

    if (!parameter)
        return NULL;
    text_init(&text, bytes, sizeof(bytes));
    text_add(&text, "**%s** of agent %s: %s\n\n- %s\n", parameter->name, agent->name,
             parameter->words, agent_value_words(document->arena, parameter));
    if (parameter->fallback && parameter->fallback[0])
        text_add(&text, "- without this line: %s\n", parameter->fallback);
    if (parameter->is_deprecated)
        text_add(&text, "- out of date%s%s\n", parameter->instead ? ", now " : "",
                 parameter->instead ? parameter->instead : "");
    add_story(&text, parameter->story);
    return lsp_markdown(document, set->child, bytes);
}

static json_t *tell_agent(const struct document *document, const struct syntax *statement)
{
    const struct agent_description *agent =
        describe(document, syntax_text(document->tree, statement->child));
    char bytes[4096];
    struct text text;

    if (!agent)
        return NULL;
    text_init(&text, bytes, sizeof(bytes));
    text_add(&text, "**%s**: %s\n", agent->name, agent->words);
    add_story(&text, agent->story);
    return lsp_markdown(document, statement->child, bytes);
}

json_t *lsp_agent_hover(const struct document *document, int offset)
{
    const struct syntax *at;

    if (!document->catalog || document->is_drill || !document->tree)
        return NULL;
    at = statement_at(document, offset);
    if (!at || !at->child || !is_on(document, at->child, offset))
        return NULL;
    if (at->kind == SYNTAX_SET || at->kind == SYNTAX_DEVICE_SET)
        return tell_parameter(document, at);
    if (at->kind == SYNTAX_AGENT || at->kind == SYNTAX_DEVICE_AGENT)
        return tell_agent(document, at);
    return NULL;
}
