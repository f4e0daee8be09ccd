/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Agents that exist nowhere; see example_agents.h. */
#include "dsl/example_agents.h"

#include <string.h>

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))
#define SECONDS(count) ((int64_t)(count)*1000)

static const char *const modes[] = {"soft", "hard"};

static const struct agent_parameter web[] = {
    {.name = "ip", .is_required = true, .words = "IPv4 or IPv6 address", .story = ""},
    {.name = "port", .kind = PARAMETER_INTEGER, .fallback = "80", .words = "", .story = ""},
    {.name = "log", .kind = PARAMETER_BOOLEAN, .fallback = "no", .words = "", .story = ""},
    {.name = "grace", .kind = PARAMETER_TIME, .words = "", .story = ""},
    {.name = "mode",
     .kind = PARAMETER_SELECT,
     .fallback = "soft",
     .options = modes,
     .n_options = COUNT(modes),
     .words = "how to stop",
     .story = ""},
    /* An agent that does not know itself. */
    {.name = "limit", .kind = PARAMETER_INTEGER, .fallback = "10s", .words = "", .story = ""},
    {.name = "level", .is_required = true, .fallback = "1", .words = "", .story = ""},
    {.name = "arp_count", .kind = PARAMETER_INTEGER, .words = "", .story = ""},
    {.name = "arp_interval", .kind = PARAMETER_INTEGER, .words = "", .story = ""},
    {.name = "ipaddr", .is_deprecated = true, .instead = "ip", .words = "", .story = ""},
    {.name = "legacy", .is_deprecated = true, .words = "", .story = ""},
};

static const struct agent_parameter guest[] = {
    {.name = "config", .is_required = true, .words = "", .story = ""},
    {.name = "hypervisor", .words = "", .story = ""},
};

static const struct agent_action usual[] = {
    {.name = "start", .timeout_ms = SECONDS(20)},
    {.name = "stop", .timeout_ms = SECONDS(20)},
    {.name = "monitor", .timeout_ms = SECONDS(20), .every_ms = SECONDS(10)},
};

static const struct agent_action slow[] = {
    {.name = "start", .timeout_ms = SECONDS(90)},   {.name = "stop", .timeout_ms = SECONDS(20)},
    {.name = "monitor", .timeout_ms = SECONDS(20)}, {.name = "migrate_to", .timeout_ms = 0},
    {.name = "migrate_from", .timeout_ms = 0},
};

static const char *const ways[] = {"onoff", "cycle"};

static const struct agent_parameter plug[] = {
    {.name = "action", .is_required = true, .fallback = "reboot", .words = "", .story = ""},
    {.name = "plug", .is_required = true, .words = "", .story = ""},
    {.name = "ip", .is_required = true, .words = "address of the device", .story = ""},
    {.name = "username", .words = "", .story = ""},
    {.name = "password", .words = "", .story = ""},
    {.name = "lanplus", .kind = PARAMETER_BOOLEAN, .words = "", .story = ""},
    {.name = "method",
     .kind = PARAMETER_SELECT,
     .options = ways,
     .n_options = COUNT(ways),
     .words = "",
     .story = ""},
    {.name = "passwd", .is_deprecated = true, .instead = "password", .words = "", .story = ""},
    {.name = "power_wait", .kind = PARAMETER_TIME, .fallback = "0", .words = "", .story = ""},
};

static const struct agent_action switching[] = {{.name = "on"}, {.name = "off"}};

static const struct agent_action blind[] = {{.name = "start"}, {.name = "stop"}};

static const struct agent_description agents[] = {
    {.name = "example:blind",
     .words = "",
     .story = "",
     .actions = blind,
     .n_actions = COUNT(blind)},
    {.name = "example:guest",
     .words = "",
     .story = "",
     .parameters = guest,
     .n_parameters = COUNT(guest),
     .actions = slow,
     .n_actions = COUNT(slow)},
    {.name = "example:web",
     .words = "serves pages",
     .story = "It serves pages.",
     .parameters = web,
     .n_parameters = COUNT(web),
     .actions = usual,
     .n_actions = COUNT(usual)},
    {.name = "fence_example",
     .words = "",
     .story = "",
     .parameters = plug,
     .n_parameters = COUNT(plug),
     .actions = switching,
     .n_actions = COUNT(switching)},
    {.name = "fence_example_on", .words = "", .story = "", .actions = switching, .n_actions = 1},
};

static const char *const names[] = {"example:blind", "example:guest", "example:mute",
                                    "example:web",   "fence_example", "fence_example_on"};

static struct agent_answer find(void *context, const char *name)
{
    (void)context;
    if (strcmp(name, "example:mute") == 0)
        return (struct agent_answer){.standing = AGENT_UNREADABLE,
                                     .why = "it did not answer within 10s"};
    for (int i = 0; i < COUNT(agents); i++) {
        if (strcmp(agents[i].name, name) == 0)
            return (struct agent_answer){.standing = AGENT_DESCRIBED, .description = &agents[i]};
    }
    return (struct agent_answer){.standing = AGENT_NOT_INSTALLED};
}

static int list(void *context, const char *const **list)
{
    (void)context;
    *list = names;
    return COUNT(names);
}

const struct catalog example_agents = {.find = find, .list = list};

bool example_agents_are_in(const char *text, size_t length)
{
    return memmem(text, length, "example:", strlen("example:")) ||
           memmem(text, length, "fence_example", strlen("fence_example"));
}
