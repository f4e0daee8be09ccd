/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Services run by OCF resource agents: a program a type of service, under
 * OCF_ROOT/resource.d/PROVIDER/TYPE, called with one action; its parameters are
 * in the environment (OCF resource agent API 1.1, and what agents in use expect beyond it).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agentd/resource.h"
#include "agentd/worker_output.h"
#include "ha/base/log.h"
#include "ha/base/text.h"

/* Agents lock and remember things here; a boot clears it. */
#define AGENT_STATE_DIRECTORY "/run/resource-agents"
/* Variables of ours; the parameters of the service come on top. */
#define OWN_VARIABLES 32

struct environment {
    struct arena *arena;
    const char **entries;
    int n;
    int max;
};

/* Who comes first keeps the name: a parameter never takes the place of what we say ourselves. */
static void add(struct environment *environment, const char *name, const char *value)
{
    size_t length = strlen(name);

    for (int i = 0; i < environment->n; i++) {
        const char *entry = environment->entries[i];

        if (strncmp(entry, name, length) == 0 && entry[length] == '=')
            return;
    }
    if (environment->n < environment->max - 1)
        environment->entries[environment->n++] =
            arena_printf(environment->arena, "%s=%s", name, value);
}

static void add_ms(struct environment *environment, const char *name, struct duration span)
{
    char number[24];

    snprintf(number, sizeof(number), "%lld", (long long)span.ms);
    add(environment, name, number);
}

/* Agents name files by it. No type has a "_", so different services stay different. */
static const char *instance_name(struct arena *arena, const char *service)
{
    char *name = arena_strdup(arena, service);

    for (char *at = name; *at; at++) {
        if (*at == ':' || *at == '/')
            *at = '_';
    }
    return name;
}

static void add_fixed(struct environment *environment)
{
    add(environment, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    add(environment, "LC_ALL", "C");
    add(environment, "HOME", "/root");
    add(environment, "SHELL", "/bin/sh");
    add(environment, "OCF_RA_VERSION_MAJOR", "1");
    add(environment, "OCF_RA_VERSION_MINOR", "1");
    add(environment, "OCF_EXIT_REASON_PREFIX", EXIT_REASON_PREFIX);
    add(environment, "OCF_CHECK_LEVEL", "0");
    /* Agents log to stderr, and so to us. */
    add(environment, "HA_LOGFACILITY", "none");
    add(environment, "HA_debug", "0");
    add(environment, "HA_RSCTMP", AGENT_STATE_DIRECTORY);
}

/* What Pacemaker says besides; some agents cannot do without it. */
static void add_meta(struct environment *environment, const struct resource *resource,
                     enum job_kind job)
{
    struct duration timeout = job == JOB_START  ? resource->start_timeout
                              : job == JOB_STOP ? resource->stop_timeout
                                                : resource->monitor_timeout;

    /* An interval of 0 is how an agent knows a probe from a check. */
    add_ms(environment, "OCF_RESKEY_CRM_meta_interval",
           job == JOB_MONITOR ? resource->monitor_every : duration_ms(0));
    add_ms(environment, "OCF_RESKEY_CRM_meta_timeout", timeout);
    add(environment, "OCF_RESKEY_CRM_meta_name", job_kind_name(job));
    add(environment, "OCF_RESKEY_CRM_meta_on_node", resource->node);
    add(environment, "OCF_RESKEY_CRM_meta_on_node_uuid", resource->node);
}

static bool add_settings(struct environment *environment, const struct resource *resource,
                         struct err *err)
{
    for (int i = 0; i < resource->n_settings; i++) {
        const struct setting *setting = &resource->settings[i];

        if (setting->name[0] == '\0' || strchr(setting->name, '='))
            return err_set(err, "\"%s\" cannot be the name of a parameter of %s", setting->name,
                           resource->agent);
        add(environment, arena_printf(environment->arena, "OCF_RESKEY_%s", setting->name),
            setting->value);
    }
    return true;
}

/* A provider or type is one name below a folder, and no hidden one. */
static bool is_part(const char *part, size_t length)
{
    return length > 0 && part[0] != '.' && !memchr(part, '/', length);
}

static bool find_agent(struct environment *environment, const struct settings *settings,
                       const struct resource *resource, const char **path, struct err *err)
{
    const char *agent = resource->agent ? resource->agent : "";
    const char *colon = strchr(agent, ':');
    const char *provider;

    if (!colon || !is_part(agent, (size_t)(colon - agent)) ||
        !is_part(colon + 1, strlen(colon + 1)) || strchr(colon + 1, ':'))
        return err_set(err, "\"%s\" is no OCF agent: write PROVIDER:TYPE, as in heartbeat:IPaddr2",
                       agent);
    provider = arena_strndup(environment->arena, agent, (size_t)(colon - agent));
    *path = arena_printf(environment->arena, "%s/resource.d/%s/%s", settings->ocf_root, provider,
                         colon + 1);
    add(environment, "OCF_ROOT", settings->ocf_root);
    add(environment, "OCF_RESOURCE_INSTANCE", instance_name(environment->arena, resource->name));
    add(environment, "OCF_RESOURCE_TYPE", colon + 1);
    add(environment, "OCF_RESOURCE_PROVIDER", provider);
    return true;
}

/* /run is memory, so this waits for no disk. A node without tmpfiles.d has nobody else to do it. */
static void make_state_directory(void)
{
    if (mkdir(AGENT_STATE_DIRECTORY, 01755) != 0 && errno != EEXIST)
        log_warning("cannot make %s, which some agents need: %m", AGENT_STATE_DIRECTORY);
}

static bool ocf_command(struct arena *arena, const struct settings *settings,
                        const struct resource *resource, enum job_kind job,
                        struct resource_command *command, struct err *err)
{
    int max = OWN_VARIABLES + resource->n_settings;
    struct environment environment = {.arena = arena, .max = max};
    const char **argv = arena_alloc(arena, 3 * sizeof(*argv));

    environment.entries = arena_alloc(arena, (size_t)max * sizeof(*environment.entries));
    if (!find_agent(&environment, settings, resource, &argv[0], err))
        return false;
    argv[1] = job_kind_name(job);
    add_fixed(&environment);
    add_meta(&environment, resource, job);
    if (!add_settings(&environment, resource, err))
        return false;
    if (job == JOB_START)
        make_state_directory();
    *command = (struct resource_command){.argv = argv, .environment = environment.entries};
    return true;
}

/* The last line that begins so and says something; length 0: there is none. */
static const char *last_line(const char *output, const char *prefix, size_t *length)
{
    const char *found = "";

    *length = 0;
    for (const char *line = output, *next; *line; line = next) {
        size_t bytes = strcspn(line, "\n");

        next = line + bytes + (line[bytes] == '\n');
        if (strncmp(line, prefix, strlen(prefix)) != 0)
            continue;
        line += strlen(prefix);
        bytes -= strlen(prefix);
        for (; bytes > 0 && (*line == ' ' || *line == '\t'); bytes--)
            line++;
        if (bytes == 0)
            continue;
        found = line;
        *length = bytes;
    }
    return found;
}

static int ocf_result(int exit_code, const char *output, char *words, size_t size)
{
    size_t length;
    const char *reason = last_line(output, EXIT_REASON_PREFIX, &length);

    /* Agents that give no reason mostly end with an error message. */
    if (length == 0)
        reason = last_line(output, "", &length);
    snprintf(words, size, "%.*s", (int)length, reason);
    resource_clean_words(words);
    switch (exit_code) {
    case OCF_DEGRADED: return OCF_DONE;
    case OCF_DEGRADED_PROMOTED: return OCF_RUNNING_PROMOTED;
    default: break;
    }
    /* What the API does not know is a plain failure: 255, the 126 and 127 of a shell. */
    return exit_code >= 0 && exit_code <= OCF_FAILED_PROMOTED ? exit_code : OCF_FAILED;
}

const struct resource_kind resource_ocf = {
    .type = "ocf",
    .command = ocf_command,
    .result = ocf_result,
};
