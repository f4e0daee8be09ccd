/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How much processor time and memory the deciding core takes: each case in a process of its own,
 * so that its peak is its own. One table, then the goals and whether they are met; being slow is
 * no failure, for nobody's machine is the machine.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/peer.h"
#include "tests/bench/problem.h"

#define REPETITIONS 21
#define SIZES 4
#define WIDTHS 3

static const int sizes[SIZES] = {100, 1000, 5000, 10000};
static const int widths[WIDTHS] = {3, 16, 32};

/* Medians, in milliseconds of processor time. */
struct result {
    bool is_right;  /* everything ran in the end, and nothing on the dead node */
    double idle;    /* a step with nothing to do */
    double decide;  /* the step that sees the node proven off */
    double recover; /* all steps from there until everything runs */
    double place;   /* the step that places everything at first; once */
    int n_steps;    /* of the recovery */
    int n_lost;     /* services that were on the dead node */
    long peak_kib;
    struct peer_result peer;
};

static int by_number(const void *a, const void *b)
{
    const double *first = a, *second = b;

    return (*first > *second) - (*first < *second);
}

static double median(double *numbers, int count)
{
    qsort(numbers, (size_t)count, sizeof(numbers[0]), by_number);
    return numbers[count / 2];
}

static double timed_ms(struct problem *problem)
{
    double ms = (double)problem->step_ns / 1e6;

    problem->step_ns = 0;
    problem->n_steps = 0;
    return ms;
}

/* The process's peak so far. */
static long peak_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[128];
    long peak = 0;

    while (file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, "VmHWM:", 6) == 0)
            peak = strtol(line + 6, NULL, 10);
    }
    if (file)
        fclose(file);
    return peak;
}

static void measure_idle(struct problem *problem, struct result *result)
{
    double times[REPETITIONS];

    for (int i = 0; i < REPETITIONS; i++) {
        timed_ms(problem);
        problem_step(problem);
        times[i] = timed_ms(problem);
        result->is_right = result->is_right && problem->outcome.n_changes == 0;
    }
    result->idle = median(times, REPETITIONS);
}

static void measure_recovery(struct problem *problem, node_id dead, struct result *result)
{
    double decide[REPETITIONS], recover[REPETITIONS];

    for (int i = 0; i < REPETITIONS; i++) {
        problem_return(problem);
        timed_ms(problem);
        problem_step(problem);
        decide[i] = (double)problem->step_ns / 1e6;
        result->is_right =
            problem_settle(problem) && problem_count_on(problem, dead) == 0 && result->is_right;
        result->n_steps = problem->n_steps;
        recover[i] = timed_ms(problem);
    }
    result->decide = median(decide, REPETITIONS);
    result->recover = median(recover, REPETITIONS);
}

static struct result run_case(int n_services, int n_nodes, enum problem_kind kind, const char *peer)
{
    struct problem *problem = problem_new(n_services, n_nodes, kind);
    node_id dead = (node_id)(n_nodes - 1);
    struct result result = {0};

    result.is_right = problem_settle(problem);
    result.place = timed_ms(problem);
    measure_idle(problem, &result);
    result.n_lost = problem_count_on(problem, dead);
    if (peer)
        result.peer = peer_run(peer, problem, dead);
    problem_kill(problem, dead);
    problem_keep(problem);
    measure_recovery(problem, dead, &result);
    result.peak_kib = peak_kib();
    problem_free(problem);
    return result;
}

/* In a process of its own. */
static bool run_apart(int n_services, int n_nodes, enum problem_kind kind, const char *peer,
                      struct result *result)
{
    int ends[2], status = 0;
    bool is_whole;
    pid_t child;

    if (pipe(ends) != 0 || (child = fork()) < 0)
        return false;
    if (child == 0) {
        struct result mine = run_case(n_services, n_nodes, kind, peer);

        _exit(write(ends[1], &mine, sizeof(mine)) == (ssize_t)sizeof(mine) ? 0 : 1);
    }
    close(ends[1]);
    is_whole = read(ends[0], result, sizeof(*result)) == (ssize_t)sizeof(*result);
    close(ends[0]);
    waitpid(child, &status, 0);
    return is_whole && status == 0;
}

/* ---- the table ----------------------------------------------------------------------------- */

/* To the terminal, and into the file that OUT names. */
static FILE *copy;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    va_list words;

    va_start(words, format);
    vprintf(format, words);
    va_end(words);
    fflush(stdout);
    if (!copy)
        return;
    va_start(words, format);
    vfprintf(copy, format, words);
    va_end(words);
}

static void say_peer(const struct result *result)
{
    const struct peer_result *peer = &result->peer;

    if (peer->is_done && peer->n_starts == result->n_lost)
        say("%9.2f s %6ld MiB %7.0f", peer->seconds, peer->peak_kib / 1024,
            1e3 * peer->seconds / result->decide);
    else if (peer->is_done)
        say("  decided %d starts of %d", peer->n_starts, result->n_lost);
    else if (peer->seconds > 0)
        say("  gave up after %.0f s", peer->seconds);
}

static void say_row(int n_services, int n_nodes, enum problem_kind kind,
                    const struct result *result)
{
    say("%8d %5d %-7s %9.3f %9.3f %9.3f %5d %8.1f %6.1f", n_services, n_nodes,
        problem_kind_name(kind), result->idle, result->decide, result->recover, result->n_steps,
        result->place, (double)result->peak_kib / 1024);
    say_peer(result);
    say("%s\n", result->is_right ? "" : "  WRONG: not everything runs");
}

/* By how much it grows when there are twice as many services; from the second size on. */
static double growth(double small, double large)
{
    return pow(large / small, 1 / log2((double)sizes[SIZES - 1] / sizes[1]));
}

static void say_head(const char *peer)
{
    say("Processor time in ms, medians of %d; MiB at most. nothing: a step with nothing to do; "
        "decide: the\n"
        "step in which a node of so many is proven off; recover: all steps from there until all it "
        "ran\n"
        "runs elsewhere; place: everything for the first time. Mode rules: one rule for ten "
        "services;\ngroups: ten groups, each with one service apart from it.\n",
        REPETITIONS);
    if (peer)
        say("crm_simulate --run decides the same loss in the same run; times: its time by our "
            "decide.\n");
    else
        say("crm_simulate is not installed here (package pacemaker-cli-utils): nothing to compare "
            "with.\n");
    say("\nservices nodes mode      nothing    decide   recover steps    place    MiB%s\n",
        peer ? "  crm_simulate            times" : "");
}

/* ---- the goals ----------------------------------------------------------------------------- */

struct worst {
    bool is_right;
    double idle, decide, weighed; /* ms: at 10,000; 5,000 on 32, basic; the same, static */
    double growth;                /* of decisions and recoveries, when services double */
    double growths;               /* their sum */
    int n_growths;
    long peak_kib;
};

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static void learn_growth(struct worst *worst, double times)
{
    worst->growth = larger(worst->growth, times);
    worst->growths += times;
    worst->n_growths++;
}

static void learn_width(struct worst *worst, const struct result *small, const struct result *large)
{
    worst->idle = larger(worst->idle, large->idle);
    learn_growth(worst, growth(small->decide, large->decide));
    learn_growth(worst, growth(small->recover, large->recover));
}

static void say_goal(bool is_met, const char *goal, double value, const char *unit)
{
    say("%-9s %s: %.2f %s\n", is_met ? "met" : "MISSED", goal, value, unit);
}

static bool say_goals(const struct worst *worst)
{
    double peak = (double)worst->peak_kib / 1024, growth = worst->growths / worst->n_growths;

    say("\n");
    say_goal(worst->decide < 20, "5,000 services, one of 32 nodes dead: decided in under 20 ms",
             worst->decide, "ms");
    say_goal(worst->weighed < 100, "the same in static mode: in under 100 ms", worst->weighed,
             "ms");
    say_goal(worst->idle < 1, "nothing to do at 10,000 services: under 1 ms, in any mode",
             worst->idle, "ms");
    /* One case alone is as noisy as the machine; what is not linear shows all the same. */
    say_goal(growth < 2.1 && worst->growth < 2.5,
             "twice the services: twice the time, in the mean, from 1,000 to 10,000", growth,
             "times");
    say_goal(peak < 64, "memory of the whole core: under 64 MiB", peak, "MiB");
    return worst->is_right;
}

static void measure_width(int n_nodes, enum problem_kind kind, const char *peer,
                          struct worst *worst)
{
    struct result results[SIZES] = {0};

    for (int i = 0; i < SIZES; i++) {
        struct result *result = &results[i];
        bool is_goal = sizes[i] == 5000 && n_nodes == 32;

        if (!run_apart(sizes[i], n_nodes, kind, kind == PROBLEM_BASIC ? peer : NULL, result))
            result->is_right = false;
        say_row(sizes[i], n_nodes, kind, result);
        worst->is_right = worst->is_right && result->is_right;
        worst->peak_kib = result->peak_kib > worst->peak_kib ? result->peak_kib : worst->peak_kib;
        if (is_goal && kind == PROBLEM_BASIC)
            worst->decide = result->decide;
        if (is_goal && kind == PROBLEM_STATIC)
            worst->weighed = result->decide;
    }
    learn_width(worst, &results[1], &results[SIZES - 1]);
    say("%14s twice the services:%7.2f %9.2f %9.2f times\n", "",
        growth(results[1].idle, results[SIZES - 1].idle),
        growth(results[1].decide, results[SIZES - 1].decide),
        growth(results[1].recover, results[SIZES - 1].recover));
}

int main(int argc, char **argv)
{
    const char *peer = peer_find();
    struct worst worst = {.is_right = true};

    if (argc > 1 && !(copy = fopen(argv[1], "w"))) {
        perror(argv[1]);
        return 1;
    }
    say_head(peer);
    for (int kind = 0; kind < PROBLEM_KINDS; kind++) {
        for (int i = 0; i < WIDTHS; i++)
            measure_width(widths[i], (enum problem_kind)kind, peer, &worst);
    }
    return say_goals(&worst) ? 0 : 1;
}
