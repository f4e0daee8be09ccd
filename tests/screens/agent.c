/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The acting agent as a program: screens-agent SOCKET SCRIPT; see tests/fakes/fake_agent.h. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fakes/fake_agent.h"

#define SCRIPT_BYTES_MAX (1024 * 1024)

int main(int argc, char **argv)
{
    char *script = calloc(1, SCRIPT_BYTES_MAX);
    FILE *file;

    if (argc != 3 || !script)
        return 64;
    file = fopen(argv[2], "r");
    if (!file || fread(script, 1, SCRIPT_BYTES_MAX - 1, file) == 0) {
        perror(argv[2]);
        return 1;
    }
    fclose(file);
    fake_agent_serve(argv[1], script);
    free(script);
    return 0;
}
