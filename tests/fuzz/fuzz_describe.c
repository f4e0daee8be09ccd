/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as what an agent printed about itself: it is a description or it is refused in
 * words, every text in it can be shown, every name can be used, and it is the same each time.
 */
#include "tests/fuzz/fuzz.h"

#include "agentd/metadata/describe.h"
#include "dsl/utf8.h"
#include "ha/base/limits.h"

unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at)
{
    (void)bytes;
    (void)length;
    *at = 0;
    return 0;
}

static void check_shown(const char *text, bool has_lines)
{
    size_t length = strlen(text), size;
    uint32_t point;

    for (size_t i = 0; i < length; i += size) {
        size = utf8_read(text + i, length - i, &point);
        assert(size > 0 && (point >= 0x20 || (has_lines && point == '\n')));
        assert(point < 0x7f || point >= 0xa0);
    }
}

static void check_parameter(const struct agent_description *agent,
                            const struct agent_parameter *parameter)
{
    struct arena *arena = arena_new();

    assert(parameter->name[0] && strlen(parameter->name) < AGENT_NAME_MAX);
    check_shown(parameter->name, false);
    check_shown(parameter->words, false);
    check_shown(parameter->story, true);
    check_shown(parameter->instead ? parameter->instead : "", false);
    check_shown(parameter->fallback ? parameter->fallback : "", false);
    check_shown(agent_value_words(arena, parameter), false);
    for (int i = 0; i < parameter->n_options; i++)
        assert(parameter->kind != PARAMETER_SELECT ||
               agent_value_fits(agent, parameter, parameter->options[i]));
    /* Whatever it takes, it takes its own default. */
    assert(!parameter->fallback || agent_value_fits(agent, parameter, parameter->fallback));
    arena_free(arena);
}

static void check_agent(const struct agent_description *agent)
{
    check_shown(agent->words, false);
    check_shown(agent->story, true);
    assert(agent->n_parameters <= METADATA_ITEMS_MAX && agent->n_actions <= METADATA_ITEMS_MAX);
    for (int i = 0; i < agent->n_parameters; i++)
        check_parameter(agent, &agent->parameters[i]);
    for (int i = 0; i < agent->n_actions; i++) {
        const struct agent_action *action = &agent->actions[i];

        check_shown(action->name, false);
        assert(action->timeout_ms >= 0 && action->timeout_ms <= 86400000);
        assert(agent_find_action(agent, action->name) == action);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    char *text = fuzz_copy(bytes, length);
    struct err err = {{0}};
    const struct agent_description *agent =
        describe_agent(arena, "example:web", text, length, &err);
    const struct agent_description *again =
        describe_agent(arena, "example:web", text, length, &err);

    assert(!agent == !again && !agent == (err.text[0] != '\0'));
    if (agent) {
        check_agent(agent);
        assert(agent->n_parameters == again->n_parameters && agent->n_actions == again->n_actions);
        assert(strcmp(agent->story, again->story) == 0);
    }
    check_shown(err.text, false);
    free(text);
    arena_free(arena);
    return 0;
}
