/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times the agreement of a lab that is up; see cluster.h. tests/bench/cluster/run calls it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/cluster/cluster.h"

static const char usage[] = "usage: bench-cluster cpg ROUNDS BYTES PID...         CPG alone\n"
                            "       bench-cluster push ROUNDS BYTES POLICY PID... policies\n"
                            "       bench-cluster patches SECONDS PID... -- SERVICE...\n"
                            "PID: a process of each node, the sender's first\n";

void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("bench-cluster: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(EXIT_FAILURE);
}

int64_t clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void sleep_us(int64_t us)
{
    struct timespec span = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    nanosleep(&span, NULL);
}

static int by_number(const void *a, const void *b)
{
    const int64_t *first = a, *second = b;

    return (*first > *second) - (*first < *second);
}

int64_t percentile(struct durations *durations, int percent)
{
    int at = durations->count * percent / 100;

    if (durations->count == 0)
        return 0;
    qsort(durations->us, (size_t)durations->count, sizeof(durations->us[0]), by_number);
    return durations->us[at < durations->count ? at : durations->count - 1];
}

static int number_of(const char *word)
{
    char *end;
    long number = strtol(word, &end, 10);

    if (*end || number < 1 || number > 100000000)
        die("\"%s\" is no number", word);
    return (int)number;
}

/* As many words as are numbers. */
static int take_lab(struct lab *lab, int argc, char **argv)
{
    int taken = 0;

    for (; taken < argc && strcmp(argv[taken], "--") != 0; taken++) {
        if (lab->n_nodes == NODES_MAX)
            die("over %d nodes", NODES_MAX);
        lab->nodes[lab->n_nodes++] = number_of(argv[taken]);
    }
    if (lab->n_nodes == 0)
        die("no nodes");
    return taken;
}

int main(int argc, char **argv)
{
    struct lab lab = {.n_nodes = 0};
    int taken;

    if (argc >= 5 && strcmp(argv[1], "cpg") == 0) {
        take_lab(&lab, argc - 4, argv + 4);
        measure_cpg(&lab, number_of(argv[2]), (size_t)number_of(argv[3]));
    } else if (argc >= 6 && strcmp(argv[1], "push") == 0) {
        take_lab(&lab, argc - 5, argv + 5);
        measure_pushes(&lab, number_of(argv[2]), argv[4], (size_t)number_of(argv[3]));
    } else if (argc >= 6 && strcmp(argv[1], "patches") == 0) {
        taken = 3 + take_lab(&lab, argc - 3, argv + 3);
        if (taken + 1 >= argc)
            die("no services");
        measure_patches(&lab, number_of(argv[2]), argv + taken + 1, argc - taken - 1);
    } else {
        fputs(usage, stderr);
        return 64;
    }
    return EXIT_SUCCESS;
}
