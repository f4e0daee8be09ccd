/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The types of services that this version runs, and what they have in common; see resource.h. */
#include "agentd/resource.h"

#include <string.h>

static const struct resource_kind *const kinds[] = {&resource_ocf};

const char *job_kind_name(enum job_kind kind)
{
    static const char *const names[] = {
        [JOB_START] = "start", [JOB_STOP] = "stop", [JOB_MONITOR] = "monitor"};

    return names[kind];
}

const struct resource_kind *resource_kind_of(const char *type)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i]->type, type) == 0)
            return kinds[i];
    }
    return NULL;
}

struct resource resource_of_service(const struct service_policy *service, const char *node)
{
    return (struct resource){
        .name = service->name,
        .type = service->type,
        .agent = service->agent,
        .settings = service->settings,
        .n_settings = service->n_settings,
        .node = node,
        .start_timeout = service->start_timeout,
        .stop_timeout = service->stop_timeout,
        .monitor_every = service->monitor_every,
        .monitor_timeout = service->monitor_timeout,
    };
}

static const char *copy_text(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

struct resource resource_copy(struct arena *arena, const struct resource *resource)
{
    struct resource copy = *resource;
    struct setting *settings =
        arena_alloc(arena, (size_t)resource->n_settings * sizeof(*settings) + 1);

    for (int i = 0; i < resource->n_settings; i++) {
        settings[i].name = arena_strdup(arena, resource->settings[i].name);
        settings[i].value = arena_strdup(arena, resource->settings[i].value);
    }
    copy.settings = settings;
    copy.name = copy_text(arena, resource->name);
    copy.type = copy_text(arena, resource->type);
    copy.agent = copy_text(arena, resource->agent);
    copy.node = copy_text(arena, resource->node);
    return copy;
}

/* How many bytes a well-formed, printable UTF-8 character takes here; 0: there is none. */
static size_t printable_bytes(const unsigned char *at)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t bytes = at[0] < 0x80   ? 1
                   : at[0] < 0xc0 ? 0
                   : at[0] < 0xe0 ? 2
                   : at[0] < 0xf0 ? 3
                   : at[0] < 0xf8 ? 4
                                  : 0;
    unsigned code;

    if (bytes <= 1)
        return at[0] >= 0x20 && at[0] != 0x7f ? bytes : 0;
    code = at[0] & (0x7fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3fu);
    }
    /* Overlong forms, surrogates, and the second set of control characters. */
    if (code < least[bytes] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) || code < 0xa0)
        return 0;
    return bytes;
}

void resource_clean_words(char *words)
{
    for (size_t i = 0; words[i] != '\0';) {
        size_t bytes = printable_bytes((const unsigned char *)words + i);

        if (bytes == 0) {
            words[i] = words[i] == '\t' ? ' ' : '?';
            bytes = 1;
        }
        i += bytes;
    }
}
