/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Judges what lab-observer saw and what services wrote to shared ground: two nodes that held a
 * service at the same instant are a double.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Services times two. */
#define THINGS 32
#define BOOTS 512
#define WRITERS 4096
#define WORD_MAX 80
#define LINE_MAX_ 1024

static const char usage[] =
    "usage: lab-verdict SAMPLES EVENTS [LOG]...    exit 1: two nodes held a service at once\n"
    "A line of EVENTS is \"MILLISECONDS WHAT NODE\", one of a LOG\n"
    "\"MILLISECONDS NODE PROCESS SERVICE\".\n";

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("lab-verdict: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

struct held {
    char service[WORD_MAX], kind[WORD_MAX], by[LINE_MAX_];
    long long since;
};

static int end_double(const struct held *held, long long until)
{
    if (!strchr(held->by, ','))
        return 0;
    printf("double: %s, its %s on %s at once, from %lld for %lld ms\n", held->service, held->kind,
           held->by, held->since, until - held->since);
    return 1;
}

static struct held *find_held(struct held *all, int *count, const char *service, const char *kind)
{
    for (int i = 0; i < *count; i++) {
        if (strcmp(all[i].service, service) == 0 && strcmp(all[i].kind, kind) == 0)
            return &all[i];
    }
    if (*count == THINGS)
        die("over %d things in the samples", THINGS);
    snprintf(all[*count].service, WORD_MAX, "%s", service);
    snprintf(all[*count].kind, WORD_MAX, "%s", kind);
    return &all[(*count)++];
}

static int judge_samples(const char *path)
{
    static struct held all[THINGS];
    char line[LINE_MAX_ + 256], service[WORD_MAX], kind[WORD_MAX], by[LINE_MAX_];
    long long at = 0, samples = 0, gap = 0;
    int count = 0, doubles = 0;
    FILE *file = fopen(path, "re");

    if (!file)
        die("cannot read %s: %s", path, strerror(errno));
    while (fgets(line, sizeof(line), file)) {
        struct held *held;

        if (sscanf(line, "%lld samples %lld gap %lld", &at, &samples, &gap) == 3)
            continue;
        if (sscanf(line, "%lld %79s %79s %1023s", &at, service, kind, by) != 4)
            die("%s has a line that no observer wrote: %s", path, line);
        held = find_held(all, &count, service, kind);
        doubles += end_double(held, at);
        memcpy(held->by, by, sizeof(by));
        held->since = at;
    }
    fclose(file);
    for (int i = 0; i < count; i++)
        doubles += end_double(&all[i], at);
    if (samples == 0)
        die("%s does not say how many samples were taken: the observer did not end well", path);
    printf("%lld samples, the longest time between two of them %lld ms\n", samples, gap);
    return doubles;
}

/* Numbers of processes come again after a boot, so the boot is part of who wrote. */
struct writer {
    char node[WORD_MAX], process[WORD_MAX];
    int boot;
    bool is_told;
};

static struct boot {
    long long at;
    char node[WORD_MAX];
} boots[BOOTS];
static int n_boots;

static void read_boots(const char *path)
{
    char line[512], what[WORD_MAX];
    FILE *file = fopen(path, "re");

    if (!file)
        die("cannot read %s: %s", path, strerror(errno));
    while (fgets(line, sizeof(line), file)) {
        struct boot *boot = &boots[n_boots];

        if (sscanf(line, "%lld %79s %79s", &boot->at, what, boot->node) == 3 &&
            strcmp(what, "on") == 0 && ++n_boots == BOOTS)
            die("over %d boots", BOOTS);
    }
    fclose(file);
}

static int boot_at(const char *node, long long at)
{
    int boot = -1;

    for (int i = 0; i < n_boots; i++) {
        if (boots[i].at <= at && strcmp(boots[i].node, node) == 0)
            boot = i;
    }
    return boot;
}

static int find_writer(struct writer *writers, int *count, const struct writer *writer)
{
    for (int i = *count; i > 0; i--) {
        const struct writer *each = &writers[i - 1];

        if (each->boot == writer->boot && strcmp(each->node, writer->node) == 0 &&
            strcmp(each->process, writer->process) == 0)
            return i - 1;
    }
    if (*count == WRITERS)
        die("over %d writers", WRITERS);
    writers[*count] = *writer;
    return (*count)++;
}

/* Lines are appended whole, so their order is that of writing: nobody writes after a successor. */
static int judge_log(const char *path)
{
    static struct writer writers[WRITERS];
    char line[512];
    long long at, lines = 0;
    int count = 0, newest = -1, doubles = 0;
    FILE *file = fopen(path, "re");

    if (!file)
        die("cannot read %s: %s", path, strerror(errno));
    while (fgets(line, sizeof(line), file)) {
        struct writer writer = {.is_told = false};
        int which;

        if (sscanf(line, "%lld %79s %79s", &at, writer.node, writer.process) != 3)
            die("%s has a line that no service wrote: %s", path, line);
        writer.boot = boot_at(writer.node, at);
        which = find_writer(writers, &count, &writer);
        lines++;
        if (which > newest)
            newest = which;
        if (which == newest || writers[which].is_told)
            continue;
        writers[which].is_told = true;
        doubles++;
        printf("double: %s was written by %s (%s) at %lld, after %s (%s) had begun\n", path,
               writer.node, writer.process, at, writers[newest].node, writers[newest].process);
    }
    fclose(file);
    printf("%s: %lld lines by %d writers\n", path, lines, count);
    return doubles;
}

int main(int argc, char **argv)
{
    int doubles;

    if (argc < 3) {
        fputs(usage, stderr);
        return 2;
    }
    doubles = judge_samples(argv[1]);
    read_boots(argv[2]);
    for (int i = 3; i < argc; i++)
        doubles += judge_log(argv[i]);
    return doubles ? 1 : 0;
}
