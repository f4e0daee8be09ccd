/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tenutod: arguments, what the process needs from the kernel, then the agent. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "agentd/agent.h"
#include "ha/base/log.h"
#include "ha/base/version.h"

static void usage(FILE *to)
{
    fputs(
        "usage: tenutod [--settings FILE] [--debug] [--version]\n"
        "The agent daemon of a tenuto cluster. It needs corosync, and tenuto-keeper for fencing.\n",
        to);
}

static void block_signals(void)
{
    sigset_t set;

    /* The loop takes them from a descriptor. */
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int run(const struct settings *settings)
{
    struct err err = {{0}};
    struct agent *agent;
    int code;

    log_set_debug(settings->debug);
    block_signals();
    umask(077);
    /* What is touched stays in memory: a page fault on a dead disk must not stop the beats. */
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
        log_warning("cannot lock the agent in memory: %s; under memory pressure leases may end",
                    strerror(errno));
    agent = agent_new(settings, &err);
    if (!agent) {
        log_error("tenutod cannot start: %s", err.text);
        return 1;
    }
    code = agent_run(agent);
    agent_free(agent);
    return code;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"settings", required_argument, NULL, 's'},
                                            {"debug", no_argument, NULL, 'd'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *file = NULL;
    bool debug = false;
    struct settings settings;
    struct err err = {{0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 's')
            file = optarg;
        else if (option == 'd')
            debug = true;
        else if (option == 'v')
            return puts("tenutod " TENUTO_VERSION) < 0;
        else
            return usage(option == 'h' ? stdout : stderr), option == 'h' ? 0 : 64;
    }
    if (optind < argc)
        return usage(stderr), 64;
    if (!settings_read(&settings, file ? file : SETTINGS_FILE, file != NULL, &err)) {
        log_error("%s", err.text);
        return 78;
    }
    settings.debug = settings.debug || debug;
    return run(&settings);
}
