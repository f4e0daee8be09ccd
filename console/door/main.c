/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tenuto-door: what speaks SSH with other nodes, in a process of its own; tenuto runs it. */
#include <getopt.h>
#include <libssh/libssh.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/control.h"
#include "console/door/door.h"
#include "ha/base/text.h"

static int usage(void)
{
    fputs("usage: tenuto-door invite [--socket FILE] [--for MS] NODE ADDRESSES\n"
          "       tenuto-door join [--socket FILE] TOKEN\n"
          "People say: tenuto cluster invite, tenuto cluster join\n",
          stderr);
    return CONTROL_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"socket", required_argument, NULL, 's'}, {"for", required_argument, NULL, 'f'}, {0}};
    static struct settings settings;
    long long lasts_ms = 0;
    int option;

    text_copy(settings.socket, sizeof(settings.socket), CONTROL_SOCKET);
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 's')
            text_copy(settings.socket, sizeof(settings.socket), optarg);
        else if (option == 'f')
            lasts_ms = strtoll(optarg, NULL, 10);
        else
            return usage();
    }
    signal(SIGPIPE, SIG_IGN);
    ssh_init();
    if (argc - optind == 3 && strcmp(argv[optind], "invite") == 0)
        return door_invite(&settings, argv[optind + 1], argv[optind + 2], lasts_ms);
    if (argc - optind == 2 && strcmp(argv[optind], "join") == 0)
        return door_join(&settings, argv[optind + 1]);
    return usage();
}
