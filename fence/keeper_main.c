/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tenuto-keeper: its arguments. What it does begins in keeper_process.c. */
#include "fence/keeper_process.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: tenuto-keeper [--socket PATH]\n"
    "Holds the watchdog of this node and feeds it while the agent says so.\n"
    "  --socket PATH  where the agent connects "
    "(/run/tenuto/keeper.sock)\n";

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"socket", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *path = "/run/tenuto/keeper.sock";
    int option;

    while ((option = getopt_long(argc, argv, "s:h", options, NULL)) != -1) {
        if (option == 's') {
            path = optarg;
            continue;
        }
        fputs(usage, option == 'h' ? stdout : stderr);
        return option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (optind < argc) {
        fputs(usage, stderr);
        return EXIT_FAILURE;
    }
    return keeper_run(path);
}
